//! What the parts of a table have in common.

use super::fitted::{Input, NAME};
use crate::fit::no_rows;
use crate::table::{Column, Table};
use crate::{DataError, TableError};

/// The columns that all parts have.
#[derive(Default)]
pub(super) struct Common {
    /// Each with the first part in which it has a value, and so a kind; none before any rows.
    columns: Vec<(Input, Option<usize>)>,
    /// The first part with rows.
    first: usize,
}

impl Common {
    /// Takes a part into account: refuses one of other columns, and one of other kinds where it has values. Parts without rows do
    /// not matter.
    pub(super) fn check(&mut self, part: usize, table: &Table) -> Result<(), DataError> {
        if table.rows() == 0 {
            return Ok(());
        }
        if self.columns.is_empty() {
            self.columns = table.columns().iter().map(|column| (Input::of(column), None)).collect();
            self.first = part;
        }
        let first = self.first;
        for (input, since) in &mut self.columns {
            let Some(column) = table.columns().iter().find(|column| column.name() == input.name) else {
                return Err(other_columns(&input.name, first, part));
            };
            let has_kind = since.is_some() && column.kind() == input.kind;
            if has_kind || column.missing() == column.len() {
                continue;
            }
            if let Some(since) = since {
                let expected = format!("a {} column, as in part {since}", input.kind);
                let got = format!("a {} one in part {part}", column.kind());
                let cure = "declare the column's kind where it is read";
                return Err(DataError::Table(TableError::Column {
                    operation: NAME,
                    column: input.name.as_str().into(),
                    expected,
                    got,
                    cure,
                }));
            }
            (*input, *since) = (Input::of(column), Some(part));
        }
        let is_new = |column: &&Column| !self.columns.iter().any(|(input, _)| input.name == column.name());
        table.columns().iter().find(is_new).map_or(Ok(()), |column| Err(other_columns(column.name(), part, first)))
    }

    /// Whether each column has had a value.
    pub(super) fn is_known(&self) -> bool {
        !self.columns.is_empty() && self.columns.iter().all(|(_, since)| since.is_some())
    }

    /// The columns but the target, as those of a table without rows.
    pub(super) fn without_rows(&self, target: Option<&str>) -> Result<Vec<Column>, DataError> {
        if self.columns.is_empty() {
            return Err(no_rows(NAME));
        }
        let columns = || self.columns.iter().map(|(input, _)| input.missing(0));
        if let Some(name) = target {
            Table::new(columns().collect())?.column(name)?;
        }
        Ok(columns().filter(|column| Some(column.name()) != target).collect())
    }
}

/// The error of a column that one part has and another has not.
fn other_columns(name: &str, with: usize, without: usize) -> DataError {
    DataError::Table(TableError::Column {
        operation: NAME,
        column: name.into(),
        expected: format!("the same columns in all parts, such as this one of part {with}"),
        got: format!("none of this name in part {without}"),
        cure: "give all parts the same columns",
    })
}
