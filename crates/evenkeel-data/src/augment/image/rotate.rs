//! Turning by a random angle.

use evenkeel_tensor::Seed;

use super::AffineMap;
use super::layout::{Layout, uniform};
use super::resample::{Sampling, sampled};
use super::warp::augment_by_map;
use crate::DataError;
use crate::augment::setting::check_range;

/// Turns the image about its middle by an angle uniform in a range of degrees, counter-clockwise.
///
/// The image keeps its shape: corners leave it, and the border comes in. Multiples of 90 degrees are exact on square images.
/// Defaults: bilinear, with 0 outside.
///
/// ```
/// use evenkeel_data::augment::{Augment, image::{Rotate, quarter_turns}};
/// use evenkeel_data::{Seed, Tensor};
///
/// let image = Tensor::<f32>::from_fn([5, 5], |i| i as f32);
/// let mut turned = image.clone();
/// Rotate::within(90.0..=90.0).apply(&mut turned, Seed(7));
/// assert_eq!(turned, quarter_turns(&image, 1)?);
/// # Ok::<(), evenkeel_data::DataError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rotate {
    low: f64,
    high: f64,
    sampling: Sampling,
}

impl Rotate {
    /// By an angle between -`degrees` and `degrees`.
    pub fn new(degrees: f64) -> Self {
        Self::within(-degrees..=degrees)
    }

    /// By an angle in `degrees`, inside of -360 to 360.
    pub fn within(degrees: std::ops::RangeInclusive<f64>) -> Self {
        let (low, high) = degrees.into_inner();
        Self { low, high, sampling: Sampling::default() }
    }

    sampled!();

    pub(super) fn check(&self) -> Result<(), DataError> {
        check_range("Rotate", "angles from -360 to 360 degrees", &(self.low..=self.high), -360.0..=360.0)
    }

    pub(super) fn draw(&self, _: Layout, seed: Seed) -> AffineMap {
        AffineMap::rotation(uniform(&mut seed.stream("rotate").rng(), self.low, self.high))
    }
}

augment_by_map!(Rotate);
