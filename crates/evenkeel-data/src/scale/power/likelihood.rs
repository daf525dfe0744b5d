//! How likely a power is.

use evenkeel_tensor::{Float, kernel};

use super::Family;
use super::curve::Curve;

/// Values a block, whose powers stay in the first-level cache between their mean and their deviations.
const BLOCK: usize = 1024;

/// One column's values by their logarithms, which all powers are computed from.
pub(super) struct Sample<'a> {
    family: Family,
    logarithms: &'a [f64],
    /// Σ sign(x) ln(1 + |x|), or Σ ln x: the slope of the log-Jacobian in λ.
    sum: f64,
    /// The mean logarithm, or 0 if values are on both branches or all the same.
    origin: f64,
    is_constant: bool,
}

impl<'a> Sample<'a> {
    pub(super) fn new(family: Family, logarithms: &'a [f64]) -> Self {
        let sum = kernel::sum(logarithms);
        let mirrored = logarithms.iter().filter(|l| family.is_mirrored(**l)).count();
        let on_one_branch = mirrored == 0 || mirrored == logarithms.len();
        let is_constant = logarithms.iter().all(|l| *l == logarithms[0]);
        let mean = sum / logarithms.len().max(1) as f64;
        Self { family, logarithms, sum, origin: if on_one_branch && !is_constant { mean } else { 0.0 }, is_constant }
    }

    pub(super) fn is_constant(&self) -> bool {
        self.is_constant
    }

    pub(super) fn curve(&self, lambda: f64) -> Curve {
        Curve { family: self.family, lambda, origin: self.origin }
    }

    /// n/2 ln var(y) - (λ - 1) Σ ln dy/dx, but for constants; infinite where the variance is lost in rounding.
    pub(super) fn negative_log_likelihood(&self, lambda: f64) -> f64 {
        let n = self.logarithms.len() as f64;
        let curve = self.curve(lambda);
        let Some((mean, deviation)) = self.moments(&curve) else { return f64::INFINITY };
        if !deviation.is_finite() || deviation <= 1e-12 * mean.abs() {
            return f64::INFINITY;
        }
        // The power itself is e^(exponent |origin|) times as steep as the curve; for mirrored values both have another sign.
        let steeper =
            curve.exponents().0 * if self.family.is_mirrored(self.origin) { -self.origin } else { self.origin };
        n * (deviation.ln() + steeper) - (lambda - 1.0) * self.sum
    }

    /// The mean and the deviation of the curve over the values, `None` if there are none.
    pub(super) fn moments(&self, curve: &Curve) -> Option<(f64, f64)> {
        let (mut count, mut mean, mut m2) = (0.0, 0.0, 0.0);
        for block in self.logarithms.chunks(BLOCK) {
            let (own, squares) = block_moments(curve, block);
            // Chan, Golub & LeVeque (1979).
            let size = block.len() as f64;
            let share = size / (count + size);
            let delta = own - mean;
            m2 += squares + delta * (delta * (count * share));
            mean += delta * share;
            count += size;
        }
        (count > 0.0).then(|| (mean, f64::sqrt(m2 / count)))
    }
}

/// The mean and the squared deviations of the curve at these logarithms, which are all on the branch of its origin, or that is 0.
fn block_moments(curve: &Curve, logarithms: &[f64]) -> (f64, f64) {
    let mut powers = [0.0; BLOCK];
    let powers = &mut powers[..logarithms.len()];
    let n = logarithms.len() as f64;
    // For an exponent that small the quotient is the logarithm itself, to the last bit; so no 0 is to be asked for.
    let [above, below] = [curve.lambda, 2.0 - curve.lambda].map(|x| if x == 0.0 { 1e-200 } else { x });
    let [over_above, over_below] = [1.0 / above, 1.0 / below];
    let mirrors = curve.family == Family::YeoJohnson;
    kernel::simd(
        #[inline(always)]
        || {
            for (y, &l) in powers.iter_mut().zip(logarithms) {
                // As `Curve::at`, without branches, so in vectors.
                let mirrored = mirrors & (l < 0.0);
                let sign = if mirrored { -1.0 } else { 1.0 };
                let exponent = if mirrored { below } else { above };
                let over = if mirrored { over_below } else { over_above };
                *y = sign * (Float::exp_m1(exponent * (sign * (l - curve.origin))) * over);
            }
            let origin = powers[0];
            let offset = kernel::sum_map(
                powers,
                #[inline(always)]
                |y| y - origin,
            );
            let mean = origin + offset / n;
            let squares = kernel::sum_map(
                powers,
                #[inline(always)]
                |y| (y - mean) * (y - mean),
            );
            (mean, squares)
        },
    )
}
