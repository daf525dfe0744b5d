//! A largest norm.

use evenkeel_tensor::Float;

use super::Constraint;
use crate::RegularizeError;
use crate::groups::Groups;

/// Each group's Euclidean norm at most `limit`: a longer one is scaled down, `w_g = w_g limit / |w_g|`, and keeps its direction.
/// A group is the weights that lead into one unit, unless told otherwise ([`Groups`]).
///
/// Norms are computed without overflow. A group with a NaN becomes NaN as a whole.
///
/// # Source
/// Srebro & Shraibman, *Rank, Trace-Norm and Max-Norm*, 2005; for networks Srivastava et al., *Dropout*, 2014, section 5.1, with
/// limits of 3 to 4 beside dropout.
///
/// ```
/// use evenkeel_regularize::{Constraint, MaxNorm};
///
/// let mut w = [3.0, 4.0, 0.6, 0.8];                  // two units of two inputs
/// MaxNorm::new(2.5).project(&mut w, &[2, 2]);
/// assert_eq!(w, [1.5, 2.0, 0.6, 0.8]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MaxNorm {
    /// The largest norm.
    pub limit: f64,
    /// Which weights form a group.
    pub groups: Groups,
}

impl MaxNorm {
    /// Of the weights into each unit at most `limit`, finite and above 0.
    pub const fn new(limit: f64) -> Self {
        Self { limit, groups: Groups::Units }
    }

    /// With other groups.
    #[must_use]
    pub const fn over(self, groups: Groups) -> Self {
        Self { groups, ..self }
    }

    /// Checks the settings.
    ///
    /// # Errors
    /// If the limit is not above 0 or not finite, or groups are runs of 0 weights.
    pub fn check(&self) -> Result<(), RegularizeError> {
        let fits = self.limit > 0.0 && self.limit.is_finite();
        RegularizeError::check(fits, "MaxNorm", "limit", "finite and above 0", self.limit, "3 is usual")?;
        self.groups.check("MaxNorm")
    }
}

impl<F: Float> Constraint<F> for MaxNorm {
    #[track_caller]
    fn project(&self, w: &mut [F], shape: &[usize]) {
        // A comparison that lets NaN pass.
        let at_most = |norm: f64, _| if norm > self.limit { self.limit } else { norm };
        self.groups.rescale("MaxNorm", w, shape, at_most);
    }

    fn check(&self) -> Result<(), RegularizeError> {
        MaxNorm::check(self)
    }

    fn check_shape(&self, shape: &[usize]) -> Result<(), RegularizeError> {
        self.groups.check_shape("MaxNorm", shape)
    }
}
