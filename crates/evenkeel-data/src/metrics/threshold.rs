//! The threshold that a decision is made at, chosen on validation data.

use std::fmt;

use evenkeel_tensor::Float;

use super::{BinaryCounts, Ranking, check};
use crate::DataError;

/// From which score on a sample is taken to be positive, by which rule that was chosen, and what it reached where it was chosen.
///
/// Choose it on validation data: on training data it is too good to be true, on test data the test is spent. The threshold is one
/// of the scores that are there (or infinity: nothing is positive), so samples of equal scores are never told apart. Where several
/// thresholds are equally good, the highest is taken, which calls the fewest samples positive.
///
/// ```
/// use evenkeel_data::metrics::{Ranking, Threshold};
///
/// let labels = [false, false, true, false, false, true, false, true];
/// let scores = [0.05, 0.1, 0.2, 0.3, 0.35, 0.4, 0.6, 0.9];
/// let validation = Ranking::new(&labels, &scores)?;
///
/// let threshold = Threshold::for_cost(&validation, 1.0, 20.0)?;  // a miss costs as much as twenty false alarms
/// assert_eq!(threshold.value(), 0.2);
/// assert_eq!(threshold.reached().recall(), 1.0);
/// assert_eq!(threshold.apply(&[0.15, 0.2, 0.7])?, [false, true, true]);
/// assert_eq!(
///     threshold.to_string(),
///     "score >= 0.2 (least cost, 1 per false positive and 20 per false negative): \
///      recall 1.0000, precision 0.5000, 3 of 3 positives, 3 false alarms"
/// );
/// # Ok::<(), evenkeel_data::DataError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Threshold {
    value: f64,
    rule: ThresholdRule,
    reached: BinaryCounts,
}

/// What a [`Threshold`] was chosen for.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum ThresholdRule {
    /// The least cost of all errors.
    Cost {
        /// What a false alarm costs.
        false_positive: f64,
        /// What a miss costs.
        false_negative: f64,
    },
    /// The fewest predicted positives with at least this recall.
    Recall(f64),
    /// The largest recall with at least this precision.
    Precision(f64),
    /// The largest F of this beta.
    F(f64),
    /// The largest recall + specificity - 1.
    YoudenJ,
}

impl Threshold {
    /// The threshold of the least cost, `false_positive` per false alarm and `false_negative` per miss.
    ///
    /// Only the ratio of the two matters. If the scores are calibrated probabilities the answer is known without data:
    /// false_positive / (false_positive + false_negative) (Elkan 2001); this rule needs no calibration.
    ///
    /// # Errors
    /// If a cost is negative or not finite, or both are 0.
    pub fn for_cost(ranking: &Ranking, false_positive: f64, false_negative: f64) -> Result<Self, DataError> {
        let is_cost = |cost| (0.0..f64::INFINITY).contains(&cost);
        for (cost, other) in [(false_positive, false_negative), (false_negative, false_positive)] {
            if !is_cost(cost) || (cost == 0.0 && other == 0.0) {
                let expected = "costs that are finite and at least 0, not both 0";
                return Err(DataError::Setting { operation: "Threshold::for_cost", expected, got: cost });
            }
        }
        // Of the ratio: products of huge costs would overflow.
        let larger = false_positive.max(false_negative);
        let (alarm, miss) = (false_positive / larger, false_negative / larger);
        let rule = ThresholdRule::Cost { false_positive, false_negative };
        Ok(Self::best(ranking, rule, |counts| -(alarm * counts.false_positive + miss * counts.false_negative)))
    }

    /// The highest threshold with a recall of at least `recall`.
    ///
    /// # Errors
    /// If `recall` is not above 0 and at most 1.
    pub fn for_recall(ranking: &Ranking, recall: f64) -> Result<Self, DataError> {
        check_share("Threshold::for_recall", "a recall above 0 and at most 1", recall)?;
        let rule = ThresholdRule::Recall(recall);
        Ok(Self::best(ranking, rule, |counts| f64::from(counts.recall() >= recall)))
    }

