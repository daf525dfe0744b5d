//! Noise at a ratio to the signal.

use std::ops::RangeInclusive;

use evenkeel_tensor::{Float, Seed, Shape, Tensor};
use rand::RngExt;
use rand_distr::StandardNormal;

use super::gain::amplitude;
use super::samples;
use crate::DataError;
use crate::augment::Augment;
use crate::augment::setting::check_range;

/// White Gaussian noise, added at a signal-to-noise ratio that is drawn uniformly, in decibels.
///
/// The ratio is 20 log10(signal / noise) with the root mean squares of the signal and of the noise, over all channels together. The
/// noise drawn is scaled to it, so it is met up to rounding and not just on average. A silent signal, all 0, has no
/// ratio to anything and stays silent. Ratios are between -200 and 200 dB.
///
/// ```
/// use evenkeel_data::augment::{Augment, audio::Noise};
/// use evenkeel_data::{Seed, Tensor};
///
/// let tone = Tensor::<f64>::from_fn([8000], |i| (0.3 * i as f64).sin());
/// let mut noisy = tone.clone();
/// Noise::snr_db(20.0..=20.0).apply(&mut noisy, Seed(7));
/// let noise = &noisy - &tone;
/// let energy = |x: &Tensor<f64>| x.as_slice().iter().map(|x| x * x).sum::<f64>();
/// assert!((10.0 * (energy(&tone) / energy(&noise)).log10() - 20.0).abs() < 1e-9);
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Noise {
    snr_db: RangeInclusive<f64>,
}

impl Noise {
    /// Noise at signal-to-noise ratios between the ends of `snr_db`: 30 is hardly heard, 0 is as strong as the signal.
    pub fn snr_db(snr_db: RangeInclusive<f64>) -> Self {
        Self { snr_db }
    }
}

impl<F: Float> Augment<F> for Noise {
    fn output_shape(&self, sample: Shape) -> Result<Shape, DataError> {
        check_range("Noise", "decibels from -200 to 200", &self.snr_db, -200.0..=200.0)?;
        samples("Noise", &sample)?;
        Ok(sample)
    }

    fn apply(&self, sample: &mut Tensor<F>, seed: Seed) {
        let mut rng = seed.rng();
        let ratio = amplitude(rng.random_range(self.snr_db.clone()));
        let noise: Vec<f64> = (0..sample.shape().numel()).map(|_| rng.sample(StandardNormal)).collect();
        let signal = sample.as_mut_slice();
        let scale = strength(signal.iter().map(|x| x.to_f64())) / strength(noise.iter().copied()) / ratio;
        signal.iter_mut().zip(noise).for_each(|(x, n)| *x += F::from_f64(scale * n));
    }
}

/// The root of the mean square, taken relative to the largest value so that no square is too large or too small.
fn strength(values: impl ExactSizeIterator<Item = f64> + Clone) -> f64 {
    let (count, largest) = (values.len() as f64, values.clone().fold(0.0, |m: f64, x| m.max(x.abs())));
    if largest == 0.0 {
        return 0.0;
    }
    largest * (values.map(|x| (x / largest) * (x / largest)).sum::<f64>() / count).sqrt()
}
