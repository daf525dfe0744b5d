//! Sharper and softer.

use evenkeel_tensor::{Float, Seed, Shape, Tensor};

use super::layout::{Layout, rewrite};
use super::tone::{Blend, blended};
use crate::DataError;
use crate::augment::Augment;

/// Changes the sharpness: y = s + f (x - s), where s is the image smoothed by the weights 1 1 1, 1 5 1, 1 1 1 over 13.
///
/// f below 1 softens, above 1 sharpens. Pixels on the edge, which have no eight neighbours, stay as they are. These are the
/// formula and the weights of the Python Imaging Library. The range counts only if the result is clamped to it.
///
/// ```
/// use evenkeel_data::augment::{Augment, image::Sharpness};
/// use evenkeel_data::{Seed, Tensor};
///
/// let mut image = Tensor::<f32>::from_fn([3, 3], |i| if i == 4 { 13.0 } else { 0.0 });
/// Sharpness::within(0.0..=0.0).apply(&mut image, Seed(7));
/// assert!((image.as_slice()[4] - 5.0).abs() < 1e-5);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sharpness {
    blend: Blend,
}

impl Sharpness {
    blended!();
}

impl<F: Float> Augment<F> for Sharpness {
    fn output_shape(&self, sample: Shape) -> Result<Shape, DataError> {
        Layout::of("Sharpness", sample)?;
        self.blend.check::<F>("Sharpness")?;
        Ok(sample)
    }

    fn apply(&self, sample: &mut Tensor<F>, seed: Seed) {
        let image = Layout::accepted(sample.shape());
        let factor = self.blend.factor("sharpness", seed);
        rewrite(sample, image.shape(), |old, new| {
            new.copy_from_slice(old);
            let planes = old.chunks_exact(image.pixels()).zip(new.chunks_exact_mut(image.pixels()));
            planes.for_each(|(old, new)| sharpen(old, new, image.width, |x, smooth| self.blend.mix(factor, x, smooth)));
        });
    }
}

/// Gives each pixel of `new` with eight neighbours `mix` of its old value and of the smoothed one.
fn sharpen<F: Float>(old: &[F], new: &mut [F], width: usize, mix: impl Fn(F, F) -> F) {
    let (around, middle) = (F::from_f64(1.0 / 13.0), F::from_f64(5.0 / 13.0));
    for (old, new) in old.windows(3 * width).step_by(width).zip(new[width..].chunks_exact_mut(width)) {
        let [above, here, below] = [0, 1, 2].map(|row| &old[row * width..][..width]);
        for j in 1..width.max(2) - 1 {
            // Weighed before they are summed, so that large values do not overflow.
            let sum = |row: &[F]| row[j - 1] * around + row[j] * around + row[j + 1] * around;
            let sides = here[j - 1] * around + here[j + 1] * around;
            new[j] = mix(here[j], sum(above) + sum(below) + sides + middle * here[j]);
        }
    }
}
