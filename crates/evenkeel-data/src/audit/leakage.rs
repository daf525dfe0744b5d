//! How well one column alone tells the target.

use crate::encode::Resolved;
use crate::scale::key;
use crate::table::{Column, Values};

/// Fewer known values prove nothing.
const LEAST: usize = 20;

/// How well the known values of a column tell the target: balanced accuracy or share of variance explained, each row
/// predicted by the others. `None` if it cannot be judged.
pub(super) fn by_values(column: &Column, target: &Resolved<'_>) -> Option<f64> {
    match column.values() {
        Values::Numeric(x) | Values::DateTime(x) => {
            let known: Vec<_> =
                x.iter().enumerate().filter(|(_, x)| !x.is_nan()).map(|(row, &x)| (key(x), row)).collect();
            judge(known, true, target)
        }
        Values::Categorical(_) => {
            let known = (0..column.len()).filter(|&row| !column.values().is_missing(row));
            let code = |row: usize| match column.values() {
                Values::Categorical(x) => i64::from(x.codes()[row]),
                _ => unreachable!("a categorical column"),
            };
            judge(known.map(|row| (code(row), row)).collect(), false, target)
        }
    }
}

/// The same for whether a value is missing.
pub(super) fn by_gaps(column: &Column, target: &Resolved<'_>) -> Option<f64> {
    let rows = 0..column.len();
    judge(rows.map(|row| (i64::from(column.values().is_missing(row)), row)).collect(), false, target)
}

fn judge(mut known: Vec<(i64, usize)>, is_ordered: bool, target: &Resolved<'_>) -> Option<f64> {
    if known.len() < LEAST {
        return None;
    }
    known.sort_unstable();
    let groups: Vec<&[(i64, usize)]> = known.chunk_by(|a, b| a.0 == b.0).collect();
    match target {
        Resolved::None => None,
        Resolved::Classes(classes) => balanced_accuracy(&groups, is_ordered, &classes.labels, classes.names.len()),
        Resolved::Values(values) => explained(&groups, is_ordered, values),
    }
}

/// Those who predict a row of group `at`: the others of the group, or if there are none, the groups beside it.
fn helpers<'a>(groups: &[&'a [(i64, usize)]], at: usize, is_ordered: bool) -> [&'a [(i64, usize)]; 2] {
    let group = groups[at];
    match (group.len(), is_ordered) {
        (2.., _) => [group, &[]],
        (_, false) => [&[], &[]],
        (_, true) => {
            let beside = |at: Option<usize>| at.and_then(|at| groups.get(at)).copied().unwrap_or(&[]);
            [beside(at.checked_sub(1)), beside(at.checked_add(1))]
        }
    }
}

fn balanced_accuracy(groups: &[&[(i64, usize)]], is_ordered: bool, labels: &[u32], classes: usize) -> Option<f64> {
    let (mut right, mut all) = (vec![0usize; classes], vec![0usize; classes]);
    let mut votes = vec![0usize; classes];
    for (at, group) in groups.iter().enumerate() {
        votes.fill(0);
        let helpers = helpers(groups, at, is_ordered);
        helpers.iter().copied().flatten().for_each(|&(_, row)| votes[labels[row] as usize] += 1);
        for &(_, row) in *group {
            let own = labels[row] as usize;
            let takes_part = usize::from(group.len() > 1);
            all[own] += 1;
            // Ahead of every other class without the row itself. A tie is no prediction.
            let ahead = votes[own] - takes_part;
            let is_right = ahead > 0 && votes.iter().enumerate().all(|(class, &v)| class == own || v < ahead);
            right[own] += usize::from(is_right);
        }
    }
    let present: Vec<f64> =
        right.iter().zip(&all).filter(|(_, all)| **all > 1).map(|(&r, &a)| r as f64 / a as f64).collect();
    (present.len() > 1).then(|| present.iter().sum::<f64>() / present.len() as f64)
}

fn explained(groups: &[&[(i64, usize)]], is_ordered: bool, values: &[f64]) -> Option<f64> {
    let known: Vec<f64> = groups.iter().copied().flatten().map(|&(_, row)| values[row]).collect();
    let mean = known.iter().map(|x| x / known.len() as f64).sum::<f64>();
    let total = known.iter().map(|x| (x - mean).powi(2)).sum::<f64>();
    let mut left = 0.0;
    for (at, group) in groups.iter().enumerate() {
        let helpers = helpers(groups, at, is_ordered);
        let (n, sum) =
            helpers.iter().copied().flatten().fold((0, 0.0), |(n, sum), &(_, row)| (n + 1, sum + values[row]));
        for &(_, row) in *group {
            let own = values[row];
            let (n, sum) = if group.len() > 1 { (n - 1, sum - own) } else { (n, sum) };
            let prediction = if n == 0 { mean } else { sum / f64::from(n) };
            left += (own - prediction).powi(2);
        }
    }
    (total > 0.0 && total.is_finite()).then(|| 1.0 - left / total)
}
