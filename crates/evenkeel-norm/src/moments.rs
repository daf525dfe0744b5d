//! Count, mean and squared deviations of channels, of which parts can be merged.

use evenkeel_tensor::{Float, ShapeError, Tensor, parallel};

use crate::layout::ChannelLayout;
use crate::sites::Sites;

/// The count, mean and sum of squared deviations of each channel.
///
/// Parts merge into the whole by Chan, Golub & LeVeque's formula (1979), whatever the parts' sizes:
///
/// ```
/// use evenkeel_norm::Moments;
/// use evenkeel_tensor::Tensor;
///
/// let a = Tensor::from_vec([3, 1], vec![1.0f64, 2.0, 6.0])?;
/// let b = Tensor::from_vec([1, 1], vec![7.0])?;
/// let both = Moments::of(&a)?.merge(&Moments::of(&b)?);
/// assert_eq!(both.mean(), [4.0]);
/// assert_eq!(both.variance(0)[0], 6.5);            // divided by n
/// assert_eq!(both.variance(1)[0], 26.0 / 3.0);     // divided by n - 1
/// # Ok::<(), evenkeel_tensor::ShapeError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Moments<F: Float = f32> {
    count: usize,
    mean: Vec<F>,
    /// What rounding the means left out.
    low: Vec<F>,
    m2: Vec<F>,
}

impl<F: Float> Moments<F> {
    /// The moments of each channel of `x` (N, C, ...). Where values are finite and the sum of their squared deviations
    /// overflows, it is infinite and the mean still finite; where a value is not finite, it is NaN.
    ///
    /// # Errors
    /// If the rank is less than 2.
    pub fn of(x: &Tensor<F>) -> Result<Self, ShapeError> {
        let layout = ChannelLayout::new("Moments::of", x.shape())?;
        let (channels, group) = (layout.channels, layout.channels_per_task());
        let sites = Sites { layout, lengths: None };
        let mut all = vec![F::ZERO; 3 * channels];
        parallel::strips_mut(&mut all, channels, group, |task, mut all| {
            sites.group_moments(x.as_slice(), task * group, all.first_rows());
        });
        let row = |i: usize| all[i * channels..][..channels].to_vec();
        Ok(Self { count: layout.count(), mean: row(0), low: row(1), m2: row(2) })
    }

    /// The moments of both samples together.
    ///
    /// # Panics
    /// If the numbers of channels differ.
    #[track_caller]
    #[must_use]
    pub fn merge(&self, other: &Self) -> Self {
        assert_eq!(self.mean.len(), other.mean.len(), "Moments::merge: channels");
        let mut out = self.clone();
        out.count += other.count;
        for j in 0..self.mean.len() {
            let both = self.sample(j).merge(other.sample(j));
            (out.mean[j], out.low[j], out.m2[j]) = (both.mean, both.low, both.m2);
        }
        out
    }

    fn sample(&self, j: usize) -> Sample<F> {
        Sample { mean: self.mean[j], low: self.low[j], m2: self.m2[j], count: self.count }
    }

    /// The number of values a channel.
    pub fn count(&self) -> usize {
        self.count
    }

    /// The mean of each channel.
    pub fn mean(&self) -> &[F] {
        &self.mean
    }

    /// The variance of each channel: squared deviations divided by `n - ddof`; 0 where that is not positive.
    pub fn variance(&self, ddof: usize) -> Vec<F> {
        let n = self.count.saturating_sub(ddof);
        self.m2.iter().map(|&m2| if n == 0 { F::ZERO } else { m2 / F::from_usize(n) }).collect()
    }
}

/// Mean, squared deviations and count of one sample.
///
/// The mean is `mean + low`: where values lie far from 0, the digits of their mean that `F` has no room for (0.03 at 10⁶ in
/// `f32`) are those that the deviations are made of.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sample<F> {
    pub(crate) mean: F,
    pub(crate) low: F,
    pub(crate) m2: F,
    pub(crate) count: usize,
}

impl<F: Float> Sample<F> {
    /// Of no values.
    pub(crate) const EMPTY: Self = Self { mean: F::ZERO, low: F::ZERO, m2: F::ZERO, count: 0 };

    /// Chan's formula: both samples together.
    pub(crate) fn merge(self, other: Self) -> Self {
        let count = self.count + other.count;
        if self.count == 0 || other.count == 0 {
            return if self.count == 0 { other } else { self };
        }
        let share = F::from_usize(other.count) / F::from_usize(count);
        let delta = (other.mean - self.mean) + (other.low - self.low);
        let (mean, low) = if delta.is_finite() {
            two_sum(self.mean, self.low + delta * share)
        } else {
            (self.mean * (F::ONE - share) + other.mean * share, F::ZERO)
        };
        let m2 = self.m2 + other.m2 + delta * (delta * (F::from_usize(self.count) * share));
        Self { mean, low, m2, count }
    }
}

/// a + b, rounded, and what rounding left out; that is 0 where the sum is not finite.
#[inline(always)]
pub(crate) fn two_sum<F: Float>(a: F, b: F) -> (F, F) {
    let sum = a + b;
    let rest = sum - a;
    let low = (a - (sum - rest)) + (b - rest);
    (sum, if low.is_finite() { low } else { F::ZERO })
}
