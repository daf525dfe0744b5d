//! Scaling by quantiles.

use std::ops::RangeInclusive;

use evenkeel_tensor::{Float, Tensor};

use super::affine::{Affine, transforms_as_affine};
use super::check_rising;
use super::order::{for_each_column, key, quantiles};
use crate::fit::{check_not_infinite, filled_matrix};
use crate::{DataError, Fit};

const NAME: &str = "Robust";

/// Each column by its median and interquartile range: y = (x - median) / (q75 - q25), as in the training data. Outliers do not
/// move either.
///
/// - **Quantiles** are linear between order statistics, as NumPy's are by default. [`between`](Self::between) takes others than
///   25 % and 75 %.
/// - **Constant columns**, here those whose two quantiles are equal, are only shifted; columns without values stay.
/// - **Batches**: medians do not merge, so there is one fit of all data. It gathers four columns for each thread.
///
/// As scikit-learn's `RobustScaler`, except for columns whose range is above 0 and below 2.2e-15, which it does not divide.
///
/// ```
/// use evenkeel_data::{Fit, Tensor, Transform, scale::Robust};
///
/// let x = Tensor::from([[1.0], [2.0], [3.0], [4.0], [1e6]]);
/// let y = Robust::default().fit(&x)?.transform(&x)?;
/// assert_eq!(y.as_slice()[..4], [-1.0, -0.5, 0.0, 0.5]);
/// # Ok::<(), evenkeel_data::DataError>(())
/// ```
///
/// # Errors
/// The fit refuses quantiles that are not inside 0 to 1 and rising, and a column whose range is beyond `f64`.
#[derive(Clone, Debug, PartialEq)]
pub struct Robust {
    quantiles: RangeInclusive<f64>,
}

impl Default for Robust {
    fn default() -> Self {
        Self::between(0.25..=0.75)
    }
}

impl Robust {
    /// Divides by the distance between these quantiles: 0.25 to 0.75 by default.
    pub fn between(quantiles: RangeInclusive<f64>) -> Self {
        Self { quantiles }
    }
}

impl<F: Float> Fit<F> for Robust {
    type Fitted = FittedRobust;

    fn fit(&self, x: &Tensor<F>) -> Result<FittedRobust, DataError> {
        check_rising(NAME, "quantiles from 0 to 1, of which the second is larger", &self.quantiles, 0.0..=1.0)?;
        let (_, columns) = filled_matrix(NAME, x)?;
        check_not_infinite(NAME, x.as_slice(), columns)?;
        let (low, high) = (*self.quantiles.start(), *self.quantiles.end());
        let center_and_range = |keys: &mut [i64]| {
            // In rising order, whichever side of the median the range is on.
            let mut probabilities = [low, 0.5, high];
            probabilities.sort_by(f64::total_cmp);
            let found = quantiles(keys, &probabilities);
            let at = |p: f64| found.get(probabilities.iter().position(|&q| q == p)?).copied();
            Some((at(0.5)?, at(high)? - at(low)?))
        };
        let columns = for_each_column(x.as_slice(), columns, key, center_and_range);
        let expected = "a distance between the quantiles that an f64 holds";
        Ok(FittedRobust { columns: Affine::new(NAME, expected, columns.into_iter())? })
    }
}

/// The median and range of each column, as [`Robust`] has learnt them.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct FittedRobust {
    columns: Affine,
}

impl FittedRobust {
    /// What is subtracted from each column.
    pub fn median(&self) -> Vec<f64> {
        self.columns.centers()
    }

    /// What each column is divided by.
    pub fn scale(&self) -> Vec<f64> {
        self.columns.scales()
    }
}

transforms_as_affine!(FittedRobust, NAME);
