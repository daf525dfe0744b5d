//! Scaling to a range.

use std::ops::RangeInclusive;

use evenkeel_tensor::{Float, Tensor};

use super::affine::Affine;
use super::check_rising;
use super::columns::{Extremes, change_blocks, change_blocks_anew, map_columns};
use crate::fit::{Degenerate, check_input, fit_at_once};
use crate::{DataError, Fit, PartialFit, Transform};

const NAME: &str = "MinMax";

/// Each column to a range: y = low + (high - low) (x - min) / (max - min), with the column's extremes in the training data.
///
/// - **Range**: 0 to 1 unless [`to`](Self::to) says otherwise. The column's extremes become its two ends to the bit. New data may
///   lie outside; [`clipped`](Self::clipped) cuts them off there, and then the inverse gives the extremes.
/// - **Constant columns** become `low`; columns without values stay.
/// - **Batches** give the same bits as one fit.
///
/// Differs from scikit-learn's `MinMaxScaler` where max - min is below 2.2e-15, which it takes as constant; and subtracts the
/// minimum before it divides, so that columns beside a large offset keep their digits.
///
/// One outlier squeezes all other values together; see [`Robust`](super::Robust).
///
/// ```
/// use evenkeel_data::{Fit, Tensor, Transform, scale::MinMax};
///
/// let ages = Tensor::from([[20.0], [40.0], [60.0]]);
/// let scaler = MinMax::to(-1.0..=1.0).clipped().fit(&ages)?;
/// assert_eq!(scaler.transform(&ages)?, Tensor::from([[-1.0], [0.0], [1.0]]));
/// assert_eq!(scaler.transform(&Tensor::from([[100.0]]))?, Tensor::from([[1.0]]));
/// # Ok::<(), evenkeel_data::DataError>(())
/// ```
///
/// # Errors
/// The fit refuses a range that is empty, reversed or not finite, and a column whose max - min is beyond `f64`.
#[derive(Clone, Debug, PartialEq)]
pub struct MinMax {
    range: RangeInclusive<f64>,
    clip: bool,
}

impl Default for MinMax {
    fn default() -> Self {
        Self::to(0.0..=1.0)
    }
}

impl MinMax {
    /// To another range than 0 to 1.
    pub fn to(range: RangeInclusive<f64>) -> Self {
        Self { range, clip: false }
    }

    /// New data beyond the training data's extremes are cut off at the ends of the range.
    #[must_use]
    pub fn clipped(self) -> Self {
        Self { clip: true, ..self }
    }
}

impl<F: Float> Fit<F> for MinMax {
    type Fitted = FittedMinMax;

    fn fit(&self, x: &Tensor<F>) -> Result<FittedMinMax, DataError> {
        fit_at_once(self, NAME, x)
    }
}

impl<F: Float> PartialFit<F> for MinMax {
    type State = Extremes;

    fn start(&self, columns: usize) -> Result<Extremes, DataError> {
        let expected = "a range of finite numbers, of which the second is larger";
        // Half of what f64 has, so that the distance between the ends is finite.
        check_rising(NAME, expected, &self.range, f64::MIN / 2.0..=f64::MAX / 2.0)?;
        Ok(Extremes::new(columns))
    }

    fn observe(&self, state: &mut Extremes, batch: &Tensor<F>) -> Result<(), DataError> {
        state.observe(NAME, batch)
    }

    fn merge(&self, state: &mut Extremes, other: &Extremes) -> Result<(), DataError> {
        state.merge(NAME, other)
    }

    fn finish(&self, state: &Extremes) -> Result<FittedMinMax, DataError> {
        let columns = state.finish(NAME)?.map(|extremes| extremes.map(|(min, max)| (min, max - min)));
        let columns = Affine::new(NAME, "a distance between the extremes that an f64 holds", columns)?;
        Ok(FittedMinMax { columns, low: *self.range.start(), high: *self.range.end(), clip: self.clip })
    }
}

/// The extremes of each column, as [`MinMax`] has learnt them.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct FittedMinMax {
    columns: Affine,
    low: f64,
    high: f64,
    clip: bool,
}

impl FittedMinMax {
    /// The smallest value of each column, 0 where there was none.
    pub fn min(&self) -> Vec<f64> {
        self.columns.centers()
    }

    /// The distance between the extremes of each column, 1 where that is 0 or there were no values.
    pub fn range(&self) -> Vec<f64> {
        self.columns.scales()
    }

    /// For each column the ends of its range, and where it is cut off; for one without values such that it stays.
    fn ends(&self) -> [Vec<f64>; 4] {
        const NEVER: [f64; 2] = [-f64::INFINITY, f64::INFINITY];
        let [least, most] = if self.clip { [self.low, self.high] } else { NEVER };
        let mut ends = [self.low, self.high, least, most].map(|end| vec![end; self.columns.len()]);
        for &j in &self.columns.degenerate().missing {
            for (ends, end) in ends.iter_mut().zip([0.0, 1.0, NEVER[0], NEVER[1]]) {
                // A file may name any column.
                if let Some(old) = ends.get_mut(j) {
                    *old = end;
                }
            }
        }
        ends
    }

    fn transform_block<F: Float>(&self) -> impl Fn(&mut [F]) + Sync + use<F> {
        let (min, range, [low, high, least, most]) = (self.min(), self.range(), self.ends());
        move |block| {
            map_columns(
                block,
                [&min, &range, &low, &high, &least, &most],
                #[inline(always)]
                |x, [min, range, low, high, least, most]| {
                    let share = (x - min) / range;
                    // Inside from the nearer end, so that both are exact.
                    let is_upper = (0.5..=1.0).contains(&share);
                    let y = if is_upper { high - (1.0 - share) * (high - low) } else { low + share * (high - low) };
                    let y = if y < least { least } else { y };
                    if y > most { most } else { y }
                },
            );
        }
    }
}

impl<F: Float> Transform<F> for FittedMinMax {
    fn operation(&self) -> &'static str {
        NAME
    }

    fn columns(&self) -> Option<usize> {
        Some(self.columns.len())
    }

    fn transform_in_place(&self, x: &mut Tensor<F>) -> Result<(), DataError> {
        check_input(NAME, Some(self.columns.len()), x)?;
        change_blocks(x, self.transform_block());
        Ok(())
    }

    fn transform(&self, x: &Tensor<F>) -> Result<Tensor<F>, DataError> {
        change_blocks_anew(NAME, Some(self.columns.len()), x, self.transform_block())
    }

    fn inverse_in_place(&self, y: &mut Tensor<F>) -> Result<(), DataError> {
        check_input(NAME, Some(self.columns.len()), y)?;
        let (min, range, [low, high, ..]) = (self.min(), self.range(), self.ends());
        change_blocks(y, |block| {
            map_columns(
                block,
                [&min, &range, &low, &high],
                #[inline(always)]
                |y, [min, range, low, high]| (y - low) / (high - low) * range + min,
            );
        });
        Ok(())
    }

    fn degenerate(&self) -> Option<&Degenerate> {
        Some(self.columns.degenerate())
    }
}