    /// The threshold of the largest recall with a precision of at least `precision`.
    ///
    /// # Errors
    /// If `precision` is not above 0 and at most 1, or no threshold reaches it.
    pub fn for_precision(ranking: &Ranking, precision: f64) -> Result<Self, DataError> {
        const OPERATION: &str = "Threshold::for_precision";
        check_share(OPERATION, "a precision above 0 and at most 1", precision)?;
        let rule = ThresholdRule::Precision(precision);
        let score = |counts: &BinaryCounts| {
            if counts.precision() >= precision { counts.true_positive } else { 0.0 }
        };
        let threshold = Self::best(ranking, rule, score);
        if threshold.reached.true_positive > 0.0 {
            return Ok(threshold);
        }
        let best = ranking.cuts().map(|(_, counts)| counts.precision()).fold(0.0, f64::max);
        Err(DataError::OutOfReach { operation: OPERATION, what: "precision", best, got: precision })
    }

    /// The threshold of the largest [F of `beta`](BinaryCounts::f_beta): 1 for precision and recall alike, 2 where recall matters
    /// more.
    ///
    /// # Errors
    /// If `beta` is not above 0 and at most 1e6.
    pub fn best_f(ranking: &Ranking, beta: f64) -> Result<Self, DataError> {
        if !(beta > 0.0 && beta <= 1e6) {
            let expected = "a beta above 0 and at most 1e6";
            return Err(DataError::Setting { operation: "Threshold::best_f", expected, got: beta });
        }
        Ok(Self::best(ranking, ThresholdRule::F(beta), |counts| counts.f_beta(beta)))
    }

    /// The threshold of the largest recall + specificity - 1 (Youden 1950): both classes count alike, however rare one is.
    #[must_use]
    pub fn youden_j(ranking: &Ranking) -> Self {
        Self::best(ranking, ThresholdRule::YoudenJ, BinaryCounts::youden_j)
    }

    /// The highest of the cuts with the largest score.
    fn best(ranking: &Ranking, rule: ThresholdRule, score: impl Fn(&BinaryCounts) -> f64) -> Self {
        let (mut best, mut threshold) = (f64::NEG_INFINITY, None);
        for (value, reached) in ranking.cuts() {
            let score = score(&reached);
            if score > best {
                (best, threshold) = (score, Some(Self { value, rule, reached }));
            }
        }
        threshold.expect("the first cut is always there, and its score is a number")
    }

    /// What has a score of at least this is taken to be positive; infinity takes nothing.
    #[must_use]
    pub fn value(&self) -> f64 {
        self.value
    }

    /// What it was chosen for.
    #[must_use]
    pub fn rule(&self) -> ThresholdRule {
        self.rule
    }

    /// The counts on the data that it was chosen on: better than on others, as it was chosen to fit these.
    #[must_use]
    pub fn reached(&self) -> BinaryCounts {
        self.reached
    }

    /// Whether each of new scores is at least the threshold, compared in f64.
    ///
    /// # Errors
    /// If a score is not finite.
    pub fn apply<F: Float>(&self, scores: &[F]) -> Result<Vec<bool>, DataError> {
        let decide = |(i, &score)| Ok(check::finite("score", i, score)? >= self.value);
        scores.iter().enumerate().map(decide).collect()
    }
}

fn check_share(operation: &'static str, expected: &'static str, share: f64) -> Result<(), DataError> {
    if share > 0.0 && share <= 1.0 {
        return Ok(());
    }
    Err(DataError::Setting { operation, expected, got: share })
}

impl fmt::Display for Threshold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { value, rule, reached } = self;
        write!(f, "score >= {value} ({rule}): recall {:.4}, precision ", reached.recall())?;
        if reached.predicted() > 0.0 {
            write!(f, "{:.4}", reached.precision())?
        } else {
            write!(f, "-")?
        }
        let (found, positives, alarms) = (reached.true_positive, reached.actual(), reached.false_positive);
        write!(f, ", {found} of {positives} positives, {alarms} false alarms")
    }
}

impl fmt::Display for ThresholdRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cost { false_positive, false_negative } => {
                write!(f, "least cost, {false_positive} per false positive and {false_negative} per false negative")
            }
            Self::Recall(recall) => write!(f, "recall of at least {recall}"),
            Self::Precision(precision) => write!(f, "precision of at least {precision}"),
            Self::F(beta) => write!(f, "largest F of beta {beta}"),
            Self::YoudenJ => write!(f, "largest J of Youden"),
        }
    }
}
