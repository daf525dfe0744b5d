//! The sum of magnitudes.

use evenkeel_tensor::{Float, kernel};

use super::{Penalty, check_strength, rounded};
use crate::RegularizeError;
use crate::elementwise::{apply, sum_of_absolutes};

/// L1, the lasso: `p(w) = lambda sum |w|`.
///
/// Gradient: `lambda sign(w)` with `sign(0) = 0`. Steps along it make weights swing around 0 and hardly ever give exactly 0.
///
/// Proximal step of size t, soft thresholding: `sign(w) max(|w| - lambda t, 0)`. What lies within lambda t of 0 becomes exactly 0.
///
/// # Source
/// Tibshirani, *Regression Shrinkage and Selection via the Lasso*, 1996; the step: Parikh & Boyd, *Proximal Algorithms*, 2014,
/// section 6.5.2.
///
/// ```
/// use evenkeel_regularize::{L1, PenaltyExt};
///
/// let mut w = [0.75f32, -0.25, -1.0];
/// assert_eq!(L1::new(0.5).value_of(&w), 1.0);
/// L1::new(0.5).prox_of(&mut w, 1.0);
/// assert_eq!(w, [0.25, 0.0, -0.5]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct L1 {
    /// The strength.
    pub lambda: f64,
}

impl L1 {
    /// Of strength `lambda`, finite and not negative.
    pub const fn new(lambda: f64) -> Self {
        Self { lambda }
    }

    /// Checks the strength.
    ///
    /// # Errors
    /// If it is negative, infinite or NaN.
    pub fn check(&self) -> Result<(), RegularizeError> {
        check_strength("L1", "lambda", self.lambda)
    }
}

impl<F: Float> Penalty<F> for L1 {
    fn value(&self, w: &[F], _shape: &[usize]) -> f64 {
        self.lambda * sum_of_absolutes(w)
    }

    fn add_gradient(&self, w: &[F], _shape: &[usize], scale: f64, g: &mut [F]) {
        let c = F::from_f64(self.lambda * scale);
        kernel::update(
            g,
            w,
            #[inline(always)]
            |g, w| g + signed(w, c),
        );
    }

    fn prox(&self, w: &mut [F], _shape: &[usize], step: f64) {
        let threshold = F::from_f64(self.lambda * step);
        apply(
            w,
            #[inline(always)]
            |w| soft_threshold(w, threshold),
        );
    }

    fn check(&self) -> Result<(), RegularizeError> {
        L1::check(self)?;
        L1::check(&L1::new(rounded::<F>(self.lambda)))
    }
}

/// c sign(w) with sign(0) = 0.
#[inline(always)]
pub(super) fn signed<F: Float>(w: F, c: F) -> F {
    if w > F::ZERO {
        c
    } else if w < F::ZERO {
        -c
    } else {
        // 0 or NaN.
        w
    }
}

/// sign(w) max(|w| - threshold, 0)
#[inline(always)]
pub(super) fn soft_threshold<F: Float>(w: F, threshold: F) -> F {
    let rest = w.abs() - threshold;
    // Comparisons that let NaN pass; and no -0.
    if rest <= F::ZERO { F::ZERO } else { rest.copysign(w) }
}
