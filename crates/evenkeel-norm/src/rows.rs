//! Kernels for groups each of whose values has a scale of its own.

use evenkeel_tensor::{Float, kernel};

use crate::few::FEW;
use crate::grouping::GroupLayout;
use crate::standardize::{Rule, Standardizer, sums};

/// y = scale x̂ + shift of the rows `x`, whole samples. Keeps each row's standardiser in `kept`.
pub(crate) fn forward<F: Float>(
    layout: GroupLayout,
    rule: Rule<F>,
    x: &[F],
    (scale, shift): (&[F], Option<&[F]>),
    y: &mut [F],
    kept: &mut [F],
) {
    kernel::simd(
        #[inline(always)]
        move || {
            let n = layout.len();
            let rows =
                x.chunks_exact(n).zip(y.chunks_exact_mut(n)).zip(kept.chunks_exact_mut(Standardizer::<F>::PARTS));
            for (row, ((x, y), kept)) in rows.enumerate() {
                let standardizer = rule.standardizer(x);
                standardizer.store(kept);
                let at = row % layout.per_sample * n;
                let (x, scale) = (&x[..n], &scale[at..][..n]);
                match shift {
                    Some(shift) => {
                        let shift = &shift[at..][..n];
                        if standardizer.inverse == F::ZERO {
                            y.copy_from_slice(shift);
                            continue;
                        }
                        for (i, y) in y.iter_mut().enumerate() {
                            *y = standardizer.apply(x[i]) * scale[i] + shift[i];
                        }
                    }
                    None if standardizer.inverse == F::ZERO => y.fill(F::ZERO),
                    None => y.iter_mut().zip(x).zip(scale).for_each(
                        #[inline(always)]
                        |((y, &x), &scale)| *y = standardizer.apply(x) * scale,
                    ),
                }
            }
        },
    );
}

/// The gradient of the rows `x` into `dx`, if it is wanted, and the sums over the rows for the gradients of scale and shift.
pub(crate) fn backward<F: Float>(
    layout: GroupLayout,
    rule: Rule<F>,
    (x, dy): (&[F], &[F]),
    scale: &[F],
    kept: &[F],
    mut dx: Option<&mut [F]>,
    [dscale, dshift]: [&mut [F]; 2],
) {
    kernel::simd(
        #[inline(always)]
        move || {
            dscale.fill(F::ZERO);
            dshift.fill(F::ZERO);
            let n = layout.len();
            let rows = x.chunks_exact(n).zip(dy.chunks_exact(n)).zip(kept.chunks_exact(Standardizer::<F>::PARTS));
            for (row, ((x, dy), kept)) in rows.enumerate() {
                let standardizer = Standardizer::load(kept);
                let at = row % layout.per_sample * n;
                let (x, dy, scale) = (&x[..n], &dy[..n], &scale[at..][..n]);
                let (dscale, dshift) = (&mut dscale[at..][..n], &mut dshift[at..][..n]);
                let mut none = [];
                let dx = match &mut dx {
                    Some(dx) => &mut dx[row * n..][..n],
                    None => &mut none[..],
                };
                if standardizer.inverse == F::ZERO {
                    dshift.iter_mut().zip(dy).for_each(|(d, &dy)| *d += dy);
                    dx.fill(F::ZERO);
                } else if dx.is_empty() {
                    for i in 0..n {
                        dscale[i] += dy[i] * standardizer.apply(x[i]);
                        dshift[i] += dy[i];
                    }
                } else if n <= FEW {
                    let pairs = (0..n).map(|i| (x[i].to_f64(), dy[i].to_f64() * scale[i].to_f64()));
                    let few = rule.few(pairs.clone());
                    for ((x, g), dx) in pairs.zip(&mut *dx) {
                        *dx = F::from_f64(few.gradient(x, g));
                    }
                    for i in 0..n {
                        dscale[i] += dy[i] * standardizer.apply(x[i]);
                        dshift[i] += dy[i];
                    }
                } else {
                    let terms = sums(
                        [x, dy, scale],
                        #[inline(always)]
                        |[x, dy, scale]| [dy * scale, dy * scale * standardizer.apply(x)],
                    );
                    let [mean, along] = rule.means(terms, n);
                    let dx = &mut dx[..n];
                    for i in 0..n {
                        let normalized = standardizer.apply(x[i]);
                        dx[i] = standardizer.inverse * ((dy[i] * scale[i] - mean) - normalized * along);
                        dscale[i] += dy[i] * normalized;
                        dshift[i] += dy[i];
                    }
                }
            }
        },
    );
}
