//! The settings of a training, checked before it begins.

use std::collections::BTreeMap;
use std::path::PathBuf;

use evenkeel_data::Dataset;
use evenkeel_module::{Forward, Mode, ModuleExt, NetworkError, check_network};
use evenkeel_optim::Optimizer;
use evenkeel_tensor::{Float, Seed, Tensor, parallel};

use crate::callback::Callback;
use crate::checkpoint::{self, Run};
use crate::evaluate::batch_shape;
use crate::fit::Loop;
use crate::history::History;
use crate::{Evaluation, Loss, TrainError};

/// Trains a network: settings first, then [`fit`](Trainer::fit).
///
/// Each setting has its default in its description. The seed decides the order of the examples and the noise; the same seed
/// gives the same bits at any number of threads, and for a run that was interrupted and resumed.
///
/// ```
/// use evenkeel_data::Digits;
/// use evenkeel_init::XavierUniform;
/// use evenkeel_module::{ModuleExt, sequential};
/// use evenkeel_nn::{CrossEntropy, Linear, Sigmoid};
/// use evenkeel_norm::BatchNorm;
/// use evenkeel_optim::Sgd;
/// use evenkeel_tensor::Seed;
/// use evenkeel_train::Trainer;
///
/// let (train, test) = Digits::embedded().split_stratified(0.8, Seed(7))?;
/// let mut net = sequential![
///     Linear::new(64, 32).without_bias(), BatchNorm::new(32), Sigmoid,
///     Linear::new(32, 10),
/// ].initialize(&XavierUniform::default(), Seed(7))?;
/// let history = Trainer::new(Sgd::new(0.5))
///     .epochs(5)
///     .batch_size(60)
///     .fit(&mut net, CrossEntropy::default(), &train, &test)?;
/// assert!(history.last("test_accuracy").unwrap() > 0.85);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Trainer<F: Float = f32, C = ()> {
    pub(crate) optimizer: Optimizer<F>,
    pub(crate) length: Length,
    pub(crate) batch_size: usize,
    pub(crate) drop_last: bool,
    pub(crate) seed: Seed,
    pub(crate) progress: bool,
    pub(crate) evaluate_every: Option<u64>,
    pub(crate) prefetch: usize,
    pub(crate) checkpoint: Option<(u64, PathBuf)>,
    pub(crate) resume: Option<PathBuf>,
    pub(crate) callback: C,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Length {
    Epochs(u64),
    Steps(u64),
}

impl<F: Float> Trainer<F> {
    /// With this optimiser, 10 epochs, batches of 32.
    pub fn new(optimizer: impl Into<Optimizer<F>>) -> Self {
        Self {
            optimizer: optimizer.into(),
            length: Length::Epochs(10),
            batch_size: 32,
            drop_last: false,
            seed: Seed(0),
            progress: false,
            evaluate_every: None,
            prefetch: 0,
            checkpoint: None,
            resume: None,
            callback: (),
        }
    }

    /// The loss and accuracy of `network` on `data`: [`evaluate`](crate::evaluate).
    ///
    /// # Errors
    /// If the network does not fit the data.
    pub fn evaluate(network: &impl Forward<F>, loss: &impl Loss<F>, data: &Dataset) -> Result<Evaluation, TrainError> {
        crate::evaluate(network, loss, data)
    }

    /// The outputs of `network` for the inputs of `data`: [`predict`](crate::predict).
    ///
    /// # Errors
    /// If the network does not fit the data.
    pub fn predict(network: &impl Forward<F>, data: &Dataset) -> Result<Tensor<F>, NetworkError> {
        crate::predict(network, data)
    }
}

impl<F: Float, C> Trainer<F, C> {
    /// Trains for so many passes over the data. Default: 10.
    #[must_use]
    pub fn epochs(self, epochs: u64) -> Self {
        Self { length: Length::Epochs(epochs), ..self }
    }

    /// Trains for so many steps instead of whole epochs.
    #[must_use]
    pub fn steps(self, steps: u64) -> Self {
        Self { length: Length::Steps(steps), ..self }
    }

    /// The number of examples in a step. Default: 32.
    #[must_use]
    pub fn batch_size(self, batch_size: usize) -> Self {
        Self { batch_size, ..self }
    }

    /// Leaves out the last, shorter batch of each epoch. Default: it is used.
    #[must_use]
    pub fn drop_last(self) -> Self {
        Self { drop_last: true, ..self }
    }

    /// The seed of the examples' order and of noise. Default: `Seed(0)`.
    #[must_use]
    pub fn seed(self, seed: Seed) -> Self {
        Self { seed, ..self }
    }

    /// Shows a progress bar if standard error is a terminal. Default: no.
    #[must_use]
    pub fn progress(self, progress: bool) -> Self {
        Self { progress, ..self }
    }

    /// Evaluates on the held-out data every so many steps, besides at the end. Default: after each epoch.
    #[must_use]
    pub fn evaluate_every(self, steps: u64) -> Self {
        Self { evaluate_every: Some(steps), ..self }
    }

