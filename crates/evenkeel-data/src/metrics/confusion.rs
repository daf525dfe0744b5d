//! The confusion matrix: which class was taken for which, and what follows from it.

use evenkeel_tensor::Float;

use super::counts::ratio;
use super::{BinaryCounts, check};
use crate::DataError;

/// How often each class was predicted to be each: rows are labels, columns predictions.
///
/// Two classes are a matrix like any other; [`class`](Self::class)`(1)` is its binary view. All measures follow from the counts,
/// so matrices of batches or folds are [merged](Self::merge) without loss. What 0/0 gives is said at [`BinaryCounts`].
///
/// ```
/// use evenkeel_data::metrics::{Average, BinaryCounts, ConfusionMatrix};
///
/// let (labels, predictions) = ([0u32, 0, 0, 0, 1, 1, 2, 2], [0u32, 0, 0, 1, 1, 1, 2, 0]);
/// let matrix = ConfusionMatrix::new(3, &labels, &predictions)?;
/// assert_eq!(matrix.count(2, 0), 1.0);                           // one 2 was taken for a 0
/// assert_eq!(matrix.accuracy(), 0.75);
/// assert_eq!(matrix.class(1).recall(), 1.0);
/// assert_eq!(matrix.average(Average::Macro, BinaryCounts::recall), 0.75);
/// assert_eq!(matrix.to_string(), "\
/// actual \\ predicted 0      1      2      recall
/// 0                  3      1      0      0.7500
/// 1                  0      2      0      1.0000
/// 2                  1      0      1      0.5000
/// precision          0.7500 0.6667 1.0000 0.7500 = accuracy
/// ");
/// # Ok::<(), evenkeel_data::DataError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct ConfusionMatrix {
    classes: usize,
    /// Row-major, `classes * classes`.
    counts: Vec<f64>,
}

/// How a measure of each class becomes one number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Average {
    /// The mean over the classes that occur in labels or predictions: each counts alike, however rare.
    Macro,
    /// The measure of the classes' summed counts: each sample counts alike. Micro-averaged precision, recall and F are all the accuracy.
    Micro,
    /// The mean over the classes, each with as much weight as it has members.
    Weighted,
}

/// Above this the counts take a gigabyte.
const MOST_CLASSES: usize = 10_000;

impl ConfusionMatrix {
    /// From one label and one predicted class per sample; `bool`s do for two classes.
    ///
    /// # Errors
    /// If there is no sample, the lengths differ, a label or a prediction is not below `classes`, or `classes` is not from 1 to
    /// 10 000.
    pub fn new<L: Copy + Into<u32>, P: Copy + Into<u32>>(
        classes: usize,
        labels: &[L],
        predictions: &[P],
    ) -> Result<Self, DataError> {
        let pairs = labels.iter().zip(predictions).enumerate();
        Self::tally(classes, labels.len(), predictions.len(), pairs.map(|(i, (&l, &p))| Ok((i, l, p, 1.0))))
    }

    /// As [`new`](Self::new), each sample counted with its weight.
    ///
    /// # Errors
    /// Also if there is not one weight per sample, one is negative or not finite, or all are 0.
    pub fn weighted<L: Copy + Into<u32>, P: Copy + Into<u32>>(
        classes: usize,
        labels: &[L],
        predictions: &[P],
        weights: &[f64],
    ) -> Result<Self, DataError> {
        check::weights(OPERATION, labels.len(), weights)?;
        let samples = labels.iter().zip(predictions).zip(weights).enumerate();
        let samples = samples.map(|(i, ((&l, &p), &weight))| Ok((i, l, p, weight)));
        Self::tally(classes, labels.len(), predictions.len(), samples)
    }

