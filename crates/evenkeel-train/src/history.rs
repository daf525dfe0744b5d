//! What a training left behind: the loss of every step and the metrics of every evaluation.
//!
//! A [`History`] is two append-only [`Log`]s. *Steps* hold loss and learning rate (and whatever else was measured on
//! the batch); *evaluations* hold the metrics on whole parts of the data and the seconds since training began. Values lie
//! in columns, so recording a step allocates only when a column grows, and 50 000 steps with a loss cost about 2.5 MB.
//!
//! ```
//! use evenkeel_train::history::{Evaluation, History, Step};
//!
//! let mut history = History::new();
//! for step in 1..=100 {
//!     let loss = 2.3 / step as f64;
//!     history.record_step(Step { step, epoch: 0, loss, learning_rate: 0.1, metrics: &[] });
//!     if step % 20 == 0 {
//!         let accuracy = 1.0 - 0.5 / (step as f64);
//!         history.record_evaluation(Evaluation { step, epoch: 0, seconds: 0.01, metrics: &[("test_accuracy", accuracy)] });
//!     }
//! }
//! assert_eq!(history.steps_to("test_accuracy", 0.98), Some(40));
//! assert_eq!(history.last("loss"), Some(0.023));
//! assert_eq!(history.best("test_accuracy"), Some((100, 0.995)));
//! assert_eq!(history.curve("test_accuracy").len(), 5);
//! ```
//!
//! # Files
//!
//! [JSON lines](History::write_json_lines) hold the whole history, a record a line, and are read back to the same bits;
//! [CSV](Log::write_csv) is for spreadsheets and data frames, a table for the steps and one for the evaluations.

mod json;
mod log;
mod state;

use std::path::Path;

pub use evenkeel_regularize::lower_is_better;
pub use json::ReadHistoryError;
pub use log::Log;

use crate::report::{WriteError, write_atomically};

/// Names that metrics may not have, because a record has a field of that name.
pub const RESERVED_NAMES: [&str; 6] = ["kind", "step", "epoch", "loss", "learning_rate", "seconds"];

/// One optimiser step, as [`History::record_step`] takes it.
#[derive(Clone, Copy, Debug)]
pub struct Step<'a> {
    /// Number of the step in the whole training, from 1.
    pub step: u64,
    /// Number of the epoch the step belongs to, from 0.
    pub epoch: u64,
    /// The loss on the step's batch, before the update.
    pub loss: f64,
    /// The learning rate of the update.
    pub learning_rate: f64,
    /// What else was measured on the batch, by name.
    pub metrics: &'a [(&'a str, f64)],
}

/// One evaluation, as [`History::record_evaluation`] takes it.
#[derive(Clone, Copy, Debug)]
pub struct Evaluation<'a> {
    /// How many steps had been made; 0 before training.
    pub step: u64,
    /// Number of the epoch the last step belongs to, from 0.
    pub epoch: u64,
    /// Seconds of wall time since training began.
    pub seconds: f64,
    /// The metrics by name, such as `test_loss`, `test_accuracy`, `train_accuracy`.
    pub metrics: &'a [(&'a str, f64)],
}

/// Steps and evaluations of one training, in the order they happened.
///
/// Queries by metric look among the evaluations first, then among the steps; ask [`steps`](Self::steps) or
/// [`evaluations`](Self::evaluations) where a name occurs in both.
#[derive(Clone, Debug)]
pub struct History {
    steps: Log,
    evaluations: Log,
    restored: Option<u64>,
}

impl History {
    /// An empty history.
    #[must_use]
    pub fn new() -> Self {
        let steps = Log::new("step", &["loss", "learning_rate"]);
        Self { steps, evaluations: Log::new("evaluation", &["seconds"]), restored: None }
    }

    /// Makes room for `additional` more steps at once, so that recording them allocates nothing.
    pub fn reserve_steps(&mut self, additional: usize) {
        self.steps.reserve(additional);
    }

    /// Appends one step.
    ///
    /// # Panics
    /// If the step's number is not above the last one's, or if a metric has a [reserved name](RESERVED_NAMES) or occurs
    /// twice.
    #[track_caller]
    pub fn record_step(&mut self, Step { step, epoch, loss, learning_rate, metrics }: Step<'_>) {
        assert!(step >= self.next_step(), "record_step: expected a step from {}, got {step}", self.next_step());
        check_names(metrics);
        self.steps.push(step, epoch, &[loss, learning_rate], metrics.iter().copied());
    }

