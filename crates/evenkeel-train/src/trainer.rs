//! The loop.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Instant;

use evenkeel_data::{Batch, Dataset};
use evenkeel_module::{Fault, Forward, Mode, ModuleExt, NetworkError, Step, Workspace, check_network};
use evenkeel_optim::Optimizer;
use evenkeel_tensor::{Float, Seed, Tensor, kernel, parallel};

use crate::callback::{Callback, Event, Flow};
use crate::checkpoint::{self, Run};
use crate::evaluate::{Evaluator, batch_shape, correct};
use crate::history::{self, History};
use crate::progress::Progress;
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
    optimizer: Optimizer<F>,
    length: Length,
    batch_size: usize,
    drop_last: bool,
    seed: Seed,
    progress: bool,
    evaluate_every: Option<u64>,
    prefetch: usize,
    checkpoint: Option<(u64, PathBuf)>,
    resume: Option<PathBuf>,
    callback: C,
}

#[derive(Clone, Copy, Debug)]
enum Length {
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

/// A training under way.
struct Loop<'a, F: Float, N, L, C> {
    settings: Trainer<F, C>,
    run: Run,
    network: &'a mut N,
    loss: &'a L,
    train: &'a Dataset,
    test: &'a Dataset,
    workspace: Workspace<F>,
    evaluator: Evaluator<F>,
    progress: Progress,
    history: History,
    step: u64,
    steps: u64,
    per_epoch: u64,
    last_loss: f64,
    last_learning_rate: f64,
    /// Seconds of the run before it was interrupted.
    before: f64,
    start: Instant,
}

impl<'a, F: Float, N: Forward<F>, L: Loss<F>, C: Callback<F, N>> Loop<'a, F, N, L, C> {
    fn new(
        settings: Trainer<F, C>,
        run: Run,
        at: checkpoint::Position,
        network: &'a mut N,
        loss: &'a L,
        train: &'a Dataset,
        test: &'a Dataset,
    ) -> Self {
        let per_epoch = if settings.drop_last {
            train.len() / settings.batch_size
        } else {
            train.len().div_ceil(settings.batch_size)
        } as u64;
        let steps = match settings.length {
            Length::Epochs(epochs) => epochs.saturating_mul(per_epoch),
            Length::Steps(steps) => steps,
        };
        let mut history = at.history;
        // Beyond this many steps the columns grow by doubling.
        history.reserve_steps(steps.saturating_sub(at.step).min(1 << 16) as usize);
        Self {
            progress: Progress::new(settings.progress, steps, at.step),
            settings,
            run,
            network,
            loss,
            train,
            test,
            workspace: Workspace::new(),
            evaluator: Evaluator::new(),
            history,
            step: at.step,
            steps,
            per_epoch,
            last_loss: f64::NAN,
            last_learning_rate: f64::NAN,
            before: at.seconds,
            start: Instant::now(),
        }
    }

    fn run(mut self) -> Result<History, TrainError> {
        let order = self.settings.seed.stream("order");
        let batches =
            self.train.batches::<F>(self.settings.batch_size).shuffled(order).drop_last(self.settings.drop_last);
        let mut examples = batches.epoch(self.step / self.per_epoch);
        let mut batch = Batch::default();
        let mut flow = Flow::Continue;
        self.notify(|callback, event| {
            callback.at_start(event);
            Flow::Continue
        });
        while flow == Flow::Continue && self.step < self.steps {
            let (epoch, first) = (self.step / self.per_epoch, self.step % self.per_epoch);
            let last = self.per_epoch.min(first + (self.steps - self.step));
            examples.restart(epoch);
            let mut ahead = (self.settings.prefetch > 0)
                .then(|| examples.clone().starting_at(first as usize).prefetch(self.settings.prefetch));
            for position in first..last {
                match &mut ahead {
                    Some(ahead) => assert!(ahead.next_into(&mut batch), "a batch for each position"),
                    None => examples.fill(position as usize, &mut batch),
                }
                self.train_on(&batch, epoch)?;
                flow = self.after_step(position + 1 == self.per_epoch)?;
                if flow == Flow::Stop {
                    break;
                }
            }
        }
        if self.history.evaluations().last_step() != Some(self.step) {
            self.evaluate();
        }
        if let Some((_, path)) = self.settings.checkpoint.take() {
            self.save(&path)?;
        }
        Ok(self.history)
    }

