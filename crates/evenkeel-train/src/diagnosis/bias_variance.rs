//! The judge of a training and a validation error.

use std::fmt;

use super::error::finite;
use super::rate::quantile;
use super::{Advice, Certainty, DiagnosisError, ErrorRate, Interval, Thresholds, Verdict};
use crate::report::{Chart, Table};

/// Judges training and validation errors: how much is bias, how much variance, and whether that is much.
///
/// - avoidable bias = training error - attainable error
/// - variance = validation error - training error
///
/// The attainable error is what the best possible predictor would have (Bayes' error), of which that of people is the usual
/// estimate; 0 by default. Bias and variance count as high from their [`Thresholds`] on. The names are those of practice (A. Ng
/// (2018), Machine Learning Yearning, ch. 20-27); the statistical terms for squared error are averages over data sets.
///
/// Both errors must be taken alike, in evaluation: with dropout off and without augmentation.
///
/// ```
/// use evenkeel_train::diagnosis::{BiasVariance, Certainty, ErrorRate, Thresholds, Verdict};
///
/// let judge = BiasVariance::default();
/// let verdict = |train: u64, validation: u64| {
///     let rates = (ErrorRate::new(train, 100)?, ErrorRate::new(validation, 100)?);
///     judge.of_rates(rates.0, rates.1).map(|diagnosis| diagnosis.verdict)
/// };
/// assert_eq!(verdict(16, 35)?, Verdict::Bad);
/// assert_eq!(verdict(13, 17)?, Verdict::Underfitting);
/// assert_eq!(verdict(3, 13)?, Verdict::Overfitting);
/// assert_eq!(verdict(1, 2)?, Verdict::Good);
///
/// // Where people err in 12 % of the cases, 13 % is no bias. From so few examples, though, one cannot tell.
/// let diagnosis = judge.attainable(0.12).of_rates(ErrorRate::new(13, 100)?, ErrorRate::new(17, 100)?)?;
/// println!("{diagnosis}");
/// assert_eq!(diagnosis.verdict, Verdict::Good);
/// let Certainty::Uncertain { examples: Some(needed) } = diagnosis.certainty else { panic!() };
/// assert!(needed > 5000);
/// # Ok::<(), evenkeel_train::diagnosis::DiagnosisError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BiasVariance {
    attainable: f64,
    thresholds: Thresholds,
    confidence: f64,
}

impl Default for BiasVariance {
    fn default() -> Self {
        Self { attainable: 0.0, thresholds: Thresholds::default(), confidence: 0.95 }
    }
}

impl BiasVariance {
    /// Sets the error that the best possible predictor would have, in the unit of the errors; 0 by default.
    #[must_use]
    pub fn attainable(self, attainable: f64) -> Self {
        Self { attainable, ..self }
    }

    /// Sets from where on bias and variance are high.
    #[must_use]
    pub fn thresholds(self, thresholds: Thresholds) -> Self {
        Self { thresholds, ..self }
    }

    /// Sets the confidence of each interval; 0.95 by default.
    #[must_use]
    pub fn confidence(self, confidence: f64) -> Self {
        Self { confidence, ..self }
    }

    /// Judges error rates on training and validation examples. The interval of the bias is [Wilson's](ErrorRate::interval),
    /// less the attainable error, which is taken for exact; that of the variance is [Newcombe's](ErrorRate::minus).
    ///
    /// # Errors
    /// If a setting is out of its range.
    pub fn of_rates(&self, train: ErrorRate, validation: ErrorRate) -> Result<Diagnosis, DiagnosisError> {
        self.check()?;
        if !(0.0..=1.0).contains(&self.attainable) {
            return Err(DiagnosisError::Share { what: "attainable error".into(), got: self.attainable });
        }
        let z = quantile(self.confidence)?;
        let intervals = |at_least: u64| {
            let (train, validation) = (train.of_at_least(at_least), validation.of_at_least(at_least));
            (train.wilson(z).shifted(-self.attainable), validation.newcombe(&train, z))
        };
        let settled = |at_least: u64| {
            let (bias, variance) = intervals(at_least);
            bias.is_clear_of(self.thresholds.high_bias) && variance.is_clear_of(self.thresholds.high_variance)
        };
        let certainty =
            if settled(0) { Certainty::Certain } else { Certainty::Uncertain { examples: first_that(settled) } };
        let (bias, variance) = intervals(0);
        let mut diagnosis = self.judge(train.share(), validation.share());
        diagnosis.train.interval = Some(train.wilson(z));
        diagnosis.validation.interval = Some(validation.wilson(z));
        diagnosis.bias.interval = Some(bias);
        diagnosis.variance.interval = Some(variance);
        Ok(Diagnosis { certainty, ..diagnosis })
    }

    /// Judges mean losses, of which nothing is known but the values; thresholds and attainable error are in their unit. Error
    /// shares without a number of examples may be given too.
    ///
    /// # Errors
    /// If a loss is not finite, or a setting out of its range.
    pub fn of_losses(&self, train: f64, validation: f64) -> Result<Diagnosis, DiagnosisError> {
        self.check()?;
        finite(|| "training error".into(), train)?;
        finite(|| "validation error".into(), validation)?;
        Ok(self.judge(train, validation))
    }

    pub(super) fn high_variance(&self) -> f64 {
        self.thresholds.high_variance
    }

    fn interval_name(&self) -> String {
        // 100 times the confidence is rounded, and should not show it.
        format!("{} % interval", (1e8 * self.confidence).round() / 1e6)
    }

