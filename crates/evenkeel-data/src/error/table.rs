//! What is wrong with rows and columns.

/// Rows and columns, by their names or by their positions from 0, that an operation cannot use.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TableError {
    /// Another number of columns than what was fitted had.
    #[error(
        "{operation}: expected {expected} columns, as in the fit, got {got}; give the same columns in the same order, or fit again"
    )]
    Columns {
        /// The operation.
        operation: &'static str,
        /// The number of columns in the fit.
        expected: usize,
        /// The number that came.
        got: usize,
    },
    /// A value of a table that the operation cannot use. Rows and columns count from 0.
    #[error("{operation}: row {row}, column {column}: expected {expected}, got {got}; {cure}")]
    Value {
        /// The operation.
        operation: &'static str,
        /// The row.
        row: usize,
        /// The column.
        column: usize,
        /// What it can use.
        expected: &'static str,
        /// The value.
        got: f64,
        /// What to do.
        cure: &'static str,
    },
    /// A column whose spread is more than an `f64` holds.
    #[error("{operation}: column {column}: expected {expected}, got {got}; {cure}")]
    Spread {
        /// The operation.
        operation: &'static str,
        /// The column.
        column: usize,
        /// What must be finite.
        expected: &'static str,
        /// What came.
        got: f64,
        /// What to do.
        cure: &'static str,
    },
    /// A new value beyond the float. Rows and new columns count from 0.
    #[error("{operation}: row {row}, new column {column}: expected a finite value, got {got}; scale the columns first")]
    Overflow {
        /// The operation.
        operation: &'static str,
        /// The row.
        row: usize,
        /// The column among those that come out.
        column: usize,
        /// The value.
        got: f64,
    },
    /// New columns that there is no memory for.
    #[error(
        "{operation}: expected new columns that fit into memory, got {rows} rows of {width} columns; make fewer columns, or transform the rows in parts"
    )]
    Room {
        /// The operation.
        operation: &'static str,
        /// The number of rows.
        rows: usize,
        /// The number of columns that would come out.
        width: usize,
    },
    /// A choice of columns that keeps none.
    #[error("{operation}: expected at least one column to keep, got none; {cure}")]
    NoColumnsLeft {
        /// The operation.
        operation: &'static str,
        /// What to do.
        cure: &'static str,
    },
    /// A table without the column that is asked for.
    #[error("{operation}: expected a column {column:?}, got the columns {columns}; check the names")]
    UnknownColumn {
        /// The operation.
        operation: &'static str,
        /// The column asked for.
        column: String,
        /// The columns that there are.
        columns: String,
    },
    /// A table without a column that something was fitted to.
    #[error(
        "{operation}: expected a column {column:?}, as in the fit, got none (the nearest name is {nearest:?}); rename the column, or fit again"
    )]
    MissingColumn {
        /// The operation.
        operation: &'static str,
        /// The column of the fit.
        column: String,
        /// The most similar name among those that there are.
        nearest: String,
    },
    /// A named column that the operation cannot use.
    #[error("{operation}: column {column:?}: expected {expected}, got {got}; {cure}")]
    Column {
        /// The operation.
        operation: &'static str,
        /// The column's name.
        column: Box<str>,
        /// What it can use.
        expected: String,
        /// What came.
        got: String,
        /// What to do.
        cure: &'static str,
    },
    /// A value of a named column that the operation cannot use. Rows count from 0.
    #[error("{operation}: row {row}, column {column:?}: expected {expected}, got {got}; {cure}")]
    Cell {
        /// The operation.
        operation: &'static str,
        /// The row.
        row: usize,
        /// The column's name.
        column: Box<str>,
        /// What it can use.
        expected: &'static str,
        /// What came.
        got: String,
        /// What to do.
        cure: &'static str,
    },
    /// A level of a categorical column that comes twice.
    #[error("expected levels that differ, got {level:?} twice; merge them")]
    Level {
        /// The level.
        level: String,
    },
}
