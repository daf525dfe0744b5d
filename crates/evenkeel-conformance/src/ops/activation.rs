//! Functions of one number.

use evenkeel_nn::{Relu, Sigmoid, Tanh};
use evenkeel_tensor::Float;

use super::Operation;
use crate::CaseError;
use crate::case::Case;
use crate::layer::{Results, forward};

pub(super) const ACTIVATION: Operation =
    Operation { name: "activation", double: activation::<f64>, single: activation::<f32> };

fn activation<F: Float>(case: &Case<'_>) -> Result<Results, CaseError> {
    match case.required("kind")? {
        "sigmoid" => forward::<F>(case, Sigmoid),
        "tanh" => forward::<F>(case, Tanh),
        "relu" => forward::<F>(case, Relu),
        other => Err(CaseError::unsupported(format!("activation `{other}`"))),
    }
}
