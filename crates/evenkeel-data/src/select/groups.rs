//! Columns as groups of rows: by value, or by quantile; and what two groupings have in common.

use crate::scale::{key, quantiles};

/// Values of a column that are few: their table fits the first-level cache.
const FEW: usize = 512;

/// A grouping of the rows, groups numbered from 0.
pub(super) struct Groups {
    pub(super) codes: Vec<u32>,
    pub(super) count: usize,
}

impl Groups {
    /// Rows of equal values are a group; groups rise with their values.
    pub(super) fn by_value(keys: &[i64]) -> Self {
        if let Some(groups) = Self::of_few_values(keys) {
            return groups;
        }
        let mut distinct = keys.to_vec();
        distinct.sort_unstable();
        distinct.dedup();
        let codes = keys.iter().map(|key| distinct.partition_point(|d| d < key) as u32).collect();
        Self { codes, count: distinct.len() }
    }

    /// The same where there are at most [`FEW`] values, which a small table holds: a look-up a row instead of a sort.
    fn of_few_values(keys: &[i64]) -> Option<Self> {
        // Open addressing, at most a quarter full; a code of `FREE` is a free place.
        const FREE: u32 = u32::MAX;
        let mut table = vec![(0, FREE); 4 * FEW];
        let mut distinct = Vec::new();
        let mut codes = Vec::with_capacity(keys.len());
        for &key in keys {
            // Knuth's multiplicative hashing, by the upper bits: values differ in any of theirs.
            let mut place = ((key as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32) as usize % table.len();
            while table[place].1 != FREE && table[place].0 != key {
                place = (place + 1) % table.len();
            }
            if table[place].1 == FREE {
                if distinct.len() == FEW {
                    return None;
                }
                table[place] = (key, distinct.len() as u32);
                distinct.push(key);
            }
            codes.push(table[place].1);
        }
        // So far in the order in which they came.
        let mut order: Vec<u32> = (0..distinct.len() as u32).collect();
        order.sort_unstable_by_key(|&code| distinct[code as usize]);
        let mut rank = vec![0; distinct.len()];
        order.iter().zip(0..).for_each(|(&code, of_code)| rank[code as usize] = of_code);
        codes.iter_mut().for_each(|code| *code = rank[*code as usize]);
        Some(Self { codes, count: distinct.len() })
    }

    /// About as many rows in each of `bins` groups: those between neighbouring quantiles. Equal values are in one group.
    pub(super) fn by_quantile(keys: &[i64], bins: usize) -> Self {
        let probabilities: Vec<f64> = (1..bins).map(|bin| bin as f64 / bins as f64).collect();
        let mut edges: Vec<i64> = quantiles(&mut keys.to_vec(), &probabilities).into_iter().map(key).collect();
        edges.dedup();
        let codes = keys.iter().map(|key| edges.partition_point(|edge| edge < key) as u32).collect();
        Self { codes, count: edges.len() + 1 }
    }

    /// The mutual information of two groupings of the same rows, in nats: Σ p(a, b) ln(p(a, b) / (p(a) p(b))).
    pub(super) fn information(&self, other: &[u32], others: usize) -> f64 {
        let mut other_counts = vec![0u32; others];
        other.iter().for_each(|&b| other_counts[b as usize] += 1);
        let rows = self.codes.len() as f64;
        let term = |both: u32, own: usize, b: usize| {
            let (both, independent) = (f64::from(both), own as f64 * f64::from(other_counts[b]));
            if both == 0.0 { 0.0 } else { both * (both * rows / independent).ln() }
        };
        let information = if self.count * others <= FEW * FEW {
            self.sum_by_table(other, others, term)
        } else {
            self.sum_by_sorting(other, others, term)
        };
        (information / rows).max(0.0)
    }

    /// Σ `term(n(a, b), n(a), b)` over all pairs of groups, counted in one table.
    fn sum_by_table(&self, other: &[u32], others: usize, term: impl Fn(u32, usize, usize) -> f64) -> f64 {
        let mut counts = vec![0u32; self.count * others];
        for (&a, &b) in self.codes.iter().zip(other) {
            counts[a as usize * others + b as usize] += 1;
        }
        let of_group = |counts: &[u32]| -> f64 {
            let own = counts.iter().map(|&n| n as usize).sum();
            counts.iter().enumerate().map(|(b, &both)| term(both, own, b)).sum()
        };
        counts.chunks_exact(others).map(of_group).sum()
    }

    /// The same where the table would be larger than what is counted: one group after the other.
    fn sum_by_sorting(&self, other: &[u32], others: usize, term: impl Fn(u32, usize, usize) -> f64) -> f64 {
        let mut start = vec![0; self.count + 1];
        self.codes.iter().for_each(|&a| start[a as usize + 1] += 1);
        (0..self.count).for_each(|a| start[a + 1] += start[a]);
        // The other codes, sorted by these.
        let (mut sorted, mut next) = (vec![0; self.codes.len()], start.clone());
        for (&a, &b) in self.codes.iter().zip(other) {
            sorted[next[a as usize]] = b;
            next[a as usize] += 1;
        }
        let (mut counts, mut sum) = (vec![0u32; others], 0.0);
        for range in start.windows(2) {
            let group = &sorted[range[0]..range[1]];
            group.iter().for_each(|&b| counts[b as usize] += 1);
            for &b in group {
                sum += term(std::mem::take(&mut counts[b as usize]), group.len(), b as usize);
            }
        }
        sum
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// Few and many values, however they are grouped and counted.
        #[test]
        fn both_ways_are_the_same(keys in prop::collection::vec(-9i64..9, 1..80), spread in 1i64..1 << 50, others in 1u32..5) {
            let keys: Vec<i64> = keys.iter().map(|key| key * spread).collect();
            let mut distinct = keys.clone();
            distinct.sort_unstable();
            distinct.dedup();
            let groups = Groups::by_value(&keys);
            prop_assert_eq!(groups.count, distinct.len());
            let expected: Vec<u32> = keys.iter().map(|key| distinct.binary_search(key).unwrap() as u32).collect();
            prop_assert_eq!(&groups.codes, &expected);
            let other: Vec<u32> = (0..keys.len() as u32).map(|i| i * i % others).collect();
            // Counts once, and groups and rows in all.
            let check = |both: u32, own: usize, b: usize| f64::from(both) * (1.0 + (own * (b + 1)) as f64);
            let sums = [groups.sum_by_table(&other, others as usize, check), groups.sum_by_sorting(&other, others as usize, check)];
            prop_assert_eq!(sums[0], sums[1]);
        }
    }

    #[test]
    fn more_than_a_few_values_are_sorted() {
        let keys: Vec<i64> = (0..3 * FEW as i64).map(|i| i * 7919 % 1021 - 500).collect();
        assert!(Groups::of_few_values(&keys).is_none() && Groups::of_few_values(&keys[..FEW]).is_some());
        let groups = Groups::by_value(&keys);
        assert_eq!(groups.count, 1021);
        assert!(groups.codes.iter().zip(&keys).all(|(&code, &key)| i64::from(code) == key + 500));
    }
}
