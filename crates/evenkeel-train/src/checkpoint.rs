//! Everything that a training needs to go on bit by bit, in one file.
//!
//! A checkpoint is a safetensors file: the network under `model.`, the optimiser's state under `optimizer.`, and notes on the
//! position and the settings. Random numbers come from the seed and the step's number, so those two are the random state.

use std::path::Path;

use evenkeel_module::{Forward, ModuleExt, StateDict, StateDictError};
use evenkeel_optim::Optimizer;
use evenkeel_tensor::Float;

use crate::TrainError;
use crate::history::History;

/// What must be the same for a run to go on as if it had not been interrupted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Run {
    pub(crate) seed: u64,
    pub(crate) batch_size: usize,
    pub(crate) drop_last: bool,
    pub(crate) examples: usize,
    pub(crate) float: &'static str,
}

/// Where a run is.
pub(crate) struct Position {
    pub(crate) step: u64,
    pub(crate) seconds: f64,
    pub(crate) history: History,
}

impl Run {
    fn notes(&self) -> [(&'static str, String); 5] {
        [
            ("seed", self.seed.to_string()),
            ("batch_size", self.batch_size.to_string()),
            ("drop_last", self.drop_last.to_string()),
            ("examples", self.examples.to_string()),
            ("float", self.float.to_owned()),
        ]
    }
}

const MODEL: &str = "model.";
const OPTIMIZER: &str = "optimizer.";

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

pub(crate) fn save<F: Float>(
    path: &Path,
    run: &Run,
    network: &impl Forward<F>,
    optimizer: &Optimizer<F>,
    step: u64,
    seconds: f64,
    history: &History,
) -> Result<(), TrainError> {
    let mut dict = StateDict::new();
    nest(&mut dict, MODEL, network.state_dict());
    nest(&mut dict, OPTIMIZER, optimizer.state_dict());
    for (name, note) in run.notes() {
        dict.metadata.insert(format!("run.{name}"), note);
    }
    let mut lines = Vec::new();
    history.write_json_lines(&mut lines).expect("writing to memory");
    dict.metadata.insert("step".to_owned(), step.to_string());
    dict.metadata.insert("seconds".to_owned(), seconds.to_string());
    dict.metadata.insert("history".to_owned(), String::from_utf8(lines).expect("JSON is UTF-8"));
    dict.save(path).map_err(|source| TrainError::Checkpoint { path: path.to_owned(), source: Box::new(source) })
}

/// Puts a checkpoint's values into the network and the optimiser. On an error the network is unchanged.
pub(crate) fn load<F: Float>(
    path: &Path,
    run: &Run,
    network: &mut impl Forward<F>,
    optimizer: &mut Optimizer<F>,
) -> Result<Position, TrainError> {
    let unreadable = |source| TrainError::Checkpoint { path: path.to_owned(), source: Box::new(source) };
    let dict = StateDict::open(path).map_err(unreadable)?;
    let note = |name: &str| {
        dict.metadata.get(name).ok_or_else(|| {
            unreadable(StateDictError::Malformed { got: format!("a file without the note `{name}`, not a checkpoint") })
        })
    };
    for (name, expected) in run.notes() {
        let got = note(&format!("run.{name}"))?;
        if *got != expected {
            return Err(TrainError::CheckpointRun { path: path.to_owned(), what: name, expected, got: got.clone() });
        }
    }
    let parse = |name: &str| {
        let text = note(name)?;
        text.parse::<f64>().map_err(|_| {
            unreadable(StateDictError::Malformed { got: format!("a note `{name}` of `{text}`, not a number") })
        })
    };
    let position = Position {
        step: parse("step")? as u64,
        seconds: parse("seconds")?,
        history: History::read_json_lines(note("history")?.as_bytes()).map_err(|e| {
            unreadable(StateDictError::Malformed { got: format!("a history that does not parse ({e})") })
        })?,
    };
    optimizer.load_state_dict(network, &unnest(&dict, OPTIMIZER))?;
    network
        .load_state_dict(&unnest(&dict, MODEL))
        .map_err(|source| TrainError::CheckpointNetwork { path: path.to_owned(), source: Box::new(source) })?;
    Ok(position)
}
