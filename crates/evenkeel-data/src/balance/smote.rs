//! Synthetic minority over-sampling.

use evenkeel_tensor::{Float, Seed, Tensor};
use rand::RngExt;

use super::problem::Problem;
use super::resampled::Synthesis;
use super::{Resample, Resampled, Strategy};
use crate::DataError;

/// Makes members of small classes at random places between a member and one of its k nearest neighbours in its class:
/// N. V. Chawla et al. 2002, "SMOTE: synthetic minority over-sampling technique", JAIR 16.
///
/// x = (1 - t) a + t b, with a any member, b any of its neighbours, and t uniform in [0, 1). As in imbalanced-learn, a
/// is drawn with replacement (the paper uses each equally often), and where there are several small classes each is
/// over-sampled by itself. The given rows come first, unchanged, then the synthetic ones by class.
///
/// ```
/// use evenkeel_data::balance::{Resample, Smote, Strategy};
/// use evenkeel_data::{Seed, Tensor};
///
/// let x = Tensor::from_fn([200, 3], |i| (1.3 * i as f32).sin());
/// let labels: Vec<u32> = (0..200).map(|i| u32::from(i < 20)).collect();
/// let half = Smote::default().strategy(Strategy::Ratio(0.5)).resample(&x, &labels, 2, Seed(7))?;
/// assert_eq!((half.rows.len(), half.made.len()), (200, 70));       // 90 against 180
///
/// let error = Smote::new(20).resample(&x, &labels, 2, Seed(7)).unwrap_err();
/// assert_eq!(
///     error.to_string(),
///     "Smote: expected at least 21 members of class 1, got 20; take fewer neighbours, get more members, or copy them with `RandomOver`"
/// );
/// # Ok::<(), evenkeel_data::DataError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Smote {
    k: usize,
    strategy: Strategy,
}

impl Smote {
    /// Interpolates to the `k` nearest neighbours.
    pub fn new(k: usize) -> Self {
        Self { k, strategy: Strategy::Auto }
    }

    /// How many members each class is to have. Default: [`Strategy::Auto`].
    #[must_use]
    pub fn strategy(self, strategy: Strategy) -> Self {
        Self { strategy, ..self }
    }
}

impl Default for Smote {
    /// With 5 neighbours.
    fn default() -> Self {
        Self::new(5)
    }
}

impl<F: Float> Resample<F> for Smote {
    fn resample(&self, x: &Tensor<F>, labels: &[u32], classes: usize, seed: Seed) -> Result<Resampled<F>, DataError> {
        let problem = Problem::new("Smote", x, labels, classes)?;
        let mut synthesis = Synthesis::default();
        for (class, count) in problem.missing(&self.strategy)? {
            let members = &problem.members[class];
            let nearest = problem.neighbours_in_class(class, self.k)?;
            synthesis.add(&problem, (class, count), seed, |_, rng| {
                let member = rng.random_range(0..members.len());
                (members[member], members[nearest.row(member)[rng.random_range(0..self.k)]], 1.0)
            })?;
        }
        synthesis.finish(&problem, |_, _| {})
    }
}
