//! LeCun starts (LeCun, Bottou, Orr, Müller 1998): the forward signal of linear units keeps its variance.

use evenkeel_tensor::{Float, Seed, Shape};

use crate::normal::fill_normal;
use crate::uniform::fill_symmetric;
use crate::{Fans, InitError, Initializer};

/// Gaussian of mean 0 and standard deviation 1 / sqrt(fan_in).
///
/// LeCun et al. 1998, "Efficient BackProp", eq. 16: with inputs of variance 1 the sums have variance 1. The start for
/// SELU (Klambauer et al. 2017, "Self-normalizing neural networks", arXiv 1706.02515), whose fixed point of mean 0 and
/// variance 1 assumes it.
///
/// Where sources differ: the paper allows any law of that deviation. TensorFlow's and JAX's `lecun_normal` draws from a
/// Gaussian truncated at two deviations; that is
/// [`VarianceScaling::default()`](crate::VarianceScaling) with [`Distribution::TruncatedNormal`](crate::Distribution).
///
/// # Errors
/// [`fill`](Initializer::fill) if the shape has no fans (rank below 2, an extent of 0) or does not fit the slice.
///
/// ```
/// use evenkeel_init::{LeCunNormal, Shape};
///
/// assert_eq!(LeCunNormal.std(&Shape::from([100, 16]))?, 0.25);
/// # Ok::<(), evenkeel_init::InitError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct LeCunNormal;

/// Uniform in (-b, b) with b = sqrt(3 / fan_in): the variance 1 / fan_in of [`LeCunNormal`].
///
/// Not to be confused with [`UniformFanIn`](crate::UniformFanIn), whose *bound* is 1 / sqrt(fan_in).
///
/// # Errors
/// As for [`LeCunNormal`].
///
/// ```
/// use evenkeel_init::{LeCunUniform, Shape};
///
/// assert_eq!(LeCunUniform.bound(&Shape::from([100, 12]))?, 0.5);
/// # Ok::<(), evenkeel_init::InitError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct LeCunUniform;

impl LeCunNormal {
    /// The standard deviation 1 / sqrt(fan_in).
    ///
    /// # Errors
    /// If the shape has no fans.
    pub fn std(&self, shape: &Shape) -> Result<f64, InitError> {
        Ok((1.0 / Fans::of(shape)?.fan_in as f64).sqrt())
    }
}

impl LeCunUniform {
    /// b = sqrt(3 / fan_in).
    ///
    /// # Errors
    /// If the shape has no fans.
    pub fn bound(&self, shape: &Shape) -> Result<f64, InitError> {
        Ok((3.0 / Fans::of(shape)?.fan_in as f64).sqrt())
    }
}

impl<F: Float> Initializer<F> for LeCunNormal {
    fn fill(&self, values: &mut [F], shape: &Shape, seed: Seed) -> Result<(), InitError> {
        fill_normal("LeCunNormal", 0.0, self.std(shape)?, values, shape, seed)
    }
}

impl<F: Float> Initializer<F> for LeCunUniform {
    fn fill(&self, values: &mut [F], shape: &Shape, seed: Seed) -> Result<(), InitError> {
        fill_symmetric("LeCunUniform", self.bound(shape)?, values, shape, seed)
    }
}
