//! What is to be predicted, where a fit looks at it.

use std::borrow::Cow;

use crate::table::{Table, Values};
use crate::{DataError, TableError};

/// What is to be predicted, for fits that look at it: beside a table, or one of its columns.
///
/// Classes need not be numbered without gaps: only those that come count, in ascending order. Missing and infinite targets are
/// refused with their row.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Target<'a> {
    /// Nothing.
    #[default]
    None,
    /// The class of each row.
    Classes(&'a [u32]),
    /// A real value for each row.
    Values(&'a [f64]),
    /// The column of this name, as classes: levels, or numbers that are equal.
    ClassColumn(&'a str),
    /// The numeric column of this name, as real values.
    ValueColumn(&'a str),
}

/// A target, checked.
pub(crate) enum Resolved<'a> {
    None,
    Classes(Known<'a>),
    Values(Cow<'a, [f64]>),
}

/// Classes without gaps.
pub(crate) struct Known<'a> {
    pub(crate) labels: Cow<'a, [u32]>,
    pub(crate) names: Vec<String>,
}

impl<'a> Target<'a> {
    /// The column of the table that is the target and so no input.
    pub(crate) fn column(self) -> Option<&'a str> {
        match self {
            Self::ClassColumn(name) | Self::ValueColumn(name) => Some(name),
            _ => None,
        }
    }

    /// The values for the rows of `table`.
    pub(crate) fn resolve(self, operation: &'static str, table: &'a Table) -> Result<Resolved<'a>, DataError> {
        let check = |targets: usize| {
            let samples = table.rows();
            let error = || DataError::Lengths { operation: operation.into(), samples, targets };
            if targets == samples { Ok(()) } else { Err(error()) }
        };
        Ok(match self {
            Self::None => Resolved::None,
            Self::Classes(labels) => {
                check(labels.len())?;
                Resolved::Classes(without_gaps(Cow::Borrowed(labels), |label| label.to_string()))
            }
            Self::ClassColumn(name) => {
                let (labels, names) = table.classes(name)?;
                Resolved::Classes(without_gaps(Cow::Owned(labels), |label| names[label as usize].clone()))
            }
            Self::Values(values) => {
                check(values.len())?;
                Resolved::Values(finite(operation, "target", values)?)
            }
            Self::ValueColumn(name) => match table.column(name)?.values() {
                Values::Numeric(values) => Resolved::Values(finite(operation, name, values)?),
                _ => {
                    let cure = "take it as classes, or choose another target";
                    return Err(table.column(name)?.refused(operation, "a numeric column", cure));
                }
            },
        })
    }
}

/// Only the classes that come: which others there could be is not known from these rows.
fn without_gaps<'a>(labels: Cow<'a, [u32]>, name: impl Fn(u32) -> String) -> Known<'a> {
    let mut distinct = labels.to_vec();
    distinct.sort_unstable();
    distinct.dedup();
    let names = distinct.iter().map(|&label| name(label)).collect();
    if distinct.last().is_none_or(|&last| last as usize + 1 == distinct.len()) {
        return Known { labels, names };
    }
    let code = |label| distinct.binary_search(label).expect("one of the labels") as u32;
    Known { labels: Cow::Owned(labels.iter().map(code).collect()), names }
}

fn finite<'a>(operation: &'static str, name: &str, values: &'a [f64]) -> Result<Cow<'a, [f64]>, DataError> {
    match values.iter().position(|value| !value.is_finite()) {
        None => Ok(Cow::Borrowed(values)),
        Some(row) => Err(DataError::Table(TableError::Cell {
            operation,
            row,
            column: name.into(),
            expected: "a finite target",
            got: values[row].to_string(),
            cure: "correct it, or leave the row out",
        })),
    }
}
