//! Which columns a penalty leaves, as it weakens.

use std::time::Instant;

use super::validate::{check_score, check_search, check_weights};
use super::{Selection, TradeOff, Trial, Verdict};
use crate::scale::sort_descending;
use crate::{DataError, TableError};

/// The path of a penalty that sets weights to zero, such as the L1 norm (Tibshirani 1996) or, for a network, the group lasso over the
/// first layer's weights of each input (Yuan & Lin 2006): in which order columns enter as the penalty λ weakens, and which are in at the
/// strongest one that does as well as the best within one standard error.
///
/// A column is in where |its weight| (for a network the norm of its first-layer weights) is above a tolerance, 0 unless told otherwise, in
/// more than half of the folds. Scale the columns first, since a penalty weighs units too.
///
/// ```
/// use evenkeel_data::{DataError, select::{L1Path, lambdas}};
///
/// // Orthogonal columns: the lasso's weights are the least-squares ones, shrunk by λ.
/// let weights = [0.3, -1.0, 0.02];
/// let path = L1Path::default().run(3, &lambdas(2.0, 0.01, 20)?, &[(0.0, 0.0), (0.0, 0.004)], |lambda, _train, noise| {
///     let shrunk: Vec<f64> = weights.iter().map(|w: &f64| (w.abs() - lambda).max(0.0)).collect();
///     let loss: f64 = weights.iter().zip(&shrunk).map(|(w, s)| (w.abs() - s).powi(2)).sum();
///     Ok::<_, DataError>((-loss + noise, shrunk))
/// })?;
/// assert_eq!(path.order_of_entry(), [1, 0, 2]);
/// assert_eq!(path.selection()?.indices(), [0, 1]);
/// # Ok::<(), DataError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct L1Path {
    tolerance: f64,
    is_upward: bool,
}

const OPERATION: &str = "L1Path";

/// `count` penalties from `largest` down to `smallest`, each the same factor below the one before.
///
/// # Errors
/// If they are not finite and above 0, do not fall, or are less than 2.
pub fn lambdas(largest: f64, smallest: f64, count: usize) -> Result<Vec<f64>, DataError> {
    let refuse = |expected, got| Err(DataError::Setting { operation: "lambdas", expected, got });
    if !(smallest > 0.0 && largest.is_finite() && smallest < largest) {
        return refuse("a smallest penalty above 0, and a largest above that", smallest);
    }
    if count < 2 {
        return refuse("at least 2 penalties", count as f64);
    }
    let share = |i: usize| i as f64 / (count - 1) as f64;
    // The ends as they are given, not as powers round them.
    let between = |i: usize| if i == 0 { largest } else { largest * (smallest / largest).powf(share(i)) };
    Ok((0..count).map(|i| if i + 1 == count { smallest } else { between(i) }).collect())
}

impl L1Path {
    /// Counts a column as in above this weight: for optimisers that make weights small, but not zero.
    #[must_use]
    pub fn with_tolerance(self, tolerance: f64) -> Self {
        Self { tolerance, ..self }
    }

    /// Begins with the weakest penalty instead of the strongest, for fits that start where the last one ended: a network has to learn what
    /// columns say together before a penalty can tell that they are needed (Lemhadri, Ruan, Abraham & Tibshirani, *LassoNet*, 2021). What
    /// comes out has the same form.
    #[must_use]
    pub fn from_weakest(self) -> Self {
        Self { is_upward: true, ..self }
    }