    /// Of two classes, 1 predicted where the score is at least the threshold. Compared in f64; a threshold of infinity predicts
    /// nobody to be positive.
    ///
    /// ```
    /// use evenkeel_data::metrics::ConfusionMatrix;
    ///
    /// let matrix = ConfusionMatrix::at_threshold(&[true, true, false, false], &[0.9, 0.4, 0.5, 0.1], 0.5)?;
    /// assert_eq!((matrix.class(1).precision(), matrix.class(1).recall()), (0.5, 0.5));
    /// # Ok::<(), evenkeel_data::DataError>(())
    /// ```
    ///
    /// # Errors
    /// If there is no sample, the lengths differ, a label is neither 0 nor 1, a score is not finite, or the threshold is NaN.
    pub fn at_threshold<L: Copy + Into<u32>, F: Float>(
        labels: &[L],
        scores: &[F],
        threshold: f64,
    ) -> Result<Self, DataError> {
        if threshold.is_nan() {
            let expected = "a threshold that is a number";
            return Err(DataError::Setting { operation: OPERATION, expected, got: threshold });
        }
        let samples = labels.iter().zip(scores).enumerate();
        let samples = samples.map(|(i, (&label, &score))| {
            let is_positive = check::finite("score", i, score)? >= threshold;
            Ok((i, label, is_positive, 1.0))
        });
        Self::tally(2, labels.len(), scores.len(), samples)
    }

    /// From one row of `classes` scores per sample, such as logits or probabilities: the largest is predicted, of equal ones the
    /// first.
    ///
    /// # Errors
    /// If there is no sample, the lengths do not fit, a label is not below `classes`, a score is not finite, or `classes` is not
    /// from 1 to 10 000.
    pub fn from_scores<L: Copy + Into<u32>, F: Float>(
        classes: usize,
        labels: &[L],
        scores: &[F],
    ) -> Result<Self, DataError> {
        check::rows(OPERATION, classes, labels.len(), scores.len())?;
        let samples = labels.iter().zip(scores.chunks_exact(classes)).enumerate();
        let samples = samples.map(|(i, (&label, row))| {
            let mut best = 0;
            for (class, &score) in row.iter().enumerate() {
                check::finite("score", i, score)?;
                best = if score > row[best] { class } else { best };
            }
            Ok((i, label, best as u32, 1.0))
        });
        Self::tally(classes, labels.len(), scores.len() / classes, samples)
    }

    fn tally<L: Into<u32>, P: Into<u32>>(
        classes: usize,
        labels: usize,
        predictions: usize,
        samples: impl Iterator<Item = Result<(usize, L, P, f64), DataError>>,
    ) -> Result<Self, DataError> {
        if !(1..=MOST_CLASSES).contains(&classes) {
            let expected = "a number of classes from 1 to 10000";
            return Err(DataError::Setting { operation: OPERATION, expected, got: classes as f64 });
        }
        check::lengths(OPERATION, predictions, labels)?;
        let mut counts = vec![0.0; classes * classes];
        for sample in samples {
            let (i, label, prediction, weight) = sample?;
            counts[check::class(i, label, classes)? * classes + check::class(i, prediction, classes)?] += weight;
        }
        Ok(Self { classes, counts })
    }

    /// Adds another matrix's counts, e.g. of the next batch or fold.
    ///
    /// # Errors
    /// If the numbers of classes differ.
    pub fn merge(&mut self, other: &Self) -> Result<(), DataError> {
        if self.classes != other.classes {
            let expected = "a matrix of the same number of classes";
            return Err(DataError::Setting { operation: OPERATION, expected, got: other.classes as f64 });
        }
        self.counts.iter_mut().zip(&other.counts).for_each(|(count, &more)| *count += more);
        Ok(())
    }

    /// The number of classes.
    #[must_use]
    pub fn classes(&self) -> usize {
        self.classes
    }

    /// How many samples (or how much weight) of class `actual` were predicted to be of class `predicted`.
    ///
    /// # Panics
    /// If there is no such class.
    #[must_use]
    #[track_caller]
    pub fn count(&self, actual: usize, predicted: usize) -> f64 {
        assert!(actual < self.classes && predicted < self.classes, "classes below {}", self.classes);
        self.counts[actual * self.classes + predicted]
    }

    /// The sum of all counts.
    #[must_use]
    pub fn total(&self) -> f64 {
        self.counts.iter().sum()
    }

    /// One class against all others.
    ///
    /// # Panics
    /// If there is no such class.
    #[must_use]
    #[track_caller]
    pub fn class(&self, class: usize) -> BinaryCounts {
        let true_positive = self.count(class, class);
        let others = || (0..self.classes).filter(move |&other| other != class);
        let false_positive = others().map(|other| self.count(other, class)).sum();
        let false_negative = others().map(|other| self.count(class, other)).sum();
        let row_of_others = |actual| others().map(move |predicted| self.count(actual, predicted)).sum::<f64>();
        let true_negative = others().map(row_of_others).sum();
        BinaryCounts { true_positive, false_positive, false_negative, true_negative }
    }

