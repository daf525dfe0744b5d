//! One named column.

use std::fmt;

use super::Categorical;
use crate::{DataError, TableError};

/// What the values of a column are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Kind {
    /// Numbers.
    Numeric,
    /// One of a set of levels each, such as a colour or a diagnosis.
    Categorical,
    /// Moments in time.
    DateTime,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Numeric => "numeric",
            Self::Categorical => "categorical",
            Self::DateTime => "date-time",
        })
    }
}

/// The values of a column.
///
/// Two are equal if they are missing in the same rows and have the same values elsewhere.
#[derive(Clone, Debug)]
pub enum Values {
    /// Numbers; NaN is a missing one.
    Numeric(Vec<f64>),
    /// Levels, any of which may be missing.
    Categorical(Categorical),
    /// Seconds since 1970-01-01 00:00:00 UTC, without leap seconds; NaN is a missing one.
    DateTime(Vec<f64>),
}

impl Values {
    /// The kind.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Numeric(_) => Kind::Numeric,
            Self::Categorical(_) => Kind::Categorical,
            Self::DateTime(_) => Kind::DateTime,
        }
    }

    /// The number of values, missing ones included.
    pub fn len(&self) -> usize {
        match self {
            Self::Numeric(x) | Self::DateTime(x) => x.len(),
            Self::Categorical(x) => x.len(),
        }
    }

    /// Whether there are no values.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether the value of `row` is missing.
    ///
    /// # Panics
    /// If there is no such row.
    #[track_caller]
    pub fn is_missing(&self, row: usize) -> bool {
        match self {
            Self::Numeric(x) | Self::DateTime(x) => x[row].is_nan(),
            Self::Categorical(x) => x.codes()[row] == Categorical::MISSING,
        }
    }

    /// The values of these rows, in that order.
    #[track_caller]
    pub(crate) fn subset(&self, rows: &[usize]) -> Self {
        let pick = |x: &[f64]| rows.iter().map(|&row| x[row]).collect();
        match self {
            Self::Numeric(x) => Self::Numeric(pick(x)),
            Self::DateTime(x) => Self::DateTime(pick(x)),
            Self::Categorical(x) => Self::Categorical(x.subset(rows)),
        }
    }
}

impl PartialEq for Values {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Numeric(a), Self::Numeric(b)) | (Self::DateTime(a), Self::DateTime(b)) => {
                a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a == b || (a.is_nan() && b.is_nan()))
            }
            (Self::Categorical(a), Self::Categorical(b)) => a == b,
            _ => false,
        }
    }
}

/// A column of a [`Table`](super::Table): a name, and a value for each row.
///
/// ```
/// use evenkeel_data::table::{Categorical, Column, Kind};
///
/// let dose = Column::numeric("dose", vec![0.5, f64::NAN, 2.0]);
/// assert_eq!((dose.name(), dose.kind(), dose.missing()), ("dose", Kind::Numeric, 1));
///
/// let ward = Column::categorical("ward", Categorical::from_values([Some("b"), Some("a"), None]));
/// assert_eq!(ward.categories()?.levels(), ["a", "b"]);
/// let error = ward.numbers().unwrap_err().to_string();
/// assert_eq!(error, r#"numbers: column "ward": expected a numeric column, got a categorical one; encode it first"#);
/// # Ok::<(), evenkeel_data::DataError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Column {
    name: String,
    values: Values,
}

impl Column {
    /// A column of this name.
    pub fn new(name: impl Into<String>, values: Values) -> Self {
        Self { name: name.into(), values }
    }

    /// A column of numbers, of which NaN are missing.
    pub fn numeric(name: impl Into<String>, values: Vec<f64>) -> Self {
        Self::new(name, Values::Numeric(values))
    }

    /// A column of levels.
    pub fn categorical(name: impl Into<String>, values: Categorical) -> Self {
        Self::new(name, Values::Categorical(values))
    }

    /// A column of moments: seconds since 1970-01-01 00:00:00 UTC, of which NaN are missing.
    pub fn date_time(name: impl Into<String>, seconds: Vec<f64>) -> Self {
        Self::new(name, Values::DateTime(seconds))
    }

    /// The name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The same column under another name.
    pub fn renamed(self, name: impl Into<String>) -> Self {
        Self { name: name.into(), ..self }
    }

    /// The values.
    pub fn values(&self) -> &Values {
        &self.values
    }

    /// The values, without a copy.
    pub fn into_values(self) -> Values {
        self.values
    }

    /// What the values are.
    pub fn kind(&self) -> Kind {
        self.values.kind()
    }

    /// The number of rows.
    pub fn len(&self) -> usize {
        self.values.len()
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// The number of rows whose value is missing.
    pub fn missing(&self) -> usize {
        (0..self.len()).filter(|&row| self.values.is_missing(row)).count()
    }

    /// The rows whose value is not missing.
    pub fn known_rows(&self) -> Vec<usize> {
        (0..self.len()).filter(|&row| !self.values.is_missing(row)).collect()
    }

    /// The numbers of a numeric column.
    ///
    /// # Errors
    /// If the column is of another kind.
    pub fn numbers(&self) -> Result<&[f64], DataError> {
        match &self.values {
            Values::Numeric(x) => Ok(x),
            Values::Categorical(_) => Err(self.refused("numbers", "a numeric column", "encode it first")),
            Values::DateTime(_) => {
                Err(self.refused("numbers", "a numeric column", "make numbers of it first, or take `seconds`"))
            }
        }
    }

    /// The levels of a categorical column.
    ///
    /// # Errors
    /// If the column is of another kind.
    pub fn categories(&self) -> Result<&Categorical, DataError> {
        match &self.values {
            Values::Categorical(x) => Ok(x),
            _ => Err(self.refused(
                "categories",
                "a categorical column",
                "declare it categorical where it is read, or make it so with `Categorical::from_numbers`",
            )),
        }
    }

    /// The seconds since 1970-01-01 00:00:00 UTC of a date-time column.
    ///
    /// # Errors
    /// If the column is of another kind.
    pub fn seconds(&self) -> Result<&[f64], DataError> {
        match &self.values {
            Values::DateTime(x) => Ok(x),
            _ => Err(self.refused("seconds", "a date-time column", "declare it a date-time where it is read")),
        }
    }

    pub(crate) fn refused(&self, operation: &'static str, expected: &str, cure: &'static str) -> DataError {
        let got = format!("a {} one", self.kind());
        DataError::Table(TableError::Column {
            operation,
            column: self.name.as_str().into(),
            expected: expected.into(),
            got,
            cure,
        })
    }
}
