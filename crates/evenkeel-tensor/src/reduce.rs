//! Sums, means and variances along axes.
//!
//! Sums run over fixed blocks and a fixed tree, so that the bits do not depend on the number of threads.

use crate::kernel::{self, BLOCK};
use crate::{Float, MAX_RANK, Tensor, parallel};

/// # Reductions
///
/// `x_axis` takes the axis away; [`insert_axis`](Tensor::insert_axis) puts it back with extent 1, for broadcasting.
/// All of them pass NaN on: the result is NaN where a NaN went in.
///
/// ```
/// use evenkeel_tensor::Tensor;
///
/// let x = Tensor::from([[1.0f32, 2.0, 6.0], [4.0, 5.0, 0.0]]);
/// assert_eq!(x.sum(), 18.0);
/// assert_eq!(x.sum_axis(0).as_slice(), [5.0, 7.0, 6.0]);
/// assert_eq!(x.mean_axis(1).as_slice(), [3.0, 3.0]);
///
/// let centred = &x - x.mean_axis(1).insert_axis(1);
/// assert_eq!(centred.as_slice(), [-2.0, -1.0, 3.0, 1.0, 2.0, -3.0]);
/// ```
impl<F: Float> Tensor<F> {
    /// The sum of all values; 0 if there are none.
    pub fn sum(&self) -> F {
        kernel::sum(self.as_slice())
    }

    /// The sums along an axis; 0 where it is empty.
    ///
    /// # Panics
    /// If there is no such axis.
    #[must_use]
    #[track_caller]
    pub fn sum_axis(&self, axis: usize) -> Self {
        let (_, n, inner) = self.shape().around(axis);
        let mut out = Self::zeros(self.shape().without_axis(axis));
        if self.as_slice().is_empty() {
            return out;
        }
        let slab = n * inner;
        let slabs = (BLOCK / slab).max(1);
        parallel::chunks_mut(out.as_mut_slice(), slabs * inner, |i, out| {
            let x = &self.as_slice()[i * slabs * slab..];
            for (x, out) in x.chunks_exact(slab).zip(out.chunks_exact_mut(inner)) {
                match out {
                    [out] => *out = kernel::sum(x),
                    _ => column_sums(x, out),
                }
            }
        });
        out
    }

    /// The sums over several axes at once, which are taken away.
    ///
    /// ```
    /// use evenkeel_tensor::Tensor;
    ///
    /// let images = Tensor::<f32>::ones([10, 3, 4, 4]);
    /// assert_eq!(images.sum_axes(&[0, 2, 3]).as_slice(), [160.0; 3]);
    /// ```
    ///
    /// # Panics
    /// If there is no such axis, or an axis is named twice.
    #[must_use]
    #[track_caller]
    pub fn sum_axes(&self, axes: &[usize]) -> Self {
        let reduced = self.reduced(axes);
        let mut out = self.clone();
        // From the innermost, so that the axes still to come keep their numbers.
        for axis in (0..self.shape().rank()).rev().filter(|&axis| reduced[axis]) {
            out = out.sum_axis(axis);
        }
        out
    }

    /// The mean of all values; NaN if there are none.
    pub fn mean(&self) -> F {
        self.sum() / F::from_usize(self.shape().numel())
    }

    /// The means along an axis; NaN where it is empty.
    ///
    /// # Panics
    /// If there is no such axis.
    #[must_use]
    #[track_caller]
    pub fn mean_axis(&self, axis: usize) -> Self {
        self.mean_axes(&[axis])
    }

    /// The means over several axes at once; NaN where they are empty.
    ///
    /// # Panics
    /// If there is no such axis, or an axis is named twice.
    #[must_use]
    #[track_caller]
    pub fn mean_axes(&self, axes: &[usize]) -> Self {
        self.sum_axes(axes) / F::from_usize(self.count(axes))
    }

    /// The variance of all values; see [`var_axes`](Self::var_axes).
    pub fn var(&self, ddof: usize) -> F {
        self.reshape(self.shape().numel()).var_axis(0, ddof).item()
    }

    /// The variances along an axis; see [`var_axes`](Self::var_axes).
    ///
    /// ```
    /// use evenkeel_tensor::Tensor;
    ///
    /// let x = Tensor::from([[1e4f32, 1e4 + 1.0, 1e4 + 2.0]]);
    /// assert_eq!(x.var_axis(1, 1).as_slice(), [1.0]);
    /// ```
    ///
    /// # Panics
    /// If there is no such axis.
    #[must_use]
    #[track_caller]
    pub fn var_axis(&self, axis: usize, ddof: usize) -> Self {
        self.var_axes(&[axis], ddof)
    }

    /// The variances over several axes at once, with the divisor n - `ddof`:
    ///
    /// (Σ (x - m)² - (Σ (x - m))² / n) / (n - ddof), where m is the mean and n the number of values.
    ///
    /// `ddof` (delta degrees of freedom) is 0 for the variance of these very values, as in batch normalisation,
    /// and 1 for the unbiased estimate of the variance they were drawn from. NaN where n <= ddof.
    ///
    /// This is the corrected two-pass algorithm (Chan, Golub & LeVeque, "Algorithms for computing the sample
    /// variance", 1983): the second term is 0 but for the rounding of m, which it takes out.
    ///
    /// # Panics
    /// If there is no such axis, or an axis is named twice.
    #[must_use]
    #[track_caller]
    pub fn var_axes(&self, axes: &[usize], ddof: usize) -> Self {
        let n = self.count(axes);
        let kept = axes.iter().fold(self.shape(), |shape, &axis| shape.with_dim(axis, 1));
        if n <= ddof {
            return Self::full(self.sum_axes(axes).shape(), F::NAN);
        }
        let deviations = self - self.mean_axes(axes).reshape(kept);
        let excess = deviations.sum_axes(axes);
        let squares = deviations.into_map(|d| d * d).sum_axes(axes);
        let (n, divisor) = (F::from_usize(n), F::from_usize(n - ddof));
        squares.zip_with(&excess, |s, e| {
            let numerator = s - e * e / n;
            // Rounding may take it below 0 where all values are equal; NaN stays.
            if numerator < F::ZERO { F::ZERO } else { numerator / divisor }
        })
    }

