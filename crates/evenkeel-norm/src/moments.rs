//! Count, mean and squared deviations of channels, of which parts can be merged.

use evenkeel_tensor::{Float, ShapeError, Tensor};

use crate::layout::ChannelLayout;

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
    m2: Vec<F>,
}

impl<F: Float> Moments<F> {
    /// The moments of each channel of `x` (N, C, ...). Where values are finite and the sum of their squared deviations
    /// overflows, it is infinite and the mean still finite; where a value is not finite, it is NaN.
    ///
    /// # Errors
    /// If the rank is less than 2.
    pub fn of(x: &Tensor<F>) -> Result<Self, ShapeError> {
        let layout = ChannelLayout::new(x.shape())?;
        let mut out =
            Self { count: layout.count(), mean: vec![F::ZERO; layout.channels], m2: vec![F::ZERO; layout.channels] };
        layout.moments(x.as_slice(), &mut out.mean, &mut out.m2);
        Ok(out)
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
        for (j, (mean, m2)) in out.mean.iter_mut().zip(&mut out.m2).enumerate() {
            (*mean, *m2, out.count) =
                merge((self.mean[j], self.m2[j], self.count), (other.mean[j], other.m2[j], other.count));
        }
        out
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

/// Chan's formula: the mean, squared deviations and count of two samples together.
pub(crate) fn merge<F: Float>(a: (F, F, usize), b: (F, F, usize)) -> (F, F, usize) {
    let n = a.2 + b.2;
    if a.2 == 0 || b.2 == 0 {
        return if a.2 == 0 { b } else { a };
    }
    let share = F::from_usize(b.2) / F::from_usize(n);
    let delta = b.0 - a.0;
    let mean = if delta.is_finite() { a.0 + delta * share } else { a.0 * (F::ONE - share) + b.0 * share };
    (mean, a.1 + b.1 + delta * (delta * (F::from_usize(a.2) * share)), n)
}
