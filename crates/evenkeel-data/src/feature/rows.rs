//! Rows made into rows of another width.

use evenkeel_tensor::{Float, Tensor, kernel, parallel};

use crate::fit::first_infinite;
use crate::{DataError, TableError};

/// The most columns that are made of a table: settings beyond are a mistake, and found before memory is asked for.
pub(crate) const MOST_COLUMNS: usize = 1 << 20;

/// A matrix of `width` columns: `f(row, new row of zeros)` of each row of the matrix `x`; `f` must be `#[inline(always)]`.
///
/// # Errors
/// If there is no room for it.
pub(crate) fn map_rows<F: Float>(
    operation: &'static str,
    x: &Tensor<F>,
    width: usize,
    f: impl Fn(&[F], &mut [F]) + Sync,
) -> Result<Tensor<F>, DataError> {
    let (rows, columns) = (x.shape()[0], x.shape()[1]);
    let (mut y, x) = (zeros(operation, rows, width)?, x.as_slice());
    let height = (kernel::BLOCK / columns.max(width).max(1)).max(1);
    parallel::chunks_mut(y.as_mut_slice(), height * width, |block, y| {
        let x = &x[block * height * columns..];
        kernel::simd(
            #[inline(always)]
            || {
                for (i, y) in y.chunks_exact_mut(width).enumerate() {
                    f(&x[i * columns..][..columns], y);
                }
            },
        );
    });
    Ok(y)
}

/// Refuses values that became infinite, naming the first.
pub(crate) fn check_results<F: Float>(operation: &'static str, y: &Tensor<F>) -> Result<(), DataError> {
    let (width, y) = (y.shape()[1], y.as_slice());
    let Some(at) = first_infinite(y) else { return Ok(()) };
    Err(DataError::Table(TableError::Overflow { operation, row: at / width, column: at % width, got: y[at].to_f64() }))
}

/// Refuses more new columns than [`MOST_COLUMNS`].
pub(crate) fn check_width(operation: &'static str, width: f64) -> Result<(), DataError> {
    if width <= MOST_COLUMNS as f64 {
        return Ok(());
    }
    let expected = "settings that make at most 1048576 columns of these";
    Err(DataError::Setting { operation, expected, got: width })
}

/// A matrix for new columns, if there is room for it.
pub(crate) fn zeros<F: Float>(operation: &'static str, rows: usize, width: usize) -> Result<Tensor<F>, DataError> {
    check_room::<F>(operation, rows, width)?;
    Ok(Tensor::zeros([rows, width]))
}

/// Refuses a matrix that memory has no room for, which would end the process. Where a system promises more memory than it has,
/// that is only what no process can have.
pub(crate) fn check_room<F>(operation: &'static str, rows: usize, width: usize) -> Result<(), DataError> {
    let has_room = |values| Vec::<F>::new().try_reserve_exact(values).is_ok();
    if rows.checked_mul(width).is_some_and(has_room) {
        return Ok(());
    }
    Err(DataError::Table(TableError::Room { operation, rows, width }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_no_memory_can_hold_is_refused() {
        // More bytes than a process has addresses, and more values than a usize counts.
        for rows in [usize::MAX >> 20, usize::MAX / 8] {
            let error = zeros::<f64>("OneHot", rows, MOST_COLUMNS).unwrap_err().to_string();
            let start =
                format!("OneHot: expected new columns that fit into memory, got {rows} rows of 1048576 columns;");
            assert!(error.starts_with(&start), "{error}");
        }
        assert_eq!(zeros::<f32>("OneHot", 3, 2).unwrap(), Tensor::zeros([3, 2]));
    }
}