    /// Prepares so many batches ahead on a second thread; the batches are the same. Default: 0, none.
    #[must_use]
    pub fn prefetch(self, batches: usize) -> Self {
        Self { prefetch: batches, ..self }
    }

    /// Writes a checkpoint to `path` every so many steps, and at the end: atomically, so that the file is always whole.
    /// Default: none.
    #[must_use]
    pub fn checkpoint_every(self, steps: u64, path: impl Into<PathBuf>) -> Self {
        Self { checkpoint: Some((steps, path.into())), ..self }
    }

    /// Goes on from the checkpoint at `path`, bit by bit as if the run had not been interrupted.
    #[must_use]
    pub fn resume_from(self, path: impl Into<PathBuf>) -> Self {
        Self { resume: Some(path.into()), ..self }
    }

    /// Adds a [`Callback`].
    #[must_use]
    pub fn callback<D>(self, callback: D) -> Trainer<F, (C, D)> {
        Trainer {
            optimizer: self.optimizer,
            length: self.length,
            batch_size: self.batch_size,
            drop_last: self.drop_last,
            seed: self.seed,
            progress: self.progress,
            evaluate_every: self.evaluate_every,
            prefetch: self.prefetch,
            checkpoint: self.checkpoint,
            resume: self.resume,
            callback: (self.callback, callback),
        }
    }

    /// Trains `network` on `train`, evaluating on `test`.
    ///
    /// The history has, for each step, `loss`, the learning rate and (with class targets) `accuracy` on the step's batch, and for
    /// each evaluation `test_loss` and `test_accuracy`.
    ///
    /// # Errors
    /// Before any step: settings out of range, a network that does not fit the data or has no values yet, a checkpoint of
    /// another run. During the run: a loss that is not finite, with the step and the first bad operation; a checkpoint
    /// that cannot be written.
    pub fn fit<N: Forward<F>>(
        mut self,
        network: &mut N,
        loss: impl Loss<F>,
        train: &Dataset,
        test: &Dataset,
    ) -> Result<History, TrainError>
    where
        C: Callback<F, N>,
    {
        self.check_settings(train)?;
        let run = self.run(network, &loss, train);
        let mut at = checkpoint::Position { step: 0, seconds: 0.0, history: History::new() };
        if let Some(path) = &self.resume {
            at = checkpoint::load(path, &run, network, &mut self.optimizer)?;
        }
        self.check(network, &loss, train, test)?;
        // Inside the pool a split of work costs nanoseconds, from outside microseconds.
        parallel::install(|| Loop::new(self, run, at, network, &loss, train, test).run())
    }

    /// What a checkpoint of this run has to agree with.
    fn run<N: Forward<F>>(&self, network: &N, loss: &impl Loss<F>, train: &Dataset) -> Run {
        let mut notes = BTreeMap::from([
            ("seed", self.seed.0.to_string()),
            ("batch_size", self.batch_size.to_string()),
            ("drop_last", self.drop_last.to_string()),
            ("float", F::NAME.to_owned()),
            ("loss", format!("{loss:?}")),
            ("optimizer", self.optimizer.settings()),
        ]);
        if self.checkpoint.is_some() || self.resume.is_some() {
            let mut frozen = Vec::new();
            network.for_each_parameter(|path, p| frozen.extend(p.is_frozen().then(|| path.to_string())));
            notes.insert("frozen", frozen.join(", "));
            notes.insert("data", format!("{} examples, {:016x}", train.len(), train.fingerprint()));
        }
        Run(notes)
    }

    fn check_settings(&self, train: &Dataset) -> Result<(), TrainError> {
        let setting = |setting, expected, got: String| Err(TrainError::Setting { setting, expected, got });
        if self.batch_size == 0 {
            return setting("batch_size", "at least 1", "0".to_owned());
        }
        if self.drop_last && train.len() < self.batch_size {
            let got = format!("{} for {} examples", self.batch_size, train.len());
            return setting("batch_size with drop_last", "at most the number of examples", got);
        }
        if self.evaluate_every == Some(0) || self.checkpoint.as_ref().is_some_and(|c| c.0 == 0) {
            return setting("evaluate_every and checkpoint_every", "at least 1 step", "0".to_owned());
        }
        Ok(self.optimizer.validate()?)
    }

    fn check<N: Forward<F>>(
        &self,
        network: &N,
        loss: &impl Loss<F>,
        train: &Dataset,
        test: &Dataset,
    ) -> Result<(), TrainError> {
        let full = self.batch_size.min(train.len());
        let rest = if self.drop_last { 0 } else { train.len() % self.batch_size };
        for n in [full, rest].into_iter().filter(|&n| n > 0) {
            let output = check_network(network, Mode::Training, batch_shape(train, n))?;
            loss.check(output, train).map_err(TrainError::Targets)?;
        }
        let output = check_network(network, Mode::Evaluation, batch_shape(test, 1))?;
        loss.check(output, test).map_err(TrainError::Targets)
    }
}