    /// One step: forward, backward, update.
    fn train_on(&mut self, batch: &Batch<F>, epoch: u64) -> Result<(), TrainError> {
        let noise = self.settings.seed.stream("noise").at(self.step);
        let pass = self.workspace.begin(Mode::Training, noise);
        let output = self.network.forward(&pass, pass.constant(batch.inputs.clone()));
        let loss = self.loss.loss(&pass, output, &batch.targets);
        let value = loss.item().to_f64();
        if !value.is_finite() {
            let fault = pass.first_fault(self.network).map(Box::new);
            return Err(TrainError::Diverged { step: self.step + 1, loss: value, fault });
        }
        let accuracy =
            batch.targets.classes().map(|labels| correct(&output.value(), labels) as f64 / labels.len() as f64);
        pass.backward(loss);
        let done = self.workspace.finish();
        if let Some(fault) = first_bad_gradient(self.network, &done) {
            return Err(TrainError::Diverged { step: self.step + 1, loss: value, fault: Some(Box::new(fault)) });
        }
        let report = self.settings.optimizer.step(self.network, &done)?;
        if report.updated == 0 {
            return Err(TrainError::NothingLearns);
        }
        let lost = done.commit(self.network);
        if lost > 0 {
            return Err(TrainError::LostStatistics { observations: lost });
        }
        self.step += 1;
        (self.last_loss, self.last_learning_rate) = (value, report.learning_rate);
        self.history.record_step(history::Step {
            step: self.step,
            epoch,
            loss: value,
            learning_rate: report.learning_rate,
            metrics: accuracy.map(|a| ("accuracy", a)).as_slice(),
        });
        self.progress.step(self.step, epoch + 1, value);
        Ok(())
    }

    fn after_step(&mut self, epoch_ends: bool) -> Result<Flow, TrainError> {
        let mut flow = self.notify(|callback, event| callback.after_step(event));
        let due = self.settings.evaluate_every.map_or(epoch_ends, |every| self.step.is_multiple_of(every));
        if due || self.step == self.steps {
            let after = self.evaluate();
            flow = if after == Flow::Stop { after } else { flow };
        }
        if let Some((every, path)) = &self.settings.checkpoint
            && self.step.is_multiple_of(*every)
            && self.step < self.steps
        {
            let path = path.clone();
            self.save(&path)?;
        }
        Ok(flow)
    }

    fn evaluate(&mut self) -> Flow {
        let result = self.evaluator.evaluate(self.network, self.loss, self.test);
        self.progress.evaluated(result.accuracy);
        let mut metrics = vec![("test_loss", result.loss)];
        metrics.extend(result.accuracy.map(|accuracy| ("test_accuracy", accuracy)));
        self.settings.callback.measure(self.network, &mut metrics);
        self.history.record_evaluation(history::Evaluation {
            step: self.step,
            epoch: self.epoch().saturating_sub(1),
            seconds: self.seconds(),
            metrics: &metrics,
        });
        self.notify(|callback, event| callback.after_evaluation(event))
    }

    fn notify(&mut self, call: impl FnOnce(&mut C, &Event<'_, F, N>) -> Flow) -> Flow {
        let event = Event {
            step: self.step,
            epoch: self.epoch(),
            loss: self.last_loss,
            learning_rate: self.last_learning_rate,
            seconds: self.seconds(),
            history: &self.history,
            network: &*self.network,
            float: std::marker::PhantomData,
        };
        call(&mut self.settings.callback, &event)
    }

    fn save(&self, path: &std::path::Path) -> Result<(), TrainError> {
        let (network, optimizer) = (&*self.network, &self.settings.optimizer);
        checkpoint::save(path, &self.run, network, optimizer, self.step, self.seconds(), &self.history)
    }

    /// The epoch of the last step, from 1; 0 before the first.
    fn epoch(&self) -> u64 {
        self.step.div_ceil(self.per_epoch)
    }

    fn seconds(&self) -> f64 {
        self.before + self.start.elapsed().as_secs_f64()
    }
}

/// The parameter whose gradient went wrong first: the backward pass runs from the last one to the first.
fn first_bad_gradient<F: Float>(network: &impl Forward<F>, step: &Step<'_, F>) -> Option<Fault> {
    let mut fault = None;
    network.for_each_parameter(|path, parameter| {
        if step.with_gradient(parameter, kernel::all_finite) == Some(false) {
            let layer = path.parent().map_or(String::new(), ToString::to_string);
            fault =
                Some(Fault { layer, what: format!("the gradient of parameter `{path}`"), shape: parameter.shape() });
        }
    });
    fault
}