    /// Goes down the penalties `lambdas`, or up, [`from_weakest`](Self::from_weakest); `fit(lambda, train, validation)` trains a model with that penalty, and gives its score in
    /// validation, higher being better, and a weight for each of `columns` columns. Folds are inside, so a fit can start where the last
    /// one in its fold ended.
    ///
    /// # Errors
    /// What `fit` gives; and if there are no columns, less than two folds, penalties that do not fall or are negative, a tolerance that is
    /// negative or NaN, a score that is not finite, or weights that are NaN or not as many as columns.
    pub fn run<T, E: From<DataError>>(
        &self,
        columns: usize,
        lambdas: &[f64],
        folds: &[(T, T)],
        mut fit: impl FnMut(f64, &T, &T) -> Result<(f64, Vec<f64>), E>,
    ) -> Result<Path, E> {
        check_search(OPERATION, columns, folds.len())?;
        let refuse = |expected, got| Err(DataError::Setting { operation: OPERATION, expected, got }.into());
        let falls = lambdas.windows(2).all(|pair| pair[0] > pair[1]);
        match lambdas.last() {
            Some(&last) if falls && last >= 0.0 && lambdas[0].is_finite() => {}
            last => return refuse("penalties that fall, not below 0", last.copied().unwrap_or(f64::NAN)),
        }
        if self.tolerance.is_nan() || self.tolerance < 0.0 {
            return refuse("a tolerance of at least 0", self.tolerance);
        }
        let mut points = Vec::with_capacity(lambdas.len());
        let order: Vec<f64> = if self.is_upward { lambdas.iter().rev().copied().collect() } else { lambdas.to_vec() };
        for lambda in order {
            let start = Instant::now();
            let (mut scores, mut weights, mut counts) = (Vec::new(), vec![0.0; columns], vec![0; columns]);
            for (fold, (train, validation)) in folds.iter().enumerate() {
                let (score, of_fold) = fit(lambda, train, validation)?;
                scores.push(check_score(OPERATION, score, || format!("at lambda {lambda} in fold {fold}"))?);
                check_weights(OPERATION, &of_fold, columns)?;
                for (column, weight) in of_fold.into_iter().enumerate() {
                    weights[column] += weight.abs() / folds.len() as f64;
                    counts[column] += usize::from(weight.abs() > self.tolerance);
                }
            }
            let active = (0..columns).filter(|&column| 2 * counts[column] > folds.len()).collect();
            let trial = Trial { columns: active, scores, seconds: start.elapsed().as_secs_f64() };
            points.push(PathPoint { lambda, trial, weights });
        }
        if self.is_upward {
            points.reverse();
        }
        Ok(Path { columns, points })
    }
}

/// What one penalty gives.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct PathPoint {
    /// The penalty.
    pub lambda: f64,
    /// The columns that are in, and the validated scores.
    pub trial: Trial,
    /// The mean of |weight| over the folds, for each column.
    pub weights: Vec<f64>,
}

impl PathPoint {
    fn mean(&self) -> f64 {
        self.trial.mean()
    }
}

/// What an [`L1Path`] gives: a point for each penalty, from the strongest down.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(try_from = "super::store::StoredPath"))]
pub struct Path {
    pub(super) columns: usize,
    pub(super) points: Vec<PathPoint>,
}

impl Path {
    /// The points, e.g. for a plot of weights or scores against λ.
    pub fn points(&self) -> &[PathPoint] {
        &self.points
    }

    /// The columns in the order in which they come in, of those at the same penalty first the one of the larger weight. Columns that never
    /// come in are not listed.
    pub fn order_of_entry(&self) -> Vec<usize> {
        let (mut order, mut is_in) = (Vec::new(), vec![false; self.columns]);
        for point in &self.points {
            let columns = point.trial.columns.iter().copied();
            let mut new: Vec<usize> = columns.filter(|&column| !std::mem::replace(&mut is_in[column], true)).collect();
            sort_descending(&mut new, &|column| point.weights[column]);
            order.extend(new);
        }
        order
    }

    /// The point of the highest mean score, of equal ones that of the strongest penalty.
    pub fn best(&self) -> &PathPoint {
        let better = |a, b| if PathPoint::mean(b) > PathPoint::mean(a) { b } else { a };
        self.points.iter().reduce(better).expect("a penalty")
    }

    /// The point of the strongest penalty whose mean score is at most one standard error of the best below the best.
    pub fn within_one_standard_error(&self) -> &PathPoint {
        let best = &self.best().trial;
        let limit = best.one_standard_error_below();
        self.points.iter().find(|point| point.trial.mean() >= limit).expect("the best is good enough")
    }

    /// The columns that are in [`within_one_standard_error`](Self::within_one_standard_error), in their order of entry.
    ///
    /// # Errors
    /// If none is in there, since a guess does as well.
    pub fn selection(&self) -> Result<Selection, DataError> {
        let point = self.within_one_standard_error();
        let is_in = |column: &usize| point.trial.columns.contains(column);
        let kept: Vec<usize> = self.order_of_entry().into_iter().filter(is_in).collect();
        if kept.is_empty() {
            let cure = "no column does better than none: look at the data, or add weaker penalties";
            return Err(DataError::Table(TableError::NoColumnsLeft { operation: OPERATION, cure }));
        }
        let verdict = |column: usize| Verdict {
            score: Some(point.weights[column]),
            p_value: None,
            reason: format!("{} at lambda {:.4e}", if is_in(&column) { "in" } else { "not in" }, point.lambda),
        };
        Selection::new(OPERATION, (0..self.columns).map(verdict).collect(), kept)
    }

    /// The points as a report by number of columns.
    pub fn trade_off(&self) -> TradeOff {
        let trials: Vec<Trial> = self.points.iter().map(|point| point.trial.clone()).collect();
        let (count, seconds) = (trials.len(), trials.iter().map(|trial| trial.seconds).sum());
        TradeOff::new(self.columns, trials, count, seconds)
    }
}
