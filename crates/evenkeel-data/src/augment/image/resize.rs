//! Another number of pixels.

use evenkeel_tensor::{Float, Seed, Shape, Tensor};

use super::layout::{Layout, MAX_SIDE, applied, rewrite};
use super::resample::{Sampling, resample};
use super::{Border, Interpolation};
use crate::DataError;
use crate::augment::Augment;
use crate::augment::setting::check;

/// Stretches the image to `height` x `width` pixels by interpolation between four pixels.
///
/// Output pixel j is sampled at x = (j + 1/2) width / width' - 1/2, as PyTorch's `interpolate(mode="bilinear",
/// align_corners=False)` and most others do; beyond the outermost pixels their values go on. Nothing is smoothed beforehand: an image
/// made smaller by more than half leaves out pixels.
///
/// ```
/// use evenkeel_data::{Tensor, augment::image::resize};
///
/// let image = Tensor::from_vec([1, 2], vec![0.0f32, 4.0])?;
/// assert_eq!(resize(&image, 1, 4)?.as_slice(), [0.0, 1.0, 3.0, 4.0]);
/// # Ok::<(), evenkeel_data::DataError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Resize {
    height: usize,
    width: usize,
    interpolation: Interpolation,
}

impl Resize {
    /// To `height` x `width` pixels, each from 1 to 65 536.
    pub fn new(height: usize, width: usize) -> Self {
        Self { height, width, interpolation: Interpolation::default() }
    }

    /// How values between pixels are made. Default: bilinear.
    #[must_use]
    pub fn interpolation(mut self, interpolation: Interpolation) -> Self {
        self.interpolation = interpolation;
        self
    }
}

impl<F: Float> Augment<F> for Resize {
    fn output_shape(&self, sample: Shape) -> Result<Shape, DataError> {
        let image = Layout::of("Resize", sample)?;
        for side in [self.height, self.width] {
            check("Resize", "sides from 1 to 65536 pixels", side as f64, (1..=MAX_SIDE).contains(&side))?;
        }
        Ok(image.with_size(self.height, self.width).shape())
    }

    fn apply(&self, sample: &mut Tensor<F>, _: Seed) {
        let image = Layout::accepted(sample.shape());
        let resized = image.with_size(self.height, self.width);
        let sampling = Sampling { interpolation: self.interpolation, border: Border::Edge };
        let place = |i: usize, from: usize, to: usize| (i as f64 + 0.5) * (from as f64 / to as f64) - 0.5;
        rewrite(sample, resized.shape(), |old, new| {
            resample(
                (old, image),
                (new, resized),
                sampling,
                #[inline(always)]
                |row, column| [place(column, image.width, resized.width), place(row, image.height, resized.height)],
            );
        });
    }
}

/// `image` stretched to `height` x `width` pixels; see [`Resize`].
///
/// # Errors
/// If it is not an image, or a side is not from 1 to 65 536 pixels.
pub fn resize<F: Float>(image: &Tensor<F>, height: usize, width: usize) -> Result<Tensor<F>, DataError> {
    applied(&Resize::new(height, width), image)
}
