//! Kernels for channels that are planes: runs of neighbouring values of one channel.

use evenkeel_tensor::{Float, kernel};

use crate::moments::merge;

/// Values whose mean and squared deviations are taken in two passes: they stay in the first-level cache in between.
const PART: usize = 4096;

/// The mean and the sum of squared deviations of planes.
pub(crate) fn moments<'a, F: Float>(planes: impl Iterator<Item = &'a [F]>) -> (F, F) {
    let (mean, m2, _) = planes
        .flat_map(|plane| plane.chunks(PART))
        .fold((F::ZERO, F::ZERO, 0), |before, part| merge(before, part_moments(part)));
    (mean, m2)
}

fn part_moments<F: Float>(x: &[F]) -> (F, F, usize) {
    let (origin, n) = (x[0], F::from_usize(x.len()));
    kernel::simd(
        #[inline(always)]
        move || {
            // Relative to a value of the sample, so that a large common offset costs no digits of the sum.
            let mean = origin
                + kernel::sum_map(
                    x,
                    #[inline(always)]
                    move |x| x - origin,
                ) / n;
            (
                mean,
                kernel::sum_map(
                    x,
                    #[inline(always)]
                    move |x| (x - mean) * (x - mean),
                ),
                x.len(),
            )
        },
    )
}

/// The sums of dy and of dy (x - mean) over planes of x and dy.
pub(crate) fn gradient_sums<'a, F: Float>(planes: impl Iterator<Item = (&'a [F], &'a [F])>, mean: F) -> (F, F) {
    planes.fold((F::ZERO, F::ZERO), |(sum, product), (x, dy)| {
        let (s, p) = kernel::simd(
            #[inline(always)]
            move || {
                let s = kernel::sum_map(
                    dy,
                    #[inline(always)]
                    |dy| dy,
                );
                (
                    s,
                    kernel::sum_zip(
                        x,
                        dy,
                        #[inline(always)]
                        move |x, dy| dy * (x - mean),
                    ),
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

/// dx = a dy + b (x - mean) + c
pub(crate) fn affine_gradient<F: Float>((x, dy): (&[F], &[F]), mean: F, (a, b, c): (F, F, F), dx: &mut [F]) {
    kernel::simd(
        #[inline(always)]
        move || dx.iter_mut().zip(x).zip(dy).for_each(|((dx, &x), &dy)| *dx = a * dy + (b * (x - mean) + c)),
    );
}
