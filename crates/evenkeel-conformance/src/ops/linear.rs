//! y = x Wᵀ + b.

use evenkeel_tensor::Float;

use super::Operation;
use crate::CaseError;
use crate::case::Case;
use crate::graph::{Results, differentiate};

pub(super) const LINEAR: Operation = Operation {
    name: "linear",
    inputs: &["x", "weight", "bias"],
    attributes: &[],
    double: linear::<f64>,
    single: linear::<f32>,
};

fn linear<F: Float>(case: &Case<'_>) -> Result<Results, CaseError> {
    differentiate::<F>(case, |graph| Ok(graph.input("x")?.linear(graph.input("weight")?, graph.optional("bias")?)))
}
