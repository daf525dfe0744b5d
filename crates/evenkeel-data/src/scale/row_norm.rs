//! Rows of norm 1.

use evenkeel_tensor::{Float, Tensor, kernel};

use super::columns::{change_blocks, change_blocks_anew};
use crate::fit::{check_input, filled_matrix, matrix};
use crate::{DataError, Fit, Transform};

const NAME: &str = "RowNorm";

/// Each row (sample) to norm 1: y = x / ‖x‖, for samples of which only the direction counts, such as word counts.
///
/// There is nothing to learn, so this is settings and transformation in one; a fit gives it back. A row of zeros stays as it is.
/// Missing values are left out of the norm (scikit-learn's `Normalizer` refuses them). The norm neither overflows nor underflows.
///
/// There is no inverse: the norm is gone.
///
/// ```
/// use evenkeel_data::{Tensor, Transform, scale::RowNorm};
///
/// let x = Tensor::from([[3.0, 4.0], [0.0, 0.0]]);
/// assert_eq!(RowNorm::L2.transform(&x)?, Tensor::from([[0.6, 0.8], [0.0, 0.0]]));
/// assert_eq!(RowNorm::L1.transform(&x)?, Tensor::from([[3.0 / 7.0, 4.0 / 7.0], [0.0, 0.0]]));
/// assert_eq!(RowNorm::Max.transform(&x)?, Tensor::from([[0.75, 1.0], [0.0, 0.0]]));
/// # Ok::<(), evenkeel_data::DataError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum RowNorm {
    /// ‖x‖ = Σ |x|
    L1,
    /// ‖x‖ = √Σ x², the default.
    #[default]
    L2,
    /// ‖x‖ = max |x|
    Max,
}

/// Sums of squares in between have lost nothing to the ends of `f64`.
const SAFE: std::ops::RangeInclusive<f64> = 1e-200..=1e200;

impl RowNorm {
    /// The norm of a row, and what to divide its values by before (1, unless that norm would overflow or underflow).
    #[inline(always)]
    fn of<F: Float>(self, row: &[F]) -> (f64, f64) {
        let norm = self.scaled(row, 1.0);
        if SAFE.contains(&(norm * norm)) {
            return (norm, 1.0);
        }
        let largest = Self::Max.scaled(row, 1.0);
        if largest == 0.0 { (1.0, 1.0) } else { (self.scaled(row, largest), largest) }
    }

    fn divide_rows<F: Float>(self, block: &mut [F], columns: usize) {
        kernel::simd(
            #[inline(always)]
            || {
                for row in block.chunks_exact_mut(columns) {
                    let (norm, unit) = self.of(row);
                    if unit != 1.0 {
                        row.iter_mut().for_each(|x| *x = F::from_f64(x.to_f64() / unit / norm));
                        continue;
                    }
                    row.iter_mut().for_each(|x| *x = F::from_f64(x.to_f64() / norm));
                }
            },
        );
    }

    /// The norm of a row divided by `unit`, in eight interleaved partial sums.
    #[inline(always)]
    fn scaled<F: Float>(self, row: &[F], unit: f64) -> f64 {
        let magnitude = |x: F| if x.is_nan() { 0.0 } else { x.to_f64().abs() / unit };
        let mut lanes = [0.0; 8];
        for chunk in row.chunks(8) {
            for (lane, &x) in lanes.iter_mut().zip(chunk) {
                let x = magnitude(x);
                *lane = match self {
                    Self::L1 => *lane + x,
                    Self::L2 => *lane + x * x,
                    Self::Max if x > *lane => x,
                    Self::Max => *lane,
                };
            }
        }
        match self {
            Self::L1 => lanes.iter().sum(),
            Self::L2 => lanes.iter().sum::<f64>().sqrt(),
            Self::Max => lanes.iter().fold(0.0, |m, &x| if x > m { x } else { m }),
        }
    }
}

impl<F: Float> Fit<F> for RowNorm {
    type Fitted = Self;

    fn fit(&self, x: &Tensor<F>) -> Result<Self, DataError> {
        filled_matrix(NAME, x)?;
        check_input(NAME, None, x)?;
        Ok(*self)
    }
}

impl<F: Float> Transform<F> for RowNorm {
    fn operation(&self) -> &'static str {
        NAME
    }

    fn columns(&self) -> Option<usize> {
        None
    }

    fn transform_in_place(&self, x: &mut Tensor<F>) -> Result<(), DataError> {
        let (_, columns) = check_input(NAME, None, x)?;
        change_blocks(x, |block| self.divide_rows(block, columns));
        Ok(())
    }

    fn transform(&self, x: &Tensor<F>) -> Result<Tensor<F>, DataError> {
        let (_, columns) = matrix(NAME, x)?;
        change_blocks_anew(NAME, None, x, |block| self.divide_rows(block, columns))
    }
}
