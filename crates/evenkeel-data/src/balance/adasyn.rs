//! Adaptive synthetic sampling.

use evenkeel_tensor::{Float, Seed, Tensor};
use rand::RngExt;

use super::problem::Problem;
use super::resampled::Synthesis;
use super::{Resample, Resampled, Strategy};
use crate::DataError;

/// As SMOTE, with the more from a member, the more of its neighbours are of other classes: H. He et al. 2008, "ADASYN:
/// adaptive synthetic sampling approach for imbalanced learning", IJCNN.
///
/// With rᵢ the share of other classes among the k nearest neighbours of member i among all rows, and G rows missing, gᵢ
/// = G rᵢ / Σr rows, rounded to nearest (halves to even), are made between it and its k nearest neighbours in its
/// class. By the rounding a class may end some rows beside the number asked for, as in imbalanced-learn. Each row is
/// made as by [`Smote`](super::Smote).
///
/// ```
/// use evenkeel_data::balance::{Adasyn, Resample};
/// use evenkeel_data::{Seed, Tensor};
///
/// let x = Tensor::from_fn([30, 1], |i| i as f64);
/// let labels: Vec<u32> = (0..30).map(|i| u32::from(i >= 20)).collect();
/// let method = Adasyn::new(4);
/// assert_eq!(method.counts(&x, &labels, 2, 1, 10)?, [7, 3, 0, 0, 0, 0, 0, 0, 0, 0]);    // r = 1/2, 1/4, 0 ...
/// assert_eq!(method.resample(&x, &labels, 2, Seed(7))?.made.len(), 10);
/// # Ok::<(), evenkeel_data::DataError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Adasyn {
    k: usize,
    strategy: Strategy,
}

impl Adasyn {
    /// With `k` neighbours.
    pub fn new(k: usize) -> Self {
        Self { k, strategy: Strategy::Auto }
    }

    /// How many members each class is to have, but for rounding. Default: [`Strategy::Auto`].
    #[must_use]
    pub fn strategy(self, strategy: Strategy) -> Self {
        Self { strategy, ..self }
    }

    /// How many rows are made from each member of `class`, in their order, where `missing` are wanted.
    ///
    /// # Errors
    /// As [`resample`](Resample::resample), or if there is no such class.
    pub fn counts<F: Float>(
        &self,
        x: &Tensor<F>,
        labels: &[u32],
        classes: usize,
        class: usize,
        missing: usize,
    ) -> Result<Vec<usize>, DataError> {
        let problem = Problem::new("Adasyn", x, labels, classes)?;
        if class >= classes {
            let (operation, cure) = (problem.operation, "name classes that have members");
            return Err(DataError::TooFewMembers { operation, class, members: 0, needed: 1, cure });
        }
        self.shares(&problem, class, missing)
    }

    fn shares<F: Float>(
        &self,
        problem: &Problem<'_, F>,
        class: usize,
        missing: usize,
    ) -> Result<Vec<usize>, DataError> {
        let nearest = problem.neighbours(&problem.members[class], self.k)?;
        let others = |row: &[usize]| row.iter().filter(|&&row| problem.labels[row] as usize != class).count();
        let ratios: Vec<_> = nearest.rows().map(|row| others(row) as f64 / self.k as f64).collect();
        let total: f64 = ratios.iter().sum();
        let shares: Vec<_> =
            ratios.iter().map(|ratio| (ratio / total * missing as f64).round_ties_even() as usize).collect();
        if missing > 0 && shares.iter().all(|&share| share == 0) {
            let expected = "members with enough neighbours of other classes to make a row from";
            return Err(DataError::NoBorder { operation: problem.operation, expected, class });
        }
        Ok(shares)
    }
}

impl Default for Adasyn {
    /// With 5 neighbours.
    fn default() -> Self {
        Self::new(5)
    }
}

impl<F: Float> Resample<F> for Adasyn {
    fn resample(&self, x: &Tensor<F>, labels: &[u32], classes: usize, seed: Seed) -> Result<Resampled<F>, DataError> {
        let problem = Problem::new("Adasyn", x, labels, classes)?;
        let mut synthesis = Synthesis::default();
        for (class, missing) in problem.missing(&self.strategy)? {
            let members = &problem.members[class];
            let nearest = problem.neighbours_in_class(class, self.k)?;
            let shares = self.shares(&problem, class, missing)?;
            // Where each member's rows end.
            let ends: Vec<_> = shares.iter().scan(0usize, |end, share| Some(add(end, *share))).collect();
            let count = ends.last().copied().unwrap_or(0);
            synthesis.add(&problem, (class, count), seed, |i, rng| {
                let member = ends.partition_point(|&end| end <= i);
                (members[member], members[nearest.row(member)[rng.random_range(0..self.k)]], 1.0)
            })?;
        }
        synthesis.finish(&problem, |_, _| {})
    }
}

fn add(sum: &mut usize, term: usize) -> usize {
    *sum = sum.saturating_add(term);
    *sum
}
