//! The loop: steps, evaluations, checkpoints.

use std::time::Instant;

use evenkeel_data::{Batch, Batches, Dataset};
use evenkeel_module::{Fault, Forward, Mode, ModuleExt, Pass, Step, Workspace};
use evenkeel_tensor::{Float, kernel};

use crate::callback::{Callback, Event, Flow};
use crate::checkpoint::{self, Run, Snapshot};
use crate::evaluate::{Evaluator, correct};
use crate::history::{self, History};
use crate::monitors::Monitors;
use crate::prepare::is_regular;
use crate::progress::Progress;
use crate::settings::{Length, Settings};
use crate::{Loss, TrainError, Trainer};

/// A training under way.
pub(crate) struct Loop<'a, F: Float, N, L, C> {
    settings: Settings<F>,
    callback: C,
    run: Run,
    monitors: Monitors,
    /// The optimiser's scale before any plateau.
    scale: f64,
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
    /// Of the step under way.
    metrics: Vec<(&'static str, f64)>,
    /// Seconds of the run before it was interrupted.
    before: f64,
    start: Instant,
}

impl<'a, F: Float, N: Forward<F>, L: Loss<F>, C: Callback<F, N>> Loop<'a, F, N, L, C> {
    pub(crate) fn new(
        Trainer { settings, callback }: Trainer<F, C>,
        run: Run,
        at: checkpoint::Position,
        network: &'a mut N,
        loss: &'a L,
        train: &'a Dataset,
        test: &'a Dataset,
    ) -> Self {
        let per_epoch = settings.per_epoch(train);
        let steps = match settings.length {
            Length::Epochs(epochs) => epochs.saturating_mul(per_epoch),
            Length::Steps(steps) => steps,
        };
        let mut history = at.history;
        // Beyond this many steps the columns grow by doubling.
        history.reserve_steps(steps.saturating_sub(at.step).min(1 << 16) as usize);
        Self {
            progress: Progress::new(settings.progress, steps, at.step),
            scale: settings.optimizer.learning_rate_scale(),
            settings,
            callback,
            run,
            monitors: at.monitors,
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
            metrics: Vec::new(),
            before: at.seconds,
            start: Instant::now(),
        }
    }

