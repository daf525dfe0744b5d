//! Walks over a row-major matrix that treat each column by itself, in fixed blocks of rows.

use std::sync::atomic::{AtomicBool, Ordering};

use evenkeel_tensor::{Float, Tensor, kernel, parallel};

use crate::DataError;
use crate::fit::{check_columns, check_not_infinite, has_infinite, matrix, no_rows};

/// Rows a block: about [`kernel::BLOCK`] elements, and enough rows to be worth a result for each column.
pub(crate) fn block_rows(columns: usize) -> usize {
    (kernel::BLOCK / columns.max(1)).max(64)
}

/// Changes each block of rows by `f`, each on its own.
pub(super) fn change_blocks<F: Float>(x: &mut Tensor<F>, f: impl Fn(&mut [F]) + Sync) {
    let columns = x.shape()[1];
    parallel::chunks_mut(x.as_mut_slice(), block_rows(columns) * columns, |_, block| f(block));
}

/// As [`check_input`](crate::fit::check_input) and [`change_blocks`], into a new tensor: each block is copied, checked for
/// infinite values and changed while it is in the cache.
pub(super) fn change_blocks_anew<F: Float>(
    operation: &'static str,
    fitted: Option<usize>,
    x: &Tensor<F>,
    f: impl Fn(&mut [F]) + Sync,
) -> Result<Tensor<F>, DataError> {
    let columns = matrix(operation, x)?.1;
    check_columns(operation, fitted, columns)?;
    let (mut y, source) = (Tensor::zeros(x.shape()), x.as_slice());
    let (size, any_infinite) = (block_rows(columns) * columns, AtomicBool::new(false));
    parallel::chunks_mut(y.as_mut_slice(), size, |i, block| {
        block.copy_from_slice(&source[i * size..][..block.len()]);
        if has_infinite(block) {
            any_infinite.store(true, Ordering::Relaxed);
        }
        f(block);
    });
    if any_infinite.into_inner() {
        check_not_infinite(operation, source, columns)?;
    }
    Ok(y)
}

/// Replaces each value of a block of rows by `f(value, parameters of its column)`, computed in `f64`; `f` must be
/// `#[inline(always)]`.
#[inline]
pub(super) fn map_columns<F: Float, const N: usize>(
    block: &mut [F],
    parameters: [&[f64]; N],
    f: impl Fn(f64, [f64; N]) -> f64 + Sync,
) {
    kernel::simd(
        #[inline(always)]
        || {
            let columns = parameters.first().map_or(1, |p| p.len());
            let parameters = parameters.map(|p| &p[..columns]);
            for row in block.chunks_exact_mut(columns) {
                let row = &mut row[..columns];
                for j in 0..columns {
                    row[j] = F::from_f64(f(row[j].to_f64(), parameters.map(|p| p[j])));
                }
            }
        },
    );
}

/// `statistics` of each block of rows, merged along a fixed tree; `None` if there is nothing.
pub(super) fn reduce_rows<F: Float, S: Send>(
    x: &[F],
    columns: usize,
    statistics: impl Fn(&[F]) -> S + Sync,
    merge: impl Fn(S, S) -> S + Sync,
) -> Option<S> {
    let rows = x.len().checked_div(columns)?;
    let block = |r: std::ops::Range<usize>| statistics(&x[r.start * columns..r.end * columns]);
    parallel::reduce(rows, block_rows(columns), block, merge)
}

/// The smallest and the largest value of each column: the state of a [`MinMax`](super::MinMax) or
/// [`MaxAbs`](super::MaxAbs) fit. Batches merge to the bit.
#[derive(Clone, Debug, PartialEq)]
pub struct Extremes {
    rows: u64,
    /// +infinity where there is no value.
    min: Vec<f64>,
    max: Vec<f64>,
}

impl Extremes {
    pub(super) fn new(columns: usize) -> Self {
        Self { rows: 0, min: vec![f64::INFINITY; columns], max: vec![-f64::INFINITY; columns] }
    }

    pub(super) fn observe<F: Float>(&mut self, operation: &'static str, x: &Tensor<F>) -> Result<(), DataError> {
        let (rows, columns) = matrix(operation, x)?;
        check_columns(operation, Some(self.min.len()), columns)?;
        if let Some((min, max)) = reduce_rows(x.as_slice(), columns, |block| extremes(block, columns), widen) {
            // An infinite value is an extreme of its column.
            if max.contains(&f64::INFINITY) || min.contains(&-f64::INFINITY) {
                check_not_infinite(operation, x.as_slice(), columns)?;
            }
            (self.min, self.max) = widen((std::mem::take(&mut self.min), std::mem::take(&mut self.max)), (min, max));
        }
        self.rows += rows as u64;
        Ok(())
    }

    pub(super) fn merge(&mut self, operation: &'static str, other: &Self) -> Result<(), DataError> {
        check_columns(operation, Some(self.min.len()), other.min.len())?;
        let own = (std::mem::take(&mut self.min), std::mem::take(&mut self.max));
        (self.min, self.max) = widen(own, (other.min.clone(), other.max.clone()));
        self.rows += other.rows;
        Ok(())
    }

    /// The extremes of each column, `None` where there is no value.
    pub(super) fn finish(
        &self,
        operation: &'static str,
    ) -> Result<impl Iterator<Item = Option<(f64, f64)>> + '_, DataError> {
        if self.rows == 0 {
            return Err(no_rows(operation));
        }
        Ok(self.min.iter().zip(&self.max).map(|(&min, &max)| (min <= max).then_some((min, max))))
    }
}

fn extremes<F: Float>(block: &[F], columns: usize) -> (Vec<f64>, Vec<f64>) {
    let (mut min, mut max) = (vec![F::INFINITY; columns], vec![-F::INFINITY; columns]);
    kernel::simd(
        #[inline(always)]
        || {
            let (min, max) = (&mut min[..columns], &mut max[..columns]);
            for row in block.chunks_exact(columns) {
                let row = &row[..columns];
                for j in 0..columns {
                    // A comparison with NaN is false.
                    min[j] = if row[j] < min[j] { row[j] } else { min[j] };
                    max[j] = if row[j] > max[j] { row[j] } else { max[j] };
                }
            }
        },
    );
    let double = |x: Vec<F>| x.into_iter().map(F::to_f64).collect();
    (double(min), double(max))
}

fn widen(
    (mut min, mut max): (Vec<f64>, Vec<f64>),
    (other_min, other_max): (Vec<f64>, Vec<f64>),
) -> (Vec<f64>, Vec<f64>) {
    min.iter_mut().zip(other_min).for_each(|(a, b)| *a = if b < *a { b } else { *a });
    max.iter_mut().zip(other_max).for_each(|(a, b)| *a = if b > *a { b } else { *a });
    (min, max)
}
