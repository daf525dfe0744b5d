//! Constraints on weights.

mod max_norm;
mod non_negative;
mod unit_norm;
mod value_range;

use std::fmt::Debug;

use evenkeel_tensor::Float;

pub use max_norm::MaxNorm;
pub use non_negative::NonNegative;
pub use unit_norm::UnitNorm;
pub use value_range::ValueRange;
pub(crate) use value_range::clamp;

use crate::RegularizeError;

/// A set that weights are kept in: after each update they are moved to its nearest point.
///
/// Gradient descent with such a projection after each step is projected gradient descent; the projection is the proximal step of a
/// penalty that is 0 in the set and infinite outside.
pub trait Constraint<F: Float = f32>: Debug + Send + Sync {
    /// Moves weights of shape `shape`, row-major, to the nearest point of the set.
    fn project(&self, w: &mut [F], shape: &[usize]);

    /// Checks the settings.
    ///
    /// # Errors
    /// At the first setting out of its range.
    fn check(&self) -> Result<(), RegularizeError>;

    /// Checks that weights of this shape can be constrained; most constraints take any.
    ///
    /// # Errors
    /// If they cannot.
    fn check_shape(&self, shape: &[usize]) -> Result<(), RegularizeError> {
        let _ = shape;
        Ok(())
    }
}

/// So that which constraint it is can be chosen while a program runs.
impl<F: Float, C: Constraint<F> + ?Sized> Constraint<F> for Box<C> {
    fn project(&self, w: &mut [F], shape: &[usize]) {
        (**self).project(w, shape);
    }
    fn check(&self) -> Result<(), RegularizeError> {
        (**self).check()
    }
    fn check_shape(&self, shape: &[usize]) -> Result<(), RegularizeError> {
        (**self).check_shape(shape)
    }
}
