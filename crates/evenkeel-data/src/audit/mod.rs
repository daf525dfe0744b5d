//! What is wrong with a table for a network, in order of harm, each with its cure as code.
//!
//! [`Audit::run`] looks at a table and a target, and gives an [`AuditReport`]: [findings](Finding), the worst first, a [`Summary`] of
//! each column, and a [`Pipeline`] that cures what a pipeline can cure. It displays as text; `evenkeel-train` makes a page of it.
//!
//! ```
//! use evenkeel_data::audit::{Audit, Harm, Problem};
//! use evenkeel_data::encode::Target;
//! use evenkeel_data::Seed;
//! use evenkeel_data::table::{Column, Table};
//!
//! let hundred = |f: fn(f64) -> f64| (0..100).map(f64::from).map(f).collect::<Vec<_>>();
//! let patients = Table::new(vec![
//!     Column::numeric("dose", hundred(|i| 1e-4 * (i * 7.0 % 31.0))),
//!     Column::numeric("cells", hundred(|i| if i == 3.0 { f64::NAN } else { 1e5 * (i * 3.0 % 17.0) })),
//!     Column::numeric("ward", hundred(|_| 4.0)),
//!     Column::numeric("discharged", hundred(|i| f64::from(i < 5.0))),
//!     Column::numeric("ill", hundred(|i| f64::from(i < 5.0))),
//! ])?;
//! let report = Audit::default().run(&patients, Target::ClassColumn("ill"))?;
//! let problems: Vec<_> = report.findings().iter().map(|finding| finding.problem).collect();
//! assert_eq!(problems[..2], [Problem::Missing, Problem::Leakage]);
//! assert_eq!(report.findings()[1].columns[0].name, "discharged");
//! assert_eq!(report.findings()[0].harm(), Harm::Breaks);
//! assert_eq!(report.findings()[0].cure(), ".step(Kind::Numeric, Impute::median().with_indicators())");
//! println!("{report}");
//!
//! let (fitted, inputs) = report.pipeline(Seed(7)).fit_transform::<f32>(&patients, Target::ClassColumn("ill"))?;
//! assert_eq!(fitted.names(), ["dose", "cells", "cells_missing"]);
//! assert!(inputs.as_slice().iter().all(|x| x.is_finite()));
//! # Ok::<(), evenkeel_data::DataError>(())
//! ```
//!
//! Audit the training rows, after splitting: what a pipeline drops and transforms is chosen by the rows that it sees, and their targets.
//!
//! # What is looked for
//!
//! | problem | found where | harm |
//! |---|---|---|
//! | [`MissingTarget`](Problem::MissingTarget) | rows have no target | breaks |
//! | [`OneClass`](Problem::OneClass) | all rows are of one class | breaks |
//! | [`Infinite`](Problem::Infinite) | a value is infinite | breaks |
//! | [`Empty`](Problem::Empty) | a column has no value at all | breaks |
//! | [`Missing`](Problem::Missing) | a column of numbers or moments misses values; of levels they are a level | breaks |
//! | [`Levels`](Problem::Levels), [`ManyLevels`](Problem::ManyLevels) | a column has up to 20 levels, or more | breaks |
//! | [`Moments`](Problem::Moments) | a column has dates | breaks |
//! | [`Huge`](Problem::Huge) | a magnitude is above 1e18, whose square no `f32` holds | breaks |
//! | [`Leakage`](Problem::Leakage) | a column alone tells the target: see below | misleads |
//! | [`TellingGaps`](Problem::TellingGaps) | so does where a column misses values | misleads |
//! | [`Identifier`](Problem::Identifier) | each known value is a level of its own, or they are consecutive whole numbers | misleads |
//! | [`Duplicates`](Problem::Duplicates) | rows are there more than once, identifiers aside | misleads |
//! | [`Contradictions`](Problem::Contradictions) | rows with equal inputs are of different classes | misleads |
//! | [`Imbalance`](Problem::Imbalance) | the rarest class has less than 0.4 of an even share | misleads |
//! | [`RareClass`](Problem::RareClass) | a class has fewer than 10 rows | misleads |
//! | [`Scale`](Problem::Scale) | a deviation is not between 0.1 and 10, or a mean is above 10 deviations and 10 | hinders |
//! | [`Offset`](Problem::Offset) | a mean is above 1 000 deviations, so that an `f32` loses digits of the differences | hinders |
//! | [`Skew`](Problem::Skew) | the skewness of more than two values is above 2 in magnitude | hinders |
//! | [`Outliers`](Problem::Outliers) | in a column that is not skewed, a value lies more than 10 interquartile ranges beyond the quartiles | hinders |
//! | [`FewRows`](Problem::FewRows) | there is less than one row for each parameter, or fewer than 10 for each column | hinders |
//! | [`Constant`](Problem::Constant) | a column has one value, and misses none | wastes |
//! | [`NearlyConstant`](Problem::NearlyConstant) | 99 % or more of the rows have the same value | wastes |
//! | [`Copies`](Problem::Copies) | a column of numbers correlates by 0.999 or more in magnitude with one that misses no more values | wastes |
//!
//! **Leakage.** Each row's target is predicted from one column by the other rows: by those of the same value if there are any, and
//! otherwise by those of the nearest values. If the balanced accuracy (for classes), or the share of variance explained
//! (for values), is 0.99 or more (0.9 for gaps), the column is a suspect: it may have been written down after the outcome. It may also
//! be a very good feature; only who knows where it comes from can tell. Columns with fewer than 20 known values are not judged.

mod copies;
mod cure;
mod display;
mod finding;
mod leakage;
mod rows;
mod run;
mod search;
mod summary;

pub use finding::{Finding, Harm, Problem, Suspect};
pub use rows::distinct_rows;
pub use run::{Audit, AuditReport};
pub use summary::{Numbers, Summary};

#[cfg(doc)]
use crate::pipeline::Pipeline;
