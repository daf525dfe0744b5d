//! Operations on plain tensors.

use evenkeel_autograd::{Op, Tape};
use evenkeel_tensor::{Float, Shape, ShapeError, Tensor};

/// The result of `op` for `inputs`, without a network or gradients.
///
/// # Errors
/// If the operation refuses the shapes or its settings.
pub(crate) fn apply<F: Float>(op: impl Op<F>, inputs: &[&Tensor<F>]) -> Result<Tensor<F>, ShapeError> {
    let shapes: Vec<Shape> = inputs.iter().map(|x| x.shape()).collect();
    op.shape(&shapes)?;
    let tape = Tape::new();
    let inputs: Vec<_> = inputs.iter().map(|&x| tape.constant(x.clone())).collect();
    Ok(tape.record(op, &inputs).to_tensor())
}
