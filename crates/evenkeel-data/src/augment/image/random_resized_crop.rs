//! A random part, stretched to a fixed size.

use evenkeel_tensor::{Float, Seed, Shape, Tensor};
use rand::RngExt;
use rand::rngs::ChaCha8Rng;

use super::layout::{Layout, uniform};
use super::{Crop, Resize};
use crate::DataError;
use crate::augment::Augment;
use crate::augment::setting::check_range;

/// Cuts out a part of random area and proportions, and stretches it to `height` x `width` pixels.
///
/// The area is a share of the image's uniform in a range (default 0.08 to 1), the logarithm of width over height is uniform (default
/// 3/4 to 4/3), and so is the place; a part that does not fit is drawn again, and after ten of them the largest square in the
/// middle is taken. C. Szegedy et al., *Going Deeper with Convolutions*, arXiv 1409.4842.
///
/// ```
/// use evenkeel_data::augment::{Augment, image::RandomResizedCrop};
/// use evenkeel_data::{Seed, Tensor};
///
/// let mut image = Tensor::<f32>::from_fn([3, 40, 60], |i| i as f32);
/// RandomResizedCrop::new(32, 32).area(0.25..=1.0).apply(&mut image, Seed(7));
/// assert_eq!(image.shape(), [3, 32, 32].into());
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RandomResizedCrop {
    resize: Resize,
    area: [f64; 2],
    ratio: [f64; 2],
}

impl RandomResizedCrop {
    /// To `height` x `width` pixels, each from 1 to 65 536.
    pub fn new(height: usize, width: usize) -> Self {
        Self { resize: Resize::new(height, width), area: [0.08, 1.0], ratio: [3.0 / 4.0, 4.0 / 3.0] }
    }

    /// The part's share of the image, inside of 0 to 1.
    #[must_use]
    pub fn area(mut self, share: std::ops::RangeInclusive<f64>) -> Self {
        self.area = share.into_inner().into();
        self
    }

    /// The part's width over its height, inside of 0.01 to 100.
    #[must_use]
    pub fn ratio(mut self, ratio: std::ops::RangeInclusive<f64>) -> Self {
        self.ratio = ratio.into_inner().into();
        self
    }

    fn part(&self, image: Layout, rng: &mut ChaCha8Rng) -> Crop {
        let [low, high] = self.ratio.map(f64::ln);
        for _ in 0..10 {
            let area = uniform(rng, self.area[0], self.area[1]) * image.pixels() as f64;
            let ratio = Float::exp(uniform(rng, low, high));
            let [height, width] = [area / ratio, area * ratio].map(|square| square.sqrt().round() as usize);
            if (1..=image.height).contains(&height) && (1..=image.width).contains(&width) {
                let top = rng.random_range(0..=image.height - height);
                let left = rng.random_range(0..=image.width - width);
                return Crop::at(top, left, height, width);
            }
        }
        let side = image.height.min(image.width);
        Crop::centre(side, side)
    }
}

impl<F: Float> Augment<F> for RandomResizedCrop {
    fn output_shape(&self, sample: Shape) -> Result<Shape, DataError> {
        const NAME: &str = "RandomResizedCrop";
        let ([least, most], [narrow, wide]) = (self.area, self.ratio);
        check_range(NAME, "shares of the area from 0 to 1", &(least..=most), 0.0..=1.0)?;
        check_range(NAME, "a width over height from 0.01 to 100", &(narrow..=wide), 0.01..=100.0)?;
        Augment::<F>::output_shape(&self.resize, sample)
    }

    fn apply(&self, sample: &mut Tensor<F>, seed: Seed) {
        let image = Layout::accepted(sample.shape());
        self.part(image, &mut seed.stream("random_resized_crop").rng()).apply(sample, seed);
        self.resize.apply(sample, seed);
    }
}
