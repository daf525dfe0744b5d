//! Tables: columns of numbers, levels and moments, by name.
//!
//! ```
//! use evenkeel_data::table::{Categorical, Column, Table};
//!
//! let patients = Table::new(vec![
//!     Column::numeric("age", vec![61.0, 48.0, f64::NAN]),
//!     Column::categorical("ward", Categorical::from_values([Some("b"), Some("a"), None])),
//!     Column::numeric("dose", vec![0.5, 1.0, 2.0]),
//! ])?;
//! assert_eq!((patients.rows(), patients.names()), (3, vec!["age", "ward", "dose"]));
//! assert_eq!(patients.column("ward")?.categories()?.get(0), Some("b"));
//!
//! let numbers = patients.select(&["dose", "age"])?.to_tensor::<f64>()?;
//! assert_eq!(numbers.get(&[1, 1]), 48.0);
//! assert!(patients.column("Age").unwrap_err().to_string().contains(r#"expected a column "Age""#));
//! # Ok::<(), evenkeel_data::DataError>(())
//! ```
//!
//! - **Missing values** are NaN among numbers and moments, and [`Categorical::MISSING`] among levels. As tables are compared, missing
//!   values are equal.
//! - **Columns are found by name**, and names differ, so that their order does not matter to what is fitted to them.
//! - A [`Schema`] says which columns there are, of which kind, with which levels: without the rows.

mod categorical;
mod column;
mod convert;
mod csv;
mod display;
mod schema;
pub(crate) mod time;

pub use categorical::Categorical;
pub(crate) use categorical::check_levels;
pub use column::{Column, Kind, Values};
pub use csv::{Chunks, Csv};
pub use schema::{Field, Schema};

use std::collections::HashSet;

use crate::{DataError, TableError};

/// Columns of equal length, by name; see the [module](self). There is at least one column; there may be no rows.
#[derive(Clone, Debug, PartialEq)]
pub struct Table {
    columns: Vec<Column>,
}

impl Table {
    /// These columns.
    ///
    /// # Errors
    /// If there are none, two have the same name, a name is empty, or their lengths differ.
    pub fn new(columns: Vec<Column>) -> Result<Self, DataError> {
        const OPERATION: &str = "Table::new";
        let Some(first) = columns.first() else {
            return Err(DataError::Table(TableError::NoColumnsLeft {
                operation: OPERATION,
                cure: "a table has at least one column",
            }));
        };
        check_names(OPERATION, columns.iter().map(Column::name))?;
        match columns.iter().find(|column| column.len() != first.len()) {
            None => Ok(Self { columns }),
            Some(column) => Err(DataError::Table(TableError::Column {
                operation: OPERATION,
                column: column.name().into(),
                expected: format!("{} rows, as in column {:?}", first.len(), first.name()),
                got: format!("{} rows", column.len()),
                cure: "give columns of equal length",
            })),
        }
    }

    /// The number of rows.
    pub fn rows(&self) -> usize {
        self.columns[0].len()
    }

    /// The columns, in their order.
    pub fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// The columns, in their order, without a copy.
    pub fn into_columns(self) -> Vec<Column> {
        self.columns
    }

    /// The names of the columns, in their order.
    pub fn names(&self) -> Vec<&str> {
        self.columns.iter().map(Column::name).collect()
    }

    /// The names of the columns of this kind, in their order.
    pub fn names_of(&self, kind: Kind) -> Vec<&str> {
        self.columns.iter().filter(|column| column.kind() == kind).map(Column::name).collect()
    }

    /// The column of this name.
    ///
    /// # Errors
    /// If there is none.
    pub fn column(&self, name: &str) -> Result<&Column, DataError> {
        Ok(&self.columns[self.position("Table::column", name)?])
    }

    /// The columns of these names, in the order of the names.
    ///
    /// # Errors
    /// If there is no column of a name, a name comes twice, or there are no names.
    pub fn select<S: AsRef<str>>(&self, names: &[S]) -> Result<Self, DataError> {
        let find = |name: &S| Ok(self.columns[self.position("Table::select", name.as_ref())?].clone());
        Self::new(names.iter().map(find).collect::<Result<_, DataError>>()?)
    }

    /// All columns but those of these names.
    ///
    /// # Errors
    /// If there is no column of a name, or none is left.
    pub fn drop<S: AsRef<str>>(&self, names: &[S]) -> Result<Self, DataError> {
        let mut keep = vec![true; self.columns.len()];
        for name in names {
            keep[self.position("Table::drop", name.as_ref())?] = false;
        }
        let kept = self.columns.iter().zip(keep).filter(|(_, keep)| *keep);
        Self::new(kept.map(|(column, _)| column.clone()).collect())
    }

    /// The table with this column, in place of one of the same name or after the others.
    ///
    /// # Errors
    /// If the column has another length, or an empty name.
    pub fn with_column(mut self, column: Column) -> Result<Self, DataError> {
        match self.columns.iter().position(|c| c.name() == column.name()) {
            Some(position) => self.columns[position] = column,
            None => self.columns.push(column),
        }
        Self::new(self.columns)
    }

    /// The rows at these positions, in that order; one may come more than once. Levels stay as they are, so that codes mean
    /// the same in every part of a table.
    ///
    /// # Errors
    /// If a position is beyond the rows.
    pub fn subset(&self, rows: &[usize]) -> Result<Self, DataError> {
        if let Some(&position) = rows.iter().find(|&&row| row >= self.rows()) {
            return Err(DataError::Position { position, samples: self.rows() });
        }
        let subset = |column: &Column| Column::new(column.name(), column.values().subset(rows));
        Ok(Self { columns: self.columns.iter().map(subset).collect() })
    }

    /// Columns, kinds and levels.
    pub fn schema(&self) -> Schema {
        Schema::of(self)
    }

    fn position(&self, operation: &'static str, name: &str) -> Result<usize, DataError> {
        self.columns.iter().position(|column| column.name() == name).ok_or_else(|| {
            DataError::Table(TableError::UnknownColumn {
                operation,
                column: name.into(),
                columns: self.names().join(", "),
            })
        })
    }
}

/// Refuses empty names and names that come twice.
pub(crate) fn check_names<'a>(operation: &'static str, names: impl Iterator<Item = &'a str>) -> Result<(), DataError> {
    let mut seen = HashSet::new();
    for (position, name) in names.enumerate() {
        if name.is_empty() {
            return Err(DataError::Table(TableError::Column {
                operation,
                column: Box::default(),
                expected: "a name for each column".into(),
                got: format!("none for column {position}"),
                cure: "name it",
            }));
        }
        if !seen.insert(name) {
            return Err(DataError::Table(TableError::Column {
                operation,
                column: name.into(),
                expected: "different names".into(),
                got: "this one twice".into(),
                cure: "rename one of them",
            }));
        }
    }
    Ok(())
}
