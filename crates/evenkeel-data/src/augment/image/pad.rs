//! Margins around an image.

use evenkeel_tensor::{Float, Seed, Shape, Tensor};

use super::Border;
use super::layout::{Layout, MAX_SIDE, applied, rewrite};
use crate::DataError;
use crate::augment::Augment;
use crate::augment::setting::check;

/// Adds margins, filled by a [`Border`] (default: 0).
///
/// With a random [`Crop`](super::Crop) after it, this is the usual shift of CIFAR's images by up to 4 pixels.
///
/// ```
/// use evenkeel_data::Tensor;
/// use evenkeel_data::augment::image::{Pad, crop, pad};
///
/// let image = Tensor::<f32>::from_fn([3, 32, 32], |i| i as f32);
/// let wide = pad(&image, &Pad::new(4))?;
/// assert_eq!(wide.shape(), [3, 40, 40].into());
/// assert_eq!(crop(&wide, [4, 4], [32, 32])?, image);
/// # Ok::<(), evenkeel_data::DataError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pad {
    top: usize,
    bottom: usize,
    left: usize,
    right: usize,
    border: Border,
}

impl Pad {
    /// The same margin on all sides.
    pub fn new(margin: usize) -> Self {
        Self::sides(margin, margin, margin, margin)
    }

    /// A margin for each side.
    pub fn sides(top: usize, bottom: usize, left: usize, right: usize) -> Self {
        Self { top, bottom, left, right, border: Border::default() }
    }

    /// What fills the margins.
    #[must_use]
    pub fn border(mut self, border: Border) -> Self {
        self.border = border;
        self
    }

    fn padded(&self, image: Layout) -> Layout {
        let add = |extent: usize, a: usize, b: usize| extent.saturating_add(a).saturating_add(b);
        image.with_size(add(image.height, self.top, self.bottom), add(image.width, self.left, self.right))
    }
}

impl<F: Float> Augment<F> for Pad {
    fn output_shape(&self, sample: Shape) -> Result<Shape, DataError> {
        self.border.check::<F>("Pad")?;
        let padded = self.padded(Layout::of("Pad", sample)?);
        let longest = padded.height.max(padded.width);
        check("Pad", "margins that make no side longer than 65536 pixels", longest as f64, longest <= MAX_SIDE)?;
        Ok(padded.shape())
    }

    fn apply(&self, sample: &mut Tensor<F>, _: Seed) {
        let image = Layout::accepted(sample.shape());
        let padded = self.padded(image);
        let fill = F::from_f64(self.border.value());
        rewrite(sample, padded.shape(), |old, new| {
            let planes = old.chunks_exact(image.pixels()).zip(new.chunks_exact_mut(padded.pixels()));
            for (old, new) in planes {
                for (i, row) in new.chunks_exact_mut(padded.width).enumerate() {
                    let Some(source) = self.border.index(i as i64 - self.top as i64, image.height) else {
                        row.fill(fill);
                        continue;
                    };
                    let old = &old[source * image.width..][..image.width];
                    let seen = |j: usize| self.border.index(j as i64 - self.left as i64, image.width);
                    let (left, rest) = row.split_at_mut(self.left);
                    let (middle, right) = rest.split_at_mut(image.width);
                    left.iter_mut().enumerate().for_each(|(j, x)| *x = seen(j).map_or(fill, |j| old[j]));
                    middle.copy_from_slice(old);
                    let first = self.left + image.width;
                    right.iter_mut().enumerate().for_each(|(j, x)| *x = seen(first + j).map_or(fill, |j| old[j]));
                }
            }
        });
    }
}

/// `image` with margins; see [`Pad`].
///
/// # Errors
/// If it is not an image, or a side becomes longer than 65 536 pixels.
pub fn pad<F: Float>(image: &Tensor<F>, margins: &Pad) -> Result<Tensor<F>, DataError> {
    applied(margins, image)
}