    pub(crate) fn run(mut self, batches: &Batches<F>) -> Result<History, TrainError> {
        let mut examples = batches.epoch(self.step / self.per_epoch);
        let mut batch = Batch::default();
        let mut flow = self.monitors.flow();
        self.follow_plateau();
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
                flow = self.after_step()?;
                if flow == Flow::Stop {
                    break;
                }
            }
        }
        if self.history.evaluations().last_step() != Some(self.step) {
            self.evaluate()?;
        }
        if let Some((_, path)) = self.settings.checkpoint.take() {
            self.save(&path)?;
        }
        self.give_back()?;
        Ok(self.history)
    }

    /// One step: forward, backward, update.
    fn train_on(&mut self, batch: &Batch<F>, epoch: u64) -> Result<(), TrainError> {
        let noise = self.settings.seed.stream("noise").at(self.step);
        let pass = self.workspace.begin(Mode::Training, noise);
        let output = self.network.forward(&pass, pass.constant(batch.inputs.clone()));
        let loss = self.loss.loss(&pass, output, &batch.targets);
        let value = loss.item().to_f64();
        let regularizer = self.settings.regularizer.as_ref();
        // Asked before the penalty, whose gradient every parameter has, those too that the network does not use.
        if regularizer.is_some() && !takes_part(self.network, &pass) {
            return Err(TrainError::NothingLearns);
        }
        let penalty = regularizer.and_then(|regularizer| regularizer.loss(&pass, self.network, self.train.len()));
        let objective = penalty.map_or(loss, |penalty| loss + penalty);
        let total = objective.item().to_f64();
        if !total.is_finite() {
            let fault = pass.first_fault(self.network).map(Box::new);
            return Err(TrainError::Diverged { step: self.step + 1, loss: total, fault });
        }
        self.metrics.clear();
        if let Some(labels) = batch.targets.classes() {
            self.metrics.push(("accuracy", correct(&output.value(), labels) as f64 / labels.len() as f64));
        }
        if let Some(regularizer) = regularizer {
            self.metrics.push(("penalty", regularizer.value(self.network, self.train.len())));
        }
        pass.backward(objective);
        let done = self.workspace.finish();
        if let Some(fault) = first_bad_gradient(self.network, &done) {
            return Err(TrainError::Diverged { step: self.step + 1, loss: value, fault: Some(Box::new(fault)) });
        }
        let report = self.settings.optimizer.step(self.network, &done)?;
        if report.updated == 0 {
            return Err(TrainError::NothingLearns);
        }
        if let Some(regularizer) = &self.settings.regularizer {
            let factor = self.settings.optimizer.learning_rate_factors();
            regularizer.apply(self.network, self.train.len(), |path| report.learning_rate * factor(path));
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
            metrics: &self.metrics,
        });
        self.progress.step(self.step, epoch + 1, value);
        Ok(())
    }

    fn after_step(&mut self) -> Result<Flow, TrainError> {
        let mut flow = self.notify(|callback, event| callback.after_step(event));
        if self.is_regular() || self.step == self.steps {
            let after = self.evaluate()?;
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

    /// Evaluates, and decides by it if this evaluation belongs to every run, wherever it ends.
    fn evaluate(&mut self) -> Result<Flow, TrainError> {
        let result = self.evaluator.evaluate(self.network, self.loss, self.test);
        let mut metrics = vec![("test_loss", result.loss)];
        metrics.extend(result.accuracy.map(|accuracy| ("test_accuracy", accuracy)));
        self.callback.measure(self.network, &mut metrics);
        self.history.record_evaluation(history::Evaluation {
            step: self.step,
            epoch: self.epoch().saturating_sub(1),
            seconds: self.seconds(),
            metrics: &metrics,
        });
        let mut flow = Flow::Continue;
        if self.is_regular() {
            flow = self.monitors.observe(&self.history, &*self.network)?;
            self.follow_plateau();
        }
        self.progress.evaluated(result.accuracy, self.monitors.best_step());
        let after = self.notify(|callback, event| callback.after_evaluation(event));
        Ok(if flow == Flow::Stop { flow } else { after })
    }

    fn is_regular(&self) -> bool {
        is_regular(self.step, self.settings.evaluate_every, self.per_epoch)
    }

    fn follow_plateau(&mut self) {
        self.settings.optimizer.set_learning_rate_scale(self.scale * self.monitors.learning_rate_scale());
    }

    /// Puts the best weights back, after a last look at an evaluation that is there because the run has ended.
    fn give_back(&mut self) -> Result<(), TrainError> {
        let Some(mut stopping) = self.monitors.stopping.take() else { return Ok(()) };
        if !self.is_regular() {
            stopping.observe(&self.history, &*self.network)?;
        }
        if let Some(step) = stopping.give_back(self.network, self.step)? {
            self.history.record_restored_step(step);
        }
        Ok(())
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
        call(&mut self.callback, &event)
    }

    fn save(&self, path: &std::path::Path) -> Result<(), TrainError> {
        let snapshot = Snapshot {
            run: &self.run,
            network: &*self.network,
            optimizer: &self.settings.optimizer,
            monitors: &self.monitors,
            step: self.step,
            seconds: self.seconds(),
            history: &self.history,
        };
        snapshot.save(path)
    }

    /// The epoch of the last step, from 1; 0 before the first.
    fn epoch(&self) -> u64 {
        self.step.div_ceil(self.per_epoch)
    }

    fn seconds(&self) -> f64 {
        self.before + self.start.elapsed().as_secs_f64()
    }
}

/// Whether the pass has used a parameter that learns.
fn takes_part<F: Float>(network: &impl Forward<F>, pass: &Pass<'_, F>) -> bool {
    let mut used = false;
    network.for_each_parameter(|_, parameter| used |= !parameter.is_frozen() && pass.bound(parameter).is_some());
    used
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
