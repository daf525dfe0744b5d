//! Scores in descending order, with what lies above each: sorted once, for all curves, areas and thresholds.

use evenkeel_tensor::{Float, parallel};

use super::{BinaryCounts, check};
use crate::DataError;

/// The samples of two classes in the order of their scores, the highest first.
///
/// Everything that does not depend on one threshold follows from it: [`roc_auc`](Self::roc_auc),
/// [`average_precision`](Self::average_precision), the curves, and thresholds chosen by a rule
/// ([`Threshold`](super::Threshold)). The order alone counts: any increasing function of the scores, such as the sigmoid, gives the
/// same measures as long as it merges no two scores. Samples of equal scores are never told apart.
///
/// ```
/// use evenkeel_data::metrics::Ranking;
///
/// let ranking = Ranking::new(&[false, false, true, true], &[0.1, 0.4, 0.35, 0.8])?;
/// assert_eq!(ranking.roc_auc(), 0.75);                           // of 4 pairs, 3 are in the right order
/// assert_eq!(ranking.at(0.4).recall(), 0.5);                     // decided by score >= 0.4
/// # Ok::<(), evenkeel_data::DataError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Ranking {
    /// One for each distinct score, descending.
    levels: Vec<Level>,
}

/// What is predicted to be positive if everything from a score up is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Level {
    pub(super) score: f64,
    pub(super) true_positive: f64,
    pub(super) false_positive: f64,
}

impl Level {
    /// Above every score: nothing is predicted to be positive.
    pub(super) const NOTHING: Self = Self { score: f64::INFINITY, true_positive: 0.0, false_positive: 0.0 };
}

const OPERATION: &str = "Ranking";

impl Ranking {
    /// From one label (`bool`, or 0 and 1) and one score per sample, the higher the more probably positive: probabilities or
    /// logits.
    ///
    /// # Errors
    /// If there is no sample, the lengths differ, a label is neither 0 nor 1, all samples are of one class, or a score is not
    /// finite.
    pub fn new<L: Copy + Into<u32>, F: Float>(labels: &[L], scores: &[F]) -> Result<Self, DataError> {
        Self::sorted(labels, scores, |_, key| key)
    }

    /// As [`new`](Self::new), each sample counted with its weight.
    ///
    /// # Errors
    /// Also if there is not one weight per sample, one is negative or not finite, or those of a class are all 0.
    pub fn weighted<L: Copy + Into<u32>, F: Float>(
        labels: &[L],
        scores: &[F],
        weights: &[f64],
    ) -> Result<Self, DataError> {
        check::weights(OPERATION, labels.len(), weights)?;
        // Weights are sorted too, so that their sums do not depend on an unstable sort; the bits of positive floats are in order.
        let ranking = Self::sorted(labels, scores, |i, key| (key, weights[i].to_bits()))?;
        let (positives, negatives) = (ranking.positives(), ranking.negatives());
        one_class(positives, negatives)?;
        Ok(ranking)
    }

    /// Each class against all others, by its column of `scores`, one row of `classes` per sample.
    ///
    /// ```
    /// use evenkeel_data::metrics::Ranking;
    ///
    /// let scores = [0.7, 0.2, 0.1,  0.3, 0.6, 0.1,  0.1, 0.5, 0.4,  0.4, 0.3, 0.3];
    /// let rankings = Ranking::one_vs_rest(3, &[0u32, 1, 2, 0], &scores)?;
    /// let macro_auc = rankings.iter().map(Ranking::roc_auc).sum::<f64>() / 3.0;
    /// assert_eq!(macro_auc, 1.0);
    /// # Ok::<(), evenkeel_data::DataError>(())
    /// ```
    ///
    /// # Errors
    /// As [`new`](Self::new); so each class needs at least one member.
    pub fn one_vs_rest<L: Copy + Into<u32>, F: Float>(
        classes: usize,
        labels: &[L],
        scores: &[F],
    ) -> Result<Vec<Self>, DataError> {
        check::rows(OPERATION, classes, labels.len(), scores.len())?;
        let labels = labels.iter().enumerate().map(|(i, &label)| check::class(i, label, classes));
        let labels = labels.collect::<Result<Vec<_>, _>>()?;
        let one = |class| {
            let is_member: Vec<_> = labels.iter().map(|&label| label == class).collect();
            let column: Vec<_> = scores.iter().copied().skip(class).step_by(classes).collect();
            Self::new(&is_member, &column)
        };
        (0..classes).map(one).collect()
    }

