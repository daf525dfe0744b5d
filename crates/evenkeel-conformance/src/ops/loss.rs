//! Losses.

use evenkeel_autograd::ops::{CrossEntropyOp, Reduction};
use evenkeel_tensor::Float;

use super::Operation;
use crate::CaseError;
use crate::case::Case;
use crate::graph::{Results, differentiate};

pub(super) const CROSS_ENTROPY: Operation = Operation {
    name: "cross_entropy",
    inputs: &["x", "target", "class_weight"],
    // `weighted` says that there is an input `class_weight`, which is seen from the inputs too.
    attributes: &["reduction", "label_smoothing", "weighted"],
    double: cross_entropy::<f64>,
    single: cross_entropy::<f32>,
};

pub(super) const MSE: Operation = Operation {
    name: "mse",
    inputs: &["x", "target"],
    attributes: &["reduction"],
    double: mse::<f64>,
    single: mse::<f32>,
};

fn cross_entropy<F: Float>(case: &Case<'_>) -> Result<Results, CaseError> {
    let op = CrossEntropyOp {
        targets: case.labels("target")?,
        smoothing: F::from_f64(case.attribute("label_smoothing")?.unwrap_or(0.0)),
        weights: case.optional("class_weight")?,
        reduction: reduction(case)?,
    };
    differentiate(case, |graph| {
        let x = graph.input("x")?;
        Ok(x.tape().record(op, &[x]))
    })
}

fn mse<F: Float>(case: &Case<'_>) -> Result<Results, CaseError> {
    let reduction = reduction(case)?;
    differentiate::<F>(case, |graph| {
        let squares = (graph.input("x")? - graph.input("target")?).square();
        Ok(match reduction {
            Reduction::Mean => squares.mean(),
            Reduction::Sum => squares.sum(),
            Reduction::None => squares,
        })
    })
}

fn reduction(case: &Case<'_>) -> Result<Reduction, CaseError> {
    match case.attribute("reduction")? {
        None | Some("mean") => Ok(Reduction::Mean),
        Some("sum") => Ok(Reduction::Sum),
        Some("none") => Ok(Reduction::None),
        Some(other) => Err(CaseError::unsupported(format!("reduction `{other}`"))),
    }
}
