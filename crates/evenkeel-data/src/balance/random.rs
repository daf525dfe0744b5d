//! Copies of members, and fewer of them.

use evenkeel_tensor::{Float, Seed, Tensor};
use rand::RngExt;

use super::problem::Problem;
use super::strategy::Direction;
use super::{Resample, Resampled, Strategy};
use crate::DataError;
use crate::order::shuffle;

/// Copies members of small classes, drawn with replacement, until there are enough; imbalanced-learn's
/// `RandomOverSampler`.
///
/// All given rows come first, in their order, then the copies by class. Where batches are enough,
/// [`Batches::balanced`](crate::Batches::balanced) does the same without the memory.
///
/// ```
/// use evenkeel_data::balance::{RandomOver, Strategy};
/// use evenkeel_data::{Digits, Seed};
///
/// let digits = Digits::embedded();
/// let more = digits.resample(&RandomOver::new().strategy(Strategy::Counts(vec![(3, 500)])), Seed(7))?;
/// assert_eq!(more.class_counts().unwrap()[3], 500);
/// # Ok::<(), evenkeel_data::DataError>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct RandomOver {
    strategy: Strategy,
}

impl RandomOver {
    /// Brings all classes to the size of the largest.
    pub fn new() -> Self {
        Self::default()
    }

    /// How many members each class is to have. Default: [`Strategy::Auto`].
    #[must_use]
    pub fn strategy(self, strategy: Strategy) -> Self {
        Self { strategy }
    }
}

impl<F: Float> Resample<F> for RandomOver {
    fn resample(&self, x: &Tensor<F>, labels: &[u32], classes: usize, seed: Seed) -> Result<Resampled<F>, DataError> {
        let problem = Problem::new("RandomOver", x, labels, classes)?;
        let targets = problem.targets(&self.strategy, Direction::Over)?;
        let total = targets.iter().fold(0usize, |sum, &n| sum.saturating_add(n));
        let mut rows = Vec::new();
        problem.reserve(&mut rows, total)?;
        // The values are not there yet, but it is known whether they fit.
        problem.reserve(&mut Vec::<F>::new(), total.saturating_mul(problem.width))?;
        rows.extend(0..labels.len());
        for (class, (members, target)) in problem.members.iter().zip(targets).enumerate() {
            let mut rng = seed.stream("over").at(class as u64).rng();
            rows.extend((members.len()..target).map(|_| members[rng.random_range(0..members.len())]));
        }
        Ok(Resampled::of_rows(&problem, rows))
    }
}

/// Leaves out members of large classes, drawn without replacement, until few enough are left; imbalanced-learn's
/// `RandomUnderSampler`. The rows kept stay in their order.
///
/// ```
/// use evenkeel_data::balance::RandomUnder;
/// use evenkeel_data::{Digits, Seed};
///
/// let even = Digits::embedded().resample(&RandomUnder::new(), Seed(7))?;
/// assert_eq!(even.class_counts(), Some(vec![174; 10]));
/// # Ok::<(), evenkeel_data::DataError>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct RandomUnder {
    strategy: Strategy,
}

impl RandomUnder {
    /// Brings all classes to the size of the smallest.
    pub fn new() -> Self {
        Self::default()
    }

    /// How many members each class is to have. Default: [`Strategy::Auto`].
    #[must_use]
    pub fn strategy(self, strategy: Strategy) -> Self {
        Self { strategy }
    }
}

impl<F: Float> Resample<F> for RandomUnder {
    fn resample(&self, x: &Tensor<F>, labels: &[u32], classes: usize, seed: Seed) -> Result<Resampled<F>, DataError> {
        let problem = Problem::new("RandomUnder", x, labels, classes)?;
        let targets = problem.targets(&self.strategy, Direction::Under)?;
        let mut rows = Vec::with_capacity(labels.len());
        for (class, (members, target)) in problem.members.iter().zip(targets).enumerate() {
            let mut order = members.clone();
            shuffle(&mut order, seed.stream("under").at(class as u64));
            rows.extend_from_slice(&order[..target]);
        }
        rows.sort_unstable();
        Ok(Resampled::of_rows(&problem, rows))
    }
}
