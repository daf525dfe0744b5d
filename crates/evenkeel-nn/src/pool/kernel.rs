//! Pooling of planes, [`LANES`] neighbouring outputs of a row at a time.
//!
//! The outputs of a row meet a tap at inputs a stride apart. Rows of small planes are shorter than vectors, so lanes that are left
//! over read and write on into the next row, which comes after.

use evenkeel_tensor::Float;

use crate::window::Window;

/// Outputs that are computed at once: a multiple of any vector's.
const LANES: usize = 16;

/// A window on planes of these extents.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pooling {
    pub(super) window: Window,
    pub(super) input: [usize; 2],
    pub(super) output: [usize; 2],
}

/// Neighbouring outputs of a row.
#[derive(Clone, Copy)]
struct Outputs {
    row: usize,
    first: usize,
    /// At most [`LANES`].
    count: usize,
}

/// Calls a function whose constant is the stride along a row where that is 1 or 2, so that it becomes one of vectors; else 0.
macro_rules! with_stride {
    ($stride:expr, $f:ident($self:ident $(, $argument:expr)*)) => {
        match $stride {
            1 => $self.$f::<F, 1>($($argument),*),
            2 => $self.$f::<F, 2>($($argument),*),
            _ => $self.$f::<F, 0>($($argument),*),
        }
    };
}

impl Pooling {
    /// Elements of an input plane, and of an output plane.
    pub(super) fn areas(&self) -> [usize; 2] {
        [self.input, self.output].map(|[height, width]| height * width)
    }

    /// The largest value under the window, and the number of its tap, row by row of the window: of equal ones the first, of NaN
    /// the last.
    #[inline(always)]
    pub(super) fn max<F: Float>(&self, x: &[F], y: &mut [F], taps: &mut [F]) {
        with_stride!(self.window.stride[1], max_strided(self, x, y, taps));
    }

    /// The gradient of [`max`](Pooling::max): each output's goes to the input that it came from.
    #[inline(always)]
    pub(super) fn max_gradient<F: Float>(&self, taps: &[F], dy: &[F], dx: &mut [F]) {
        with_stride!(self.window.stride[1], max_gradient_strided(self, taps, dy, dx));
    }

    /// The sum under the window over the number of its taps, or of those that meet an input.
    #[inline(always)]
    pub(super) fn mean<F: Float>(&self, count_padding: bool, x: &[F], y: &mut [F]) {
        with_stride!(self.window.stride[1], sum_strided(self, x, y));
        self.divide(count_padding, y);
    }

    /// The gradient of [`mean`](Pooling::mean), for dy that has been [divided](Pooling::divide).
    #[inline(always)]
    pub(super) fn mean_gradient<F: Float>(&self, dy: &[F], dx: &mut [F]) {
        with_stride!(self.window.stride[1], sum_gradient_strided(self, dy, dx));
    }

    /// Divides each output by the number of taps that count.
    #[inline(always)]
    pub(super) fn divide<F: Float>(&self, count_padding: bool, y: &mut [F]) {
        let [height, width] = self.window.kernel;
        if count_padding || self.window.padding == [0; 2] {
            let taps = F::from_usize(height * width);
            return y.iter_mut().for_each(|y| *y /= taps);
        }
        for (row, y) in y.chunks_exact_mut(self.output[1]).enumerate() {
            let rows = self.met(0, row).len();
            y.iter_mut().enumerate().for_each(|(column, y)| *y /= F::from_usize(rows * self.met(1, column).len()));
        }
    }

    /// The taps along an axis that meet an input at output `at`.
    #[inline(always)]
    fn met(&self, axis: usize, at: usize) -> std::ops::Range<usize> {
        let (start, padding) = (at * self.window.stride[axis], self.window.padding[axis]);
        let end = (self.input[axis] + padding).saturating_sub(start).min(self.window.kernel[axis]);
        padding.saturating_sub(start)..end
    }

