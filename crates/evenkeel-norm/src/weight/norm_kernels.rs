//! Kernels for the Euclidean norms of a weight's units.
//!
//! A row is one run of neighbouring units of `inner` values each, for one index of the axes before the units' own.
//! Squares of values beyond about 1e19 overflow in `f32` and those below 1e-19 vanish, so a unit whose sum of squares is
//! out of range is multiplied by a power of two first: its `scale`, which is 1 for all others.

use evenkeel_tensor::{Float, kernel};

/// What brings squares back into range: 2^96 in `f32` and 2^600 in `f64` lift the square of the smallest number above 0,
/// and their inverses bring that of the largest below infinity.
fn far<F: Float>() -> F {
    let double = F::from_f64(2f64.powi(600));
    if double.is_finite() { double } else { F::from_f64(2f64.powi(96)) }
}

/// The factor for a sum of squares out of range; `None` if it is in range.
pub(super) fn rescue<F: Float>(sum: F) -> Option<F> {
    let far = far::<F>();
    // Below this, single squares may have lost digits. NaN stays.
    if sum < F::ONE / far { Some(far) } else { (sum == F::INFINITY).then(|| F::ONE / far) }
}

/// The norm of `x` as (scale, norm of `scale x`): the norm is their quotient, in range even where the quotient's square
/// is not.
pub(super) fn norm<F: Float>(x: &[F]) -> (F, F) {
    let sum = kernel::dot(x, x);
    match rescue(sum) {
        None => (F::ONE, sum.sqrt()),
        Some(scale) => (scale, x.iter().map(|&x| (x * scale) * (x * scale)).sum::<F>().sqrt()),
    }
}

/// sums\[u\] += the sum over unit u of a (b scale\[u\]).
pub(super) fn add_products<F: Float>((a, b): (&[F], &[F]), inner: usize, scale: &[F], sums: &mut [F]) {
    kernel::simd(
        #[inline(always)]
        move || {
            let n = sums.len();
            let (a, b, scale) = (&a[..n * inner], &b[..n * inner], &scale[..n]);
            if inner == 1 {
                (0..n).for_each(
                    #[inline(always)]
                    |u| sums[u] += a[u] * (b[u] * scale[u]),
                );
                return;
            }
            let units = a.chunks_exact(inner).zip(b.chunks_exact(inner)).zip(scale);
            for (sum, ((a, b), &scale)) in sums.iter_mut().zip(units) {
                *sum += kernel::sum_zip(
                    a,
                    b,
                    #[inline(always)]
                    move |a, b| a * (b * scale),
                );
            }
        },
    );
}

/// w = (v scale) factor, unit by unit.
pub(super) fn scaled<F: Float>(v: &[F], inner: usize, (scale, factor): (&[F], &[F]), w: &mut [F]) {
    kernel::simd(
        #[inline(always)]
        move || {
            let n = scale.len();
            let (v, factor, w) = (&v[..n * inner], &factor[..n], &mut w[..n * inner]);
            if inner == 1 {
                (0..n).for_each(
                    #[inline(always)]
                    |u| w[u] = (v[u] * scale[u]) * factor[u],
                );
                return;
            }
            for (u, (v, w)) in v.chunks_exact(inner).zip(w.chunks_exact_mut(inner)).enumerate() {
                let (scale, factor) = (scale[u], factor[u]);
                w.iter_mut().zip(v).for_each(
                    #[inline(always)]
                    |(w, &v)| *w = (v * scale) * factor,
                );
            }
        },
    );
}

/// dv = ((dw - (v scale) along) factor) scale, unit by unit.
pub(super) fn gradient<F: Float>(
    (v, dw): (&[F], &[F]),
    inner: usize,
    (scale, factor, along): (&[F], &[F], &[F]),
    dv: &mut [F],
) {
    kernel::simd(
        #[inline(always)]
        move || {
            let n = scale.len();
            let (v, dw, dv) = (&v[..n * inner], &dw[..n * inner], &mut dv[..n * inner]);
            let (factor, along) = (&factor[..n], &along[..n]);
            if inner == 1 {
                (0..n).for_each(
                    #[inline(always)]
                    |u| dv[u] = ((dw[u] - (v[u] * scale[u]) * along[u]) * factor[u]) * scale[u],
                );
                return;
            }
            let units = v.chunks_exact(inner).zip(dw.chunks_exact(inner)).zip(dv.chunks_exact_mut(inner));
            for (u, ((v, dw), dv)) in units.enumerate() {
                let (scale, factor, along) = (scale[u], factor[u], along[u]);
                dv.iter_mut().zip(v).zip(dw).for_each(
                    #[inline(always)]
                    |((dv, &v), &dw)| *dv = ((dw - (v * scale) * along) * factor) * scale,
                );
            }
        },
    );
}
