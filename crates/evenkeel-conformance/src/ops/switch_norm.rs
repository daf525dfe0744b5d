//! Switchable normalisation.

use evenkeel_norm::{BatchPart, switchable_norm};
use evenkeel_tensor::Float;

use super::Operation;
use crate::CaseError;
use crate::case::Case;
use crate::layer::{Results, differentiate};

pub(super) const SWITCH_NORM: Operation =
    Operation { name: "switch_norm", double: switch_norm::<f64>, single: switch_norm::<f32> };

fn switch_norm<F: Float>(case: &Case<'_>) -> Result<Results, CaseError> {
    let eps = case.required("eps")?;
    let batch = if case.required("training")? {
        BatchPart::Batch
    } else {
        BatchPart::Stored { mean: case.input("running_mean")?, variance: case.input("running_var")? }
    };
    let inputs = ["x", "mean_logits", "var_logits", "weight", "bias"];
    differentiate(case, (), inputs, |(), _pass, [x, mean, variance, gamma, beta]| {
        switchable_norm::<F>(x, (mean, variance), Some((gamma, beta)), batch, eps)
    })
}
