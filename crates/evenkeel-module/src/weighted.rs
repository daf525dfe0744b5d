//! Layers that apply one weight, which another layer may compute.

use evenkeel_autograd::Var;
use evenkeel_tensor::Float;

use crate::{Forward, Parameter, Pass};

/// A layer that multiplies its input by one weight (out, in, kernel...): linear layers and convolutions.
///
/// What reparametrises a weight (weight normalisation, spectral normalisation, weight standardisation) wraps any such layer:
/// it computes the weight to use and hands it to [`forward_with`](Weighted::forward_with).
///
/// ```
/// use evenkeel_autograd::Var;
/// use evenkeel_module::{Forward, Module, Parameter, Pass, Weighted};
///
/// /// A layer that uses tanh of its weight, so that no entry exceeds 1.
/// #[derive(Module)]
/// struct Bounded<L: Weighted> {
///     layer: L,
/// }
///
/// impl<L: Weighted> Forward for Bounded<L> {
///     fn forward<'t>(&self, pass: &Pass<'t>, x: Var<'t>) -> Var<'t> {
///         self.layer.forward_with(pass, x, pass.parameter(self.layer.weight()).tanh())
///     }
/// }
/// ```
pub trait Weighted<F: Float = f32>: Forward<F> {
    /// The weight (out, in, kernel...).
    fn weight(&self) -> &Parameter<F>;

    /// The weight, to be changed.
    fn weight_mut(&mut self) -> &mut Parameter<F>;

    /// The output for the input `x` with `weight`, of the same shape, in the place of the layer's own.
    fn forward_with<'t>(&self, pass: &Pass<'t, F>, x: Var<'t, F>, weight: Var<'t, F>) -> Var<'t, F>;
}
