//! What can go wrong in a training.

use std::path::PathBuf;

use evenkeel_data::DataError;
use evenkeel_module::{Fault, LoadError, NetworkError, StateDictError};
use evenkeel_optim::OptimError;
use evenkeel_regularize::RegularizeError;
use evenkeel_tensor::ShapeError;
use thiserror::Error;

/// A training that could not begin or go on.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum TrainError {
    /// The network does not fit the data, or has not been initialised.
    #[error("the network does not fit the data: {0}")]
    Network(#[from] NetworkError),
    /// The network's output does not fit the targets.
    #[error("the network does not fit the targets: {0}")]
    Targets(ShapeError),
    /// A setting of the trainer is out of its range.
    #[error("Trainer: {setting}: expected {expected}, got {got}")]
    Setting {
        /// The setting.
        setting: &'static str,
        /// Its range.
        expected: &'static str,
        /// What came.
        got: String,
    },
    /// A sampling, an augmentation or a mixture does not suit the training data.
    #[error(transparent)]
    Data(#[from] DataError),
    /// The optimiser refused its settings, state or gradients.
    #[error(transparent)]
    Optimizer(#[from] OptimError),
    /// Early stopping, a plateau or a regulariser refused its settings.
    #[error(transparent)]
    Regularize(#[from] RegularizeError),
    /// Early stopping or a plateau is to watch a metric that no evaluation has.
    #[error(
        "Trainer: {setting}: expected a metric of the evaluations, got `{metric}` where there are {known}; correct the name, or \
         measure it with Callback::measure"
    )]
    UnknownMetric {
        /// `early_stopping` or `plateau`.
        setting: &'static str,
        /// The metric.
        metric: String,
        /// Those that there are.
        known: String,
    },
    /// The metric that early stopping or a plateau watches became infinite or NaN.
    #[error("evaluation after step {step}: {source}")]
    Metric {
        /// The number of steps done.
        step: u64,
        /// What is wrong with it.
        source: RegularizeError,
    },
    /// The weights that early stopping is to give back are not finite. The network is as it was after the last step.
    #[error("early stopping: the best weights, of step {step}: {source}")]
    BestWeights {
        /// The step.
        step: u64,
        /// What is wrong with them.
        source: Box<LoadError>,
    },
    /// The loss or a gradient became infinite or NaN. The network is as it was before this step.
    #[error(
        "step {step}: the loss is {loss}; the first value that is not finite is {}; \
         lower the learning rate, clip the gradients, or look at the data and the initialisation",
        .fault.as_ref().map_or("the loss itself".to_owned(), ToString::to_string)
    )]
    Diverged {
        /// The step, from 1.
        step: u64,
        /// The loss, penalties included.
        loss: f64,
        /// Where the first infinity or NaN came in.
        fault: Option<Box<Fault>>,
    },
    /// Nothing in the network learns: everything is frozen, or its forward pass uses copies of its parameters.
    #[error(
        "nothing learns: expected gradients for some of the network's parameters, got none; unfreeze a part, and use \
         the network's own parts in its forward pass, not clones of them"
    )]
    NothingLearns,
    /// Statistics were observed for buffers that the network does not have: its forward pass uses copies of its layers.
    #[error(
        "statistics: expected the buffers of the network, got {observations} observations for others; use the network's \
         own parts in its forward pass, not clones of them"
    )]
    LostStatistics {
        /// How many.
        observations: usize,
    },
    /// A network or an optimiser state that is not finite was about to be saved. The file is as it was.
    #[error(
        "checkpoint {}: expected finite values, got an infinity or NaN in `{name}`; lower the learning rate or clip the \
         gradients, and resume from the last good checkpoint, which has been kept", .path.display()
    )]
    NotFinite {
        /// The file that has been left alone.
        path: PathBuf,
        /// The array.
        name: String,
    },
    /// A checkpoint could not be written, read or parsed.
    #[error("checkpoint {}: {source}", .path.display())]
    Checkpoint {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: Box<StateDictError>,
    },
    /// A checkpoint is of another network, or holds values that are not finite. Nothing has been changed.
    #[error("checkpoint {}: {source}", .path.display())]
    CheckpointNetwork {
        /// The file.
        path: PathBuf,
        /// What does not fit.
        source: Box<LoadError>,
    },
    /// A checkpoint is of another training. Nothing has been changed.
    #[error("checkpoint {}: {what}: expected {expected}, got {got}; resume with the settings of the run that wrote it", .path.display())]
    CheckpointRun {
        /// The file.
        path: PathBuf,
        /// What differs.
        what: &'static str,
        /// This training's.
        expected: String,
        /// The checkpoint's.
        got: String,
    },
}
