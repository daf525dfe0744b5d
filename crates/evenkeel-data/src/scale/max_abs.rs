//! Scaling by the largest magnitude.

use evenkeel_tensor::{Float, Tensor};

use super::affine::{Affine, transforms_as_affine};
use super::columns::Extremes;
use crate::fit::fit_at_once;
use crate::{DataError, Fit, PartialFit};

const NAME: &str = "MaxAbs";

/// Each column to magnitudes of at most 1: y = x / max |x|, as in the training data. 0 stays 0, so sparse columns stay sparse.
///
/// - **Columns of zeros** stay, and are reported as constant (others are not: a column of fives becomes one of ones), as do
///   columns without values.
/// - **Batches** give the same bits as one fit.
///
/// As scikit-learn's `MaxAbsScaler`.
///
/// ```
/// use evenkeel_data::{Fit, Tensor, Transform, scale::MaxAbs};
///
/// let x = Tensor::from([[-4.0, 0.0], [2.0, 0.5]]);
/// let scaler = MaxAbs.fit(&x)?;
/// assert_eq!(scaler.transform(&x)?, Tensor::from([[-1.0, 0.0], [0.5, 1.0]]));
/// # Ok::<(), evenkeel_data::DataError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MaxAbs;

impl<F: Float> Fit<F> for MaxAbs {
    type Fitted = FittedMaxAbs;

    fn fit(&self, x: &Tensor<F>) -> Result<FittedMaxAbs, DataError> {
        fit_at_once(self, NAME, x)
    }
}

impl<F: Float> PartialFit<F> for MaxAbs {
    type State = Extremes;

    fn start(&self, columns: usize) -> Result<Extremes, DataError> {
        Ok(Extremes::new(columns))
    }

    fn observe(&self, state: &mut Extremes, batch: &Tensor<F>) -> Result<(), DataError> {
        state.observe(NAME, batch)
    }

    fn merge(&self, state: &mut Extremes, other: &Extremes) -> Result<(), DataError> {
        state.merge(NAME, other)
    }

    fn finish(&self, state: &Extremes) -> Result<FittedMaxAbs, DataError> {
        let columns = state.finish(NAME)?.map(|extremes| extremes.map(|(min, max)| (0.0, f64::max(-min, max).abs())));
        Ok(FittedMaxAbs { columns: Affine::new(NAME, "finite magnitudes", columns)? })
    }
}

/// The largest magnitude of each column, as [`MaxAbs`] has learnt it.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct FittedMaxAbs {
    columns: Affine,
}

impl FittedMaxAbs {
    /// What each column is divided by.
    pub fn scale(&self) -> Vec<f64> {
        self.columns.scales()
    }
}

transforms_as_affine!(FittedMaxAbs, NAME);
