//! Normalisation of plain tensors: no network, no tape, no gradients. The kernels are those of the layers.
//!
//! ```
//! use evenkeel_norm::functional::{batch_norm, layer_norm};
//! use evenkeel_tensor::Tensor;
//!
//! let x = Tensor::from_vec([2, 2], vec![1.0f64, 3.0, 5.0, 11.0])?;
//! assert_eq!(layer_norm(&x, [2], None, None, 0.0)?.as_slice(), [-1.0, 1.0, -1.0, 1.0]);     // rows
//! assert_eq!(batch_norm(&x, None, None, 0.0)?.as_slice(), [-1.0, -1.0, 1.0, 1.0]);          // columns
//! # Ok::<(), evenkeel_tensor::ShapeError>(())
//! ```

use evenkeel_autograd::Op;
use evenkeel_tensor::{Float, Shape, ShapeError, Tensor};

use crate::local_response_norm_op::LocalResponseNormOp;
use crate::masked::MaskedBatchNormOp;
use crate::plain::apply;
use crate::weight::SpectralNormOp;
use crate::{
    BatchNormOp, BatchPart, Lengths, LocalResponseNorm, Normalizer, SingularPair, SwitchableNormOp, WeightNormOp,
    WeightScaling,
};

/// Layer normalisation over the last axes, which have the shape `normalized_shape`, as do weight and bias;
/// see [`LayerNorm`](crate::LayerNorm).
///
/// # Errors
/// If the shapes do not fit, a group has one value, or eps is negative or not finite.
pub fn layer_norm<F: Float>(
    x: &Tensor<F>,
    normalized_shape: impl Into<Shape>,
    weight: Option<&Tensor<F>>,
    bias: Option<&Tensor<F>>,
    eps: f64,
) -> Result<Tensor<F>, ShapeError> {
    let shape = normalized_shape.into();
    run(crate::layer_norm::op(shape, eps), x, shape, weight, bias)
}

/// RMS normalisation over the last axes, which have the shape `normalized_shape`, as does the weight;
/// see [`RmsNorm`](crate::RmsNorm).
///
/// # Errors
/// If the shapes do not fit, or eps is negative or not finite.
pub fn rms_norm<F: Float>(
    x: &Tensor<F>,
    normalized_shape: impl Into<Shape>,
    weight: Option<&Tensor<F>>,
    eps: f64,
) -> Result<Tensor<F>, ShapeError> {
    let op = crate::rms_norm::op(normalized_shape.into(), eps);
    match weight {
        Some(weight) => apply(op, &[x, weight]),
        None => apply(op, &[x]),
    }
}

/// Group normalisation of `x` (N, C, ...), weight (C) and bias (C); see [`GroupNorm`](crate::GroupNorm).
///
/// # Errors
/// If the shapes do not fit, the groups do not divide the channels, a group has one value, or eps is negative or not finite.
pub fn group_norm<F: Float>(
    x: &Tensor<F>,
    groups: usize,
    weight: Option<&Tensor<F>>,
    bias: Option<&Tensor<F>>,
    eps: f64,
) -> Result<Tensor<F>, ShapeError> {
    let channels = channels(x);
    run(crate::group_norm::op(groups, channels, eps), x, channels.into(), weight, bias)
}

/// Instance normalisation of `x` (N, C, L...), weight (C) and bias (C); see [`InstanceNorm`](crate::InstanceNorm).
///
/// # Errors
/// If the shapes do not fit, there is only one position, or eps is negative or not finite.
pub fn instance_norm<F: Float>(
    x: &Tensor<F>,
    weight: Option<&Tensor<F>>,
    bias: Option<&Tensor<F>>,
    eps: f64,
) -> Result<Tensor<F>, ShapeError> {
    let channels = channels(x);
    run(crate::instance_norm::op(channels, eps), x, channels.into(), weight, bias)
}

/// Batch normalisation of `x` (N, C, ...) with its own statistics, weight (C) and bias (C); see
/// [`BatchNorm`](crate::BatchNorm). The statistics themselves are [`Moments::of`](crate::Moments::of).
///
/// # Errors
/// If the shapes do not fit, a channel has fewer than two values, or eps is negative or not finite.
pub fn batch_norm<F: Float>(
    x: &Tensor<F>,
    weight: Option<&Tensor<F>>,
    bias: Option<&Tensor<F>>,
    eps: f64,
) -> Result<Tensor<F>, ShapeError> {
    let op = BatchNormOp { eps, normalizer: Normalizer::Batch, momentum: None };
    run(op, x, channels(x).into(), weight, bias)
}

/// Batch normalisation of `x` (N, C, ...) with given statistics: mean (C) and variance (C), such as the running or population
/// statistics of a trained layer.
///
/// # Errors
/// If the shapes do not fit, or eps is negative or not finite.
pub fn batch_norm_with<F: Float>(
    x: &Tensor<F>,
    mean: &Tensor<F>,
    variance: &Tensor<F>,
    weight: Option<&Tensor<F>>,
    bias: Option<&Tensor<F>>,
    eps: f64,
) -> Result<Tensor<F>, ShapeError> {
    let normalizer = Normalizer::Stored { mean: mean.clone(), variance: variance.clone() };
    run(BatchNormOp { eps, normalizer, momentum: None }, x, channels(x).into(), weight, bias)
}

