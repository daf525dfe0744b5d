//! Gaussian noise as an operation.

use evenkeel_autograd::{Backward, Gradient, Incoming, Inputs, Op, Propagation, Signal};
use evenkeel_tensor::{Float, Seed, Shape, ShapeError, kernel, random};

use crate::dropout::check_keep;

/// What noise does to a value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Noise {
    /// y = x + n with n of mean 0 and this standard deviation; dx = dy.
    Added {
        /// The standard deviation.
        std: f64,
    },
    /// y = x n with n of mean 1 and variance (1 - q) / q, as that of a dropout mask over q; dx = n dy.
    Multiplied {
        /// The probability q of keeping of the dropout that has the same variance.
        keep: f64,
    },
}

impl Noise {
    /// The standard deviation.
    pub fn std(self) -> f64 {
        match self {
            Noise::Added { std } => std,
            Noise::Multiplied { keep } => ((1.0 - keep) / keep).sqrt(),
        }
    }
}

/// Gaussian noise for each value by itself, added or multiplied.
///
/// A standard deviation that is negative or not finite, or a probability of keeping outside (0, 1], is an error of
/// [`check_network`](evenkeel_module::check_network) and a panic in a pass.
///
/// ```
/// use evenkeel_autograd::Tape;
/// use evenkeel_regularize::{Noise, NoiseOp};
/// use evenkeel_tensor::{Seed, Tensor};
///
/// let tape = Tape::<f64>::new();
/// let x = tape.variable(Tensor::zeros([1000]));
/// let y = tape.record(NoiseOp { noise: Noise::Added { std: 0.5 }, seed: Seed(7) }, &[x]);
/// // The deviation of 1000 values, within five of its own: 0.5 / sqrt(2000).
/// let rms = (y.to_tensor().as_slice().iter().map(|y| y * y).sum::<f64>() / 1000.0).sqrt();
/// assert!((rms - 0.5).abs() < 0.056);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct NoiseOp {
    /// What the noise does.
    pub noise: Noise,
    /// What it is drawn from.
    pub seed: Seed,
}

impl<F: Float> Op<F> for NoiseOp {
    fn name(&self) -> &'static str {
        match self.noise {
            Noise::Added { .. } => "gaussian_noise",
            Noise::Multiplied { .. } => "gaussian_dropout",
        }
    }

    fn shape(&self, inputs: &[Shape]) -> Result<Shape, ShapeError> {
        let (name, cure) = match self.noise {
            Noise::Added { .. } => {
                ("gaussian_noise", "give one in the units of the input, such as a tenth of its deviation")
            }
            Noise::Multiplied { keep } => {
                check_keep("gaussian_dropout", keep)?;
                ("gaussian_dropout", "give a probability of dropping such as 0.5")
            }
        };
        let std = self.noise.std();
        if !(std >= 0.0 && F::from_f64(std).is_finite()) {
            return Err(ShapeError::new(
                name,
                "a standard deviation that is finite and not negative",
                std.to_string(),
                cure,
            ));
        }
        Ok(inputs[0])
    }

    fn saved(&self, inputs: &[Shape]) -> usize {
        match self.noise {
            Noise::Added { .. } => 0,
            Noise::Multiplied { .. } => inputs[0].numel(),
        }
    }

    fn forward(&mut self, x: &Inputs<'_, F>, y: &mut [F], saved: &mut [F]) {
        let std = F::from_f64(self.noise.std());
        match self.noise {
            Noise::Added { .. } => {
                random::normal(y, F::ZERO, std, self.seed);
                kernel::add_assign(y, x.value(0));
            }
            Noise::Multiplied { .. } => {
                random::normal(saved, F::ONE, std, self.seed);
                kernel::zip(
                    x.value(0),
                    saved,
                    y,
                    #[inline(always)]
                    |x, n| x * n,
                );
            }
        }
    }

    fn backward(&self, at: Backward<'_, F>, dx: &mut [Gradient<F>]) {
        let Some(dx) = dx[0].wanted() else { return };
        match self.noise {
            Noise::Added { .. } => dx.copy_from_slice(at.dy),
            Noise::Multiplied { .. } => kernel::zip(
                at.dy,
                at.saved,
                dx,
                #[inline(always)]
                |dy, n| dy * n,
            ),
        }
    }

    fn propagate(&self, inputs: &[Incoming], _output: Shape) -> Option<Propagation> {
        let (x, noise) = (inputs[0].signal, self.noise.std().powi(2));
        Some(match self.noise {
            Noise::Added { .. } => Propagation::new(Signal { variance: x.variance + noise, ..x }, 1.0),
            Noise::Multiplied { .. } => {
                let variance = x.variance + noise * x.second_moment();
                Propagation::new(Signal { variance, ..x }, 1.0 + noise)
            }
        })
    }
}
