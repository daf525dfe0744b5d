//! The sum of powers.

use evenkeel_tensor::{Float, kernel};

use super::{L1, L2, Penalty, check_strength, rounded};
use crate::RegularizeError;
use crate::elementwise::{apply, sum_of_magnitudes};

/// Bridge regression: `p(w) = lambda sum |w|^p`, p >= 1. p = 1 is [`L1`](crate::L1) and p = 2 is [`L2`](crate::L2), to the bit;
/// below 1 it would not be convex, and is refused.
///
/// Gradient: `lambda p |w|^(p-1) sign(w)`, 0 at 0.
///
/// Proximal step of size t: each magnitude v becomes the x in \[0, v\] with `x + lambda t p x^(p-1) = v`. It has no closed form for
/// most p; Newton's method finds it to the precision of `f64`. Only p = 1 makes weights exactly 0.
///
/// # Source
/// Frank & Friedman, *A Statistical View of Some Chemometrics Regression Tools*, 1993; Parikh & Boyd, *Proximal Algorithms*, 2014.
///
/// ```
/// use evenkeel_regularize::{Lp, PenaltyExt};
///
/// let cubic = Lp::new(0.5, 3.0);
/// let mut w = [-2.0, 0.0, 1.0];
/// assert_eq!(cubic.value_of(&w), 4.5);
/// cubic.prox_of(&mut w, 1.0);                        // x + 1.5 x² = v
/// assert!((w[0] + (13f64.sqrt() - 1.0) / 3.0).abs() < 1e-15);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Lp {
    /// The strength.
    pub lambda: f64,
    /// The power, at least 1.
    pub p: f64,
}

impl Lp {
    /// Of strength `lambda`, finite and not negative, and power `p`, finite and at least 1.
    pub const fn new(lambda: f64, p: f64) -> Self {
        Self { lambda, p }
    }

    /// Checks strength and power.
    ///
    /// # Errors
    /// If the strength is negative, or the power below 1, or one of them infinite or NaN.
    pub fn check(&self) -> Result<(), RegularizeError> {
        check_strength("Lp", "lambda", self.lambda)?;
        let fits = self.p.is_finite() && self.p >= 1.0;
        RegularizeError::check(fits, "Lp", "p", "finite and at least 1", self.p, "1 is L1, 2 is L2")
    }
}

impl<F: Float> Penalty<F> for Lp {
    fn value(&self, w: &[F], shape: &[usize]) -> f64 {
        match self.p {
            1.0 => L1::new(self.lambda).value(w, shape),
            2.0 => L2::new(self.lambda).value(w, shape),
            p => {
                let power = F::from_f64(p);
                self.lambda
                    * sum_of_magnitudes(
                        w,
                        #[inline(always)]
                        |w| w.powf(power),
                        |w| w.powf(p),
                    )
            }
        }
    }

    fn add_gradient(&self, w: &[F], shape: &[usize], scale: f64, g: &mut [F]) {
        match self.p {
            1.0 => L1::new(self.lambda).add_gradient(w, shape, scale, g),
            2.0 => L2::new(self.lambda).add_gradient(w, shape, scale, g),
            p => {
                let (c, power) = (F::from_f64(self.lambda * p * scale), F::from_f64(p - 1.0));
                kernel::update(
                    g,
                    w,
                    #[inline(always)]
                    |g, w| g + c * w.abs().powf(power).copysign(w),
                );
            }
        }
    }

    fn prox(&self, w: &mut [F], shape: &[usize], step: f64) {
        match self.p {
            1.0 => L1::new(self.lambda).prox(w, shape, step),
            2.0 => L2::new(self.lambda).prox(w, shape, step),
            p => {
                let c = self.lambda * step * p;
                apply(w, |w| F::from_f64(shrink(w.to_f64().abs(), c, p)).copysign(w));
            }
        }
    }

    fn check(&self) -> Result<(), RegularizeError> {
        Lp::check(self)?;
        Lp::check(&Lp::new(rounded::<F>(self.lambda), rounded::<F>(self.p)))
    }
}

/// The x in \[0, v\] with x + c x^(p-1) = v.
fn shrink(v: f64, c: f64, p: f64) -> f64 {
    if v == 0.0 || c == 0.0 || !v.is_finite() {
        return v;
    }
    let s = p - 1.0;
    if s >= 1.0 {
        return root(v, s, (v / c).powf(1.0 / s), |x| c * x.powf(s));
    }
    // Below p = 2 the power is steep at 0, where Newton's method fails; so solve for the other term, y = c x^(p-1), of which x
    // is a power above 1.
    let y = root(v, 1.0 / s, c * v.powf(s), |y| (y / c).powf(1.0 / s));
    // The difference loses digits where it is small, the power where it is large.
    if y > 0.5 * v { (y / c).powf(1.0 / s) } else { v - y }
}

/// The z in \[0, v\] with z + t(z) = v, for t a multiple of the power s >= 1, and t(bound) = v.
///
/// The left side is convex and increasing, and the start is to the right of the root, so that Newton's steps go down to the root
/// and stop where rounding begins. Both terms are at most v at the start, so that a few steps are enough.
fn root(v: f64, s: f64, bound: f64, t: impl Fn(f64) -> f64) -> f64 {
    let mut z = v.min(bound);
    while z > 0.0 {
        let power = t(z);
        let next = z - (z + power - v) / (1.0 + s * power / z);
        // NaN, from settings out of range, must end the loop too.
        if next >= z || next.is_nan() {
            break;
        }
        z = next.max(0.0);
    }
    z
}