    pub(super) fn check(&self) -> Result<(), DiagnosisError> {
        finite(|| "attainable error".into(), self.attainable)?;
        quantile(self.confidence)?;
        let Thresholds { high_bias, high_variance } = self.thresholds;
        for (setting, got) in [("high_bias", high_bias), ("high_variance", high_variance)] {
            if !(got.is_finite() && got > 0.0) {
                return Err(DiagnosisError::Setting { setting, expected: "a finite number above 0", got });
            }
        }
        Ok(())
    }

    /// The diagnosis by the values alone.
    pub(super) fn judge(&self, train: f64, validation: f64) -> Diagnosis {
        let estimate = |value: f64| Estimate { value, interval: None };
        let (bias, variance) = (train - self.attainable, validation - train);
        let Thresholds { high_bias, high_variance } = self.thresholds;
        Diagnosis {
            train: estimate(train),
            validation: estimate(validation),
            bias: estimate(bias),
            variance: estimate(variance),
            verdict: Verdict::of(reaches(train, self.attainable, high_bias), reaches(validation, train, high_variance)),
            certainty: Certainty::Unknown,
            judge: *self,
        }
    }
}

/// Whether `high` is above `low` by the threshold, up to the rounding of their difference: 15 % are by 5 % above 10 %, though
/// 0.15 - 0.1 is a bit less than 0.05.
fn reaches(high: f64, low: f64, threshold: f64) -> bool {
    high - low >= threshold - f64::EPSILON * (high.abs() + low.abs())
}

/// The least number from which on a law holds that, once it holds, holds for all larger ones; `None` beyond 2⁵⁰.
fn first_that(holds: impl Fn(u64) -> bool) -> Option<u64> {
    let mut high = (0..=50).map(|bit| 1 << bit).find(|&n| holds(n))?;
    let mut low = high / 2;
    while high - low > 1 {
        let middle = low + (high - low) / 2;
        if holds(middle) { high = middle } else { low = middle }
    }
    Some(high)
}

/// A value and, where the number of examples is known, the interval that holds it at the judge's confidence.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Estimate {
    /// The value.
    pub value: f64,
    /// The interval.
    pub interval: Option<Interval>,
}

/// What [`BiasVariance`] says of a training and a validation error. `Display` is a table, the verdict and the advice.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Diagnosis {
    /// The training error.
    pub train: Estimate,
    /// The validation error.
    pub validation: Estimate,
    /// The avoidable bias: the training error less what is attainable.
    pub bias: Estimate,
    /// The variance: the validation error less the training error.
    pub variance: Estimate,
    /// What is wrong.
    pub verdict: Verdict,
    /// Whether the examples are enough to say so.
    pub certainty: Certainty,
    /// Who says so, and by which thresholds.
    pub judge: BiasVariance,
}

impl Diagnosis {
    /// What to do, cheapest first.
    pub fn advice(&self) -> Vec<Advice> {
        self.verdict.advice()
    }

    /// Errors, bias and variance with their intervals and thresholds.
    pub fn table(&self) -> Table {
        let show = |value: f64| self.show(value);
        let confidence = self.judge.interval_name();
        let row = |name: &str, estimate: &Estimate, threshold: Option<f64>| {
            let interval = estimate.interval.map(|i| format!("{} to {}", show(i.lower), show(i.upper)));
            let level = threshold.map(|t| if estimate.value >= t { "high" } else { "low" });
            [
                name.to_owned(),
                show(estimate.value),
                interval.unwrap_or_default(),
                threshold.map(show).unwrap_or_default(),
                level.unwrap_or_default().to_owned(),
            ]
        };
        let Thresholds { high_bias, high_variance } = self.judge.thresholds;
        Table::new(
            ["", "error", &confidence, "high from", "level"],
            [
                ["attainable".into(), show(self.judge.attainable), String::new(), String::new(), String::new()],
                row("training", &self.train, None),
                row("validation", &self.validation, None),
                row("avoidable bias", &self.bias, Some(high_bias)),
                row("variance", &self.variance, Some(high_variance)),
            ],
        )
    }

    /// Attainable, training and validation error as bars, with the intervals as lines upon them.
    pub fn chart(&self) -> Chart {
        let errors = [self.judge.attainable, self.train.value, self.validation.value];
        let chart = Chart::new(format!("Bias and variance: {}", self.verdict))
            .y_label("error")
            .categories(["attainable", "training", "validation"])
            .bars("error", errors);
        let name = self.judge.interval_name();
        let intervals = [(1.0, self.train.interval), (2.0, self.validation.interval)];
        intervals
            .into_iter()
            .filter_map(|(x, interval)| Some((x, interval?)))
            .fold(chart, |chart, (x, interval)| chart.line(name.as_str(), [(x, interval.lower), (x, interval.upper)]))
    }

    /// Shares in percent, losses as they are.
    fn show(&self, value: f64) -> String {
        if self.train.interval.is_some() { format!("{:.1} %", 100.0 * value) } else { format!("{value:.4}") }
    }
}

impl fmt::Display for Diagnosis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.table())?;
        let meaning = match self.verdict {
            Verdict::Good => "low bias and low variance",
            Verdict::Underfitting => "high bias",
            Verdict::Overfitting => "high variance",
            Verdict::Bad => "high bias and high variance",
        };
        writeln!(f, "{}: {meaning}; {}", self.verdict, self.certainty)?;
        write_advice(f, &self.advice())
    }
}

/// A numbered line for each.
pub(super) fn write_advice(f: &mut fmt::Formatter<'_>, advice: &[Advice]) -> fmt::Result {
    (1..).zip(advice).try_for_each(|(number, one)| writeln!(f, "{number}. {one}, because {}", one.reason()))
}
