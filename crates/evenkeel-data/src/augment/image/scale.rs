//! Enlarging by a random factor.

use evenkeel_tensor::Seed;

use super::AffineMap;
use super::layout::{Layout, uniform};
use super::resample::{Sampling, sampled};
use super::warp::augment_by_map;
use crate::DataError;
use crate::augment::setting::check_range;

/// Enlarges the image about its middle by a factor uniform in a range; below 1 it becomes smaller.
///
/// The image keeps its shape: what is enlarged leaves it, and around what shrinks the border comes in. Both axes have the same factor,
/// unless [`each_axis`](Self::each_axis) draws one for each. Defaults: bilinear, with 0 outside.
///
/// ```
/// use evenkeel_data::augment::{Augment, image::Scale};
/// use evenkeel_data::{Seed, Tensor};
///
/// let mut image = Tensor::from_vec([1, 3], vec![0.0f32, 1.0, 0.0])?;
/// Scale::within(2.0..=2.0).apply(&mut image, Seed(7));
/// assert_eq!(image.as_slice(), [0.5, 1.0, 0.5]);
/// # Ok::<(), evenkeel_data::DataError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scale {
    low: f64,
    high: f64,
    each_axis: bool,
    sampling: Sampling,
}

impl Scale {
    /// By a factor between 1 - `change` and 1 + `change`.
    pub fn new(change: f64) -> Self {
        Self::within(1.0 - change..=1.0 + change)
    }

    /// By a factor in `factors`, inside of 0.001 to 1000.
    pub fn within(factors: std::ops::RangeInclusive<f64>) -> Self {
        let (low, high) = factors.into_inner();
        Self { low, high, each_axis: false, sampling: Sampling::default() }
    }

    /// With a factor of its own for each axis, so that proportions change.
    #[must_use]
    pub fn each_axis(mut self) -> Self {
        self.each_axis = true;
        self
    }

    sampled!();

    pub(super) fn check(&self) -> Result<(), DataError> {
        check_range("Scale", "factors from 0.001 to 1000", &(self.low..=self.high), 0.001..=1000.0)
    }

    pub(super) fn draw(&self, _: Layout, seed: Seed) -> AffineMap {
        let mut rng = seed.stream("scale").rng();
        let x = uniform(&mut rng, self.low, self.high);
        let y = if self.each_axis { uniform(&mut rng, self.low, self.high) } else { x };
        AffineMap::scaling(x, y)
    }
}

augment_by_map!(Scale);
