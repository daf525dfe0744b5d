//! Columns that another one repeats.

use evenkeel_tensor::parallel;

use super::finding::Suspect;
use super::search::Look;
use super::summary::Numbers;
use crate::table::Column;

/// Rows by which pairs are looked through first, evenly spaced.
const SKETCH: usize = 64;
/// The fewest common rows by which a correlation is judged.
const LEAST: usize = 20;

/// A numeric column with spread.
struct Candidate<'a> {
    name: &'a str,
    x: &'a [f64],
    numbers: Numbers,
    known: usize,
}

/// Columns that correlate by 0.999 or more in magnitude with one that misses no more values, and lack none of the rows that the copy
/// has, but for one in a hundred: so that nothing is lost without them.
pub(super) fn find(inputs: &[&Column], looks: &[Look]) -> Vec<Suspect> {
    let mut candidates: Vec<Candidate<'_>> = inputs
        .iter()
        .zip(looks)
        .filter_map(|(column, look)| {
            let numbers = look.summary.numbers.filter(|n| n.deviation > 0.0 && n.deviation.is_finite())?;
            let known = look.summary.known(column.len());
            Some(Candidate { name: column.name(), x: column.numbers().ok()?, numbers, known })
        })
        .collect();
    candidates.sort_by_key(|candidate| std::cmp::Reverse(candidate.known));
    let mut found: Vec<Option<Suspect>> = vec![None; candidates.len()];
    parallel::chunks_mut(&mut found, 1, |at, found| {
        let copy = &candidates[at];
        let repeats = |original: &Candidate<'_>| {
            let step = (copy.x.len() / SKETCH).max(1);
            let (common, sketch) = correlation(copy, original, step);
            if common >= LEAST && sketch.abs() < 0.99 {
                return None;
            }
            let (common, r) = correlation(copy, original, 1);
            let is_copy = r.abs() >= 0.999 && common >= LEAST && 100 * common >= 99 * copy.known;
            is_copy.then(|| Suspect { name: copy.name.into(), measure: r, repeats: Some(original.name.into()) })
        };
        found[0] = candidates[..at].iter().find_map(repeats);
    });
    found.into_iter().flatten().collect()
}

/// The number of every `step`-th row in which both are finite, and Pearson's correlation there; 0 without spread.
fn correlation(a: &Candidate<'_>, b: &Candidate<'_>, step: usize) -> (usize, f64) {
    // In deviations from the means, so that nothing overflows.
    let scaled = |of: &Candidate<'_>, x: f64| (x - of.numbers.mean) / of.numbers.deviation;
    let both = || {
        let pairs = a.x.iter().zip(b.x).step_by(step).filter(|(x, y)| x.is_finite() && y.is_finite());
        pairs.map(|(&x, &y)| (scaled(a, x), scaled(b, y)))
    };
    let (n, sum_x, sum_y) = both().fold((0, 0.0, 0.0), |(n, sx, sy), (x, y)| (n + 1, sx + x, sy + y));
    if n == 0 {
        return (0, 0.0);
    }
    let (mx, my) = (sum_x / n as f64, sum_y / n as f64);
    let [xx, xy, yy] = both().fold([0.0; 3], |[xx, xy, yy], (x, y)| {
        let (x, y) = (x - mx, y - my);
        [xx + x * x, xy + x * y, yy + y * y]
    });
    (n, if xx == 0.0 || yy == 0.0 { 0.0 } else { xy / (xx.sqrt() * yy.sqrt()) })
}
