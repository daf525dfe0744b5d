//! Softmax and its logarithm.

use evenkeel_tensor::Float;

use super::Operation;
use crate::CaseError;
use crate::case::Case;
use crate::graph::{Results, differentiate};

pub(super) const SOFTMAX: Operation = Operation {
    name: "softmax",
    inputs: &["x"],
    attributes: &["dim", "log"],
    double: softmax::<f64>,
    single: softmax::<f32>,
};

fn softmax<F: Float>(case: &Case<'_>) -> Result<Results, CaseError> {
    let dim: i64 = case.required("dim")?;
    let log = case.attribute("log")?.unwrap_or(false);
    differentiate::<F>(case, |graph| {
        let x = graph.input("x")?;
        // From the last axis if negative, as in PyTorch.
        let axis = if dim < 0 { dim + x.shape().rank() as i64 } else { dim };
        let axis = usize::try_from(axis).ok().filter(|&axis| axis < x.shape().rank());
        let axis = axis.ok_or_else(|| CaseError::Attribute {
            name: "dim".to_owned(),
            expected: "an axis of x",
            got: dim.to_string(),
        })?;
        Ok(if log { x.log_softmax(axis) } else { x.softmax(axis) })
    })
}
