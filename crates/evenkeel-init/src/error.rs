//! What can be wrong with an initialisation.

use evenkeel_tensor::{Float, Shape, ShapeError};

/// Why a weight cannot be initialised: what was expected, what came, and the cure.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum InitError {
    /// A shape that does not fit the values or has no fans.
    #[error(transparent)]
    Shape(#[from] ShapeError),
    /// A parameter of an initialiser out of its range.
    #[error("{initializer}: expected {parameter} {expected}, got {got}; {cure}")]
    Parameter {
        /// The initialiser's name.
        initializer: &'static str,
        /// The parameter's name.
        parameter: &'static str,
        /// What would have been right.
        expected: String,
        /// The value that came.
        got: f64,
        /// What to do about it.
        cure: &'static str,
    },
    /// A layer's output that no scaling of its weight brings to a variance of 1.
    #[error(
        "Lsuv: expected an output of positive and finite variance, got {got}; check that the batch is finite and varies, that no weight \
         before the layer is all 0, and that the layer's own is not"
    )]
    OutputVariance {
        /// The variance that came.
        got: f64,
    },
    /// A rule of a policy that is for nothing in the network.
    #[error(
        "Policy: expected a weight or bias for each rule, got none for {rule}; check the name against the network's summary, or call \
         allow_unmatched if the policy serves several networks"
    )]
    UnmatchedRule {
        /// The rule, as it was given.
        rule: String,
    },
}

impl InitError {
    /// Checks that `len` values are as many as `shape` has; `initializer` is named in the error.
    ///
    /// # Errors
    /// If they are not.
    pub fn check_length(initializer: &'static str, len: usize, shape: &Shape) -> Result<(), Self> {
        if len == shape.numel() {
            return Ok(());
        }
        Err(Self::Shape(ShapeError::new(
            initializer,
            format!("{} values for shape {shape}", shape.numel()),
            format!("{len} values"),
            "give the shape of the weight that the slice holds",
        )))
    }
}

/// `value` as `F`, if it is finite there and not rounded to 0.
pub(crate) fn in_range<F: Float>(
    initializer: &'static str,
    parameter: &'static str,
    value: f64,
) -> Result<F, InitError> {
    let rounded = F::from_f64(value);
    if rounded.is_finite() && (rounded != F::ZERO || value == 0.0) {
        return Ok(rounded);
    }
    Err(InitError::Parameter {
        initializer,
        parameter,
        expected: format!("finite and within the range of {}", F::NAME),
        got: value,
        cure: "give a number of ordinary size",
    })
}

/// `value`, if it is finite and not negative.
pub(crate) fn not_negative(initializer: &'static str, parameter: &'static str, value: f64) -> Result<f64, InitError> {
    if value.is_finite() && value >= 0.0 {
        return Ok(value);
    }
    Err(InitError::Parameter {
        initializer,
        parameter,
        expected: "finite and not negative".into(),
        got: value,
        cure: "give a scale such as 1; its sign would not change the law",
    })
}
