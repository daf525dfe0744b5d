//! Sets of columns tried in every fold.

use std::collections::BTreeMap;
use std::time::Instant;

use super::Trial;
use crate::{DataError, TableError};

/// Refuses what cannot be searched: no columns, or less than two folds.
pub(super) fn check_search(operation: &'static str, columns: usize, folds: usize) -> Result<(), DataError> {
    if columns == 0 {
        return Err(DataError::Empty { operation, cure: "give at least one column" });
    }
    if folds < 2 {
        return Err(DataError::Setting { operation, expected: "at least 2 folds", got: folds as f64 });
    }
    Ok(())
}

/// Refuses a score that cannot be compared.
pub(super) fn check_score(
    operation: &'static str,
    score: f64,
    place: impl FnOnce() -> String,
) -> Result<f64, DataError> {
    if score.is_finite() {
        return Ok(score);
    }
    Err(DataError::NotFinite { what: format!("{operation}: score {}", place()), value: score })
}

/// Refuses other than a number that is not NaN for each column.
pub(super) fn check_weights(operation: &'static str, weights: &[f64], columns: usize) -> Result<(), DataError> {
    if weights.len() != columns {
        return Err(DataError::Table(TableError::Columns { operation, expected: columns, got: weights.len() }));
    }
    match weights.iter().position(|weight| weight.is_nan()) {
        Some(at) => Err(DataError::NotFinite { what: format!("{operation}: weight {at}"), value: weights[at] }),
        None => Ok(()),
    }
}

/// Folds and a score, which remember what they have tried.
pub(super) struct Validation<'a, T, S> {
    operation: &'static str,
    folds: &'a [(T, T)],
    score: S,
    tried: BTreeMap<Vec<usize>, Trial>,
}

impl<'a, T, S> Validation<'a, T, S> {
    pub(super) fn new(operation: &'static str, folds: &'a [(T, T)], score: S) -> Self {
        Self { operation, folds, score, tried: BTreeMap::new() }
    }

    /// The trial of these columns, which rise.
    pub(super) fn trial<E: From<DataError>>(&mut self, columns: Vec<usize>) -> Result<Trial, E>
    where
        S: FnMut(&[usize], &T, &T) -> Result<f64, E>,
    {
        if let Some(trial) = self.tried.get(&columns) {
            return Ok(trial.clone());
        }
        let start = Instant::now();
        let mut scores = Vec::with_capacity(self.folds.len());
        for (fold, (train, validation)) in self.folds.iter().enumerate() {
            let score = (self.score)(&columns, train, validation)?;
            scores.push(check_score(self.operation, score, || format!("of columns {columns:?} in fold {fold}"))?);
        }
        let trial = Trial { columns: columns.clone(), scores, seconds: start.elapsed().as_secs_f64() };
        self.tried.insert(columns, trial.clone());
        Ok(trial)
    }

    /// How many sets were tried, and the time they took.
    pub(super) fn cost(&self) -> (usize, f64) {
        (self.tried.len(), self.tried.values().map(|trial| trial.seconds).sum())
    }
}
