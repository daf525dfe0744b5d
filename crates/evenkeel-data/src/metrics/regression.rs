//! Measures of real-valued predictions.

use evenkeel_tensor::Float;

use super::check;
use crate::DataError;

/// How far predictions are from targets, all computed in f64.
///
/// ```
/// use evenkeel_data::metrics::RegressionErrors;
///
/// let errors = RegressionErrors::new(&[3.0, -0.5, 2.0, 7.0], &[2.5, 0.0, 2.0, 8.0])?;
/// assert_eq!(errors.mean_squared, 0.375);
/// assert_eq!(errors.root_mean_squared(), 0.375f64.sqrt());
/// assert_eq!((errors.mean_absolute, errors.median_absolute, errors.largest), (0.5, 0.5, 1.0));
/// assert!((errors.r_squared.unwrap() - 0.948_608).abs() < 1e-6);
/// # Ok::<(), evenkeel_data::DataError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RegressionErrors {
    /// The mean of (y - ŷ)².
    pub mean_squared: f64,
    /// The mean of |y - ŷ|.
    pub mean_absolute: f64,
    /// The median of |y - ŷ|, of an even number the mean of the middle two: half of the errors are smaller, whatever the others are.
    pub median_absolute: f64,
    /// The largest |y - ŷ|.
    pub largest: f64,
    /// The coefficient of determination, 1 - Σ (y - ŷ)² / Σ (y - ȳ)²: 1 is perfect, 0 no better than the mean of the targets, and
    /// less than 0 worse. `None` where all targets are equal: there is nothing to explain.
    pub r_squared: Option<f64>,
}

impl RegressionErrors {
    /// From one target and one prediction per sample. For several outputs measure each on its own, as their units differ.
    ///
    /// # Errors
    /// If there is no sample, the lengths differ, or a value is not finite.
    pub fn new<T: Float, P: Float>(targets: &[T], predictions: &[P]) -> Result<Self, DataError> {
        check::lengths("RegressionErrors", predictions.len(), targets.len())?;
        let n = targets.len() as f64;
        let mut errors = Vec::with_capacity(targets.len());
        let mut sum = 0.0;
        for (i, (&target, &prediction)) in targets.iter().zip(predictions).enumerate() {
            let target = check::finite("target", i, target)?;
            errors.push((target - check::finite("prediction", i, prediction)?).abs());
            sum += target;
        }
        let mean = sum / n;
        // Of a constant the rounded mean may differ, and then a ratio of rounding errors would be reported.
        let is_constant = targets.iter().all(|&target| target == targets[0]);
        let deviations: f64 = targets.iter().map(|target| (target.to_f64() - mean).powi(2)).sum();
        let squares: f64 = errors.iter().map(|error| error * error).sum();
        let absolute: f64 = errors.iter().sum();

        let middle = errors.len() / 2;
        let (below, &mut upper, above) = errors.select_nth_unstable_by(middle, f64::total_cmp);
        let lower = below.iter().copied().fold(0.0, f64::max);
        let is_even = (below.len() + 1 + above.len()).is_multiple_of(2);
        Ok(Self {
            mean_squared: squares / n,
            mean_absolute: absolute / n,
            median_absolute: if is_even { lower + 0.5 * (upper - lower) } else { upper },
            largest: above.iter().copied().fold(upper, f64::max),
            r_squared: (!is_constant).then(|| 1.0 - squares / deviations),
        })
    }

    /// √[`mean_squared`](Self::mean_squared), in the targets' unit.
    #[must_use]
    pub fn root_mean_squared(&self) -> f64 {
        self.mean_squared.sqrt()
    }
}
