//! Uniform starts: between given bounds, or by the number of inputs.

use evenkeel_tensor::{Float, Seed, Shape};

use crate::error::in_range;
use crate::{Fans, InitError, Initializer, random};

/// Uniform in \[low, high\]; by default in (-0.1, 0.1).
///
/// Variance (high - low)^2 / 12.
///
/// # Errors
/// [`fill`](Initializer::fill) if a bound is not finite, they are in the wrong order, or the slice does not fit
/// the shape.
///
/// ```
/// use evenkeel_init::{InitializerExt, Seed, Uniform};
///
/// let weight = Uniform::symmetric(0.05).tensor::<f32>([10, 20], Seed(7))?;
/// assert!(weight.as_slice().iter().all(|w| w.abs() < 0.05));
/// # Ok::<(), evenkeel_init::InitError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Uniform {
    /// The smallest value.
    pub low: f64,
    /// The largest value.
    pub high: f64,
}

impl Uniform {
    /// Uniform in \[low, high\].
    pub fn new(low: f64, high: f64) -> Self {
        Self { low, high }
    }

    /// Uniform in (-bound, bound): variance bound^2 / 3.
    pub fn symmetric(bound: f64) -> Self {
        Self::new(-bound, bound)
    }
}

impl Default for Uniform {
    fn default() -> Self {
        Self::symmetric(0.1)
    }
}

impl<F: Float> Initializer<F> for Uniform {
    fn fill(&self, values: &mut [F], shape: &Shape, seed: Seed) -> Result<(), InitError> {
        InitError::check_length("Uniform", values.len(), shape)?;
        let (low, high): (F, F) = (in_range("Uniform", "low", self.low)?, in_range("Uniform", "high", self.high)?);
        if low > high {
            return Err(InitError::Parameter {
                initializer: "Uniform",
                parameter: "low",
                expected: format!("at most high = {}", self.high),
                got: self.low,
                cure: "swap the bounds; Uniform::symmetric takes a positive bound",
            });
        }
        random::uniform(values, low, high, seed);
        Ok(())
    }
}

/// Fills with the uniform law in (-bound, bound) of the initialiser named.
pub(crate) fn fill_symmetric<F: Float>(
    initializer: &'static str,
    bound: f64,
    values: &mut [F],
    shape: &Shape,
    seed: Seed,
) -> Result<(), InitError> {
    InitError::check_length(initializer, values.len(), shape)?;
    let bound: F = in_range(initializer, "bound", bound)?;
    random::uniform(values, -bound, bound, seed);
    Ok(())
}

/// Uniform in (-b, b) with b = 1 / sqrt(fan_in): PyTorch's default for weights *and biases* of linear layers and
/// convolutions.
///
/// Variance 1 / (3 fan_in), so a linear layer shrinks the signal's variance by 3: this is the "commonly used heuristic"
/// (Glorot & Bengio 2010, eq. 1) whose fading gradients led to [`XavierUniform`](crate::XavierUniform). Not to be
/// confused with LeCun et al. 1998 ("Efficient BackProp", eq. 16), where 1 / sqrt(fan_in) is the deviation. As a
/// [`BiasInitializer`](crate::BiasInitializer) it takes the fan of the weight that the bias belongs to.
///
/// # Errors
/// [`fill`](Initializer::fill) if the shape has no fans (rank below 2, an extent of 0) or does not fit the slice.
///
/// ```
/// use evenkeel_init::{Shape, UniformFanIn};
///
/// assert_eq!(UniformFanIn.bound(&Shape::from([5, 16]))?, 0.25);
/// # Ok::<(), evenkeel_init::InitError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct UniformFanIn;

impl UniformFanIn {
    /// b = 1 / sqrt(fan_in).
    ///
    /// # Errors
    /// If the shape has no fans.
    pub fn bound(&self, shape: &Shape) -> Result<f64, InitError> {
        Ok(1.0 / (Fans::of(shape)?.fan_in as f64).sqrt())
    }
}

impl<F: Float> Initializer<F> for UniformFanIn {
    fn fill(&self, values: &mut [F], shape: &Shape, seed: Seed) -> Result<(), InitError> {
        fill_symmetric("UniformFanIn", self.bound(shape)?, values, shape, seed)
    }
}
