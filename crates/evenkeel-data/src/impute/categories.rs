//! Missing levels.

use super::indicator_name;
use crate::DataError;
use crate::encode::{Census, Observed, OfLevels, categories};
use crate::table::{Categorical, Column, Table};

const NAME: &str = "ImputeCategories";

/// Missing levels replaced by one level for each column: the most frequent one, or one of their own.
///
/// - **Indicators**: as of [`Impute`](super::Impute), numeric columns named `ward_missing` after all others.
/// - **Columns without values** have no most frequent level, and are left out; [`level`](Self::level) fills them as any other.
///
/// ```
/// use evenkeel_data::impute::ImputeCategories;
/// use evenkeel_data::table::{Categorical, Column, Table};
///
/// let wards = Categorical::from_values([Some("b"), None, Some("a"), Some("b")]);
/// let table = Table::new(vec![Column::categorical("ward", wards)])?;
/// let frequent = ImputeCategories::most_frequent().fit(&table)?.transform(&table)?;
/// assert_eq!(frequent.column("ward")?.categories()?.get(1), Some("b"));
/// let own = ImputeCategories::level("unknown").fit(&table)?.transform(&table)?;
/// assert_eq!(own.column("ward")?.categories()?.get(1), Some("unknown"));
/// # Ok::<(), evenkeel_data::DataError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImputeCategories {
    /// `None`: the most frequent one.
    level: Option<String>,
    indicators: bool,
}

impl ImputeCategories {
    /// By the most frequent level, of equally frequent ones the first in [`Categorical::order`].
    pub fn most_frequent() -> Self {
        Self { level: None, indicators: false }
    }

    /// By this level, which may be one that there is or a new one.
    pub fn level(level: impl Into<String>) -> Self {
        Self { level: Some(level.into()), indicators: false }
    }

    /// Says where values were missing, in columns of their own.
    #[must_use]
    pub fn with_indicators(self) -> Self {
        Self { indicators: true, ..self }
    }

    /// Learns from a table of categorical columns.
    ///
    /// # Errors
    /// If a column is of another kind, or there are no rows.
    pub fn fit(&self, table: &Table) -> Result<FittedImputeCategories, DataError> {
        self.learn_from(table)
    }
}

impl OfLevels for ImputeCategories {
    type Fitted = FittedImputeCategories;
    const NAME: &'static str = NAME;

    fn learn(&self, census: &Census) -> Result<FittedImputeCategories, DataError> {
        let filling = |(name, seen): &(String, Observed)| {
            let frequent = || seen.levels.iter().rev().max_by_key(|(_, count)| *count);
            let level = self.level.clone().or_else(|| Some(frequent()?.0.clone()));
            let indicator = self.indicators && seen.missing > 0 && level.is_some();
            Filling { name: name.clone(), level, indicator }
        };
        Ok(FittedImputeCategories { columns: census.columns.iter().map(filling).collect() })
    }
}

/// What each column is filled with, as [`ImputeCategories`] has learnt it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct FittedImputeCategories {
    columns: Vec<Filling>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
struct Filling {
    name: String,
    /// `None`: the column is left out.
    level: Option<String>,
    indicator: bool,
}

impl FittedImputeCategories {
    /// The level for each column of the fit; `None` for those that are left out, since they had no value.
    pub fn levels(&self) -> impl Iterator<Item = (&str, Option<&str>)> {
        self.columns.iter().map(|column| (column.name.as_str(), column.level.as_deref()))
    }

    /// Whether a column is kept, and has an indicator.
    pub(crate) fn keeps(&self, name: &str) -> Option<bool> {
        let column = self.columns.iter().find(|column| column.name == name)?;
        column.level.as_ref().map(|_| column.indicator)
    }

    /// The columns of the fit, filled, and the indicators. Other columns of `table` do not matter.
    ///
    /// # Errors
    /// If a column is not there or of another kind, or all columns are left out.
    pub fn transform(&self, table: &Table) -> Result<Table, DataError> {
        let (mut filled, mut indicators) = (Vec::new(), Vec::new());
        for Filling { name, level, indicator } in &self.columns {
            let x = categories(NAME, table, name)?;
            let Some(level) = level else { continue };
            filled.push(Column::categorical(name, fill(x, level)?));
            if *indicator {
                let missing = x.codes().iter().map(|&code| f64::from(u8::from(code == Categorical::MISSING))).collect();
                indicators.push(Column::numeric(indicator_name(name), missing));
            }
        }
        filled.append(&mut indicators);
        Table::new(filled)
    }
}

/// `x` with `level` where it is missing.
fn fill(x: &Categorical, level: &str) -> Result<Categorical, DataError> {
    let mut levels = x.levels().to_vec();
    let code = levels.iter().position(|l| l == level).unwrap_or(levels.len());
    if code == levels.len() {
        levels.push(level.into());
    }
    Categorical::new(
        x.codes().iter().map(|&c| if c == Categorical::MISSING { code as u32 } else { c }).collect(),
        levels,
    )
}
