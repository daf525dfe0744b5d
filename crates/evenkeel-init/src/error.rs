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
    /// A layer's output whose variance hardly follows the scale of its weight.
    #[error(
        "Lsuv: expected the variance {before} of an output to come nearer to 1 with the weight's division by its deviation, got {after}; \
         the layer normalises its weight, or adds to what it makes of it: start the plain layer with it and wrap it afterwards, or \
         freeze the parameter"
    )]
    UnresponsiveOutput {
        /// The variance with the weight as it was.
        before: f64,
        /// The variance with the divided weight.
        after: f64,
    },
    /// A rule of a policy that is for nothing in the network.
    #[error(
        "Policy: expected a weight or bias for each rule, got none for {rule}; check the name against the network's summary (a layer \
         within a wrapper such as WeightNorm goes by its own kind, and its weight is drawn as `weight`), or call allow_unmatched if \
         the policy serves several networks"
    )]
    UnmatchedRule {
        /// The rule, as it was given.
        rule: String,
    },
    /// What is wrong, and with which parameter of a network.
    #[error("parameter `{path}`: {source}")]
    At {
        /// The parameter's path.
        path: String,
        /// What is wrong with it.
        source: Box<Self>,
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
    let expected = format!("finite and within the range of {}", F::NAME);
    Err(InitError::Parameter { initializer, parameter, expected, got: value, cure: "give a number of ordinary size" })
}

/// A scale `value` as `F`, as by [`in_range`], if the value farthest from 0 that it gives, by `farthest` of
/// the rounded scale, is finite there as well.
pub(crate) fn scale_in_range<F: Float>(
    initializer: &'static str,
    parameter: &'static str,
    value: f64,
    farthest: impl Fn(f64) -> f64,
) -> Result<F, InitError> {
    let rounded: F = in_range(initializer, parameter, value)?;
    if F::from_f64(farthest(rounded.to_f64())).is_finite() {
        return Ok(rounded);
    }
    let expected = format!("such that all values are finite and within the range of {}", F::NAME);
    Err(InitError::Parameter { initializer, parameter, expected, got: value, cure: "give a number of ordinary size" })
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
