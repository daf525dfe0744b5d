//! Levels of categorical columns made into numbers.
//!
//! | encoder | a column becomes | a level that the training data did not have |
//! |---|---|---|
//! | [`OneHot`] | a column of 0 and 1 for each level | an error, all 0, or the column of rare levels |
//! | [`Ordinal`] | the position of its level, in an order that is given or found | an error, a number, or missing |
//! | [`TargetMean`] | the mean of the target among the rows of its level, shrunk to the mean of all: target encoding | the mean of all |
//! | [`Frequency`] | the share of its level among the rows | 0 |
//!
//! An encoder is fitted to a [`Table`] of categorical columns and finds its columns in other tables by name: their order, other
//! columns and the codes of levels do not matter. Only levels that come in the rows count, not those that a column could have.
//! In a [`Pipeline`](crate::pipeline::Pipeline) encoders are steps like any other.
//!
//! ```
//! use evenkeel_data::encode::{OneHot, Unseen};
//! use evenkeel_data::table::{Categorical, Column, Table};
//!
//! let of = |values: &[&str]| {
//!     let colours = Categorical::from_values(values.iter().map(|&value| Some(value)));
//!     Table::new(vec![Column::categorical("colour", colours)])
//! };
//! let encoder = OneHot::default().unseen(Unseen::Ignore).fit(&of(&["red", "blue", "red"])?)?;
//! assert_eq!(encoder.names(), ["colour=blue", "colour=red"]);
//! let new = encoder.transform::<f32>(&of(&["red", "green"])?)?;
//! assert_eq!(new.as_slice(), [0.0, 1.0, 0.0, 0.0]);
//! # Ok::<(), evenkeel_data::DataError>(())
//! ```

mod census;
mod folds;
mod frequency;
mod lookup;
mod one_hot;
mod ordinal;
mod target;
mod target_mean;

pub(crate) use census::{Census, OfLevels};
pub use frequency::{FittedFrequency, Frequency};
pub(crate) use lookup::{Observed, categories, each_column, find, places};
pub use one_hot::{DropLevel, FittedOneHot, OneHot, Unseen};
pub use ordinal::{FittedOrdinal, Ordinal, UnseenOrdinal};
pub(crate) use target::Resolved;
pub use target::Target;
pub use target_mean::{FittedTargetMean, TargetMean};

#[cfg(doc)]
use crate::Table;
