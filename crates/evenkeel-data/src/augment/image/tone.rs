//! Brightness and contrast, and the range of values.

use std::ops::RangeInclusive;

use evenkeel_tensor::{Float, Seed, Shape, Tensor, kernel};

use super::layout::{Layout, uniform};
use crate::DataError;
use crate::augment::Augment;
use crate::augment::setting::{check, check_range};

/// The range from black to white. Default: 0 to 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Tones {
    pub(super) low: f64,
    pub(super) high: f64,
}

impl Default for Tones {
    fn default() -> Self {
        Self { low: 0.0, high: 1.0 }
    }
}

impl From<RangeInclusive<f64>> for Tones {
    fn from(range: RangeInclusive<f64>) -> Self {
        Self { low: *range.start(), high: *range.end() }
    }
}

impl Tones {
    pub(super) fn check<F: Float>(self, operation: &'static str) -> Result<(), DataError> {
        let width = F::from_f64(self.high) - F::from_f64(self.low);
        check(operation, "a range of values from low to high, both finite", self.high - self.low, {
            width > F::ZERO && width.is_finite()
        })
    }

    /// The nearest value in the range.
    #[inline(always)]
    pub(super) fn clamp<F: Float>(self, x: F) -> F {
        x.max(F::from_f64(self.low)).min(F::from_f64(self.high))
    }
}

/// How the factor of a blend is drawn, and whether the result is clamped.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Blend {
    low: f64,
    high: f64,
    pub(super) tones: Tones,
    pub(super) clamped: bool,
}

impl Blend {
    pub(super) fn within(factors: RangeInclusive<f64>) -> Self {
        let (low, high) = factors.into_inner();
        Self { low, high, tones: Tones::default(), clamped: false }
    }

    pub(super) fn check<F: Float>(self, operation: &'static str) -> Result<(), DataError> {
        self.tones.check::<F>(operation)?;
        check_range(operation, "factors from 0 to 100", &(self.low..=self.high), 0.0..=100.0)
    }

    /// A factor from the stream `name`.
    pub(super) fn factor<F: Float>(self, name: &str, seed: Seed) -> F {
        F::from_f64(uniform(&mut seed.stream(name).rng(), self.low, self.high))
    }

    /// f x + (1 - f) base: exactly x for f = 1.
    #[inline(always)]
    pub(super) fn mix<F: Float>(self, factor: F, x: F, base: F) -> F {
        let y = factor * x + (F::ONE - factor) * base;
        if self.clamped { self.tones.clamp(y) } else { y }
    }
}

/// The constructors and settings of a type with a field `blend`.
macro_rules! blended {
    () => {
        /// With a factor f uniform between 1 - `change` and 1 + `change`; `change` is from 0 to 1.
        pub fn new(change: f64) -> Self {
            Self::within(1.0 - change..=1.0 + change)
        }

        /// With a factor f uniform in `factors`, inside of 0 to 100.
        pub fn within(factors: std::ops::RangeInclusive<f64>) -> Self {
            Self { blend: crate::augment::image::tone::Blend::within(factors) }
        }

        /// The range from black to white. Default: 0 to 1.
        #[must_use]
        pub fn range(mut self, range: std::ops::RangeInclusive<f64>) -> Self {
            self.blend.tones = range.into();
            self
        }

        /// Cuts off what leaves the range. Default: it may leave.
        #[must_use]
        pub fn clamped(mut self) -> Self {
            self.blend.clamped = true;
            self
        }
    };
}
pub(super) use blended;

/// Changes the brightness: y = low + f (x - low), where low is black.
///
/// ```
/// use evenkeel_data::augment::{Augment, image::Brightness};
/// use evenkeel_data::{Seed, Tensor};
///
/// let mut image = Tensor::from_vec([1, 3], vec![0.0f32, 0.25, 0.75])?;
/// Brightness::within(2.0..=2.0).apply(&mut image, Seed(7));
/// assert_eq!(image.as_slice(), [0.0, 0.5, 1.5]);                         // `clamped()` would make it 1
/// # Ok::<(), evenkeel_data::DataError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Brightness {
    blend: Blend,
}

impl Brightness {
    blended!();
}

impl<F: Float> Augment<F> for Brightness {
    fn output_shape(&self, sample: Shape) -> Result<Shape, DataError> {
        Layout::of("Brightness", sample)?;
        self.blend.check::<F>("Brightness")?;
        Ok(sample)
    }

    fn apply(&self, sample: &mut Tensor<F>, seed: Seed) {
        let (factor, black) = (self.blend.factor("brightness", seed), F::from_f64(self.blend.tones.low));
        sample.as_mut_slice().iter_mut().for_each(|x| *x = self.blend.mix(factor, *x, black));
    }
}

/// Changes the contrast: y = m + f (x - m), where m is the mean of all of the image's values.
///
/// The mean stays; with f = 0 the image is gray. The range counts only if the result is clamped to it.
///
/// ```
/// use evenkeel_data::augment::{Augment, image::Contrast};
/// use evenkeel_data::{Seed, Tensor};
///
/// let mut image = Tensor::from_vec([1, 3], vec![0.25f32, 0.5, 0.75])?;
/// Contrast::within(0.5..=0.5).apply(&mut image, Seed(7));
/// assert_eq!(image.as_slice(), [0.375, 0.5, 0.625]);
/// # Ok::<(), evenkeel_data::DataError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Contrast {
    blend: Blend,
}

impl Contrast {
    blended!();
}

impl<F: Float> Augment<F> for Contrast {
    fn output_shape(&self, sample: Shape) -> Result<Shape, DataError> {
        Layout::of("Contrast", sample)?;
        self.blend.check::<F>("Contrast")?;
        Ok(sample)
    }

    fn apply(&self, sample: &mut Tensor<F>, seed: Seed) {
        let (factor, mean) = (self.blend.factor("contrast", seed), mean(sample.as_slice()));
        sample.as_mut_slice().iter_mut().for_each(|x| *x = self.blend.mix(factor, *x, mean));
    }
}

/// The mean, divided before it is summed, so that large values do not overflow.
fn mean<F: Float>(values: &[F]) -> F {
    let share = F::ONE / F::from_usize(values.len());
    kernel::simd(
        #[inline(always)]
        || {
            kernel::sum_map(
                values,
                #[inline(always)]
                |x| x * share,
            )
        },
    )
}
