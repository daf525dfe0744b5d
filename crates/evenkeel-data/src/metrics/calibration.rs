//! Calibration: whether of what is given a probability of 0.3, three in ten are positive.

use evenkeel_tensor::Float;

use super::check;
use super::quantile::quantile;
use crate::DataError;

/// How the probabilities from 0 to 1 are divided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bins {
    /// This many bins of equal width.
    Uniform(usize),
    /// This many bins of as nearly equal numbers of samples as ties allow: the better choice where most probabilities are small.
    Quantile(usize),
}

/// Samples of similar probability.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CalibrationBin {
    /// Probabilities are above this, or in the first bin at least this.
    pub low: f64,
    /// Probabilities are at most this.
    pub high: f64,
    /// The number of samples.
    pub samples: usize,
    /// The mean of their probabilities, along the x axis.
    pub mean_probability: f64,
    /// The share of positives among them, along the y axis.
    pub positive_share: f64,
}

/// The reliability diagram: for bins of similar probability, the share that is positive. Empty bins are left out.
///
/// ```
/// use evenkeel_data::metrics::{Bins, CalibrationCurve};
///
/// let curve = CalibrationCurve::new(&[false, true, true, true], &[0.25, 0.25, 0.75, 0.75], Bins::Uniform(2))?;
/// assert_eq!((curve.bins()[0].mean_probability, curve.bins()[0].positive_share), (0.25, 0.5));
/// assert_eq!(curve.expected_error(), 0.25);
/// # Ok::<(), evenkeel_data::DataError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct CalibrationCurve {
    bins: Vec<CalibrationBin>,
}

impl CalibrationCurve {
    /// From one label (`bool`, or 0 and 1) and the probability of being positive of each sample.
    ///
    /// For more than two classes, give the largest probability and whether its class is right ([`top_label`]).
    ///
    /// # Errors
    /// If there is no sample, the lengths differ, a label is neither 0 nor 1, a probability is not from 0 to 1, or there is not at
    /// least one bin and at most a million.
    pub fn new<L: Copy + Into<u32>, F: Float>(
        labels: &[L],
        probabilities: &[F],
        bins: Bins,
    ) -> Result<Self, DataError> {
        const OPERATION: &str = "CalibrationCurve";
        let (Bins::Uniform(count) | Bins::Quantile(count)) = bins;
        if !(1..=1_000_000).contains(&count) {
            let expected = "from 1 to 1000000 bins";
            return Err(DataError::Setting { operation: OPERATION, expected, got: count as f64 });
        }
        check::lengths(OPERATION, probabilities.len(), labels.len())?;
        let values = probabilities.iter().enumerate().map(|(i, &p)| check::probability(OPERATION, i, p));
        let values = values.collect::<Result<Vec<_>, _>>()?;

        // The last is 1, and not a product beside it.
        let share = |edge| edge as f64 / count as f64;
        let edges: Vec<f64> = match bins {
            Bins::Uniform(_) => (0..=count).map(share).collect(),
            Bins::Quantile(_) => {
                let mut sorted = values.clone();
                sorted.sort_unstable_by(f64::total_cmp);
                (0..=count).map(|edge| quantile(&sorted, share(edge))).collect()
            }
        };
        let mut sums = vec![(0usize, 0.0, 0usize); count];
        for (i, (&label, &p)) in labels.iter().zip(&values).enumerate() {
            let (samples, sum, positives) = &mut sums[edges[1..count].partition_point(|&edge| edge < p)];
            *samples += 1;
            *sum += p;
            *positives += usize::from(check::is_positive(i, label)?);
        }
        let bins = sums.into_iter().zip(edges.windows(2)).filter(|((samples, ..), _)| *samples > 0);
        let bins = bins.map(|((samples, sum, positives), edges)| CalibrationBin {
            low: edges[0],
            high: edges[1],
            samples,
            mean_probability: sum / samples as f64,
            positive_share: positives as f64 / samples as f64,
        });
        Ok(Self { bins: bins.collect() })
    }

    /// The bins that have samples, ascending.
    #[must_use]
    pub fn bins(&self) -> &[CalibrationBin] {
        &self.bins
    }

    /// The expected calibration error: the mean over samples of |share of positives - mean probability| of their bins (Naeini,
    /// Cooper & Hauskrecht 2015). It depends on the bins, so compare values of the same ones.
    #[must_use]
    pub fn expected_error(&self) -> f64 {
        let samples: usize = self.bins.iter().map(|bin| bin.samples).sum();
        self.bins.iter().map(|bin| bin.samples as f64 / samples as f64 * bin.error()).sum()
    }

    /// The largest |share of positives - mean probability| of a bin.
    #[must_use]
    pub fn maximum_error(&self) -> f64 {
        self.bins.iter().map(CalibrationBin::error).fold(0.0, f64::max)
    }
}

impl CalibrationBin {
    fn error(&self) -> f64 {
        (self.positive_share - self.mean_probability).abs()
    }
}

/// Of rows of `classes` probabilities, whether the most probable class is right, and its probability: a problem of two classes,
/// whose [`CalibrationCurve`] is that of Guo et al. (2017).
///
/// ```
/// use evenkeel_data::metrics::{Bins, CalibrationCurve, top_label};
///
/// let (is_right, confidence) = top_label(3, &[0u32, 2], &[0.75, 0.25, 0.0,  0.125, 0.5, 0.375])?;
/// assert_eq!((&is_right[..], &confidence[..]), (&[true, false][..], &[0.75, 0.5][..]));
/// let error = CalibrationCurve::new(&is_right, &confidence, Bins::Uniform(15))?.expected_error();
/// assert_eq!(error, 0.375);
/// # Ok::<(), evenkeel_data::DataError>(())
/// ```
///
/// # Errors
/// If there is no sample, the lengths do not fit, a label is not below `classes`, or a probability is not from 0 to 1.
pub fn top_label<L: Copy + Into<u32>, F: Float>(
    classes: usize,
    labels: &[L],
    probabilities: &[F],
) -> Result<(Vec<bool>, Vec<f64>), DataError> {
    const OPERATION: &str = "top_label";
    check::rows(OPERATION, classes, labels.len(), probabilities.len())?;
    let (mut is_right, mut confidence) = (Vec::with_capacity(labels.len()), Vec::with_capacity(labels.len()));
    for (i, (&label, row)) in labels.iter().zip(probabilities.chunks_exact(classes)).enumerate() {
        let mut best = (0, f64::NEG_INFINITY);
        for (class, &p) in row.iter().enumerate() {
            let p = check::probability(OPERATION, i, p)?;
            best = if p > best.1 { (class, p) } else { best };
        }
        is_right.push(check::class(i, label, classes)? == best.0);
        confidence.push(best.1);
    }
    Ok((is_right, confidence))
}
