//! The fully connected layer.

use evenkeel_nn::Linear;
use evenkeel_tensor::Float;

use super::Operation;
use crate::CaseError;
use crate::case::Case;
use crate::layer::{Results, forward};

pub(super) const LINEAR: Operation = Operation { name: "linear", double: linear::<f64>, single: linear::<f32> };

fn linear<F: Float>(case: &Case<'_>) -> Result<Results, CaseError> {
    forward::<F>(case, Linear::from_parts(case.input("weight")?, case.optional("bias")?)?)
}
