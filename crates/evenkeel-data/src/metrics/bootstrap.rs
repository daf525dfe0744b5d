//! The bootstrap: how far a measure might lie from what it is on these samples.

use std::collections::BTreeMap;
use std::fmt;

use evenkeel_tensor::{Seed, parallel};
use rand::RngExt;

use super::bca::bca_shares;
use super::quantile::quantile;
use crate::DataError;

/// Intervals of any measure by resampling the samples with replacement (Efron 1979): 2 000 resamples and a confidence of 0.95
/// unless told otherwise.
///
/// The interval says how much the measure varies with the choice of the *test* samples. It knows nothing of what another training
/// run would have given.
///
/// The plain interval is between percentiles of the resampled values. [`bias_corrected`](Self::bias_corrected) is more accurate
/// for skewed statistics and small samples; it costs one evaluation per sample more. With a rare class,
/// [`stratified`](Self::stratified) keeps each class's number of samples.
///
/// Resample `i` depends on the seed and on `i` alone; resamples are computed in parallel, with the same bits at any number of
/// threads.
///
/// ```
/// use evenkeel_data::Seed;
/// use evenkeel_data::metrics::{Bootstrap, Ranking};
///
/// let labels: Vec<bool> = (0..200).map(|i| i % 5 == 0).collect();
/// let scores: Vec<f64> = (0..200).map(|i| f64::from(i * 37 % 200) + if i % 5 == 0 { 60.0 } else { 0.0 }).collect();
/// let interval = Bootstrap::new().stratified(&labels).interval(labels.len(), Seed(7), |rows| {
///     let labels: Vec<_> = rows.iter().map(|&row| labels[row]).collect();
///     let scores: Vec<_> = rows.iter().map(|&row| scores[row]).collect();
///     Some(Ranking::new(&labels, &scores).ok()?.roc_auc())        // None: not defined on these rows
/// })?;
/// assert!(interval.low < interval.estimate && interval.estimate < interval.high);
/// assert_eq!(interval.degenerate, 0);
/// # Ok::<(), evenkeel_data::DataError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Bootstrap {
    resamples: usize,
    confidence: f64,
    is_bias_corrected: bool,
    /// The positions of each class's samples, ascending by class, if it is stratified.
    strata: Option<Vec<Vec<usize>>>,
}

/// What a [`Bootstrap`] gives.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Interval {
    /// The measure on the samples as they are.
    pub estimate: f64,
    /// The lower end.
    pub low: f64,
    /// The upper end.
    pub high: f64,
    /// The standard deviation of the resampled values.
    pub standard_error: f64,
    /// The share of such intervals that would hold the true value.
    pub confidence: f64,
    /// How many resamples were drawn.
    pub resamples: usize,
    /// On how many of them the measure is not defined; they are left out.
    pub degenerate: usize,
}

const OPERATION: &str = "Bootstrap";

impl Default for Bootstrap {
    fn default() -> Self {
        Self { resamples: 2000, confidence: 0.95, is_bias_corrected: false, strata: None }
    }
}

impl Bootstrap {
    /// 2 000 resamples, a confidence of 0.95, between percentiles, not stratified.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Draws so many resamples. The ends of an interval are themselves random: 2 000 resamples know an end of 95 % to about a
    /// tenth of the standard error.
    #[must_use]
    pub fn with_resamples(self, resamples: usize) -> Self {
        Self { resamples, ..self }
    }

    /// The share of intervals that are to hold the true value.
    #[must_use]
    pub fn with_confidence(self, confidence: f64) -> Self {
        Self { confidence, ..self }
    }

    /// The bias-corrected and accelerated interval, BCa (Efron 1987): the percentiles are moved by the bias of the resampled
    /// values and by how the standard error changes with the estimate, found by leaving out each sample in turn.
    ///
    /// Where all resampled values lie on one side of the estimate, the bias is taken as if half a resample lay on the other.
    #[must_use]
    pub fn bias_corrected(self) -> Self {
        Self { is_bias_corrected: true, ..self }
    }

    /// Draws from each class as many samples as it has, so that no resample lacks a class. The interval then holds for test sets
    /// with these numbers of each class.
    #[must_use]
    pub fn stratified<L: Copy + Into<u32>>(self, labels: &[L]) -> Self {
        let mut strata = BTreeMap::<u32, Vec<usize>>::new();
        for (position, &label) in labels.iter().enumerate() {
            strata.entry(label.into()).or_default().push(position);
        }
        Self { strata: Some(strata.into_values().collect()), ..self }
    }

