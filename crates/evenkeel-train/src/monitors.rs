//! What the evaluations decide: when to stop, which weights to give back, and how far to lower the learning rate.

use evenkeel_module::{Forward, ModuleExt, StateDict};
use evenkeel_regularize::{Decision, EarlyStopping, EarlyStoppingState, Plateau, PlateauState, RegularizeError};
use evenkeel_tensor::Float;

use crate::TrainError;
use crate::callback::Flow;
use crate::history::History;

/// Early stopping and plateau at work. Their state follows from the values of the evaluations that the settings ask for, so a
/// checkpoint needs to hold the best weights alone.
pub(crate) struct Monitors {
    pub(crate) stopping: Option<Stopping>,
    plateau: Option<(String, PlateauState)>,
}

pub(crate) struct Stopping {
    metric: String,
    state: EarlyStoppingState,
    /// The step of the best evaluation, and the network as it was then.
    pub(crate) best: Option<(u64, StateDict)>,
}

impl Monitors {
    pub(crate) fn new(stopping: Option<&EarlyStopping>, plateau: Option<&Plateau>) -> Result<Self, RegularizeError> {
        let stopping = stopping.map(|settings| {
            let metric = settings.monitor().metric().to_owned();
            settings.start().map(|state| Stopping { metric, state, best: None })
        });
        let plateau =
            plateau.map(|settings| settings.start().map(|state| (settings.monitor().metric().to_owned(), state)));
        Ok(Self { stopping: stopping.transpose()?, plateau: plateau.transpose()? })
    }

    /// What is watched: by which setting, and the metric.
    pub(crate) fn metrics(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let stopping = self.stopping.iter().map(|stopping| ("early_stopping", stopping.metric.as_str()));
        stopping.chain(self.plateau.iter().map(|(metric, _)| ("plateau", metric.as_str())))
    }

    /// Takes the evaluation that was recorded last.
    pub(crate) fn observe<F: Float>(
        &mut self,
        history: &History,
        network: &impl Forward<F>,
    ) -> Result<Flow, TrainError> {
        if let Some((metric, state)) = &mut self.plateau
            && let Some((step, value)) = newest(history, "plateau", metric)?
        {
            state.observe(value).map_err(|source| TrainError::Metric { step, source })?;
        }
        self.stopping.as_mut().map_or(Ok(Flow::Continue), |stopping| stopping.observe(history, network))
    }

    /// Takes the evaluations of a history that are at the steps `wanted`. The best values are still to come:
    /// [`set_best`](Monitors::set_best).
    pub(crate) fn replay(&mut self, history: &History, wanted: impl Fn(u64) -> bool) -> Result<(), TrainError> {
        let curve = |metric: &str| -> Vec<(u64, f64)> {
            history.evaluations().curve(metric).filter(|(step, _)| wanted(*step)).collect()
        };
        if let Some((metric, state)) = &mut self.plateau {
            for (step, value) in curve(metric) {
                state.observe(value).map_err(|source| TrainError::Metric { step, source })?;
            }
        }
        if let Some(stopping) = &mut self.stopping {
            for (step, value) in curve(&stopping.metric) {
                stopping.take(step, value, StateDict::new)?;
            }
        }
        Ok(())
    }

    /// Sets the best values after a replay, or tells that there should be some, or none.
    pub(crate) fn set_best(&mut self, values: StateDict) -> Result<(), String> {
        let best = self.stopping.as_mut().and_then(|stopping| stopping.best.as_mut());
        match best {
            Some((step, _)) if values.tensors.is_empty() => {
                Err(format!("no best weights, which are those of step {step}"))
            }
            None if !values.tensors.is_empty() => Err("best weights that no evaluation chose".to_owned()),
            Some(best) => {
                best.1 = values;
                Ok(())
            }
            None => Ok(()),
        }
    }

    /// The factor on the learning rate.
    pub(crate) fn learning_rate_scale(&self) -> f64 {
        self.plateau.as_ref().map_or(1.0, |(_, state)| state.factor())
    }

    /// The step of the best weights.
    pub(crate) fn best_step(&self) -> Option<u64> {
        self.stopping.as_ref().and_then(|stopping| stopping.best.as_ref()).map(|(step, _)| *step)
    }

    /// Whether the run is over.
    pub(crate) fn flow(&self) -> Flow {
        let stops = self.stopping.as_ref().is_some_and(|stopping| stopping.state.has_stopped());
        if stops { Flow::Stop } else { Flow::Continue }
    }
}

impl Stopping {
    /// Takes the evaluation that was recorded last, of this network.
    pub(crate) fn observe<F: Float>(
        &mut self,
        history: &History,
        network: &impl Forward<F>,
    ) -> Result<Flow, TrainError> {
        match newest(history, "early_stopping", &self.metric)? {
            Some((step, value)) => self.take(step, value, || network.state_dict()),
            None => Ok(Flow::Continue),
        }
    }

    fn take(&mut self, step: u64, value: f64, values: impl FnOnce() -> StateDict) -> Result<Flow, TrainError> {
        let decision = self.state.observe(value).map_err(|source| TrainError::Metric { step, source })?;
        if decision == Decision::Improved {
            self.best = Some((step, values()));
        }
        Ok(if decision == Decision::Stop { Flow::Stop } else { Flow::Continue })
    }

    /// Puts the best values back into the network, which now is as after `step` steps; tells the step that they are of.
    pub(crate) fn give_back<F: Float>(
        self,
        network: &mut impl Forward<F>,
        step: u64,
    ) -> Result<Option<u64>, TrainError> {
        let Some((best, values)) = self.best else { return Ok(None) };
        if best != step {
            let unfit = |source| TrainError::BestWeights { step: best, source: Box::new(source) };
            network.load_state_dict(&values).map_err(unfit)?;
        }
        Ok(Some(best))
    }
}

/// The step and value of the metric in the last evaluation. An evaluation may leave it out, but not the first one: then the name is
/// wrong.
fn newest(history: &History, setting: &'static str, metric: &str) -> Result<Option<(u64, f64)>, TrainError> {
    let log = history.evaluations();
    match log.curve(metric).next_back() {
        None => Err(unknown(setting, metric, log.names().filter(|name| *name != "seconds"))),
        Some(point) => Ok(Some(point).filter(|(step, _)| log.last_step() == Some(*step))),
    }
}

pub(crate) fn unknown<'a>(setting: &'static str, metric: &str, known: impl Iterator<Item = &'a str>) -> TrainError {
    TrainError::UnknownMetric { setting, metric: metric.to_owned(), known: known.collect::<Vec<_>>().join(", ") }
}
