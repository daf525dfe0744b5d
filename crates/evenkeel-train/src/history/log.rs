//! Rows that arrive one by one, kept as columns.

use std::{
    io::{self, Write},
    path::Path,
};

use crate::report::{WriteError, write_atomically};

/// An append-only table with a step and an epoch per row and named columns, in which a row may leave any metric out.
///
/// The required columns come first, then the metrics in the order of their names, whatever the order they arrived in.
#[derive(Clone, Debug)]
pub struct Log {
    /// What a row is called in files.
    pub(super) kind: &'static str,
    /// How many of the columns have a value in every row.
    pub(super) required: usize,
    pub(super) steps: Vec<u64>,
    pub(super) epochs: Vec<u64>,
    pub(super) columns: Vec<Column>,
}

/// Values and the rows they stand in: a column costs nothing for rows that lack it, and NaN stays a value.
#[derive(Clone, Debug)]
pub(super) struct Column {
    pub(super) name: String,
    pub(super) rows: Vec<usize>,
    pub(super) values: Vec<f64>,
}

impl Column {
    fn new(name: &str, room: usize) -> Self {
        Self { name: name.to_owned(), rows: Vec::with_capacity(room), values: Vec::with_capacity(room) }
    }

    fn push(&mut self, row: usize, value: f64) {
        self.rows.push(row);
        self.values.push(value);
    }
}

impl Log {
    pub(super) fn new(kind: &'static str, required: &[&str]) -> Self {
        let columns = required.iter().map(|name| Column::new(name, 0)).collect();
        Self { kind, required: required.len(), steps: Vec::new(), epochs: Vec::new(), columns }
    }

    pub(super) fn reserve(&mut self, additional: usize) {
        self.steps.reserve(additional);
        self.epochs.reserve(additional);
        for column in &mut self.columns {
            column.rows.reserve(additional);
            column.values.reserve(additional);
        }
    }

    pub(super) fn push<'a>(
        &mut self,
        step: u64,
        epoch: u64,
        required: &[f64],
        metrics: impl IntoIterator<Item = (&'a str, f64)>,
    ) {
        let row = self.steps.len();
        self.steps.push(step);
        self.epochs.push(epoch);
        for (column, &value) in self.columns.iter_mut().zip(required) {
            column.push(row, value);
        }
        for (name, value) in metrics {
            let metrics = &self.columns[self.required..];
            let place = metrics.binary_search_by(|column| column.name.as_str().cmp(name));
            let index = self.required + place.unwrap_or_else(|free| free);
            if place.is_err() {
                // As much room as the steps have, so that what is reserved for them holds for late columns too.
                self.columns.insert(index, Column::new(name, self.steps.capacity() - row));
            }
            self.columns[index].push(row, value);
        }
    }

    /// How many rows there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.steps.len()
    }

    /// Whether there is no row.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }

    /// The step of the last row.
    #[must_use]
    pub fn last_step(&self) -> Option<u64> {
        self.steps.last().copied()
    }

    /// The epoch of the last row.
    #[must_use]
    pub fn last_epoch(&self) -> Option<u64> {
        self.epochs.last().copied()
    }

    /// The names of the columns beside step and epoch.
    pub fn names(&self) -> impl DoubleEndedIterator<Item = &str> {
        self.columns.iter().map(|column| column.name.as_str())
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.names().any(|known| known == name)
    }

    /// The column's values by step; empty for a name that is not there.
    pub fn curve(&self, name: &str) -> impl DoubleEndedIterator<Item = (u64, f64)> {
        let column = self.columns.iter().find(|column| column.name == name);
        column
            .into_iter()
            .flat_map(|column| column.rows.iter().map(|&row| self.steps[row]).zip(column.values.iter().copied()))
    }

    /// Calls `visit` with the step, the epoch and the columns' values of each row.
    pub(super) fn try_for_each_row(
        &self,
        mut visit: impl FnMut(u64, u64, &[Option<f64>]) -> io::Result<()>,
    ) -> io::Result<()> {
        let mut next = vec![0; self.columns.len()];
        let mut values = vec![None; self.columns.len()];
        for (row, (&step, &epoch)) in self.steps.iter().zip(&self.epochs).enumerate() {
            for ((column, next), value) in self.columns.iter().zip(&mut next).zip(&mut values) {
                *value = (column.rows.get(*next) == Some(&row)).then(|| column.values[*next]);
                *next += usize::from(value.is_some());
            }
            visit(step, epoch, &values)?;
        }
        Ok(())
    }

    /// Writes the rows as CSV (RFC 4180) with a header: `step,epoch,` and the [`names`](Self::names).
    ///
    /// A number is written so that it reads back to the same bits; a metric that a row lacks is an empty field, and what
    /// is not finite is `NaN`, `inf` or `-inf`.
    ///
    /// ```
    /// # use evenkeel_train::history::{History, Step};
    /// let mut history = History::new();
    /// history.record_step(Step { step: 1, epoch: 0, loss: 2.3, learning_rate: 0.1, metrics: &[] });
    /// history.record_step(Step { step: 2, epoch: 0, loss: 1.9, learning_rate: 0.1, metrics: &[("top 1, top 5", 0.5)] });
    /// let mut csv = Vec::new();
    /// history.steps().write_csv(&mut csv)?;
    /// let lines = ["step,epoch,loss,learning_rate,\"top 1, top 5\"", "1,0,2.3,0.1,", "2,0,1.9,0.1,0.5", ""];
    /// assert_eq!(String::from_utf8_lossy(&csv), lines.join("\r\n"));
    /// # Ok::<(), std::io::Error>(())
    /// ```
    ///
    /// # Errors
    /// What `out` returns.
    pub fn write_csv(&self, mut out: impl Write) -> io::Result<()> {
        write!(out, "step,epoch")?;
        for name in self.names() {
            if name.contains([',', '"', '\r', '\n']) {
                write!(out, ",\"{}\"", name.replace('"', "\"\""))?;
            } else {
                write!(out, ",{name}")?;
            }
        }
        write!(out, "\r\n")?;
        self.try_for_each_row(|step, epoch, values| {
            write!(out, "{step},{epoch}")?;
            for value in values {
                match value {
                    // Debug has an exponent for the very large and small, Display writes all their zeros.
                    Some(value) => write!(out, ",{value:?}")?,
                    None => write!(out, ",")?,
                }
            }
            write!(out, "\r\n")
        })
    }

    /// [Writes](Self::write_csv) the rows to a file, whole or not at all.
    ///
    /// # Errors
    /// [`WriteError`] if the file cannot be written; one that was there stays as it was.
    pub fn save_csv(&self, path: impl AsRef<Path>) -> Result<(), WriteError> {
        write_atomically(path.as_ref(), |file| self.write_csv(file))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(log: &Log) -> usize {
        let words = |column: &Column| column.rows.capacity() + column.values.capacity();
        8 * (log.steps.capacity() + log.epochs.capacity() + log.columns.iter().map(words).sum::<usize>())
    }

    #[test]
    fn fifty_thousand_steps_fit_into_what_was_reserved() {
        let mut log = Log::new("step", &["loss", "learning_rate"]);
        log.reserve(50_000);
        let reserved = bytes(&log);
        assert!(reserved <= 2_500_000, "{reserved} bytes");
        for step in 1..=50_000 {
            log.push(step, 0, &[1.0, 0.1], []);
        }
        assert_eq!(bytes(&log), reserved, "recording allocated");
    }
}
