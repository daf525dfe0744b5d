//! Kernels for channels that are planes: runs of neighbouring values of one channel.

use evenkeel_tensor::{Float, kernel};

use crate::moments::{Sample, two_sum};
use crate::standardize::sums;

/// Values whose mean and squared deviations are taken in two passes: they stay in the first-level cache in between.
const PART: usize = 4096;

/// The moments of planes together.
pub(crate) fn moments<'a, F: Float>(planes: impl Iterator<Item = &'a [F]>) -> Sample<F> {
    planes.map(sample).fold(Sample::EMPTY, Sample::merge)
}

/// The moments of one plane.
pub(crate) fn sample<F: Float>(plane: &[F]) -> Sample<F> {
    plane.chunks(PART).map(part_sample).fold(Sample::EMPTY, Sample::merge)
}

fn part_sample<F: Float>(x: &[F]) -> Sample<F> {
    let (origin, n) = (x[0], F::from_usize(x.len()));
    kernel::simd(
        #[inline(always)]
        move || {
            // Relative to a value of the sample, so that a large common offset costs no digits of the sum.
            let [sum] = sums(
                [x],
                #[inline(always)]
                move |[x]| [x - origin],
            );
            let (mean, low) = two_sum(origin, sum / n);
            let [squares] = sums(
                [x],
                #[inline(always)]
                move |[x]| [(x - mean) * (x - mean)],
            );
            // From deviations from the rounded mean to those from the mean.
            Sample { mean, low, m2: squares - n * low * low, count: x.len() }
        },
    )
}

/// The mean and squared deviations of planes whose squared deviations came out infinite or NaN. If the values themselves are
/// finite, the squares overflowed, and perhaps differences of values and with them the mean, which is taken again without any.
pub(crate) fn overflowed<'a, F: Float, I: Iterator<Item = &'a [F]>>(planes: impl Fn() -> I, mean: F) -> (F, F) {
    if planes().flatten().any(|v| !v.is_finite()) {
        return (mean, F::NAN);
    }
    let n = F::from_usize(planes().map(<[F]>::len).sum());
    (planes().flatten().map(|&v| v / n).sum(), F::INFINITY)
}

/// The sums of dy and of dy (x - mean) over planes of x and dy.
pub(crate) fn gradient_sums<'a, F: Float>(planes: impl Iterator<Item = (&'a [F], &'a [F])>, mean: F) -> (F, F) {
    planes.fold((F::ZERO, F::ZERO), |(sum, product), (x, dy)| {
        let [s, p] = kernel::simd(
            #[inline(always)]
            move || {
                sums(
                    [x, dy],
                    #[inline(always)]
                    move |[x, dy]| [dy, dy * (x - mean)],
                )
            },
        );
        (sum + s, product + p)
    })
}

/// y = (x - mean) scale + shift
pub(crate) fn affine<F: Float>(x: &[F], mean: F, scale: F, shift: F, y: &mut [F]) {
    kernel::simd(
        #[inline(always)]
        move || y.iter_mut().zip(x).for_each(|(y, &x)| *y = (x - mean) * scale + shift),
    );
}

/// dx = a dy + b x̂ + c with x̂ = (x - mean) inverse
pub(crate) fn affine_gradient<F: Float>(
    (x, dy): (&[F], &[F]),
    (mean, inverse): (F, F),
    (a, b, c): (F, F, F),
    dx: &mut [F],
) {
    kernel::simd(
        #[inline(always)]
        move || {
            dx.iter_mut().zip(x).zip(dy).for_each(|((dx, &x), &dy)| *dx = a * dy + (b * ((x - mean) * inverse) + c))
        },
    );
}
