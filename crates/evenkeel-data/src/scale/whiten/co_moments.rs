//! Means and co-moments of columns, of which parts can be merged.

use evenkeel_tensor::kernel::matmul::{Matrix, Write, matmul};
use evenkeel_tensor::{Float, Tensor, kernel};

use crate::fit::{check_columns, check_input, no_rows};
use crate::scale::columns::reduce_rows;
use crate::{DataError, TableError};

/// The mean of each column and the sums of products of deviations of each two, over rows that miss no value: the state of a
/// [`Whiten`](super::Whiten) fit. Blocks and batches are merged as [`Moments`](crate::scale::Moments) are.
#[derive(Clone, Debug, PartialEq)]
pub struct CoMoments {
    rows: u64,
    pub(super) count: f64,
    pub(super) mean: Vec<f64>,
    products: Vec<f64>,
}

impl CoMoments {
    pub(super) fn new(columns: usize) -> Self {
        Self { rows: 0, count: 0.0, mean: vec![0.0; columns], products: vec![0.0; columns * columns] }
    }

    pub(super) fn observe<F: Float>(&mut self, operation: &'static str, x: &Tensor<F>) -> Result<(), DataError> {
        let (rows, columns) = check_input(operation, Some(self.mean.len()), x)?;
        let merge = |mut a: Self, b: Self| {
            a.add(&b);
            a
        };
        if let Some(batch) = reduce_rows(x.as_slice(), columns, |block| Self::of_block(block, columns), merge) {
            self.add(&batch);
        }
        self.rows += rows as u64;
        Ok(())
    }

    pub(super) fn merge(&mut self, operation: &'static str, other: &Self) -> Result<(), DataError> {
        check_columns(operation, Some(self.mean.len()), other.mean.len())?;
        self.add(other);
        self.rows += other.rows;
        Ok(())
    }

    /// The products divided by n - 1; 0 for a single row.
    pub(super) fn covariance(&self, operation: &'static str) -> Result<Vec<f64>, DataError> {
        if self.rows == 0 {
            return Err(no_rows(operation));
        }
        let d = self.mean.len();
        if self.count == 0.0 && d > 0 {
            let cure = "impute missing values, or leave out the columns in which most are missing";
            return Err(DataError::Empty { operation, cure });
        }
        if let Some(at) = self.products.iter().position(|x| !x.is_finite()) {
            let (column, got) = (at % d, self.products[at]);
            let (expected, cure) = ("products that an f64 holds", "divide the column by a power of ten first");
            return Err(DataError::Table(TableError::Spread { operation, column, expected, got, cure }));
        }
        let freedom = (self.count - 1.0).max(1.0);
        // The two halves differ in their last bits at most.
        let mean_of_both = |at: usize| 0.5 * (self.products[at] + self.products[at % d * d + at / d]) / freedom;
        Ok((0..d * d).map(mean_of_both).collect())
    }

    /// Chan, Golub & LeVeque (1979), for products of two columns.
    fn add(&mut self, other: &Self) {
        if other.count == 0.0 {
            return;
        }
        let count = self.count + other.count;
        let share = other.count / count;
        let delta: Vec<f64> = other.mean.iter().zip(&self.mean).map(|(b, a)| b - a).collect();
        let weight = self.count * share;
        let d = delta.len();
        for (i, (row, theirs)) in
            self.products.chunks_exact_mut(d.max(1)).zip(other.products.chunks_exact(d.max(1))).enumerate()
        {
            for (j, (own, theirs)) in row.iter_mut().zip(theirs).enumerate() {
                // Before the first rows there is no mean to be away from, and 0 times infinity is NaN.
                let between = if weight > 0.0 { delta[i] * weight * delta[j] } else { 0.0 };
                *own += theirs + between;
            }
        }
        self.mean.iter_mut().zip(&delta).for_each(|(mean, delta)| *mean += delta * share);
        self.count = count;
    }

    fn of_block<F: Float>(block: &[F], d: usize) -> Self {
        let mut values = complete_rows(block, d);
        let mut own = Self::new(d);
        let rows = values.len() / d;
        if rows == 0 {
            return own;
        }
        own.count = rows as f64;
        let (origin, mut sum) = (values[..d].to_vec(), vec![0.0; d]);
        kernel::simd(
            #[inline(always)]
            || {
                let (origin, sum) = (&origin[..d], &mut sum[..d]);
                for row in values.chunks_exact(d) {
                    sum.iter_mut().zip(row.iter().zip(origin)).for_each(|(sum, (x, origin))| *sum += x - origin);
                }
            },
        );
        own.mean = origin.iter().zip(&sum).map(|(origin, sum)| origin + sum / own.count).collect();
        kernel::simd(
            #[inline(always)]
            || {
                let mean = &own.mean[..d];
                for row in values.chunks_exact_mut(d) {
                    row.iter_mut().zip(mean).for_each(|(x, mean)| *x -= mean);
                }
            },
        );
        let centred = Matrix::new(&values, rows, d);
        matmul(centred.t(), centred, &mut own.products, Write::Overwrite);
        own
    }
}

/// The rows of a block that miss no value.
fn complete_rows<F: Float>(block: &[F], d: usize) -> Vec<f64> {
    let mut values: Vec<f64> = block.iter().map(|x| x.to_f64()).collect();
    let is_missing = kernel::simd(
        #[inline(always)]
        || values.iter().fold(false, |any, x| any | x.is_nan()),
    );
    if is_missing {
        let complete = |row: &&[f64]| row.iter().all(|x| !x.is_nan());
        values = values.chunks_exact(d).filter(complete).flatten().copied().collect();
    }
    values
}
