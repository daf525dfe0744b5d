//! The four counts of a yes-or-no decision, and the measures that are made of them.

use std::ops::{Add, AddAssign};

/// How often a decision for one class was right and wrong: counts, or sums of weights.
///
/// With tp, fp, fn, tn for the fields, the measures are the usual ones (Fawcett 2006). **Where a ratio is 0/0, it is 0**, as
/// scikit-learn's `zero_division` does by default: the precision of a classifier that never says yes, the recall where there is
/// nothing to find. [`predicted`](Self::predicted) and [`actual`](Self::actual) tell such a 0 from an earned one.
///
/// ```
/// use evenkeel_data::metrics::BinaryCounts;
///
/// // 18 patients among 1 520; 15 are found, at the price of 60 false alarms.
/// let counts = BinaryCounts { true_positive: 15.0, false_positive: 60.0, false_negative: 3.0, true_negative: 1442.0 };
/// assert_eq!(counts.recall(), 15.0 / 18.0);
/// assert_eq!(counts.precision(), 0.2);
/// assert_eq!(counts.cost(1.0, 20.0), 120.0);                   // where a miss is as bad as 20 false alarms
/// assert!(counts.accuracy() > 0.95 && counts.mcc() < 0.4);     // why accuracy is not reported alone
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct BinaryCounts {
    /// Positives that were predicted to be positive.
    pub true_positive: f64,
    /// Negatives that were predicted to be positive: false alarms.
    pub false_positive: f64,
    /// Positives that were predicted to be negative: misses.
    pub false_negative: f64,
    /// Negatives that were predicted to be negative.
    pub true_negative: f64,
}

impl BinaryCounts {
    /// tp + fp: what was predicted to be positive.
    #[must_use]
    pub fn predicted(&self) -> f64 {
        self.true_positive + self.false_positive
    }

    /// tp + fn: what is positive.
    #[must_use]
    pub fn actual(&self) -> f64 {
        self.true_positive + self.false_negative
    }

    /// tp + fp + fn + tn.
    #[must_use]
    pub fn total(&self) -> f64 {
        self.actual() + self.negatives()
    }

    /// fp + tn: what is negative.
    fn negatives(&self) -> f64 {
        self.false_positive + self.true_negative
    }

    /// fp `false_positive` + fn `false_negative`: what all errors cost, at so much each. Over [`total`](Self::total) it is the cost a
    /// sample; [`Threshold::for_cost`](super::Threshold::for_cost) makes it least.
    #[must_use]
    pub fn cost(&self, false_positive: f64, false_negative: f64) -> f64 {
        false_positive * self.false_positive + false_negative * self.false_negative
    }

    /// (tp + tn) / total.
    #[must_use]
    pub fn accuracy(&self) -> f64 {
        ratio(self.true_positive + self.true_negative, self.total())
    }

    /// tp / (tp + fp): the share of the alarms that are right. Positive predictive value.
    #[must_use]
    pub fn precision(&self) -> f64 {
        ratio(self.true_positive, self.predicted())
    }

    /// tp / (tp + fn): the share of the positives that are found. Sensitivity, true positive rate.
    #[must_use]
    pub fn recall(&self) -> f64 {
        ratio(self.true_positive, self.actual())
    }

    /// tn / (tn + fp): the share of the negatives that are left in peace. True negative rate.
    #[must_use]
    pub fn specificity(&self) -> f64 {
        ratio(self.true_negative, self.negatives())
    }

    /// fp / (fp + tn) = 1 - specificity, computed without that difference.
    #[must_use]
    pub fn false_positive_rate(&self) -> f64 {
        ratio(self.false_positive, self.negatives())
    }

    /// [`f_beta`](Self::f_beta) of 1: the harmonic mean of precision and recall.
    #[must_use]
    pub fn f1(&self) -> f64 {
        self.f_beta(1.0)
    }

    /// (1 + β²) tp / ((1 + β²) tp + β² fn + fp): recall counts β times as much as precision (van Rijsbergen 1979).
    #[must_use]
    pub fn f_beta(&self, beta: f64) -> f64 {
        let square = beta * beta;
        let hits = (1.0 + square) * self.true_positive;
        ratio(hits, hits + square * self.false_negative + self.false_positive)
    }

    /// (recall + specificity) / 2. Where one class has no members, the share of the other that is right.
    #[must_use]
    pub fn balanced_accuracy(&self) -> f64 {
        match (self.actual() > 0.0, self.negatives() > 0.0) {
            (true, false) => self.recall(),
            (false, true) => self.specificity(),
            _ => 0.5 * (self.recall() + self.specificity()),
        }
    }

    /// recall + specificity - 1 (Youden 1950).
    #[must_use]
    pub fn youden_j(&self) -> f64 {
        self.recall() - self.false_positive_rate()
    }

    /// Matthews' correlation of labels and predictions, from -1 to 1 (Matthews 1975):
    /// (tp tn - fp fn) / √((tp + fp) (tp + fn) (tn + fp) (tn + fn)).
    #[must_use]
    pub fn mcc(&self) -> f64 {
        let covariance = self.true_positive * self.true_negative - self.false_positive * self.false_negative;
        let labels = (self.actual() * self.negatives()).sqrt();
        let predictions = (self.predicted() * (self.false_negative + self.true_negative)).sqrt();
        // Rounding may lead past the ends by a unit in the last place.
        ratio(covariance, labels * predictions).clamp(-1.0, 1.0)
    }
}

impl Add for BinaryCounts {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            true_positive: self.true_positive + other.true_positive,
            false_positive: self.false_positive + other.false_positive,
            false_negative: self.false_negative + other.false_negative,
            true_negative: self.true_negative + other.true_negative,
        }
    }
}

impl AddAssign for BinaryCounts {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

/// The quotient; 0 where the denominator is 0.
pub(super) fn ratio(numerator: f64, denominator: f64) -> f64 {
    if denominator == 0.0 { 0.0 } else { numerator / denominator }
}
