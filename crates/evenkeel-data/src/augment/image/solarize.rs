//! Exact changes of the values: negatives, fewer tones, and the full range.

use std::ops::RangeInclusive;

use evenkeel_tensor::{Float, Seed, Shape, Tensor};

use super::layout::Layout;
use super::tone::Tones;
use crate::DataError;
use crate::augment::Augment;
use crate::augment::setting::check;

/// The method by which a type with a field `tones` is told the range.
macro_rules! ranged {
    () => {
        /// The range from black to white. Default: 0 to 1.
        #[must_use]
        pub fn range(mut self, range: RangeInclusive<f64>) -> Self {
            self.tones = range.into();
            self
        }
    };
}

/// The negative: y = low + high - x.
///
/// ```
/// use evenkeel_data::augment::{Augment, image::Invert};
/// use evenkeel_data::{Seed, Tensor};
///
/// let mut image = Tensor::from_vec([1, 2], vec![0.0f32, 0.25])?;
/// Invert::default().apply(&mut image, Seed(7));
/// assert_eq!(image.as_slice(), [1.0, 0.75]);
/// # Ok::<(), evenkeel_data::DataError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Invert {
    tones: Tones,
}

impl Invert {
    ranged!();
}

impl<F: Float> Augment<F> for Invert {
    fn output_shape(&self, sample: Shape) -> Result<Shape, DataError> {
        Layout::of("Invert", sample)?;
        self.tones.check::<F>("Invert")?;
        Ok(sample)
    }

    fn apply(&self, sample: &mut Tensor<F>, _: Seed) {
        let both = F::from_f64(self.tones.low + self.tones.high);
        sample.as_mut_slice().iter_mut().for_each(|x| *x = both - *x);
    }
}

/// The negative of what is bright: y = low + high - x where x is at least the threshold, x elsewhere.
///
/// ```
/// use evenkeel_data::augment::{Augment, image::Solarize};
/// use evenkeel_data::{Seed, Tensor};
///
/// let mut image = Tensor::from_vec([1, 2], vec![0.25f32, 0.75])?;
/// Solarize::new(0.5).apply(&mut image, Seed(7));
/// assert_eq!(image.as_slice(), [0.25, 0.25]);
/// # Ok::<(), evenkeel_data::DataError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Solarize {
    threshold: f64,
    tones: Tones,
}

impl Solarize {
    /// From the value `threshold` on.
    pub fn new(threshold: f64) -> Self {
        Self { threshold, tones: Tones::default() }
    }

    ranged!();
}

impl<F: Float> Augment<F> for Solarize {
    fn output_shape(&self, sample: Shape) -> Result<Shape, DataError> {
        Layout::of("Solarize", sample)?;
        self.tones.check::<F>("Solarize")?;
        check("Solarize", "a threshold that is a number", self.threshold, !self.threshold.is_nan())?;
        Ok(sample)
    }

    fn apply(&self, sample: &mut Tensor<F>, _: Seed) {
        let (both, threshold) = (F::from_f64(self.tones.low + self.tones.high), F::from_f64(self.threshold));
        sample.as_mut_slice().iter_mut().for_each(|x| *x = if *x >= threshold { both - *x } else { *x });
    }
}

/// Rounds to 2^bits tones, evenly spaced from low to high: y = low + s round((x - low) / s) with s = (high - low) / (2^bits - 1).
///
/// Eight bits leave an image that was read from bytes as it is. (Cutting off the lower bits, as others do, darkens the image
/// too.) Values outside of the range become the ends of it.
///
/// ```
/// use evenkeel_data::augment::{Augment, image::Posterize};
/// use evenkeel_data::{Seed, Tensor};
///
/// let mut image = Tensor::from_vec([1, 4], vec![0.0f32, 0.4, 0.6, 1.0])?;
/// Posterize::new(1).apply(&mut image, Seed(7));
/// assert_eq!(image.as_slice(), [0.0, 0.0, 1.0, 1.0]);
/// # Ok::<(), evenkeel_data::DataError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Posterize {
    bits: u32,
    tones: Tones,
}

impl Posterize {
    /// To 2^`bits` tones; `bits` is from 1 to 16.
    pub fn new(bits: u32) -> Self {
        Self { bits, tones: Tones::default() }
    }

    ranged!();
}

impl<F: Float> Augment<F> for Posterize {
    fn output_shape(&self, sample: Shape) -> Result<Shape, DataError> {
        Layout::of("Posterize", sample)?;
        self.tones.check::<F>("Posterize")?;
        check("Posterize", "1 to 16 bits", f64::from(self.bits), (1..=16).contains(&self.bits))?;
        Ok(sample)
    }

    fn apply(&self, sample: &mut Tensor<F>, _: Seed) {
        let Tones { low, high } = self.tones;
        let steps = f64::from((1u32 << self.bits) - 1);
        let per_value = steps / (high - low);
        for x in sample.as_mut_slice() {
            let level = ((self.tones.clamp(*x).to_f64() - low) * per_value + 0.5).floor();
            *x = F::from_f64(low + (high - low) * (level / steps));
        }
    }
}

/// Stretches each channel so that it fills the range: y = low + (high - low) (x - min) / (max - min).
///
/// A channel of one value stays as it is.
///
/// ```
/// use evenkeel_data::augment::{Augment, image::AutoContrast};
/// use evenkeel_data::{Seed, Tensor};
///
/// let mut image = Tensor::from_vec([1, 3], vec![0.25f32, 0.375, 0.5])?;
/// AutoContrast::default().apply(&mut image, Seed(7));
/// assert_eq!(image.as_slice(), [0.0, 0.5, 1.0]);
/// # Ok::<(), evenkeel_data::DataError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct AutoContrast {
    tones: Tones,
}

impl AutoContrast {
    ranged!();
}

impl<F: Float> Augment<F> for AutoContrast {
    fn output_shape(&self, sample: Shape) -> Result<Shape, DataError> {
        Layout::of("AutoContrast", sample)?;
        self.tones.check::<F>("AutoContrast")?;
        Ok(sample)
    }

    fn apply(&self, sample: &mut Tensor<F>, _: Seed) {
        let Tones { low, high } = self.tones;
        let image = Layout::accepted(sample.shape());
        for plane in sample.as_mut_slice().chunks_exact_mut(image.pixels()) {
            let (min, max) = plane.iter().fold((plane[0], plane[0]), |(min, max), &x| (min.min(x), max.max(x)));
            if min < max {
                // Halved, so that the difference of the largest values does not overflow.
                let halves = [min, max].map(|x| 0.5 * x.to_f64());
                for x in plane {
                    let share = (0.5 * x.to_f64() - halves[0]) / (halves[1] - halves[0]);
                    *x = F::from_f64(low + (high - low) * share);
                }
            }
        }
    }
}
