//! Functions of one number.

use evenkeel_nn::{Elu, Gelu, GeluTanh, LeakyRelu, Relu, Selu, Sigmoid, Silu, Softplus, Tanh};
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
        "leaky_relu" => forward::<F>(case, LeakyRelu { negative_slope: setting(case, "negative_slope", 0.01)? }),
        "elu" => forward::<F>(case, Elu { alpha: setting(case, "alpha", 1.0)? }),
        "selu" => forward::<F>(case, Selu),
        "gelu" => match case.attribute("approximate")? {
            None | Some("none") => forward::<F>(case, Gelu),
            Some("tanh") => forward::<F>(case, GeluTanh),
            Some(other) => Err(CaseError::unsupported(format!("approximation `{other}` of GELU"))),
        },
        "silu" => forward::<F>(case, Silu),
        "softplus" => {
            let (beta, threshold) = (setting(case, "beta", 1.0)?, setting(case, "threshold", 20.0)?);
            forward::<F>(case, Softplus { beta, threshold })
        }
        other => Err(CaseError::unsupported(format!("activation `{other}`"))),
    }
}

fn setting(case: &Case<'_>, name: &str, default: f64) -> Result<f64, CaseError> {
    Ok(case.attribute(name)?.unwrap_or(default))
}
