//! Metrics of classifiers and regressions, with intervals; thresholds; calibration.
//!
//! Labels and predictions are plain slices: labels of two classes are `bool`s or the numbers 0 and 1, of more classes numbers from
//! 0; scores are `f32` or `f64`. Sums are taken in f64. The measures are those of scikit-learn, with its treatment of ties; where
//! one is 0/0, [`BinaryCounts`] says what is given.
//!
//! | to know | from | use |
//! |---|---|---|
//! | which classes are confused, precision, recall, F, Matthews' correlation | decisions | [`ConfusionMatrix`] |
//! | how well positives are told from negatives at all thresholds | scores | [`Ranking`] |
//! | where to decide | scores of validation data | [`Threshold`] |
//! | whether probabilities mean what they say | probabilities | [`CalibrationCurve`], [`log_loss`], [`brier_score`] |
//! | how large real-valued errors are | predictions | [`RegressionErrors`] |
//! | how sure any of this is | a closure | [`Bootstrap`] |
//!
//! ```
//! use evenkeel_data::Seed;
//! use evenkeel_data::metrics::{Bootstrap, ConfusionMatrix, Ranking, Threshold};
//!
//! let labels = [false, false, true, false, true, true, false, false];
//! let scores = [0.1f32, 0.3, 0.35, 0.4, 0.6, 0.8, 0.2, 0.05];
//! let validation = Ranking::new(&labels, &scores)?;
//! let threshold = Threshold::for_recall(&validation, 0.9)?;
//!
//! let (labels, scores) = ([true, false, true, false], [0.9f32, 0.2, 0.36, 0.5]);
//! let decisions = threshold.apply(&scores)?;
//! let matrix = ConfusionMatrix::new(2, &labels, &decisions)?;
//! assert_eq!((matrix.class(1).recall(), matrix.class(1).specificity()), (1.0, 0.5));
//!
//! let accuracy = Bootstrap::new().interval(labels.len(), Seed(7), |rows| {
//!     Some(rows.iter().filter(|&&row| labels[row] == decisions[row]).count() as f64 / rows.len() as f64)
//! })?;
//! assert_eq!((accuracy.estimate, accuracy.high), (0.75, 1.0));
//! # Ok::<(), evenkeel_data::DataError>(())
//! ```

mod bca;
mod bootstrap;
mod calibration;
mod check;
mod confusion;
mod counts;
mod curves;
mod probability;
mod quantile;
mod ranking;
mod regression;
mod table;
mod threshold;

pub use bootstrap::{Bootstrap, Interval};
pub use calibration::{Bins, CalibrationBin, CalibrationCurve, top_label};
pub use confusion::{Average, ConfusionMatrix};
pub use counts::BinaryCounts;
pub use curves::{GainPoint, PrecisionRecallPoint, RocPoint};
pub use probability::{brier_score, log_loss, multiclass_brier_score, multiclass_log_loss};
pub use ranking::Ranking;
pub use regression::RegressionErrors;
pub use threshold::{Threshold, ThresholdRule};
