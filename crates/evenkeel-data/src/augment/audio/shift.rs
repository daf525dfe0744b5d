//! Earlier and later.

use std::ops::RangeInclusive;

use evenkeel_tensor::{Float, Seed, Shape, Tensor};
use rand::RngExt;

use super::samples;
use crate::DataError;
use crate::augment::Augment;
use crate::augment::setting::{check_order, check_range};

/// Moves a waveform in time by a distance that is drawn uniformly: later if positive, earlier if negative.
///
/// Default: silence moves in, and what moves over an end is lost. [`wrapping`](Self::wrapping): it comes in at the other.
///
/// ```
/// use evenkeel_data::augment::{Augment, audio::Shift};
/// use evenkeel_data::{Seed, Tensor};
///
/// let sound = Tensor::<f32>::from_vec([4], vec![1.0, 2.0, 3.0, 4.0])?;
/// let shifted = |shift: Shift| {
///     let mut sound = sound.clone();
///     shift.apply(&mut sound, Seed(1));
///     sound.into_vec()
/// };
/// assert_eq!(shifted(Shift::samples(1..=1)), [0.0, 1.0, 2.0, 3.0]);
/// assert_eq!(shifted(Shift::samples(-1..=-1).wrapping()), [2.0, 3.0, 4.0, 1.0]);
/// assert_eq!(shifted(Shift::share(0.5..=0.5)), [0.0, 0.0, 1.0, 2.0]);
/// # Ok::<(), evenkeel_tensor::ShapeError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Shift {
    distance: Distance,
    wraps: bool,
}

#[derive(Clone, Debug, PartialEq)]
enum Distance {
    Samples(RangeInclusive<i64>),
    Share(RangeInclusive<f64>),
}

impl Shift {
    /// By a whole number of samples.
    pub fn samples(distance: RangeInclusive<i64>) -> Self {
        Self { distance: Distance::Samples(distance), wraps: false }
    }

    /// By a share of the length, between -1 and 1, rounded to whole samples.
    pub fn share(distance: RangeInclusive<f64>) -> Self {
        Self { distance: Distance::Share(distance), wraps: false }
    }

    /// What moves over an end comes in at the other. Default: silence does.
    #[must_use]
    pub fn wrapping(mut self) -> Self {
        self.wraps = true;
        self
    }
}

impl<F: Float> Augment<F> for Shift {
    fn output_shape(&self, sample: Shape) -> Result<Shape, DataError> {
        match &self.distance {
            Distance::Samples(range) => check_order("Shift", *range.end() as f64, !range.is_empty())?,
            Distance::Share(range) => check_range("Shift", "shares from -1 to 1", range, -1.0..=1.0)?,
        }
        samples("Shift", &sample)?;
        Ok(sample)
    }

    fn apply(&self, sample: &mut Tensor<F>, seed: Seed) {
        let len = *sample.shape().last().expect("a waveform");
        let mut rng = seed.rng();
        let by = match &self.distance {
            Distance::Samples(range) => rng.random_range(range.clone()),
            Distance::Share(range) => (rng.random_range(range.clone()) * len as f64).round() as i64,
        };
        for channel in sample.as_mut_slice().chunks_exact_mut(len) {
            channel.rotate_right(by.rem_euclid(len as i64) as usize);
            if !self.wraps {
                // What came in at the other end.
                let wrapped = by.unsigned_abs().min(len as u64) as usize;
                if by > 0 { channel[..wrapped].fill(F::ZERO) } else { channel[len - wrapped..].fill(F::ZERO) }
            }
        }
    }
}
