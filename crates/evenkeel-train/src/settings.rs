//! What a trainer is told.

use std::path::PathBuf;

use evenkeel_data::{Batches, DataError, Sampling};
use evenkeel_optim::Optimizer;
use evenkeel_regularize::{EarlyStopping, Plateau, Regularizer};
use evenkeel_tensor::{Float, Seed};

pub(crate) struct Settings<F: Float> {
    pub(crate) optimizer: Optimizer<F>,
    pub(crate) length: Length,
    pub(crate) batch_size: usize,
    pub(crate) drop_last: bool,
    pub(crate) sampling: Sampling,
    pub(crate) seed: Seed,
    pub(crate) progress: bool,
    pub(crate) evaluate_every: Option<u64>,
    pub(crate) changes: Vec<Change<F>>,
    pub(crate) regularizer: Option<Regularizer<F>>,
    pub(crate) early_stopping: Option<EarlyStopping>,
    pub(crate) plateau: Option<Plateau>,
    pub(crate) prefetch: usize,
    pub(crate) checkpoint: Option<(u64, PathBuf)>,
    pub(crate) resume: Option<PathBuf>,
    /// Whether there are callbacks, which may measure what they like.
    pub(crate) has_callbacks: bool,
}

/// An augmentation or a mixture of the training batches.
pub(crate) struct Change<F: Float> {
    pub(crate) settings: String,
    pub(crate) apply: Box<ApplyChange<F>>,
}

type ApplyChange<F> = dyn FnOnce(Batches<F>, Seed) -> Result<Batches<F>, DataError> + Send;

#[derive(Clone, Copy, Debug)]
pub(crate) enum Length {
    Epochs(u64),
    Steps(u64),
}

impl<F: Float> Settings<F> {
    /// The defaults.
    pub(crate) fn new(optimizer: Optimizer<F>) -> Self {
        Self {
            optimizer,
            length: Length::Epochs(10),
            batch_size: 32,
            drop_last: false,
            sampling: Sampling::Shuffled,
            seed: Seed(0),
            progress: false,
            evaluate_every: None,
            changes: Vec::new(),
            regularizer: None,
            early_stopping: None,
            plateau: None,
            prefetch: 0,
            checkpoint: None,
            resume: None,
            has_callbacks: false,
        }
    }
}
