//! Where a gap is going.

use std::fmt;

/// A power law through the gap of a learning curve: gap(n) = `coefficient` n^-`exponent`, by least squares on logarithms.
///
/// The gap of a learner that generalises at all tends to 0, and in practice so: exponents of 0.5 to 1 are usual (C. Cortes et
/// al. (1993), Learning curves: asymptotic values and rate of convergence; J. Hestness et al. (2017), Deep learning scaling is
/// predictable, empirically). An extrapolation beyond ten times the largest size is a guess.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct GapTrend {
    /// The gap at one example, if the law held there.
    pub coefficient: f64,
    /// How fast it falls: doubling the data divides the gap by 2^exponent. Below 0 it grows.
    pub exponent: f64,
    /// The standard error of the exponent.
    pub exponent_error: f64,
}

impl GapTrend {
    /// The law through (size, gap); `None` of fewer than three sizes, or if a gap is not above 0.
    pub(super) fn fit(gaps: &[(f64, f64)]) -> Option<Self> {
        if gaps.len() < 3 || gaps.iter().any(|(_, gap)| *gap <= 0.0) {
            return None;
        }
        let n = gaps.len() as f64;
        let mean = |of: fn(&(f64, f64)) -> f64| gaps.iter().map(of).sum::<f64>() / n;
        let (x, y) = (mean(|g| g.0.ln()), mean(|g| g.1.ln()));
        let sum =
            |of: &dyn Fn(f64, f64) -> f64| gaps.iter().map(|(size, gap)| of(size.ln() - x, gap.ln() - y)).sum::<f64>();
        let squares = sum(&|dx, _| dx * dx);
        let slope = sum(&|dx, dy| dx * dy) / squares;
        let residual = sum(&|dx, dy| (dy - slope * dx).powi(2));
        Some(Self {
            coefficient: (y - slope * x).exp(),
            exponent: -slope,
            exponent_error: (residual / (n - 2.0) / squares).sqrt(),
        })
    }

    /// The gap of this many examples.
    pub fn gap_at(&self, size: f64) -> f64 {
        self.coefficient * size.powf(-self.exponent)
    }

    /// The number of examples at which the gap falls to `gap`; `None` where the gap does not fall by two standard errors of the
    /// exponent.
    pub fn size_for(&self, gap: f64) -> Option<f64> {
        (self.exponent > 2.0 * self.exponent_error).then(|| (self.coefficient / gap).powf(1.0 / self.exponent))
    }
}

impl fmt::Display for GapTrend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.3} n^-({:.2} ± {:.2})", self.coefficient, self.exponent, self.exponent_error)
    }
}
