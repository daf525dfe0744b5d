//! Weights between two values.

use evenkeel_tensor::Float;

use super::Constraint;
use crate::RegularizeError;
use crate::elementwise::apply;

/// Every weight in \[low, high\], as the critic of a Wasserstein GAN has its weights clipped. NaN stays.
///
/// # Source
/// Arjovsky, Chintala & Bottou, *Wasserstein GAN*, 2017, [arXiv 1701.07875](https://arxiv.org/abs/1701.07875), algorithm 1.
///
/// ```
/// use evenkeel_regularize::{Constraint, ValueRange};
///
/// let mut w = [0.5f32, -3.0, 3.0];
/// ValueRange::new(-1.0, 2.0).project(&mut w, &[3]);
/// assert_eq!(w, [0.5, -1.0, 2.0]);
/// assert!(ValueRange::new(2.0, -1.0).check().is_err());
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ValueRange {
    /// The smallest value; may be minus infinity.
    pub low: f64,
    /// The largest value; may be infinity.
    pub high: f64,
}

impl ValueRange {
    /// From `low` to `high`, both included.
    pub const fn new(low: f64, high: f64) -> Self {
        Self { low, high }
    }

    /// Checks the bounds.
    ///
    /// # Errors
    /// If no finite number lies between them.
    pub fn check(&self) -> Result<(), RegularizeError> {
        let (low, high) = (self.low, self.high);
        let of = "ValueRange";
        let cure = "give the smaller bound first; an infinity leaves its side open";
        RegularizeError::check(low < f64::INFINITY, of, "low", "below infinity", low, cure)?;
        let fits = high > f64::NEG_INFINITY && low <= high;
        RegularizeError::check(fits, of, "high", "not below low", high, cure)
    }
}

impl<F: Float> Constraint<F> for ValueRange {
    fn project(&self, w: &mut [F], _shape: &[usize]) {
        let (low, high) = (F::from_f64(self.low), F::from_f64(self.high));
        apply(
            w,
            #[inline(always)]
            |w| clamp(w, low, high),
        );
    }

    fn check(&self) -> Result<(), RegularizeError> {
        ValueRange::check(self)?;
        // Beyond the range of `F` a bound is infinite, and would make weights so.
        let [low, high] = [self.low, self.high].map(|bound| F::from_f64(bound).to_f64());
        ValueRange::new(low, high).check()
    }
}

/// The nearest value in \[low, high\]; NaN for NaN.
#[inline(always)]
pub(crate) fn clamp<F: Float>(w: F, low: F, high: F) -> F {
    let w = if w > high { high } else { w };
    if w < low { low } else { w }
}
