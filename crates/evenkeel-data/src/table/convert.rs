//! Tables as tensors, matrices and data sets.

use evenkeel_tensor::{Float, Tensor, parallel};

use super::{Categorical, Column, Table, Values};
use crate::{DataError, Dataset, TableError, fit};

/// Rows that are brought from columns to rows at a time: with 30 columns about the size of a first-level cache.
const ROWS: usize = 128;

impl Table {
    /// The numbers, of shape (rows, columns); missing ones are NaN.
    ///
    /// # Errors
    /// If a column is not numeric.
    pub fn to_tensor<F: Float>(&self) -> Result<Tensor<F>, DataError> {
        tensor_of(&Vec::from_iter(self.columns()))
    }

    /// A numeric column for each column of `x` (samples, columns).
    ///
    /// # Errors
    /// If `x` is not a matrix, or the names are not one for each column, all different.
    pub fn from_tensor<F: Float, S: AsRef<str>>(names: &[S], x: &Tensor<F>) -> Result<Self, DataError> {
        const OPERATION: &str = "Table::from_tensor";
        let (_, columns) = fit::matrix(OPERATION, x)?;
        fit::check_columns(OPERATION, Some(names.len()), columns)?;
        let values = |at: usize| x.as_slice().iter().skip(at).step_by(columns).map(|x| x.to_f64()).collect();
        Self::new(names.iter().enumerate().map(|(at, name)| Column::numeric(name.as_ref(), values(at))).collect())
    }

    /// The labels of column `name`, and the names of the classes, in the order of the levels.
    ///
    /// A categorical column has its levels as classes; of a numeric one each number that comes is a class, in ascending order.
    ///
    /// # Errors
    /// If there is no such column, it holds moments, there are no rows, or a label is missing, with its row.
    pub fn classes(&self, name: &str) -> Result<(Vec<u32>, Vec<String>), DataError> {
        const OPERATION: &str = "Table::classes";
        let column = &self.columns()[self.position(OPERATION, name)?];
        if column.is_empty() {
            return Err(DataError::Empty { operation: OPERATION, cure: "check that the data were read" });
        }
        check_present(OPERATION, column)?;
        let made;
        let labels = match column.values() {
            Values::Categorical(labels) => labels,
            Values::Numeric(numbers) => {
                made = Categorical::from_numbers(numbers);
                &made
            }
            Values::DateTime(_) => {
                return Err(column.refused(OPERATION, "a categorical or numeric column", "choose another target"));
            }
        };
        Ok((labels.codes().to_vec(), labels.levels().to_vec()))
    }

    /// A data set to classify: column `target` as labels and all the others as inputs, and the names of the classes.
    ///
    /// ```
    /// use evenkeel_data::table::{Categorical, Column, Table};
    /// use evenkeel_data::Seed;
    ///
    /// let table = Table::new(vec![
    ///     Column::numeric("dose", (0..20).map(f64::from).collect()),
    ///     Column::categorical("ill", Categorical::from_values((0..20).map(|i| Some(if i < 10 { "no" } else { "yes" })))),
    /// ])?;
    /// let (patients, classes) = table.classification::<f32>("ill")?;
    /// assert_eq!((classes.as_slice(), patients.class_counts()), (["no", "yes"].map(String::from).as_slice(), Some(vec![10, 10])));
    /// let (train, test) = patients.split_stratified(0.8, Seed(7))?;
    /// assert_eq!((train.len(), test.len()), (16, 4));
    /// # Ok::<(), evenkeel_data::DataError>(())
    /// ```
    ///
    /// # Errors
    /// As [`classes`](Self::classes); if another column is not numeric or has missing or infinite values, or there is none.
    pub fn classification<F: Float>(&self, target: &str) -> Result<(Dataset, Vec<String>), DataError>
    where
        crate::Inputs: From<Tensor<F>>,
    {
        let (labels, classes) = self.classes(target)?;
        let inputs = self.inputs::<F>("Table::classification", target)?;
        Ok((Dataset::classification(inputs, labels, classes.len())?, classes))
    }

