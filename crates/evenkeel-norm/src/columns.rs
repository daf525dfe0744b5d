//! Kernels for channels that are columns: rows of neighbouring channels.

use evenkeel_tensor::{Float, kernel};

use crate::moments::{Sample, two_sum};

/// Rows whose mean and squared deviations are taken in registers before they are merged with those before.
const ROWS: usize = 8;

/// Writes the mean (rounded, and what rounding left out) and the sum of squared deviations of the columns
/// `first..first + mean.len()` of `rows` rows, row `k` of which begins at `start(k)`.
pub(crate) fn moments<F: Float>(
    x: &[F],
    (rows, start): (usize, impl Fn(usize) -> usize),
    first: usize,
    [mean, low, m2]: [&mut [F]; 3],
) {
    let width = mean.len();
    for sums in [&mut *mean, low, m2] {
        sums.fill(F::ZERO);
    }
    let row = |k: usize| &x[start(k) + first..][..width];
    let mut done = 0;
    while done + ROWS <= rows {
        merge_rows(std::array::from_fn(|k| row(done + k)), done, mean, low, m2);
        done += ROWS;
    }
    for r in done..rows {
        for (j, &x) in row(r).iter().enumerate() {
            let before = Sample { mean: mean[j], low: low[j], m2: m2[j], count: r };
            let both = before.merge(Sample { mean: x, low: F::ZERO, m2: F::ZERO, count: 1 });
            (mean[j], low[j], m2[j]) = (both.mean, both.low, both.m2);
        }
    }
}

/// Merges rows with the `done` rows before, column by column.
fn merge_rows<F: Float>(rows: [&[F]; ROWS], done: usize, mean: &mut [F], low: &mut [F], m2: &mut [F]) {
    let count = F::from_usize(ROWS);
    let part = F::ONE / count;
    let share = count / F::from_usize(done + ROWS);
    let weight = F::from_usize(done) * share;
    // With no rows before, the distance to the old mean does not count: its square may be infinite.
    let keep = done != 0;
    let [r0, r1, r2, r3, r4, r5, r6, r7] = rows;
    kernel::simd(
        #[inline(always)]
        move || {
            let n = mean.len();
            let (r0, r1, r2, r3) = (&r0[..n], &r1[..n], &r2[..n], &r3[..n]);
            let (r4, r5, r6, r7) = (&r4[..n], &r5[..n], &r6[..n], &r7[..n]);
            let (mean, low, m2) = (&mut mean[..n], &mut low[..n], &mut m2[..n]);
            for j in 0..n {
                let origin = r0[j];
                let sum = ((r1[j] - origin) + (r2[j] - origin))
                    + ((r3[j] - origin) + (r4[j] - origin))
                    + ((r5[j] - origin) + (r6[j] - origin) + (r7[j] - origin));
                let (own, rest) = two_sum(origin, sum * part);
                let square = |x: F| (x - own) * (x - own);
                let squares = ((square(r0[j]) + square(r1[j])) + (square(r2[j]) + square(r3[j])))
                    + ((square(r4[j]) + square(r5[j])) + (square(r6[j]) + square(r7[j])))
                    - count * rest * rest;
                let delta = (own - mean[j]) + (rest - low[j]);
                let both = two_sum(mean[j], low[j] + delta * share);
                (mean[j], low[j]) = if keep { both } else { (own, rest) };
                m2[j] = if keep { m2[j] + (squares + delta * delta * weight) } else { squares };
            }
        },
    );
}

/// Writes the sums over rows of dy and of dy (x - mean) of the columns from `first` on; rows as in [`moments`].
pub(crate) fn gradient_sums<F: Float>(
    (x, dy): (&[F], &[F]),
    (rows, start): (usize, impl Fn(usize) -> usize),
    first: usize,
    mean: &[F],
    sum: &mut [F],
    product: &mut [F],
) {
    let width = sum.len();
    sum.fill(F::ZERO);
    product.fill(F::ZERO);
    let row = |k: usize| start(k) + first..start(k) + first + width;
    let mut done = 0;
    while done + 4 <= rows {
        let x = std::array::from_fn(|k| &x[row(done + k)]);
        let dy = std::array::from_fn(|k| &dy[row(done + k)]);
        add_rows(x, dy, mean, sum, product);
        done += 4;
    }
    for r in done..rows {
        let (x, dy) = (&x[row(r)], &dy[row(r)]);
        for (j, sum) in sum.iter_mut().enumerate() {
            *sum += dy[j];
            product[j] += dy[j] * (x[j] - mean[j]);
        }
    }
}

fn add_rows<F: Float>(x: [&[F]; 4], dy: [&[F]; 4], mean: &[F], sum: &mut [F], product: &mut [F]) {
    let ([x0, x1, x2, x3], [d0, d1, d2, d3]) = (x, dy);
    kernel::simd(
        #[inline(always)]
        move || {
            let n = sum.len();
            let (x0, x1, x2, x3) = (&x0[..n], &x1[..n], &x2[..n], &x3[..n]);
            let (d0, d1, d2, d3) = (&d0[..n], &d1[..n], &d2[..n], &d3[..n]);
            let (mean, sum, product) = (&mean[..n], &mut sum[..n], &mut product[..n]);
            for j in 0..n {
                let m = mean[j];
                sum[j] += (d0[j] + d1[j]) + (d2[j] + d3[j]);
                product[j] += (d0[j] * (x0[j] - m) + d1[j] * (x1[j] - m)) + (d2[j] * (x2[j] - m) + d3[j] * (x3[j] - m));
            }
        },
    );
}

/// y = (x - mean) scale + shift, column by column.
pub(crate) fn affine<F: Float>(x: &[F], mean: &[F], scale: &[F], shift: &[F], y: &mut [F]) {
    kernel::simd(
        #[inline(always)]
        move || {
            let n = y.len();
            let (x, mean, scale, shift) = (&x[..n], &mean[..n], &scale[..n], &shift[..n]);
            for (j, y) in y.iter_mut().enumerate() {
                *y = (x[j] - mean[j]) * scale[j] + shift[j];
            }
        },
    );
}

/// dx = a dy + b x̂ + c with x̂ = (x - mean) inverse, column by column.
pub(crate) fn affine_gradient<F: Float>(
    (x, dy): (&[F], &[F]),
    (mean, inverse): (&[F], &[F]),
    (a, b, c): (&[F], &[F], &[F]),
    dx: &mut [F],
) {
    kernel::simd(
        #[inline(always)]
        move || {
            let n = dx.len();
            let (x, dy, mean, inverse) = (&x[..n], &dy[..n], &mean[..n], &inverse[..n]);
            let (a, b, c) = (&a[..n], &b[..n], &c[..n]);
            for (j, dx) in dx.iter_mut().enumerate() {
                *dx = a[j] * dy[j] + (b[j] * ((x[j] - mean[j]) * inverse[j]) + c[j]);
            }
        },
    );
}
