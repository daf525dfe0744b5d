//! Additive noise.

use evenkeel_autograd::Var;
use evenkeel_module::{Forward, Pass};
use evenkeel_tensor::Float;

use super::{Noise, NoiseOp};
use crate::noisy::{noisy, partless};

/// Additive Gaussian noise on inputs or hidden values.
///
/// - training: y = x + n with n from N(0, std²), for each value by itself; `dx = dy`
/// - evaluation: y = x
///
/// For a linear model with squared error, noise on the inputs adds `std² sum w²` to the expected loss of each example: over N
/// examples it is [`L2`](crate::L2) with `lambda = N std²`.
///
/// # Shapes
/// Any; the output has that of the input.
///
/// # Errors
/// A standard deviation that is negative or not finite: an error of [`check_network`](evenkeel_module::check_network), and a
/// panic in a pass.
///
/// # Source
/// Bishop, *Training with Noise is Equivalent to Tikhonov Regularization*, Neural Computation 7, 1995.
///
/// ```
/// use evenkeel_module::{Forward, Mode, Workspace};
/// use evenkeel_regularize::GaussianNoise;
/// use evenkeel_tensor::{Seed, Tensor};
///
/// let mut workspace = Workspace::<f32>::new();
/// let pass = workspace.begin(Mode::Training, Seed(7));
/// let y = GaussianNoise { std: 0.1 }.forward(&pass, pass.constant(Tensor::full([10_000], 3.0)));
/// // Five standard deviations each.
/// let (mean, variance) = (y.signal().mean, y.signal().variance);
/// assert!((mean - 3.0).abs() < 0.005 && (variance - 0.01).abs() < 0.0008);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct GaussianNoise {
    /// The standard deviation.
    pub std: f64,
}

partless!(GaussianNoise);

impl<F: Float> Forward<F> for GaussianNoise {
    fn forward<'t>(&self, pass: &Pass<'t, F>, x: Var<'t, F>) -> Var<'t, F> {
        if self.std == 0.0 {
            return x;
        }
        noisy(pass, x, NoiseOp { noise: Noise::Added { std: self.std }, seed: pass.next_seed() }).unwrap_or(x)
    }
}
