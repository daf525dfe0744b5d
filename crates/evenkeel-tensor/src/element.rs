//! What a tensor may hold, and the two floats that arithmetic is written for.

use std::fmt::{Debug, Display};
use std::iter::Sum;
use std::ops::{Add, AddAssign, Div, DivAssign, Mul, MulAssign, Neg, Sub, SubAssign};

mod private {
    pub trait Sealed {
        /// The same number as `f64` if this is a float: what `Display` needs to choose between notations.
        fn float(self) -> Option<f64>;
    }
}

/// A value that a [`Tensor`](crate::Tensor) can hold: floats, class indices, raw bytes.
pub trait Element:
    private::Sealed + Copy + Default + PartialEq + PartialOrd + Debug + Display + Send + Sync + 'static
{
}

macro_rules! element {
    ($float:expr; $($t:ty),*) => {$(
        impl private::Sealed for $t {
            fn float(self) -> Option<f64> {
                let float: fn($t) -> Option<f64> = $float;
                float(self)
            }
        }
        impl Element for $t {}
    )*};
}
element!(|x| Some(x.to_f64()); f32, f64);
element!(|_| None; u8, u32, usize, i64);

/// `f32` or `f64`.
///
/// Everything numerical in evenkeel is generic over this sealed trait, so that laws and gradient
/// checks run in `f64` on the very code that trains in `f32`.
pub trait Float:
    Element
    + crate::kernel::matmul::Gemm
    + Neg<Output = Self>
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Div<Output = Self>
    + AddAssign
    + SubAssign
    + MulAssign
    + DivAssign
    + Sum
{
    /// 0
    const ZERO: Self;
    /// 1
    const ONE: Self;
    /// The distance from 1 to the next larger value.
    const EPSILON: Self;
    /// Not a number.
    const NAN: Self;
    /// Positive infinity.
    const INFINITY: Self;
    /// "f32" or "f64".
    const NAME: &'static str;

    /// The nearest value to `x`.
    fn from_f64(x: f64) -> Self;
    /// The same value as `f64`.
    fn to_f64(self) -> f64;
    /// The nearest value to the count `n`.
    #[inline(always)]
    fn from_usize(n: usize) -> Self {
        Self::from_f64(n as f64)
    }
    /// |x|
    fn abs(self) -> Self;
    /// Square root.
    fn sqrt(self) -> Self;
    /// `self` to the power `n`, as the standard library computes it.
    fn powf(self, n: Self) -> Self;
    /// Natural logarithm, as the standard library computes it.
    fn ln(self) -> Self;
    /// ln(1 + x) without cancellation near 0, as the standard library computes it.
    fn ln_1p(self) -> Self;
    /// e^x in branch-free arithmetic that vectorises and gives the same bits on every processor with fused
    /// multiply-add; within 2 units in the last place. A result below the smallest normal number is 0.
    fn exp(self) -> Self;
    /// e^x - 1 without cancellation near 0; same arithmetic as [`exp`](Float::exp).
    fn exp_m1(self) -> Self;
    /// Hyperbolic tangent; same arithmetic as [`exp`](Float::exp).
    #[inline(always)]
    fn tanh(self) -> Self {
        // tanh|x| = (e^2|x| - 1) / (e^2|x| + 1); beyond 20 it is 1 to the last bit of f64.
        let two = Self::ONE + Self::ONE;
        let magnitude = self.abs();
        let limit = Self::from_f64(20.0);
        let clamped = if magnitude > limit { limit } else { magnitude };
        let e = (two * clamped).exp_m1();
        (e / (e + two)).copysign(self)
    }
    /// 1 / (1 + e^-x)
    #[inline(always)]
    fn sigmoid(self) -> Self {
        Self::ONE / (Self::ONE + (-self).exp())
    }
    /// 1 - erf(x), the complementary error function, accurate also where it is small: within 6 units in the last place; same
    /// arithmetic as [`exp`](Float::exp).
    fn erfc(self) -> Self;
    /// The magnitude of `self` with the sign of `sign`.
    fn copysign(self, sign: Self) -> Self;
    /// Whether the value is neither infinite nor NaN.
    fn is_finite(self) -> bool;
    /// Whether the value is NaN.
    fn is_nan(self) -> bool;
    /// The larger value; the other one if one is NaN.
    fn max(self, other: Self) -> Self;
    /// The smaller value; the other one if one is NaN.
    fn min(self, other: Self) -> Self;
    /// The bits, widened: equality of bits is stricter than equality of numbers.
    fn to_bits_u64(self) -> u64;
}