    /// Appends one evaluation. Several may belong to the same step.
    ///
    /// # Panics
    /// If the step's number is below the last evaluation's, or if a metric has a [reserved name](RESERVED_NAMES) or
    /// occurs twice.
    #[track_caller]
    pub fn record_evaluation(&mut self, Evaluation { step, epoch, seconds, metrics }: Evaluation<'_>) {
        let last = self.evaluations.last_step().unwrap_or(0);
        assert!(step >= last, "record_evaluation: expected a step from {last}, got {step}");
        check_names(metrics);
        self.evaluations.push(step, epoch, &[seconds], metrics.iter().copied());
    }

    /// Notes that the network was given back the weights it had after `step` steps.
    pub fn record_restored_step(&mut self, step: u64) {
        self.restored = Some(step);
    }

    /// The number of steps after which the network had the weights that it was given back at the end, by
    /// [early stopping](crate::Trainer::early_stopping); `None` if it has those of the last step.
    #[must_use]
    pub fn restored_step(&self) -> Option<u64> {
        self.restored
    }

    /// The lowest number that the next step may have.
    fn next_step(&self) -> u64 {
        self.steps.last_step().unwrap_or(0).saturating_add(1)
    }

    /// The steps: columns `loss`, `learning_rate`, then the batch metrics by name.
    #[must_use]
    pub fn steps(&self) -> &Log {
        &self.steps
    }

    /// The evaluations: column `seconds`, then the metrics by name.
    #[must_use]
    pub fn evaluations(&self) -> &Log {
        &self.evaluations
    }

    /// Whether nothing was recorded.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty() && self.evaluations.is_empty() && self.restored.is_none()
    }

    fn log_of(&self, metric: &str) -> &Log {
        if self.evaluations.has(metric) { &self.evaluations } else { &self.steps }
    }

    /// The metric's values by step; empty where the metric was never recorded.
    #[must_use]
    pub fn curve(&self, metric: &str) -> Vec<(u64, f64)> {
        self.log_of(metric).curve(metric).collect()
    }

    /// The metric's last value.
    #[must_use]
    pub fn last(&self, metric: &str) -> Option<f64> {
        self.log_of(metric).curve(metric).next_back().map(|(_, value)| value)
    }

    /// The metric's best value and the first step that had it; NaN is never best.
    ///
    /// Best is the lowest where [`lower_is_better`] says so of the name, otherwise the highest.
    #[must_use]
    pub fn best(&self, metric: &str) -> Option<(u64, f64)> {
        let lower = lower_is_better(metric);
        self.log_of(metric).curve(metric).filter(|(_, value)| !value.is_nan()).reduce(|best, point| {
            let better = if lower { point.1 < best.1 } else { point.1 > best.1 };
            if better { point } else { best }
        })
    }

    /// The first step whose value is at least as good as `threshold`, in [`best`](Self::best)'s direction.
    #[must_use]
    pub fn steps_to(&self, metric: &str, threshold: f64) -> Option<u64> {
        let lower = lower_is_better(metric);
        let reached = |value: f64| if lower { value <= threshold } else { value >= threshold };
        self.log_of(metric).curve(metric).find(|&(_, value)| reached(value)).map(|(step, _)| step)
    }

    /// [Writes](Self::write_json_lines) the history to a file, whole or not at all.
    ///
    /// # Errors
    /// [`WriteError`] if the file cannot be written; one that was there stays as it was.
    pub fn save_json_lines(&self, path: impl AsRef<Path>) -> Result<(), WriteError> {
        write_atomically(path.as_ref(), |file| self.write_json_lines(file))
    }
}

impl Default for History {
    fn default() -> Self {
        Self::new()
    }
}

#[track_caller]
fn check_names(metrics: &[(&str, f64)]) {
    for (i, (name, _)) in metrics.iter().enumerate() {
        assert!(
            !RESERVED_NAMES.contains(name),
            "a metric cannot be named `{name}`: the record has a field of that name"
        );
        assert!(
            metrics[..i].iter().all(|(other, _)| other != name),
            "the metric `{name}` is given twice in one record"
        );
    }
}
