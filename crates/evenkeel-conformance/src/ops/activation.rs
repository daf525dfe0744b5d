//! Functions of one number.

use evenkeel_tensor::Float;

use super::Operation;
use crate::CaseError;
use crate::case::Case;
use crate::graph::{Results, differentiate};

pub(super) const ACTIVATION: Operation = Operation {
    name: "activation",
    inputs: &["x"],
    attributes: &["kind"],
    double: activation::<f64>,
    single: activation::<f32>,
};

fn activation<F: Float>(case: &Case<'_>) -> Result<Results, CaseError> {
    let kind = case.required("kind")?;
    differentiate::<F>(case, |graph| {
        let x = graph.input("x")?;
        match kind {
            "sigmoid" => Ok(x.sigmoid()),
            "tanh" => Ok(x.tanh()),
            "relu" => Ok(x.relu()),
            other => Err(CaseError::unsupported(format!("activation `{other}`"))),
        }
    })
}
