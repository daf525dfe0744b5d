//! The order in which an epoch visits the samples.

use evenkeel_tensor::Seed;
use rand::RngExt;

use crate::balance::Alias;

/// A permutation of the samples, made anew for each epoch; or as many draws with replacement, for
/// [`Batches::weighted`](crate::Batches::weighted).
///
/// A shuffled order depends on the number of samples, the seed and the epoch alone, so a checkpoint
/// needs only (epoch, position) to go on where it stopped.
///
/// ```
/// use evenkeel_data::{Order, Seed};
///
/// let mut order = Order::shuffled(5, Seed(7), 0);
/// let first = order.clone();
/// order.reshuffle(Seed(7), 1);
/// assert_ne!(order, first);
/// order.reshuffle(Seed(7), 0);
/// assert_eq!(order, first);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    indices: Vec<usize>,
}

impl Order {
    /// 0, 1, 2, ...
    pub fn sequential(len: usize) -> Self {
        Self { indices: (0..len).collect() }
    }

    /// The shuffled order of an epoch.
    pub fn shuffled(len: usize, seed: Seed, epoch: u64) -> Self {
        let mut order = Self::sequential(len);
        order.reshuffle(seed, epoch);
        order
    }

    /// Becomes the shuffled order of another epoch, whatever the order was. Allocates nothing.
    pub fn reshuffle(&mut self, seed: Seed, epoch: u64) {
        self.indices.iter_mut().enumerate().for_each(|(i, index)| *index = i);
        shuffle(&mut self.indices, seed.stream("shuffle").at(epoch));
    }

    /// Becomes the order of another epoch in which each visit is a draw from `table`. Allocates nothing.
    pub(crate) fn redraw(&mut self, table: &Alias, seed: Seed, epoch: u64) {
        let mut rng = seed.stream("draw").at(epoch).rng();
        self.indices.iter_mut().for_each(|index| *index = table.draw(&mut rng));
    }

    /// The samples' positions in the data set, in the order of their visit.
    pub fn indices(&self) -> &[usize] {
        &self.indices
    }
}

/// Shuffles uniformly over all permutations (R. Fisher, F. Yates 1938; R. Durstenfeld 1964).
pub(crate) fn shuffle(items: &mut [usize], seed: Seed) {
    let mut rng = seed.rng();
    for last in (1..items.len()).rev() {
        items.swap(last, rng.random_range(0..=last));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn an_order_is_a_permutation(len in 0usize..500, seed: u64, epoch: u64) {
            let order = Order::shuffled(len, Seed(seed), epoch);
            let mut sorted = order.indices().to_vec();
            sorted.sort_unstable();
            prop_assert_eq!(sorted, Order::sequential(len).indices);
            prop_assert_eq!(&order, &Order::shuffled(len, Seed(seed), epoch));
        }
    }

    /// Each of the 24 permutations of four items has the same chance. Over 24 000 shuffles the statistic
    /// is chi-squared with 23 degrees of freedom, which is beyond 58.6 with probability 6e-5.
    #[test]
    fn permutations_are_uniform() {
        let mut counts = std::collections::HashMap::new();
        for epoch in 0..24_000 {
            *counts.entry(Order::shuffled(4, Seed(1), epoch).indices).or_insert(0u32) += 1;
        }
        assert_eq!(counts.len(), 24);
        let chi2: f64 = counts.values().map(|&n| (f64::from(n) - 1000.0).powi(2) / 1000.0).sum();
        assert!(chi2 < 58.6, "{chi2}");
    }

    /// Pins what a seed gives: a change here changes every user's results.
    #[test]
    fn value_stability() {
        assert_eq!(Order::shuffled(10, Seed(7), 3).indices(), [9, 8, 2, 1, 0, 3, 6, 5, 4, 7]);
    }
}
