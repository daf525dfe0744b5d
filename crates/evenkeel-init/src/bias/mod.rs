//! First values for biases.

mod class_prior;
mod forget_gate;
mod relu_offset;

use evenkeel_tensor::{Float, Seed, Shape};

use crate::{Constant, InitError, Initializer, Normal, Uniform, UniformFanIn, Zeros};

pub use class_prior::ClassPrior;
pub use forget_gate::ForgetGate;
pub use relu_offset::ReluOffset;

/// A rule by which a bias gets its first values.
///
/// A bias has no fans of its own, so it is told the shape of the weight it is added after. A trait of its own,
/// so that Xavier or He, which mean nothing for a bias, are refused when the program is compiled.
///
/// ```
/// use evenkeel_init::{BiasInitializer, Seed, UniformFanIn};
///
/// // PyTorch's default for a linear layer from 64 inputs to 100 outputs: uniform in (-1/8, 1/8).
/// let mut bias = [0f32; 100];
/// UniformFanIn.fill_bias(&mut bias, &[100, 64].into(), Seed(7))?;
/// assert!(bias.iter().all(|b| b.abs() < 0.125));
/// # Ok::<(), evenkeel_init::InitError>(())
/// ```
pub trait BiasInitializer<F: Float = f32>: Send + Sync {
    /// Writes the first values of the bias of a layer whose weight has the shape `weight`.
    ///
    /// # Errors
    /// If a parameter of the rule is out of range, or the rule has no meaning for the weight's shape.
    fn fill_bias(&self, bias: &mut [F], weight: &Shape, seed: Seed) -> Result<(), InitError>;
}

macro_rules! whatever_the_weight {
    ($($t:ty),*) => {$(
        impl<F: Float> BiasInitializer<F> for $t {
            fn fill_bias(&self, bias: &mut [F], _weight: &Shape, seed: Seed) -> Result<(), InitError> {
                let shape = bias.len().into();
                self.fill(bias, &shape, seed)
            }
        }
    )*};
}
whatever_the_weight!(Zeros, Constant, Uniform, Normal);

/// A rule chosen at run time.
impl<F: Float, B: BiasInitializer<F> + ?Sized> BiasInitializer<F> for Box<B> {
    fn fill_bias(&self, bias: &mut [F], weight: &Shape, seed: Seed) -> Result<(), InitError> {
        (**self).fill_bias(bias, weight, seed)
    }
}

impl<F: Float> BiasInitializer<F> for UniformFanIn {
    fn fill_bias(&self, bias: &mut [F], weight: &Shape, seed: Seed) -> Result<(), InitError> {
        Uniform::symmetric(self.bound(weight)?).fill_bias(bias, weight, seed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bias_of_a_weight_without_fans_is_refused() {
        let mut bias = [1f32; 3];
        assert!(UniformFanIn.fill_bias(&mut bias, &[3].into(), Seed(7)).is_err());
        assert_eq!(bias, [1.0; 3]);
    }
}
