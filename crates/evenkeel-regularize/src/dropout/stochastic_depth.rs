//! Stochastic depth.

use evenkeel_autograd::Var;
use evenkeel_module::{Forward, Pass};
use evenkeel_tensor::Float;

use super::rate::{Rate, rated};
use super::{Scaling, Unit};
use crate::noisy::partless;

/// Stochastic depth, also called drop path: the last layer of a residual branch, which drops the whole branch.
///
/// In x + branch(x), with this at the end of the branch, training runs a network of random depth. With one decision m for each
/// sample, y = m x / q in training and y = x in evaluation; with
/// [`scaled_in_evaluation`](StochasticDepth::scaled_in_evaluation), the paper's form, y = m x and y = q x.
/// [`per_batch`](StochasticDepth::per_batch) makes one decision for the whole batch, as the paper does.
///
/// # Shapes
/// (N, ...); the output has that of the input.
///
/// # Errors
/// A probability of dropping outside \[0, 1), or an input without samples: an error of
/// [`check_network`](evenkeel_module::check_network), and a panic in a pass.
///
/// # Source
/// Huang, Sun, Liu, Sedra & Weinberger, *Deep Networks with Stochastic Depth*, 2016,
/// [arXiv 1603.09382](https://arxiv.org/abs/1603.09382).
///
/// ```
/// use evenkeel_autograd::Var;
/// use evenkeel_module::{Forward, Mode, Module, Pass, Workspace};
/// use evenkeel_regularize::StochasticDepth;
/// use evenkeel_tensor::{Seed, Tensor};
///
/// #[derive(Module)]
/// struct Residual { depth: StochasticDepth }
/// impl Forward for Residual {
///     fn forward<'t>(&self, pass: &Pass<'t>, x: Var<'t>) -> Var<'t> {
///         x + self.depth.forward(pass, x.tanh())
///     }
/// }
///
/// let block = Residual { depth: StochasticDepth::drop(0.5) };
/// let mut workspace = Workspace::new();
/// let pass = workspace.begin(Mode::Training, Seed(7));
/// let y = block.forward(&pass, pass.constant(Tensor::ones([10, 3])));
/// let with = 1.0 + 2.0 * 1f32.tanh();
/// assert!(y.value().chunks(3).all(|y| y.iter().all(|y| *y == 1.0) || y.iter().all(|y| (y - with).abs() < 1e-6)));
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StochasticDepth {
    rate: Rate,
    unit: Unit,
}

impl StochasticDepth {
    /// The branch is dropped with probability `p`.
    pub fn drop(p: f64) -> Self {
        Self::keep(1.0 - p)
    }

    /// The branch is kept with probability `q`.
    pub fn keep(q: f64) -> Self {
        Self { rate: Rate { keep: q, scaling: Scaling::Training }, unit: Unit::Sample }
    }

    /// For branch `layer` of `layers`, counted from 1, by the paper's rule of linear decay: kept with probability
    /// `1 - layer / layers (1 - last_keep)`, so that the last is kept with `last_keep`, in the paper 0.5.
    ///
    /// ```
    /// use evenkeel_regularize::StochasticDepth;
    ///
    /// let keep = |layer| StochasticDepth::linear_decay(layer, 4, 0.5).keep_probability();
    /// assert_eq!([1, 2, 3, 4].map(keep), [0.875, 0.75, 0.625, 0.5]);
    /// ```
    pub fn linear_decay(layer: usize, layers: usize, last_keep: f64) -> Self {
        Self::keep(1.0 - layer as f64 / layers as f64 * (1.0 - last_keep))
    }

    /// With one decision for all samples of a batch.
    #[must_use]
    pub fn per_batch(self) -> Self {
        Self { unit: Unit::Batch, ..self }
    }
}

rated!(StochasticDepth);
partless!(StochasticDepth);

impl<F: Float> Forward<F> for StochasticDepth {
    fn forward<'t>(&self, pass: &Pass<'t, F>, x: Var<'t, F>) -> Var<'t, F> {
        self.rate.forward("stochastic_depth", self.unit, pass, x)
    }
}
