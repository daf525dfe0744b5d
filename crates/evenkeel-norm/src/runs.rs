//! Kernels for groups made of runs of neighbours with the same scale.

use evenkeel_tensor::{Float, kernel};

use crate::few::FEW;
use crate::grouping::GroupLayout;
use crate::standardize::{Rule, Standardizer, sums};

/// Scale and shift of each run of a sample; without them 1 and 0.
#[derive(Clone, Copy)]
pub(crate) struct Affine<'a, F> {
    pub(crate) scale: Option<&'a [F]>,
    pub(crate) shift: Option<&'a [F]>,
}

impl<F: Float> Affine<'_, F> {
    #[inline(always)]
    fn scale(&self, i: usize) -> F {
        self.scale.map_or(F::ONE, |s| s[i])
    }

    #[inline(always)]
    fn shift(&self, i: usize) -> F {
        self.shift.map_or(F::ZERO, |s| s[i])
    }
}

/// y = scale x̂ + shift of the groups `x`, the first of which is number `first`. Keeps each group's standardiser in `kept`.
pub(crate) fn forward<F: Float>(
    layout: GroupLayout,
    rule: Rule<F>,
    (first, x): (usize, &[F]),
    affine: Affine<'_, F>,
    y: &mut [F],
    kept: &mut [F],
) {
    kernel::simd(
        #[inline(always)]
        move || {
            let n = layout.len();
            let groups = x.chunks_exact(n).zip(y.chunks_exact_mut(n));
            for (group, ((x, y), kept)) in groups.zip(kept.chunks_exact_mut(Standardizer::<F>::PARTS)).enumerate() {
                let standardizer = rule.standardizer(x);
                standardizer.store(kept);
                let Standardizer { origin, inverse, offset } = standardizer;
                let at = (first + group) % layout.per_sample * layout.scales;
                let runs = x.chunks_exact(layout.span).zip(y.chunks_exact_mut(layout.span));
                for (run, (x, y)) in runs.enumerate() {
                    let (scale, shift) = (affine.scale(at + run), affine.shift(at + run));
                    if inverse == F::ZERO {
                        y.fill(shift);
                        continue;
                    }
                    let (factor, shift) = (inverse * scale, offset * scale + shift);
                    for (y, &x) in y.iter_mut().zip(x) {
                        *y = (x - origin) * factor + shift;
                    }
                }
            }
        },
    );
}

/// The gradient of the groups `x` into `dx`, if it is wanted, and for each run the sums for the gradients of scale and shift.
pub(crate) fn backward<F: Float>(
    layout: GroupLayout,
    rule: Rule<F>,
    (first, x, dy): (usize, &[F], &[F]),
    affine: Affine<'_, F>,
    kept: &[F],
    mut dx: Option<&mut [F]>,
    [dscale, dshift]: [&mut [F]; 2],
) {
    kernel::simd(
        #[inline(always)]
        move || {
            let (n, span) = (layout.len(), layout.span);
            let groups = x.chunks_exact(n).zip(dy.chunks_exact(n)).zip(kept.chunks_exact(Standardizer::<F>::PARTS));
            for (group, ((x, dy), kept)) in groups.enumerate() {
                let standardizer = Standardizer::load(kept);
                let degenerate = standardizer.inverse == F::ZERO;
                let at = (first + group) % layout.per_sample * layout.scales;
                let mut terms = [F::ZERO; 2];
                for (run, (x, dy)) in x.chunks_exact(span).zip(dy.chunks_exact(span)).enumerate() {
                    let [sum, product] = sums(
                        [x, dy],
                        #[inline(always)]
                        |[x, dy]| [dy, dy * standardizer.apply(x)],
                    );
                    let product = if degenerate { F::ZERO } else { product };
                    let slot = group * layout.scales + run;
                    (dscale[slot], dshift[slot]) = (product, sum);
                    let scale = affine.scale(at + run);
                    terms = [terms[0] + scale * sum, terms[1] + scale * product];
                }
                let Some(dx) = &mut dx else { continue };
                let dx = &mut dx[group * n..][..n];
                if degenerate {
                    dx.fill(F::ZERO);
                    continue;
                }
                if n <= FEW {
                    let g = |i: usize| dy[i].to_f64() * affine.scale(at + i / span).to_f64();
                    let pairs = (0..n).map(|i| (x[i].to_f64(), g(i)));
                    let few = rule.few(pairs.clone());
                    for ((x, g), dx) in pairs.zip(dx) {
                        *dx = F::from_f64(few.gradient(x, g));
                    }
                    continue;
                }
                let [mean, along] = rule.means(terms, n);
                let (slope, constant) = (-(standardizer.inverse * along), -(standardizer.inverse * mean));
                let runs = x.chunks_exact(span).zip(dy.chunks_exact(span)).zip(dx.chunks_exact_mut(span));
                for (run, ((x, dy), dx)) in runs.enumerate() {
                    let factor = standardizer.inverse * affine.scale(at + run);
                    for ((dx, &x), &dy) in dx.iter_mut().zip(x).zip(dy) {
                        *dx = factor * dy + (slope * standardizer.apply(x) + constant);
                    }
                }
            }
        },
    );
}
