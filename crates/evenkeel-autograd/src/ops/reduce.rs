//! Sums and means over all elements or along one axis.

use evenkeel_tensor::{Float, Shape, ShapeError, kernel};

use crate::{Backward, Gradient, Inputs, Op, Var};

/// `scale` times the sum.
struct SumOp<F> {
    axis: Option<usize>,
    /// 1 for a sum; a mean divides by the number of elements, known when recorded.
    mean: bool,
    scale: F,
}

/// The extents before, of, and after the axis; all elements count as one axis without an axis.
fn extents(shape: Shape, axis: Option<usize>) -> (usize, usize, usize) {
    match axis {
        None => (1, shape.numel(), 1),
        Some(a) => (shape[..a].iter().product(), shape[a], shape[a + 1..].iter().product()),
    }
}

impl<F: Float> Op<F> for SumOp<F> {
    fn name(&self) -> &'static str {
        if self.mean { "mean" } else { "sum" }
    }

    fn shape(&self, inputs: &[Shape]) -> Result<Shape, ShapeError> {
        match self.axis {
            None => Ok(Shape::SCALAR),
            Some(axis) if axis < inputs[0].rank() => Ok(inputs[0].without_axis(axis)),
            Some(axis) => Err(ShapeError::new(
                Op::<F>::name(self),
                format!("an axis of shape {}", inputs[0]),
                format!("axis {axis}"),
                "axes are counted from 0",
            )),
        }
    }

    fn forward(&mut self, x: &Inputs<'_, F>, y: &mut [F], _saved: &mut [F]) {
        let (outer, n, inner) = extents(x.shape(0), self.axis);
        self.scale = if self.mean { F::ONE / F::from_usize(n) } else { F::ONE };
        let x = x.value(0);
        if inner == 1 {
            for (o, y) in y.iter_mut().enumerate() {
                *y = kernel::sum(&x[o * n..(o + 1) * n]) * self.scale;
            }
            return;
        }
        y.fill(F::ZERO);
        for o in 0..outer {
            kernel::add_column_sums(&x[o * n * inner..(o + 1) * n * inner], &mut y[o * inner..(o + 1) * inner]);
        }
        y.iter_mut().for_each(|y| *y *= self.scale);
    }

    fn backward(&self, at: Backward<'_, F>, dx: &mut [Gradient<F>]) {
        let (_, n, inner) = extents(at.x.shape(0), self.axis);
        let Some(dx) = dx[0].wanted() else { return };
        if dx.is_empty() {
            return;
        }
        for (dx, dy) in dx.chunks_exact_mut(n * inner).zip(at.dy.chunks_exact(inner)) {
            for row in dx.chunks_exact_mut(inner) {
                row.iter_mut().zip(dy).for_each(|(dx, &dy)| *dx = dy * self.scale);
            }
        }
    }
}

impl<'t, F: Float> Var<'t, F> {
    /// The sum of all elements, a scalar.
    #[must_use]
    pub fn sum(self) -> Self {
        self.reduce(None, false)
    }

    /// The mean of all elements, a scalar; NaN if there are none.
    #[must_use]
    pub fn mean(self) -> Self {
        self.reduce(None, true)
    }

    /// The sum along an axis, which disappears.
    ///
    /// # Panics
    /// If there is no such axis.
    #[track_caller]
    #[must_use]
    pub fn sum_axis(self, axis: usize) -> Self {
        self.reduce(Some(axis), false)
    }

    /// The mean along an axis, which disappears.
    ///
    /// # Panics
    /// If there is no such axis.
    #[track_caller]
    #[must_use]
    pub fn mean_axis(self, axis: usize) -> Self {
        self.reduce(Some(axis), true)
    }

    #[track_caller]
    fn reduce(self, axis: Option<usize>, mean: bool) -> Self {
        self.tape.record(SumOp { axis, mean, scale: F::ONE }, &[self])
    }
}
