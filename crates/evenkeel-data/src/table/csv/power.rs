//! Decimal numbers as the nearest `f64`.
//!
//! As in Lemire, *Number parsing at a gigabyte per second*, 2021, <https://arxiv.org/abs/2101.11408>: by a table of powers of five of 128 bits.
//! Here it is of those powers alone for which no case is left open.

/// The largest power of ten that is looked up, either way: 5^27 < 2^64.
pub(super) const LIMIT: i64 = 27;
const _: () = assert!(5u64.checked_pow(LIMIT as u32).is_some());

/// 5^q from 5^-27 on, times the power of two that brings it to 128 bits, rounded up: the upper half, the lower, and the exponent in the
/// bits of w 10^q for w from 2^63 on where the product of w and the power is one of 191 bits, less one.
/// Zeros fill it up to a power of two.
static POWERS: [[u64; 3]; 64] = {
    let mut powers = [[0; 3]; 64];
    let mut n = 0;
    while n <= LIMIT {
        let power = 5u64.pow(n as u32);
        // The binary logarithms of 10^n and 10^-n, rounded down.
        let log = power.ilog2() as u64 + n as u64;
        powers[(LIMIT + n) as usize] = [power << power.leading_zeros(), 0, (1085 + log) << 52];
        if n > 0 {
            // Long division of the next power of two, bit by bit. It never comes out even.
            let (power, mut quotient) = (power as u128, 1);
            let mut rest = power.next_power_of_two() - power;
            while quotient >> 127 == 0 {
                rest *= 2;
                let fits = rest >= power;
                quotient = 2 * quotient + fits as u128;
                rest -= if fits { power } else { 0 };
            }
            quotient += 1;
            powers[(LIMIT - n) as usize] = [(quotient >> 64) as u64, quotient as u64, (1084 - log) << 52];
        }
        n += 1;
    }
    powers
};

/// Numbers w 10^q, and what becomes of them in three steps: [`normalize`](Self::normalize), [`multiply`](Self::multiply),
/// [`round`](Self::round).
///
/// The product p of w, brought to 64 bits, and the power is w 5^q times a power of two, and up to 2^64 too large, since the power is up to 1
/// too large. That is never in doubt: halfway cases b are multiples of 2^128, and so w 5^q 2^s (s > 127), if it is not b, is at least
/// 2^127 / 5^27 > 2^64 away from it. It is b exactly if p lies in b to b + 2^64, and otherwise on the side of b on which p is.
pub(super) struct Scaled<const N: usize> {
    pub(super) w: [u64; N],
    /// At most [`LIMIT`] either way; of others any number is made.
    pub(super) q: [i64; N],
    /// Bits that are set besides: a sign's, or all of them, which is a NaN.
    pub(super) marks: [u64; N],
    /// The nearest `f64`, the even one of two.
    pub(super) numbers: [f64; N],
    zeros: [u64; N],
    full: [u64; N],
    exponents: [u64; N],
    /// The products without their lowest 64 bits.
    p: [u64; N],
    below: [u64; N],
}

impl<const N: usize> Scaled<N> {
    pub(super) const fn new() -> Self {
        let x = [0; N];
        Self { w: x, q: [0; N], marks: x, numbers: [0.0; N], zeros: x, full: x, exponents: x, p: x, below: x }
    }

    /// Brings each w to 64 bits. Compilers make vector instructions of it.
    #[inline(always)]
    pub(super) fn normalize(&mut self) {
        let Self { w, zeros, full, .. } = self;
        for n in 0..N {
            zeros[n] = u64::from(w[n].leading_zeros());
            full[n] = w[n] << (zeros[n] % 64);
        }
    }

    /// Multiplies with the powers. There are no vector instructions for such products: to make vectors of what surrounds them, as compilers
    /// would for some processors, is slower.
    pub(super) fn multiply(&mut self) {
        let Self { q, full, exponents, p, below, .. } = self;
        for n in 0..N {
            let [upper, lower, exponent] = POWERS[(q[n] + LIMIT) as usize % 64];
            let product = u128::from(full[n]) * u128::from(upper) + ((u128::from(full[n]) * u128::from(lower)) >> 64);
            (p[n], below[n], exponents[n]) = ((product >> 64) as u64, product as u64, exponent);
        }
    }

    /// Rounds the products. Compilers make vector instructions of it. The largest absolute value; NaN, if there is one.
    #[inline(always)]
    pub(super) fn round(&mut self) -> f64 {
        let Self { w, marks, numbers, zeros, exponents, p, below, .. } = self;
        let mut largest = 0;
        for n in 0..N {
            // 53 bits and one more.
            let carry = p[n] >> 63;
            let doubled = p[n] >> (9 + carry);
            let halfway = (below[n] == 0) & (doubled << (9 + carry) == p[n]) & (doubled & 3 == 1);
            let mantissa = (doubled + u64::from(!halfway)) >> 1;
            // The upper bit of the mantissa adds one to the exponent, or two if it was rounded up to the next power of two.
            let scaled = exponents[n].wrapping_add((carry.wrapping_sub(zeros[n])) << 52).wrapping_add(mantissa);
            let bits = if w[n] == 0 { 0 } else { scaled } | marks[n];
            largest = largest.max(bits << 1 >> 1);
            numbers[n] = f64::from_bits(bits);
        }
        f64::from_bits(largest)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Scales and compares with the standard library.
    fn check(w: u64, q: i64) {
        let expected: f64 = format!("{w}e{q}").parse().unwrap();
        let mut scaled = Scaled { w: [w], q: [q], ..Scaled::new() };
        scaled.normalize();
        scaled.multiply();
        assert_eq!(scaled.round(), expected);
        assert_eq!(scaled.numbers[0].to_bits(), expected.to_bits(), "{w}e{q}");
    }

    #[test]
    fn halfway_cases_and_their_neighbours_are_rounded() {
        for q in -4..=23i64 {
            // m 2^k = w 10^q is halfway between two f64 if m is odd and of 54 bits.
            let power = 5u128.pow(q.unsigned_abs() as u32);
            let (least, most) = ((1u128 << 53).div_ceil(power), (1u128 << 54) / power);
            let (least, most) = if q < 0 { (1 << 53, 1 << 54) } else { (least, most) };
            let step = ((most - least) / 999).max(1);
            for m in (0..1000).map(|i| least + i * step).take_while(|&m| m <= most) {
                let w = if q < 0 { (m | 1) * power } else { m | 1 };
                for w in [w - 1, w, w + 1] {
                    check(u64::try_from(w).unwrap(), q);
                }
            }
        }
    }

    #[test]
    fn edges_are_rounded() {
        for q in -LIMIT..=LIMIT {
            for bits in 0..64 {
                (0..200).for_each(|i| check((1u64 << bits).wrapping_sub(100).wrapping_add(i), q));
            }
            (0..20).for_each(|n| check(10u64.pow(n), q));
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(100_000))]

        #[test]
        fn products_are_rounded_as_by_the_standard_library(w: u64, bits in 0u32..64, q in -LIMIT..=LIMIT) {
            check(w >> bits, q);
        }
    }
}
