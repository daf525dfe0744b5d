//! He starts (He et al. 2015): the variance is kept through rectifiers.

use evenkeel_tensor::{Float, Seed, Shape};

use crate::error::not_negative;
use crate::normal::fill_normal;
use crate::uniform::fill_symmetric;
use crate::{FanMode, Fans, Gain, InitError, Initializer};

/// Gaussian of mean 0 and standard deviation sqrt(2 / ((1 + slope^2) fan)).
///
/// He, Zhang, Ren, Sun 2015, "Delving deep into rectifiers" (arXiv 1502.01852). A rectifier halves the second
/// moment, so the variance must be 2 / fan_in to keep the forward signal (eq. 10) or 2 / fan_out to keep the
/// gradient (eq. 14); either will do, for both scales then differ by a constant over the whole net. `slope` is
/// that of the negative side (eq. 15), 0 for ReLU.
///
/// Where sources differ:
/// - Many texts write N(0, sqrt(2/n)): their second argument is the deviation. The paper's N(0, 2/n) has the
///   variance there. Both mean the deviation sqrt(2/n), which is what [`std`](HeNormal::std) returns.
/// - [`FanMode::Average`] divides by (fan_in + fan_out) / 2. It is not in the paper; TensorFlow and JAX offer it.
/// - [`FanMode::Sum`], the deviation sqrt(2 / (fan_in + fan_out)), is given in some lectures as the paper's. It is not:
///   it is [`XavierNormal`](crate::XavierNormal) and has half the variance of `Average`, so through ReLU layers of
///   equal width the signal's second moment halves at every layer.
///
/// # Errors
/// [`fill`](Initializer::fill) if the shape has no fans (rank below 2, an extent of 0) or does not fit the slice, or
/// the slope is negative or not finite.
///
/// ```
/// use evenkeel_init::{FanMode, HeNormal, InitializerExt, Seed, Shape};
///
/// let rule = HeNormal::default().with_mode(FanMode::FanOut);
/// assert_eq!(rule.std(&Shape::from([2, 3, 2, 2]))?, 0.5);
/// let kernel = rule.tensor::<f32>([2, 3, 2, 2], Seed(7))?;
/// assert_eq!(kernel.as_slice().len(), 24);
/// # Ok::<(), evenkeel_init::InitError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[doc(alias = "Kaiming")]
pub struct HeNormal {
    /// The fan to divide by; fan_in by default.
    pub mode: FanMode,
    /// The slope of the activation's negative side; 0 by default.
    pub slope: f64,
}

/// Uniform in (-b, b) with b = sqrt(6 / ((1 + slope^2) fan)): the variance of [`HeNormal`].
///
/// With slope sqrt 5 this is [`UniformFanIn`](crate::UniformFanIn), which is how PyTorch spells its default.
///
/// # Errors
/// As for [`HeNormal`].
///
/// ```
/// use evenkeel_init::{HeUniform, Shape};
///
/// assert!((HeUniform::default().bound(&Shape::from([100, 6]))? - 1.0).abs() < 1e-15);
/// # Ok::<(), evenkeel_init::InitError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[doc(alias = "Kaiming")]
pub struct HeUniform {
    /// The fan to divide by; fan_in by default.
    pub mode: FanMode,
    /// The slope of the activation's negative side; 0 by default.
    pub slope: f64,
}

macro_rules! configuration {
    ($($t:ident),*) => {$(
        impl $t {
            /// The same rule with another fan.
            #[must_use]
            pub fn with_mode(self, mode: FanMode) -> Self {
                Self { mode, ..self }
            }

            /// The same rule for a leaky rectifier of this slope.
            #[must_use]
            pub fn with_slope(self, slope: f64) -> Self {
                Self { slope, ..self }
            }
        }
    )*};
}
configuration!(HeNormal, HeUniform);

impl HeNormal {
    /// The standard deviation sqrt(2 / ((1 + slope^2) fan)).
    ///
    /// # Errors
    /// If the shape has no fans, or the slope is negative or not finite.
    pub fn std(&self, shape: &Shape) -> Result<f64, InitError> {
        std("HeNormal", self.mode, self.slope, shape)
    }
}

impl HeUniform {
    /// b = sqrt(6 / ((1 + slope^2) fan)).
    ///
    /// # Errors
    /// If the shape has no fans, or the slope is negative or not finite.
    pub fn bound(&self, shape: &Shape) -> Result<f64, InitError> {
        Ok(3f64.sqrt() * std("HeUniform", self.mode, self.slope, shape)?)
    }
}

impl<F: Float> Initializer<F> for HeNormal {
    fn fill(&self, values: &mut [F], shape: &Shape, seed: Seed) -> Result<(), InitError> {
        fill_normal("HeNormal", 0.0, self.std(shape)?, values, shape, seed)
    }
}

impl<F: Float> Initializer<F> for HeUniform {
    fn fill(&self, values: &mut [F], shape: &Shape, seed: Seed) -> Result<(), InitError> {
        fill_symmetric("HeUniform", self.bound(shape)?, values, shape, seed)
    }
}

fn std(initializer: &'static str, mode: FanMode, slope: f64, shape: &Shape) -> Result<f64, InitError> {
    let fan = Fans::of(shape)?.fan(mode);
    Ok(Gain::leaky_relu(not_negative(initializer, "slope", slope)?).0 / fan.sqrt())
}
