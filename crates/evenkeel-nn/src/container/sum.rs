//! The sum of values of one shape.

use evenkeel_autograd::{Backward, Gradient, Incoming, Inputs, Op, Propagation, Signal};
use evenkeel_tensor::{Float, Shape, ShapeError, kernel};

/// z = x + y. Unlike the operator `+` it refuses operands that would have to be broadcast: between branches that is a mistake.
pub(super) struct SumOp {
    /// Whose sum it is, for messages.
    pub(super) name: &'static str,
    /// What to do about branches that differ.
    pub(super) cure: &'static str,
}

impl<F: Float> Op<F> for SumOp {
    fn name(&self) -> &'static str {
        self.name
    }

    fn shape(&self, inputs: &[Shape]) -> Result<Shape, ShapeError> {
        if inputs[0] == inputs[1] {
            return Ok(inputs[0]);
        }
        Err(ShapeError::new(
            self.name,
            format!("branches of the same shape, {}", inputs[0]),
            inputs[1].to_string(),
            self.cure,
        ))
    }

    fn forward(&mut self, x: &Inputs<'_, F>, z: &mut [F], _saved: &mut [F]) {
        kernel::zip(x.value(0), x.value(1), z, |x, y| x + y);
    }

    fn backward(&self, at: Backward<'_, F>, dx: &mut [Gradient<F>]) {
        for dx in dx {
            if let Some(dx) = dx.wanted() {
                dx.copy_from_slice(at.dy);
            }
        }
    }

    /// The sum of independent values, or of a value with itself, whose gradients then add up: (2 dz)² in all.
    fn propagate(&self, inputs: &[Incoming], _output: Shape) -> Option<Propagation> {
        let [x, y] = inputs else { return None };
        let mean = x.signal.mean + y.signal.mean;
        let (variance, gain) = if x.node == y.node {
            (4.0 * x.signal.variance, 2.0)
        } else {
            (x.signal.variance + y.signal.variance, 1.0)
        };
        Some(Propagation { output: Signal { mean, variance }, gains: Some([gain; 2]), limits: None })
    }
}
