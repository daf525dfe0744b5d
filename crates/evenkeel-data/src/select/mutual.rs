//! Mutual information of columns and classes.

use evenkeel_tensor::{Float, Tensor};

use super::Scores;
use super::classes::Classes;
use super::groups::Groups;
use super::neighbours::Neighbours;
use super::sums::check_finite;
use crate::DataError;
use crate::scale::{for_each_column, key};

/// The mutual information of each column and the class, in nats: how much knowing the column lowers the uncertainty about the class,
/// whatever the form of their relation; 0 if they are independent, at most the entropy of the classes.
///
/// ```text
/// I(X; C) = Σ_c ∫ p(x, c) ln(p(x, c) / (p(x) p(c))) dx
/// ```
///
/// | estimator | | for |
/// |---|---|---|
/// | [`neighbours`](Self::neighbours) | k nearest neighbours within the class (Kraskov et al. 2004; Ross 2014) | continuous columns; the default, k = 3 |
/// | [`counts`](Self::counts) | shares of each value | columns of few values |
/// | [`bins`](Self::bins) | shares of each of so many quantile bins | a fast look at continuous columns |
///
/// The target is classes: of real values make some first, such as by [`feature::Bins`](crate::feature::Bins). Estimates below 0 count
/// as 0. Those by counts of b values and k classes are too high by about (b - 1)(k - 1) / 2n.
///
/// By neighbours it is what scikit-learn's `mutual_info_classif` estimates, by counts the same number. That adds noise of 1e-10 to
/// continuous columns to part equal values, so its results depend on a seed where there are such; here they are counted as equal.
/// A class of one member has no neighbours, and is left out.
///
/// ```
/// use evenkeel_data::{Tensor, select::MutualInformation};
///
/// let x = Tensor::from_fn([90, 2], |i| ((i / 2 * 37 % 90) as f64 - 45.0) * if i % 2 == 0 { 1.0 } else { 0.0 });
/// let labels: Vec<u32> = (0..90).map(|i| u32::from(f64::abs(x.get(&[i, 0])) > 20.0)).collect();
/// let scores = MutualInformation::default().scores(&x, &labels)?;
/// assert!(scores.score()[0] > 0.5);                                     // near the entropy of two halves, ln 2 = 0.69
/// assert_eq!(scores.score()[1], 0.0);                                   // a constant
/// # Ok::<(), evenkeel_data::DataError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct MutualInformation {
    estimator: Estimator,
    discrete: Vec<usize>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Estimator {
    Neighbours(usize),
    Bins(usize),
    Counts,
}

const OPERATION: &str = "MutualInformation";

/// By 3 neighbours.
impl Default for MutualInformation {
    fn default() -> Self {
        Self::neighbours(3)
    }
}

impl MutualInformation {
    /// By `k` nearest neighbours: a larger k varies less, and smooths more.
    pub fn neighbours(k: usize) -> Self {
        Self { estimator: Estimator::Neighbours(k), discrete: Vec::new() }
    }

    /// By so many bins, of about as many rows each.
    pub fn bins(bins: usize) -> Self {
        Self { estimator: Estimator::Bins(bins), discrete: Vec::new() }
    }

    /// By counts of equal values.
    pub fn counts() -> Self {
        Self { estimator: Estimator::Counts, discrete: Vec::new() }
    }

    /// By counts in these columns, where the others are continuous.
    #[must_use]
    pub fn with_discrete(self, columns: impl Into<Vec<usize>>) -> Self {
        Self { discrete: columns.into(), ..self }
    }

    /// The scores, which have no p-values.
    ///
    /// # Errors
    /// If there are no neighbours, less than 2 bins, or a discrete column is not there; `x` (rows, columns) is not a matrix with rows
    /// and columns, or has a missing or infinite value; the labels are not as many as rows, or all the same; or, by neighbours, no
    /// class has two members.
    pub fn scores<F: Float>(&self, x: &Tensor<F>, labels: &[u32]) -> Result<Scores, DataError> {
        let classes = Classes::new(OPERATION, x, labels)?;
        let columns = x.shape()[1];
        self.check(columns, &classes)?;
        check_finite(OPERATION, x)?;
        if self.discrete.is_empty() {
            return Scores::new(OPERATION, estimate(x, &classes, self.estimator), None);
        }
        let mut score = vec![0.0; columns];
        let (discrete, continuous): (Vec<usize>, Vec<usize>) = (0..columns).partition(|c| self.discrete.contains(c));
        for (part, estimator) in [(discrete, Estimator::Counts), (continuous, self.estimator)] {
            if !part.is_empty() {
                let scores = estimate(&x.index_select(1, &part), &classes, estimator);
                part.into_iter().zip(scores).for_each(|(column, of_column)| score[column] = of_column);
            }
        }
        Scores::new(OPERATION, score, None)
    }

    fn check(&self, columns: usize, classes: &Classes<'_>) -> Result<(), DataError> {
        let refuse = |expected, got: usize| Err(DataError::Setting { operation: OPERATION, expected, got: got as f64 });
        match self.estimator {
            Estimator::Neighbours(0) => return refuse("at least 1 neighbour", 0),
            Estimator::Bins(bins @ 0..2) => return refuse("at least 2 bins", bins),
            Estimator::Neighbours(_) if classes.counts.iter().all(|&count| count == 1) => {
                let cure = "check that the labels are classes, or bin them";
                return Err(DataError::TooFewMembers { operation: OPERATION, class: 0, members: 1, needed: 2, cure });
            }
            _ => {}
        }
        match self.discrete.iter().find(|&&column| column >= columns) {
            Some(&column) => refuse("discrete columns that are there", column),
            None => Ok(()),
        }
    }
}

/// The mutual information of each column and the class. Tasks share the columns among themselves.
fn estimate<F: Float>(x: &Tensor<F>, classes: &Classes<'_>, estimator: Estimator) -> Vec<f64> {
    let (x, columns) = (x.as_slice(), x.shape()[1]);
    let information = |groups: Groups| groups.information(&classes.codes, classes.counts.len());
    match estimator {
        Estimator::Neighbours(k) => {
            let neighbours = Neighbours::new(&classes.codes, &classes.counts, k);
            for_each_column(x, columns, |x| x, |values| neighbours.information(values))
        }
        Estimator::Bins(bins) => for_each_column(x, columns, key, |keys| information(Groups::by_quantile(keys, bins))),
        Estimator::Counts => for_each_column(x, columns, key, |keys| information(Groups::by_value(keys))),
    }
}