/// a b + c: rounded once where processors have the instruction, so that it is fast there and the bits are the same on all of
/// them; elsewhere (WebAssembly) rounded twice, since fusing in software takes a hundred times as long.
macro_rules! fused {
    ($a:expr, $b:expr, $c:expr) => {
        if cfg!(any(target_arch = "x86_64", target_arch = "aarch64")) { $a.mul_add($b, $c) } else { $a * $b + $c }
    };
}
pub(crate) use fused;

/// Defines `$name(x) -> (p, n)` with e^x = (1 + p) 2^n: x = n ln 2 + r with |r| <= ln(2)/2 and p = e^r - 1; n as the bits of an
/// integer. Beyond `$low` and `$high` x counts as those.
macro_rules! exp_parts {
    ($name:ident, $f:ident, $u:ident, $mantissa:expr, $low:expr, $high:expr, $ln2_hi:expr, $ln2_lo:expr, [$($c:expr),*]) => {
        #[inline(always)]
        #[allow(clippy::excessive_precision)]
        fn $name(x: $f) -> ($f, $u) {
            // Plain comparisons instead of clamp, so that NaN passes through.
            let x = if x > $high { $high } else { x };
            let x = if x < $low { $low } else { x };
            // Adding 1.5 * 2^mantissa rounds to the nearest integer and leaves it in the low bits.
            const MAGIC: $f = 1.5 * (1u64 << $mantissa) as $f;
            let shifted = fused!(x, std::$f::consts::LOG2_E, MAGIC);
            let n = shifted - MAGIC;
            let r = fused!(-n, $ln2_lo, fused!(-n, $ln2_hi, x));
            // Horner on the sum of r^k / k!, without its leading 1.
            let mut p: $f = 0.0;
            $( p = fused!(p, r, $c); )*
            (p * r, shifted.to_bits().wrapping_sub(MAGIC.to_bits()))
        }
    };
}

// The bounds are the logarithms of the smallest normal and of the largest number. ln 2 is split so that n times its high part
// is exact.
exp_parts!(
    exp_parts_f32,
    f32,
    u32,
    23,
    -87.336_54,
    88.722_83,
    0.693_359_375,
    -2.121_944_4e-4,
    [1.0 / 5040.0, 1.0 / 720.0, 1.0 / 120.0, 1.0 / 24.0, 1.0 / 6.0, 0.5, 1.0]
);
exp_parts!(
    exp_parts_f64,
    f64,
    u64,
    52,
    -708.396_418_532_264_1,
    709.782_712_893_384,
    0.693_147_180_369_123_816_490,
    1.908_214_929_270_587_700_02e-10,
    [
        1.0 / 6_227_020_800.0,
        1.0 / 479_001_600.0,
        1.0 / 39_916_800.0,
        1.0 / 3_628_800.0,
        1.0 / 362_880.0,
        1.0 / 40_320.0,
        1.0 / 5040.0,
        1.0 / 720.0,
        1.0 / 120.0,
        1.0 / 24.0,
        1.0 / 6.0,
        0.5,
        1.0
    ]
);

macro_rules! float {
    ($f:ident, $exp_parts:ident, $erfc:path, $mantissa:expr, $bias:expr, $low:expr, $high:expr) => {
        impl Float for $f {
            const ZERO: Self = 0.0;
            const ONE: Self = 1.0;
            const EPSILON: Self = $f::EPSILON;
            const NAN: Self = $f::NAN;
            const INFINITY: Self = $f::INFINITY;
            const NAME: &'static str = stringify!($f);

            #[inline(always)]
            fn from_f64(x: f64) -> Self {
                x as $f
            }
            #[inline(always)]
            fn to_f64(self) -> f64 {
                self as f64
            }
            #[inline(always)]
            fn abs(self) -> Self {
                self.abs()
            }
            #[inline(always)]
            fn sqrt(self) -> Self {
                self.sqrt()
            }
            #[inline(always)]
            fn powf(self, n: Self) -> Self {
                self.powf(n)
            }
            #[inline(always)]
            fn ln(self) -> Self {
                self.ln()
            }
            #[inline(always)]
            fn ln_1p(self) -> Self {
                self.ln_1p()
            }
            #[inline(always)]
            fn exp(self) -> Self {
                let (p, n) = $exp_parts(self);
                // Adding n to the exponent multiplies by 2^n: within the bounds the result is normal.
                let y = $f::from_bits((p + 1.0).to_bits().wrapping_add(n << $mantissa));
                let y = if self > $high { $f::INFINITY } else { y };
                let y = if self < $low { 0.0 } else { y };
                if self.is_nan() { self } else { y }
            }
            #[inline(always)]
            fn exp_m1(self) -> Self {
                // From here on 1 is less than half a unit in the last place of e^x.
                const LARGE: $f = 40.0;
                let (p, n) = $exp_parts(if self > LARGE { LARGE } else { self });
                let scale = $f::from_bits(n.wrapping_add($bias) << $mantissa);
                let y = fused!(p, scale, scale - 1.0);
                if self > LARGE { Float::exp(self) } else { y }
            }
            #[inline(always)]
            fn erfc(self) -> Self {
                $erfc(self)
            }
            #[inline(always)]
            fn copysign(self, sign: Self) -> Self {
                self.copysign(sign)
            }
            #[inline(always)]
            fn is_finite(self) -> bool {
                self.is_finite()
            }
            #[inline(always)]
            fn is_nan(self) -> bool {
                self.is_nan()
            }
            #[inline(always)]
            fn max(self, other: Self) -> Self {
                self.max(other)
            }
            #[inline(always)]
            fn min(self, other: Self) -> Self {
                self.min(other)
            }
            #[inline(always)]
            fn to_bits_u64(self) -> u64 {
                self.to_bits() as u64
            }
        }
    };
}

