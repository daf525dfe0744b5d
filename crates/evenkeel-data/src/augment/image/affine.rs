//! Several random maps in one sampling.

use evenkeel_tensor::Seed;

use super::layout::Layout;
use super::resample::{Sampling, sampled};
use super::warp::augment_by_map;
use super::{AffineMap, Rotate, Scale, Shear, Translate};
use crate::DataError;

/// Scales, shears, rotates and translates, in this order, and samples once.
///
/// One sampling loses less than four, each of which smooths the image a little; and it takes the time of one. What is not asked for
/// does not happen. Each part draws the numbers that it draws alone with the same seed. The parts' own borders and
/// interpolations do not count; this one's do. Defaults: bilinear, with 0 outside.
///
/// ```
/// use evenkeel_data::augment::{Augment, image::{Affine, Border, Rotate, Scale, Translate}};
/// use evenkeel_data::{Seed, Tensor};
///
/// let affine = Affine::new()
///     .scale(Scale::new(0.1))
///     .rotate(Rotate::new(10.0))
///     .translate(Translate::pixels(2.0, 2.0))
///     .border(Border::Edge);
/// let mut image = Tensor::<f32>::from_fn([28, 28], |i| i as f32);
/// affine.apply(&mut image, Seed(7));
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Affine {
    scale: Scale,
    shear: Shear,
    rotate: Rotate,
    translate: Translate,
    sampling: Sampling,
}

impl Default for Affine {
    fn default() -> Self {
        Self {
            scale: Scale::new(0.0),
            shear: Shear::new(0.0, 0.0),
            rotate: Rotate::new(0.0),
            translate: Translate::pixels(0.0, 0.0),
            sampling: Sampling::default(),
        }
    }
}

impl Affine {
    /// Nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Enlarges first.
    #[must_use]
    pub fn scale(mut self, scale: Scale) -> Self {
        self.scale = scale;
        self
    }

    /// Slants second.
    #[must_use]
    pub fn shear(mut self, shear: Shear) -> Self {
        self.shear = shear;
        self
    }

    /// Turns third.
    #[must_use]
    pub fn rotate(mut self, rotate: Rotate) -> Self {
        self.rotate = rotate;
        self
    }

    /// Moves last.
    #[must_use]
    pub fn translate(mut self, translate: Translate) -> Self {
        self.translate = translate;
        self
    }

    sampled!();

    fn check(&self) -> Result<(), DataError> {
        self.scale.check()?;
        self.shear.check()?;
        self.rotate.check()?;
        self.translate.check()
    }

    fn draw(&self, image: Layout, seed: Seed) -> AffineMap {
        let scaled = self.scale.draw(image, seed).then(self.shear.draw(image, seed));
        scaled.then(self.rotate.draw(image, seed)).then(self.translate.draw(image, seed))
    }
}

augment_by_map!(Affine);
