//! The number of columns against the validated score, and what it costs.

use std::fmt;

use super::Selection;
use crate::DataError;

/// A set of columns and how well it did in validation. Higher scores are better.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Trial {
    /// The columns, rising.
    pub columns: Vec<usize>,
    /// The score in each fold.
    pub scores: Vec<f64>,
    /// What training and scoring took, over all folds.
    pub seconds: f64,
}

impl Trial {
    /// The mean score.
    pub fn mean(&self) -> f64 {
        self.scores.iter().sum::<f64>() / self.scores.len() as f64
    }

    /// The standard error of the mean: sqrt(Σ (score - mean)² / (k (k - 1))) over k folds. Folds share training data, so it is rather too
    /// small.
    pub fn standard_error(&self) -> f64 {
        let (mean, k) = (self.mean(), self.scores.len() as f64);
        let squares: f64 = self.scores.iter().map(|score| (score - mean) * (score - mean)).sum();
        (squares / (k * (k - 1.0))).sqrt()
    }

    /// The mean itself where the error is no number: of a single fold, or of scores beyond `f64`.
    pub(super) fn one_standard_error_below(&self) -> f64 {
        (self.mean() - self.standard_error()).min(self.mean())
    }
}

/// Trials of sets of several sizes: how many columns are needed for which score.
///
/// It prints as a table; [`trials`](Self::trials) are the points of a plot.
///
/// ```
/// use evenkeel_data::DataError;
/// use evenkeel_data::select::Sequential;
///
/// // In the place of a model: what each column is worth. A fold may be anything, here how much easier it is.
/// let folds = [(0.0, 0.0), (0.0, 0.02), (0.0, 0.04)];
/// let worth = [0.01, 0.2, 0.0, 0.1];
/// let report = Sequential::forward().run(4, &folds, |columns, _train, validation| {
///     Ok::<_, DataError>(0.5 + validation + columns.iter().map(|&column| worth[column]).sum::<f64>())
/// })?;
/// assert_eq!(report.best().columns, [0, 1, 3]);
/// assert_eq!(report.within_one_standard_error().columns, [1, 3]);
/// assert_eq!(report.selection()?.indices(), [1, 3]);
/// println!("{report}");
/// # Ok::<(), DataError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(try_from = "super::store::StoredTradeOff"))]
pub struct TradeOff {
    columns: usize,
    trials: Vec<Trial>,
    evaluations: usize,
    seconds: f64,
}

impl TradeOff {
    /// Of trials by rising numbers of columns, of `columns` that there are; `evaluations` of sets were made for them, in `seconds`.
    pub(super) fn new(columns: usize, mut trials: Vec<Trial>, evaluations: usize, seconds: f64) -> Self {
        trials.sort_by_key(|trial| trial.columns.len());
        Self { columns, trials, evaluations, seconds }
    }

    /// The trials, by rising number of columns.
    pub fn trials(&self) -> &[Trial] {
        &self.trials
    }

    /// How many sets of columns were tried in all, also those that are not in the report.
    pub fn evaluations(&self) -> usize {
        self.evaluations
    }

    /// What all of them took.
    pub fn seconds(&self) -> f64 {
        self.seconds
    }

    /// The trial of the highest mean score; of equal ones that of the fewest columns.
    pub fn best(&self) -> &Trial {
        self.trials.iter().reduce(|best, trial| if trial.mean() > best.mean() { trial } else { best }).expect("a trial")
    }

    /// The trial of the fewest columns whose mean score is at most one standard error of the best below the best (Breiman et al. 1984);
    /// of equally many the best.
    ///
    /// The best one of many trials is so by luck too; what is within its error is as good, and simpler.
    pub fn within_one_standard_error(&self) -> &Trial {
        let limit = self.best().one_standard_error_below();
        let good_enough = || self.trials.iter().filter(|trial| trial.mean() >= limit);
        let fewest = good_enough().map(|trial| trial.columns.len()).min();
        good_enough()
            .filter(|trial| Some(trial.columns.len()) == fewest)
            .reduce(|best, trial| if trial.mean() > best.mean() { trial } else { best })
            .expect("the best is good enough")
    }

    /// The columns [`within_one_standard_error`](Self::within_one_standard_error).
    ///
    /// # Errors
    /// If these are none at all, since a guess does as well.
    pub fn selection(&self) -> Result<Selection, DataError> {
        let kept = self.within_one_standard_error().columns.clone();
        let reasons = ["in the smallest set within one standard error of the best", "not needed"];
        Selection::of("TradeOff", self.columns, kept, reasons)
    }
}

/// A line for each trial, with marks for the best and for the smallest within one standard error of it.
impl fmt::Display for TradeOff {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "columns       score  std error    seconds")?;
        let (best, chosen) = (self.best(), self.within_one_standard_error());
        for trial in &self.trials {
            let mark = match (std::ptr::eq(trial, best), std::ptr::eq(trial, chosen)) {
                (true, true) => "  best, chosen",
                (true, false) => "  best",
                (false, true) => "  chosen: within one standard error",
                (false, false) => "",
            };
            let (mean, error) = (trial.mean(), trial.standard_error());
            writeln!(f, "{:7} {mean:11.5} {error:10.5} {:10.4}{mark}", trial.columns.len(), trial.seconds)?;
        }
        writeln!(f, "{} sets tried in {:.4} seconds", self.evaluations, self.seconds)
    }
}