    /// The interval of `statistic`, which computes the measure from positions below `samples`, with repetitions and in any order.
    /// It gives `None` where the measure is not defined, e.g. because all positions are of one class; NaN and infinity count as
    /// `None`.
    ///
    /// # Errors
    /// If there are fewer than 2 samples or resamples, the confidence is not between 0 and 1, there is not one label per sample,
    /// the measure is not defined on the samples as they are, or it is not on more than half of the resamples.
    pub fn interval(
        &self,
        samples: usize,
        seed: Seed,
        statistic: impl Fn(&[usize]) -> Option<f64> + Sync,
    ) -> Result<Interval, DataError> {
        self.check(samples)?;
        let statistic = |rows: &[usize]| statistic(rows).filter(|value| value.is_finite());
        let all: Vec<_> = (0..samples).collect();
        let undefined = |expected, got| DataError::Setting { operation: OPERATION, expected, got };
        let estimate =
            statistic(&all).ok_or(undefined("a measure that is defined on the samples as they are", f64::NAN))?;

        let stream = seed.stream("bootstrap");
        let mut values = evaluate(self.resamples, samples, &statistic, |resample, rows| {
            let mut rng = stream.at(resample as u64).rng();
            let Some(strata) = &self.strata else {
                rows.extend((0..samples).map(|_| rng.random_range(0..samples)));
                return;
            };
            for members in strata {
                rows.extend((0..members.len()).map(|_| members[rng.random_range(0..members.len())]));
            }
        });
        let degenerate = self.resamples - values.len();
        if 2 * degenerate > self.resamples {
            let expected =
                "a measure that is defined on at least half of the resamples (stratify, or get more samples)";
            return Err(undefined(expected, values.len() as f64 / self.resamples as f64));
        }
        values.sort_unstable_by(f64::total_cmp);

        let tail = 0.5 * (1.0 - self.confidence);
        let [low, high] = if self.is_bias_corrected {
            let without = evaluate(samples, samples, &statistic, |left_out, rows| {
                rows.extend((0..samples).filter(|&row| row != left_out));
            });
            bca_shares(&values, estimate, &without, tail)
        } else {
            [tail, 1.0 - tail]
        };
        Ok(Interval {
            estimate,
            low: quantile(&values, low),
            high: quantile(&values, high),
            standard_error: deviation(&values),
            confidence: self.confidence,
            resamples: self.resamples,
            degenerate,
        })
    }

    fn check(&self, samples: usize) -> Result<(), DataError> {
        let setting = |expected, got| Err(DataError::Setting { operation: OPERATION, expected, got });
        if samples < 2 {
            return setting("at least 2 samples", samples as f64);
        }
        if !(2..=100_000_000).contains(&self.resamples) {
            return setting("from 2 to 100000000 resamples", self.resamples as f64);
        }
        if !(self.confidence > 0.0 && self.confidence < 1.0) {
            return setting("a confidence above 0 and below 1", self.confidence);
        }
        match self.strata.as_ref().map(|strata| strata.iter().map(Vec::len).sum()) {
            Some(targets) if targets != samples => {
                Err(DataError::Lengths { operation: "Bootstrap::stratified".to_owned(), samples, targets })
            }
            _ => Ok(()),
        }
    }
}

/// The defined values among `count` evaluations of `statistic`, in order, on the rows that `choose` puts into an empty vector.
fn evaluate(
    count: usize,
    samples: usize,
    statistic: &(impl Fn(&[usize]) -> Option<f64> + Sync),
    choose: impl Fn(usize, &mut Vec<usize>) + Sync,
) -> Vec<f64> {
    // Enough to be worth a split, few enough to keep all threads busy to the end.
    const SHARE: usize = 16;
    let mut values = vec![None; count];
    parallel::install(|| {
        parallel::chunks_mut(&mut values, SHARE, |share, values| {
            let mut rows = Vec::with_capacity(samples);
            for (i, value) in values.iter_mut().enumerate() {
                rows.clear();
                choose(share * SHARE + i, &mut rows);
                *value = statistic(&rows);
            }
        });
    });
    values.into_iter().flatten().collect()
}

/// The standard deviation of a sample, with n - 1.
fn deviation(values: &[f64]) -> f64 {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    if n > 1.0 { (squares / (n - 1.0)).sqrt() } else { 0.0 }
}

/// `0.8750 (0.95 interval 0.8125 to 0.9312)`.
impl fmt::Display for Interval {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { estimate, low, high, confidence, .. } = self;
        write!(f, "{estimate:.4} ({confidence} interval {low:.4} to {high:.4})")
    }
}
