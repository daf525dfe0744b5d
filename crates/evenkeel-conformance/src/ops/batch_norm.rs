//! Batch normalisation, and its folding into a linear layer.

use evenkeel_module::ModuleExt;
use evenkeel_nn::Linear;
use evenkeel_norm::BatchNorm;
use evenkeel_tensor::Float;

use super::Operation;
use crate::CaseError;
use crate::case::Case;
use crate::layer::{Results, evaluate, forward, load};

pub(super) const BATCH_NORM: Operation =
    Operation { name: "batch_norm", double: batch_norm::<f64>, single: batch_norm::<f32> };

pub(super) const FOLD_BATCH_NORM: Operation =
    Operation { name: "fold_batch_norm", double: fold_batch_norm::<f64>, single: fold_batch_norm::<f32> };

const STATE: [&str; 4] = ["weight", "bias", "running_mean", "running_var"];

fn batch_norm<F: Float>(case: &Case<'_>) -> Result<Results, CaseError> {
    let channels = case.input::<F>("x")?.shape().get(1).copied().unwrap_or(0);
    let mut layer = BatchNorm::<F>::new(channels).with_eps(case.required("eps")?);
    if let Some(momentum) = case.attribute("momentum")? {
        layer = layer.with_momentum(momentum);
    }
    load(case, &mut layer, &STATE)?;
    if case.required("training")? {
        return forward(case, layer);
    }
    let y = evaluate(case, &layer)?;
    // An evaluation pass has no gradients; with frozen statistics a training pass computes the same function.
    layer.freeze("running_*");
    let mut results = forward(case, layer)?;
    results.outputs.insert("y".to_owned(), y);
    Ok(results)
}

fn fold_batch_norm<F: Float>(case: &Case<'_>) -> Result<Results, CaseError> {
    let channels = case.input::<F>("running_mean")?.shape().numel();
    let mut norm = BatchNorm::<F>::new(channels).with_eps(case.required("eps")?);
    load(case, &mut norm, &STATE)?;
    let bias = case.optional("linear_bias")?;
    let (weight, bias) = norm.fold(&case.input("linear_weight")?, bias.as_ref())?;
    forward(case, Linear::from_parts(weight, Some(bias))?)
}
