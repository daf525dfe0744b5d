//! Seeds and streams, and slices filled with random numbers: uniform, Gaussian, and yes-or-no decisions.
//!
//! Position `i` of a slice depends on the seed and on `i` alone: not on the number of threads, the
//! processor, or the slice's length. Numbers come from ChaCha with 8 rounds in blocks of 4096 values.

mod bernoulli;
mod chacha;
mod law;
mod seed;
mod window;

use std::any::Any;

use crate::{Float, kernel, parallel};

pub use bernoulli::{Bernoulli, bernoulli};
use chacha::{BATCH, Key, fill_words};
pub use seed::Seed;
pub use window::Window;

/// Fills `values` with numbers uniform in \[low, high\].
///
/// Each is c + h u with c the middle, h half the width, and u one of 2^24 (f32) or 2^52 (f64) equally
/// spaced numbers in (-1, 1), symmetric about 0 and never 0. So for `low = -high` the law is symmetric
/// and the ends are not reached; otherwise rounding may reach them, and nothing lies beyond. Where
/// `low > high` or one is not finite, the values are unspecified.
///
/// ```
/// use evenkeel_tensor::{Seed, random};
///
/// let mut noise = vec![0f32; 1000];
/// random::uniform(&mut noise, -0.5, 0.5, Seed(7));
/// assert!(noise.iter().all(|x| x.abs() < 0.5));
/// ```
pub fn uniform<F: Float>(values: &mut [F], low: F, high: F, seed: Seed) {
    fill(values, Law::Uniform { low: low.to_f64(), high: high.to_f64() }, seed);
}

/// Fills `values` with Gaussian numbers of mean `mean` and standard deviation `std`.
///
/// Made by the transform of Box & Muller (1958): exact but for rounding up to the farthest value it can
/// give, 6.66 (f32) or 8.49 (f64) deviations from the mean.
///
/// ```
/// use evenkeel_tensor::{Seed, random};
///
/// let mut noise = vec![0f64; 10_000];
/// random::normal(&mut noise, 1.0, 0.1, Seed(7));
/// let mean = noise.iter().sum::<f64>() / 10_000.0;
/// assert!((mean - 1.0).abs() < 0.005); // five times 0.1 / sqrt(10 000)
/// ```
pub fn normal<F: Float>(values: &mut [F], mean: F, std: F, seed: Seed) {
    fill(values, Law::Normal { mean: mean.to_f64(), std: std.to_f64() }, seed);
}

/// How many deviations from the mean a number of [`normal`] lies at most, rounded up.
pub fn reach<F: Float>() -> f64 {
    // sqrt(64 ln 2) and sqrt(104 ln 2), by the random bits that a radius is made from.
    if size_of::<F>() == size_of::<f32>() { 6.67 } else { 8.5 }
}

/// Fills `values` with Gaussian numbers of mean `mean` and standard deviation `std` before truncation to `window`.
///
/// Computed in f64 from 52 random bits each, for f32 too, whose 24 would show in a tail.
///
/// ```
/// use evenkeel_tensor::{Seed, random};
///
/// let window = random::Window::new(-2.0, 2.0).expect("has probability");
/// let mut values = vec![0f32; 1000];
/// random::truncated_normal(&mut values, 1.0, 0.5, window, Seed(7));
/// assert!(values.iter().all(|x| (0.0..=2.0).contains(x)));
/// ```
pub fn truncated_normal<F: Float>(values: &mut [F], mean: F, std: F, window: Window, seed: Seed) {
    let (mean, std, key) = (mean.to_f64(), std.to_f64(), Key::new(seed));
    fill_blocks(values, |block, index, words| {
        let mut shares = [0.0; BATCH / 2];
        for (index, half) in (2 * index..).zip(block.chunks_exact_mut(BATCH / 2)) {
            simd_words(key, index, words);
            law::uniform_f64(words, 0.0, 1.0, &mut shares);
            half.iter_mut().zip(shares).for_each(|(x, share)| *x = F::from_f64(mean + std * window.quantile(share)));
        }
    });
}

