//! y = x Wᵀ + b, fused.

use evenkeel_tensor::kernel::{
    self,
    matmul::{Matrix, Write, matmul},
};
use evenkeel_tensor::{Float, Shape, ShapeError, parallel};

use crate::{Backward, Gradient, Incoming, Inputs, Op, Propagation, Var};

struct LinearOp;

/// (rows, in, out)
fn extents(x: Shape, weight: Shape) -> (usize, usize, usize) {
    let features = weight[1];
    (x[..x.rank() - 1].iter().product(), features, weight[0])
}

impl<F: Float> Op<F> for LinearOp {
    fn name(&self) -> &'static str {
        "linear"
    }

    fn shape(&self, inputs: &[Shape]) -> Result<Shape, ShapeError> {
        let (x, weight) = (inputs[0], inputs[1]);
        let bias = inputs.get(2);
        let fits = x.rank() >= 1
            && weight.rank() == 2
            && x[x.rank() - 1] == weight[1]
            && bias.is_none_or(|b| b.rank() == 1 && b[0] == weight[0]);
        if !fits {
            return Err(ShapeError::new(
                "linear",
                match weight.dims() {
                    [out, features] => format!("input (..., {features}) for weight ({out}, {features}), bias ({out})"),
                    _ => "a weight of shape (out, in)".to_owned(),
                },
                format!("input {x}, weight {weight}{}", bias.map_or(String::new(), |b| format!(", bias {b}"))),
                "match the layer's input features to the last axis of its input, or flatten the input first",
            ));
        }
        Ok(x.with_dim(x.rank() - 1, weight[0]))
    }

    fn forward(&mut self, x: &Inputs<'_, F>, y: &mut [F], _saved: &mut [F]) {
        let (rows, features, out) = extents(x.shape(0), x.shape(1));
        let write = if x.len() == 3 {
            let bias = x.value(2);
            let block = (kernel::BLOCK / out.max(1)).max(1) * out.max(1);
            parallel::chunks_mut(y, block, |_, y| {
                y.chunks_exact_mut(out.max(1)).for_each(|row| row.copy_from_slice(bias))
            });
            Write::Accumulate
        } else {
            Write::Overwrite
        };
        matmul(Matrix::new(x.value(0), rows, features), Matrix::new(x.value(1), out, features).t(), y, write);
    }

    fn backward(&self, at: Backward<'_, F>, dx: &mut [Gradient<F>]) {
        let (rows, features, out) = extents(at.x.shape(0), at.x.shape(1));
        let dy = Matrix::new(at.dy, rows, out);
        let (dx, dw, db) = match dx {
            [dx, dw] => (dx.wanted(), dw.wanted(), None),
            [dx, dw, db] => (dx.wanted(), dw.wanted(), db.wanted()),
            _ => unreachable!("two or three inputs"),
        };
        // dx = dy W, dW = dyᵀ x, db = the sum of dy over rows: independent of each other.
        parallel::join(
            || {
                if let Some(dw) = dw {
                    matmul(dy.t(), Matrix::new(at.x.value(0), rows, features), dw, Write::Overwrite);
                }
            },
            || {
                if let Some(dx) = dx {
                    matmul(dy, Matrix::new(at.x.value(1), out, features), dx, Write::Overwrite);
                }
                if let Some(db) = db {
                    db.fill(F::ZERO);
                    kernel::add_column_sums(at.dy, db);
                }
            },
        );
    }

    fn propagate(&self, inputs: &[Incoming], output: Shape) -> Option<Propagation> {
        let fan_in = inputs[1].shape[1] as f64;
        let bias = inputs.get(2).map(|b| b.signal);
        Some(Propagation::of_products(&inputs[0], inputs[1].signal, bias, fan_in, output.numel()))
    }
}

impl<'t, F: Float> Var<'t, F> {
    /// x Wᵀ + b: shapes (..., in), (out, in) and (out) give (..., out).
    ///
    /// # Panics
    /// If the shapes do not fit.
    #[track_caller]
    #[must_use]
    pub fn linear(self, weight: Self, bias: Option<Self>) -> Self {
        match bias {
            Some(bias) => self.tape.record(LinearOp, &[self, weight, bias]),
            None => self.tape.record(LinearOp, &[self, weight]),
        }
    }
}
