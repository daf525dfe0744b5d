//! What can be wrong with a setting, a pattern or a measured value.

use evenkeel_module::NetworkError;
use thiserror::Error;

/// Why a regulariser refuses: what was expected, what came, and the cure. Nothing has been changed.
#[derive(Clone, Debug, PartialEq, Error)]
#[non_exhaustive]
pub enum RegularizeError {
    /// A setting out of its range.
    #[error("{of}: expected {setting} {expected}, got {got}; {cure}")]
    Setting {
        /// Whose setting.
        of: &'static str,
        /// The setting's name.
        setting: &'static str,
        /// What would have been right.
        expected: &'static str,
        /// The value that came.
        got: f64,
        /// What to do about it.
        cure: &'static str,
    },
    /// A monitored value that is infinite or NaN: no comparison with it makes sense. It has not been observed.
    #[error(
        "{of}: expected a finite `{metric}`, got {got}; lower the learning rate or clip the gradients, and look for values that \
         are not finite in the data it was measured on"
    )]
    NotFinite {
        /// What observes the metric.
        of: &'static str,
        /// The metric.
        metric: String,
        /// The value.
        got: f64,
    },
    /// Weights of a shape that a penalty or constraint has no groups for.
    #[error("{of}: expected {expected}, got shape {got:?}; {cure}")]
    Shape {
        /// Whose groups.
        of: &'static str,
        /// What would have been right.
        expected: &'static str,
        /// The shape that came.
        got: Vec<usize>,
        /// What to do about it.
        cure: &'static str,
    },
    /// A pattern of a `Regularizer` that fits no parameter.
    #[error("Regularizer: `{pattern}`: expected it to fit the path of some {kind}, got none among {paths}; {cure}")]
    EmptyPattern {
        /// The pattern.
        pattern: String,
        /// What may fit: `weight` or, with `all_roles`, `parameter`.
        kind: &'static str,
        /// The network's paths, or the first few.
        paths: String,
        /// What to do about it.
        cure: &'static str,
    },
    /// The global norm of gradients is infinite or NaN, so that no clipping makes sense.
    #[error(
        "clip_global_norm: expected a finite norm of the gradients, got {norm}; lower the learning rate, or skip the batch"
    )]
    GradientNorm {
        /// The norm.
        norm: f64,
    },
    /// A network that cannot run on the data.
    #[error(transparent)]
    Network(#[from] NetworkError),
}

impl RegularizeError {
    /// Checks a setting: `fits` says whether `got` is as `expected`.
    pub(crate) fn check(
        fits: bool,
        of: &'static str,
        setting: &'static str,
        expected: &'static str,
        got: f64,
        cure: &'static str,
    ) -> Result<(), Self> {
        if fits { Ok(()) } else { Err(Self::Setting { of, setting, expected, got, cure }) }
    }
}
