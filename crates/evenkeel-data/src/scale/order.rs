//! Order statistics of columns.

use evenkeel_tensor::{Float, parallel};

/// Columns that a task gathers at a time: neighbours, which share cache lines.
const STRIP: usize = 4;

/// `f` of the values of each column that are not missing. Tasks share the columns among themselves, and each holds a copy of
/// [`STRIP`] of them.
pub(crate) fn for_each_column<F: Float, T: Send, R: Send>(
    x: &[F],
    columns: usize,
    convert: impl Fn(f64) -> T + Sync,
    f: impl Fn(&mut [T]) -> R + Sync,
) -> Vec<R> {
    let mut results: Vec<Option<R>> = (0..columns).map(|_| None).collect();
    parallel::chunks_mut(&mut results, STRIP, |strip, results| {
        let first = strip * STRIP;
        let rows = x.len() / columns;
        let mut gathered: Vec<Vec<T>> = results.iter().map(|_| Vec::with_capacity(rows)).collect();
        for row in x.chunks_exact(columns) {
            for (values, x) in gathered.iter_mut().zip(&row[first..]) {
                if !x.is_nan() {
                    values.push(convert(x.to_f64()));
                }
            }
        }
        for (result, mut values) in results.iter_mut().zip(gathered) {
            *result = Some(f(&mut values));
        }
    });
    results.into_iter().map(|result| result.expect("a result for each column")).collect()
}

/// Sorts `indices` by falling values, of equal ones the first first.
pub(crate) fn sort_descending(indices: &mut [usize], value: &dyn Fn(usize) -> f64) {
    indices.sort_by(|&a, &b| value(b).total_cmp(&value(a)));
}

/// A number that is ordered as `x` is, and is compared faster; -0 counts as 0.
#[inline(always)]
pub(crate) fn key(x: f64) -> i64 {
    flip((x + 0.0).to_bits() as i64)
}

/// The value of a [`key`].
#[inline(always)]
fn value(key: i64) -> f64 {
    f64::from_bits(flip(key) as u64)
}

/// Turns the order of negative numbers around. Its own inverse.
#[inline(always)]
fn flip(bits: i64) -> i64 {
    bits ^ (((bits >> 63) as u64) >> 1) as i64
}

/// The quantiles of a sample, given as [`key`]s in any order, at rising `probabilities`; empty if the sample is.
///
/// Between neighbouring order statistics it is linear, as NumPy's `quantile` is by default: the quantile at p is where position
/// p (n - 1) of the sorted sample would be.
pub(crate) fn quantiles(keys: &mut [i64], probabilities: &[f64]) -> Vec<f64> {
    let Some(last) = keys.len().checked_sub(1) else { return Vec::new() };
    let position = |p: f64| {
        let h = p * last as f64;
        let below = (h as usize).min(last);
        (below, (below + 1).min(last), h - below as f64)
    };
    let mut ranks: Vec<usize> = probabilities.iter().flat_map(|&p| [position(p).0, position(p).1]).collect();
    ranks.sort_unstable();
    ranks.dedup();
    place(keys, 0, &ranks);
    let mut largest = -f64::INFINITY;
    let at = |&p: &f64| {
        let (below, above, share) = position(p);
        // Rounding must not make a quantile smaller than the one before.
        largest = largest.max(between(value(keys[below]), value(keys[above]), share));
        largest
    };
    probabilities.iter().map(at).collect()
}

/// Puts those order statistics in place whose `ranks` are given, counted from `offset`.
fn place(keys: &mut [i64], offset: usize, ranks: &[usize]) {
    if ranks.is_empty() {
        return;
    }
    let middle = ranks.len() / 2;
    let rank = ranks[middle] - offset;
    let (below, _, above) = keys.select_nth_unstable(rank);
    place(below, offset, &ranks[..middle]);
    place(above, offset + rank + 1, &ranks[middle + 1..]);
}

/// The value a `share` of the way from `a` to `b`, exact at both ends.
fn between(a: f64, b: f64, share: f64) -> f64 {
    let distance = b - a;
    if !distance.is_finite() {
        return a * (1.0 - share) + b * share;
    }
    if share < 0.5 { a + distance * share } else { b - distance * (1.0 - share) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn keys_are_ordered_as_their_values(a: f64, b: f64) {
            prop_assume!(!a.is_nan() && !b.is_nan());
            prop_assert_eq!(value(key(a)), a);
            prop_assert_eq!(key(a).cmp(&key(b)), a.partial_cmp(&b).unwrap());
        }

        #[test]
        fn quantiles_are_those_of_the_sorted_sample(x in prop::collection::vec(-10f64..10.0, 1..50), parts in 1usize..20) {
            let probabilities: Vec<f64> = (0..=parts).map(|i| i as f64 / parts as f64).collect();
            let got = quantiles(&mut x.iter().copied().map(key).collect::<Vec<_>>(), &probabilities);
            let mut sorted = x;
            sorted.sort_by(f64::total_cmp);
            for (p, q) in probabilities.into_iter().zip(got) {
                let h = p * (sorted.len() - 1) as f64;
                let (below, above) = (sorted[h.floor() as usize], sorted[h.ceil() as usize]);
                prop_assert!((q - (below + (h - h.floor()) * (above - below))).abs() < 1e-12);
            }
        }
    }

    #[test]
    fn quantiles_of_the_widest_sample_are_finite() {
        assert_eq!(quantiles(&mut [key(-1.5e308), key(1.5e308)], &[0.0, 0.5, 1.0]), [-1.5e308, 0.0, 1.5e308]);
        assert!(quantiles(&mut [], &[0.5]).is_empty());
    }
}
