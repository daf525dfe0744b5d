//! Weight standardisation of a layer.

use evenkeel_autograd::Var;
use evenkeel_module::{Forward, Module, Parameter, Pass, Path, Role, Visitor, VisitorMut, Weighted};
use evenkeel_tensor::{Float, Tensor};

use super::weight_standardization_op::{WeightScaling, weight_standardization};
use crate::functional;

/// Weight standardisation: a layer each of whose output units has weights of mean 0 and variance 1,
/// `w = (W - mean) / sqrt(var + eps)`.
///
/// # Shapes
/// Those of the layer. Mean and biased variance of a unit are over all axes of its weight (out, in, kernel...) but the
/// first: over its fan-in.
///
/// # Choices
/// - [`new`](WeightStandardization::new) is Qiao et al.'s: variance 1 whatever the fan-in, which is meant for layers
///   before a normalisation by example (their use: convolutions before [`GroupNorm`](crate::GroupNorm)). eps 1e-5 is
///   added to the variance, as in the paper; the code published with it divides by the unbiased deviation plus 1e-5.
/// - [`scaled`](WeightStandardization::scaled) is Brock et al.'s, for networks without normalisation of activations: `w =
///   gain gamma / sqrt(fan_in) (W - mean) / sqrt(var + eps)`, so that signals keep their variance. gain (out, 1, ...) is
///   learnt and starts at 1; gamma is a constant that makes up for the activation before: 1 for none, sqrt(2 / (1 -
///   1/pi)) = 1.7139 for a ReLU.
///
/// # Start
/// What an initialiser draws matters by its direction alone; its scale is lost.
///
/// # State
/// The layer's own, at the layer's own path, with W as `weight`, and `gain` if there is one.
/// [`into_layer`](WeightStandardization::into_layer) gives the plain layer.
///
/// # Training and evaluation
/// The same.
///
/// # Errors
/// Units of one weight (which minus its mean is always 0), an `eps` that is negative or not finite: a panic that names
/// the cure, and an error from [`check_network`](evenkeel_module::check_network) beforehand.
///
/// # Range
/// As [`LayerNorm`](crate::LayerNorm): finite weights never give NaN, and a unit without spread gives 0.
///
/// # Source
/// Qiao, Wang, Liu, Shen & Yuille, *Micro-Batch Training with Batch-Channel Normalization and Weight Standardization*,
/// 2019, [arXiv 1903.10520](https://arxiv.org/abs/1903.10520). Brock, De & Smith, *Characterizing signal propagation to
/// close the performance gap in unnormalized ResNets*, 2021, [arXiv 2101.08692](https://arxiv.org/abs/2101.08692).
///
/// ```
/// # use evenkeel_autograd::Var;
/// # use evenkeel_module::{Forward, Module, ModuleExt, Parameter, Pass, Role, Weighted};
/// # #[derive(Clone, Module)]
/// # struct Projection { weight: Parameter }
/// # impl Forward for Projection {
/// #     fn forward<'t>(&self, pass: &Pass<'t>, x: Var<'t>) -> Var<'t> {
/// #         self.forward_with(pass, x, pass.parameter(&self.weight))
/// #     }
/// # }
/// # impl Weighted for Projection {
/// #     fn weight(&self) -> &Parameter { &self.weight }
/// #     fn weight_mut(&mut self) -> &mut Parameter { &mut self.weight }
/// #     fn forward_with<'t>(&self, _: &Pass<'t>, x: Var<'t>, weight: Var<'t>) -> Var<'t> { x.linear(weight, None) }
/// # }
/// use evenkeel_norm::WeightStandardization;
/// use evenkeel_tensor::Tensor;
///
/// // `Projection` is a layer y = x Wᵀ that implements `Weighted`.
/// let weight = Tensor::from([[1.0, 3.0, 1.0, 3.0], [10.0, 10.0, 30.0, 30.0]]);
/// let projection = Projection { weight: Parameter::new(weight, Role::Weight) };
/// let layer = WeightStandardization::new(projection.clone()).with_eps(0.0);
/// assert_eq!(layer.weight(), Tensor::from([[-1.0, 1.0, -1.0, 1.0], [-1.0, -1.0, 1.0, 1.0]]));
///
/// // Brock et al.: divided by sqrt(fan_in) = 2.
/// let layer = WeightStandardization::scaled(projection, 1.0).with_eps(0.0);
/// assert_eq!(layer.weight().as_slice()[..2], [-0.5, 0.5]);
/// assert!(layer.state_dict().tensors.keys().eq(["gain", "weight"]));
/// ```
#[derive(Clone, Debug)]
pub struct WeightStandardization<L, F: Float = f32> {
    layer: L,
    gain: Option<Parameter<F>>,
    scaling: WeightScaling,
    eps: f64,
}

