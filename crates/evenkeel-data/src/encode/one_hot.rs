//! A column of 0 and 1 for each level.

use std::fmt;

use evenkeel_tensor::{Float, Tensor};

use super::{Census, Observed, OfLevels, categories, places};
use crate::feature::rows::{check_width, zeros};
use crate::table::{Categorical, Table, check_names};
use crate::{DataError, TableError};

const NAME: &str = "OneHot";

/// What becomes of a level that the training data did not have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Unseen {
    /// An error that names row, column and level.
    #[default]
    Error,
    /// 0 in all columns.
    Ignore,
    /// It counts as a rare level, where the training data had such; otherwise 0 in all columns, since the weights of a column
    /// that was always 0 have learnt nothing.
    Other,
}

/// Which level has no column of its own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DropLevel {
    /// Each has one. The columns of a variable then sum to 1, as a network's bias does.
    #[default]
    None,
    /// The first level has none: for linear models without a penalty.
    First,
    /// The first of two has none: so yes and no are one column.
    IfBinary,
}

/// Each categorical column to a column of 0 and 1 for each of its levels, named `ward=surgery`, in [`Categorical::order`].
///
/// - **Missing values** are a level of their own, `ward=<missing>`, where the training data have any; elsewhere they count as
///   unseen. To give them the most frequent level, impute first.
/// - **Rare levels** ([`min_count`](Self::min_count), [`min_share`](Self::min_share)) share a column, `ward=<other>`, the last
///   one.
/// - **Unseen levels**: see [`Unseen`]. Where a level is dropped, all 0 means that level too.
///
/// As scikit-learn's `OneHotEncoder`, with `min_frequency` and `handle_unknown` (`ignore`; `infrequent_if_exist` is
/// [`Unseen::Other`]).
///
/// ```
/// use evenkeel_data::encode::{DropLevel, OneHot};
/// use evenkeel_data::table::{Categorical, Column, Table};
///
/// let table = Table::new(vec![
///     Column::categorical("ward", Categorical::from_values([Some("b"), None, Some("a"), Some("b")])),
///     Column::categorical("smokes", Categorical::from_values(["no", "yes", "no", "no"].map(Some))),
/// ])?;
/// let encoder = OneHot::default().drop_level(DropLevel::IfBinary).fit(&table)?;
/// assert_eq!(encoder.names(), ["ward=a", "ward=b", "ward=<missing>", "smokes=yes"]);
/// assert_eq!(encoder.transform::<f32>(&table)?.as_slice()[..8], [0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 1.0, 1.0]);
/// # Ok::<(), evenkeel_data::DataError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct OneHot {
    drop: DropLevel,
    unseen: Unseen,
    rare: Rare,
}

/// What is rare.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
enum Rare {
    #[default]
    Nothing,
    BelowCount(usize),
    BelowShare(f64),
}

impl OneHot {
    /// Which level has no column, none by default.
    #[must_use]
    pub fn drop_level(self, drop: DropLevel) -> Self {
        Self { drop, ..self }
    }

    /// What becomes of unseen levels; an error by default.
    #[must_use]
    pub fn unseen(self, unseen: Unseen) -> Self {
        Self { unseen, ..self }
    }

    /// Levels of fewer rows share a column.
    #[must_use]
    pub fn min_count(self, rows: usize) -> Self {
        Self { rare: Rare::BelowCount(rows), ..self }
    }

    /// Levels of a smaller share of the rows share a column.
    #[must_use]
    pub fn min_share(self, share: f64) -> Self {
        Self { rare: Rare::BelowShare(share), ..self }
    }

    /// Learns the levels of a table of categorical columns.
    ///
    /// # Errors
    /// If a column is of another kind, there are no rows, the share is not from 0 to 1, or there would be more than 2²⁰ columns
    /// (use [`TargetMean`](super::TargetMean) or a minimum count then).
    pub fn fit(&self, table: &Table) -> Result<FittedOneHot, DataError> {
        self.learn_from(table)
    }

