//! No weight below 0.

use evenkeel_tensor::Float;

use super::Constraint;
use crate::RegularizeError;
use crate::elementwise::apply;

/// No weight below 0: `w = max(w, 0)`. NaN stays.
///
/// ```
/// use evenkeel_regularize::{Constraint, NonNegative};
///
/// let mut w = [0.5f32, -0.5];
/// NonNegative.project(&mut w, &[2]);
/// assert_eq!(w, [0.5, 0.0]);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NonNegative;

impl<F: Float> Constraint<F> for NonNegative {
    fn project(&self, w: &mut [F], _shape: &[usize]) {
        apply(
            w,
            #[inline(always)]
            |w| if w < F::ZERO { F::ZERO } else { w },
        );
    }

    fn check(&self) -> Result<(), RegularizeError> {
        Ok(())
    }
}
