//! What cannot be diagnosed.

use std::error::Error;

use evenkeel_tensor::Seed;

/// Errors, settings or curves that nothing can be concluded from.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DiagnosisError {
    /// A share of wrong examples that is none.
    #[error("{what}: expected a share from 0 to 1, got {got}; give shares, not percent or losses")]
    Share {
        /// Which share.
        what: String,
        /// What came.
        got: f64,
    },
    /// An error rate of no examples.
    #[error("ErrorRate: expected at least one example, got none; measure the error on some")]
    NoExamples,
    /// More wrong examples than examples.
    #[error(
        "ErrorRate: expected at most as many wrong examples as there are, {examples}, got {wrong}; check their order"
    )]
    Wrong {
        /// The number of wrong examples.
        wrong: u64,
        /// The number of examples.
        examples: u64,
    },
    /// An error that is infinite or NaN.
    #[error("{what}: expected a finite number, got {value}; a training that diverged has no bias and no variance")]
    NotFinite {
        /// Which number.
        what: String,
        /// What came.
        value: f64,
    },
    /// A setting out of its range.
    #[error("{setting}: expected {expected}, got {got}")]
    Setting {
        /// The setting.
        setting: &'static str,
        /// Its range.
        expected: &'static str,
        /// What came.
        got: f64,
    },
    /// A metric that the history does not have.
    #[error(
        "history: expected a metric `{metric}`, got only {known}; record it in a callback, or ask for one of these"
    )]
    Metric {
        /// The metric asked for.
        metric: String,
        /// The metrics there are.
        known: String,
    },
    /// No evaluation with steps before it.
    #[error(
        "history: expected an evaluation with `{validation}` and values of `{train}` up to it, got none; evaluate while training"
    )]
    NoEvaluation {
        /// The metric of training.
        train: String,
        /// The metric of validation.
        validation: String,
    },
    /// Sizes that are no learning curve.
    #[error("LearningCurve: expected at least one size, from 1 and each above the one before, got {got}; sort them")]
    Sizes {
        /// What came.
        got: String,
    },
    /// No seed to measure with.
    #[error("LearningCurve: expected at least one seed, got none; three to ten show the spread")]
    NoSeeds,
    /// A measurement failed.
    #[error("LearningCurve: size {size}, seed {}: {source}", .seed.0)]
    Measurement {
        /// The number of examples.
        size: usize,
        /// The seed.
        seed: Seed,
        /// What went wrong.
        source: Box<dyn Error + Send + Sync>,
    },
}

/// The value, if it is finite.
pub(super) fn finite(what: impl FnOnce() -> String, value: f64) -> Result<f64, DiagnosisError> {
    if value.is_finite() { Ok(value) } else { Err(DiagnosisError::NotFinite { what: what(), value }) }
}
