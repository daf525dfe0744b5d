//! Xavier starts (Glorot & Bengio 2010): the variance is kept forwards and backwards as nearly as one number can.

use evenkeel_tensor::{Float, Seed, Shape};

use crate::normal::fill_normal;
use crate::uniform::fill_symmetric;
use crate::{Fans, Gain, InitError, Initializer};

/// Uniform in (-b, b) with b = gain sqrt(6 / (fan_in + fan_out)).
///
/// Glorot & Bengio 2010, "Understanding the difficulty of training deep feedforward neural networks", eq. 16
/// (the "normalized initialization"). To keep the forward signal's variance, weights need the variance 1 / fan_in, to
/// keep the gradient's 1 / fan_out; the compromise is 2 / (fan_in + fan_out) (eq. 12), and a uniform law has the
/// variance b^2 / 3. Derived for units that are linear near 0; for others see [`Gain`].
///
/// # Errors
/// [`fill`](Initializer::fill) if the shape has no fans (rank below 2, an extent of 0) or does not fit the slice, or
/// the gain is negative or not finite.
///
/// ```
/// use evenkeel_init::{Gain, InitializerExt, Seed, Shape, XavierUniform};
///
/// let rule = XavierUniform::default().with_gain(Gain::TANH);
/// assert!((rule.bound(&Shape::from([2, 4]))? - 5.0 / 3.0).abs() < 1e-15);
/// let weight = rule.tensor::<f32>([2, 4], Seed(7))?;
/// assert!(weight.as_slice().iter().all(|w| w.abs() < 5.0 / 3.0));
/// # Ok::<(), evenkeel_init::InitError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[doc(alias = "Glorot")]
pub struct XavierUniform {
    /// The factor for the activation that follows; 1 by default.
    pub gain: Gain,
}

impl XavierUniform {
    /// The same rule with another gain.
    #[must_use]
    pub fn with_gain(self, gain: Gain) -> Self {
        Self { gain }
    }

    /// b = gain sqrt(6 / (fan_in + fan_out)).
    ///
    /// # Errors
    /// If the shape has no fans, or the gain is negative or not finite.
    pub fn bound(&self, shape: &Shape) -> Result<f64, InitError> {
        Ok(3f64.sqrt() * std("XavierUniform", self.gain, shape)?)
    }
}

impl<F: Float> Initializer<F> for XavierUniform {
    fn fill(&self, values: &mut [F], shape: &Shape, seed: Seed) -> Result<(), InitError> {
        fill_symmetric("XavierUniform", self.bound(shape)?, values, shape, seed)
    }
}

/// Gaussian of mean 0 and standard deviation gain sqrt(2 / (fan_in + fan_out)).
///
/// The variance of Glorot & Bengio 2010, eq. 12, in a Gaussian; the paper itself draws uniformly, see
/// [`XavierUniform`].
///
/// # Errors
/// As for [`XavierUniform`].
///
/// ```
/// use evenkeel_init::{Shape, XavierNormal};
///
/// assert_eq!(XavierNormal::default().std(&Shape::from([5, 3]))?, 0.5);
/// # Ok::<(), evenkeel_init::InitError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[doc(alias = "Glorot")]
pub struct XavierNormal {
    /// The factor for the activation that follows; 1 by default.
    pub gain: Gain,
}

impl XavierNormal {
    /// The same rule with another gain.
    #[must_use]
    pub fn with_gain(self, gain: Gain) -> Self {
        Self { gain }
    }

    /// The standard deviation gain sqrt(2 / (fan_in + fan_out)).
    ///
    /// # Errors
    /// If the shape has no fans, or the gain is negative or not finite.
    pub fn std(&self, shape: &Shape) -> Result<f64, InitError> {
        std("XavierNormal", self.gain, shape)
    }
}

impl<F: Float> Initializer<F> for XavierNormal {
    fn fill(&self, values: &mut [F], shape: &Shape, seed: Seed) -> Result<(), InitError> {
        fill_normal("XavierNormal", 0.0, self.std(shape)?, values, shape, seed)
    }
}

fn std(initializer: &'static str, gain: Gain, shape: &Shape) -> Result<f64, InitError> {
    let Fans { fan_in, fan_out } = Fans::of(shape)?;
    Ok(gain.checked(initializer)? * (2.0 / (fan_in as f64 + fan_out as f64)).sqrt())
}
