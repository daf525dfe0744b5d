//! The sum of the norms of groups.

use evenkeel_tensor::Float;

use super::{Penalty, check_strength, rounded};
use crate::RegularizeError;
use crate::groups::Groups;

/// Group lasso: `p(w) = lambda sum_g sqrt(|g|) |w_g|`, with |w_g| the Euclidean norm of the weights of group g and |g| their
/// number. Whole groups become 0: units, inputs or runs of neighbours ([`Groups`]).
///
/// Gradient: `lambda sqrt(|g|) w_g / |w_g|`, 0 where the group is 0.
///
/// Proximal step of size t, block soft thresholding: `w_g max(1 - lambda t sqrt(|g|) / |w_g|, 0)`. A group of norm up to
/// `lambda t sqrt(|g|)` becomes exactly 0.
///
/// Norms are computed without overflow. A group with a NaN becomes NaN as a whole.
///
/// # Source
/// Yuan & Lin, *Model Selection and Estimation in Regression with Grouped Variables*, 2006; the step: Parikh & Boyd, *Proximal
/// Algorithms*, 2014, section 6.5.4.
///
/// ```
/// use evenkeel_regularize::{GroupLasso, Groups, Penalty, PenaltyExt};
///
/// let mut w = [3.0, 4.0, 0.3, -0.4];                 // two units of two inputs
/// GroupLasso::new(1.0).unweighted().prox(&mut w, &[2, 2], 2.5);
/// assert_eq!(w, [1.5, 2.0, 0.0, 0.0]);
///
/// let pairs = GroupLasso::new(1.0).over(Groups::Runs(2)).unweighted();
/// assert_eq!(pairs.value_of(&w), 2.5);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct GroupLasso {
    /// The strength.
    pub lambda: f64,
    /// Which weights form a group.
    pub groups: Groups,
    /// Whether each group counts by the root of its number of weights, so that large groups are not favoured.
    pub weighted: bool,
}

impl GroupLasso {
    /// Of strength `lambda`, finite and not negative, over units, each counting by the root of its number of weights.
    pub const fn new(lambda: f64) -> Self {
        Self { lambda, groups: Groups::Units, weighted: true }
    }

    /// With other groups.
    #[must_use]
    pub const fn over(self, groups: Groups) -> Self {
        Self { groups, ..self }
    }

    /// Without the factor sqrt(|g|).
    #[must_use]
    pub const fn unweighted(self) -> Self {
        Self { weighted: false, ..self }
    }

    /// Checks the settings.
    ///
    /// # Errors
    /// If the strength is negative, infinite or NaN, or groups are runs of 0 weights.
    pub fn check(&self) -> Result<(), RegularizeError> {
        check_strength("GroupLasso", "lambda", self.lambda)?;
        self.groups.check("GroupLasso")
    }

    /// The factor of the norm of a group of `n` weights.
    fn strength(&self, n: usize) -> f64 {
        if self.weighted { self.lambda * (n as f64).sqrt() } else { self.lambda }
    }
}

impl<F: Float> Penalty<F> for GroupLasso {
    #[track_caller]
    fn value(&self, w: &[F], shape: &[usize]) -> f64 {
        self.groups.sum("GroupLasso", w, shape, |norm, n| self.strength(n) * norm)
    }

    #[track_caller]
    fn add_gradient(&self, w: &[F], shape: &[usize], scale: f64, g: &mut [F]) {
        self.groups.add_directions("GroupLasso", w, shape, g, |n| self.strength(n) * scale);
    }

    #[track_caller]
    fn prox(&self, w: &mut [F], shape: &[usize], step: f64) {
        self.groups.rescale("GroupLasso", w, shape, |norm, n| {
            let rest = norm - self.strength(n) * step;
            // A comparison that lets NaN pass.
            if rest < 0.0 { 0.0 } else { rest }
        });
    }

    fn check(&self) -> Result<(), RegularizeError> {
        GroupLasso::check(self)?;
        GroupLasso::check(&GroupLasso { lambda: rounded::<F>(self.lambda), ..*self })
    }

    fn check_shape(&self, shape: &[usize]) -> Result<(), RegularizeError> {
        self.groups.check_shape("GroupLasso", shape)
    }
}
