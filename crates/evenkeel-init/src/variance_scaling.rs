//! The family that Xavier, He and LeCun belong to: a variance of scale / fan, in a law of choice.

use evenkeel_tensor::{Float, Seed, Shape};

use crate::error::not_negative;
use crate::normal::fill_normal;
use crate::truncated_normal::{TruncatedNormal, fill_truncated};
use crate::uniform::fill_symmetric;
use crate::{FanMode, Fans, InitError, Initializer};

/// Any law of mean 0 and variance scale / fan; by default a Gaussian truncated at two deviations, of variance 1 /
/// fan_in.
///
/// TensorFlow's and JAX's `variance_scaling`, with their defaults. `scale` multiplies the *variance*; a
/// [`Gain`](crate::Gain) is its square root. Special cases:
///
/// | scale | fan | rule |
/// |---|---|---|
/// | 1 | [`FanMode::FanIn`] | LeCun |
/// | 2 | [`FanMode::FanIn`] | He |
/// | 1 | [`FanMode::Average`] | Xavier |
///
/// The truncated law is drawn wider, so that its variance *after* truncation is scale / fan. (Early versions of Keras
/// did not, and had a deviation 12 % too small.)
///
/// # Errors
/// [`fill`](Initializer::fill) if the shape has no fans (rank below 2, an extent of 0) or does not fit the slice, or
/// the scale is negative or not finite.
///
/// ```
/// use evenkeel_init::{Distribution, FanMode, HeNormal, Shape, VarianceScaling};
///
/// let he = VarianceScaling::new(2.0, FanMode::FanOut, Distribution::Normal);
/// let shape = Shape::from([8, 3]);
/// assert_eq!(he.std(&shape)?, HeNormal::default().with_mode(FanMode::FanOut).std(&shape)?);
/// # Ok::<(), evenkeel_init::InitError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct VarianceScaling {
    /// The variance times the fan.
    pub scale: f64,
    /// The fan to divide by.
    pub mode: FanMode,
    /// The law.
    pub distribution: Distribution,
}

/// The law of a [`VarianceScaling`]. All have the same variance.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Distribution {
    /// Uniform in (-b, b), b = sqrt(3) times the deviation.
    Uniform,
    /// Gaussian.
    Normal,
    /// Gaussian, cut off at two deviations of the law before truncation: at 2.274 deviations of what remains.
    #[default]
    TruncatedNormal,
}

impl VarianceScaling {
    /// Variance `scale` / fan, with the fan that `mode` names, in the law `distribution`.
    pub fn new(scale: f64, mode: FanMode, distribution: Distribution) -> Self {
        Self { scale, mode, distribution }
    }

    /// The standard deviation of the values, sqrt(scale / fan), whatever the law.
    ///
    /// # Errors
    /// If the shape has no fans, or the scale is negative or not finite.
    pub fn std(&self, shape: &Shape) -> Result<f64, InitError> {
        let fan = Fans::of(shape)?.fan(self.mode);
        Ok((not_negative("VarianceScaling", "scale", self.scale)? / fan).sqrt())
    }

    /// What no value exceeds in size; `None` for a Gaussian.
    ///
    /// # Errors
    /// As for [`std`](VarianceScaling::std).
    pub fn bound(&self, shape: &Shape) -> Result<Option<f64>, InitError> {
        let std = self.std(shape)?;
        Ok(match self.distribution {
            Distribution::Uniform => Some(3f64.sqrt() * std),
            Distribution::Normal => None,
            Distribution::TruncatedNormal => Some(2.0 * std / TruncatedNormal::default().relative_std()),
        })
    }
}

impl Default for VarianceScaling {
    fn default() -> Self {
        Self::new(1.0, FanMode::FanIn, Distribution::TruncatedNormal)
    }
}

impl<F: Float> Initializer<F> for VarianceScaling {
    fn fill(&self, values: &mut [F], shape: &Shape, seed: Seed) -> Result<(), InitError> {
        const NAME: &str = "VarianceScaling";
        let std = self.std(shape)?;
        match self.distribution {
            Distribution::Uniform => fill_symmetric(NAME, 3f64.sqrt() * std, values, shape, seed),
            Distribution::Normal => fill_normal(NAME, 0.0, std, values, shape, seed),
            Distribution::TruncatedNormal => {
                let window = TruncatedNormal::default();
                let wider = TruncatedNormal { std: std / window.relative_std(), ..window };
                fill_truncated(NAME, wider, values, shape, seed)
            }
        }
    }
}
