//! Decisions that are true with a given probability, many to a random word.

use std::ops::Range;

use super::Seed;
use super::chacha::{BATCH, Key};
use crate::{kernel, parallel};

/// Independent decisions, each true with the same probability: what masks are made of.
///
/// Decision `i` depends on the seed, the probability and `i` alone. Decisions come as bits, in blocks of
/// [`Bernoulli::BLOCK`]: decision `i` of a block is bit `i % 32` of word `i / 32`.
///
/// A number U, uniform in [0, 1), is compared with the probability bit by bit from the top, 32 comparisons to a word: true where
/// U is less. That takes as many random bits a decision as the probability has binary digits (one for 1/2, two for 1/4), but at
/// most 8, for then 255 of 256 comparisons are decided; the others go on with 64 further bits each. So the probability
/// is that of the `f64`, exactly or to 2^-72.
///
/// ```
/// use evenkeel_tensor::Seed;
/// use evenkeel_tensor::random::Bernoulli;
///
/// let mut count = 0;
/// Bernoulli::new(0.25, Seed(7)).for_each_block(0..8, |_, bits| {
///     count += bits.iter().map(|word| word.count_ones()).sum::<u32>();
/// });
/// let n = 8.0 * Bernoulli::BLOCK as f64;
/// // Five standard deviations.
/// assert!((f64::from(count) - 0.25 * n).abs() < 5.0 * (n * 0.25 * 0.75).sqrt());
/// ```
#[derive(Clone, Copy)]
pub struct Bernoulli {
    key: Key,
    /// Where comparisons go on that the leading digits do not decide.
    ties: Seed,
    /// The probability's first 8 binary digits; 256 of them make 1.
    digits: u32,
    /// How many of these are used: the rest are 0, and so is `tail` then.
    rounds: usize,
    /// The 64 digits after them.
    tail: u64,
}

/// Words of a block: a batch of random words serves the 8 rounds of one block, or one round of 8.
const WORDS: usize = BATCH / ROUNDS;

/// Binary digits that are compared at once.
const ROUNDS: usize = 8;

impl Bernoulli {
    /// The number of decisions in a block.
    pub const BLOCK: usize = 32 * WORDS;

    /// Decisions that are true with probability `p`. Below 0 and NaN count as 0, above 1 as 1.
    pub fn new(p: f64, seed: Seed) -> Self {
        // NaN passes through this comparison, and the casts take it and what is negative to 0.
        let scaled = if p > 1.0 { 1.0 } else { p } * f64::from(1u32 << ROUNDS);
        let digits = scaled as u32;
        let tail = ((scaled - f64::from(digits)) * 2f64.powi(64)) as u64;
        let rounds = if tail == 0 { ROUNDS.saturating_sub(digits.trailing_zeros() as usize) } else { ROUNDS };
        Self { key: Key::new(seed), ties: seed.stream("ties"), digits, rounds, tail }
    }

    /// Calls `f` with the number and the bits of each of these blocks, in order.
    pub fn for_each_block(&self, blocks: Range<u64>, mut f: impl FnMut(u64, &[u32; Self::BLOCK / 32])) {
        let mut less = [if self.digits >> ROUNDS == 0 { 0 } else { u32::MAX }; WORDS];
        let mut random = [0; BATCH];
        let mut batch = None;
        for block in blocks {
            if self.rounds > 0 {
                less.fill(0);
                let mut equal = [u32::MAX; WORDS];
                for round in 0..self.rounds {
                    let part = block * self.rounds as u64 + round as u64;
                    let (index, part) = (part / ROUNDS as u64, (part % ROUNDS as u64) as usize);
                    if batch != Some(index) {
                        super::simd_words(self.key, index, &mut random);
                        batch = Some(index);
                    }
                    let digit = self.digits >> (ROUNDS - 1 - round) & 1 == 1;
                    compare(&random[part * WORDS..][..WORDS], digit, &mut less, &mut equal);
                }
                if self.tail > 0 {
                    self.break_ties(block, &mut less, &equal);
                }
            }
            f(block, &less);
        }
    }

    /// Decides the comparisons that are `equal` so far.
    fn break_ties(&self, block: u64, less: &mut [u32; WORDS], equal: &[u32; WORDS]) {
        let first = block * Self::BLOCK as u64;
        for (word, (less, &equal)) in less.iter_mut().zip(equal).enumerate() {
            let mut left = equal;
            while left != 0 {
                let bit = left.trailing_zeros();
                let further = self.ties.at(first + 32 * word as u64 + u64::from(bit)).0;
                *less |= u32::from(further < self.tail) << bit;
                left &= left - 1;
            }
        }
    }
}

impl std::fmt::Debug for Bernoulli {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let p = (f64::from(self.digits) + self.tail as f64 * 2f64.powi(-64)) / f64::from(1u32 << ROUNDS);
        f.debug_struct("Bernoulli").field("p", &p).finish_non_exhaustive()
    }
}

/// Compares one more digit of each number, a bit of `random`, with the probability's.
fn compare(random: &[u32], digit: bool, less: &mut [u32; WORDS], equal: &mut [u32; WORDS]) {
    let random: &[u32; WORDS] = random.try_into().expect("a round takes a word each");
    kernel::simd(
        #[inline(always)]
        move || {
            for ((random, less), equal) in random.iter().zip(less).zip(equal) {
                if digit {
                    *less |= *equal & !random;
                    *equal &= random;
                } else {
                    *equal &= !random;
                }
            }
        },
    );
}

