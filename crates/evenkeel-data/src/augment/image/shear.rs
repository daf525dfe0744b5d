//! Slanting by a random slope.

use evenkeel_tensor::Seed;

use super::AffineMap;
use super::layout::{Layout, uniform};
use super::resample::{Sampling, sampled};
use super::warp::augment_by_map;
use crate::DataError;
use crate::augment::setting::check;

/// Slants the image: x becomes x + s y with s uniform in ±`horizontal`, then y becomes y + t x with t uniform in ±`vertical`.
///
/// A slope s is the tangent of the angle by which upright lines lean. Areas are kept, and so is the shape. Defaults: bilinear, with 0
/// outside.
///
/// ```
/// use evenkeel_data::augment::{Augment, image::Shear};
/// use evenkeel_data::{Seed, Tensor};
///
/// let mut image = Tensor::from_vec([3, 3], vec![0.0f32, 1.0, 0.0, 0.0, 1.0, 0.0, 0.0, 1.0, 0.0])?;
/// Shear::new(0.5, 0.0).apply(&mut image, Seed(7));
/// assert_eq!(image.as_slice()[3..6], [0.0, 1.0, 0.0]);         // the middle row stays
/// # Ok::<(), evenkeel_data::DataError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Shear {
    horizontal: f64,
    vertical: f64,
    sampling: Sampling,
}

impl Shear {
    /// By slopes of at most `horizontal` and `vertical`, each from 0 to 10.
    pub fn new(horizontal: f64, vertical: f64) -> Self {
        Self { horizontal, vertical, sampling: Sampling::default() }
    }

    sampled!();

    pub(super) fn check(&self) -> Result<(), DataError> {
        for slope in [self.horizontal, self.vertical] {
            check("Shear", "slopes from 0 to 10", slope, (0.0..=10.0).contains(&slope))?;
        }
        Ok(())
    }

    pub(super) fn draw(&self, _: Layout, seed: Seed) -> AffineMap {
        let mut rng = seed.stream("shear").rng();
        let [horizontal, vertical] = [self.horizontal, self.vertical].map(|slope| uniform(&mut rng, -slope, slope));
        AffineMap::shearing(horizontal, vertical)
    }
}

augment_by_map!(Shear);
