//! What is read from files, checked: a file may hold anything, and what was learnt indexes columns without a second look.

use serde::Deserialize;

use super::validate::{check_score, check_weights};
use super::{Importances, Path, PathPoint, Selection, TradeOff, Trial, Verdict};
use crate::DataError;

#[derive(Deserialize)]
pub(super) struct StoredSelection {
    indices: Vec<usize>,
    ranking: Vec<usize>,
    verdicts: Vec<Verdict>,
    names: Vec<String>,
}

impl TryFrom<StoredSelection> for Selection {
    type Error = DataError;

    fn try_from(stored: StoredSelection) -> Result<Self, DataError> {
        const OPERATION: &str = "Selection";
        let selection = Self::new(OPERATION, stored.verdicts, stored.ranking)?;
        if selection.indices() != stored.indices {
            let got = stored.indices.len() as f64;
            return Err(DataError::Setting {
                operation: OPERATION,
                expected: "the indices of the ranking, rising",
                got,
            });
        }
        if stored.names.is_empty() { Ok(selection) } else { selection.with_names(&stored.names) }
    }
}

#[derive(Deserialize)]
pub(super) struct StoredTradeOff {
    columns: usize,
    trials: Vec<Trial>,
    evaluations: usize,
    seconds: f64,
}

impl TryFrom<StoredTradeOff> for TradeOff {
    type Error = DataError;

    fn try_from(stored: StoredTradeOff) -> Result<Self, DataError> {
        let StoredTradeOff { columns, trials, evaluations, seconds } = stored;
        check_trials("TradeOff", columns, trials.iter())?;
        Ok(Self::new(columns, trials, evaluations, seconds))
    }
}

#[derive(Deserialize)]
pub(super) struct StoredPath {
    columns: usize,
    points: Vec<PathPoint>,
}

impl TryFrom<StoredPath> for Path {
    type Error = DataError;

    fn try_from(StoredPath { columns, points }: StoredPath) -> Result<Self, DataError> {
        check_trials("L1Path", columns, points.iter().map(|point| &point.trial))?;
        points.iter().try_for_each(|point| check_weights("L1Path", &point.weights, columns))?;
        Ok(Self { columns, points })
    }
}

#[derive(Deserialize)]
pub(super) struct StoredImportances {
    baseline: f64,
    drops: Vec<Vec<f64>>,
}

impl TryFrom<StoredImportances> for Importances {
    type Error = DataError;

    fn try_from(StoredImportances { baseline, drops }: StoredImportances) -> Result<Self, DataError> {
        const OPERATION: &str = "PermutationImportance";
        let repeats = drops.first().map_or(0, Vec::len);
        if repeats == 0 {
            return Err(DataError::Empty { operation: OPERATION, cure: "give at least one column and one repeat" });
        }
        drops.iter().try_for_each(|of_column| check_weights(OPERATION, of_column, repeats))?;
        Ok(Self { baseline, drops })
    }
}

/// Refuses no trials, columns that are not there or do not rise, and scores that are none or not finite.
fn check_trials<'a>(
    operation: &'static str,
    columns: usize,
    trials: impl ExactSizeIterator<Item = &'a Trial>,
) -> Result<(), DataError> {
    if trials.len() == 0 {
        return Err(DataError::Empty { operation, cure: "give at least one trial" });
    }
    for Trial { columns: chosen, scores, .. } in trials {
        let last = chosen.last().copied();
        if last.is_some_and(|last| last >= columns) || !chosen.is_sorted_by(|a, b| a < b) {
            let (expected, got) = ("columns of a trial that are there, rising", last.unwrap_or(0) as f64);
            return Err(DataError::Setting { operation, expected, got });
        }
        if scores.is_empty() {
            return Err(DataError::Empty { operation, cure: "give each trial at least one score" });
        }
        for &score in scores {
            check_score(operation, score, || "of a trial".into())?;
        }
    }
    Ok(())
}
