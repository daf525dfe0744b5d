//! Population statistics: one pass over a data set, after training.

use evenkeel_module::{Forward, Mode, NetworkError, Origin, Workspace, check_network};
use evenkeel_tensor::{Float, Seed, Shape, Tensor};
use thiserror::Error;

/// Statistics that could not be computed. The network is unchanged.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum PopulationError {
    /// There was no batch.
    #[error("population_statistics: expected at least one batch, got none; pass the training data")]
    Empty,
    /// A batch has no values.
    #[error("population_statistics: batch {batch}: expected examples, got shape {shape}; leave empty batches out")]
    EmptyBatch {
        /// Which batch, from 0.
        batch: usize,
        /// Its shape.
        shape: Shape,
    },
    /// A batch does not fit the network.
    #[error("population_statistics: batch {batch}: {source}")]
    Misfit {
        /// Which batch, from 0.
        batch: usize,
        /// What does not fit.
        source: NetworkError,
    },
}

/// Replaces the running statistics of every normalisation in `network` that has some by those of a data set: the paper's algorithm
/// 2, lines 8 to 12. Returns the number of examples.
///
/// `E[x]` is the average of the batches' means and `Var[x]` that of their *unbiased* variances, m / (m - 1) times the biased
/// ones, batches weighted by their size. (Each layer averages what it keeps: [`SwitchableNorm`](crate::SwitchableNorm) biased
/// variances, its paper's batch average, and [`BatchRenorm`](crate::BatchRenorm) deviations.) Within the pass each layer normalises with the batch's statistics, and there is no
/// noise and no gradient, so that the order of the batches makes no difference but to rounding; counts of training steps stay as they
/// are. The averages are stored in `F` and rounded after each batch (once; all else is `f64`): beside an offset that dwarfs the spread,
/// such as 1e6 in `f32`, where floats are 1/16 apart, late batches may move them no further. Layers that are frozen keep what they have. A layer that a batch passes several times counts the plain
/// average of what it sees of that batch.
///
/// # Errors
/// If there is no batch, or one is empty or does not fit.
///
/// ```
/// use evenkeel_norm::{BatchNorm, Statistics, population_statistics};
/// use evenkeel_tensor::Tensor;
///
/// let mut norm = BatchNorm::<f64>::new(1);
/// let batches = [vec![1.0, 3.0], vec![5.0, 7.0]].map(|v| Tensor::from_vec([2, 1], v).unwrap());
/// population_statistics(&mut norm, batches)?;
/// assert_eq!(norm.statistics(), Statistics::Population);
/// assert_eq!(norm.running_mean().item(), 4.0);
/// assert_eq!(norm.running_var().item(), 2.0);      // of each batch, 2 / (2 - 1) times 1
/// # Ok::<(), evenkeel_norm::PopulationError>(())
/// ```
pub fn population_statistics<F: Float, N: Forward<F> + Clone>(
    network: &mut N,
    batches: impl IntoIterator<Item = Tensor<F>>,
) -> Result<usize, PopulationError> {
    // The work is done on a copy that shares the weights, so that an error in the middle changes nothing.
    let mut copy = network.clone();
    let mut workspace = Workspace::new();
    let mut examples = 0;
    for (batch, x) in batches.into_iter().enumerate() {
        if x.shape().numel() == 0 {
            return Err(PopulationError::EmptyBatch { batch, shape: x.shape() });
        }
        check_network(&copy, Mode::Population, x.shape())
            .map_err(|source| PopulationError::Misfit { batch, source })?;
        let size = x.shape().first().copied().unwrap_or(1);
        examples += size;
        let pass = workspace.begin(Mode::Population, Seed(0));
        copy.forward(&pass, pass.constant(x));
        let share = F::from_usize(size) / F::from_usize(examples);
        workspace.finish().commit_weighted(&mut copy, share, Origin::Population);
    }
    if examples == 0 {
        return Err(PopulationError::Empty);
    }
    *network = copy;
    Ok(examples)
}