    fn coding(&self, name: &str, seen: &Observed, least: f64) -> Coding {
        let missing = (seen.missing > 0).then_some((Category::Missing, seen.missing));
        let levels = seen.levels.iter().map(|(level, count)| (Category::Level(level.clone()), *count)).chain(missing);
        let (mut columns, mut rare) = (Vec::new(), Vec::new());
        for (category, count) in levels {
            if count as f64 >= least { &mut columns } else { &mut rare }.push(category);
        }
        if !rare.is_empty() {
            columns.push(Category::Other);
        }
        let is_dropped = match self.drop {
            DropLevel::None => false,
            DropLevel::First => true,
            DropLevel::IfBinary => columns.len() == 2,
        };
        let dropped = is_dropped.then(|| columns.remove(0));
        Coding { name: name.into(), columns, dropped, rare }
    }
}

impl OfLevels for OneHot {
    type Fitted = FittedOneHot;
    const NAME: &'static str = NAME;

    fn learn(&self, census: &Census) -> Result<FittedOneHot, DataError> {
        let least = match self.rare {
            Rare::Nothing => 0.0,
            Rare::BelowCount(rows) => rows as f64,
            Rare::BelowShare(share) if (0.0..=1.0).contains(&share) => share * census.rows as f64,
            Rare::BelowShare(got) => {
                return Err(DataError::Setting { operation: NAME, expected: "a share from 0 to 1", got });
            }
        };
        let columns = census.columns.iter().map(|(name, seen)| self.coding(name, seen, least));
        let fitted = FittedOneHot { columns: columns.collect(), unseen: self.unseen };
        check_width(NAME, fitted.width() as f64)?;
        fitted.columns.iter().try_for_each(Coding::check_levels)?;
        check_names(NAME, fitted.names().iter().map(String::as_str))?;
        Ok(fitted)
    }
}

/// The columns that are made of each column, as [`OneHot`] has learnt them.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct FittedOneHot {
    columns: Vec<Coding>,
    unseen: Unseen,
}

#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
struct Coding {
    name: String,
    columns: Vec<Category>,
    dropped: Option<Category>,
    rare: Vec<Category>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
enum Category {
    Level(String),
    Missing,
    Other,
}

impl fmt::Display for Category {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Level(level) => level,
            Self::Missing => "<missing>",
            Self::Other => "<other>",
        })
    }
}

/// Where a row's 1 stands.
#[derive(Clone, Copy, PartialEq)]
enum Place {
    At(usize),
    /// No column has it.
    Nowhere,
    Unseen,
}

impl Coding {
    /// Refuses levels that are named as the columns for missing values and for rare levels, if there are such too.
    fn check_levels(&self) -> Result<(), DataError> {
        for (shared, what, cure) in [
            (Category::Missing, "missing values", "rename the level, or impute the column first"),
            (Category::Other, "rare levels", "rename the level, or take a smaller minimum"),
        ] {
            let name = shared.to_string();
            if self.columns.contains(&shared) && self.columns.contains(&Category::Level(name.clone())) {
                return Err(DataError::Table(TableError::Column {
                    operation: NAME,
                    column: self.name.as_str().into(),
                    expected: format!("no level {name:?}, which names the column for {what}"),
                    got: format!("such a level and {what}"),
                    cure,
                }));
            }
        }
        Ok(())
    }

    fn other(&self) -> Place {
        let other = self.columns.iter().position(|category| *category == Category::Other);
        other.map_or(Place::Nowhere, Place::At)
    }

    /// The places of the levels of `x`, and at the end that of missing values.
    fn places(&self, x: &Categorical) -> Vec<Place> {
        let columns = self.columns.iter().enumerate().map(|(at, category)| (category, Place::At(at)));
        let rare = self.rare.iter().map(|category| (category, self.other()));
        let dropped = self.dropped.iter().map(|category| (category, Place::Nowhere));
        let (mut levels, mut known, mut missing) = (Vec::new(), Vec::new(), Place::Unseen);
        for (category, place) in columns.chain(rare).chain(dropped) {
            match category {
                Category::Level(level) => {
                    levels.push(level.as_str());
                    known.push(place);
                }
                Category::Missing => missing = place,
                Category::Other => {}
            }
        }
        let place = |at: Option<usize>| at.map_or(Place::Unseen, |at| known[at]);
        places(x, levels).into_iter().map(place).chain([missing]).collect()
    }
}

