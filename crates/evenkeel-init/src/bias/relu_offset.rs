//! A bias that wakes rectifiers.

use evenkeel_tensor::{Float, Seed, Shape};

use super::BiasInitializer;
use crate::InitError;
use crate::error::in_range;

/// The same small positive bias for every unit of a ReLU layer, 0.01 by default.
///
/// It makes most units active at the start, so that fewer of them get no gradient at all ("dead"). Goodfellow, Bengio,
/// Courville 2016, "Deep Learning", section 8.4, suggest 0.1; Krizhevsky et al. 2012 took 1 in some layers; others
/// found no steady gain over 0, which stays the default of a [`Policy`](crate::Policy).
///
/// # Errors
/// [`fill_bias`](BiasInitializer::fill_bias) if the offset is negative, 0 or not finite.
///
/// ```
/// use evenkeel_init::{HeNormal, Policy, ReluOffset};
///
/// let relu_net: Policy = Policy::new(HeNormal::default()).with_biases(ReluOffset::default());
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ReluOffset(pub f64);

impl Default for ReluOffset {
    fn default() -> Self {
        Self(0.01)
    }
}

impl<F: Float> BiasInitializer<F> for ReluOffset {
    fn fill_bias(&self, bias: &mut [F], _weight: &Shape, _seed: Seed) -> Result<(), InitError> {
        if self.0 <= 0.0 {
            return Err(InitError::Parameter {
                initializer: "ReluOffset",
                parameter: "offset",
                expected: "above 0".into(),
                got: self.0,
                cure: "give a small positive number such as 0.01; for none use Zeros",
            });
        }
        bias.fill(in_range("ReluOffset", "offset", self.0)?);
        Ok(())
    }
}
