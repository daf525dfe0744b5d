//! Over-sampling, then cleaning.

use evenkeel_tensor::{Float, Seed, Tensor};

use super::{EditedNearestNeighbours, Resample, Resampled, Smote, TomekLinks};
use crate::DataError;

/// SMOTE, then leaving out all rows in Tomek links, synthetic ones too: G. Batista, R. C. Prati, M. C. Monard 2004, "A
/// study of the behavior of several methods for balancing machine learning training data", SIGKDD Explorations 6.
/// imbalanced-learn's `SMOTETomek`.
///
/// ```
/// use evenkeel_data::balance::SmoteTomek;
/// use evenkeel_data::{Digits, Seed};
///
/// let resampled = Digits::embedded().resample(&SmoteTomek::default(), Seed(7))?;
/// assert!(resampled.len() <= 10 * 183);
/// # Ok::<(), evenkeel_data::DataError>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct SmoteTomek {
    smote: Smote,
}

impl SmoteTomek {
    /// With this way of over-sampling.
    pub fn new(smote: Smote) -> Self {
        Self { smote }
    }
}

impl<F: Float> Resample<F> for SmoteTomek {
    fn resample(&self, x: &Tensor<F>, labels: &[u32], classes: usize, seed: Seed) -> Result<Resampled<F>, DataError> {
        then(&self.smote, &TomekLinks::new().all_classes(), x, labels, classes, seed)
    }
}

/// SMOTE, then leaving out all rows that are at odds with their neighbours, synthetic ones too: Batista, Prati, Monard
/// 2004, as [`SmoteTomek`]. imbalanced-learn's `SMOTEENN`.
///
/// ```
/// use evenkeel_data::balance::{EditedNearestNeighbours, Smote, SmoteEnn};
/// use evenkeel_data::{Digits, Seed};
///
/// let method = SmoteEnn::new(Smote::new(3), EditedNearestNeighbours::default().all_classes());
/// let resampled = Digits::embedded().resample(&method, Seed(7))?;
/// assert!(resampled.len() <= 10 * 183);
/// # Ok::<(), evenkeel_data::DataError>(())
/// ```
#[derive(Clone, Debug)]
pub struct SmoteEnn {
    smote: Smote,
    edit: EditedNearestNeighbours,
}

impl SmoteEnn {
    /// With these ways of over-sampling and cleaning.
    pub fn new(smote: Smote, edit: EditedNearestNeighbours) -> Self {
        Self { smote, edit }
    }
}

impl Default for SmoteEnn {
    /// With 5 neighbours for SMOTE, and 3 that all have to agree in all classes.
    fn default() -> Self {
        Self::new(Smote::default(), EditedNearestNeighbours::default().all_classes())
    }
}

impl<F: Float> Resample<F> for SmoteEnn {
    fn resample(&self, x: &Tensor<F>, labels: &[u32], classes: usize, seed: Seed) -> Result<Resampled<F>, DataError> {
        then(&self.smote, &self.edit, x, labels, classes, seed)
    }
}

/// `first`, and `second`, which only leaves out rows, with its result.
fn then<F: Float>(
    first: &impl Resample<F>,
    second: &impl Resample<F>,
    x: &Tensor<F>,
    labels: &[u32],
    classes: usize,
    seed: Seed,
) -> Result<Resampled<F>, DataError> {
    let resampled = first.resample(x, labels, classes, seed)?;
    let cleaned = second.resample(&resampled.inputs, &resampled.labels, classes, seed)?;
    Ok(resampled.keep(&cleaned.rows))
}
