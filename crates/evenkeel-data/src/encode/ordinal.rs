//! The position of a level in an order.

use std::collections::BTreeMap;

use evenkeel_tensor::{Float, Tensor};

use super::one_hot::unseen;
use super::{Census, Observed, OfLevels, categories, places};
use crate::DataError;
use crate::feature::rows::check_room;
use crate::table::{Categorical, Table};

const NAME: &str = "Ordinal";

/// What [`Ordinal`] makes of a level that the training data did not have.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum UnseenOrdinal {
    /// An error that names row, column and level.
    #[default]
    Error,
    /// A missing value.
    Missing,
    /// This number, such as -1; no position of a level.
    Value(f64),
}

/// Each categorical column to the position of its level, 0, 1, 2, ..., in an order that is given or found.
///
/// - **Order**: for each column the one of [`with_order`](Self::with_order), and otherwise
///   [`Categorical::order`](crate::table::Categorical::order): ascending numbers, then the others by letters. An order by
///   letters says nothing to a network, which takes positions as quantities: give one, or use another encoder.
/// - **Missing values** stay missing (NaN).
///
/// As scikit-learn's `OrdinalEncoder`.
///
/// ```
/// use evenkeel_data::encode::{Ordinal, UnseenOrdinal};
/// use evenkeel_data::table::{Categorical, Column, Table};
///
/// let sizes = |values: &[&str]| {
///     Table::new(vec![Column::categorical("size", Categorical::from_values(values.iter().map(|&size| Some(size))))])
/// };
/// let encoder = Ordinal::default().with_order("size", ["S", "M", "L"]).unseen(UnseenOrdinal::Value(-1.0));
/// let encoder = encoder.fit(&sizes(&["L", "S", "M"])?)?;
/// assert_eq!(encoder.transform::<f64>(&sizes(&["M", "L", "XL"])?)?.as_slice(), [1.0, 2.0, -1.0]);
/// # Ok::<(), evenkeel_data::DataError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Ordinal {
    orders: BTreeMap<String, Vec<String>>,
    unseen: UnseenOrdinal,
}

impl Ordinal {
    /// The order of the levels of a column.
    #[must_use]
    pub fn with_order<S: Into<String>>(mut self, column: &str, levels: impl IntoIterator<Item = S>) -> Self {
        self.orders.insert(column.into(), levels.into_iter().map(Into::into).collect());
        self
    }

    /// What becomes of unseen levels; an error by default.
    #[must_use]
    pub fn unseen(self, unseen: UnseenOrdinal) -> Self {
        Self { unseen, ..self }
    }

    /// Learns the levels of a table of categorical columns.
    ///
    /// # Errors
    /// If a column is of another kind, there are no rows, an order is for a column that is not there, has a level twice or
    /// misses one that comes, or the number for unseen levels is not finite
    /// or the position of a level.
    pub fn fit(&self, table: &Table) -> Result<FittedOrdinal, DataError> {
        self.learn_from(table)
    }
}

impl OfLevels for Ordinal {
    type Fitted = FittedOrdinal;
    const NAME: &'static str = NAME;

    fn learn(&self, census: &Census) -> Result<FittedOrdinal, DataError> {
        let refuse = |expected, got| Err(DataError::Setting { operation: NAME, expected, got });
        if let UnseenOrdinal::Value(got) = self.unseen
            && !got.is_finite()
        {
            return refuse("a finite number for unseen levels, or `UnseenOrdinal::Missing`", got);
        }
        let order = |(name, seen): &(String, Observed)| {
            let levels = self.orders.get(name).cloned().unwrap_or_else(|| seen.names());
            Order { name: name.clone(), levels }
        };
        let columns: Vec<Order> = census.columns.iter().map(order).collect();
        let most = columns.iter().map(|order| order.levels.len()).max().unwrap_or(0);
        match self.unseen {
            UnseenOrdinal::Value(got) if got.fract() == 0.0 && (0.0..most as f64).contains(&got) => {
                refuse("a number for unseen levels that is no level's position, such as -1", got)
            }
            unseen => Ok(FittedOrdinal { columns, unseen }),
        }
    }

    /// The levels of a given order are all that may come.
    fn check(&self, table: &Table) -> Result<(), DataError> {
        for (name, levels) in &self.orders {
            crate::table::check_levels(levels)?;
            let x = categories(NAME, table, name)?;
            let known = places(x, levels.iter().map(String::as_str));
            if let Some(row) = x.codes().iter().position(|&code| known.get(code as usize) == Some(&None)) {
                return Err(unseen(NAME, name, x, row, "add it to the column's order"));
            }
        }
        Ok(())
    }
}

/// The order of each column's levels, as [`Ordinal`] has learnt it.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct FittedOrdinal {
    columns: Vec<Order>,
    unseen: UnseenOrdinal,
}

#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
struct Order {
    name: String,
    levels: Vec<String>,
}

impl FittedOrdinal {
    /// The names of the columns that come out: those that go in.
    pub fn names(&self) -> Vec<String> {
        self.columns.iter().map(|order| order.name.clone()).collect()
    }

    /// The levels of each column, in order.
    pub fn levels(&self) -> impl Iterator<Item = (&str, &[String])> {
        self.columns.iter().map(|order| (order.name.as_str(), order.levels.as_slice()))
    }

    /// The levels of a column of the fit, of positions: the nearest, so the first or the last beyond the ends. Missing where the
    /// number for unseen levels is nearer, and for NaN.
    pub(crate) fn levels_of(&self, column: &str, positions: &[f64]) -> Categorical {
        let order = self.columns.iter().find(|order| order.name == column);
        let levels = order.map_or(&[][..], |order| &order.levels);
        let last = levels.len().saturating_sub(1) as f64;
        let level = |&x: &f64| {
            let nearest = x.round().clamp(0.0, last);
            let is_unseen =
                matches!(self.unseen, UnseenOrdinal::Value(value) if (x - value).abs() < (x - nearest).abs());
            // Of NaN a cast would make 0.
            if x.is_nan() || is_unseen { None } else { levels.get(nearest as usize) }
        };
        Categorical::from_values(positions.iter().map(level))
    }

    /// The columns of the fit as positions, of shape (rows, [`names`](Self::names)). Other columns of `table` do not matter.
    ///
    /// # Errors
    /// If a column is not there or of another kind, or there is an unseen level and the policy is [`UnseenOrdinal::Error`].
    pub fn transform<F: Float>(&self, table: &Table) -> Result<Tensor<F>, DataError> {
        let width = self.columns.len();
        check_room::<F>(NAME, table.rows(), width)?;
        let mut out = Tensor::full([table.rows(), width], F::NAN);
        for (at, order) in self.columns.iter().enumerate() {
            let x = categories(NAME, table, &order.name)?;
            let places = places(x, order.levels.iter().map(String::as_str));
            let rows = out.as_mut_slice().iter_mut().skip(at).step_by(width);
            for ((row, out), &code) in rows.enumerate().zip(x.codes()) {
                *out = match (places.get(code as usize), self.unseen) {
                    (Some(Some(position)), _) => F::from_usize(*position),
                    (None, _) | (_, UnseenOrdinal::Missing) => F::NAN,
                    (_, UnseenOrdinal::Value(value)) => F::from_f64(value),
                    (_, UnseenOrdinal::Error) => {
                        let cure = "choose what becomes of such with `unseen`, or fit again";
                        return Err(unseen(NAME, &order.name, x, row, cure));
                    }
                };
            }
        }
        Ok(out)
    }
}
