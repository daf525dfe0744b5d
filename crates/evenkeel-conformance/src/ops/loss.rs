//! Losses.

use evenkeel_nn::{CrossEntropy, MeanSquaredError, Reduction};
use evenkeel_tensor::{Float, Tensor};

use super::Operation;
use crate::CaseError;
use crate::case::Case;
use crate::layer::{Results, differentiate};

pub(super) const CROSS_ENTROPY: Operation =
    Operation { name: "cross_entropy", double: cross_entropy::<f64>, single: cross_entropy::<f32> };

pub(super) const MSE: Operation = Operation { name: "mse", double: mse::<f64>, single: mse::<f32> };

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
