//! Columns as groups of rows: by value, or by quantile; and what two groupings have in common.

use crate::scale::{key, quantiles};

/// A grouping of the rows, groups numbered from 0.
pub(super) struct Groups {
    pub(super) codes: Vec<u32>,
    pub(super) count: usize,
}

impl Groups {
    /// Rows of equal values are a group.
    pub(super) fn by_value(keys: &[i64]) -> Self {
        let mut distinct = keys.to_vec();
        distinct.sort_unstable();
        distinct.dedup();
        let codes = keys.iter().map(|key| distinct.partition_point(|d| d < key) as u32).collect();
        Self { codes, count: distinct.len() }
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
        let rows = self.codes.len();
        let mut start = vec![0; self.count + 1];
        self.codes.iter().for_each(|&a| start[a as usize + 1] += 1);
        (0..self.count).for_each(|a| start[a + 1] += start[a]);
        // The other codes, sorted by these.
        let (mut sorted, mut next) = (vec![0; rows], start.clone());
        for (&a, &b) in self.codes.iter().zip(other) {
            sorted[next[a as usize]] = b;
            next[a as usize] += 1;
        }
        let mut other_counts = vec![0u32; others];
        other.iter().for_each(|&b| other_counts[b as usize] += 1);
        let mut counts = vec![0u32; others];
        let mut information = 0.0;
        for range in start.windows(2) {
            let group = &sorted[range[0]..range[1]];
            group.iter().for_each(|&b| counts[b as usize] += 1);
            for &b in group {
                let both = f64::from(std::mem::take(&mut counts[b as usize]));
                if both > 0.0 {
                    let independent = group.len() as f64 * f64::from(other_counts[b as usize]);
                    information += both * (both * rows as f64 / independent).ln();
                }
            }
        }
        (information / rows as f64).max(0.0)
    }
}
