//! A bias that lets a recurrent layer remember.

use evenkeel_tensor::{Float, Seed, Shape, ShapeError};

use super::BiasInitializer;
use crate::InitError;
use crate::error::in_range;

/// The bias of an LSTM: `value` (1 by default) for the forget gate, 0 for the others.
///
/// The bias is that of the stacked gates (input, forget, cell, output), PyTorch's order, so the second quarter is the
/// forget gate's. At a bias of 1 the gate starts at sigmoid(1) = 0.73 rather than 0.5, and the gradient reaches back
/// further: Gers, Schmidhuber, Cummins 2000, "Learning to forget"; Jozefowicz, Zaremba, Sutskever 2015, "An empirical
/// exploration of recurrent network architectures", who found that it closes most of the gap between LSTM and GRU.
///
/// PyTorch's LSTM adds two biases, of the input and of the recurrent weights: with this rule for both, the gate starts
/// at a bias of 2 `value`. Give both 0.5, or one of them [`Zeros`](crate::Zeros), for a sum of 1. TensorFlow orders the
/// gates in the same way.
///
/// # Errors
/// [`fill_bias`](BiasInitializer::fill_bias) if the bias does not have four equal parts, or the value is not finite.
///
/// ```
/// use evenkeel_init::{BiasInitializer, ForgetGate, Seed};
///
/// let mut bias = [0f32; 8]; // two hidden units
/// ForgetGate::default().fill_bias(&mut bias, &[8, 5].into(), Seed(7))?;
/// assert_eq!(bias, [0.0, 0.0, 1.0, 1.0, 0.0, 0.0, 0.0, 0.0]);
/// # Ok::<(), evenkeel_init::InitError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ForgetGate {
    /// The forget gate's bias.
    pub value: f64,
}

impl ForgetGate {
    /// The bias `value` for the forget gate.
    pub fn new(value: f64) -> Self {
        Self { value }
    }
}

impl Default for ForgetGate {
    fn default() -> Self {
        Self::new(1.0)
    }
}

impl<F: Float> BiasInitializer<F> for ForgetGate {
    fn fill_bias(&self, bias: &mut [F], _weight: &Shape, _seed: Seed) -> Result<(), InitError> {
        if !bias.len().is_multiple_of(4) {
            let got = format!("{} values", bias.len());
            let cure = "use it for the biases of LSTM layers alone, by Policy::for_kind or for_path";
            return Err(ShapeError::new("ForgetGate", "a bias of 4 hidden values", got, cure).into());
        }
        let value = in_range("ForgetGate", "value", self.value)?;
        let hidden = bias.len() / 4;
        bias.fill(F::ZERO);
        bias[hidden..2 * hidden].fill(value);
        Ok(())
    }
}