/// Batch normalisation of padded sequences with the statistics of what is not padding, on which the result is 0; weight and
/// bias have a value a feature. See [`BatchNorm::forward_masked`](crate::BatchNorm::forward_masked).
///
/// # Errors
/// If the shapes do not fit, the lengths are not those of x, there are fewer than two positions, or eps is negative or not finite.
pub fn masked_batch_norm<F: Float>(
    x: &Tensor<F>,
    lengths: &Lengths,
    weight: Option<&Tensor<F>>,
    bias: Option<&Tensor<F>>,
    eps: f64,
) -> Result<Tensor<F>, ShapeError> {
    let features = x.shape().get(lengths.layout().channel_axis()).copied().unwrap_or(0);
    let norm = BatchNormOp { eps, normalizer: Normalizer::Batch, momentum: None };
    run(MaskedBatchNormOp { norm, lengths: lengths.clone() }, x, features.into(), weight, bias)
}

/// Batch renormalisation of `x` (N, C, ...) towards a given mean (C) and deviation (C, eps included) within the limits
/// `(r_max, d_max)`, as in training; see [`BatchRenorm`](crate::BatchRenorm). What evaluation does is [`batch_norm_with`] the squared
/// deviation for variance and eps 0.
///
/// # Errors
/// If the shapes do not fit, a channel has fewer than two values, or a limit or eps makes no sense.
pub fn batch_renorm<F: Float>(
    x: &Tensor<F>,
    (mean, deviation): (&Tensor<F>, &Tensor<F>),
    (r_max, d_max): (f64, f64),
    weight: Option<&Tensor<F>>,
    bias: Option<&Tensor<F>>,
    eps: f64,
) -> Result<Tensor<F>, ShapeError> {
    let normalizer = Normalizer::Corrected { mean: mean.clone(), deviation: deviation.clone(), r_max, d_max };
    run(BatchNormOp { eps, normalizer, momentum: None }, x, channels(x).into(), weight, bias)
}

/// Switchable normalisation of `x` (N, C, ...) with the logits of the means' and of the variances' weights, weight (C) and bias (C);
/// see [`SwitchableNorm`](crate::SwitchableNorm).
///
/// # Errors
/// If the shapes do not fit, a channel has fewer than two values and the batch's statistics are wanted, or eps is negative or not
/// finite.
pub fn switchable_norm<F: Float>(
    x: &Tensor<F>,
    (mean_logits, var_logits): (&Tensor<F>, &Tensor<F>),
    weight: Option<&Tensor<F>>,
    bias: Option<&Tensor<F>>,
    batch: BatchPart<F>,
    eps: f64,
) -> Result<Tensor<F>, ShapeError> {
    let op = SwitchableNormOp { eps, batch, momentum: None };
    affine(op, &[x, mean_logits, var_logits], channels(x).into(), weight, bias)
}

/// The weight `g v / ||v||` with norms over all axes of v but `dim`, or over all; g has the shape of v with 1 for the other axes, or
/// is a scalar. See [`WeightNorm`](crate::WeightNorm).
///
/// # Errors
/// If there is no such axis, or g does not fit.
pub fn weight_norm<F: Float>(v: &Tensor<F>, g: &Tensor<F>, dim: Option<usize>) -> Result<Tensor<F>, ShapeError> {
    apply(WeightNormOp { dim }, &[v, g])
}

/// The weight (out, in, kernel...) divided by `uᵀ W v`, the estimate of its largest singular value that
/// [`SingularPair::iterate`] improves; see [`SpectralNorm`](crate::SpectralNorm).
///
/// # Errors
/// If the vectors are not those of a weight of this shape.
pub fn spectral_norm<F: Float>(weight: &Tensor<F>, pair: &SingularPair<F>) -> Result<Tensor<F>, ShapeError> {
    apply(SpectralNormOp { iterations: 0, eps: 0.0 }, &[weight, &pair.u, &pair.v])
}

/// The weight (out, in, kernel...) with mean 0 and the variance that `scaling` says for each output unit, times `gain` (of one
/// value a unit, of any shape); see [`WeightStandardization`](crate::WeightStandardization).
///
/// # Errors
/// If units have one weight, the gain does not fit, or eps is negative or not finite.
pub fn weight_standardization<F: Float>(
    weight: &Tensor<F>,
    gain: Option<&Tensor<F>>,
    scaling: WeightScaling,
    eps: f64,
) -> Result<Tensor<F>, ShapeError> {
    crate::weight::standardized(weight, gain, scaling, eps)
}

/// Local response normalisation of `x` (N, C, ...); see [`LocalResponseNorm`].
///
/// # Errors
/// If x has fewer than two axes, or a setting is out of range.
pub fn local_response_norm<F: Float>(x: &Tensor<F>, settings: LocalResponseNorm) -> Result<Tensor<F>, ShapeError> {
    apply(LocalResponseNormOp(settings), &[x])
}

fn channels<F: Float>(x: &Tensor<F>) -> usize {
    x.shape().get(1).copied().unwrap_or(0)
}

/// Applies `op`, whose scale and shift have the shape `parameters`: both if one is given, the other then 1 or 0.
fn run<F: Float>(
    op: impl Op<F>,
    x: &Tensor<F>,
    parameters: Shape,
    weight: Option<&Tensor<F>>,
    bias: Option<&Tensor<F>>,
) -> Result<Tensor<F>, ShapeError> {
    affine(op, &[x], parameters, weight, bias)
}

/// As [`run`], for an operation with other inputs before scale and shift.
fn affine<F: Float>(
    op: impl Op<F>,
    inputs: &[&Tensor<F>],
    parameters: Shape,
    weight: Option<&Tensor<F>>,
    bias: Option<&Tensor<F>>,
) -> Result<Tensor<F>, ShapeError> {
    if weight.is_none() && bias.is_none() {
        return apply(op, inputs);
    }
    let weight = weight.cloned().unwrap_or_else(|| Tensor::ones(parameters));
    let bias = bias.cloned().unwrap_or_else(|| Tensor::zeros(parameters));
    apply(op, &[inputs, &[&weight, &bias]].concat())
}