    /// Sorts the two classes apart, as there is less to move than in pairs of score and label, then merges them.
    fn sorted<L: Copy + Into<u32>, F: Float, E: Entry>(
        labels: &[L],
        scores: &[F],
        entry: impl Fn(usize, u64) -> E,
    ) -> Result<Self, DataError> {
        check::lengths(OPERATION, scores.len(), labels.len())?;
        let mut positives = 0;
        for (i, &label) in labels.iter().enumerate() {
            positives += usize::from(check::is_positive(i, label)?);
        }
        one_class(positives as f64, (labels.len() - positives) as f64)?;
        // One place more than needed in each, as every entry is written to both and kept in one: labels that no branch predictor
        // foresees cost nothing.
        let mut sides = [vec![E::default(); labels.len() - positives + 1], vec![E::default(); positives + 1]];
        let mut kept = [0, 0];
        for (i, (&label, &score)) in labels.iter().zip(scores).enumerate() {
            let entry = entry(i, descending(check::finite("score", i, score)?));
            sides[0][kept[0]] = entry;
            sides[1][kept[1]] = entry;
            let side = usize::from(label.into() == 1);
            kept[side] += 1;
        }
        parallel::chunks_mut(&mut sides, 1, |_, sides| {
            for side in sides {
                side.pop();
                side.sort_unstable();
            }
        });
        let [negative, positive] = sides;
        Ok(Self { levels: merge(&positive, &negative) })
    }

    pub(super) fn levels(&self) -> &[Level] {
        &self.levels
    }

    /// The number (or the weight) of the samples that are positive.
    #[must_use]
    pub fn positives(&self) -> f64 {
        self.levels.last().map_or(0.0, |level| level.true_positive)
    }

    /// The number (or the weight) of the samples that are negative.
    #[must_use]
    pub fn negatives(&self) -> f64 {
        self.levels.last().map_or(0.0, |level| level.false_positive)
    }

    /// The counts where everything with a score of at least `threshold` is predicted to be positive; of NaN, nothing is.
    #[must_use]
    pub fn at(&self, threshold: f64) -> BinaryCounts {
        let above = self.levels.partition_point(|level| level.score >= threshold);
        self.counts(above.checked_sub(1).map_or(Level::NOTHING, |last| self.levels[last]))
    }

    /// Every decision that a threshold can make, with its counts: nothing (a threshold of infinity), then from each distinct
    /// score up, descending.
    pub fn cuts(&self) -> impl Iterator<Item = (f64, BinaryCounts)> {
        self.levels_from_nothing().map(|level| (level.score, self.counts(level)))
    }

    /// The levels, with [`Level::NOTHING`] before them.
    pub(super) fn levels_from_nothing(&self) -> impl Iterator<Item = Level> {
        std::iter::once(Level::NOTHING).chain(self.levels.iter().copied())
    }

    fn counts(&self, Level { true_positive, false_positive, .. }: Level) -> BinaryCounts {
        BinaryCounts {
            true_positive,
            false_positive,
            false_negative: self.positives() - true_positive,
            true_negative: self.negatives() - false_positive,
        }
    }
}

fn one_class(positives: f64, negatives: f64) -> Result<(), DataError> {
    let class = match (positives > 0.0, negatives > 0.0) {
        (true, true) => return Ok(()),
        (true, false) => 1,
        (false, _) => 0,
    };
    Err(DataError::OneClass { operation: OPERATION, class })
}

/// A score as it is sorted, with or without a weight.
trait Entry: Copy + Default + Ord + Send {
    fn key(self) -> u64;
    fn weight(self) -> f64;
}

impl Entry for u64 {
    fn key(self) -> u64 {
        self
    }

    fn weight(self) -> f64 {
        1.0
    }
}

impl Entry for (u64, u64) {
    fn key(self) -> u64 {
        self.0
    }

    fn weight(self) -> f64 {
        f64::from_bits(self.1)
    }
}

fn merge<E: Entry>(mut positive: &[E], mut negative: &[E]) -> Vec<Level> {
    fn take<E: Entry>(side: &mut &[E], key: u64, sum: &mut f64) {
        while let Some((&first, rest)) = side.split_first().filter(|(first, _)| first.key() == key) {
            *sum += first.weight();
            *side = rest;
        }
    }
    // As many as there are samples, at most: it is not known how many are equal.
    let mut levels = Vec::with_capacity(positive.len() + negative.len());
    let mut last = Level::NOTHING;
    while let Some(key) = first(positive, negative) {
        let mut level = Level { score: score(key), ..last };
        take(&mut positive, key, &mut level.true_positive);
        take(&mut negative, key, &mut level.false_positive);
        // Samples of weight 0 are not there.
        if (level.true_positive, level.false_positive) != (last.true_positive, last.false_positive) {
            levels.push(level);
            last = level;
        }
    }
    levels.shrink_to_fit();
    levels
}

/// The smaller of the first keys, that is the higher score.
fn first<E: Entry>(a: &[E], b: &[E]) -> Option<u64> {
    match (a.first(), b.first()) {
        (Some(a), Some(b)) => Some(a.key().min(b.key())),
        (a, b) => a.or(b).map(|entry| entry.key()),
    }
}

const SIGN: u64 = 1 << 63;

/// The bits of a finite score, such that larger scores give smaller integers.
#[inline]
fn descending(score: f64) -> u64 {
    // Adding 0 makes -0 equal to 0.
    let bits = (score + 0.0).to_bits();
    if bits & SIGN == 0 { !(bits | SIGN) } else { bits }
}

/// Undoes [`descending`].
#[inline]
fn score(key: u64) -> f64 {
    f64::from_bits(if key & SIGN == 0 { !key & !SIGN } else { key })
}
