//! Columns by name, and their levels.

use std::collections::HashMap;

use crate::table::{Categorical, Column, Table, Values};
use crate::{DataError, TableError};

/// What a categorical column holds.
pub(crate) struct Observed {
    /// The levels that come, in [`Categorical::order`], and in how many rows.
    pub(crate) levels: Vec<(String, usize)>,
    /// The number of rows without one.
    pub(crate) missing: usize,
}

impl Observed {
    pub(crate) fn of(x: &Categorical) -> Self {
        let counts = x.counts();
        let missing = x.len() - counts.iter().sum::<usize>();
        let mut levels: Vec<_> = x.levels().iter().cloned().zip(counts).filter(|(_, count)| *count > 0).collect();
        levels.sort_by(|(a, _), (b, _)| Categorical::order(a, b));
        Self { levels, missing }
    }

    /// Counts other rows too.
    pub(crate) fn add(&mut self, other: Self) {
        self.missing += other.missing;
        self.levels.extend(other.levels);
        // Two runs in order, which a stable sort merges in one walk.
        self.levels.sort_by(|(a, _), (b, _)| Categorical::order(a, b));
        self.levels.dedup_by(|(level, count), (kept, total)| {
            let is_same = level == kept;
            *total += if is_same { *count } else { 0 };
            is_same
        });
    }

    pub(crate) fn names(&self) -> Vec<String> {
        self.levels.iter().map(|(level, _)| level.clone()).collect()
    }
}

/// For each level of `x` its position among `levels`, if it is there.
pub(crate) fn places<'a>(x: &Categorical, levels: impl IntoIterator<Item = &'a str>) -> Vec<Option<usize>> {
    let places: HashMap<&str, usize> = levels.into_iter().zip(0..).collect();
    x.levels().iter().map(|level| places.get(level.as_str()).copied()).collect()
}

/// The columns to fit to, all categorical and with rows.
pub(crate) fn each_column<'a>(
    operation: &'static str,
    table: &'a Table,
) -> Result<Vec<(&'a str, &'a Categorical)>, DataError> {
    if table.rows() == 0 {
        return Err(crate::fit::no_rows(operation));
    }
    table.columns().iter().map(|column| Ok((column.name(), levels(operation, column)?))).collect()
}

/// The categorical column `name` of the fit in another table.
pub(crate) fn categories<'a>(
    operation: &'static str,
    table: &'a Table,
    name: &str,
) -> Result<&'a Categorical, DataError> {
    levels(operation, find(operation, table, name)?)
}

fn levels<'a>(operation: &'static str, column: &'a Column) -> Result<&'a Categorical, DataError> {
    match column.values() {
        Values::Categorical(x) => Ok(x),
        _ => Err(column.refused(operation, "a categorical column", "declare it categorical where it is read")),
    }
}

/// The column `name` of the fit in another table.
pub(crate) fn find<'a>(operation: &'static str, table: &'a Table, name: &str) -> Result<&'a Column, DataError> {
    table.columns().iter().find(|column| column.name() == name).ok_or_else(|| {
        DataError::Table(TableError::MissingColumn {
            operation,
            column: name.into(),
            nearest: nearest(name, table).into(),
        })
    })
}

/// The most similar name in the table, the first of equally similar ones.
fn nearest<'a>(name: &str, table: &'a Table) -> &'a str {
    table.names().into_iter().min_by_key(|other| distance(name, other)).unwrap_or_default()
}

/// The number of letters to insert, delete or replace (V. Levenshtein 1966), case aside; of the first 64 letters.
fn distance(a: &str, b: &str) -> usize {
    let letters = |s: &str| s.chars().take(64).flat_map(char::to_lowercase).collect::<Vec<_>>();
    let (a, b) = (letters(a), letters(b));
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], i + 1);
        for (j, y) in b.iter().enumerate() {
            let replaced = diagonal + usize::from(x != y);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_are_edits() {
        for (a, b, expected) in
            [("", "", 0), ("age", "Age", 0), ("age", "ages", 1), ("kitten", "sitting", 3), ("", "abc", 3)]
        {
            assert_eq!(distance(a, b), expected, "{a} {b}");
            assert_eq!(distance(b, a), expected, "{b} {a}");
        }
    }
}
