//! The progress bar: shown on a terminal, silent elsewhere.

use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

/// How often the text beside the bar changes; formatting it costs more than a step of a small network.
const INTERVAL: Duration = Duration::from_millis(100);

pub(crate) struct Progress {
    bar: Option<ProgressBar>,
    shown: Option<Instant>,
    accuracy: Option<f64>,
    best: Option<u64>,
}

impl Progress {
    /// A bar of `steps` steps, if `wanted` and standard error is a terminal.
    pub(crate) fn new(wanted: bool, steps: u64, done: u64) -> Self {
        let bar = wanted.then(|| {
            let bar = ProgressBar::new(steps);
            let template = "{msg} {wide_bar:.cyan/blue} {pos}/{len} eta {eta}";
            bar.set_style(ProgressStyle::with_template(template).expect("a valid template").progress_chars("━╸─"));
            bar.set_position(done);
            bar.reset_eta();
            bar
        });
        Self { bar: bar.filter(|bar| !bar.is_hidden()), shown: None, accuracy: None, best: None }
    }

    pub(crate) fn evaluated(&mut self, accuracy: Option<f64>, best: Option<u64>) {
        (self.accuracy, self.best) = (accuracy, best);
    }

    pub(crate) fn step(&mut self, step: u64, epoch: u64, loss: f64) {
        let Some(bar) = &self.bar else { return };
        if self.shown.is_none_or(|shown| shown.elapsed() >= INTERVAL) {
            self.shown = Some(Instant::now());
            let accuracy = self.accuracy.map_or(String::new(), |a| format!(" accuracy {:.2} %", 100.0 * a));
            let best = self.best.map_or(String::new(), |step| format!(" best at step {step}"));
            bar.set_message(format!("epoch {epoch} loss {loss:.4}{accuracy}{best}"));
            bar.set_position(step);
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
