//! L1 and L2 together.

use evenkeel_tensor::{Float, kernel};

use super::l1::{signed, soft_threshold};
use super::{Penalty, check_strength, rounded};
use crate::RegularizeError;
use crate::elementwise::{apply, sum_of_absolutes, sum_of_squares};

/// The elastic net: `p(w) = l1 sum |w| + l2 sum w²`. Sparse as the lasso, but weights of inputs that go together stay together.
///
/// Gradient: `l1 sign(w) + 2 l2 w` with `sign(0) = 0`. Proximal step of size t: soft thresholding by `l1 t`
/// ([`L1`](crate::L1)), then division by `1 + 2 l2 t`.
///
/// # Source
/// Zou & Hastie, *Regularization and Variable Selection via the Elastic Net*, 2005 (the naive form, without rescaling); the step:
/// Parikh & Boyd, *Proximal Algorithms*, 2014, section 6.5.3.
///
/// ```
/// use evenkeel_regularize::{ElasticNet, PenaltyExt};
///
/// let mut w = [3.0, -0.5];
/// assert_eq!(ElasticNet::new(1.0, 0.5).value_of(&w), 3.5 + 0.5 * 9.25);
/// ElasticNet::new(1.0, 0.5).prox_of(&mut w, 1.0);
/// assert_eq!(w, [1.0, 0.0]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ElasticNet {
    /// The strength of the sum of magnitudes.
    pub l1: f64,
    /// The strength of the sum of squares.
    pub l2: f64,
}

impl ElasticNet {
    /// Of these strengths, finite and not negative.
    pub const fn new(l1: f64, l2: f64) -> Self {
        Self { l1, l2 }
    }

    /// Checks the strengths.
    ///
    /// # Errors
    /// If one is negative, infinite or NaN.
    pub fn check(&self) -> Result<(), RegularizeError> {
        check_strength("ElasticNet", "l1", self.l1)?;
        check_strength("ElasticNet", "l2", self.l2)
    }
}

impl<F: Float> Penalty<F> for ElasticNet {
    fn value(&self, w: &[F], _shape: &[usize]) -> f64 {
        self.l1 * sum_of_absolutes(w) + self.l2 * sum_of_squares(w)
    }

    fn add_gradient(&self, w: &[F], _shape: &[usize], scale: f64, g: &mut [F]) {
        let (one, two) = (F::from_f64(self.l1 * scale), F::from_f64(2.0 * (self.l2 * scale)));
        kernel::update(
            g,
            w,
            #[inline(always)]
            |g, w| g + (signed(w, one) + two * w),
        );
    }

    fn prox(&self, w: &mut [F], _shape: &[usize], step: f64) {
        let (threshold, shrinkage) = (F::from_f64(self.l1 * step), F::from_f64(1.0 / (1.0 + 2.0 * (self.l2 * step))));
        apply(
            w,
            #[inline(always)]
            |w| soft_threshold(w, threshold) * shrinkage,
        );
    }

    fn check(&self) -> Result<(), RegularizeError> {
        ElasticNet::check(self)?;
        ElasticNet::check(&ElasticNet::new(rounded::<F>(self.l1), rounded::<F>(self.l2)))
    }
}
