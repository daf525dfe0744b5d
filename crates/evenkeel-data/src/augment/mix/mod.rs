//! Batches of mixtures: of inputs and of targets alike.

mod cutmix;
mod mixup;
mod targets;

pub use cutmix::CutMix;
pub use mixup::Mixup;

use std::fmt::Debug;
use std::sync::Arc;

use evenkeel_tensor::{Float, Seed, Shape};
use rand::RngExt;
use rand_distr::{Beta, Distribution};

use super::setting::check;
use crate::order::shuffle;
use crate::{Batch, DataError};

/// Mixing the samples of a batch with each other, targets included: an open set.
///
/// Targets are mixed as numbers, so classes must be made shares of classes first
/// ([`Targets::one_hot`](crate::Targets::one_hot)); [`Batches::mixed`](crate::Batches::mixed) does.
pub trait Mix<F: Float = f32>: Debug + Send + Sync {
    /// Whether batches of such samples can be mixed, of `classes` classes or with real values as targets; asked once,
    /// before any batch is mixed.
    ///
    /// # Errors
    /// If a setting is out of its range, or does not suit such samples or targets.
    fn check(&self, sample: Shape, classes: Option<usize>) -> Result<(), DataError>;

    /// Mixes a batch whose targets are [`Targets::Values`](crate::Targets::Values).
    ///
    /// # Panics
    /// If they are classes.
    fn apply(&self, batch: &mut Batch<F>, seed: Seed);
}

impl<F: Float, M: Mix<F> + ?Sized> Mix<F> for Arc<M> {
    fn check(&self, sample: Shape, classes: Option<usize>) -> Result<(), DataError> {
        (**self).check(sample, classes)
    }

    fn apply(&self, batch: &mut Batch<F>, seed: Seed) {
        (**self).apply(batch, seed);
    }
}

/// For which samples of a batch the mixture is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Draw {
    PerBatch,
    PerSample,
}

impl Draw {
    /// What `draw` gives for each of `samples` samples.
    fn of<T: Clone>(self, samples: usize, seed: Seed, draw: impl Fn(Seed) -> T) -> Vec<T> {
        match self {
            Self::PerBatch => vec![draw(seed.at(0)); samples],
            Self::PerSample => (0..samples as u64).map(|row| draw(seed.at(row))).collect(),
        }
    }
}

/// Refuses an `alpha` of Beta(alpha, alpha) that is not positive, or so extreme that sampling loses the law to rounding.
fn check_alpha(operation: &'static str, alpha: f64) -> Result<(), DataError> {
    check(operation, "an alpha from 0.001 to 1e6", alpha, (1e-3..=1e6).contains(&alpha))
}

/// A share from Beta(alpha, alpha).
fn share(alpha: f64, seed: Seed) -> f64 {
    Beta::new(alpha, alpha).expect("an alpha that was accepted").sample(&mut seed.rng())
}

/// The row that each row of a batch is mixed with: a random permutation, so some may be their own partners.
fn partners(samples: usize, seed: Seed) -> Vec<usize> {
    let mut partners: Vec<_> = (0..samples).collect();
    shuffle(&mut partners, seed.stream("partners"));
    partners
}

/// A whole number below `end`.
fn below(end: usize, seed: Seed) -> usize {
    seed.rng().random_range(0..end)
}
