//! Sets of columns that grow or shrink by one column at a time.

use std::collections::BTreeMap;

use super::validate::{Validation, check_search};
use super::{TradeOff, Trial};
use crate::DataError;

/// Sequential selection: adds the column that makes the validated score best, or takes away the one that is missed least, and goes on from
/// there (Whitney 1971; Marill & Green 1963).
///
/// With [`floating`](Self::floating), steps back follow each step as long as they find a better set of that size than any before
/// (Pudil, Novovičová & Kittler 1994), so that a column that others have made superfluous can go.
///
/// Of d columns about d² / 2 sets are tried for all sizes; [`up_to`](Self::up_to) limits them. Equal scores: the first column. What a set
/// has scored is remembered, not computed again. The chosen set is the best of many on these folds: judge it on other data.
///
/// ```
/// use evenkeel_data::select::{MutualInformation, Sequential};
/// use evenkeel_data::{DataError, Dataset, Seed, Tensor};
///
/// let inputs = Tensor::from_fn([60, 3], |i| ((i * 7919 % 61) as f64).sin());
/// let labels: Vec<u32> = (0..60).map(|i| u32::from(inputs.get(&[i, 2]) > 0.0)).collect();
/// let folds = Dataset::classification(inputs, labels, 2)?.folds_stratified(5, Seed(7))?;
/// // In the place of a model: the share right by the signs of the columns.
/// let report = Sequential::forward().run(3, &folds, |columns, _train, validation| {
///     let batch = validation.batch::<f64>(&Vec::from_iter(0..validation.len()));
///     let signs = batch.inputs.as_slice().chunks(3).map(|row| u32::from(columns.iter().map(|&c| row[c]).sum::<f64>() > 0.0));
///     let right = signs.zip(batch.targets.classes().unwrap()).filter(|(sign, label)| sign == *label).count();
///     Ok::<_, DataError>(right as f64 / validation.len() as f64)
/// })?;
/// assert_eq!(report.selection()?.indices(), [2]);
/// # Ok::<(), DataError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sequential {
    is_forward: bool,
    is_floating: bool,
    limit: Option<usize>,
}

const OPERATION: &str = "Sequential";

impl Sequential {
    /// From one column up to all.
    pub fn forward() -> Self {
        Self { is_forward: true, is_floating: false, limit: None }
    }

    /// From all columns down to one.
    pub fn backward() -> Self {
        Self { is_forward: false, ..Self::forward() }
    }

    /// With steps back.
    #[must_use]
    pub fn floating(self) -> Self {
        Self { is_floating: true, ..self }
    }

    /// Stops at this number of columns: the most, going forward, and the fewest, going backward.
    #[must_use]
    pub fn up_to(self, columns: usize) -> Self {
        Self { limit: Some(columns), ..self }
    }

    /// The best set found of each size, of `columns` columns; `score(columns, train, validation)` trains a model with these columns and
    /// gives its score in validation, higher being better. A fold may be anything, e.g. what
    /// [`Dataset::folds`](crate::Dataset::folds) gives.
    ///
    /// # Errors
    /// What `score` gives; and if there are no columns, less than two folds, the limit is 0 or more than columns, or a score is not finite.
    pub fn run<T, E: From<DataError>>(
        &self,
        columns: usize,
        folds: &[(T, T)],
        score: impl FnMut(&[usize], &T, &T) -> Result<f64, E>,
    ) -> Result<TradeOff, E> {
        check_search(OPERATION, columns, folds.len())?;
        let last = self.limit.unwrap_or(if self.is_forward { columns } else { 1 });
        if !(1..=columns).contains(&last) {
            let expected = "a number of columns to stop at from 1 to as many as there are";
            return Err(DataError::Setting { operation: OPERATION, expected, got: last as f64 }.into());
        }
        let mut validation = Validation::new(OPERATION, folds, score);
        let mut step = |current: &[usize], is_forward: bool| -> Result<Trial, E> {
            let mut best: Option<Trial> = None;
            for neighbour in neighbours(current, columns, is_forward) {
                let trial = validation.trial(neighbour)?;
                if best.as_ref().is_none_or(|best| trial.mean() > best.mean()) {
                    best = Some(trial);
                }
            }
            Ok(best.expect("a neighbour"))
        };

        let mut best: BTreeMap<usize, Trial> = BTreeMap::new();
        let mut current: Vec<usize> = Vec::new();
        if !self.is_forward {
            let all = step(&[], false)?;
            current = all.columns.clone();
            best.insert(columns, all);
        }
        while current.len() != last {
            let trial = step(&current, self.is_forward)?;
            current = trial.columns.clone();
            keep_better(&mut best, trial);
            if !self.is_floating {
                continue;
            }
            loop {
                // A set that is one step from the start has nothing to go back to.
                let back = if self.is_forward { current.len().wrapping_sub(1) } else { current.len() + 1 };
                let Some(known) = best.get(&back) else { break };
                let trial = step(&current, !self.is_forward)?;
                if trial.mean() <= known.mean() {
                    break;
                }
                current = trial.columns.clone();
                keep_better(&mut best, trial);
            }
        }
        let (evaluations, seconds) = validation.cost();
        Ok(TradeOff::new(columns, best.into_values().collect(), evaluations, seconds))
    }
}

fn keep_better(best: &mut BTreeMap<usize, Trial>, trial: Trial) {
    let size = trial.columns.len();
    if best.get(&size).is_none_or(|known| trial.mean() > known.mean()) {
        best.insert(size, trial);
    }
}

/// The sets of one column more or less; going backward from nothing, the set of all.
fn neighbours(current: &[usize], columns: usize, is_forward: bool) -> Vec<Vec<usize>> {
    let has = |column: &usize| current.binary_search(column).is_ok();
    let all = 0..columns;
    if current.is_empty() && !is_forward {
        return vec![all.collect()];
    }
    let changed = all.clone().filter(|column| has(column) != is_forward);
    changed.map(|changed| all.clone().filter(|column| has(column) != (*column == changed)).collect()).collect()
}
