//! Sums over the rows of each class, column by column, in one walk over a row-major matrix.

use evenkeel_tensor::{Float, Tensor, kernel, parallel};

use crate::fit::refused_value;
use crate::scale::block_rows;
use crate::{DataError, TableError};

/// What belongs to the rows of a matrix.
#[derive(Clone, Copy)]
pub(super) struct Rows<'a> {
    /// The class of each row; `None`: they are all of class 0.
    pub(super) codes: Option<&'a [u32]>,
    /// The number of classes.
    pub(super) classes: usize,
    /// A number for each row; `None`: 0.
    pub(super) targets: Option<&'a [f64]>,
}

impl Rows<'_> {
    /// Rows that are all alike.
    pub(super) const ALIKE: Self = Self { codes: None, classes: 1, targets: None };
}

/// For each class and column the sums of `f(value, the row's target, parameters)` over the rows of the class. Parameters and sums are
/// of shape (classes, columns).
///
/// Blocks of rows are added up along a fixed tree, so the bits do not depend on the number of threads; `f` must be
/// `#[inline(always)]`.
pub(super) fn sums<F: Float, const N: usize, const M: usize>(
    x: &Tensor<F>,
    rows: Rows<'_>,
    parameters: [&[f64]; N],
    f: impl Fn(f64, f64, [f64; N]) -> [f64; M] + Sync,
) -> [Vec<f64>; M] {
    let (count, columns) = (x.shape()[0], x.shape()[1]);
    let x = x.as_slice();
    let size = rows.classes * columns;
    let block = |block: std::ops::Range<usize>| {
        let mut sums: [Vec<f64>; M] = std::array::from_fn(|_| vec![0.0; size]);
        kernel::simd(
            #[inline(always)]
            || {
                for row in block {
                    let class = rows.codes.map_or(0, |codes| codes[row] as usize) * columns;
                    let target = rows.targets.map_or(0.0, |targets| targets[row]);
                    let values = &x[row * columns..][..columns];
                    let parameters = parameters.map(|p| &p[class..][..columns]);
                    let mut sums = sums.each_mut().map(|sum| &mut sum[class..][..columns]);
                    for j in 0..columns {
                        let terms = f(values[j].to_f64(), target, parameters.map(|p| p[j]));
                        for (sum, term) in sums.iter_mut().zip(terms) {
                            sum[j] += term;
                        }
                    }
                }
            },
        );
        sums
    };
    let add = |mut a: [Vec<f64>; M], b: [Vec<f64>; M]| {
        a.iter_mut().flatten().zip(b.iter().flatten()).for_each(|(a, b)| *a += b);
        a
    };
    // With many classes larger blocks, or adding up would be most of the work.
    let height = block_rows(columns).max(8 * rows.classes);
    parallel::reduce(count, height, block, add).unwrap_or_else(|| std::array::from_fn(|_| vec![0.0; size]))
}

/// The first row of each class (classes, columns), and the means of the class's columns as differences from it: exact where values lie
/// beside a large offset, and 0 where a class has one value.
pub(super) fn means<F: Float>(
    operation: &'static str,
    x: &Tensor<F>,
    rows: Rows<'_>,
    counts: &[usize],
) -> Result<(Vec<f64>, Vec<f64>), DataError> {
    let columns = x.shape()[1];
    let mut first = vec![0; rows.classes];
    for (row, &code) in rows.codes.unwrap_or_default().iter().enumerate().rev() {
        first[code as usize] = row;
    }
    let row = |row: usize| x.as_slice()[row * columns..][..columns].iter().map(|x| x.to_f64());
    let origin: Vec<f64> = first.into_iter().flat_map(row).collect();
    let [mut means] = sums(
        x,
        rows,
        [&origin],
        #[inline(always)]
        |x, _, [origin]| [x - origin],
    );
    check_sums(operation, x, &means)?;
    for (means, &count) in means.chunks_exact_mut(columns).zip(counts) {
        means.iter_mut().for_each(|sum| *sum /= count as f64);
    }
    Ok((origin, means))
}

/// Refuses sums that are not finite, by the value or the column that made them so.
pub(super) fn check_sums<F: Float>(operation: &'static str, x: &Tensor<F>, sums: &[f64]) -> Result<(), DataError> {
    let Some(at) = sums.iter().position(|sum| !sum.is_finite()) else { return Ok(()) };
    check_finite(operation, x)?;
    Err(DataError::Table(TableError::Spread {
        operation,
        column: at % x.shape()[1],
        expected: "values whose squares an f64 can add up",
        got: sums[at],
        cure: "give the column in another unit",
    }))
}

/// Refuses missing and infinite values, naming the first.
pub(super) fn check_finite<F: Float>(operation: &'static str, x: &Tensor<F>) -> Result<(), DataError> {
    if x.is_finite() {
        return Ok(());
    }
    let columns = x.shape()[1];
    let at = x.as_slice().iter().position(|x| !x.is_finite()).expect("one is not finite");
    let cure = "impute missing values, or leave out the row or the column";
    Err(refused_value(operation, (x.as_slice(), columns), at, "a finite value", cure))
}