/// Fills `decisions` with independent ones, each true with probability `p`: [`Bernoulli`] for whoever wants no bits.
///
/// ```
/// use evenkeel_tensor::{Seed, random};
///
/// let mut keep = [false; 1000];
/// random::bernoulli(&mut keep, 0.5, Seed(7));
/// assert!((420..580).contains(&keep.iter().filter(|&&k| k).count())); // five times sqrt(1000 / 4)
/// ```
pub fn bernoulli(decisions: &mut [bool], p: f64, seed: Seed) {
    let bernoulli = Bernoulli::new(p, seed);
    parallel::chunks_mut(decisions, ROUNDS * Bernoulli::BLOCK, |chunk, decisions| {
        let first = (chunk * ROUNDS) as u64;
        let blocks = decisions.len().div_ceil(Bernoulli::BLOCK) as u64;
        bernoulli.for_each_block(first..first + blocks, |block, bits| {
            let rest = &mut decisions[(block - first) as usize * Bernoulli::BLOCK..];
            for (decisions, word) in rest.chunks_mut(32).zip(bits) {
                decisions.iter_mut().enumerate().for_each(|(i, decision)| *decision = word >> i & 1 == 1);
            }
        });
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn decisions(n: usize, p: f64, seed: Seed) -> Vec<bool> {
        let mut decisions = vec![false; n];
        bernoulli(&mut decisions, p, seed);
        decisions
    }

    /// Pins what a seed gives: a change here changes every user's results.
    #[test]
    fn value_stability() {
        let first = |p: f64| {
            let mut word = 0;
            Bernoulli::new(p, Seed(7)).for_each_block(3..4, |_, bits| word = bits[1]);
            word
        };
        assert_eq!([0.5, 0.25, 0.9, 1e-3, 1.0 / 3.0].map(first), [1130982976, 2147629065, 4026531839, 512, 2771216327]);
    }

    #[test]
    fn a_decision_does_not_depend_on_the_length_or_the_threads() {
        for p in [0.5, 0.375, 0.9] {
            let n = 9 * ROUNDS * Bernoulli::BLOCK / 4 + 5;
            let in_pool = |threads| {
                let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
                pool.install(|| decisions(n, p, Seed(7)))
            };
            let all = in_pool(1);
            for threads in [2, 3, 7] {
                assert_eq!(in_pool(threads), all, "{threads} threads");
            }
            for n in [0, 1, 31, 32, 33, Bernoulli::BLOCK, Bernoulli::BLOCK + 1] {
                assert_eq!(decisions(n, p, Seed(7)), all[..n]);
            }
            assert_ne!(decisions(1000, p, Seed(8)), all[..1000]);
        }
    }

    /// U is the same for every p, by the leading digits that both use; so where p has 8 digits or more, the decision for a
    /// larger one follows from that for a smaller one.
    #[test]
    fn decisions_are_comparisons_with_one_number() {
        let p = [1e-3, 0.3, 0.9, 0.999];
        for pair in p.windows(2) {
            let (low, high) = (decisions(50_000, pair[0], Seed(7)), decisions(50_000, pair[1], Seed(7)));
            assert!(low.iter().zip(&high).all(|(low, high)| !low || *high));
        }
    }

    #[test]
    fn rates() {
        // Within five standard deviations: a chance below 1e-6 that a right generator fails.
        for (i, p) in
            [0.5, 0.25, 0.75, 0.1, 0.9, 1e-3, 0.999, 1.0 / 3.0, 1.0 / 512.0, 0.5 + 1.0 / 512.0].iter().enumerate()
        {
            let n = 1_000_000;
            let count = decisions(n, *p, Seed(i as u64)).iter().filter(|&&d| d).count() as f64;
            let n = n as f64;
            assert!((count - n * p).abs() < 5.0 * (n * p * (1.0 - p)).sqrt(), "{p}: {}", count / n);
        }
    }

    #[test]
    fn certainties() {
        for p in [0.0, -1.0, f64::NAN, f64::NEG_INFINITY] {
            assert!(decisions(20_000, p, Seed(7)).iter().all(|d| !d), "{p}");
        }
        for p in [1.0, 2.0, f64::INFINITY, 1.0 - f64::EPSILON / 2.0] {
            assert!(decisions(20_000, p, Seed(7)).iter().all(|d| *d), "{p}");
        }
    }

    proptest! {
        /// The digits are those of the probability.
        #[test]
        fn digits_make_the_probability(p in 0.0f64..=1.0) {
            let b = Bernoulli::new(p, Seed(0));
            let shown = format!("{b:?}");
            let expected = format!("Bernoulli {{ p: {p:?}, .. }}");
            // From 2^-19 on all of the 53 bits are among the 72 digits.
            prop_assume!(p > 2e-6);
            prop_assert_eq!(shown, expected);
        }

        /// With one digit fewer nothing would change: the digits left out are 0.
        #[test]
        fn rounds_suffice(numerator in 0u32..=256) {
            let b = Bernoulli::new(f64::from(numerator) / 256.0, Seed(0));
            prop_assert_eq!((b.digits, b.tail), (numerator, 0));
            prop_assert_eq!(numerator << b.rounds & 255, 0);
        }
    }
}