    /// Which axes are named.
    #[track_caller]
    fn reduced(&self, axes: &[usize]) -> [bool; MAX_RANK] {
        let mut reduced = [false; MAX_RANK];
        for &axis in axes {
            assert!(
                axis < self.shape().rank() && !std::mem::replace(&mut reduced[axis], true),
                "axes {axes:?} of an array of shape {}: not there or named twice",
                self.shape()
            );
        }
        reduced
    }

    /// The number of values that meet in one when `axes` are taken away.
    #[track_caller]
    fn count(&self, axes: &[usize]) -> usize {
        self.reduced(axes);
        axes.iter().map(|&axis| self.shape()[axis]).product()
    }
}

/// Adds the sums of the columns of `x` to `out`, in fixed blocks of rows: for threads to share, and so that the
/// rounding grows with the logarithm of the number of blocks.
fn column_sums<F: Float>(x: &[F], out: &mut [F]) {
    let columns = out.len();
    let block = (BLOCK / columns).max(64);
    let rows = x.len() / columns;
    if rows <= block {
        return kernel::add_column_sums(x, out);
    }
    let sums = parallel::reduce(
        rows,
        block,
        |r| {
            let mut sums = vec![F::ZERO; columns];
            kernel::add_column_sums(&x[r.start * columns..r.end * columns], &mut sums);
            sums
        },
        |mut a, b| {
            kernel::add_assign(&mut a, &b);
            a
        },
    );
    kernel::add_assign(out, &sums.expect("more rows than a block"));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variance_survives_a_large_offset() {
        // Exact values: deviations -1, 0, 1; the mean of squares would cancel to nothing in f32.
        let x = Tensor::from([[1e4f32, 1e4 + 1.0, 1e4 + 2.0], [1e6, 1e6 + 1.0, 1e6 + 2.0]]);
        assert_eq!(x.var_axis(1, 1).as_slice(), [1.0, 1.0]);
        assert_eq!(x.var_axis(1, 0).as_slice(), [2.0 / 3.0, 2.0 / 3.0]);
        // A mean that f32 cannot hold: 2^24 + 2/3 rounds by a third, which the correction takes out.
        let y = Tensor::from([16_777_216.0f32, 16_777_216.0, 16_777_218.0]);
        assert!((y.var(0) - 8.0 / 9.0).abs() < 1e-6, "{}", y.var(0));
        assert_eq!(Tensor::full([7], 0.1f32).var(0), 0.0);
    }

    #[test]
    fn nan_passes_through() {
        let x = Tensor::from([[1.0f32, f32::NAN, 3.0], [4.0, 5.0, 6.0]]);
        for reduced in [x.sum_axis(1), x.mean_axis(1), x.var_axis(1, 0)] {
            assert!(reduced.get(&[0]).is_nan() && !reduced.get(&[1]).is_nan());
        }
        assert!(x.sum().is_nan() && x.mean().is_nan() && x.var(1).is_nan());
    }

    #[test]
    fn nothing_to_reduce() {
        let x = Tensor::<f64>::zeros([0, 3]);
        assert_eq!(x.sum(), 0.0);
        assert_eq!(x.sum_axis(0).as_slice(), [0.0; 3]);
        assert!(x.mean().is_nan() && x.var(0).is_nan() && x.var(1).is_nan());
        assert!(x.mean_axis(0).as_slice().iter().all(|m| m.is_nan()));
        assert!(x.var_axis(0, 1).as_slice().iter().all(|v| v.is_nan()));
        assert_eq!(x.var_axis(1, 0).shape(), [0].into());
        assert!(Tensor::from([3.0]).var(1).is_nan());
        assert_eq!(Tensor::scalar(3.0).var(0), 0.0);
        assert_eq!(Tensor::scalar(3.0).sum_axes(&[]).item(), 3.0);
    }

    #[test]
    #[should_panic(expected = "named twice")]
    fn an_axis_is_reduced_once() {
        let _ = Tensor::<f32>::zeros([2, 3]).sum_axes(&[1, 1]);
    }

    #[test]
    fn tall_sums_have_the_same_bits_in_every_pool() {
        let x = Tensor::from_fn([40_000, 5], |i| (i as f32 * 0.37).sin() * 10f32.powi((i % 9) as i32 - 4));
        let bits = |threads| {
            rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap().install(|| {
                let all = [x.sum_axis(0), x.sum_axis(1), x.var_axis(0, 1), Tensor::scalar(x.sum())];
                all.map(|t| t.map(|v| v.to_bits()))
            })
        };
        let one = bits(1);
        for threads in [2, 3, 7] {
            assert!(bits(threads) == one, "{threads} threads");
        }
    }
}
