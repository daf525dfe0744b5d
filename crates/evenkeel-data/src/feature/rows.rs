//! Rows made into rows of another width.

use evenkeel_tensor::{Float, Tensor, kernel, parallel};

use crate::DataError;
use crate::fit::has_infinite;

/// The most columns that are made of a table: settings beyond are a mistake, and found before memory is asked for.
pub(crate) const MOST_COLUMNS: usize = 1 << 20;

/// A matrix of `width` columns: `f(row, new row of zeros)` of each row of the matrix `x`; `f` must be `#[inline(always)]`.
pub(crate) fn map_rows<F: Float>(x: &Tensor<F>, width: usize, f: impl Fn(&[F], &mut [F]) + Sync) -> Tensor<F> {
    let (rows, columns) = (x.shape()[0], x.shape()[1]);
    let (mut y, x) = (Tensor::zeros([rows, width]), x.as_slice());
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
    y
}

/// Refuses values that became infinite, naming the first.
pub(crate) fn check_results<F: Float>(operation: &'static str, y: &Tensor<F>) -> Result<(), DataError> {
    let any = parallel::reduce(y.as_slice().len(), kernel::BLOCK, |r| has_infinite(&y.as_slice()[r]), |a, b| a | b);
    if !any.unwrap_or(false) {
        return Ok(());
    }
    let (width, y) = (y.shape()[1], y.as_slice());
    let at = y.iter().position(|y| y.abs() == F::INFINITY).expect("one was found");
    Err(DataError::Overflow { operation, row: at / width, column: at % width, got: y[at].to_f64() })
}

/// Refuses more new columns than [`MOST_COLUMNS`].
pub(crate) fn check_width(operation: &'static str, width: f64) -> Result<(), DataError> {
    if width <= MOST_COLUMNS as f64 {
        return Ok(());
    }
    let expected = "settings that make at most 1048576 columns of these";
    Err(DataError::Setting { operation, expected, got: width })
}
