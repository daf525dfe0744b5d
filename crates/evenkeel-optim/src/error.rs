//! What can be wrong with an optimiser's settings, its network, its gradients or its saved state.

use evenkeel_module::Mismatch;
use evenkeel_tensor::Float;
use thiserror::Error;

/// Why an optimiser refuses: what was expected, what came, and the cure. Nothing has been changed.
#[derive(Clone, Debug, PartialEq, Error)]
#[non_exhaustive]
pub enum OptimError {
    /// A setting out of its range.
    #[error("{of}: expected {setting} {expected}, got {got}; {cure}")]
    Setting {
        /// Whose setting: the rule, `Schedule`, `Group`, ...
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
    /// A group whose pattern fits no parameter.
    #[error(
        "Optimizer: group `{pattern}`: expected it to fit some parameter's path, got none among {paths}; \
         correct the pattern"
    )]
    EmptyGroup {
        /// The pattern.
        pattern: String,
        /// The network's paths, or the first few.
        paths: String,
    },
    /// The network is not the one that the optimiser has state for.
    #[error(
        "Optimizer::step: expected the network of the steps before, with {expected}, got {got}; \
         make a new optimiser for another network"
    )]
    OtherNetwork {
        /// The first difference, as it was.
        expected: String,
        /// The first difference, as it is.
        got: String,
    },
    /// The global norm of the gradients is infinite or NaN, so that no clipping makes sense. No parameter was changed.
    #[error(
        "Optimizer::step: expected a finite norm of the gradients, got {norm}; nothing was changed: look for the fault \
         with Pass::first_fault, lower the learning rate, or skip the batch"
    )]
    NotFinite {
        /// The norm.
        norm: f64,
    },
    /// A saved state of another rule.
    #[error(
        "Optimizer::load_state_dict: expected the state of {expected}, got that of {got}; use the rule that was saved"
    )]
    OtherRule {
        /// This optimiser's rule.
        expected: String,
        /// The saved one.
        got: String,
    },
    /// A saved state that lacks something, because it is of another network or damaged.
    #[error(
        "Optimizer::load_state_dict: expected `{name}`, which is not there; load the state saved with this network"
    )]
    Missing {
        /// The array or note.
        name: String,
    },
    /// A saved state with arrays that this network and rule have no use for.
    #[error(
        "Optimizer::load_state_dict: expected only this network's and rule's arrays, got also {}; \
         load the state saved with this network and these settings", .names.join(", ")
    )]
    Unexpected {
        /// The arrays.
        names: Vec<String>,
    },
    /// A saved array of another shape.
    #[error(
        "Optimizer::load_state_dict: `{}`: expected shape {}, got {}; load the state saved with this network",
        .0.path, .0.expected, .0.got
    )]
    Shape(Box<Mismatch>),
    /// A saved array or note with values that no run leaves behind.
    #[error(
        "Optimizer::load_state_dict: `{name}`: expected {expected}, got {got}; the file is damaged, take an older one"
    )]
    Damaged {
        /// The array or note.
        name: String,
        /// What would have been right.
        expected: &'static str,
        /// What came.
        got: String,
    },
}

/// The range of a setting, for [`OptimError::check`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bounds {
    /// Finite and at least 0.
    NonNegative,
    /// Finite and above 0.
    Positive,
    /// At least 0 and below 1: the weight of an average's past.
    BelowOne,
    /// From 0 to 1.
    Fraction,
}

impl OptimError {
    /// Checks that a setting, rounded to `F`, is within its bounds: an epsilon of 1e-60 is 0 in `f32`.
    ///
    /// ```
    /// use evenkeel_optim::{Bounds, OptimError};
    ///
    /// let error = OptimError::check::<f32>("Sgd", "momentum", 1.5, Bounds::BelowOne, "0.9 is usual").unwrap_err();
    /// assert_eq!(error.to_string(), "Sgd: expected momentum in [0, 1), got 1.5; 0.9 is usual");
    /// ```
    ///
    /// # Errors
    /// If it is not.
    pub fn check<F: Float>(
        of: &'static str,
        setting: &'static str,
        got: f64,
        bounds: Bounds,
        cure: &'static str,
    ) -> Result<(), Self> {
        let value = F::from_f64(got).to_f64();
        let (fits, expected) = match bounds {
            Bounds::NonNegative => (value >= 0.0 && value.is_finite(), "finite and not negative"),
            Bounds::Positive => (value > 0.0 && value.is_finite(), "finite and above 0"),
            Bounds::BelowOne => ((0.0..1.0).contains(&value), "in [0, 1)"),
            Bounds::Fraction => ((0.0..=1.0).contains(&value), "in [0, 1]"),
        };
        if fits { Ok(()) } else { Err(Self::Setting { of, setting, expected, got, cure }) }
    }
}
