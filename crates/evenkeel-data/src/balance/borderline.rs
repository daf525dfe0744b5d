//! SMOTE along the border of a class.

use evenkeel_tensor::{Float, Seed, Tensor};
use rand::RngExt;

use super::problem::Problem;
use super::resampled::Synthesis;
use super::{Resample, Resampled, Strategy};
use crate::DataError;

/// SMOTE from members in danger only, those beside other classes: H. Han, W.-Y. Wang, B.-H. Mao 2005,
/// "Borderline-SMOTE", ICIC.
///
/// Of a member's m nearest neighbours among all rows, m' are of other classes. It is in danger if m/2 <= m' < m; with
/// m' = m it counts as noise and with fewer as safe, and nothing is made from either. Where nobody of a class is in
/// danger, this is an error (imbalanced-learn leaves the class as it is).
///
/// ```
/// use evenkeel_data::balance::{BorderlineSmote, Resample};
/// use evenkeel_data::{Seed, Tensor};
///
/// // On a line: 20 of class 0, then 10 of class 1.
/// let x = Tensor::from_fn([30, 1], |i| i as f64);
/// let labels: Vec<u32> = (0..30).map(|i| u32::from(i >= 20)).collect();
/// let method = BorderlineSmote::one().neighbours(2).danger_neighbours(4);
/// assert_eq!(method.danger(&x, &labels, 2, 1)?, [20]);
/// let resampled = method.resample(&x, &labels, 2, Seed(7))?;
/// assert!(resampled.made.iter().all(|parents| parents.row == 20));
/// # Ok::<(), evenkeel_data::DataError>(())
/// ```
#[derive(Clone, Debug)]
pub struct BorderlineSmote {
    border: Border,
    k: usize,
    m: usize,
    strategy: Strategy,
}

/// Which neighbours [`BorderlineSmote`] interpolates to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Border {
    /// The k nearest of the member's class.
    One,
    /// The k nearest of all rows, as in imbalanced-learn; to those of other classes by half of the way at most. (The
    /// paper takes the k nearest of the class and the nearest other row. imbalanced-learn multiplies a step uniform in
    /// [0, 1) by one uniform in [0, 0.5) where the neighbour is of another class; here, as in the paper, the step is
    /// the latter.)
    Two,
}

impl BorderlineSmote {
    /// Borderline-SMOTE1: k = 5, m = 10.
    pub fn one() -> Self {
        Self { border: Border::One, k: 5, m: 10, strategy: Strategy::Auto }
    }

    /// Borderline-SMOTE2: k = 5, m = 10.
    pub fn two() -> Self {
        Self { border: Border::Two, ..Self::one() }
    }

    /// k, the neighbours to interpolate to. Default: 5.
    #[must_use]
    pub fn neighbours(self, k: usize) -> Self {
        Self { k, ..self }
    }

    /// m, the neighbours that decide who is in danger. Default: 10.
    #[must_use]
    pub fn danger_neighbours(self, m: usize) -> Self {
        Self { m, ..self }
    }

    /// How many members each class is to have. Default: [`Strategy::Auto`].
    #[must_use]
    pub fn strategy(self, strategy: Strategy) -> Self {
        Self { strategy, ..self }
    }

    /// The rows of `class` that are in danger, in their order.
    ///
    /// # Errors
    /// As [`resample`](Resample::resample), or if there is no such class.
    pub fn danger<F: Float>(
        &self,
        x: &Tensor<F>,
        labels: &[u32],
        classes: usize,
        class: usize,
    ) -> Result<Vec<usize>, DataError> {
        let problem = Problem::new("BorderlineSmote", x, labels, classes)?;
        if class >= classes {
            let (operation, cure) = (problem.operation, "name classes that have members");
            return Err(DataError::TooFewMembers { operation, class, members: 0, needed: 1, cure });
        }
        self.in_danger(&problem, class)
    }

    fn in_danger<F: Float>(&self, problem: &Problem<'_, F>, class: usize) -> Result<Vec<usize>, DataError> {
        let members = &problem.members[class];
        let nearest = problem.neighbours(members, self.m)?;
        let danger = members.iter().zip(nearest.rows()).filter(|(_, nearest)| {
            let others = nearest.iter().filter(|&&row| problem.labels[row] as usize != class).count();
            2 * others >= self.m && others < self.m
        });
        Ok(danger.map(|(&row, _)| row).collect())
    }
}

impl<F: Float> Resample<F> for BorderlineSmote {
    fn resample(&self, x: &Tensor<F>, labels: &[u32], classes: usize, seed: Seed) -> Result<Resampled<F>, DataError> {
        let problem = Problem::new("BorderlineSmote", x, labels, classes)?;
        let operation = problem.operation;
        let mut synthesis = Synthesis::default();
        for (class, count) in problem.missing(&self.strategy)? {
            let danger = self.in_danger(&problem, class)?;
            if danger.is_empty() {
                let expected = "members of which at least half of the neighbours, but not all, are of other classes";
                return Err(DataError::NoBorder { operation, expected, class });
            }
            let partners: Vec<usize> = match self.border {
                Border::One => {
                    let (members, nearest) = (&problem.members[class], problem.neighbours_in_class(class, self.k)?);
                    let of = |row| nearest.row(members.binary_search(row).expect("a member")).iter();
                    danger.iter().flat_map(of).map(|&member| members[member]).collect()
                }
                Border::Two => problem.neighbours(&danger, self.k)?.rows().flatten().copied().collect(),
            };
            synthesis.add(&problem, (class, count), seed, |_, rng| {
                let row = rng.random_range(0..danger.len());
                let partner = partners[row * self.k + rng.random_range(0..self.k)];
                (danger[row], partner, if labels[partner] as usize == class { 1.0 } else { 0.5 })
            })?;
        }
        synthesis.finish(&problem, |_, _| {})
    }
}