float!(f32, exp_parts_f32, crate::erfc::erfc_f32, 23, 127, -87.336_54, 88.722_83);
float!(f64, exp_parts_f64, crate::erfc::erfc_f64, 52, 1023, -708.396_418_532_264_1, 709.782_712_893_384);

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Distance in units in the last place of the reference.
    fn ulps32(got: f32, reference: f64) -> f64 {
        let spacing =
            f64::from(f32::from_bits((reference as f32).abs().to_bits() + 1)) - f64::from((reference as f32).abs());
        (f64::from(got) - reference).abs() / spacing
    }

    proptest! {
        #[test]
        fn exp_f32_is_within_two_ulps(x in -87.3f32..88.72) {
            prop_assert!(ulps32(Float::exp(x), f64::from(x).exp()) <= 2.0);
        }

        #[test]
        fn exp_f64_agrees_with_the_library(x in -700.0f64..709.0) {
            let reference = x.exp();
            prop_assert!((Float::exp(x) - reference).abs() <= 4.0 * f64::EPSILON * reference);
        }

        #[test]
        fn exp_m1_keeps_its_relative_accuracy_near_zero(x in -1.0f64..1.0, scale in 0i32..300) {
            let x = x * 2f64.powi(-scale);
            prop_assert!((Float::exp_m1(x) - x.exp_m1()).abs() <= 4.0 * f64::EPSILON * x.exp_m1().abs());
        }

        #[test]
        fn tanh_agrees_with_the_library(x in -30.0f64..30.0, y in -10.0f32..10.0) {
            prop_assert!((Float::tanh(x) - x.tanh()).abs() <= 4.0 * f64::EPSILON * x.tanh().abs());
            prop_assert!(ulps32(Float::tanh(y), f64::from(y).tanh()) <= 4.0);
        }

        #[test]
        fn sigmoid_is_symmetric(x in -40.0f64..40.0) {
            prop_assert!((Float::sigmoid(x) + Float::sigmoid(-x) - 1.0).abs() <= 4.0 * f64::EPSILON);
        }
    }

    #[test]
    fn limits() {
        for (x, y) in
            [(f32::INFINITY, f32::INFINITY), (f32::NEG_INFINITY, 0.0), (0.0, 1.0), (1e30, f32::INFINITY), (-1e30, 0.0)]
        {
            assert_eq!(Float::exp(x), y, "exp({x})");
            assert_eq!(Float::exp(f64::from(x)), f64::from(y), "exp({x})");
        }
        assert!(Float::exp(f32::NAN).is_nan() && Float::exp(f64::NAN).is_nan());
        assert!(Float::tanh(f32::NAN).is_nan() && Float::sigmoid(f64::NAN).is_nan());
        assert_eq!(Float::tanh(f32::INFINITY), 1.0);
        assert_eq!(Float::tanh(f64::NEG_INFINITY), -1.0);
        assert_eq!(Float::exp_m1(f64::NEG_INFINITY), -1.0);
        // Subnormal results are 0, on both sides of which lie the smallest normal number and nothing.
        assert_eq!(Float::exp(-88.0f32), 0.0);
        assert!(Float::exp(-87.33f32) >= f32::MIN_POSITIVE && Float::exp(88.72f32).is_finite());
        assert!(Float::exp(-708.39f64) >= f64::MIN_POSITIVE && Float::exp(709.78f64).is_finite());
        assert_eq!(Float::exp_m1(1e3f32), f32::INFINITY);
    }
}
