//! How often a level comes.

use evenkeel_tensor::{Float, Tensor};

use super::{Census, Observed, OfLevels, categories, places};
use crate::DataError;
use crate::feature::rows::zeros;
use crate::table::Table;

const NAME: &str = "Frequency";

/// Each categorical column to the share of its level among the rows of the training data; an unseen level has 0, and missing
/// values are a level of their own.
///
/// One column whatever the number of levels, without a target. Levels that are equally frequent become equal.
///
/// ```
/// use evenkeel_data::encode::Frequency;
/// use evenkeel_data::table::{Categorical, Column, Table};
///
/// let wards = Categorical::from_values([Some("b"), None, Some("a"), Some("b")]);
/// let table = Table::new(vec![Column::categorical("ward", wards)])?;
/// assert_eq!(Frequency.fit(&table)?.transform::<f64>(&table)?.as_slice(), [0.5, 0.25, 0.25, 0.5]);
/// # Ok::<(), evenkeel_data::DataError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Frequency;

impl Frequency {
    /// Learns the shares in a table of categorical columns.
    ///
    /// # Errors
    /// If a column is of another kind, or there are no rows.
    pub fn fit(&self, table: &Table) -> Result<FittedFrequency, DataError> {
        self.learn_from(table)
    }
}

impl OfLevels for Frequency {
    type Fitted = FittedFrequency;
    const NAME: &'static str = NAME;

    fn learn(&self, census: &Census) -> Result<FittedFrequency, DataError> {
        let share = |count: usize| count as f64 / census.rows as f64;
        let shares = |(name, seen): &(String, Observed)| {
            let levels = seen.levels.iter().map(|(level, count)| (level.clone(), share(*count))).collect();
            Shares { name: name.clone(), levels, missing: share(seen.missing) }
        };
        Ok(FittedFrequency { columns: census.columns.iter().map(shares).collect() })
    }
}

/// The share of each level, as [`Frequency`] has learnt it.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct FittedFrequency {
    columns: Vec<Shares>,
}

#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
struct Shares {
    name: String,
    levels: Vec<(String, f64)>,
    missing: f64,
}

impl FittedFrequency {
    /// The names of the columns that come out: those that go in.
    pub fn names(&self) -> Vec<String> {
        self.columns.iter().map(|shares| shares.name.clone()).collect()
    }

    /// The columns of the fit as shares, of shape (rows, [`names`](Self::names)). Other columns of `table` do not matter.
    ///
    /// # Errors
    /// If a column is not there or of another kind.
    pub fn transform<F: Float>(&self, table: &Table) -> Result<Tensor<F>, DataError> {
        let width = self.columns.len();
        let mut out = zeros::<F>(NAME, table.rows(), width)?;
        for (at, shares) in self.columns.iter().enumerate() {
            let x = categories(NAME, table, &shares.name)?;
            let places = places(x, shares.levels.iter().map(|(level, _)| level.as_str()));
            for (out, &code) in out.as_mut_slice().iter_mut().skip(at).step_by(width).zip(x.codes()) {
                *out = F::from_f64(match places.get(code as usize) {
                    Some(place) => place.map_or(0.0, |at| shares.levels[at].1),
                    None => shares.missing,
                });
            }
        }
        Ok(out)
    }
}
