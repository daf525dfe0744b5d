//! Everything that a training needs to go on bit by bit, in one file.
//!
//! A checkpoint is a safetensors file: the network under `model.`, the optimiser's state under `optimizer.`, the network at its best
//! under `best.` where early stopping is on, the history, and notes on the position and the settings. Random numbers come from the
//! seed and the step's number, so those two are the random state; what early stopping and plateaus decide comes from the history.

use std::collections::BTreeMap;
use std::path::Path;

use evenkeel_module::{Forward, ModuleExt, StateDict, StateDictError};
use evenkeel_optim::Optimizer;
use evenkeel_tensor::Float;

use crate::TrainError;
use crate::history::History;
use crate::monitors::Monitors;

/// What must be the same for a run to go on as if it had not been interrupted, by name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Run(pub(crate) BTreeMap<&'static str, String>);

/// Where a run is.
pub(crate) struct Position {
    pub(crate) step: u64,
    pub(crate) seconds: f64,
    pub(crate) history: History,
    pub(crate) monitors: Monitors,
}

const MODEL: &str = "model.";
const OPTIMIZER: &str = "optimizer.";
const BEST: &str = "best.";
const HISTORY: &str = "history.";

/// Adds the entries of `part` to `whole` under a prefix.
fn nest(whole: &mut StateDict, prefix: &str, part: StateDict) {
    whole.tensors.extend(part.tensors.into_iter().map(|(k, v)| (format!("{prefix}{k}"), v)));
    whole.metadata.extend(part.metadata.into_iter().map(|(k, v)| (format!("{prefix}{k}"), v)));
}

/// The entries of `whole` under a prefix.
fn unnest(whole: &StateDict, prefix: &str) -> StateDict {
    fn under<V: Clone>(
        entries: &std::collections::BTreeMap<String, V>,
        prefix: &str,
    ) -> std::collections::BTreeMap<String, V> {
        entries.iter().filter_map(|(k, v)| Some((k.strip_prefix(prefix)?.to_owned(), v.clone()))).collect()
    }
    StateDict { tensors: under(&whole.tensors, prefix), metadata: under(&whole.metadata, prefix) }
}

/// What a checkpoint is made of.
pub(crate) struct Snapshot<'a, F: Float, N> {
    pub(crate) run: &'a Run,
    pub(crate) network: &'a N,
    pub(crate) optimizer: &'a Optimizer<F>,
    pub(crate) monitors: &'a Monitors,
    pub(crate) step: u64,
    pub(crate) seconds: f64,
    pub(crate) history: &'a History,
}

impl<F: Float, N: Forward<F>> Snapshot<'_, F, N> {
    pub(crate) fn save(&self, path: &Path) -> Result<(), TrainError> {
        let mut dict = StateDict::new();
        nest(&mut dict, MODEL, self.network.state_dict());
        nest(&mut dict, OPTIMIZER, self.optimizer.state_dict());
        if let Some((_, best)) = self.monitors.stopping.as_ref().and_then(|stopping| stopping.best.as_ref()) {
            nest(&mut dict, BEST, best.clone());
        }
        // A run that has gone wrong does not replace what it was saved as while it was right.
        if let Some(name) = dict.tensors.iter().find(|(_, entry)| !entry.is_finite()).map(|(name, _)| name.clone()) {
            return Err(TrainError::NotFinite { path: path.to_owned(), name });
        }
        nest(&mut dict, HISTORY, StateDict { tensors: self.history.to_arrays(), metadata: BTreeMap::new() });
        for (name, note) in &self.run.0 {
            dict.metadata.insert(format!("run.{name}"), note.clone());
        }
        dict.metadata.insert("step".to_owned(), self.step.to_string());
        dict.metadata.insert("seconds".to_owned(), self.seconds.to_string());
        dict.save(path).map_err(|source| TrainError::Checkpoint { path: path.to_owned(), source: Box::new(source) })
    }
}

/// Puts a checkpoint's values into the network and the optimiser; the `monitors` take the evaluations at the steps `wanted`. On an
/// error the network is unchanged.
pub(crate) fn load<F: Float>(
    path: &Path,
    run: &Run,
    network: &mut impl Forward<F>,
    optimizer: &mut Optimizer<F>,
    monitors: Monitors,
    wanted: impl Fn(u64) -> bool,
) -> Result<Position, TrainError> {
    let unreadable = |source| TrainError::Checkpoint { path: path.to_owned(), source: Box::new(source) };
    let dict = StateDict::open(path).map_err(unreadable)?;
    let malformed = |got: String| unreadable(StateDictError::Malformed { got });
    let note = |name: &str| {
        dict.metadata.get(name).ok_or_else(|| malformed(format!("a file without the note `{name}`, not a checkpoint")))
    };
    for (&name, expected) in &run.0 {
        let got = note(&format!("run.{name}"))?;
        if got != expected {
            let (expected, got) = (expected.clone(), got.clone());
            return Err(TrainError::CheckpointRun { path: path.to_owned(), what: name, expected, got });
        }
    }
    let (step, seconds) = (note("step")?, note("seconds")?);
    let mut position = Position {
        step: step.parse().map_err(|_| malformed(format!("a note `step` of `{step}`")))?,
        seconds: seconds
            .parse()
            .ok()
            .filter(|s: &f64| s.is_finite() && *s >= 0.0)
            .ok_or_else(|| malformed(format!("a note `seconds` of `{seconds}`")))?,
        history: History::from_arrays(&unnest(&dict, HISTORY).tensors).map_err(malformed)?,
        monitors,
    };
    let last = |log: &crate::history::Log| log.last_step().unwrap_or(0);
    if last(position.history.steps()) != position.step || last(position.history.evaluations()) > position.step {
        return Err(malformed(format!("a note `step` of `{step}` that contradicts the history")));
    }
    let state = unnest(&dict, OPTIMIZER);
    let model = unnest(&dict, MODEL);
    let best = unnest(&dict, BEST);
    if !best.tensors.is_empty() && !are_alike(&best, &model) {
        return Err(malformed("best weights that are not finite or not of this network".to_owned()));
    }
    position.monitors.replay(&position.history, wanted)?;
    position.monitors.set_best(best).map_err(malformed)?;
    if state.metadata.get("optimizer.steps") != Some(step) {
        return Err(malformed(format!("a note `step` of `{step}` that contradicts the optimiser's")));
    }
    optimizer.load_state_dict(network, &state)?;
    network
        .load_state_dict(&model)
        .map_err(|source| TrainError::CheckpointNetwork { path: path.to_owned(), source: Box::new(source) })?;
    Ok(position)
}

/// Whether `best` holds finite arrays of the names and shapes of `model`'s, so that a network takes both or neither.
fn are_alike(best: &StateDict, model: &StateDict) -> bool {
    let shapes =
        |dict: &StateDict| dict.tensors.iter().map(|(name, entry)| (name.clone(), entry.shape())).collect::<Vec<_>>();
    shapes(best) == shapes(model) && best.tensors.values().all(evenkeel_module::Entry::is_finite)
}
