//! Softmax and its logarithm along an axis.

use evenkeel_tensor::{Float, Shape, ShapeError, kernel};

use crate::{Backward, Gradient, Inputs, Op, Var};

struct SoftmaxOp {
    axis: usize,
    log: bool,
}

/// Calls `f` with each line along the axis: the offset of its first element, the distance between
/// neighbours, and their number.
fn lines(shape: Shape, axis: usize, mut f: impl FnMut(usize, usize, usize)) {
    let (n, inner) = (shape[axis], shape[axis + 1..].iter().product::<usize>());
    let outer: usize = shape[..axis].iter().product();
    for o in 0..outer {
        for i in 0..inner {
            f(o * n * inner + i, inner, n);
        }
    }
}

/// The largest of `n` values, -infinity if there are none; NaN if one is NaN.
fn max<F: Float>(n: usize, x: impl Fn(usize) -> F) -> F {
    (0..n).map(x).fold(-F::INFINITY, |m, x| if x > m || x.is_nan() { x } else { m })
}

/// The largest value m, and the sum of e^(x - m): the shift lets nothing overflow.
pub(super) fn shifted_sum<F: Float>(x: &[F]) -> [F; 2] {
    kernel::simd(
        #[inline(always)]
        move || {
            let largest = kernel::max_value(x);
            let total = kernel::sum_map(
                x,
                #[inline(always)]
                move |x| (x - largest).exp(),
            );
            [largest, total]
        },
    )
}

/// y = factor e^(x - largest) / total
pub(super) fn scaled_softmax<F: Float>(x: &[F], [largest, total]: [F; 2], factor: F, y: &mut [F]) {
    let scale = factor / total;
    kernel::simd(
        #[inline(always)]
        move || y.iter_mut().zip(x).for_each(|(y, &x)| *y = (x - largest).exp() * scale),
    );
}

/// A line of neighbours, in vectors.
fn row<F: Float>(x: &[F], log: bool, y: &mut [F]) {
    let [largest, total] = shifted_sum(x);
    if !log {
        return scaled_softmax(x, [largest, total], F::ONE, y);
    }
    let log_total = total.ln();
    kernel::simd(
        #[inline(always)]
        move || y.iter_mut().zip(x).for_each(|(y, &x)| *y = x - largest - log_total),
    );
}

impl<F: Float> Op<F> for SoftmaxOp {
    fn name(&self) -> &'static str {
        if self.log { "log_softmax" } else { "softmax" }
    }

    fn shape(&self, inputs: &[Shape]) -> Result<Shape, ShapeError> {
        if self.axis < inputs[0].rank() {
            return Ok(inputs[0]);
        }
        Err(ShapeError::new(
            "softmax",
            format!("an axis of shape {}", inputs[0]),
            format!("axis {}", self.axis),
            "axes are counted from 0",
        ))
    }

    fn forward(&mut self, x: &Inputs<'_, F>, y: &mut [F], _saved: &mut [F]) {
        let (shape, x, log) = (x.shape(0), x.value(0), self.log);
        lines(shape, self.axis, |first, step, n| {
            if step == 1 {
                return row(&x[first..first + n], log, &mut y[first..first + n]);
            }
            // Shifted by the largest value, so that the largest exponential is 1.
            let m = max(n, |k| x[first + k * step]);
            let total: F = (0..n).map(|k| (x[first + k * step] - m).exp()).sum();
            let log_total = total.ln();
            for i in (0..n).map(|k| first + k * step) {
                y[i] = if log { x[i] - m - log_total } else { (x[i] - m).exp() / total };
            }
        });
    }

    fn backward(&self, at: Backward<'_, F>, dx: &mut [Gradient<F>]) {
        let Some(dx) = dx[0].wanted() else { return };
        let (y, dy) = (at.y, at.dy);
        lines(at.shape, self.axis, |first, step, n| {
            let at = |k: usize| first + k * step;
            if self.log {
                // dx = dy - softmax(x) sum(dy)
                let total: F = (0..n).map(|k| dy[at(k)]).sum();
                (0..n).for_each(|k| dx[at(k)] = dy[at(k)] - y[at(k)].exp() * total);
            } else {
                // dx = y (dy - sum(y dy))
                let total: F = (0..n).map(|k| y[at(k)] * dy[at(k)]).sum();
                (0..n).for_each(|k| dx[at(k)] = y[at(k)] * (dy[at(k)] - total));
            }
        });
    }
}

impl<'t, F: Float> Var<'t, F> {
    /// e^x / sum(e^x) along an axis, shifted by the largest element so that nothing overflows.
    ///
    /// # Panics
    /// If there is no such axis.
    #[track_caller]
    #[must_use]
    pub fn softmax(self, axis: usize) -> Self {
        self.tape.record(SoftmaxOp { axis, log: false }, &[self])
    }

    /// x - ln sum(e^x) along an axis.
    ///
    /// # Panics
    /// If there is no such axis.
    #[track_caller]
    #[must_use]
    pub fn log_softmax(self, axis: usize) -> Self {
        self.tape.record(SoftmaxOp { axis, log: true }, &[self])
    }
}
