//! From random words to numbers of a law, in branch-free arithmetic that vectorises and gives the same
//! bits on every processor (no fused multiply-add, no library logarithm or sine).

use crate::kernel;

use super::chacha::BATCH;

/// The polynomial with the coefficients `$c`, highest power first, at `$x`.
macro_rules! horner {
    ($x:expr, [$first:expr $(, $c:expr)* $(,)?]) => {{
        let sum = $first;
        $( let sum = sum * $x + $c; )*
        sum
    }};
}

/// Odd multiples of 2^-24 in (-1, 1), all equally likely, hence symmetric about 0 and never 0.
#[inline(always)]
fn signed_unit_f32(word: u32) -> f32 {
    const STEP: f32 = 1.0 / (1 << 23) as f32;
    ((word as i32 >> 8) as f32 + 0.5) * STEP
}

/// Odd multiples of 2^-52 in (-1, 1), all equally likely, hence symmetric about 0 and never 0.
#[inline(always)]
fn signed_unit_f64(word: u64) -> f64 {
    // 52 random bits as the mantissa of a number in [1, 2): unlike a conversion from i64, it vectorises everywhere.
    let unit = f64::from_bits(1f64.to_bits() | (word >> 12));
    (unit - 1.5) * 2.0 + f64::EPSILON
}

/// Equally spaced values in (0, 1], from 2^-32.
#[inline(always)]
fn positive_unit_f32(word: u32) -> f32 {
    const STEP: f32 = 1.0 / (1u32 << 31) as f32;
    (word >> 1) as i32 as f32 * STEP + 0.5 * STEP
}

/// Equally spaced values in (0, 1], from 2^-52.
#[inline(always)]
fn positive_unit_f64(word: u64) -> f64 {
    2.0 - f64::from_bits(1f64.to_bits() | (word >> 12))
}

/// A batch's words, taken singly or in pairs.
#[inline(always)]
fn word_u32(words: &[u32; BATCH], i: usize) -> u32 {
    words[i]
}

#[inline(always)]
fn word_u64(words: &[u32; BATCH], i: usize) -> u64 {
    u64::from(words[i]) | u64::from(words[i + BATCH / 2]) << 32
}

/// Defines, for one float:
/// - `$uniform`: a batch of uniform numbers;
/// - `$normal`: a batch of Gaussian ones;
/// - `$pair(a, b)`: two independent standard normal numbers from two random words (Box & Muller 1958).
///
/// With u uniform in (0, 1] and t uniform in the first quadrant, sqrt(-2 ln u) (cos t, sin t) with two
/// random signs is a pair of independent standard normal numbers. t is taken as p + pi/4 with
/// |p| < pi/4, where short Taylor sums reach full precision; then (cos t, sin t) = (cos p - sin p,
/// cos p + sin p) / sqrt 2, and the root cancels with the radius'.
macro_rules! laws {
    ($uniform:ident, $normal:ident, $pair:ident, $ln:ident, $f:ident, $word:ident, $words:ident, $signed:ident,
     $per_batch:expr, $mantissa:literal, $positive_unit:ident, $signed_unit:ident,
     ln: $lns:tt, sin: $sins:tt, cos: $coss:tt) => {
        pub(super) fn $uniform(words: &[u32; BATCH], low: $f, high: $f, out: &mut [$f; $per_batch]) {
            let (middle, half) = (0.5 * low + 0.5 * high, 0.5 * high - 0.5 * low);
            kernel::simd(
                #[inline(always)]
                || {
                    for i in 0..$per_batch {
                        let x = middle + half * $signed_unit($words(words, i));
                        let x = if x < low { low } else { x };
                        out[i] = if x > high { high } else { x };
                    }
                },
            );
        }

        pub(super) fn $normal(words: &[u32; BATCH], mean: $f, std: $f, out: &mut [$f; $per_batch]) {
            const HALF: usize = $per_batch / 2;
            let (first, second) = out.split_at_mut(HALF);
            kernel::simd(
                #[inline(always)]
                || {
                    for i in 0..HALF {
                        let (a, b) = $pair($words(words, i), $words(words, i + HALF));
                        first[i] = mean + std * a;
                        second[i] = mean + std * b;
                    }
                },
            );
        }

        #[inline(always)]
        fn $pair(a: $word, b: $word) -> ($f, $f) {
            const SIGN: $word = 1 << ($word::BITS - 1);
            let radius = (-$ln($positive_unit(a))).sqrt();
            let p = std::$f::consts::FRAC_PI_4 * $signed_unit(b);
            let p2 = p * p;
            let sin = p * horner!(p2, $sins);
            let cos = horner!(p2, $coss);
            // The angle uses the word's upper bits; its lowest two are the signs.
            let first = (radius * (cos - sin)).to_bits() ^ ((b << ($word::BITS - 1)) & SIGN);
            let second = (radius * (cos + sin)).to_bits() ^ ((b << ($word::BITS - 2)) & SIGN);
            ($f::from_bits(first), $f::from_bits(second))
        }

        /// The natural logarithm of a positive normal number.
        #[inline(always)]
        pub(super) fn $ln(x: $f) -> $f {
            // x = 2^e m with m in [sqrt(1/2), sqrt(2)); ln m = 2 artanh s = 2 (s + s^3/3 + s^5/5 + ...), |s| < 0.172.
            let e = x.to_bits().wrapping_sub(std::$f::consts::FRAC_1_SQRT_2.to_bits()) as $signed >> $mantissa;
            let m = $f::from_bits(x.to_bits().wrapping_sub((e << $mantissa) as $word));
            let s = (m - 1.0) / (m + 1.0);
            e as i32 as $f * std::$f::consts::LN_2 + 2.0 * s * horner!(s * s, $lns)
        }
    };
}

