//! Penalties on the size of weights.

mod elastic_net;
mod group_lasso;
mod l1;
mod l2;
mod lp;
mod op;

use std::fmt::Debug;

use evenkeel_tensor::Float;

pub use elastic_net::ElasticNet;
pub use group_lasso::GroupLasso;
pub use l1::L1;
pub use l2::L2;
pub use lp::Lp;
pub use op::PenaltyOp;

use crate::RegularizeError;

/// A penalty p(w) on the size of weights, added to the loss so that training prefers small ones.
///
/// Each can act in two ways: by its gradient, as part of the loss, or by its proximal step after the update, which solves for the
/// penalty exactly and is what makes L1 give weights that are exactly 0:
///
/// `prox(v) = argmin_x |x - v|² / 2 + step p(x)`
///
/// A penalty of one's own needs the three methods, and then works in a [`Regularizer`](crate::Regularizer) as the others do:
///
/// ```
/// use evenkeel_regularize::{Penalty, PenaltyExt, RegularizeError};
/// use evenkeel_tensor::Float;
///
/// /// lambda sum (w - 1)², a pull towards 1.
/// #[derive(Debug)]
/// struct TowardsOne(f64);
///
/// impl<F: Float> Penalty<F> for TowardsOne {
///     fn value(&self, w: &[F], _shape: &[usize]) -> f64 {
///         self.0 * w.iter().map(|w| (w.to_f64() - 1.0).powi(2)).sum::<f64>()
///     }
///     fn add_gradient(&self, w: &[F], _shape: &[usize], scale: f64, g: &mut [F]) {
///         let c = F::from_f64(2.0 * self.0 * scale);
///         g.iter_mut().zip(w).for_each(|(g, &w)| *g += c * (w - F::ONE));
///     }
///     fn prox(&self, w: &mut [F], _shape: &[usize], step: f64) {
///         let c = F::from_f64(2.0 * self.0 * step);
///         w.iter_mut().for_each(|w| *w = (*w + c) / (F::ONE + c));
///     }
///     fn check(&self) -> Result<(), RegularizeError> {
///         Ok(())
///     }
/// }
///
/// assert_eq!(TowardsOne(0.5).value_of(&[1.0, 3.0]), 2.0);
/// ```
pub trait Penalty<F: Float = f32>: Debug + Send + Sync {
    /// p(w), of weights `w` of shape `shape`, row-major.
    fn value(&self, w: &[F], shape: &[usize]) -> f64;

    /// Adds `scale` times the gradient of p at `w` to `g`. At a kink it is the subgradient 0.
    fn add_gradient(&self, w: &[F], shape: &[usize], scale: f64, g: &mut [F]);

    /// The proximal step of size `step >= 0`, in place.
    fn prox(&self, w: &mut [F], shape: &[usize], step: f64);

    /// Checks the settings, rounded to `F`.
    ///
    /// # Errors
    /// At the first setting out of its range.
    fn check(&self) -> Result<(), RegularizeError>;

    /// Checks that weights of this shape can be penalised; most penalties take any.
    ///
    /// # Errors
    /// If they cannot.
    fn check_shape(&self, shape: &[usize]) -> Result<(), RegularizeError> {
        let _ = shape;
        Ok(())
    }
}

/// So that which penalty it is can be chosen while a program runs.
impl<F: Float, P: Penalty<F> + ?Sized> Penalty<F> for Box<P> {
    fn value(&self, w: &[F], shape: &[usize]) -> f64 {
        (**self).value(w, shape)
    }
    fn add_gradient(&self, w: &[F], shape: &[usize], scale: f64, g: &mut [F]) {
        (**self).add_gradient(w, shape, scale, g);
    }
    fn prox(&self, w: &mut [F], shape: &[usize], step: f64) {
        (**self).prox(w, shape, step);
    }
    fn check(&self) -> Result<(), RegularizeError> {
        (**self).check()
    }
    fn check_shape(&self, shape: &[usize]) -> Result<(), RegularizeError> {
        (**self).check_shape(shape)
    }
}

/// Penalties of a plain slice, for weights that belong to any framework or to none: a vector without further axes.
///
/// ```
/// use evenkeel_regularize::{L1, PenaltyExt};
///
/// let mut w = [3.0, -0.5, 0.0];
/// assert_eq!(L1::new(2.0).value_of(&w), 7.0);
///
/// let mut g = [1.0; 3];                              // what the loss gave
/// L1::new(2.0).add_gradient_of(&w, 0.5, &mut g);     // half of it on top
/// assert_eq!(g, [2.0, 0.0, 1.0]);
///
/// L1::new(2.0).prox_of(&mut w, 0.5);
/// assert_eq!(w, [2.0, 0.0, 0.0]);
/// ```
pub trait PenaltyExt<F: Float>: Penalty<F> {
    /// p(w).
    fn value_of(&self, w: &[F]) -> f64 {
        self.value(w, &[w.len()])
    }

    /// Adds `scale` times the gradient of p at `w` to `g`.
    ///
    /// # Panics
    /// If there are not as many gradients as weights.
    fn add_gradient_of(&self, w: &[F], scale: f64, g: &mut [F]) {
        self.add_gradient(w, &[w.len()], scale, g);
    }

    /// The proximal step of size `step >= 0`, in place.
    fn prox_of(&self, w: &mut [F], step: f64) {
        let shape = [w.len()];
        self.prox(w, &shape, step);
    }
}

impl<F: Float, P: Penalty<F> + ?Sized> PenaltyExt<F> for P {}

/// A setting as `F` has it: one that is finite may be infinite in `f32`, and an infinite strength would make zeros NaN.
fn rounded<F: Float>(setting: f64) -> f64 {
    F::from_f64(setting).to_f64()
}

/// Checks the strength of a penalty.
fn check_strength(of: &'static str, setting: &'static str, lambda: f64) -> Result<(), RegularizeError> {
    let fits = lambda.is_finite() && lambda >= 0.0;
    RegularizeError::check(fits, of, setting, "finite and not negative", lambda, "0 switches the penalty off")
}
