//! Bias or variance: a verdict on training and validation errors, how sure it is, and what to do, cheapest first.
//!
//! | error on training, validation | verdict | |
//! |---|---|---|
//! | 16 %, 35 % | [bad](Verdict::Bad) | high bias, high variance |
//! | 13 %, 17 % | [underfitting](Verdict::Underfitting) | high bias |
//! | 3 %, 13 % | [overfitting](Verdict::Overfitting) | high variance |
//! | 1 %, 2 % | [good](Verdict::Good) | |
//!
//! [`BiasVariance`] holds what the errors are judged by, and judges
//!
//! - two [`ErrorRate`]s, with intervals by the number of examples: [`of_rates`](BiasVariance::of_rates);
//! - two losses: [`of_losses`](BiasVariance::of_losses);
//! - a run by its history, and when the gap opened: [`of_run`](BiasVariance::of_run);
//! - a [`LearningCurve`] over sizes and seeds: [`of_curve`](BiasVariance::of_curve).
//!
//! ```
//! use evenkeel_train::diagnosis::{Advice, BiasVariance, Certainty, ErrorRate, Verdict};
//!
//! let diagnosis = BiasVariance::default().of_rates(ErrorRate::new(30, 1000)?, ErrorRate::new(130, 1000)?)?;
//! println!("{diagnosis}");
//! assert_eq!((diagnosis.verdict, diagnosis.certainty), (Verdict::Overfitting, Certainty::Certain));
//! assert_eq!(diagnosis.advice().first(), Some(&Advice::StopEarly));
//! assert_eq!(diagnosis.advice().last(), Some(&Advice::MoreData));
//! # Ok::<(), evenkeel_train::diagnosis::DiagnosisError>(())
//! ```

mod advice;
mod bias_variance;
mod error;
mod learning_curve;
mod rate;
mod run;
mod trend;
mod verdict;

pub use advice::{Advice, Cost};
pub use bias_variance::{BiasVariance, Diagnosis, Estimate};
pub use error::DiagnosisError;
pub use learning_curve::{CurveDiagnosis, CurvePoint, LearningCurve, SizeDiagnosis, Spread};
pub use rate::{ErrorRate, Interval};
pub use run::{RunDiagnosis, RunPoint};
pub use trend::GapTrend;
pub use verdict::{Certainty, Thresholds, Verdict};
