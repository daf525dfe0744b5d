//! Softmax and its logarithm.

use evenkeel_nn::{LogSoftmax, Softmax};
use evenkeel_tensor::Float;

use super::Operation;
use crate::CaseError;
use crate::case::Case;
use crate::layer::{Results, forward};

pub(super) const SOFTMAX: Operation = Operation { name: "softmax", double: softmax::<f64>, single: softmax::<f32> };

fn softmax<F: Float>(case: &Case<'_>) -> Result<Results, CaseError> {
    let dim: i64 = case.required("dim")?;
    let rank = case.input::<F>("x")?.shape().rank();
    // Counted from the last axis if negative, as in PyTorch.
    let axis = if dim < 0 { dim.saturating_add(rank as i64) } else { dim };
    let axis = usize::try_from(axis).ok().filter(|&axis| axis < rank).ok_or_else(|| CaseError::Attribute {
        name: "dim".to_owned(),
        expected: "an axis of `x`",
        got: format!("{dim} for {rank} axes"),
    })?;
    if case.attribute("log")?.unwrap_or(false) {
        forward::<F>(case, LogSoftmax { axis })
    } else {
        forward::<F>(case, Softmax { axis })
    }
}
