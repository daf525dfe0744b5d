//! What cannot be searched.

use std::error::Error;

use evenkeel_data::DataError;
use evenkeel_tensor::Seed;

/// A search that could not begin or be finished.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SearchError {
    /// A λ that is none.
    #[error("LambdaSearch: expected a λ that is finite and not negative, got {lambda}; a penalty has a weight from 0")]
    Lambda {
        /// What came.
        lambda: f64,
    },
    /// No λ to try.
    #[error("LambdaSearch: expected at least one λ, got none; `log_range` makes a range of them")]
    NoLambda,
    /// No seed to train with.
    #[error("LambdaSearch: expected at least one seed, got none; one is enough, and more tell the spread of the fits")]
    NoSeed,
    /// Ends of a range that are none.
    #[error(
        "log_range: expected finite ends with 0 < from < to, and at least 2 values, got {count} from {from} to {to}"
    )]
    Range {
        /// The lower end.
        from: f64,
        /// The upper end.
        to: f64,
        /// The number of values.
        count: usize,
    },
    /// Reports that cannot be pooled.
    #[error("LambdaReport::pooled: expected reports on the same λ, got {got}; make each with the same search")]
    Pooled {
        /// What came.
        got: &'static str,
    },
    /// The data cannot be folded so.
    #[error(transparent)]
    Folds(#[from] DataError),
    /// A fit failed.
    #[error("LambdaSearch: λ = {lambda:e}, fold {fold}, seed {}: {source}", .seed.0)]
    Fit {
        /// The weight of the penalty.
        lambda: f64,
        /// The number of the fold, from 0.
        fold: usize,
        /// The seed of the repetition.
        seed: Seed,
        /// What went wrong.
        source: Box<dyn Error + Send + Sync>,
    },
    /// A fit whose error is not finite.
    #[error(
        "LambdaSearch: λ = {lambda:e}, fold {fold}, seed {}: expected a finite {what} error, got {value}; lower the learning rate, \
         or leave this λ out", .seed.0
    )]
    NotFinite {
        /// The weight of the penalty.
        lambda: f64,
        /// The number of the fold, from 0.
        fold: usize,
        /// The seed of the repetition.
        seed: Seed,
        /// `training` or `validation`.
        what: &'static str,
        /// What came.
        value: f64,
    },
}
