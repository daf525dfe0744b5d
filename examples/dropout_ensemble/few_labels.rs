//! Dropout against none where labels are few.

use evenkeel::module::Sequential;
use evenkeel::prelude::*;
use evenkeel_examples::{Failure, accuracy, has_diverged, per_class};
use serde_json::{Value, json};

use crate::approximation::network;

/// What all trainings have in common.
#[derive(Clone, Copy)]
pub(super) struct Settings {
    /// Units of each of the two hidden layers.
    pub(super) width: usize,
    pub(super) steps: u64,
    pub(super) batch_size: usize,
    pub(super) learning_rate: f64,
}

/// One training.
pub(super) struct Run {
    pub(super) drop: f64,
    pub(super) labels_per_class: usize,
    pub(super) seed: u64,
    pub(super) train_error: f64,
    pub(super) test_error: f64,
    /// Whether it broke off; the errors are those of the network as it was then.
    pub(super) diverged: bool,
}

impl Run {
    pub(super) fn to_json(&self) -> Value {
        json!({
            "drop": self.drop,
            "labels_per_class": self.labels_per_class,
            "seed": self.seed,
            "train_error": self.train_error,
            "test_error": self.test_error,
            "diverged": self.diverged,
        })
    }
}

/// Trains on `labels_per_class` examples of each class of `pool`. At every rate a seed has the same examples, first weights and
/// order.
pub(super) fn train(
    (pool, test): (&Dataset, &Dataset),
    Settings { width, steps, batch_size, learning_rate }: Settings,
    (labels_per_class, drop, seed): (usize, f64, u64),
) -> Result<Run, Failure> {
    let learn = per_class(pool, labels_per_class, Seed(seed))?;
    let widths = [pool.sample_shape().numel(), width, width, pool.classes().ok_or("the targets are not classes")?];
    let mut net: Sequential = network(&widths, Relu, drop).initialize(HeNormal::default(), Seed(seed))?;
    let outcome = Trainer::new(Adam::new(learning_rate))
        .steps(steps)
        .batch_size(batch_size)
        .seed(Seed(seed))
        // At the end alone.
        .evaluate_every(u64::MAX)
        .fit(&mut net, CrossEntropy::default(), &learn, test);
    let diverged = has_diverged(outcome)?;
    let error = |data| Ok::<_, Failure>(1.0 - accuracy(&net, data)?);
    Ok(Run { drop, labels_per_class, seed, train_error: error(&learn)?, test_error: error(test)?, diverged })
}
