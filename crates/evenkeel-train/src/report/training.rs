//! The report that every history can give.

use std::{collections::BTreeMap, path::Path};

use super::{Chart, Report, Table, WriteError, text::number};
use crate::history::{History, Log};

/// The name of the points where the weights given back are from.
const RESTORED: &str = "weights given back";

impl History {
    /// A page with a table of all metrics and a chart for each kind of them.
    ///
    /// Metrics that differ only in the part of the data they were taken on (`train_loss`, `test_loss`, and the `loss` of the
    /// steps) share a chart. Steps are drawn pale, with their moving mean over a fiftieth of the training. Where early stopping gave
    /// weights back, the evaluation that they are of is marked.
    #[must_use]
    pub fn report(&self, title: impl Into<String>) -> Report {
        let report = Report::new(title).paragraph(self.summary());
        if self.is_empty() {
            return report;
        }
        let report = report.table(self.metrics_table());
        let mut charts: BTreeMap<&str, Chart> = BTreeMap::new();
        for metric in self.steps().names() {
            let curve: Vec<(u64, f64)> = self.steps().curve(metric).collect();
            if metric == "learning_rate" && curve.windows(2).all(|pair| pair[0].1 == pair[1].1) {
                continue;
            }
            add(&mut charts, metric, |chart| {
                let window = curve.len() / 50;
                if window < 2 || metric == "learning_rate" {
                    chart.line(metric, curve)
                } else {
                    let name = format!("{metric} (mean of {window} steps)");
                    let mean = moving_mean(&curve, window);
                    chart.thin_line(name.as_str(), curve).line(name, mean)
                }
            });
        }
        for metric in self.evaluations().names().filter(|name| *name != "seconds") {
            let curve = self.evaluations().curve(metric);
            let restored: Vec<(u64, f64)> =
                self.evaluations().curve(metric).filter(|(step, _)| Some(*step) == self.restored_step()).collect();
            add(&mut charts, metric, |chart| {
                let chart = chart.line(metric, curve);
                if restored.is_empty() { chart } else { chart.bold_points(RESTORED, restored) }
            });
        }
        charts.into_values().fold(report, Report::chart)
    }

    /// Writes the [`report`](Self::report) to a file, whole or not at all.
    ///
    /// # Errors
    /// [`WriteError`] if the file cannot be written; one that was there stays as it was.
    pub fn write_report(&self, path: impl AsRef<Path>) -> Result<(), WriteError> {
        self.report("Training").write(path)
    }

    fn summary(&self) -> String {
        let (steps, evaluations) = (self.steps().len(), self.evaluations().len());
        let epochs = self.steps().last_epoch().map_or(0, |last| last + 1);
        let seconds = self.last("seconds").map_or(String::new(), |seconds| format!(" in {} s", number(seconds)));
        let restored = self.restored_step();
        let restored = restored.map_or(String::new(), |step| format!(" The network has the weights of step {step}."));
        format!("Steps: {steps}. Epochs: {epochs}. Evaluations: {evaluations}{seconds}.{restored}")
    }

    fn metrics_table(&self) -> Table {
        let rows = |log: &Log| -> Vec<String> {
            let no_metric = ["learning_rate", "seconds"];
            log.names().filter(|name| !no_metric.contains(name)).map(str::to_owned).collect()
        };
        let mut metrics = rows(self.evaluations());
        metrics.extend(rows(self.steps()).into_iter().filter(|name| !self.evaluations().has(name)));
        let rows = metrics.into_iter().map(|metric| {
            let last = self.last(&metric).map_or(String::new(), number);
            let (step, best) = self.best(&metric).map_or_else(Default::default, |(s, v)| (s.to_string(), number(v)));
            [metric, last, best, step]
        });
        Table::new(["metric", "last", "best", "best at step"], rows)
    }
}

/// Adds to the chart of the metric's kind.
fn add<'a>(charts: &mut BTreeMap<&'a str, Chart>, metric: &'a str, draw: impl FnOnce(Chart) -> Chart) {
    let kind = kind(metric);
    let chart = charts.remove(kind).unwrap_or_else(|| {
        let words = kind.replace('_', " ");
        Chart::new(capitalised(&words)).x_label("step").y_label(words)
    });
    charts.insert(kind, draw(chart));
}

/// The metric's name without the part of the data.
fn kind(metric: &str) -> &str {
    let parts = ["train_", "test_", "validation_", "valid_", "val_"];
    parts.iter().find_map(|part| metric.strip_prefix(part)).unwrap_or(metric)
}

fn capitalised(words: &str) -> String {
    let mut letters = words.chars();
    letters.next().into_iter().flat_map(char::to_uppercase).chain(letters).collect()
}

/// The mean of each `window` consecutive values, at the window's last step; windows with a NaN have none.
fn moving_mean(curve: &[(u64, f64)], window: usize) -> Vec<(u64, f64)> {
    // A running sum would carry rounding (and an infinity) through all of the curve; a window is summed anew.
    // One in every quarter of a window is as smooth as the eye can tell, and keeps this linear.
    let stride = (window / 4).max(1);
    let mean = |points: &[(u64, f64)]| points.iter().map(|point| point.1).sum::<f64>() / points.len() as f64;
    curve.windows(window).step_by(stride).map(|points| (points[window - 1].0, mean(points))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_moving_mean_forgets_what_left_the_window() {
        let mut curve: Vec<(u64, f64)> = (1..=100).map(|step| (step, 2.0)).collect();
        curve[10].1 = f64::NAN;
        let mean = moving_mean(&curve, 8);
        assert_eq!(mean.iter().filter(|(_, v)| v.is_nan()).map(|(s, _)| *s).collect::<Vec<_>>(), [12, 14, 16, 18]);
        assert!(mean.iter().all(|(_, v)| v.is_nan() || *v == 2.0));
        assert_eq!(mean.last(), Some(&(100, 2.0)));
    }

    #[test]
    fn metrics_of_a_kind_share_a_chart() {
        assert_eq!(["train_loss", "test_loss", "loss", "val_top_5"].map(kind), ["loss", "loss", "loss", "top_5"]);
    }
}
