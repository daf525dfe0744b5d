//! A norm of 1.

use evenkeel_tensor::Float;

use super::Constraint;
use crate::RegularizeError;
use crate::groups::Groups;

/// Each group's Euclidean norm 1: `w_g = w_g / |w_g|`. A group is the weights that lead into one unit, unless told otherwise
/// ([`Groups`]).
///
/// A group of zeros has no direction and stays 0. Norms are computed without overflow. A group with a NaN becomes NaN as a whole.
///
/// ```
/// use evenkeel_regularize::{Constraint, UnitNorm};
///
/// let mut w = [3.0, 4.0, 0.0, 0.0];                  // two units of two inputs
/// UnitNorm::new().project(&mut w, &[2, 2]);
/// assert_eq!(w.map(|w: f64| (10.0 * w).round()), [6.0, 8.0, 0.0, 0.0]);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct UnitNorm {
    /// Which weights form a group.
    pub groups: Groups,
}

impl UnitNorm {
    /// Of the weights into each unit.
    pub const fn new() -> Self {
        Self { groups: Groups::Units }
    }

    /// With other groups.
    #[must_use]
    pub const fn over(self, groups: Groups) -> Self {
        Self { groups }
    }

    /// Checks the groups.
    ///
    /// # Errors
    /// If they are runs of 0 weights.
    pub fn check(&self) -> Result<(), RegularizeError> {
        self.groups.check("UnitNorm")
    }
}

impl<F: Float> Constraint<F> for UnitNorm {
    #[track_caller]
    fn project(&self, w: &mut [F], shape: &[usize]) {
        self.groups.rescale("UnitNorm", w, shape, |_, _| 1.0);
    }

    fn check(&self) -> Result<(), RegularizeError> {
        UnitNorm::check(self)
    }

    fn check_shape(&self, shape: &[usize]) -> Result<(), RegularizeError> {
        self.groups.check_shape("UnitNorm", shape)
    }
}
