//! How much larger weights must be before an activation.

use crate::InitError;
use crate::error::not_negative;

/// The factor by which a layer's weights are scaled to make up for what the activation takes away.
///
/// | activation | gain | why |
/// |---|---|---|
/// | none, [`LINEAR`](Gain::LINEAR) | 1 | nothing is lost |
/// | sigmoid, [`SIGMOID`](Gain::SIGMOID) | 1 | PyTorch's convention; see [`SIGMOID_UNIT_SLOPE`](Gain::SIGMOID_UNIT_SLOPE) |
/// | tanh, [`TANH`](Gain::TANH) | 5/3 | Torch's and PyTorch's convention; Glorot & Bengio use 1 |
/// | ReLU, [`RELU`](Gain::RELU) | sqrt 2 | half of the second moment is cut off (He et al. 2015, eq. 10) |
/// | leaky ReLU of slope a, [`leaky_relu`](Gain::leaky_relu) | sqrt(2 / (1 + a^2)) | He et al. 2015, eq. 15 |
/// | SELU, [`SELU`](Gain::SELU) | 3/4 | PyTorch's convention; Klambauer et al. 2017 use 1 with fan_in |
///
/// The values are those of PyTorch's `torch.nn.init.calculate_gain`.
///
/// ```
/// use evenkeel_init::{Gain, XavierUniform};
///
/// let before_relu = XavierUniform::default().with_gain(Gain::RELU);
/// assert_eq!(before_relu.gain.0, 2f64.sqrt());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub struct Gain(pub f64);

impl Gain {
    /// 1
    pub const LINEAR: Self = Self(1.0);
    /// 1
    pub const SIGMOID: Self = Self(1.0);
    /// 5/3
    pub const TANH: Self = Self(5.0 / 3.0);
    /// sqrt 2
    pub const RELU: Self = Self(std::f64::consts::SQRT_2);
    /// 3/4
    pub const SELU: Self = Self(0.75);
    /// 4: makes up for the slope 1/4 that the logistic sigmoid has at 0.
    ///
    /// The bound 4 sqrt(6 / (fan_in + fan_out)) is from the Deep Learning Tutorials of Glorot's and Bengio's
    /// laboratory (multilayer perceptron): for *tanh* the bound of the paper, sqrt(6 / (fan_in + fan_out)), for
    /// the *sigmoid* 4 times as much, since sigmoid(x) = (1 + tanh(x / 2)) / 2 halves both the argument and the
    /// output. Some lectures give the factor 4 to tanh, which by this reasoning is a mix-up: with it a
    /// tanh net starts saturated. `XavierUniform::default().with_gain(Gain::SIGMOID_UNIT_SLOPE)` is that rule
    /// under either name.
    #[doc(alias = "tanh4")]
    pub const SIGMOID_UNIT_SLOPE: Self = Self(4.0);

    /// sqrt(2 / (1 + slope^2)), `slope` being that of the negative side: 0 for ReLU, 1 for no activation.
    pub fn leaky_relu(slope: f64) -> Self {
        let square = slope * slope;
        // Where 1 does not count, and the square is too large. (A library's hypot is not the same on every system.)
        Self(if square.is_finite() { (2.0 / (1.0 + square)).sqrt() } else { std::f64::consts::SQRT_2 / slope.abs() })
    }

    /// The factor, if it is finite and not negative.
    pub(crate) fn checked(self, initializer: &'static str) -> Result<f64, InitError> {
        not_negative(initializer, "gain", self.0)
    }
}

impl Default for Gain {
    /// [`LINEAR`](Gain::LINEAR)
    fn default() -> Self {
        Self::LINEAR
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn leaky_relu_runs_from_relu_to_linear() {
        assert_eq!(Gain::leaky_relu(0.0), Gain::RELU);
        assert_eq!(Gain::leaky_relu(1.0), Gain::LINEAR);
        // PyTorch: calculate_gain("leaky_relu", 0.01) and its default for a linear layer, sqrt 5.
        assert!((Gain::leaky_relu(0.01).0 - 1.414_142_856_997_835_4).abs() < 1e-15);
        assert!((Gain::leaky_relu(5f64.sqrt()).0 - 1.0 / 3f64.sqrt()).abs() < 1e-15);
        assert!((Gain::leaky_relu(-1e200).0 / 2f64.sqrt() * 1e200 - 1.0).abs() < 1e-15);
        assert!(Gain::leaky_relu(f64::NAN).0.is_nan());
    }
}
