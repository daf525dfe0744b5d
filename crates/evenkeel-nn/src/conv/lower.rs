//! The copies between images and matrices; see [`plan`](super::plan).

use std::ops::Range;

use evenkeel_tensor::{Float, kernel};

use super::plan::{Block, Plan};

/// Values that are copied at once: rows of small images are shorter than what pays for a call.
const WIDE: usize = 16;

impl Plan {
    /// Calls `f` with each row of an image that has a place in a phase: where its values start in the phases, where they start
    /// in the image, and their number. In the phase they are neighbours, in the image a stride apart.
    #[inline(always)]
    fn for_rows(&self, mut f: impl FnMut(usize, usize, usize)) {
        let place = |axis: usize, phase: usize| {
            let (stride, padding) = (self.window.stride[axis], self.window.padding[axis]);
            let first = padding.saturating_sub(phase).div_ceil(stride);
            let end = (self.input[axis] + padding).saturating_sub(phase).div_ceil(stride).min(self.phase[axis]);
            let first = first.min(end);
            (first..end, (first * stride + phase).saturating_sub(padding))
        };
        let mut at = 0;
        for channel in 0..self.inputs {
            for y_phase in 0..self.phases[0] {
                for x_phase in 0..self.phases[1] {
                    let ((rows, y), (columns, x)) = (place(0, y_phase), place(1, x_phase));
                    // A phase may hold nothing but padding.
                    let rows = if columns.is_empty() { 0..0 } else { rows };
                    for (i, row) in rows.enumerate() {
                        let line = channel * self.input[0] + y + i * self.window.stride[0];
                        f(at + row * self.phase[1] + columns.start, line * self.input[1] + x, columns.len());
                    }
                    at += self.phase[0] * self.phase[1];
                }
            }
        }
    }

    /// Where in the phases each row of X starts.
    #[inline(always)]
    fn runs(&self) -> impl Iterator<Item = usize> {
        let Self { window, phases, phase, .. } = *self;
        let place = move |axis: usize, tap: usize| {
            let at = tap * window.dilation[axis];
            (at % window.stride[axis], at / window.stride[axis])
        };
        let [height, width] = window.kernel;
        (0..self.inputs * height * width).map(move |row| {
            let (channel, (y_phase, y), (x_phase, x)) =
                (row / (height * width), place(0, row / width % height), place(1, row % width));
            ((channel * phases[0] + y_phase) * phases[1] + x_phase) * phase[0] * phase[1] + y * phase[1] + x
        })
    }

    /// Calls `f` with each run of neighbouring outputs in a block's range: where it starts in the range and in the output plane,
    /// and its length.
    #[inline(always)]
    fn for_segments(&self, block: &Block, mut f: impl FnMut(usize, usize, usize)) {
        let (pitch, width) = (self.phase[1], self.output[1]);
        for row in block.range.start / pitch..block.range.end.div_ceil(pitch) {
            let start = (row * pitch).max(block.range.start);
            let end = (row * pitch + width).min(block.range.end);
            if start < end {
                f(start - block.range.start, row * width + start - row * pitch, end - start);
            }
        }
    }

    /// Calls `f` with the columns of a block's range that lie between the rows of outputs.
    #[inline(always)]
    fn for_gaps(&self, block: &Block, mut f: impl FnMut(Range<usize>)) {
        let (pitch, width, start) = (self.phase[1], self.output[1], block.range.start);
        if width < pitch {
            for row in start / pitch..block.range.end.div_ceil(pitch) {
                let gap = (row * pitch + width).max(start)..((row + 1) * pitch).min(block.range.end);
                if !gap.is_empty() {
                    f(gap.start - start..gap.end - start);
                }
            }
        }
    }

    /// Writes an image of a group of channels into phases that hold 0 wherever no image has a value.
    pub(super) fn spread<F: Float>(&self, image: &[F], phases: &mut [F]) {
        let stride = self.window.stride[1];
        self.for_rows(|to, from, n| {
            let to = &mut phases[to..to + n];
            if stride == 1 {
                to.copy_from_slice(&image[from..from + n]);
            } else {
                to.iter_mut().zip(image[from..].iter().step_by(stride)).for_each(|(to, &from)| *to = from);
            }
        });
    }

    /// The reverse of [`spread`](Plan::spread): what has no place in a phase is 0.
    pub(super) fn gather<F: Float>(&self, phases: &[F], image: &mut [F]) {
        let stride = self.window.stride[1];
        image.fill(F::ZERO);
        self.for_rows(|from, to, n| {
            let from = &phases[from..from + n];
            if stride == 1 {
                image[to..to + n].copy_from_slice(from);
            } else {
                image[to..].iter_mut().step_by(stride).zip(from).for_each(|(to, &from)| *to = from);
            }
        });
    }

