//! Spatial dropout.

use evenkeel_autograd::Var;
use evenkeel_module::{Forward, Pass};
use evenkeel_tensor::Float;

use super::rate::{Rate, rated};
use super::{Scaling, Unit};
use crate::noisy::partless;

/// Spatial dropout: whole channels of a sample are dropped. Neighbouring values of a feature map are so alike that dropping single
/// ones takes little away.
///
/// As [`Dropout`](crate::Dropout), with one decision for each channel of each sample: by default y = x / q or 0 in training and
/// y = x in evaluation.
///
/// # Shapes
/// (N, C, ...); the output has that of the input. For (N, C) it is the same as dropout.
///
/// # Errors
/// A probability of dropping outside \[0, 1), or an input without channels: an error of
/// [`check_network`](evenkeel_module::check_network), and a panic in a pass.
///
/// # Source
/// Tompson, Goroshin, Jain, LeCun & Bregler, *Efficient Object Localization Using Convolutional Networks*, 2015,
/// [arXiv 1411.4280](https://arxiv.org/abs/1411.4280).
///
/// ```
/// use evenkeel_module::{Forward, Mode, Workspace};
/// use evenkeel_regularize::SpatialDropout;
/// use evenkeel_tensor::{Seed, Tensor};
///
/// let mut workspace = Workspace::<f32>::new();
/// let pass = workspace.begin(Mode::Training, Seed(7));
/// let y = SpatialDropout::drop(0.5).forward(&pass, pass.constant(Tensor::ones([4, 8, 3, 3])));
/// assert!(y.value().chunks(9).all(|map| map == [0.0; 9] || map == [2.0; 9]));
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SpatialDropout {
    rate: Rate,
}

impl SpatialDropout {
    /// Each channel is dropped with probability `p`.
    pub fn drop(p: f64) -> Self {
        Self::keep(1.0 - p)
    }

    /// Each channel is kept with probability `q`.
    pub fn keep(q: f64) -> Self {
        Self { rate: Rate { keep: q, scaling: Scaling::Training } }
    }
}

rated!(SpatialDropout);
partless!(SpatialDropout);

impl<F: Float> Forward<F> for SpatialDropout {
    fn forward<'t>(&self, pass: &Pass<'t, F>, x: Var<'t, F>) -> Var<'t, F> {
        self.rate.forward("spatial_dropout", Unit::Channel, pass, x)
    }
}