    #[inline(always)]
    fn max_strided<F: Float, const S: usize>(&self, x: &[F], y: &mut [F], taps: &mut [F]) {
        let unmet = -F::ONE;
        self.for_outputs(
            #[inline(always)]
            |outputs| {
                let (mut best, mut number) = ([-F::INFINITY; LANES], [unmet; LANES]);
                for i in self.met(0, outputs.row) {
                    for j in 0..self.window.kernel[1] {
                        let x = self.under::<F, S>(x, outputs, i, j, -F::INFINITY);
                        let tap = F::from_usize(i * self.window.kernel[1] + j);
                        for lane in 0..LANES {
                            let better = x[lane] > best[lane] || x[lane].is_nan();
                            best[lane] = if better { x[lane] } else { best[lane] };
                            number[lane] = if better { tap } else { number[lane] };
                        }
                    }
                }
                // Nothing is larger than -infinity; of several the first counts.
                if number.contains(&unmet) {
                    for (lane, number) in number.iter_mut().enumerate().take(outputs.count) {
                        if *number == unmet {
                            let (i, j) = (self.met(0, outputs.row).start, self.met(1, outputs.first + lane).start);
                            *number = F::from_usize(i * self.window.kernel[1] + j);
                        }
                    }
                }
                self.write(outputs, best, y);
                self.write(outputs, number, taps);
            },
        );
    }

    #[inline(always)]
    fn sum_strided<F: Float, const S: usize>(&self, x: &[F], y: &mut [F]) {
        self.for_outputs(
            #[inline(always)]
            |outputs| {
                let mut sum = [F::ZERO; LANES];
                for i in self.met(0, outputs.row) {
                    for j in 0..self.window.kernel[1] {
                        let x = self.under::<F, S>(x, outputs, i, j, F::ZERO);
                        sum.iter_mut().zip(x).for_each(|(sum, x)| *sum += x);
                    }
                }
                self.write(outputs, sum, y);
            },
        );
    }

    #[inline(always)]
    fn max_gradient_strided<F: Float, const S: usize>(&self, taps: &[F], dy: &[F], dx: &mut [F]) {
        dx.fill(F::ZERO);
        self.for_outputs(
            #[inline(always)]
            |outputs| {
                let (number, dy) = (self.read(outputs, taps), self.read(outputs, dy));
                self.spread::<F, S>(
                    outputs,
                    dx,
                    #[inline(always)]
                    |lane, tap| if number[lane] == tap { dy[lane] } else { F::ZERO },
                );
            },
        );
    }

    #[inline(always)]
    fn sum_gradient_strided<F: Float, const S: usize>(&self, dy: &[F], dx: &mut [F]) {
        dx.fill(F::ZERO);
        self.for_outputs(
            #[inline(always)]
            |outputs| {
                let dy = self.read(outputs, dy);
                self.spread::<F, S>(
                    outputs,
                    dx,
                    #[inline(always)]
                    |lane, _| dy[lane],
                );
            },
        );
    }

    #[inline(always)]
    fn for_outputs(&self, mut f: impl FnMut(Outputs)) {
        for row in 0..self.output[0] {
            for first in (0..self.output[1]).step_by(LANES) {
                f(Outputs { row, first, count: LANES.min(self.output[1] - first) });
            }
        }
    }

    /// Where in an output plane the outputs start.
    #[inline(always)]
    fn start(&self, outputs: Outputs) -> usize {
        outputs.row * self.output[1] + outputs.first
    }

    /// Writes lanes to an output plane; those left over may go where later ones will stand.
    #[inline(always)]
    fn write<F: Float>(&self, outputs: Outputs, lanes: [F; LANES], y: &mut [F]) {
        let y = &mut y[self.start(outputs)..];
        match y.first_chunk_mut() {
            Some(y) => *y = lanes,
            None => y[..outputs.count].copy_from_slice(&lanes[..outputs.count]),
        }
    }

    /// Lanes of an output plane; 0 in those left over.
    #[inline(always)]
    fn read<F: Float>(&self, outputs: Outputs, y: &[F]) -> [F; LANES] {
        let (y, mut lanes) = (&y[self.start(outputs)..], [F::ZERO; LANES]);
        match y.first_chunk() {
            // A whole load, of which the compiler then keeps some.
            Some(y) => lanes = *y,
            None => lanes[..outputs.count].copy_from_slice(&y[..outputs.count]),
        }
        for (lane, value) in lanes.iter_mut().enumerate() {
            *value = if lane < outputs.count { *value } else { F::ZERO };
        }
        lanes
    }