    /// A data set to regress: column `target` as values, of shape (rows, 1), and all the others as inputs.
    ///
    /// # Errors
    /// If there is no such column, a column is not numeric or has missing or infinite values, or there is no other column.
    pub fn regression<F: Float>(&self, target: &str) -> Result<Dataset, DataError>
    where
        crate::Inputs: From<Tensor<F>>,
    {
        const OPERATION: &str = "Table::regression";
        let column = &self.columns()[self.position(OPERATION, target)?];
        check_present(OPERATION, column)?;
        let values = Tensor::from_vec([self.rows(), 1], column.numbers()?.to_vec())?;
        Dataset::regression(self.inputs::<F>(OPERATION, target)?, values)
    }

    /// All columns but the target, which must be there, complete and numeric.
    fn inputs<F: Float>(&self, operation: &'static str, target: &str) -> Result<Tensor<F>, DataError> {
        let target = self.position(operation, target)?;
        let columns: Vec<_> =
            self.columns().iter().enumerate().filter(|(at, _)| *at != target).map(|(_, column)| column).collect();
        if columns.is_empty() {
            return Err(DataError::Table(TableError::NoColumnsLeft {
                operation,
                cure: "give columns besides the target",
            }));
        }
        columns.iter().try_for_each(|column| check_present(operation, column))?;
        tensor_of(&columns)
    }
}

/// The numbers of these columns, of which there is at least one, of shape (rows, columns).
fn tensor_of<F: Float>(columns: &[&Column]) -> Result<Tensor<F>, DataError> {
    let columns: Vec<_> = columns.iter().map(|column| column.numbers()).collect::<Result<_, _>>()?;
    let width = columns.len();
    let mut out = Tensor::zeros([columns[0].len(), width]);
    parallel::chunks_mut(out.as_mut_slice(), ROWS * width, |block, out: &mut [F]| {
        for (at, column) in columns.iter().enumerate() {
            let values = &column[block * ROWS..];
            out[at..].iter_mut().step_by(width).zip(values).for_each(|(out, &x)| *out = F::from_f64(x));
        }
    });
    Ok(out)
}

/// Refuses missing values, naming the first one's row.
fn check_present(operation: &'static str, column: &Column) -> Result<(), DataError> {
    match (0..column.len()).find(|&row| column.values().is_missing(row)) {
        None => Ok(()),
        Some(row) => Err(DataError::Table(TableError::Cell {
            operation,
            row,
            column: column.name().into(),
            expected: "a value",
            got: "a missing one".into(),
            cure: "impute it, or leave the row out",
        })),
    }
}

#[cfg(feature = "nalgebra")]
mod interop {
    use nalgebra::DMatrix;

    use super::*;

    impl Table {
        /// A numeric column for each column of `matrix`.
        ///
        /// # Errors
        /// If the names are not one for each column, all different.
        pub fn from_matrix<F: Float, S: AsRef<str>>(names: &[S], matrix: &DMatrix<F>) -> Result<Self, DataError> {
            fit::check_columns("Table::from_matrix", Some(names.len()), matrix.ncols())?;
            // nalgebra keeps a column in one piece, as a table does.
            let values =
                |at: usize| matrix.as_slice()[at * matrix.nrows()..][..matrix.nrows()].iter().map(|x| x.to_f64());
            let column = |(at, name): (usize, &S)| Column::numeric(name.as_ref(), values(at).collect());
            Self::new(names.iter().enumerate().map(column).collect())
        }

        /// The numbers, of shape (rows, columns); missing ones are NaN.
        ///
        /// # Errors
        /// If a column is not numeric.
        pub fn to_matrix<F: Float + nalgebra::Scalar>(&self) -> Result<DMatrix<F>, DataError> {
            let columns: Vec<_> = self.columns().iter().map(Column::numbers).collect::<Result<_, _>>()?;
            let values = columns.iter().flat_map(|column| column.iter().map(|&x| F::from_f64(x)));
            Ok(DMatrix::from_iterator(self.rows(), columns.len(), values))
        }
    }
}
