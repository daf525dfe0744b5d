//! Gaussian white noise.

use evenkeel_tensor::{Float, Seed, Shape, Tensor, kernel, random};

use super::layout::Layout;
use crate::DataError;
use crate::augment::Augment;
use crate::augment::setting::{check, check_finite};

/// Adds to each value a Gaussian number of mean 0: y = x + σ n, independent for each pixel and channel.
///
/// Values may leave their range; nothing is clamped.
///
/// ```
/// use evenkeel_data::augment::{Augment, image::WhiteNoise};
/// use evenkeel_data::{Seed, Tensor};
///
/// let mut image = Tensor::<f32>::zeros([28, 28]);
/// WhiteNoise::new(0.1).apply(&mut image, Seed(7));
/// assert!(image.as_slice().iter().all(|x| x.abs() < 0.1 * 6.7));
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct WhiteNoise {
    std: f64,
}

impl WhiteNoise {
    /// Noise of standard deviation `std`, finite and at least 0, in the units of the image's values.
    pub fn new(std: f64) -> Self {
        Self { std }
    }
}

impl<F: Float> Augment<F> for WhiteNoise {
    fn output_shape(&self, sample: Shape) -> Result<Shape, DataError> {
        Layout::of("WhiteNoise", sample)?;
        let expected = "a standard deviation that is finite and not negative";
        check_finite::<F>("WhiteNoise", expected, self.std)?;
        check("WhiteNoise", expected, self.std, self.std >= 0.0)?;
        Ok(sample)
    }

    fn apply(&self, sample: &mut Tensor<F>, seed: Seed) {
        let mut noise = vec![F::ZERO; sample.shape().numel()];
        random::normal(&mut noise, F::ZERO, F::from_f64(self.std), seed.stream("white_noise"));
        kernel::add_assign(sample.as_mut_slice(), &noise);
    }
}
