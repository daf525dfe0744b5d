//! Draws in proportion to weights, in constant time each.

use rand::{Rng, RngExt};

use crate::DataError;

/// The table of Walker's alias method: draws item i with probability wᵢ / Σw from one table entry and one coin.
///
/// A. J. Walker 1977, "An efficient method for generating discrete random variables with general distributions", ACM
/// TOMS 3; built in linear time as in M. D. Vose 1991, "A linear algorithm for generating random numbers with a given
/// distribution", IEEE TSE 17. A search in the cumulated weights would take log n steps, each a cache miss.
#[derive(Clone, Debug)]
pub(crate) struct Alias {
    /// For each entry: the chance that the entry itself is drawn, and what is drawn otherwise.
    entries: Vec<(f64, usize)>,
}

impl Alias {
    /// The table for `weights`, finite and not negative, one of them above 0.
    pub(crate) fn new(operation: &'static str, weights: &[f64]) -> Result<Self, DataError> {
        let setting = |expected, got| Err(DataError::Setting { operation, expected, got });
        if let Some(&bad) = weights.iter().find(|w| !(w.is_finite() && **w >= 0.0)) {
            return setting("weights that are finite and not negative", bad);
        }
        // In units of the largest, so that neither large nor tiny weights leave the range of f64.
        let largest = weights.iter().copied().fold(0.0, f64::max);
        if largest == 0.0 {
            return setting("a weight above 0", largest);
        }
        let mean = weights.iter().map(|w| w / largest).sum::<f64>() / weights.len() as f64;
        let mut entries: Vec<_> = weights.iter().enumerate().map(|(i, w)| (w / largest / mean, i)).collect();
        let (mut small, mut large): (Vec<_>, Vec<_>) = (0..entries.len()).partition(|&i| entries[i].0 < 1.0);
        while let (Some(&i), Some(&j)) = (small.last(), large.last()) {
            small.pop();
            // What entry i lacks is taken from entry j.
            entries[i].1 = j;
            entries[j].0 -= 1.0 - entries[i].0;
            if entries[j].0 < 1.0 {
                large.pop();
                small.push(j);
            }
        }
        // What is left would be 1 without rounding; an item without weight is never left, but for rounding.
        let heaviest = weights.iter().position(|&w| w == largest).expect("the largest is one of them");
        for i in small.into_iter().chain(large) {
            entries[i] = if weights[i] > 0.0 { (1.0, i) } else { (0.0, heaviest) };
        }
        Ok(Self { entries })
    }

    pub(crate) fn draw(&self, rng: &mut impl Rng) -> usize {
        let i = rng.random_range(0..self.entries.len());
        let (chance, other) = self.entries[i];
        if rng.random::<f64>() < chance { i } else { other }
    }
}

#[cfg(test)]
mod tests {
    use evenkeel_tensor::Seed;
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// What the table's entries add up to for each item is its share.
        #[test]
        fn the_table_holds_the_shares(
            weights in prop::collection::vec(prop_oneof![Just(0.0), 0.0..1.0f64, 0.0..1e6f64], 1..60),
            scale in -290i32..290,
        ) {
            let weights: Vec<_> = weights.iter().map(|w| w * 10f64.powi(scale)).collect();
            let Ok(table) = Alias::new("test", &weights) else {
                prop_assert!(weights.iter().all(|&w| w == 0.0));
                return Ok(());
            };
            let (n, largest) = (weights.len() as f64, weights.iter().copied().fold(0.0, f64::max));
            let total: f64 = weights.iter().map(|w| w / largest).sum();
            let mut shares = vec![0.0; weights.len()];
            for (i, &(chance, other)) in table.entries.iter().enumerate() {
                shares[i] += chance / n;
                shares[other] += (1.0 - chance) / n;
            }
            for (share, weight) in shares.iter().zip(&weights) {
                prop_assert!((share - weight / largest / total).abs() < 1e-13, "{} {}", share, weight);
                prop_assert!(*weight > 0.0 || *share == 0.0);
            }
        }
    }

    #[test]
    fn weights_that_are_none() {
        for bad in [vec![], vec![0.0, 0.0], vec![1.0, -1.0], vec![1.0, f64::NAN], vec![f64::INFINITY]] {
            assert!(matches!(Alias::new("test", &bad), Err(DataError::Setting { .. })), "{bad:?}");
        }
        let table = Alias::new("test", &[0.0, 3.0, 0.0]).unwrap();
        let mut rng = Seed(1).rng();
        assert!((0..1000).all(|_| table.draw(&mut rng) == 1));
    }
}
