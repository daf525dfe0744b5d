//! Means and squared deviations of columns, of which parts can be merged.

use evenkeel_tensor::{Float, Tensor, kernel};

use super::columns::reduce_rows;
use crate::DataError;
use crate::fit::{check_columns, check_not_infinite, matrix, no_rows};

/// The count, mean and sum of squared deviations of each column: the state of a [`Standard`](super::Standard) fit.
///
/// A block of rows is gone over twice, for its means and for its deviations from them; blocks and batches are merged by the
/// formula of Chan, Golub & LeVeque (1979). Values beside a large offset lose nothing by that, as they would in E\[x²\] - E\[x\]².
#[derive(Clone, Debug, PartialEq)]
pub struct Moments {
    rows: u64,
    columns: Vec<Sample>,
}

/// The moments of one column's values.
///
/// The mean is `mean + low`: beside a large offset, the digits that an `f64` has no room for are those of which deviations are
/// made.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Sample {
    count: f64,
    mean: f64,
    low: f64,
    m2: f64,
}

impl Sample {
    fn merge(self, other: Self) -> Self {
        if self.count == 0.0 || other.count == 0.0 {
            return if self.count == 0.0 { other } else { self };
        }
        let count = self.count + other.count;
        let share = other.count / count;
        let delta = (other.mean - self.mean) + (other.low - self.low);
        let (mean, low) = two_sum(self.mean, self.low + delta * share);
        let m2 = self.m2 + other.m2 + delta * (delta * (self.count * share));
        Self { count, mean, low, m2 }
    }
}

/// The rounded sum, and what rounding left out (Knuth).
fn two_sum(a: f64, b: f64) -> (f64, f64) {
    let sum = a + b;
    let part = sum - a;
    (sum, (a - (sum - part)) + (b - part))
}

impl Moments {
    pub(crate) fn new(columns: usize) -> Self {
        Self { rows: 0, columns: vec![Sample::default(); columns] }
    }

    pub(crate) fn observe<F: Float>(&mut self, operation: &'static str, x: &Tensor<F>) -> Result<(), DataError> {
        let (rows, columns) = matrix(operation, x)?;
        check_columns(operation, Some(self.columns.len()), columns)?;
        if let Some(batch) = reduce_rows(x.as_slice(), columns, |block| moments(block, columns), merge_all) {
            // The mean of what holds an infinite value is not finite.
            if !batch.iter().all(|column| column.mean.is_finite() && column.m2.is_finite()) {
                check_not_infinite(operation, x.as_slice(), columns)?;
            }
            self.columns = merge_all(std::mem::take(&mut self.columns), batch);
        }
        self.rows += rows as u64;
        Ok(())
    }

    pub(crate) fn merge(&mut self, operation: &'static str, other: &Self) -> Result<(), DataError> {
        check_columns(operation, Some(self.columns.len()), other.columns.len())?;
        self.columns = merge_all(std::mem::take(&mut self.columns), other.columns.clone());
        self.rows += other.rows;
        Ok(())
    }

    /// Whether a value of each column is missing.
    pub(crate) fn misses(&self) -> impl Iterator<Item = bool> + '_ {
        self.columns.iter().map(|column| column.count < self.rows as f64)
    }

    /// The mean and the standard deviation (of squares divided by n) of each column, `None` where there is no value.
    pub(crate) fn finish(
        &self,
        operation: &'static str,
    ) -> Result<impl Iterator<Item = Option<(f64, f64)>> + '_, DataError> {
        if self.rows == 0 {
            return Err(no_rows(operation));
        }
        Ok(self.columns.iter().map(|c| (c.count > 0.0).then(|| (c.mean, (c.m2 / c.count).sqrt()))))
    }
}

fn merge_all(mut a: Vec<Sample>, b: Vec<Sample>) -> Vec<Sample> {
    a.iter_mut().zip(b).for_each(|(a, b)| *a = a.merge(b));
    a
}

/// The moments of a block's columns.
fn moments<F: Float>(block: &[F], columns: usize) -> Vec<Sample> {
    let row = |values: &[F], j: usize| values[j].to_f64();
    // Differences from a value of the column are small where the values are close to each other, and 0 where it is constant.
    let first = |j: usize| block[j..].iter().step_by(columns).find(|x| !x.is_nan()).map_or(0.0, |x| x.to_f64());
    let origin: Vec<f64> = (0..columns).map(first).collect();
    let [mut count, mut sum, mut m2] = [(); 3].map(|()| vec![0.0; columns]);
    kernel::simd(
        #[inline(always)]
        || {
            let (origin, count, sum) = (&origin[..columns], &mut count[..columns], &mut sum[..columns]);
            for values in block.chunks_exact(columns) {
                let values = &values[..columns];
                for j in 0..columns {
                    let d = row(values, j) - origin[j];
                    sum[j] += if d.is_nan() { 0.0 } else { d };
                    count[j] += if d.is_nan() { 0.0 } else { 1.0 };
                }
            }
        },
    );
    let (mean, low): (Vec<f64>, Vec<f64>) =
        (0..columns).map(|j| two_sum(origin[j], sum[j] / f64::max(count[j], 1.0))).unzip();
    kernel::simd(
        #[inline(always)]
        || {
            let (mean, low, m2) = (&mean[..columns], &low[..columns], &mut m2[..columns]);
            for values in block.chunks_exact(columns) {
                let values = &values[..columns];
                for j in 0..columns {
                    let d = (row(values, j) - mean[j]) - low[j];
                    m2[j] += if d.is_nan() { 0.0 } else { d * d };
                }
            }
        },
    );
    (0..columns).map(|j| Sample { count: count[j], mean: mean[j], low: low[j], m2: m2[j] }).collect()
}
