//! What a whole model starts from: a rule for its weights and another for its biases.

use std::fmt;
use std::sync::Arc;

use evenkeel_tensor::{Float, Seed, Shape};

use crate::{
    Constant, HeNormal, HeUniform, InitError, Initializer, Normal, Uniform, UniformFanIn, XavierNormal, XavierUniform,
    Zeros,
};

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

impl<F: Float> BiasInitializer<F> for UniformFanIn {
    fn fill_bias(&self, bias: &mut [F], weight: &Shape, seed: Seed) -> Result<(), InitError> {
        Uniform::symmetric(self.bound(weight)?).fill_bias(bias, weight, seed)
    }
}

/// How the weights and the biases of a model are initialised. Cloning is cheap.
///
/// Each initialiser of this crate, or a reference to one, converts into the policy that leaves the biases at 0; one of your
/// own goes through [`Policy::new`].
///
/// ```
/// use evenkeel_init::{Constant, HeNormal, Policy, Seed, UniformFanIn, XavierUniform};
///
/// let zero_biases: Policy = XavierUniform::default().into();
/// let relu_net: Policy = Policy::new(HeNormal::default()).with_biases(Constant(0.01));
/// let like_pytorch: Policy = Policy::new(UniformFanIn).with_biases(UniformFanIn);
///
/// let (mut weight, mut bias) = ([0.0; 6], [0.0; 2]);
/// relu_net.fill_weight(&mut weight, &[2, 3].into(), Seed(7).stream("layer.weight"))?;
/// relu_net.fill_bias(&mut bias, &[2, 3].into(), Seed(7).stream("layer.bias"))?;
/// assert_eq!(bias, [0.01; 2]);
/// # Ok::<(), evenkeel_init::InitError>(())
/// ```
#[derive(Clone)]
pub struct Policy<F: Float = f32> {
    weights: Arc<dyn Initializer<F>>,
    biases: Arc<dyn BiasInitializer<F>>,
}

impl<F: Float> Policy<F> {
    /// Weights by `weights`, biases 0.
    pub fn new(weights: impl Initializer<F> + 'static) -> Self {
        Self { weights: Arc::new(weights), biases: Arc::new(Zeros) }
    }

    /// The same policy with another rule for the biases.
    #[must_use]
    pub fn with_biases(self, biases: impl BiasInitializer<F> + 'static) -> Self {
        Self { biases: Arc::new(biases), ..self }
    }

    /// Writes the first values of a weight.
    ///
    /// # Errors
    /// As [`Initializer::fill`].
    pub fn fill_weight(&self, values: &mut [F], shape: &Shape, seed: Seed) -> Result<(), InitError> {
        self.weights.fill(values, shape, seed)
    }

    /// Writes the first values of the bias of a layer whose weight has the shape `weight`.
    ///
    /// # Errors
    /// As [`BiasInitializer::fill_bias`].
    pub fn fill_bias(&self, bias: &mut [F], weight: &Shape, seed: Seed) -> Result<(), InitError> {
        self.biases.fill_bias(bias, weight, seed)
    }
}

// One by one: a blanket conversion from every Initializer<F> would overlap with From<Policy<F>> for Policy<F>,
// for which another crate might implement Initializer.
macro_rules! weights_alone {
    ($($t:ty),* $(,)?) => {$(
        impl<F: Float> From<$t> for Policy<F> {
            fn from(weights: $t) -> Self {
                Self::new(weights)
            }
        }

        impl<F: Float> From<&$t> for Policy<F> {
            fn from(weights: &$t) -> Self {
                Self::new(*weights)
            }
        }
    )*};
}
weights_alone!(Zeros, Constant, Uniform, UniformFanIn, Normal, XavierUniform, XavierNormal, HeUniform, HeNormal,);

impl<F: Float> From<&Policy<F>> for Policy<F> {
    fn from(policy: &Policy<F>) -> Self {
        policy.clone()
    }
}

impl<F: Float> fmt::Debug for Policy<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Policy").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn biases_follow_the_weight_or_their_own_rule() {
        let (weight, len) = (Shape::from([7, 16]), 7);
        let policy = Policy::<f64>::new(XavierUniform::default()).with_biases(UniformFanIn);
        let (mut bias, mut direct) = (vec![f64::NAN; len], vec![0.0; len]);
        policy.fill_bias(&mut bias, &weight, Seed(7)).unwrap();
        crate::random::uniform(&mut direct, -0.25, 0.25, Seed(7));
        assert_eq!(bias, direct);

        Policy::from(&policy).with_biases(Normal::new(3.0, 0.0)).fill_bias(&mut bias, &weight, Seed(7)).unwrap();
        assert_eq!(bias, [3.0; 7]);
        Policy::from(&XavierUniform::default()).fill_bias(&mut bias, &weight, Seed(7)).unwrap();
        assert_eq!(bias, [0.0; 7]);
    }

    #[test]
    fn a_bias_of_a_weight_without_fans_is_refused() {
        let mut bias = [1f32; 3];
        assert!(UniformFanIn.fill_bias(&mut bias, &[3].into(), Seed(7)).is_err());
        assert_eq!(bias, [1.0; 3]);
    }
}
