//! A penalty as part of the loss.

use std::sync::Arc;

use evenkeel_autograd::{Backward, Gradient, Inputs, Op};
use evenkeel_tensor::{Float, Shape, ShapeError};

use super::Penalty;
use crate::RegularizeError;

/// `scale p(w)`, a scalar on the tape: what [`Regularizer::loss`](crate::Regularizer::loss) records for each parameter.
///
/// ```
/// use std::sync::Arc;
/// use evenkeel_autograd::Tape;
/// use evenkeel_regularize::{L2, PenaltyOp};
/// use evenkeel_tensor::Tensor;
///
/// let tape = Tape::new();
/// let w = tape.variable(Tensor::from_vec([2], vec![3.0, -4.0])?);
/// let penalty = tape.record(PenaltyOp::new(Arc::new(L2::new(0.5)), 1.0), &[w]);
/// assert_eq!(penalty.item(), 12.5);
/// tape.backward(penalty);
/// assert_eq!(w.gradient().unwrap().as_slice(), [3.0, -4.0]);
/// # Ok::<(), evenkeel_tensor::ShapeError>(())
/// ```
///
/// # Errors
/// Settings out of their range, or a shape without the groups that the penalty needs: a panic that names the cure.
#[derive(Clone, Debug)]
pub struct PenaltyOp<F: Float = f32> {
    penalty: Arc<dyn Penalty<F>>,
    scale: f64,
}

impl<F: Float> PenaltyOp<F> {
    /// `scale` times the penalty.
    pub fn new(penalty: Arc<dyn Penalty<F>>, scale: f64) -> Self {
        Self { penalty, scale }
    }
}

impl<F: Float> Op<F> for PenaltyOp<F> {
    fn name(&self) -> &'static str {
        "penalty"
    }

    fn shape(&self, inputs: &[Shape]) -> Result<Shape, ShapeError> {
        self.penalty.check().and_then(|()| self.penalty.check_shape(&inputs[0])).map_err(misfit)?;
        Ok(Shape::SCALAR)
    }

    fn forward(&mut self, w: &Inputs<'_, F>, y: &mut [F], _saved: &mut [F]) {
        y[0] = F::from_f64(self.scale * self.penalty.value(w.value(0), &w.shape(0)));
    }

    fn backward(&self, at: Backward<'_, F>, dw: &mut [Gradient<F>]) {
        if let Some(dw) = dw[0].wanted() {
            dw.fill(F::ZERO);
            self.penalty.add_gradient(at.x.value(0), &at.x.shape(0), self.scale * at.dy[0].to_f64(), dw);
        }
    }
}

/// The same complaint in the tape's words.
fn misfit(error: RegularizeError) -> ShapeError {
    match error {
        RegularizeError::Setting { of, setting, expected, got, cure } => {
            ShapeError::new(of, format!("{setting} {expected}"), got.to_string(), cure)
        }
        RegularizeError::Shape { of, expected, got, cure } => {
            ShapeError::new(of, expected, format!("shape {got:?}"), cure)
        }
        // From a penalty of someone else's.
        other => ShapeError::new("penalty", "settings that its check accepts", other.to_string(), "correct them"),
    }
}
