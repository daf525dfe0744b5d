//! A power seen from the middle of its column.

use evenkeel_tensor::Float;

use super::Family;

/// y = ±(e^(λ |l|) - 1) / λ of a logarithm l, up to an offset and a factor: those that make it 0 with slope 1 at l = `origin`.
///
/// Far from 0 powers are huge, or lie within rounding of their asymptote; and what is learnt from them would be lost with their
/// digits. Seen from among the values they are neither, and what standardises them afterwards does not see the difference.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub(super) struct Curve {
    pub(super) family: Family,
    pub(super) lambda: f64,
    /// 0 where a column has values of both signs.
    pub(super) origin: f64,
}

/// (e^(λ l) - 1) / λ; its limit l for λ = 0.
#[inline(always)]
fn power(l: f64, lambda: f64) -> f64 {
    if lambda == 0.0 { l } else { Float::exp_m1(lambda * l) / lambda }
}

/// ln(1 + λ y) / λ, the inverse of [`power`]; NaN where there is none.
#[inline(always)]
fn logarithm(y: f64, lambda: f64) -> f64 {
    if lambda == 0.0 { y } else { f64::ln_1p(lambda * y) / lambda }
}

impl Curve {
    /// The exponents of the branches: that of the origin, and the other.
    #[inline(always)]
    pub(super) fn exponents(&self) -> (f64, f64) {
        let mirror = 2.0 - self.lambda;
        if self.family.is_mirrored(self.origin) { (mirror, self.lambda) } else { (self.lambda, mirror) }
    }

    /// -1 where the origin is on the mirrored branch.
    #[inline(always)]
    fn sign(&self) -> f64 {
        if self.family.is_mirrored(self.origin) { -1.0 } else { 1.0 }
    }

    /// The curve at the logarithm `l`.
    #[inline(always)]
    pub(super) fn at(&self, l: f64) -> f64 {
        let ((own, other), sign) = (self.exponents(), self.sign());
        if self.family.is_mirrored(l) == self.family.is_mirrored(self.origin) {
            return sign * power(sign * (l - self.origin), own);
        }
        self.border() - sign * power(-sign * l, other) * self.factor()
    }

    /// The logarithm at which the curve is `y`.
    #[inline(always)]
    pub(super) fn inverse(&self, y: f64) -> f64 {
        let ((own, other), sign) = (self.exponents(), self.sign());
        let beyond = sign * (y - self.border());
        if self.family == Family::BoxCox || beyond >= 0.0 {
            let l = logarithm(sign * y, own);
            return self.origin + sign * l;
        }
        -sign * logarithm(-beyond / self.factor(), other)
    }

    /// The curve at l = 0, where Yeo-Johnson's branches meet.
    #[inline(always)]
    pub(super) fn border(&self) -> f64 {
        let (own, _) = self.exponents();
        self.sign() * power(-self.origin * self.sign(), own)
    }

    /// What the power is multiplied by: one over its slope at the origin.
    #[inline(always)]
    pub(super) fn factor(&self) -> f64 {
        let (own, _) = self.exponents();
        (-own * self.origin * self.sign()).exp()
    }
}
