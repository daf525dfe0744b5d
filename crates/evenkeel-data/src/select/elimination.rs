//! Columns left out by the importance that a model gives them.

use std::time::Instant;

use super::validate::{check_score, check_search, check_weights};
use super::{TradeOff, Trial};
use crate::DataError;
use crate::scale::sort_descending;

/// Recursive elimination (Guyon et al. 2002): trains on all columns, leaves out the least important one, and so on.
///
/// In each round the importances are averaged over the folds, so that there is one set of each size to report; scikit-learn's `RFECV`
/// eliminates in each fold by itself, and averages scores of different sets. Equal importances: the last column goes first.
///
/// **The scores are optimistic**: the importances that decide what is left out are averaged over folds, and the rows that validate in
/// one fold have trained the importances of the others. They compare sets; for an honest score of the chosen one, split before, and
/// score rows that no fold has seen.
///
/// ```
/// use evenkeel_data::{DataError, select::Elimination};
///
/// // In the place of a model: fixed weights, and a score that the columns 0 and 2 make.
/// let weights = [3.0, 0.1, 2.0, 0.2];
/// let report = Elimination::default().run(4, &[(0.0, 0.0), (0.0, 0.1)], |columns, _train, validation| {
///     let score = columns.iter().filter(|&&column| column % 2 == 0).count() as f64 + validation;
///     Ok::<_, DataError>((score, columns.iter().map(|&column| weights[column]).collect()))
/// })?;
/// assert_eq!(report.trials().iter().map(|trial| &trial.columns[..]).collect::<Vec<_>>(), [&[0][..], &[0, 2], &[0, 2, 3], &[0, 1, 2, 3]]);
/// assert_eq!(report.selection()?.indices(), [0, 2]);
/// # Ok::<(), DataError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Elimination {
    step: f64,
    least: usize,
}

const OPERATION: &str = "Elimination";

/// One column at a time, down to one.
impl Default for Elimination {
    fn default() -> Self {
        Self { step: 0.0, least: 1 }
    }
}

impl Elimination {
    /// Leaves out this share of the columns that are left in each round, at least one: for many columns.
    #[must_use]
    pub fn with_share(self, share: f64) -> Self {
        Self { step: share, ..self }
    }

    /// Stops at this number of columns.
    #[must_use]
    pub fn down_to(self, columns: usize) -> Self {
        Self { least: columns, ..self }
    }

    /// The sets that were left in each round; `fit(columns, train, validation)` trains a model with these columns, and gives its score in
    /// validation, higher being better, and an importance for each of `columns`, e.g. the magnitude of its weights.
    ///
    /// # Errors
    /// What `fit` gives; and if there are no columns, less than two folds, the share is not in 0 to 1, the last number of columns is 0 or
    /// more than there are, a score is not finite, or importances are NaN or not as many as columns.
    pub fn run<T, E: From<DataError>>(
        &self,
        columns: usize,
        folds: &[(T, T)],
        mut fit: impl FnMut(&[usize], &T, &T) -> Result<(f64, Vec<f64>), E>,
    ) -> Result<TradeOff, E> {
        check_search(OPERATION, columns, folds.len())?;
        let refuse = |expected, got| Err(DataError::Setting { operation: OPERATION, expected, got }.into());
        if !(0.0..1.0).contains(&self.step) {
            return refuse("a share of columns to leave out from 0 to below 1", self.step);
        }
        if !(1..=columns).contains(&self.least) {
            return refuse("a number of columns to stop at from 1 to as many as there are", self.least as f64);
        }
        let mut left: Vec<usize> = (0..columns).collect();
        let mut trials = Vec::new();
        loop {
            let start = Instant::now();
            let (mut scores, mut importances) = (Vec::with_capacity(folds.len()), vec![0.0; left.len()]);
            for (fold, (train, validation)) in folds.iter().enumerate() {
                let (score, weights) = fit(&left, train, validation)?;
                scores.push(check_score(OPERATION, score, || format!("of columns {left:?} in fold {fold}"))?);
                check_weights(OPERATION, &weights, left.len())?;
                importances.iter_mut().zip(weights).for_each(|(sum, weight)| *sum += weight);
            }
            trials.push(Trial { columns: left.clone(), scores, seconds: start.elapsed().as_secs_f64() });
            if left.len() == self.least {
                break;
            }
            let out = ((self.step * left.len() as f64) as usize).max(1).min(left.len() - self.least);
            let mut order: Vec<usize> = (0..left.len()).collect();
            sort_descending(&mut order, &|at| importances[at]);
            order.truncate(left.len() - out);
            order.sort_unstable();
            left = order.into_iter().map(|at| left[at]).collect();
        }
        let (rounds, seconds) = (trials.len(), trials.iter().map(|trial| trial.seconds).sum());
        Ok(TradeOff::new(columns, trials, rounds, seconds))
    }
}