    /// The input plane from the line on that tap row `i` meets, and the column, off by the padding, that tap (i, j) of the first
    /// output meets.
    #[inline(always)]
    fn place(&self, outputs: Outputs, i: usize, j: usize) -> (usize, usize) {
        let line = outputs.row * self.window.stride[0] + i - self.window.padding[0];
        (line * self.input[1], outputs.first * self.window.stride[1] + j)
    }

    /// Whether columns `first..=last`, off by the padding, are in the input.
    #[inline(always)]
    fn has(&self, first: usize, last: usize) -> bool {
        first >= self.window.padding[1] && last < self.input[1] + self.window.padding[1]
    }

    /// The inputs under tap (i, j), whose row meets the input; `outside` where the column does not.
    #[inline(always)]
    fn under<F: Float, const S: usize>(&self, x: &[F], outputs: Outputs, i: usize, j: usize, outside: F) -> [F; LANES] {
        let ((line, column), stride, padding) =
            (self.place(outputs, i, j), self.window.stride[1], self.window.padding[1]);
        if S > 0
            && self.has(column, column + (outputs.count - 1) * stride)
            && let Some(x) = x.get(line + column - padding..line + column - padding + LANES * S)
        {
            return std::array::from_fn(|lane| x[lane * S]);
        }
        self.under_one_by_one(x, outputs, (line, column), outside)
    }

    /// As [`under`](Pooling::under), for what is not in vectors: not inlined, since it would take their registers.
    #[inline(never)]
    fn under_one_by_one<F: Float>(
        &self,
        x: &[F],
        outputs: Outputs,
        (line, column): (usize, usize),
        outside: F,
    ) -> [F; LANES] {
        let ([_, stride], [_, padding]) = (self.window.stride, self.window.padding);
        std::array::from_fn(|lane| {
            let column = column + lane * stride;
            if lane < outputs.count && self.has(column, column) { x[line + column - padding] } else { outside }
        })
    }

    /// Adds `share(lane, number of the tap)` to the input under each tap.
    #[inline(always)]
    fn spread<F: Float, const S: usize>(&self, outputs: Outputs, dx: &mut [F], share: impl Fn(usize, F) -> F) {
        let ([_, width], stride, padding) = (self.window.kernel, self.window.stride[1], self.window.padding[1]);
        let number = |i: usize, j: usize| F::from_usize(i * width + j);
        for i in self.met(0, outputs.row) {
            // As many taps together as there are inputs from one output to the next, so that whole vectors are written.
            for j in (0..width).step_by(S.max(1)) {
                let (line, column) = self.place(outputs, i, j);
                let taps = S.max(1).min(width - j);
                if S > 0
                    && self.has(column, column + (outputs.count - 1) * stride + taps - 1)
                    && let Some(dx) = dx.get_mut(line + column - padding..line + column - padding + LANES * S)
                {
                    let (dx, _) = dx.as_chunks_mut::<S>();
                    for (lane, dx) in dx.iter_mut().enumerate() {
                        for (tap, dx) in dx.iter_mut().enumerate() {
                            *dx += if tap < taps { share(lane, number(i, j + tap)) } else { F::ZERO };
                        }
                    }
                    continue;
                }
                for tap in 0..taps {
                    let shares = std::array::from_fn(|lane| share(lane, number(i, j + tap)));
                    self.spread_one_by_one(outputs, dx, (line, column + tap), shares);
                }
            }
        }
    }

    /// As [`spread`](Pooling::spread) for one tap, for what is not in vectors.
    #[inline(never)]
    fn spread_one_by_one<F: Float>(
        &self,
        outputs: Outputs,
        dx: &mut [F],
        (line, column): (usize, usize),
        shares: [F; LANES],
    ) {
        let ([_, stride], [_, padding]) = (self.window.stride, self.window.padding);
        for (lane, share) in shares.into_iter().enumerate().take(outputs.count) {
            let column = column + lane * stride;
            if self.has(column, column) {
                dx[line + column - padding] += share;
            }
        }
    }
}