// Each sum stops where its next term is below half a unit in the last place.
laws!(
    uniform_f32, normal_f32, pair_f32, ln_f32, f32, u32, word_u32, i32, BATCH, 23, positive_unit_f32, signed_unit_f32,
    ln: [1.0 / 9.0, 1.0 / 7.0, 1.0 / 5.0, 1.0 / 3.0, 1.0],
    sin: [1.0 / 362_880.0, -1.0 / 5040.0, 1.0 / 120.0, -1.0 / 6.0, 1.0],
    cos: [1.0 / 40_320.0, -1.0 / 720.0, 1.0 / 24.0, -0.5, 1.0]
);
laws!(
    uniform_f64, normal_f64, pair_f64, ln_f64, f64, u64, word_u64, i64, BATCH / 2, 52, positive_unit_f64, signed_unit_f64,
    ln: [
        1.0 / 19.0, 1.0 / 17.0, 1.0 / 15.0, 1.0 / 13.0, 1.0 / 11.0, 1.0 / 9.0, 1.0 / 7.0, 1.0 / 5.0, 1.0 / 3.0, 1.0
    ],
    sin: [
        1.0 / 355_687_428_096_000.0, -1.0 / 1_307_674_368_000.0, 1.0 / 6_227_020_800.0, -1.0 / 39_916_800.0,
        1.0 / 362_880.0, -1.0 / 5040.0, 1.0 / 120.0, -1.0 / 6.0, 1.0
    ],
    cos: [
        1.0 / 20_922_789_888_000.0, -1.0 / 87_178_291_200.0, 1.0 / 479_001_600.0, -1.0 / 3_628_800.0,
        1.0 / 40_320.0, -1.0 / 720.0, 1.0 / 24.0, -0.5, 1.0
    ]
);

#[cfg(test)]
mod tests {
    use super::super::chacha::{Key, fill_words};
    use super::*;
    use crate::Seed;
    use proptest::prelude::*;

    #[test]
    fn extremes_stay_inside() {
        assert_eq!(signed_unit_f32(0x8000_0000), -(1.0 - f32::EPSILON / 2.0));
        assert_eq!(signed_unit_f32(0x7fff_ffff), 1.0 - f32::EPSILON / 2.0);
        assert_eq!(signed_unit_f64(0), -(1.0 - f64::EPSILON));
        assert_eq!(signed_unit_f64(u64::MAX), 1.0 - f64::EPSILON);
        assert_eq!((positive_unit_f32(0), positive_unit_f32(u32::MAX)), (1.0 / 4_294_967_296.0, 1.0));
        assert_eq!((positive_unit_f64(u64::MAX), positive_unit_f64(0)), (f64::EPSILON, 1.0));
        // The farthest that a normal number can lie out: sqrt(64 ln 2) and sqrt(104 ln 2).
        assert!((pair_f32(0, 0x8000_0000).0 - 6.660).abs() < 1e-3);
        assert!((pair_f64(u64::MAX, 0).0 - 8.490).abs() < 1e-3);
        assert_eq!(pair_f64(0, 12345).0.abs(), 0.0);
    }

    /// Here `$pair` is compiled for the least processor, there for this one.
    #[test]
    fn the_instruction_set_does_not_show() {
        let mut words = [0; BATCH];
        fill_words(Key::new(Seed(7)), 0, &mut words);
        let (mut single, mut double) = ([0.0; BATCH], [0.0; BATCH / 2]);
        normal_f32(&words, 0.5, 2.0, &mut single);
        normal_f64(&words, 0.5, 2.0, &mut double);
        for i in 0..BATCH / 2 {
            let (a, b) = pair_f32(words[i], words[i + BATCH / 2]);
            assert_eq!((single[i], single[i + BATCH / 2]), (0.5 + 2.0 * a, 0.5 + 2.0 * b));
        }
        for i in 0..BATCH / 4 {
            let (a, b) = pair_f64(word_u64(&words, i), word_u64(&words, i + BATCH / 4));
            assert_eq!((double[i], double[i + BATCH / 4]), (0.5 + 2.0 * a, 0.5 + 2.0 * b));
        }
    }

    proptest! {
        /// Against the formula with the library's logarithm, sine and cosine, in f64.
        #[test]
        fn box_muller(a: u64, b: u64) {
            let reference = |u: f64, p: f64, plus: bool, minus: bool| {
                let radius = (-2.0 * u.ln()).sqrt();
                let t = std::f64::consts::FRAC_PI_4 * (p + 1.0);
                let sign = |negative| if negative { -1.0 } else { 1.0 };
                (sign(plus) * radius * t.cos(), sign(minus) * radius * t.sin())
            };
            let (x, y) = reference(positive_unit_f64(a), signed_unit_f64(b), b & 1 == 1, b & 2 == 2);
            let (z, w) = pair_f64(a, b);
            // Radius at most 8.5; a few roundings.
            prop_assert!((z - x).abs() <= 16.0 * f64::EPSILON && (w - y).abs() <= 16.0 * f64::EPSILON);

            let (a, b) = (a as u32, b as u32);
            let u = f64::from(positive_unit_f32(a));
            let (x, y) = reference(u, f64::from(signed_unit_f32(b)), b & 1 == 1, b & 2 == 2);
            let (z, w) = pair_f32(a, b);
            let bound = 16.0 * f64::from(f32::EPSILON);
            prop_assert!((f64::from(z) - x).abs() <= bound && (f64::from(w) - y).abs() <= bound);
        }
    }
}