    /// A measure of each class against all others, as one number.
    ///
    /// ```
    /// use evenkeel_data::metrics::{Average, BinaryCounts, ConfusionMatrix};
    ///
    /// let matrix = ConfusionMatrix::new(2, &[false, false, false, true], &[false; 4])?;
    /// assert_eq!(matrix.average(Average::Weighted, BinaryCounts::precision), 0.5625);
    /// assert_eq!(matrix.average(Average::Macro, |class| class.f_beta(2.0)), 0.46875);
    /// # Ok::<(), evenkeel_data::DataError>(())
    /// ```
    #[must_use]
    pub fn average(&self, average: Average, measure: impl Fn(&BinaryCounts) -> f64) -> f64 {
        let classes = (0..self.classes).map(|class| self.class(class));
        let classes: Vec<_> = classes.filter(|counts| counts.actual() + counts.predicted() > 0.0).collect();
        let mean = |weight: &dyn Fn(&BinaryCounts) -> f64| {
            let sum: f64 = classes.iter().map(|counts| weight(counts) * measure(counts)).sum();
            ratio(sum, classes.iter().map(weight).sum())
        };
        match average {
            Average::Macro => mean(&|_| 1.0),
            Average::Weighted => mean(&BinaryCounts::actual),
            Average::Micro => measure(&classes.iter().fold(BinaryCounts::default(), |sum, &counts| sum + counts)),
        }
    }

    /// The share of the samples whose class is predicted.
    #[must_use]
    pub fn accuracy(&self) -> f64 {
        ratio(self.agreement(), self.total())
    }

    /// The mean recall of the classes that have members.
    #[must_use]
    pub fn balanced_accuracy(&self) -> f64 {
        let rows = self.counts.chunks_exact(self.classes).map(|row| row.iter().sum::<f64>()).enumerate();
        let recalls = rows.filter(|&(_, members)| members > 0.0);
        let (sum, classes) = recalls.fold((0.0, 0.0), |(sum, classes), (class, members)| {
            (sum + self.count(class, class) / members, classes + 1.0)
        });
        ratio(sum, classes)
    }

    /// The correlation of labels and predictions: Matthews' for two classes, its extension R_K to more (Gorodkin 2004):
    /// (c s - Σ p t) / √((s² - Σ p²) (s² - Σ t²)), with c the samples that are right, s all of them, p and t the numbers of each
    /// class among predictions and labels. 0 where labels or predictions are all of one class.
    #[must_use]
    pub fn mcc(&self) -> f64 {
        let (labels, predictions) = self.marginals();
        let total = self.total();
        let product: f64 = labels.iter().zip(&predictions).map(|(t, p)| t * p).sum();
        // s² - Σ p² in a form that is exactly 0 where only one class is predicted.
        let spread = |counts: &[f64]| counts.iter().map(|count| count * (total - count)).sum::<f64>().sqrt();
        let covariance = self.agreement() * total - product;
        ratio(covariance, spread(&labels) * spread(&predictions)).clamp(-1.0, 1.0)
    }

    /// Cohen's kappa (1960): (a - e) / (1 - e), the agreement a above the e that chance gives with these numbers of each class.
    /// 0 where labels and predictions are all of one and the same class.
    #[must_use]
    pub fn kappa(&self) -> f64 {
        let (labels, predictions) = self.marginals();
        let total = self.total();
        let product: f64 = labels.iter().zip(&predictions).map(|(t, p)| t * p).sum();
        ratio(self.agreement() * total - product, total * total - product)
    }

    fn agreement(&self) -> f64 {
        (0..self.classes).map(|class| self.count(class, class)).sum()
    }

    /// The sums of the rows and of the columns.
    fn marginals(&self) -> (Vec<f64>, Vec<f64>) {
        let mut columns = vec![0.0; self.classes];
        let rows = self.counts.chunks_exact(self.classes);
        let rows = rows.map(|row| {
            columns.iter_mut().zip(row).for_each(|(sum, &count)| *sum += count);
            row.iter().sum()
        });
        (rows.collect(), columns)
    }
}

const OPERATION: &str = "ConfusionMatrix";
