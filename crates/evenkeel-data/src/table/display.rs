//! The head of a table as text.

use std::fmt;

use super::{Column, Table, Values, time};

/// Rows that are shown.
const ROWS: usize = 8;
/// Characters of a cell that are shown.
const WIDTH: usize = 24;

/// The number of rows, and the first of them below the columns' names and kinds; `-` is a missing value.
impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = self.rows().min(ROWS);
        let columns: Vec<Vec<String>> = self.columns().iter().map(|column| cells(column, shown)).collect();
        let widths: Vec<_> =
            columns.iter().map(|cells| cells.iter().map(|c| c.chars().count()).max().unwrap_or(0)).collect();
        writeln!(f, "{} rows, {} columns", self.rows(), columns.len())?;
        for line in 0..shown + 2 {
            let cells = columns.iter().zip(&widths).map(|(cells, width)| format!("{:>width$}", cells[line]));
            writeln!(f, "{}", cells.collect::<Vec<_>>().join("  "))?;
        }
        if shown < self.rows() {
            writeln!(f, "...")?;
        }
        Ok(())
    }
}

fn cells(column: &Column, rows: usize) -> Vec<String> {
    let mut cells = vec![column.name().to_owned(), column.kind().to_string()];
    cells.extend((0..rows).map(|row| match column.values() {
        _ if column.values().is_missing(row) => "-".into(),
        Values::Numeric(x) => number(x[row]),
        Values::Categorical(x) => x.get(row).unwrap_or_default().into(),
        Values::DateTime(x) => time::iso(x[row]).unwrap_or_else(|| x[row].to_string()),
    }));
    cells.into_iter().map(cut).collect()
}

/// A number to six significant digits.
fn number(x: f64) -> String {
    if x != 0.0 && !(1e-4..1e7).contains(&x.abs()) {
        return format!("{x:.5e}");
    }
    let digits = 5 - if x == 0.0 { 0 } else { x.abs().log10().floor() as i32 };
    let fixed = format!("{x:.*}", digits.max(0) as usize);
    if fixed.contains('.') { fixed.trim_end_matches('0').trim_end_matches('.').into() } else { fixed }
}

/// A cell on one line of bounded width.
fn cut(cell: String) -> String {
    let plain = |c: char| if c.is_control() { ' ' } else { c };
    if cell.chars().count() <= WIDTH {
        return cell.chars().map(plain).collect();
    }
    cell.chars().take(WIDTH - 3).map(plain).chain("...".chars()).collect()
}
