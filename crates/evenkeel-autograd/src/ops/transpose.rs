//! Another order of the axes.

use evenkeel_tensor::{Float, MAX_RANK, Shape, ShapeError, TensorView};

use crate::{Backward, Gradient, Inputs, Op, Var};

struct PermuteOp {
    axes: [usize; MAX_RANK],
    rank: usize,
}

impl PermuteOp {
    fn axes(&self) -> &[usize] {
        &self.axes[..self.rank]
    }
}

impl<F: Float> Op<F> for PermuteOp {
    fn name(&self) -> &'static str {
        "permute"
    }

    fn shape(&self, inputs: &[Shape]) -> Result<Shape, ShapeError> {
        let mut seen = [false; MAX_RANK];
        let rank = inputs[0].rank();
        let permutation =
            self.rank == rank && self.axes().iter().all(|&a| a < rank && !std::mem::replace(&mut seen[a], true));
        if !permutation {
            return Err(ShapeError::new(
                "permute",
                format!("each axis of {} once", inputs[0]),
                format!("{:?}", self.axes()),
                "name every axis once, in the new order",
            ));
        }
        Ok(self.axes().iter().enumerate().fold(inputs[0], |shape, (i, &a)| shape.with_dim(i, inputs[0][a])))
    }

    fn forward(&mut self, x: &Inputs<'_, F>, y: &mut [F], _saved: &mut [F]) {
        copy_permuted(x.value(0), x.shape(0), self.axes(), y);
    }

    fn backward(&self, at: Backward<'_, F>, dx: &mut [Gradient<F>]) {
        let mut inverse = [0; MAX_RANK];
        self.axes().iter().enumerate().for_each(|(i, &a)| inverse[a] = i);
        if let Some(dx) = dx[0].wanted() {
            copy_permuted(at.dy, at.shape, &inverse[..self.rank], dx);
        }
    }
}

fn copy_permuted<F: Float>(x: &[F], shape: Shape, axes: &[usize], y: &mut [F]) {
    let view = TensorView::from_slice(x, shape).expect("the node's own shape").permute(axes);
    let mut y = y.iter_mut();
    view.for_each(|x| *y.next().expect("as many elements") = x);
}

impl<'t, F: Float> Var<'t, F> {
    /// Reorders the axes: axis `i` of the result is axis `axes[i]` of this value.
    ///
    /// # Panics
    /// If `axes` is not a permutation of the axes.
    #[track_caller]
    #[must_use]
    pub fn permute(self, axes: &[usize]) -> Self {
        let mut op = PermuteOp { axes: [0; MAX_RANK], rank: axes.len() };
        assert!(axes.len() <= MAX_RANK, "permute: at most {MAX_RANK} axes, got {}", axes.len());
        op.axes[..axes.len()].copy_from_slice(axes);
        self.tape.record(op, &[self])
    }

    /// The transposed matrix.
    ///
    /// # Panics
    /// If this is not of rank 2.
    #[track_caller]
    #[must_use]
    pub fn t(self) -> Self {
        self.permute(&[1, 0])
    }
}
