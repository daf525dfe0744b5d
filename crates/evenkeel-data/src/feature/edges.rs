//! Where a column is cut: evenly, by quantiles, or between groups.

use evenkeel_tensor::{Float, Tensor};

use crate::fit::check_not_infinite;
use crate::scale::{for_each_column, key, quantiles};
use crate::{DataError, TableError};

/// How points are placed between a column's extremes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Spacing {
    /// At equal distances.
    Uniform,
    /// With equally many values between them.
    Quantile,
}

/// `count` points (at least two) from the smallest value of each column to the largest; none for a column without values. Of a
/// constant column all are the same.
pub(super) fn points<F: Float>(
    operation: &'static str,
    x: &Tensor<F>,
    count: usize,
    spacing: Spacing,
) -> Result<Vec<Vec<f64>>, DataError> {
    let columns = x.shape()[1];
    check_not_infinite(operation, x.as_slice(), columns)?;
    let share = |i: usize| i as f64 / (count - 1) as f64;
    let shares: Vec<f64> = match spacing {
        Spacing::Uniform => vec![0.0, 1.0],
        Spacing::Quantile => (0..count).map(share).collect(),
    };
    let mut points = for_each_column(x.as_slice(), columns, key, |keys| quantiles(keys, &shares));
    for (column, points) in points.iter_mut().enumerate() {
        let [Some(&low), Some(&high)] = [points.first(), points.last()] else { continue };
        let got = high - low;
        if !got.is_finite() {
            let expected = "a distance between the extremes that an f64 holds";
            let cure = "divide the column by a power of ten first";
            return Err(DataError::Table(TableError::Spread { operation, column, expected, got, cure }));
        }
        if spacing == Spacing::Uniform {
            *points = (0..count)
                .map(|i| if i + 1 == count { high } else { low + got / (count - 1) as f64 * i as f64 })
                .collect();
        }
    }
    Ok(points)
}

/// Assignments of values to centres until they stay; a few dozen are usual.
const MOST_STEPS: usize = 300;

/// The middles between the centres of at most `k` groups of a column's values: k-means (S. Lloyd 1982), from centres at equal
/// distances. A centre without values goes to the value farthest from its own, as in scikit-learn.
pub(super) fn k_means(values: &mut [f64], k: usize) -> Vec<f64> {
    values.sort_unstable_by(f64::total_cmp);
    // Equal values in one, with their number.
    let values: Vec<(f64, f64)> = values.chunk_by(|a, b| a == b).map(|run| (run[0], run.len() as f64)).collect();
    if values.len() <= k {
        return middles(values.iter().map(|(x, _)| *x));
    }
    let (low, width) = (values[0].0, values[values.len() - 1].0 - values[0].0);
    let mut centers: Vec<f64> = (0..k).map(|i| low + width * ((i as f64 + 0.5) / k as f64)).collect();
    let mut ends = Vec::new();
    for _ in 0..MOST_STEPS {
        // A value in the middle belongs to the lower centre.
        let end = |middle: f64| values.partition_point(|(x, _)| *x <= middle);
        let new: Vec<usize> = middles(centers.iter().copied()).into_iter().map(end).chain([values.len()]).collect();
        if new == ends && new.is_sorted_by(|a, b| a < b) && new[0] > 0 {
            break;
        }
        ends = new;
        move_centers(&values, &ends, &mut centers);
        centers.sort_unstable_by(f64::total_cmp);
    }
    let mut edges = middles(centers.into_iter());
    edges.dedup();
    edges
}

/// Moves each centre to the mean of its values, of which each `end` is one past the last.
fn move_centers(values: &[(f64, f64)], ends: &[usize], centers: &mut [f64]) {
    let mut first = 0;
    let (mut sums, mut counts, mut far) = (Vec::new(), Vec::new(), Vec::new());
    for (group, (&end, &mut center)) in ends.iter().zip(centers.iter_mut()).enumerate() {
        let (mut sum, mut count) = (0.0, 0.0);
        for &(x, n) in &values[first..end] {
            sum += n * (x - center);
            count += n;
            // A value alone stays with its centre.
            if end - first > 1 {
                far.push((x, group));
            }
        }
        sums.push(sum);
        counts.push(count);
        first = end;
    }
    let empty: Vec<usize> = (0..centers.len()).filter(|&group| counts[group] == 0.0).collect();
    if !empty.is_empty() {
        far.sort_by(|(x, a), (y, b)| (y - centers[*b]).abs().total_cmp(&(x - centers[*a]).abs()));
        for (group, (x, from)) in empty.into_iter().zip(far) {
            sums[from] -= x - centers[from];
            counts[from] -= 1.0;
            (centers[group], sums[group], counts[group]) = (x, 0.0, 1.0);
        }
    }
    for ((center, sum), count) in centers.iter_mut().zip(sums).zip(counts) {
        if count > 0.0 {
            *center += sum / count;
        }
    }
}

/// Halved before they are added, so that no sum overflows.
fn middles(x: impl Iterator<Item = f64>) -> Vec<f64> {
    let x: Vec<f64> = x.collect();
    x.windows(2).map(|pair| 0.5 * pair[0] + 0.5 * pair[1]).collect()
}
