//! Weight normalisation.

use evenkeel_norm::weight_norm as normalized;
use evenkeel_tensor::Float;

use super::Operation;
use crate::CaseError;
use crate::case::Case;
use crate::layer::{Results, differentiate};

pub(super) const WEIGHT_NORM: Operation =
    Operation { name: "weight_norm", double: weight_norm::<f64>, single: weight_norm::<f32> };

fn weight_norm<F: Float>(case: &Case<'_>) -> Result<Results, CaseError> {
    let dim = case.required("dim")?;
    differentiate(case, (), ["v", "g"], |(), _pass, [v, g]| normalized::<F>(v, g, Some(dim)))
}
