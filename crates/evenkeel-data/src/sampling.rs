//! How an epoch draws its samples.

use std::fmt;

use evenkeel_tensor::{Float, Seed};

use crate::fingerprint::Fingerprint;
use crate::{Batches, DataError};

/// How an epoch draws its samples, as one value: for [`Batches::sampled`], and for `Trainer::sampling` of evenkeel-train.
///
/// With n samples, of which n_c are of class c, and C classes that have members:
///
/// | | an epoch | sample i of class c is expected |
/// |---|---|---|
/// | [`Shuffled`](Self::Shuffled) | each sample once, in a new order | once |
/// | [`Balanced`](Self::Balanced) | n draws with replacement, each class with probability 1 / C | n / (C n_c) times |
/// | [`Weighted`](Self::Weighted) | n draws with replacement, sample i with probability wᵢ / Σw | n wᵢ / Σw times |
///
/// So an epoch is always as many samples as the data set has; one of draws repeats some and leaves others out.
///
/// It displays as a short line that tells settings apart, of weights by a hash.
///
/// ```
/// use evenkeel_data::{Digits, Sampling, Seed};
///
/// let digits = Digits::embedded();
/// let batches = digits.batches::<f32>(60).sampled(&Sampling::Balanced, Seed(7))?;
/// assert_eq!(batches.epoch(3).next(), digits.batches(60).balanced(Seed(7))?.epoch(3).next());
/// assert_eq!(Sampling::default().to_string(), "shuffled");
/// # Ok::<(), evenkeel_data::DataError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Sampling {
    /// Each sample once, in an order that is new in each epoch: [`Batches::shuffled`].
    #[default]
    Shuffled,
    /// Each class equally often, as far as chance has it: [`Batches::balanced`].
    Balanced,
    /// In proportion to a weight for each sample: [`Batches::weighted`]. Weights by class become such with
    /// [`ClassWeights::of_samples`](crate::balance::ClassWeights::of_samples).
    Weighted(Vec<f64>),
}

impl fmt::Display for Sampling {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Shuffled => f.write_str("shuffled"),
            Self::Balanced => f.write_str("balanced"),
            Self::Weighted(weights) => {
                let mut hash = Fingerprint::new();
                hash.add_all(weights);
                write!(f, "weighted ({} weights, {:016x})", weights.len(), hash.finish())
            }
        }
    }
}

impl<F: Float> Batches<F> {
    /// Draws the samples as `sampling` says; what it says before is replaced.
    ///
    /// # Errors
    /// As [`balanced`](Self::balanced) and [`weighted`](Self::weighted).
    pub fn sampled(self, sampling: &Sampling, seed: Seed) -> Result<Self, DataError> {
        match sampling {
            Sampling::Shuffled => Ok(self.shuffled(seed)),
            Sampling::Balanced => self.balanced(seed),
            Sampling::Weighted(weights) => self.weighted(weights, seed),
        }
    }
}
