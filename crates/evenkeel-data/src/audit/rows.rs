//! Rows that are equal.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};

use crate::table::{Column, Table, Values};

/// The first of each set of equal rows, in order: `table.subset(&distinct_rows(&table))` has no row twice. Missing values are equal.
///
/// ```
/// use evenkeel_data::audit::distinct_rows;
/// use evenkeel_data::table::{Column, Table};
///
/// let table = Table::new(vec![
///     Column::numeric("a", vec![1.0, 2.0, 1.0, f64::NAN, f64::NAN]),
///     Column::numeric("b", vec![0.0, 0.0, -0.0, 3.0, 3.0]),
/// ])?;
/// assert_eq!(distinct_rows(&table), [0, 1, 3]);
/// # Ok::<(), evenkeel_data::DataError>(())
/// ```
pub fn distinct_rows(table: &Table) -> Vec<usize> {
    let firsts = firsts(&Vec::from_iter(table.columns()), table.rows());
    (0..table.rows()).filter(|&row| firsts[row] == row).collect()
}

/// For each row the first one that is equal to it, in these columns.
pub(super) fn firsts(columns: &[&Column], rows: usize) -> Vec<usize> {
    let key = |column: &Column, row: usize| match column.values() {
        Values::Numeric(x) | Values::DateTime(x) if x[row].is_nan() => u64::MAX,
        // -0 is 0.
        Values::Numeric(x) | Values::DateTime(x) => (x[row] + 0.0).to_bits(),
        Values::Categorical(x) => u64::from(x.codes()[row]),
    };
    // Rows by hash, and among those of one hash, which are chained, by comparing. The start of the hash is chance, so that no file can be
    // made whose rows share one.
    let start = RandomState::new().hash_one(rows);
    let mut hashes = vec![start; rows];
    for column in columns {
        for (row, hash) in hashes.iter_mut().enumerate() {
            *hash = (*hash ^ key(column, row)).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(29);
        }
    }
    let mut heads: HashMap<u64, usize> = HashMap::new();
    let mut firsts: Vec<usize> = Vec::with_capacity(rows);
    // The next first row of the same hash; the row itself at the end.
    let mut next: Vec<usize> = (0..rows).collect();
    let equal = |a: usize, b: usize| columns.iter().all(|column| key(column, a) == key(column, b));
    for (row, hash) in hashes.into_iter().enumerate() {
        let mut at = *heads.entry(hash).or_insert(row);
        while at != row && !equal(at, row) {
            if next[at] == at {
                next[at] = row;
            }
            at = next[at];
        }
        firsts.push(at);
    }
    firsts
}
