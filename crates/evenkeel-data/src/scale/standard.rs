//! Scaling to mean 0 and variance 1.

use evenkeel_tensor::{Float, Tensor};

use super::affine::{Affine, transforms_as_affine};
use super::moments::Moments;
use crate::fit::fit_at_once;
use crate::{DataError, Fit, PartialFit};

const NAME: &str = "Standard";

/// Each column to mean 0 and variance 1 (the z-score): y = (x - mean) / √variance, as in the training data.
///
/// - **Variance**: squared deviations divided by n, as in scikit-learn's `StandardScaler`. They are taken from the mean itself
///   (in two passes, merged block by block), so columns beside a large offset, like times in seconds since 1970, keep their
///   digits.
/// - **Constant columns** become 0; columns without values stay.
/// - **Batches** give the same as one fit up to rounding: a relative 1e-12 or so of the deviation, for any split.
///
/// ```
/// use evenkeel_data::{Fit, Tensor, Transform, scale::Standard};
///
/// let x = Tensor::from([[1.0, 1e9 + 1.0], [2.0, 1e9 + 2.0], [3.0, 1e9 + 3.0]]);
/// let scaler = Standard::default().fit(&x)?;
/// assert_eq!(scaler.mean(), [2.0, 1e9 + 2.0]);
/// assert_eq!(scaler.scale(), [(2.0f64 / 3.0).sqrt(); 2]);
/// assert_eq!(scaler.inverse(&scaler.transform(&x)?)?, x);
/// # Ok::<(), evenkeel_data::DataError>(())
/// ```
///
/// # Errors
/// The fit refuses a column whose squared deviations are beyond `f64` (about 1e154 away from their mean). One whose squared
/// deviations are all below the smallest `f64` counts as constant.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Standard {
    keep_center: bool,
    keep_scale: bool,
}

impl Standard {
    /// Only divides: 0 stays 0.
    #[must_use]
    pub fn without_centering(self) -> Self {
        Self { keep_center: true, ..self }
    }

    /// Only subtracts the mean.
    #[must_use]
    pub fn without_scaling(self) -> Self {
        Self { keep_scale: true, ..self }
    }
}

impl<F: Float> Fit<F> for Standard {
    type Fitted = FittedStandard;

    fn fit(&self, x: &Tensor<F>) -> Result<FittedStandard, DataError> {
        fit_at_once(self, NAME, x)
    }
}

impl<F: Float> PartialFit<F> for Standard {
    type State = Moments;

    fn start(&self, columns: usize) -> Result<Moments, DataError> {
        Ok(Moments::new(columns))
    }

    fn observe(&self, state: &mut Moments, batch: &Tensor<F>) -> Result<(), DataError> {
        state.observe(NAME, batch)
    }

    fn merge(&self, state: &mut Moments, other: &Moments) -> Result<(), DataError> {
        state.merge(NAME, other)
    }

    fn finish(&self, state: &Moments) -> Result<FittedStandard, DataError> {
        let columns = Affine::new(NAME, "squared deviations that an f64 holds", state.finish(NAME)?)?;
        let wanted = |_, (mean, deviation)| {
            (if self.keep_center { 0.0 } else { mean }, if self.keep_scale { 1.0 } else { deviation })
        };
        Ok(FittedStandard { columns: columns.with_each(wanted) })
    }
}

/// The mean and deviation of each column, as [`Standard`] has learnt them.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct FittedStandard {
    columns: Affine,
}

impl FittedStandard {
    /// What is subtracted from each column.
    pub fn mean(&self) -> Vec<f64> {
        self.columns.centers()
    }

    /// What each column is divided by.
    pub fn scale(&self) -> Vec<f64> {
        self.columns.scales()
    }
}

transforms_as_affine!(FittedStandard, NAME);
