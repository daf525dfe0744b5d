//! Gaussian starts.

use evenkeel_tensor::{Float, Seed, Shape};

use crate::error::{in_range, not_negative, scale_in_range};
use crate::{InitError, Initializer, random};

/// Gaussian with a given mean and standard deviation; by default 0 and 0.01.
///
/// The default is that of early deep nets (Krizhevsky et al. 2012). It does not look at the fans, so in a deep
/// net the signal fades or grows geometrically: see [`XavierNormal`](crate::XavierNormal) and
/// [`HeNormal`](crate::HeNormal).
///
/// # Errors
/// [`fill`](Initializer::fill) if the mean is not finite, the deviation is negative or not finite, or so large that
/// values would not be (they reach 6.66 deviations from the mean in f32, 8.49 in f64), or the slice does not fit the
/// shape.
///
/// ```
/// use evenkeel_init::{InitializerExt, Normal, Seed};
///
/// let weight = Normal::with_std(0.05).tensor::<f32>([100, 100], Seed(7))?;
/// let second_moment = weight.as_slice().iter().map(|w| w * w).sum::<f32>() / 10_000.0;
/// assert!((second_moment.sqrt() - 0.05).abs() < 0.002);
/// # Ok::<(), evenkeel_init::InitError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[doc(alias = "Gaussian")]
pub struct Normal {
    /// The mean.
    pub mean: f64,
    /// The standard deviation (not the variance).
    pub std: f64,
}

impl Normal {
    /// Gaussian with mean `mean` and standard deviation `std`.
    pub fn new(mean: f64, std: f64) -> Self {
        Self { mean, std }
    }

    /// Gaussian with mean 0 and standard deviation `std`.
    pub fn with_std(std: f64) -> Self {
        Self::new(0.0, std)
    }
}

impl Default for Normal {
    fn default() -> Self {
        Self::with_std(0.01)
    }
}

impl<F: Float> Initializer<F> for Normal {
    fn fill(&self, values: &mut [F], shape: &Shape, seed: Seed) -> Result<(), InitError> {
        fill_normal("Normal", self.mean, self.std, values, shape, seed)
    }
}

/// Fills with the Gaussian law of the initialiser named.
pub(crate) fn fill_normal<F: Float>(
    initializer: &'static str,
    mean: f64,
    std: f64,
    values: &mut [F],
    shape: &Shape,
    seed: Seed,
) -> Result<(), InitError> {
    InitError::check_length(initializer, values.len(), shape)?;
    let std = not_negative(initializer, "std", std)?;
    let mean: F = in_range(initializer, "mean", mean)?;
    let std: F = scale_in_range(initializer, "std", std, |std| random::reach::<F>() * std + mean.to_f64().abs())?;
    random::normal(values, mean, std, seed);
    Ok(())
}
