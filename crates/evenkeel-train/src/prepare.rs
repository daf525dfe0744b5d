//! From the settings to the first step: what is checked, and what a checkpoint has to agree with.

use std::collections::BTreeMap;

use evenkeel_data::{Batches, Dataset, Targets};
use evenkeel_module::{Forward, Mode, ModuleExt, check_network};
use evenkeel_regularize::Regularizer;
use evenkeel_tensor::{Float, Tensor, parallel};

use crate::callback::Callback;
use crate::checkpoint::{self, Run};
use crate::evaluate::stacked;
use crate::fit::Loop;
use crate::history::History;
use crate::monitors::{Monitors, unknown};
use crate::settings::Settings;
use crate::{Loss, TrainError, Trainer};

impl<F: Float, C> Trainer<F, C> {
    /// Trains `network` on `train`, evaluating on `test`.
    ///
    /// The history has, for each step, `loss`, the learning rate, (with class targets) `accuracy` on the step's batch and (with a
    /// [regulariser](Self::regularizer)) `penalty`, and for each evaluation `test_loss` and `test_accuracy`.
    ///
    /// # Errors
    /// Before any step: settings out of range, a network that does not fit the data or has no values yet, a checkpoint of
    /// another run, a metric to watch that there will not be. During the run: a loss that is not finite, with the step and the first
    /// bad operation; a metric to watch that is not finite or not there; a checkpoint that cannot be written.
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
        let settings = &mut self.settings;
        settings.check(train)?;
        let monitors = Monitors::new(settings.early_stopping.as_ref(), settings.plateau.as_ref())?;
        settings.check_metrics(&monitors, test)?;
        let run = settings.run(network, &loss, train);
        let batches = settings.batches(train)?;
        let at = if let Some(path) = settings.resume.clone() {
            let (every, per_epoch) = (settings.evaluate_every, settings.per_epoch(train));
            let regular = |step| is_regular(step, every, per_epoch);
            checkpoint::load(&path, &run, network, &mut settings.optimizer, monitors, regular)?
        } else {
            checkpoint::Position { step: 0, seconds: 0.0, history: History::new(), monitors }
        };
        settings.check_network(network, &loss, train, &batches, test)?;
        // Inside the pool a split of work costs nanoseconds, from outside microseconds.
        parallel::install(|| Loop::new(self, run, at, network, &loss, train, test).run(&batches))
    }
}

/// Whether there is an evaluation after `step` steps wherever the run ends; only these decide on stopping and the learning rate.
pub(crate) fn is_regular(step: u64, evaluate_every: Option<u64>, per_epoch: u64) -> bool {
    step > 0 && step.is_multiple_of(evaluate_every.unwrap_or(per_epoch))
}

impl<F: Float> Settings<F> {
    /// The number of steps in an epoch.
    pub(crate) fn per_epoch(&self, train: &Dataset) -> u64 {
        let (examples, size) = (train.len(), self.batch_size);
        (if self.drop_last { examples / size } else { examples.div_ceil(size) }) as u64
    }

    /// What a checkpoint of this run has to agree with.
    fn run<N: Forward<F>>(&self, network: &N, loss: &impl Loss<F>, train: &Dataset) -> Run {
        let mut notes = BTreeMap::from([
            ("seed", self.seed.0.to_string()),
            ("batch_size", self.batch_size.to_string()),
            ("drop_last", self.drop_last.to_string()),
            ("sampling", self.sampling.to_string()),
            ("float", F::NAME.to_owned()),
            ("loss", format!("{loss:?}")),
            ("optimizer", self.optimizer.settings()),
            ("augment", self.changes.iter().map(|change| change.settings.as_str()).collect::<Vec<_>>().join(", ")),
            ("regularizer", self.regularizer.as_ref().map_or_else(String::new, Regularizer::settings)),
            ("early_stopping", format!("{:?}", self.early_stopping)),
            ("plateau", format!("{:?}", self.plateau)),
        ]);
        if self.early_stopping.is_some() || self.plateau.is_some() {
            // Patience is counted in evaluations.
            notes.insert("evaluate_every", format!("{:?}", self.evaluate_every));
        }
        if self.checkpoint.is_some() || self.resume.is_some() {
            let mut frozen = Vec::new();
            network.for_each_parameter(|path, p| frozen.extend(p.is_frozen().then(|| path.to_string())));
            notes.insert("frozen", frozen.join(", "));
            notes.insert("data", format!("{} examples, {:016x}", train.len(), train.fingerprint()));
        }
        Run(notes)
    }

    fn check(&self, train: &Dataset) -> Result<(), TrainError> {
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

    /// Whether there will be the metrics to watch: known before training, unless a callback may add to them.
    fn check_metrics(&self, monitors: &Monitors, test: &Dataset) -> Result<(), TrainError> {
        let all = ["test_loss", "test_accuracy"];
        let known = &all[..1 + usize::from(test.classes().is_some())];
        let missing = |(_, metric): &(_, &str)| !self.has_callbacks && !known.contains(metric);
        let problem = monitors.metrics().find(missing);
        problem.map_or(Ok(()), |(setting, metric)| Err(unknown(setting, metric, known.iter().copied())))
    }

    /// The training batches. Takes the changes out of the settings.
    fn batches(&mut self, train: &Dataset) -> Result<Batches<F>, TrainError> {
        let drawn = train.batches(self.batch_size).sampled(&self.sampling, self.seed.stream("order"))?;
        let batches = drawn.drop_last(self.drop_last);
        let mut changes = self.changes.drain(..);
        Ok(changes.try_fold(batches, |batches, change| (change.apply)(batches, self.seed))?)
    }

    fn check_network<N: Forward<F>>(
        &self,
        network: &N,
        loss: &impl Loss<F>,
        train: &Dataset,
        batches: &Batches<F>,
        test: &Dataset,
    ) -> Result<(), TrainError> {
        let full = self.batch_size.min(train.len());
        let rest = if self.drop_last { 0 } else { train.len() % self.batch_size };
        // Mixing turns classes into shares of them, which not every loss takes.
        let mixed =
            batches.epoch(0).next().filter(|_| train.classes().is_some()).and_then(|batch| match batch.targets {
                Targets::Values(shares) => {
                    Dataset::regression(Tensor::<f32>::zeros([shares.shape()[0], 1]), shares).ok()
                }
                Targets::Classes(_) => None,
            });
        for n in [full, rest].into_iter().filter(|&n| n > 0) {
            let output = check_network(network, Mode::Training, stacked(n, &batches.sample_shape()))?;
            loss.check(output, mixed.as_ref().unwrap_or(train)).map_err(TrainError::Targets)?;
        }
        let output = check_network(network, Mode::Evaluation, stacked(1, &test.sample_shape()))?;
        loss.check(output, test).map_err(TrainError::Targets)?;
        Ok(self.regularizer.iter().try_for_each(|regularizer| regularizer.validate(network))?)
    }
}
