//! Gaussian dropout.

use evenkeel_autograd::Var;
use evenkeel_module::{Forward, Pass};
use evenkeel_tensor::Float;

use super::{Noise, NoiseOp};
use crate::noisy::{noisy, partless};

/// Gaussian dropout: values are multiplied by Gaussian noise of mean 1, whose variance (1 - q) / q is that of dropout.
///
/// - training: y = n x with n from N(1, (1 - q) / q), for each value by itself; `dx = n dy`
/// - evaluation: y = x
///
/// Nothing is ever quite dropped, and of all factors with that mean and variance the Gaussian one is the most random.
///
/// # Shapes
/// Any; the output has that of the input.
///
/// # Errors
/// A probability of dropping outside \[0, 1) or NaN: an error of [`check_network`](evenkeel_module::check_network), and a panic
/// in a pass.
///
/// # Source
/// Srivastava et al., *Dropout: A Simple Way to Prevent Neural Networks from Overfitting*,
/// [JMLR 15, 2014](https://jmlr.org/papers/v15/srivastava14a.html), section 10.
///
/// ```
/// use evenkeel_module::{Forward, Mode, Workspace};
/// use evenkeel_regularize::GaussianDropout;
/// use evenkeel_tensor::{Seed, Tensor};
///
/// let mut workspace = Workspace::<f32>::new();
/// let pass = workspace.begin(Mode::Training, Seed(7));
/// let y = GaussianDropout::drop(0.5).forward(&pass, pass.constant(Tensor::ones([10_000])));
/// // Mean and variance 1, within five standard deviations.
/// let (mean, variance) = (y.signal().mean, y.signal().variance);
/// assert!((mean - 1.0).abs() < 0.05 && (variance - 1.0).abs() < 0.071);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct GaussianDropout {
    keep: f64,
}

impl GaussianDropout {
    /// With the variance of dropout that drops with probability `p`: p / (1 - p).
    pub fn drop(p: f64) -> Self {
        Self::keep(1.0 - p)
    }

    /// With the variance of dropout that keeps with probability `q`: (1 - q) / q.
    pub fn keep(q: f64) -> Self {
        Self { keep: q }
    }

    /// The probability of keeping of the dropout that has the same variance.
    pub fn keep_probability(&self) -> f64 {
        self.keep
    }
}

partless!(GaussianDropout);

impl<F: Float> Forward<F> for GaussianDropout {
    fn forward<'t>(&self, pass: &Pass<'t, F>, x: Var<'t, F>) -> Var<'t, F> {
        if self.keep == 1.0 {
            return x;
        }
        noisy(pass, x, NoiseOp { noise: Noise::Multiplied { keep: self.keep }, seed: pass.next_seed() }).unwrap_or(x)
    }
}
