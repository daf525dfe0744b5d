//! Moving by a random distance.

use evenkeel_tensor::Seed;

use super::AffineMap;
use super::layout::{Layout, uniform};
use super::resample::{Sampling, sampled};
use super::warp::augment_by_map;
use crate::DataError;
use crate::augment::setting::check;

/// Moves the image by distances uniform in ±`horizontal` and ±`vertical`.
///
/// Distances are pixels ([`pixels`](Self::pixels)) or shares of the image's width and height ([`shares`](Self::shares)). With
/// [`whole_pixels`](Self::whole_pixels) they are rounded, and the values stay as they are. Defaults: fractions of pixels, bilinear,
/// with 0 outside.
///
/// ```
/// use evenkeel_data::augment::{Augment, image::{Border, Translate}};
/// use evenkeel_data::{Seed, Tensor};
///
/// let mut image = Tensor::<f32>::from_fn([4, 4], |i| i as f32);
/// Translate::pixels(2.0, 0.0).whole_pixels().border(Border::Wrap).apply(&mut image, Seed(7));
/// assert_eq!(image.as_slice().iter().sum::<f32>(), 120.0);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Translate {
    horizontal: f64,
    vertical: f64,
    of_extent: bool,
    whole: bool,
    sampling: Sampling,
}

impl Translate {
    /// By at most so many pixels, at least 0.
    pub fn pixels(horizontal: f64, vertical: f64) -> Self {
        Self { horizontal, vertical, of_extent: false, whole: false, sampling: Sampling::default() }
    }

    /// By at most these shares of the width and of the height, at least 0.
    pub fn shares(horizontal: f64, vertical: f64) -> Self {
        Self { of_extent: true, ..Self::pixels(horizontal, vertical) }
    }

    /// By whole numbers of pixels.
    #[must_use]
    pub fn whole_pixels(mut self) -> Self {
        self.whole = true;
        self
    }

    sampled!();

    pub(super) fn check(&self) -> Result<(), DataError> {
        for distance in [self.horizontal, self.vertical] {
            check("Translate", "distances from 0 to 65536", distance, (0.0..=65536.0).contains(&distance))?;
        }
        Ok(())
    }

    pub(super) fn draw(&self, image: Layout, seed: Seed) -> AffineMap {
        let mut rng = seed.stream("translate").rng();
        let unit = if self.of_extent { [image.width as f64, image.height as f64] } else { [1.0, 1.0] };
        let [right, down] = [self.horizontal * unit[0], self.vertical * unit[1]].map(|most| {
            let distance = uniform(&mut rng, -most, most);
            if self.whole { distance.round() } else { distance }
        });
        AffineMap::translation(right, down)
    }
}

augment_by_map!(Translate);
