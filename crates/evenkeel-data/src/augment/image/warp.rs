//! A given affine map of an image, and what the random ones share.

use evenkeel_tensor::{Float, Seed, Shape, ShapeError, Tensor};

use super::AffineMap;
use super::layout::{Layout, applied, rewrite};
use super::resample::{Sampling, resample, sampled};
use crate::DataError;
use crate::augment::Augment;

/// Moves the pixels by one [`AffineMap`]: y(p) = x(A⁻¹ (p - b)), with positions from the image's middle.
///
/// The image keeps its shape; what leaves it is lost, and what comes in is the border's. Where the map takes pixels to pixels (whole
/// shifts, quarter turns of a square image), the values are exact.
///
/// ```
/// use evenkeel_data::Tensor;
/// use evenkeel_data::augment::image::{AffineMap, Warp, warp};
///
/// let image = Tensor::from_vec([2, 2], vec![1.0f32, 2.0, 3.0, 4.0])?;
/// let right = Warp::new(AffineMap::translation(1.0, 0.0));
/// assert_eq!(warp(&image, &right)?.as_slice(), [0.0, 1.0, 0.0, 3.0]);
/// let half = Warp::new(AffineMap::translation(0.5, 0.0));
/// assert_eq!(warp(&image, &half)?.as_slice(), [0.5, 1.5, 1.5, 3.5]);
/// # Ok::<(), evenkeel_data::DataError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Warp {
    map: AffineMap,
    sampling: Sampling,
}

impl Warp {
    /// By `map`, which must have an inverse.
    pub fn new(map: AffineMap) -> Self {
        Self { map, sampling: Sampling::default() }
    }

    sampled!();
}

impl<F: Float> Augment<F> for Warp {
    fn output_shape(&self, sample: Shape) -> Result<Shape, DataError> {
        Layout::of("Warp", sample)?;
        self.sampling.check::<F>("Warp")?;
        if self.map.inverse().is_none() {
            return Err(DataError::Shape(ShapeError::new(
                "Warp",
                "a map of finite numbers with an inverse",
                format!("{:?}", self.map),
                "give scales that are not 0",
            )));
        }
        Ok(sample)
    }

    fn apply(&self, sample: &mut Tensor<F>, _: Seed) {
        move_pixels(sample, self.map, self.sampling);
    }
}

/// `image` under an affine map; see [`Warp`].
///
/// # Errors
/// If it is not an image, or the map has no inverse.
pub fn warp<F: Float>(image: &Tensor<F>, by: &Warp) -> Result<Tensor<F>, DataError> {
    applied(by, image)
}

/// Moves the pixels of a sample by `map`, whose inverse has been checked.
pub(super) fn move_pixels<F: Float>(sample: &mut Tensor<F>, map: AffineMap, sampling: Sampling) {
    if map == AffineMap::IDENTITY {
        return;
    }
    let image = Layout::accepted(sample.shape());
    let back = map.inverse().expect("a map with an inverse, as output_shape checks");
    let [x0, y0] = image.centre();
    rewrite(sample, image.shape(), |old, new| {
        resample(
            (old, image),
            (new, image),
            sampling,
            #[inline(always)]
            |row, column| {
                let [x, y] = back.apply([column as f64 - x0, row as f64 - y0]);
                [x + x0, y + y0]
            },
        );
    });
}

/// An augmentation that draws a map: from `check(&self) -> Result` and `draw(&self, Layout, Seed) -> AffineMap`.
macro_rules! augment_by_map {
    ($name:ident) => {
        impl<F: evenkeel_tensor::Float> crate::augment::Augment<F> for $name {
            fn output_shape(&self, sample: evenkeel_tensor::Shape) -> Result<evenkeel_tensor::Shape, crate::DataError> {
                crate::augment::image::layout::Layout::of(stringify!($name), sample)?;
                self.sampling.check::<F>(stringify!($name))?;
                self.check()?;
                Ok(sample)
            }

            fn apply(&self, sample: &mut evenkeel_tensor::Tensor<F>, seed: evenkeel_tensor::Seed) {
                let image = crate::augment::image::layout::Layout::accepted(sample.shape());
                crate::augment::image::warp::move_pixels(sample, self.draw(image, seed), self.sampling);
            }
        }
    };
}
pub(super) use augment_by_map;
