//! The mutual information of one continuous column and classes, by nearest neighbours on the line.

use super::special::digamma;

/// Counts below this, which most are, have their digamma in a table.
const TABLE: usize = 1024;

/// Ross's estimator (2014), for one column after another.
pub(super) struct Neighbours<'a> {
    codes: &'a [u32],
    /// The members of each class. A class of one has no neighbours, and is left out.
    counts: &'a [usize],
    k: usize,
    digamma: Vec<f64>,
}

impl<'a> Neighbours<'a> {
    pub(super) fn new(codes: &'a [u32], counts: &'a [usize], k: usize) -> Self {
        // There is no digamma of 0, and no count is.
        let digamma = (0..TABLE).map(|n| digamma(n.max(1))).collect();
        Self { codes, counts, k, digamma }
    }

    /// For each row, r is the distance to the k-th nearest of its class (or the last, in a smaller class), c the number of its class
    /// closer than r, and m that of all rows, itself included in both: ψ(n) + mean(ψ(c) - ψ(size of the class) - ψ(m)), not below 0.
    ///
    /// Without ties c is k. Where r is 0, rows at distance 0 are counted, as Gao et al. (2017) do for mixtures: then a column of few
    /// values gets what its counts give, and a constant one 0.
    pub(super) fn information(&self, values: &[f64]) -> f64 {
        let mut sorted: Vec<(f64, u32)> = values
            .iter()
            .copied()
            .zip(self.codes.iter().copied())
            .filter(|&(_, c)| self.counts[c as usize] > 1)
            .collect();
        sorted.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        let all: Vec<f64> = sorted.iter().map(|&(value, _)| value).collect();
        let mut members: Vec<Members> = self.counts.iter().map(|&count| Members::with_capacity(count)).collect();
        for (position, &(value, class)) in sorted.iter().enumerate() {
            members[class as usize].values.push(value);
            members[class as usize].positions.push(position as u32);
        }
        let of_all = self.psi(all.len());
        let mut sum = 0.0;
        for class in members.iter().filter(|class| !class.values.is_empty()) {
            let of_class = self.psi(class.values.len());
            for (at, radius) in class.radii(self.k.min(class.values.len() - 1)).enumerate() {
                let near = within(&class.values, at, radius);
                let near_of_all = within(&all, class.positions[at] as usize, radius);
                // In pairs of equal terms where the column tells nothing.
                sum += (self.psi(near) - of_class) + (of_all - self.psi(near_of_all));
            }
        }
        (sum / all.len() as f64).max(0.0)
    }

    fn psi(&self, n: usize) -> f64 {
        self.digamma.get(n).copied().unwrap_or_else(|| digamma(n))
    }
}

/// The rows of one class, in rising order of their values.
struct Members {
    values: Vec<f64>,
    /// Where they are among all rows.
    positions: Vec<u32>,
}

impl Members {
    fn with_capacity(count: usize) -> Self {
        Self { values: Vec::with_capacity(count), positions: Vec::with_capacity(count) }
    }

    /// The distance of each member to the `k`-th nearest other one.
    ///
    /// The nearest lie in a window of k + 1 members, which moves only to the right.
    fn radii(&self, k: usize) -> impl Iterator<Item = f64> + '_ {
        let values = &self.values[..];
        let mut first = 0;
        (0..values.len()).map(move |at| {
            first = first.max(at.saturating_sub(k));
            while first < at
                && first + k + 1 < values.len()
                && values[first + k + 1] - values[at] < values[at] - values[first]
            {
                first += 1;
            }
            f64::max(values[at] - values[first], values[first + k] - values[at])
        })
    }
}

/// How many of the rising `values` are closer to the one `at` than `radius`, or at it if that is 0; itself included.
#[inline]
fn within(values: &[f64], at: usize, radius: f64) -> usize {
    let centre = values[at];
    let is_inside = |value: f64| {
        let distance = (value - centre).abs();
        distance < radius || distance == 0.0
    };
    // Most counts are small: step outward, doubling, and look for the end between the last two steps.
    let count = |inside: &dyn Fn(usize) -> bool, most: usize| {
        let (mut low, mut step) = (0, 1);
        while low + step <= most && inside(low + step) {
            low += step;
            step *= 2;
        }
        let mut high = (low + step).min(most + 1);
        while low + 1 < high {
            let middle = low + (high - low) / 2;
            if inside(middle) { low = middle } else { high = middle }
        }
        low
    };
    let right = count(&|n| is_inside(values[at + n]), values.len() - 1 - at);
    let left = count(&|n| is_inside(values[at - n]), at);
    left + right + 1
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// Against distances to all others. Values on a grid, so that there are ties.
        #[test]
        fn radii_and_counts_are_those_of_a_search(mut values in prop::collection::vec(0i32..30, 2..40), k in 1usize..6) {
            values.sort_unstable();
            let values: Vec<f64> = values.into_iter().map(f64::from).collect();
            let k = k.min(values.len() - 1);
            let members = Members { values: values.clone(), positions: vec![] };
            for (at, radius) in members.radii(k).enumerate() {
                let mut distances: Vec<f64> = values.iter().map(|v| (v - values[at]).abs()).collect();
                let counted = distances.iter().filter(|&&d| d < radius || d == 0.0).count();
                distances.remove(at);
                distances.sort_by(f64::total_cmp);
                prop_assert_eq!(radius, distances[k - 1]);
                prop_assert_eq!(within(&values, at, radius), counted);
            }
        }
    }
}
