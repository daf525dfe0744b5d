//! The diagnosis of one run.

use std::fmt;

use super::bias_variance::write_advice;
use super::error::finite;
use super::{Advice, BiasVariance, Diagnosis, DiagnosisError};
use crate::History;
use crate::history::lower_is_better;
use crate::report::Chart;

/// Training and validation error at an evaluation of a run.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RunPoint {
    /// The step of the evaluation.
    pub step: u64,
    /// The mean training error since the evaluation before.
    pub train: f64,
    /// The validation error.
    pub validation: f64,
}

/// What became of bias and variance in a run: [`BiasVariance::of_run`].
#[derive(Clone, Debug, PartialEq)]
pub struct RunDiagnosis {
    /// The errors at each evaluation.
    pub points: Vec<RunPoint>,
    /// The first with the lowest validation error.
    pub best: RunPoint,
    /// The step of the evaluation from which on the variance was high until the end; `None` if it is not high at the end.
    pub opened: Option<u64>,
    /// The diagnosis at the last evaluation.
    pub last: Diagnosis,
}

impl BiasVariance {
    /// Judges a run by two metrics of its history, such as `accuracy` (of the batches) and `test_accuracy`.
    ///
    /// Where lower is not [better](lower_is_better) the metric must be a share, and the error is 1 - metric. The training error
    /// at an evaluation is the mean since the evaluation before, so that metrics of batches, which are noisy, will do. They are
    /// taken in training mode, though, with dropout and augmentation: the gap is then smaller than it should be. Record the
    /// training error in a [`Callback`](crate::Callback) where this matters.
    ///
    /// ```
    /// use evenkeel_train::diagnosis::{BiasVariance, Verdict};
    /// use evenkeel_train::history::{Evaluation, History};
    ///
    /// let mut history = History::new();
    /// for (step, train, test) in [(100, 0.80, 0.79), (200, 0.90, 0.88), (300, 0.97, 0.87), (400, 0.99, 0.85)] {
    ///     let metrics = [("train_accuracy", train), ("test_accuracy", test)];
    ///     history.record_evaluation(Evaluation { step, epoch: 0, seconds: 0.0, metrics: &metrics });
    /// }
    /// let run = BiasVariance::default().of_run(&history, "train_accuracy", "test_accuracy")?;
    /// assert_eq!((run.last.verdict, run.opened, run.best.step), (Verdict::Overfitting, Some(300), 200));
    /// # Ok::<(), evenkeel_train::diagnosis::DiagnosisError>(())
    /// ```
    ///
    /// # Errors
    /// If a metric is missing, not finite, or no share where it must be one; there is no evaluation with training before it; or
    /// a setting is out of its range.
    pub fn of_run(&self, history: &History, train: &str, validation: &str) -> Result<RunDiagnosis, DiagnosisError> {
        self.check()?;
        let (train_errors, validation_errors) = (errors(history, train)?, errors(history, validation)?);
        let mut points = Vec::new();
        let mut rest = train_errors.as_slice();
        for (step, validation) in validation_errors {
            let (since, later) = rest.split_at(rest.partition_point(|&(at, _)| at <= step));
            if !since.is_empty() {
                let train = since.iter().map(|(_, error)| error).sum::<f64>() / since.len() as f64;
                points.push(RunPoint { step, train, validation });
                rest = later;
            }
        }
        let (Some(last), Some(best)) =
            (points.last(), points.iter().reduce(|best, p| if p.validation < best.validation { p } else { best }))
        else {
            return Err(DiagnosisError::NoEvaluation { train: train.into(), validation: validation.into() });
        };
        let high = |point: &&RunPoint| self.judge(point.train, point.validation).verdict.is_variable();
        let opened = points.iter().rev().take_while(high).last().map(|point| point.step);
        let (last, best) = (self.judge(last.train, last.validation), *best);
        Ok(RunDiagnosis { best, opened, last, points })
    }
}

/// The metric as an error, by step.
fn errors(history: &History, metric: &str) -> Result<Vec<(u64, f64)>, DiagnosisError> {
    let curve = history.curve(metric);
    if curve.is_empty() {
        let logs = [history.evaluations(), history.steps()];
        let known: Vec<_> = logs.iter().flat_map(|log| log.names()).collect();
        return Err(DiagnosisError::Metric { metric: metric.into(), known: known.join(", ") });
    }
    let is_error = lower_is_better(metric);
    let error = |(step, value): (u64, f64)| {
        let what = || format!("`{metric}` at step {step}");
        finite(what, value)?;
        match value {
            _ if is_error => Ok((step, value)),
            0.0..=1.0 => Ok((step, 1.0 - value)),
            got => Err(DiagnosisError::Share { what: what(), got }),
        }
    };
    curve.into_iter().map(error).collect()
}

impl RunDiagnosis {
    /// What to do about the network as it is at the end, cheapest first.
    pub fn advice(&self) -> Vec<Advice> {
        self.last.advice()
    }

    /// By how much the validation error at the end is above the lowest.
    pub fn risen(&self) -> f64 {
        self.last.validation.value - self.best.validation
    }

    /// Both errors against the step, the lowest validation error, and where the gap opened.
    pub fn chart(&self) -> Chart {
        let curve = |value: fn(&RunPoint) -> f64| self.points.iter().map(move |p| (p.step, value(p)));
        let chart = Chart::new(format!("Bias and variance over the run: {}", self.last.verdict))
            .x_label("step")
            .y_label("error")
            .line("training", curve(|p| p.train))
            .line("validation", curve(|p| p.validation))
            .bold_points("lowest", [(self.best.step, self.best.validation)]);
        match self.points.iter().find(|point| Some(point.step) == self.opened) {
            Some(point) => chart.bold_points("gap opens", [(point.step, point.validation)]),
            None => chart,
        }
    }
}

/// The diagnosis at the end, where the gap opened, and what stopping early would have given.
impl fmt::Display for RunDiagnosis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.last.table())?;
        write!(f, "{} at the end", self.last.verdict)?;
        if let Some(step) = self.opened {
            write!(f, ", with a gap that opened at step {step}")?;
        }
        let RunPoint { step, validation, .. } = self.best;
        writeln!(f, "; the lowest validation error was {validation:.4}, at step {step}")?;
        write_advice(f, &self.advice())
    }
}
