//! Losses.

use evenkeel_nn::{BceWithLogits, CrossEntropy, Focal, MeanSquaredError, Reduction};
use evenkeel_tensor::{Float, Tensor};

use super::Operation;
use crate::CaseError;
use crate::case::Case;
use crate::layer::{Results, differentiate};

pub(super) const BCE_WITH_LOGITS: Operation =
    Operation { name: "bce_with_logits", double: bce_with_logits::<f64>, single: bce_with_logits::<f32> };

pub(super) const CROSS_ENTROPY: Operation =
    Operation { name: "cross_entropy", double: cross_entropy::<f64>, single: cross_entropy::<f32> };

pub(super) const FOCAL: Operation = Operation { name: "focal", double: focal::<f64>, single: focal::<f32> };

pub(super) const MSE: Operation = Operation { name: "mse", double: mse::<f64>, single: mse::<f32> };

fn bce_with_logits<F: Float>(case: &Case<'_>) -> Result<Results, CaseError> {
    let targets: Tensor<F> = case.input("target")?;
    let mut loss = BceWithLogits::default().with_reduction(reduction(case)?);
    if let Some(weights) = case.optional::<f64>("pos_weight")? {
        loss = loss.with_pos_weight(weights.into_vec());
    }
    differentiate::<F, _, 1>(case, (), ["x"], |_, _, [x]| loss.loss(x, &targets))
}

fn cross_entropy<F: Float>(case: &Case<'_>) -> Result<Results, CaseError> {
    let targets = case.labels("target")?;
    let mut loss = CrossEntropy::default().with_reduction(reduction(case)?);
    if let Some(smoothing) = case.attribute("label_smoothing")? {
        loss = loss.with_label_smoothing(smoothing);
    }
    if case.attribute("weighted")?.unwrap_or(false) {
        loss = loss.with_class_weights(case.input::<f64>("class_weight")?.into_vec());
    }
    differentiate::<F, _, 1>(case, (), ["x"], |_, _, [x]| loss.loss(x, &targets))
}

fn focal<F: Float>(case: &Case<'_>) -> Result<Results, CaseError> {
    let targets: Tensor<F> = case.input("target")?;
    let loss = Focal::default().with_gamma(case.required("gamma")?).with_reduction(reduction(case)?);
    let loss = match case.attribute("alpha")? {
        Some(alpha) => loss.with_alpha(alpha),
        None => loss.without_alpha(),
    };
    differentiate::<F, _, 1>(case, (), ["x"], |_, _, [x]| loss.loss(x, &targets))
}

fn mse<F: Float>(case: &Case<'_>) -> Result<Results, CaseError> {
    let targets: Tensor<F> = case.input("target")?;
    match reduction(case)? {
        Reduction::Mean => differentiate(case, (), ["x"], |_, _, [x]| MeanSquaredError.loss(x, &targets)),
        other => Err(CaseError::unsupported(format!("reduction `{other:?}` of `mse`"))),
    }
}

fn reduction(case: &Case<'_>) -> Result<Reduction, CaseError> {
    match case.attribute("reduction")? {
        None | Some("mean") => Ok(Reduction::Mean),
        Some("sum") => Ok(Reduction::Sum),
        Some("none") => Ok(Reduction::None),
        Some(other) => Err(CaseError::unsupported(format!("reduction `{other}`"))),
    }
}
