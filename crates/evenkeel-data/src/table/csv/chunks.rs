//! A file in tables of a few rows each.

use std::collections::HashMap;

use super::gather::Growing;
use super::pass::Pass;
use crate::DataError;
use crate::table::{Schema, Table};

/// The tables of [`Csv::chunks`](super::Csv::chunks), in the order of the file. After an error there are no more.
#[derive(Debug)]
pub struct Chunks {
    /// `None` after an error, and after the last table.
    pass: Option<Pass<'static>>,
    schema: Schema,
    /// Where the schema's columns are in the file.
    places: Vec<usize>,
    rows: usize,
}

impl Chunks {
    pub(super) fn new(pass: Pass<'static>, schema: Schema, rows: usize) -> Result<Self, DataError> {
        if rows == 0 {
            return Err(DataError::Setting {
                operation: "Csv::chunks",
                expected: "at least one row in a table",
                got: 0.0,
            });
        }
        let found: HashMap<_, _> = pass.columns.iter().map(|column| column.name.as_str()).zip(0..).collect();
        let places = schema.names().into_iter().filter_map(|name| found.get(name).copied()).collect();
        Ok(Self { pass: Some(pass), schema, places, rows })
    }

    /// The columns of all the tables.
    pub fn schema(&self) -> &Schema {
        &self.schema
    }

    /// The next rows, as many as there are at the end; `None` if there are none.
    fn table(&mut self, pass: &mut Pass<'_>) -> Result<Option<Table>, DataError> {
        let rows = |pass: &Pass<'_>| self.places.first().map_or(0, |&place| pass.columns[place].rows());
        while rows(pass) < self.rows && pass.step()? {}
        pass.check_rows()?;
        let rows = rows(pass).min(self.rows);
        if rows == 0 {
            return Ok(None);
        }
        let take = |&place: &usize| Growing::take(&mut pass.columns[place], rows);
        Table::new(self.places.iter().map(take).collect()).map(Some)
    }
}

impl Iterator for Chunks {
    type Item = Result<Table, DataError>;

    fn next(&mut self) -> Option<Self::Item> {
        let mut pass = self.pass.take()?;
        let table = self.table(&mut pass).transpose();
        if let Some(Ok(_)) = table {
            self.pass = Some(pass);
        }
        table
    }
}
