//! The same value everywhere.

use evenkeel_tensor::{Float, Seed, Shape};

use crate::error::in_range;
use crate::{InitError, Initializer};

/// 0 everywhere: the usual start of biases. Not for weights of hidden layers, whose units would all stay equal.
///
/// # Errors
/// [`fill`](Initializer::fill) if the slice does not fit the shape.
///
/// ```
/// use evenkeel_init::{InitializerExt, Seed, Zeros};
///
/// assert_eq!(Zeros.tensor::<f32>([3], Seed(7))?.as_slice(), [0.0; 3]);
/// # Ok::<(), evenkeel_init::InitError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Zeros;

impl<F: Float> Initializer<F> for Zeros {
    fn fill(&self, values: &mut [F], shape: &Shape, _seed: Seed) -> Result<(), InitError> {
        InitError::check_length("Zeros", values.len(), shape)?;
        values.fill(F::ZERO);
        Ok(())
    }
}

/// The given value everywhere: scales at 1, a forget gate's bias at 1, the bias of ReLU units slightly above 0.
///
/// # Errors
/// [`fill`](Initializer::fill) if the value is not finite or the slice does not fit the shape.
///
/// ```
/// use evenkeel_init::{Constant, InitializerExt, Seed};
///
/// assert_eq!(Constant(0.5).tensor::<f32>([2], Seed(7))?.as_slice(), [0.5; 2]);
/// # Ok::<(), evenkeel_init::InitError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Constant(pub f64);

impl<F: Float> Initializer<F> for Constant {
    fn fill(&self, values: &mut [F], shape: &Shape, _seed: Seed) -> Result<(), InitError> {
        InitError::check_length("Constant", values.len(), shape)?;
        values.fill(in_range("Constant", "value", self.0)?);
        Ok(())
    }
}
