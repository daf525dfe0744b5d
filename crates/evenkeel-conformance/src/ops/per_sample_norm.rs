//! Normalisation within each sample: layer, RMS, instance and group normalisation.

use evenkeel_module::Forward;
use evenkeel_norm::{GroupNorm, InstanceNorm, LayerNorm, RmsNorm};
use evenkeel_tensor::{Float, Shape};

use super::Operation;
use crate::CaseError;
use crate::case::Case;
use crate::layer::{Results, forward, load};

pub(super) const LAYER_NORM: Operation =
    Operation { name: "layer_norm", double: layer_norm::<f64>, single: layer_norm::<f32> };

pub(super) const RMS_NORM: Operation = Operation { name: "rms_norm", double: rms_norm::<f64>, single: rms_norm::<f32> };

pub(super) const INSTANCE_NORM: Operation =
    Operation { name: "instance_norm", double: instance_norm::<f64>, single: instance_norm::<f32> };

pub(super) const GROUP_NORM: Operation =
    Operation { name: "group_norm", double: group_norm::<f64>, single: group_norm::<f32> };

fn layer_norm<F: Float>(case: &Case<'_>) -> Result<Results, CaseError> {
    run(case, LayerNorm::<F>::new(trailing::<F>(case)?).with_eps(case.required("eps")?))
}

fn rms_norm<F: Float>(case: &Case<'_>) -> Result<Results, CaseError> {
    run(case, RmsNorm::<F>::new(trailing::<F>(case)?).with_eps(case.required("eps")?))
}

fn instance_norm<F: Float>(case: &Case<'_>) -> Result<Results, CaseError> {
    run(case, InstanceNorm::<F>::new(channels::<F>(case)?).with_eps(case.required("eps")?))
}

fn group_norm<F: Float>(case: &Case<'_>) -> Result<Results, CaseError> {
    let layer = GroupNorm::<F>::new(case.required("groups")?, channels::<F>(case)?);
    run(case, layer.with_eps(case.required("eps")?))
}

fn run<F: Float>(case: &Case<'_>, mut layer: impl Forward<F>) -> Result<Results, CaseError> {
    load(case, &mut layer, &["weight", "bias"])?;
    forward(case, layer)
}

/// The number of channels: the extent of axis 1.
pub(super) fn channels<F: Float>(case: &Case<'_>) -> Result<usize, CaseError> {
    Ok(case.input::<F>("x")?.shape().get(1).copied().unwrap_or(0))
}

/// The last `normalized_dims` axes.
fn trailing<F: Float>(case: &Case<'_>) -> Result<Shape, CaseError> {
    let (shape, dims): (Shape, usize) = (case.input::<F>("x")?.shape(), case.required("normalized_dims")?);
    let first = shape.rank().checked_sub(dims).ok_or_else(|| CaseError::Attribute {
        name: "normalized_dims".to_owned(),
        expected: "at most as many axes as `x` has",
        got: format!("{dims} for {} axes", shape.rank()),
    })?;
    Ok(Shape::from(&shape[first..]))
}