impl FittedOneHot {
    /// The names of the columns that come out, such as `ward=surgery`.
    pub fn names(&self) -> Vec<String> {
        let all = self.columns.iter().flat_map(|coding| coding.columns.iter().map(|category| (&coding.name, category)));
        all.map(|(name, category)| format!("{name}={category}")).collect()
    }

    fn width(&self) -> usize {
        self.columns.iter().map(|coding| coding.columns.len()).sum()
    }

    /// The names of the columns that are made of one of the fit's.
    pub(crate) fn names_of(&self, column: &str) -> Vec<String> {
        let codings = self.columns.iter().filter(|coding| coding.name == column);
        codings.flat_map(|coding| coding.columns.iter().map(|category| format!("{column}={category}"))).collect()
    }

    /// The levels of a column of the fit, of the numbers in what was made of it. Where every row has a 1, the level of the
    /// largest number, the first of equals; where a row may be all 0, only if the number is above 1/2, and otherwise the dropped
    /// level: unseen levels come back as that one, and so do missing values if the fit had none. Without a dropped level these are
    /// missing, as rare levels are.
    pub(crate) fn levels_of(&self, column: &str, made: &[&[f64]], rows: usize) -> Categorical {
        let level = |category: &'_ Category| match category {
            Category::Level(level) => Some(level.clone()),
            Category::Missing | Category::Other => None,
        };
        let coding = self.columns.iter().find(|coding| coding.name == column);
        let may_be_zero = coding.is_some_and(|coding| {
            let is_unseen_zero = match self.unseen {
                Unseen::Error => false,
                Unseen::Ignore => true,
                Unseen::Other => coding.other() == Place::Nowhere,
            };
            is_unseen_zero || coding.dropped.is_some()
        });
        let of_row = |row: usize| {
            let coding = coding?;
            if made.iter().any(|x| x[row].is_nan()) {
                return None;
            }
            let largest = (0..made.len()).reduce(|a, b| if made[b][row] > made[a][row] { b } else { a });
            let place = largest.filter(|&at| !may_be_zero || made[at][row] > 0.5);
            place.map_or(coding.dropped.as_ref(), |at| coding.columns.get(at)).and_then(level)
        };
        Categorical::from_values((0..rows).map(of_row))
    }

    /// The columns of the fit as 0 and 1, of shape (rows, [`names`](Self::names)). Other columns of `table` do not matter.
    ///
    /// # Errors
    /// If a column is not there or of another kind, there is an unseen level and the policy is [`Unseen::Error`], or the new
    /// columns do not fit into memory.
    pub fn transform<F: Float>(&self, table: &Table) -> Result<Tensor<F>, DataError> {
        let mut out = zeros::<F>(NAME, table.rows(), self.width())?;
        let (width, mut first) = (self.width(), 0);
        for coding in &self.columns {
            let x = categories(NAME, table, &coding.name)?;
            let places = coding.places(x);
            for (row, &code) in x.codes().iter().enumerate() {
                // The code of a missing value is beyond all levels.
                let place = match places[(code as usize).min(places.len() - 1)] {
                    Place::Unseen => self.unseen(coding, x, row)?,
                    known => known,
                };
                if let Place::At(at) = place {
                    out.as_mut_slice()[row * width + first + at] = F::ONE;
                }
            }
            first += coding.columns.len();
        }
        Ok(out)
    }

    /// The place of the unseen level of a row.
    fn unseen(&self, coding: &Coding, x: &Categorical, row: usize) -> Result<Place, DataError> {
        match self.unseen {
            Unseen::Ignore => Ok(Place::Nowhere),
            Unseen::Other => Ok(coding.other()),
            Unseen::Error => {
                Err(unseen(NAME, &coding.name, x, row, "choose what becomes of such with `unseen`, or fit again"))
            }
        }
    }
}

/// The error of a level that the training data did not have.
pub(super) fn unseen(
    operation: &'static str,
    name: &str,
    x: &Categorical,
    row: usize,
    cure: &'static str,
) -> DataError {
    let got = x.get(row).map_or("a missing value, of which it had none".into(), |level| format!("{level:?}"));
    DataError::Table(TableError::Cell {
        operation,
        row,
        column: name.into(),
        expected: "a level of the training data",
        got,
        cure,
    })
}