impl<F: Float, L: Weighted<F>> WeightStandardization<L, F> {
    /// `layer` with weights of variance 1 (Qiao et al. 2019); eps 1e-5, no gain.
    pub fn new(layer: L) -> Self {
        Self { layer, gain: None, scaling: WeightScaling::Unit, eps: 1e-5 }
    }

    /// `layer` with weights of variance gamma² / fan_in times a learnt gain (Brock et al. 2021); eps 1e-5.
    pub fn scaled(layer: L, gamma: f64) -> Self {
        let weight = layer.weight().shape();
        let ones = (1..weight.rank()).fold(weight, |shape, axis| shape.with_dim(axis, 1));
        let gain = Some(Parameter::new(Tensor::ones(ones), Role::Scale));
        Self { layer, gain, scaling: WeightScaling::FanIn { gamma }, eps: 1e-5 }
    }

    /// Without the learnt gain.
    #[must_use]
    pub fn without_gain(self) -> Self {
        Self { gain: None, ..self }
    }

    /// With another number added to the variance; it must be finite and not negative, which
    /// [`check_network`](evenkeel_module::check_network) verifies.
    #[must_use]
    pub fn with_eps(self, eps: f64) -> Self {
        Self { eps, ..self }
    }

    /// The wrapped layer. Its weight is W.
    pub fn layer(&self) -> &L {
        &self.layer
    }

    /// The learnt gain (out, 1, ...), if there is one.
    pub fn gain(&self) -> Option<&Parameter<F>> {
        self.gain.as_ref()
    }

    /// The weight w that the layer multiplies by.
    ///
    /// # Panics
    /// If units have one weight, or `eps` is negative or not finite.
    #[track_caller]
    pub fn weight(&self) -> Tensor<F> {
        let (weight, gain) = (self.layer.weight().value(), self.gain.as_ref().map(Parameter::value));
        functional::weight_standardization(weight, gain, self.scaling, self.eps)
            .unwrap_or_else(|error| panic!("{error}"))
    }

    /// The plain layer that computes the same: its weight is w. Without values still, if it has none.
    ///
    /// # Panics
    /// If units have one weight, or `eps` is negative or not finite.
    #[track_caller]
    pub fn into_layer(mut self) -> L {
        if self.layer.weight().is_initialized() {
            let weight = self.weight();
            self.layer.weight_mut().set(weight);
        }
        self.layer
    }
}

impl<F: Float, L: Weighted<F>> Module<F> for WeightStandardization<L, F> {
    fn kind(&self) -> &'static str {
        self.layer.kind()
    }

    fn visit(&self, path: &Path<'_>, visitor: &mut dyn Visitor<F>) {
        self.layer.visit(path, visitor);
        self.gain.visit(&path.child("gain"), visitor);
    }

    fn visit_mut(&mut self, path: &Path<'_>, visitor: &mut dyn VisitorMut<F>) {
        self.layer.visit_mut(path, visitor);
        self.gain.visit_mut(&path.child("gain"), visitor);
    }
}

impl<F: Float, L: Weighted<F>> Forward<F> for WeightStandardization<L, F> {
    fn forward<'t>(&self, pass: &Pass<'t, F>, x: Var<'t, F>) -> Var<'t, F> {
        let gain = self.gain.as_ref().map(|gain| pass.parameter(gain));
        let weight = weight_standardization(pass.parameter(self.layer.weight()), gain, self.scaling, self.eps);
        self.layer.forward_with(pass, x, weight)
    }
}
