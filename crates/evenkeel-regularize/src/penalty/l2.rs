//! The sum of squares.

use evenkeel_tensor::{Float, kernel};

use super::{Penalty, check_strength, rounded};
use crate::RegularizeError;
use crate::elementwise::{apply, sum_of_squares};

/// L2, ridge: `p(w) = lambda sum w²`. No factor 1/2: the lambda of frameworks that write `lambda/2 w²` is twice this one.
///
/// Gradient: `2 lambda w`. Proximal step of size t: `w / (1 + 2 lambda t)`.
///
/// For plain gradient descent at rate alpha it is the same as weight decay: with losses averaged over N examples
/// ([`Regularizer`](crate::Regularizer)) each step multiplies the weights by `1 - 2 alpha lambda / N` before the step along the
/// loss's gradient. For adaptive rules such as Adam it is not.
///
/// # Source
/// Hoerl & Kennard, *Ridge Regression*, 1970; Krogh & Hertz, *A Simple Weight Decay Can Improve Generalization*, 1991; the step:
/// Parikh & Boyd, *Proximal Algorithms*, 2014, section 2.2.
///
/// ```
/// use evenkeel_regularize::{L2, PenaltyExt};
///
/// let w = [3.0, -4.0];
/// assert_eq!(L2::new(0.5).value_of(&w), 12.5);
/// let mut g = [0.0; 2];
/// L2::new(0.5).add_gradient_of(&w, 1.0, &mut g);
/// assert_eq!(g, w);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct L2 {
    /// The strength.
    pub lambda: f64,
}

impl L2 {
    /// Of strength `lambda`, finite and not negative.
    pub const fn new(lambda: f64) -> Self {
        Self { lambda }
    }

    /// Checks the strength.
    ///
    /// # Errors
    /// If it is negative, infinite or NaN.
    pub fn check(&self) -> Result<(), RegularizeError> {
        check_strength("L2", "lambda", self.lambda)
    }
}

impl<F: Float> Penalty<F> for L2 {
    fn value(&self, w: &[F], _shape: &[usize]) -> f64 {
        self.lambda * sum_of_squares(w)
    }

    fn add_gradient(&self, w: &[F], _shape: &[usize], scale: f64, g: &mut [F]) {
        let c = F::from_f64(2.0 * (self.lambda * scale));
        kernel::update(
            g,
            w,
            #[inline(always)]
            |g, w| g + c * w,
        );
    }

    fn prox(&self, w: &mut [F], _shape: &[usize], step: f64) {
        let shrinkage = F::from_f64(1.0 / (1.0 + 2.0 * (self.lambda * step)));
        apply(
            w,
            #[inline(always)]
            |w| w * shrinkage,
        );
    }

    fn check(&self) -> Result<(), RegularizeError> {
        L2::check(self)?;
        L2::check(&L2::new(rounded::<F>(self.lambda)))
    }
}
