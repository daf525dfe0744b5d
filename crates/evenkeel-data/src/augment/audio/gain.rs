//! Louder, softer, and the limits of a sample.

use std::ops::RangeInclusive;

use evenkeel_tensor::{Float, Seed, Shape, Tensor};
use rand::RngExt;

use super::samples;
use crate::DataError;
use crate::augment::Augment;
use crate::augment::setting::{check, check_range};

/// Multiplies a waveform by 10^(g / 20), with the gain g drawn uniformly, in decibels.
///
/// A gain of 20 log10(2), about 6.02 dB, doubles. Nothing is clipped: see [`Clip`]. Gains are between -200 and 200 dB.
///
/// ```
/// use evenkeel_data::augment::{Augment, audio::Gain};
/// use evenkeel_data::{Seed, Tensor};
///
/// let mut sound = Tensor::<f64>::from_vec([3], vec![0.1, 0.0, -0.2])?;
/// Gain::db(20.0..=20.0).apply(&mut sound, Seed(1));
/// assert_eq!(sound.as_slice(), [1.0, 0.0, -2.0]);
/// # Ok::<(), evenkeel_tensor::ShapeError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Gain {
    db: RangeInclusive<f64>,
}

impl Gain {
    /// Gains between the ends of `db`.
    pub fn db(db: RangeInclusive<f64>) -> Self {
        Self { db }
    }
}

impl<F: Float> Augment<F> for Gain {
    fn output_shape(&self, sample: Shape) -> Result<Shape, DataError> {
        check_range("Gain", "decibels from -200 to 200", &self.db, -200.0..=200.0)?;
        samples("Gain", &sample)?;
        Ok(sample)
    }

    fn apply(&self, sample: &mut Tensor<F>, seed: Seed) {
        let factor = F::from_f64(amplitude(seed.rng().random_range(self.db.clone())));
        sample.as_mut_slice().iter_mut().for_each(|x| *x *= factor);
    }
}

/// The ratio of amplitudes that is `db` decibels.
pub(super) fn amplitude(db: f64) -> f64 {
    10f64.powf(db / 20.0)
}

/// Limits a waveform to between -`limit` and `limit`, as a recorder of that range does.
///
/// ```
/// use evenkeel_data::augment::{Augment, audio::Clip};
/// use evenkeel_data::{Seed, Tensor};
///
/// let mut sound = Tensor::<f32>::from_vec([3], vec![0.5, 1.5, -7.0])?;
/// Clip::new(1.0).apply(&mut sound, Seed(1));
/// assert_eq!(sound.as_slice(), [0.5, 1.0, -1.0]);
/// # Ok::<(), evenkeel_tensor::ShapeError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Clip {
    limit: f64,
}

impl Clip {
    /// Limits to between -`limit` and `limit`, which must be positive.
    pub fn new(limit: f64) -> Self {
        Self { limit }
    }
}

impl<F: Float> Augment<F> for Clip {
    fn output_shape(&self, sample: Shape) -> Result<Shape, DataError> {
        check("Clip", "a finite limit above 0", self.limit, self.limit > 0.0 && self.limit.is_finite())?;
        samples("Clip", &sample)?;
        Ok(sample)
    }

    fn apply(&self, sample: &mut Tensor<F>, _seed: Seed) {
        let limit = F::from_f64(self.limit);
        // Comparisons instead of min and max, so that NaN stays NaN.
        sample.as_mut_slice().iter_mut().for_each(|x| {
            if x.abs() > limit {
                *x = limit.copysign(*x);
            }
        });
    }
}
