//! Largest and smallest values, and where they are.

use crate::kernel::BLOCK;
use crate::{Element, Float, Tensor, parallel};

/// # Extremes
///
/// NaN counts as larger than every number for the largest value, and as smaller for the smallest: it is never lost.
///
/// ```
/// use evenkeel_tensor::Tensor;
///
/// let scores = Tensor::from([[1.0f32, 2.0, 6.0], [4.0, 5.0, 0.0]]);
/// assert_eq!(scores.max(), 6.0);
/// assert_eq!(scores.min_axis(0).as_slice(), [1.0, 2.0, 0.0]);
/// assert_eq!(scores.argmax_axis(1).as_slice(), [2, 1]);
/// ```
impl<F: Float> Tensor<F> {
    /// The largest value, or NaN if there is one.
    ///
    /// # Panics
    /// If there are no values.
    #[track_caller]
    pub fn max(&self) -> F {
        self.as_slice()[self.argmax()]
    }

    /// The smallest value, or NaN if there is one.
    ///
    /// # Panics
    /// If there are no values.
    #[track_caller]
    pub fn min(&self) -> F {
        self.as_slice()[self.position(exceeds(|a, b| a < b))]
    }

    /// The row-major position of the largest value, the first if there are several; of the first NaN if there is one.
    ///
    /// # Panics
    /// If there are no values.
    #[track_caller]
    pub fn argmax(&self) -> usize {
        self.position(exceeds(|a, b| a > b))
    }

    /// The largest values along an axis, or NaN where there is one.
    ///
    /// # Panics
    /// If there is no such axis, or it is empty.
    #[must_use]
    #[track_caller]
    pub fn max_axis(&self, axis: usize) -> Self {
        self.fold_axis(axis, exceeds(|a, b| a > b), |value, _| value)
    }

    /// The smallest values along an axis, or NaN where there is one.
    ///
    /// # Panics
    /// If there is no such axis, or it is empty.
    #[must_use]
    #[track_caller]
    pub fn min_axis(&self, axis: usize) -> Self {
        self.fold_axis(axis, exceeds(|a, b| a < b), |value, _| value)
    }

    /// The positions along an axis of its largest values, the first if there are several; of the first NaN where
    /// there is one.
    ///
    /// # Panics
    /// If there is no such axis, or it is empty.
    #[must_use]
    #[track_caller]
    pub fn argmax_axis(&self, axis: usize) -> Tensor<usize> {
        self.fold_axis(axis, exceeds(|a, b| a > b), |_, position| position)
    }

    /// The first position that `better` prefers to all others.
    #[track_caller]
    fn position(&self, better: impl Fn(F, F) -> bool + Sync) -> usize {
        let x = self.as_slice();
        let choose = |best: usize, i: usize| if better(x[i], x[best]) { i } else { best };
        let position = parallel::reduce(x.len(), BLOCK, |r| r.clone().fold(r.start, choose), choose);
        let Some(position) = position else { panic!("an extreme of an empty array of shape {}", self.shape()) };
        position
    }

    /// `pick(value, position)` of the first value along `axis` that `better` prefers to all others.
    #[track_caller]
    fn fold_axis<T: Element>(
        &self,
        axis: usize,
        better: impl Fn(F, F) -> bool + Sync,
        pick: impl Fn(F, usize) -> T + Sync,
    ) -> Tensor<T> {
        let (_, n, inner) = self.shape().around(axis);
        let mut out = Tensor::full(self.shape().without_axis(axis), T::default());
        if out.as_slice().is_empty() {
            return out;
        }
        assert!(n > 0, "an extreme along the empty axis {axis} of an array of shape {}", self.shape());
        let x = self.as_slice();
        let lines = (BLOCK / n).max(1);
        parallel::chunks_mut(out.as_mut_slice(), lines, |chunk, out| {
            for (line, out) in out.iter_mut().enumerate() {
                let line = chunk * lines + line;
                let first = line / inner * n * inner + line % inner;
                let at = |k: usize| x[first + k * inner];
                let best = (1..n).fold(0, |best, k| if better(at(k), at(best)) { k } else { best });
                *out = pick(at(best), best);
            }
        });
        out
    }
}

/// `prefers`, with NaN preferred to every number.
fn exceeds<F: Float>(prefers: impl Fn(F, F) -> bool + Sync) -> impl Fn(F, F) -> bool + Sync {
    move |a, b| prefers(a, b) || (a.is_nan() && !b.is_nan())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nan_wins() {
        let x = Tensor::from([[1.0f32, f32::NAN, 3.0], [4.0, 5.0, 6.0]]);
        for extremes in [x.max_axis(1), x.min_axis(1)] {
            assert!(extremes.get(&[0]).is_nan() && !extremes.get(&[1]).is_nan());
        }
        assert!(x.max().is_nan() && x.min().is_nan());
        assert_eq!(x.argmax(), 1);
        assert_eq!(x.argmax_axis(1).as_slice(), [1, 2]);
        assert_eq!(x.argmax_axis(0).as_slice(), [1, 0, 1]);
    }

    #[test]
    fn the_first_of_equals_is_taken() {
        // Across blocks too, and where nothing exceeds the first value.
        let x = Tensor::from_fn([3 * BLOCK], |i| if i % BLOCK == 5 { 1.0f32 } else { 0.0 });
        assert_eq!(x.argmax(), 5);
        assert_eq!(Tensor::from([f64::NEG_INFINITY; 2]).argmax(), 0);
        assert_eq!(Tensor::from([[2.0, 2.0], [1.0, 2.0]]).argmax_axis(0).as_slice(), [0, 0]);
    }

    #[test]
    #[should_panic(expected = "empty axis 0 of an array of shape [0, 3]")]
    fn no_maximum_of_nothing() {
        let _ = Tensor::<f32>::zeros([0, 3]).max_axis(0);
    }

    #[test]
    #[should_panic(expected = "an extreme of an empty array of shape [0, 3]")]
    fn no_maximum_of_an_empty_array() {
        Tensor::<f32>::zeros([0, 3]).max();
    }

    #[test]
    fn an_empty_result_needs_no_maximum() {
        assert_eq!(Tensor::<f32>::zeros([0, 3]).max_axis(1).shape(), [0].into());
        assert_eq!(Tensor::<f32>::zeros([0, 0]).argmax_axis(0).shape(), [0].into());
    }
}
