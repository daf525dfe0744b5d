//! The product of two matrices.

use evenkeel_tensor::kernel::matmul::{Matrix, Write, matmul};
use evenkeel_tensor::{Float, Shape, ShapeError, parallel};

use crate::{Backward, Gradient, Inputs, Op, Var};

struct MatmulOp;

impl<F: Float> Op<F> for MatmulOp {
    fn name(&self) -> &'static str {
        "matmul"
    }

    fn shape(&self, inputs: &[Shape]) -> Result<Shape, ShapeError> {
        match (inputs[0].dims(), inputs[1].dims()) {
            (&[m, k], &[l, n]) if k == l => Ok([m, n].into()),
            _ => Err(ShapeError::new(
                "matmul",
                "matrices (m, k) and (k, n)",
                format!("{} and {}", inputs[0], inputs[1]),
                "transpose or reshape one of them",
            )),
        }
    }

    fn forward(&mut self, x: &Inputs<'_, F>, y: &mut [F], _saved: &mut [F]) {
        let [a, b] = matrices(x);
        matmul(a, b, y, Write::Overwrite);
    }

    fn backward(&self, at: Backward<'_, F>, dx: &mut [Gradient<F>]) {
        let [a, b] = matrices(&at.x);
        let dy = Matrix::new(at.dy, a.rows, b.columns);
        let [da, db] = dx else { unreachable!("two inputs") };
        let (da, db) = (da.wanted(), db.wanted());
        // dA = dY Bᵀ, dB = Aᵀ dY
        parallel::join(
            || da.map(|da| matmul(dy, b.t(), da, Write::Overwrite)),
            || db.map(|db| matmul(a.t(), dy, db, Write::Overwrite)),
        );
    }
}

fn matrices<'a, F: Float>(x: &Inputs<'a, F>) -> [Matrix<'a, F>; 2] {
    [0, 1].map(|i| Matrix::new(x.value(i), x.shape(i)[0], x.shape(i)[1]))
}

impl<'t, F: Float> Var<'t, F> {
    /// The matrix product: (m, k) times (k, n) gives (m, n).
    ///
    /// # Panics
    /// If the shapes do not fit.
    #[track_caller]
    #[must_use]
    pub fn matmul(self, other: Self) -> Self {
        self.tape.record(MatmulOp, &[self, other])
    }
}