/// What the numbers are distributed as.
#[derive(Clone, Copy)]
enum Law {
    Uniform { low: f64, high: f64 },
    Normal { mean: f64, std: f64 },
}

/// Values made in one go: a batch of words in f32, two in f64.
const BLOCK: usize = BATCH;

fn fill<F: Float>(values: &mut [F], law: Law, seed: Seed) {
    let key = Key::new(seed);
    fill_blocks(values, |block, index, words| fill_block(block, law, key, index, words));
}

/// Calls `fill_block` with each block of `values`, its index, and scratch.
fn fill_blocks<F: Float>(values: &mut [F], fill_block: impl Fn(&mut [F; BLOCK], u64, &mut [u32; BATCH]) + Sync) {
    // A thread's share is several blocks, well worth the cost of a split.
    const SHARE: usize = kernel::BLOCK / BLOCK;
    parallel::chunks_mut(values, SHARE * BLOCK, |share, values| {
        let mut words = [0; BATCH];
        let first = (share * SHARE) as u64;
        let (blocks, rest) = values.as_chunks_mut::<BLOCK>();
        let whole = blocks.len() as u64;
        for (index, block) in (first..).zip(blocks) {
            fill_block(block, index, &mut words);
        }
        if !rest.is_empty() {
            let mut block = [F::ZERO; BLOCK];
            fill_block(&mut block, first + whole, &mut words);
            rest.copy_from_slice(&block[..rest.len()]);
        }
    });
}

/// Fills block `index`; `words` is scratch.
fn fill_block<F: Float>(block: &mut [F; BLOCK], law: Law, key: Key, index: u64, words: &mut [u32; BATCH]) {
    // `Any` tells the float apart safely; once per block it costs nothing.
    let block: &mut dyn Any = block;
    if let Some(block) = block.downcast_mut::<[f32; BLOCK]>() {
        simd_words(key, index, words);
        match law {
            Law::Uniform { low, high } => law::uniform_f32(words, low as f32, high as f32, block),
            Law::Normal { mean, std } => law::normal_f32(words, mean as f32, std as f32, block),
        }
    } else if let Some(block) = block.downcast_mut::<[f64; BLOCK]>() {
        for (index, half) in (2 * index..).zip(block.as_chunks_mut().0) {
            simd_words(key, index, words);
            match law {
                Law::Uniform { low, high } => law::uniform_f64(words, low, high, half),
                Law::Normal { mean, std } => law::normal_f64(words, mean, std, half),
            }
        }
    } else {
        unreachable!("Float is f32 or f64");
    }
}

fn simd_words(key: Key, index: u64, words: &mut [u32; BATCH]) {
    // Closures this large are inlined into `simd`, and so compiled for the processor, only if told to be.
    kernel::simd(
        #[inline(always)]
        || fill_words(key, index, words),
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_does_not_depend_on_the_length() {
        for law in [Law::Uniform { low: -1.0, high: 2.0 }, Law::Normal { mean: 1.0, std: 2.0 }] {
            let mut all = vec![0f32; 3 * kernel::BLOCK];
            fill(&mut all, law, Seed(7));
            for len in [0, 1, 255, 4095, 4096, 4097, kernel::BLOCK + 5] {
                let mut part = vec![0f32; len];
                fill(&mut part, law, Seed(7));
                assert_eq!(part, all[..len]);
            }
        }
    }

    #[test]
    fn uniform_stays_inside_where_rounding_would_leave() {
        let (low, high) = (1.0f32, 1.0 + f32::EPSILON);
        let mut values = [0f32; 5000];
        uniform(&mut values, low, high, Seed(7));
        assert!(values.iter().all(|x| (low..=high).contains(x)));
        let mut values = [0f64; 5000];
        uniform(&mut values, f64::MIN, f64::MAX, Seed(7));
        assert!(values.iter().all(|x| x.is_finite()));
    }
}