    /// Writes the columns of X for image number `i` of a block.
    pub(super) fn lower<F: Float>(&self, phases: &[F], block: &Block, i: usize, x: &mut [F]) {
        let (columns, n) = (block.columns(), block.range.len());
        for (row, start) in x.chunks_exact_mut(columns).zip(self.runs()) {
            row[i * n..][..n].copy_from_slice(&phases[start + block.range.start..][..n]);
        }
    }

    /// Writes 0 into the columns of X between the rows, or of its gradient, for image number `i` of a block.
    pub(super) fn clear_gaps<F: Float>(&self, block: &Block, i: usize, x: &mut [F]) {
        let (columns, n) = (block.columns(), block.range.len());
        for row in x.chunks_exact_mut(columns) {
            let row = &mut row[i * n..][..n];
            self.for_gaps(block, |gap| row[gap].fill(F::ZERO));
        }
    }

    /// The transpose of [`lower`](Plan::lower): adds the gradient of X to that of the phases.
    pub(super) fn raise<F: Float>(&self, dx: &[F], block: &Block, i: usize, gradient: &mut [F]) {
        let (columns, n) = (block.columns(), block.range.len());
        kernel::simd(
            #[inline(always)]
            || {
                for (row, start) in dx.chunks_exact(columns).zip(self.runs()) {
                    let to = &mut gradient[start + block.range.start..][..n];
                    to.iter_mut().zip(&row[i * n..][..n]).for_each(|(to, &from)| *to += from);
                }
            },
        );
    }

    /// Writes image number `i` of a block of W X to the planes of an output, and adds the bias.
    pub(super) fn emit<F: Float>(&self, product: &[F], bias: Option<&[F]>, block: &Block, i: usize, y: &mut [F]) {
        let (columns, n, area) = (block.columns(), block.range.len(), self.areas()[1]);
        kernel::simd(
            #[inline(always)]
            || {
                for (channel, (row, plane)) in product.chunks_exact(columns).zip(y.chunks_exact_mut(area)).enumerate() {
                    let bias = bias.map_or(F::ZERO, |bias| bias[channel]);
                    let row = &row[i * n..][..n];
                    self.for_segments(
                        block,
                        #[inline(always)]
                        |from, to, n| add_to_row(&row[from..], bias, n, &mut plane[to..]),
                    );
                }
            },
        );
    }

    /// The transpose of [`emit`](Plan::emit) without the bias: what lies between the rows is 0.
    pub(super) fn absorb<F: Float>(&self, dy: &[F], block: &Block, i: usize, product: &mut [F]) {
        let (columns, n, area) = (block.columns(), block.range.len(), self.areas()[1]);
        kernel::simd(
            #[inline(always)]
            || {
                for (channel, row) in product.chunks_exact_mut(columns).enumerate() {
                    let row = &mut row[i * n..][..n];
                    let plane = &dy[channel * area..];
                    let mut done = 0;
                    self.for_segments(
                        block,
                        #[inline(always)]
                        |to, from, n| {
                            row[done..to].fill(F::ZERO);
                            copy_row(&plane[from..], n, &mut row[to..]);
                            done = to + n;
                        },
                    );
                    row[done..].fill(F::ZERO);
                }
            },
        );
    }
}

/// y = x + bias for the first `n` values; what follows in `y` may be overwritten.
#[inline(always)]
fn add_to_row<F: Float>(x: &[F], bias: F, n: usize, y: &mut [F]) {
    for start in (0..n).step_by(WIDE) {
        if let (Some(x), Some(y)) = (x[start..].first_chunk::<WIDE>(), y[start..].first_chunk_mut::<WIDE>()) {
            // All are read before any is written, so that they become vectors.
            *y = x.map(|x| x + bias);
        } else {
            y[start..n].iter_mut().zip(&x[start..n]).for_each(|(y, &x)| *y = x + bias);
        }
    }
}

/// y = x for the first `n` values; what follows in `y` may be overwritten.
#[inline(always)]
fn copy_row<F: Float>(x: &[F], n: usize, y: &mut [F]) {
    for start in (0..n).step_by(WIDE) {
        if let (Some(x), Some(y)) = (x[start..].first_chunk::<WIDE>(), y[start..].first_chunk_mut::<WIDE>()) {
            *y = *x;
        } else {
            y[start..n].copy_from_slice(&x[start..n]);
        }
    }
}
