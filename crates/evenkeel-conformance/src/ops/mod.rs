//! The operations that can be run, a file for each family.

mod activation;
mod batch_norm;
mod binary_metrics;
mod convolution;
mod feature_score;
mod init_scale;
mod linear;
mod loss;
mod optimizer;
mod penalty;
mod per_sample_norm;
mod scaler;
mod sequence_batch_norm;
mod softmax;
mod switch_norm;
mod weight_norm;

use crate::CaseError;
use crate::case::Case;
use crate::layer::Results;

/// How an operation of the manifest is run.
pub(crate) struct Operation {
    /// Its name in the manifest.
    pub(crate) name: &'static str,
    /// In f64.
    pub(crate) double: Run,
    /// In f32.
    pub(crate) single: Run,
}

/// Reads every input and attribute that it can heed: what it has not read by the end makes the case unsupported.
pub(crate) type Run = fn(&Case<'_>) -> Result<Results, CaseError>;

static OPERATIONS: &[Operation] = &[
    activation::ACTIVATION,
    batch_norm::BATCH_NORM,
    batch_norm::FOLD_BATCH_NORM,
    binary_metrics::BINARY_METRICS,
    convolution::AVG_POOL2D,
    convolution::CONV2D,
    convolution::MAX_POOL2D,
    feature_score::FEATURE_SCORE,
    init_scale::INIT_SCALE,
    linear::LINEAR,
    loss::BCE_WITH_LOGITS,
    loss::CROSS_ENTROPY,
    loss::FOCAL,
    loss::MSE,
    optimizer::OPTIMIZER,
    penalty::PENALTY,
    per_sample_norm::GROUP_NORM,
    per_sample_norm::INSTANCE_NORM,
    per_sample_norm::LAYER_NORM,
    per_sample_norm::RMS_NORM,
    scaler::SCALER,
    sequence_batch_norm::SEQUENCE_BATCH_NORM,
    softmax::SOFTMAX,
    switch_norm::SWITCH_NORM,
    weight_norm::WEIGHT_NORM,
];

/// The operation called `name`.
pub(crate) fn find(name: &str) -> Result<&'static Operation, CaseError> {
    let operation = OPERATIONS.iter().find(|operation| operation.name == name);
    operation.ok_or_else(|| CaseError::unsupported(format!("operation `{name}`")))
}
