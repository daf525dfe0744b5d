//! Curves over all thresholds, and their areas.

use super::counts::ratio;
use super::ranking::{Level, Ranking};
use crate::DataError;

/// A point of the receiver operating characteristic.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RocPoint {
    /// What has a score of at least this is predicted to be positive.
    pub threshold: f64,
    /// The share of the negatives that is, along the x axis.
    pub false_positive_rate: f64,
    /// The share of the positives that is (recall), along the y axis.
    pub true_positive_rate: f64,
}

/// A point of the precision-recall curve.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PrecisionRecallPoint {
    /// What has a score of at least this is predicted to be positive.
    pub threshold: f64,
    /// The share of the positives that is, along the x axis.
    pub recall: f64,
    /// The share of the positives among those, along the y axis.
    pub precision: f64,
}

/// A point of the cumulative gain curve.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct GainPoint {
    /// What has a score of at least this is looked at.
    pub threshold: f64,
    /// The share of all samples that is, along the x axis.
    pub share: f64,
    /// The share of the positives that is found, along the y axis.
    pub gain: f64,
    /// gain / share: how many times more positives than in a random choice of as many; 1 where nothing is looked at.
    pub lift: f64,
}

impl Ranking {
    /// The receiver operating characteristic, from (0, 0) at a threshold of infinity to (1, 1), a point for each distinct score.
    ///
    /// Ties are one step, hence a slope. Draw [`roc_corners`](Self::roc_corners) where there are many samples.
    #[must_use]
    pub fn roc_curve(&self) -> Vec<RocPoint> {
        self.levels_from_nothing().map(|level| self.roc_point(level)).collect()
    }

    /// The points of [`roc_curve`](Self::roc_curve) at which it turns: the same line, of fewer points.
    #[must_use]
    pub fn roc_corners(&self) -> Vec<RocPoint> {
        let mut corners: Vec<Level> = Vec::new();
        for level in self.levels_from_nothing() {
            if let [.., a, b] = corners[..] {
                let rise = |from: Level, to: Level| to.true_positive - from.true_positive;
                let run = |from: Level, to: Level| to.false_positive - from.false_positive;
                if rise(a, b) * run(b, level) == rise(b, level) * run(a, b) {
                    corners.pop();
                }
            }
            corners.push(level);
        }
        corners.into_iter().map(|level| self.roc_point(level)).collect()
    }

    fn roc_point(&self, level: Level) -> RocPoint {
        RocPoint {
            threshold: level.score,
            false_positive_rate: level.false_positive / self.negatives(),
            true_positive_rate: level.true_positive / self.positives(),
        }
    }

    /// The area under the [ROC curve](Self::roc_curve): the probability that a positive has a higher score than a negative, ties
    /// counted by half. That is the statistic of Mann and Whitney (1947) over the number of pairs (Hanley & McNeil 1982).
    ///
    /// It does not depend on the share of positives. Where they are rare, look at
    /// [`average_precision`](Self::average_precision) too.
    #[must_use]
    pub fn roc_auc(&self) -> f64 {
        let mut last = Level::NOTHING;
        let mut twice_pairs = 0.0;
        for &level in self.levels() {
            let run = level.false_positive - last.false_positive;
            twice_pairs += run * (level.true_positive + last.true_positive);
            last = level;
        }
        0.5 * twice_pairs / (self.positives() * self.negatives())
    }

    /// The area where the false positive rate is at most `most`, on a scale of 0.5 (chance) to 1 (McClish 1989): with A the area up
    /// to m, (1 + (A - m²/2) / (m - m²/2)) / 2. At m = 1 it is [`roc_auc`](Self::roc_auc).
    ///
    /// # Errors
    /// If `most` is not above 0 and at most 1.
    pub fn partial_roc_auc(&self, most: f64) -> Result<f64, DataError> {
        if !(most > 0.0 && most <= 1.0) {
            let expected = "a false positive rate above 0 and at most 1";
            return Err(DataError::Setting { operation: "partial_roc_auc", expected, got: most });
        }
        let (mut x, mut y, mut area) = (0.0, 0.0, 0.0);
        for &level in self.levels() {
            let RocPoint { false_positive_rate: next_x, true_positive_rate: next_y, .. } = self.roc_point(level);
            if next_x > most {
                let end = y + (next_y - y) * (most - x) / (next_x - x);
                area += 0.5 * (most - x) * (y + end);
                break;
            }
            area += 0.5 * (next_x - x) * (y + next_y);
            (x, y) = (next_x, next_y);
        }
        let chance = 0.5 * most * most;
        Ok(0.5 * (1.0 + (area - chance) / (most - chance)))
    }

    /// Precision against recall, from (0, 1) at a threshold of infinity, where no decision is wrong, to recall 1 and the share of
    /// positives; a point for each distinct score.
    ///
    /// Between points the curve is not a straight line (Davis & Goadrich 2006): draw steps.
    #[must_use]
    pub fn precision_recall_curve(&self) -> Vec<PrecisionRecallPoint> {
        let point = |level: Level| PrecisionRecallPoint {
            threshold: level.score,
            recall: level.true_positive / self.positives(),
            precision: precision(level),
        };
        let start = PrecisionRecallPoint { threshold: f64::INFINITY, recall: 0.0, precision: 1.0 };
        std::iter::once(start).chain(self.levels().iter().map(|&level| point(level))).collect()
    }

    /// The area under the steps of the [precision-recall curve](Self::precision_recall_curve): Σ (R_i - R_{i-1}) P_i over descending
    /// thresholds. Chance gives about the share of positives, a perfect ranking 1.
    #[must_use]
    pub fn average_precision(&self) -> f64 {
        let mut found = 0.0;
        let mut sum = 0.0;
        for &level in self.levels() {
            sum += (level.true_positive - found) * precision(level);
            found = level.true_positive;
        }
        sum / self.positives()
    }

    /// The share of the positives among the samples with the highest scores, from (0, 0) to (1, 1), a point for each distinct
    /// score: how many patients are found if only so many can be examined.
    #[must_use]
    pub fn gain_curve(&self) -> Vec<GainPoint> {
        let total = self.positives() + self.negatives();
        let point = |level: Level| {
            let share = (level.true_positive + level.false_positive) / total;
            let gain = level.true_positive / self.positives();
            let lift = if share > 0.0 { gain / share } else { 1.0 };
            GainPoint { threshold: level.score, share, gain, lift }
        };
        self.levels_from_nothing().map(point).collect()
    }
}

fn precision(level: Level) -> f64 {
    ratio(level.true_positive, level.true_positive + level.false_positive)
}
