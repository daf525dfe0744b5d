//! Mixup: convex combinations of samples.

use evenkeel_tensor::kernel::simd;
use evenkeel_tensor::{Float, Seed, Shape};

use super::targets::{blend, mix_with};
use super::{Draw, Mix, check_alpha, partners, share};
use crate::{Batch, DataError};

/// x = λ x_i + (1 - λ) x_j and t = λ t_i + (1 - λ) t_j, with λ from Beta(α, α) and a random partner j in the same batch.
///
/// H. Zhang, M. Cisse, Y. N. Dauphin, D. Lopez-Paz, *mixup: Beyond Empirical Risk Minimization*, arXiv 1710.09412. λ has mean
/// 1/2 and variance 1 / (4 (2 α + 1)): small α, such as the paper's 0.1 to 0.4 for ImageNet, gives mostly one sample with a
/// trace of the other; α = 1, the paper's for CIFAR, any share alike. For samples of every shape, and for classes as for real values. The partners
/// are a permutation of the batch. α is from 0.001 to 1e6.
///
/// ```
/// use evenkeel_data::augment::Mixup;
/// use evenkeel_data::{Digits, Seed};
///
/// let batches = Digits::embedded().batches::<f64>(60).shuffled(Seed(7)).mixed(Mixup::new(0.2), Seed(7))?;
/// for batch in batches.epoch(0) {
///     for shares in batch.targets.values().unwrap().as_slice().chunks(10) {
///         assert!((shares.iter().sum::<f64>() - 1.0).abs() < 1e-12);
///     }
/// }
/// # Ok::<(), evenkeel_data::DataError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Mixup {
    alpha: f64,
    draw: Draw,
}

impl Mixup {
    /// Shares from Beta(`alpha`, `alpha`).
    pub fn new(alpha: f64) -> Self {
        Self { alpha, draw: Draw::PerBatch }
    }

    /// Draws a share for each sample. Default: one for a batch, as in the paper.
    #[must_use]
    pub fn per_sample(mut self) -> Self {
        self.draw = Draw::PerSample;
        self
    }
}

impl<F: Float> Mix<F> for Mixup {
    fn check(&self, _sample: Shape, _classes: Option<usize>) -> Result<(), DataError> {
        check_alpha("Mixup", self.alpha)
    }

    fn apply(&self, batch: &mut Batch<F>, seed: Seed) {
        let partners = partners(batch.len(), seed);
        let shares = self.draw.of(batch.len(), seed.stream("share"), |seed| F::from_f64(share(self.alpha, seed)));
        mix_with(batch, &partners, |row, x, y| {
            simd(
                #[inline(always)]
                || blend(x, y, shares[row]),
            );
            shares[row]
        });
    }
}
