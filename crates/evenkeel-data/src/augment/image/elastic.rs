//! Elastic distortion.

use evenkeel_tensor::{Float, Seed, Shape, Tensor, kernel, random};

use super::layout::{Layout, rewrite};
use super::resample::{Sampling, resample, sampled};
use crate::DataError;
use crate::augment::Augment;
use crate::augment::setting::check;

/// Moves each pixel by a smooth random field, as handwriting differs from one time to the next.
///
/// y(p) = x(p + α (G ∗ u)(p)), with two fields u (one for each direction) of numbers uniform in ±1, independent for each pixel and
/// 0 outside of the image, and G a Gaussian of σ pixels, cut off beyond 3 σ. Away from the edge, a pixel's displacement then has
/// in each direction the standard deviation α / (σ sqrt(12 π)): 1.4 pixels for α = 34 and σ = 4, which the paper found best for
/// MNIST's digits and which are the defaults here. Bilinear, with 0 outside, unless told otherwise.
///
/// P. Y. Simard, D. Steinkraus, J. C. Platt, *Best Practices for Convolutional Neural Networks Applied to Visual Document
/// Analysis*, ICDAR 2003.
///
/// ```
/// use evenkeel_data::augment::{Augment, image::Elastic};
/// use evenkeel_data::{Seed, Tensor};
///
/// let mut image = Tensor::<f32>::from_fn([28, 28], |i| f32::from(i % 28 == 14));
/// Elastic::default().apply(&mut image, Seed(7));
/// Elastic::new(20.0, 5.0).apply(&mut image, Seed(8));                          // gentler and smoother
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Elastic {
    alpha: f64,
    sigma: f64,
    sampling: Sampling,
}

impl Default for Elastic {
    fn default() -> Self {
        Self::new(34.0, 4.0)
    }
}

impl Elastic {
    /// With strength α from 0 to 10⁶, and smoothness σ above 0 and up to 100, in pixels.
    pub fn new(alpha: f64, sigma: f64) -> Self {
        Self { alpha, sigma, sampling: Sampling::default() }
    }

    sampled!();

    /// The weights of the Gaussian from -3 σ to 3 σ, of sum 1.
    fn gaussian(&self) -> Vec<f64> {
        let reach = (3.0 * self.sigma).ceil();
        let weight = |i: usize| {
            let z = (i as f64 - reach) / self.sigma;
            Float::exp(-0.5 * z * z)
        };
        let weights: Vec<f64> = (0..=2 * reach as usize).map(weight).collect();
        let total: f64 = weights.iter().sum();
        weights.iter().map(|weight| weight / total).collect()
    }
}

impl<F: Float> Augment<F> for Elastic {
    fn output_shape(&self, sample: Shape) -> Result<Shape, DataError> {
        let Self { alpha, sigma, sampling } = *self;
        Layout::of("Elastic", sample)?;
        sampling.check::<F>("Elastic")?;
        check("Elastic", "a strength alpha from 0 to 1e6", alpha, (0.0..=1e6).contains(&alpha))?;
        check("Elastic", "a smoothness sigma above 0 and up to 100 pixels", sigma, sigma > 0.0 && sigma <= 100.0)?;
        Ok(sample)
    }

    fn apply(&self, sample: &mut Tensor<F>, seed: Seed) {
        if self.alpha == 0.0 {
            return;
        }
        let image = Layout::accepted(sample.shape());
        let mut fields = vec![0.0; 2 * image.pixels()];
        random::uniform(&mut fields, -self.alpha, self.alpha, seed.stream("elastic"));
        let gaussian = self.gaussian();
        let (dx, dy) = fields.split_at_mut(image.pixels());
        let mut scratch = vec![0.0; image.pixels() + image.width + gaussian.len()];
        smooth(dx, image.width, &gaussian, &mut scratch);
        smooth(dy, image.width, &gaussian, &mut scratch);
        let (dx, dy) = (&*dx, &*dy);
        rewrite(sample, image.shape(), |old, new| {
            resample(
                (old, image),
                (new, image),
                self.sampling,
                #[inline(always)]
                |row, column| {
                    let pixel = row * image.width + column;
                    [column as f64 + dx[pixel], row as f64 + dy[pixel]]
                },
            );
        });
    }
}

/// Convolves a field of rows of `width` with `weights` (an odd number of them) in both directions; it is 0 outside.
/// `scratch` has room for the field, a row and the weights.
fn smooth(field: &mut [f64], width: usize, weights: &[f64], scratch: &mut [f64]) {
    let (height, reach) = (field.len() / width, weights.len() / 2);
    let (half, row) = scratch.split_at_mut(field.len());
    let row = &mut row[..width + 2 * reach];
    kernel::simd(
        #[inline(always)]
        move || {
            for (i, out) in half.chunks_exact_mut(width).enumerate() {
                out.fill(0.0);
                for source in i.saturating_sub(reach)..(i + reach + 1).min(height) {
                    add_scaled(out, &field[source * width..][..width], weights[source + reach - i]);
                }
            }
            row.fill(0.0);
            for (out, half) in field.chunks_exact_mut(width).zip(half.chunks_exact(width)) {
                row[reach..reach + width].copy_from_slice(half);
                out.fill(0.0);
                weights.iter().enumerate().for_each(|(k, &weight)| add_scaled(out, &row[k..k + width], weight));
            }
        },
    );
}

/// out += weight * values
#[inline(always)]
fn add_scaled(out: &mut [f64], values: &[f64], weight: f64) {
    out.iter_mut().zip(values).for_each(|(out, &value)| *out += weight * value);
}
