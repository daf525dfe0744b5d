//! Sums and updates of weights, one value at a time: in blocks over the threads, in vectors within a block.

use evenkeel_tensor::kernel::{self, BLOCK};
use evenkeel_tensor::{Float, parallel};

/// Where a sum in `F` may have lost terms: squares of `f32` overflow from 1.8e19 on and vanish below 1e-23.
fn is_safe(sum: f64) -> bool {
    (1e-30..1e30).contains(&sum)
}

/// The sum of f(|w|), of magnitudes: in `F` where that is safe, otherwise by `exact`, the same function in `f64`.
///
/// The choice is made for each block by its values alone, so the bits do not depend on the number of threads.
pub(crate) fn sum_of_magnitudes<F: Float>(
    w: &[F],
    f: impl Fn(F) -> F + Copy + Sync,
    exact: impl Fn(f64) -> f64 + Sync,
) -> f64 {
    let block = |w: &[F]| {
        let sum = kernel::simd(
            #[inline(always)]
            move || {
                kernel::sum_map(
                    w,
                    #[inline(always)]
                    |w| f(w.abs()),
                )
            },
        )
        .to_f64();
        if is_safe(sum) {
            sum
        } else if are_zero(w) {
            exact(0.0) * w.len() as f64
        } else {
            w.iter().map(|w| exact(w.to_f64().abs())).sum()
        }
    };
    parallel::reduce(w.len(), BLOCK, |r| block(&w[r]), |a, b| a + b).unwrap_or(0.0)
}

/// The sum of |w|.
pub(crate) fn sum_of_absolutes<F: Float>(w: &[F]) -> f64 {
    sum_of_magnitudes(
        w,
        #[inline(always)]
        |w| w,
        |w| w,
    )
}

/// The sum of w².
pub(crate) fn sum_of_squares<F: Float>(w: &[F]) -> f64 {
    sum_of_magnitudes(
        w,
        #[inline(always)]
        |w| w * w,
        |w| w * w,
    )
}

/// The Euclidean norm, which does not overflow before its value does; NaN if any weight is.
pub(crate) fn norm<F: Float>(w: &[F]) -> f64 {
    kernel::simd(
        #[inline(always)]
        move || norm_inside(w),
    )
}

/// As [`norm`], to be called inside [`kernel::simd`].
#[inline(always)]
pub(crate) fn norm_inside<F: Float>(w: &[F]) -> f64 {
    if w.len() <= BLOCK { norm_of_block(w) } else { norm_of_blocks(w) }
}

fn norm_of_blocks<F: Float>(w: &[F]) -> f64 {
    let sum = sum_of_squares(w);
    if (1e-280..1e280).contains(&sum) { sum.sqrt() } else { scaled_norm(w.iter().map(|w| w.to_f64())) }
}

#[inline(always)]
fn norm_of_block<F: Float>(w: &[F]) -> f64 {
    let sum = kernel::sum_map(
        w,
        #[inline(always)]
        |w| w * w,
    )
    .to_f64();
    if is_safe(sum) {
        return sum.sqrt();
    }
    if are_zero_inside(w) { 0.0 } else { scaled_norm(w.iter().map(|w| w.to_f64())) }
}

/// Whether all weights are 0, which is what penalties are for: it must not be slow.
fn are_zero<F: Float>(w: &[F]) -> bool {
    kernel::simd(
        #[inline(always)]
        move || are_zero_inside(w),
    )
}

/// As [`are_zero`], to be called inside [`kernel::simd`]. A sum of magnitudes loses none to rounding.
#[inline(always)]
fn are_zero_inside<F: Float>(w: &[F]) -> bool {
    let sum = kernel::sum_map(
        w,
        #[inline(always)]
        |w| w.abs(),
    );
    sum == F::ZERO
}

/// The Euclidean norm by way of the largest magnitude, for any range of values.
pub(crate) fn scaled_norm(values: impl Iterator<Item = f64> + Clone) -> f64 {
    let largest = values.clone().fold(0.0, |m: f64, x| m.max(x.abs()));
    if largest == 0.0 || largest.is_infinite() {
        // 0 or infinity, or NaN, which the maximum leaves out.
        return values.map(f64::abs).sum();
    }
    // By a power of two, which rounds nothing; in two steps, since the reciprocal of the smallest numbers is infinite.
    let half = (-largest.log2() / 2.0).floor().exp2();
    values.map(|x| x * half * half).map(|x| x * x).sum::<f64>().sqrt() / half / half
}

/// What values are multiplied by to have another norm: one factor after the other, since the reciprocal of a norm may lie
/// outside the float's range where the result does not.
#[derive(Clone, Copy)]
pub(crate) struct Factor<F>(pub(crate) F, pub(crate) F);

impl<F: Float> Factor<F> {
    /// From a norm to another. Zeros, which have no direction, stay as they are, and so do values that have the norm
    /// already, an infinite one too.
    pub(crate) fn new(norm: f64, target: f64) -> Self {
        if norm == 0.0 || norm == target {
            return Self(F::ONE, F::ONE);
        }
        let far = if F::NAME == f32::NAME { 2f64.powi(64) } else { 2f64.powi(500) };
        let first = if norm > far {
            1.0 / far
        } else if norm < 1.0 / far {
            far
        } else {
            1.0
        };
        Self(F::from_f64(first), F::from_f64(target / (norm * first)))
    }

    #[inline(always)]
    pub(crate) fn of(self, w: F) -> F {
        w * self.0 * self.1
    }
}

/// w = f(w), elementwise.
pub(crate) fn apply<F: Float>(w: &mut [F], f: impl Fn(F) -> F + Sync) {
    parallel::chunks_mut(w, BLOCK, |_, w| {
        kernel::simd(
            #[inline(always)]
            || w.iter_mut().for_each(|w| *w = f(*w)),
        );
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_keep_what_the_float_cannot_square() {
        assert_eq!(sum_of_squares(&[3f32; 100_000]), 900_000.0);
        assert!((sum_of_squares(&[1e30f32; 2]) / 2e60 - 1.0).abs() < 1e-6);
        assert!((sum_of_squares(&[1e-30f32; 2]) / 2e-60 - 1.0).abs() < 1e-6);
        assert_eq!(sum_of_absolutes(&[f32::MAX, -f32::MAX]), 2.0 * f64::from(f32::MAX));
        assert!(sum_of_absolutes(&[1.0, f64::NAN]).is_nan());
        assert_eq!(sum_of_squares::<f32>(&[]), 0.0);
    }

    #[test]
    fn norms_of_any_range() {
        for scale in [1.0, 1e-320, 1e-200, 1e200, 1e307] {
            let norm = norm(&[3.0 * scale, 0.0, -4.0 * scale]);
            assert!((norm / scale / 5.0 - 1.0).abs() < 1e-3 && norm.is_finite(), "{scale}: {norm}");
        }
        for scale in [1e-45f32, 1e-30, 1e30, 5e37] {
            assert!((norm(&[3.0 * scale, 4.0 * scale]) / f64::from(scale) / 5.0 - 1.0).abs() < 1e-6);
        }
        assert_eq!(norm(&[0.0f32; 3]), 0.0);
        assert_eq!(norm(&[1.0, f64::NEG_INFINITY]), f64::INFINITY);
        assert!(norm(&[f64::NAN, 0.0]).is_nan() && norm(&[f64::INFINITY, f64::NAN]).is_nan());
    }
}
