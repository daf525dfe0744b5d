//! Layer normalisation.

use evenkeel_autograd::Var;
use evenkeel_module::{Forward, Module, Parameter, Pass, Role};
use evenkeel_tensor::{Float, Shape, Tensor};

use crate::grouping::Grouping;
use crate::per_sample_op::{PerSampleOp, scale_and_shift};

/// Layer normalisation: `y = gamma (x - mean) / sqrt(var + eps) + beta`, each sample by itself over its last axes.
///
/// # Shapes
/// Input and output (..., D...), where D... is the shape given to [`new`](LayerNorm::new): of (N, D) each row has a mean and a
/// biased variance of its own, as has each token of (N, T, D). Scale gamma (D...) starts at 1, shift beta (D...) at 0; each
/// normalised position has its own. With one scale a channel over an image (C, H, W) it is [`GroupNorm`](crate::GroupNorm) of one
/// group.
///
/// # Training and evaluation
/// The same: there are no stored statistics, and no example sees another, so that the batch may have any size.
///
/// # Errors
/// An input whose last axes are others, a group of one value (its deviation from itself is always 0), an `eps` that is negative
/// or not finite: a panic that names the cure, and an error from [`check_network`](evenkeel_module::check_network) beforehand.
///
/// # Range
/// Finite inputs never give NaN, and a common offset costs no accuracy however large it is. A group without spread gives beta,
/// also with eps 0. So does a group whose squared deviations add up to more than the float holds (spreads from about 1e19 on in
/// `f32`, 1e154 in `f64`); its gradients but beta's are then 0.
///
/// # Source
/// Ba, Kiros & Hinton, *Layer Normalization*, 2016, [arXiv 1607.06450](https://arxiv.org/abs/1607.06450).
///
/// ```
/// use evenkeel_module::{Forward, Mode, Workspace};
/// use evenkeel_norm::LayerNorm;
/// use evenkeel_tensor::{Seed, Tensor};
///
/// let norm = LayerNorm::new([3]);
/// let x = Tensor::from_vec([2, 3], vec![1.0, 2.0, 3.0, 10_000.0, 10_001.0, 10_002.0])?;
/// let mut workspace = Workspace::new();
/// let pass = workspace.begin(Mode::Training, Seed(0));
/// let y = norm.forward(&pass, pass.constant(x)).to_tensor();
/// assert_eq!(y.as_slice()[..3], y.as_slice()[3..]);            // the offset is gone
/// assert!((y.as_slice()[2] - 1.2247_f32).abs() < 1e-4);
/// # Ok::<(), evenkeel_tensor::ShapeError>(())
/// ```
#[derive(Clone, Debug, Module)]
pub struct LayerNorm<F: Float = f32> {
    weight: Option<Parameter<F>>,
    bias: Option<Parameter<F>>,
    normalized_shape: Vec<usize>,
    eps: f64,
}

impl<F: Float> LayerNorm<F> {
    /// Over the last axes, which have this shape, with eps 1e-5, scale and shift.
    pub fn new(normalized_shape: impl Into<Shape>) -> Self {
        let shape = normalized_shape.into();
        Self {
            weight: Some(Parameter::new(Tensor::ones(shape), Role::Scale)),
            bias: Some(Parameter::new(Tensor::zeros(shape), Role::Shift)),
            normalized_shape: shape.to_vec(),
            eps: 1e-5,
        }
    }

    /// With another number added to the variance; it must be finite and not negative, which
    /// [`check_network`](evenkeel_module::check_network) verifies.
    #[must_use]
    pub fn with_eps(self, eps: f64) -> Self {
        Self { eps, ..self }
    }

    /// Without shift.
    #[must_use]
    pub fn without_bias(self) -> Self {
        Self { bias: None, ..self }
    }

    /// Without scale and shift.
    #[must_use]
    pub fn without_affine(self) -> Self {
        Self { weight: None, bias: None, ..self }
    }

    /// Scale gamma, if there is one.
    pub fn weight(&self) -> Option<&Parameter<F>> {
        self.weight.as_ref()
    }

    /// Shift beta, if there is one.
    pub fn bias(&self) -> Option<&Parameter<F>> {
        self.bias.as_ref()
    }

    /// The number added to the variance.
    pub fn eps(&self) -> f64 {
        self.eps
    }
}

impl<F: Float> Forward<F> for LayerNorm<F> {
    fn forward<'t>(&self, pass: &Pass<'t, F>, x: Var<'t, F>) -> Var<'t, F> {
        op(Shape::from(&self.normalized_shape[..]), self.eps).record(x, scale_and_shift(pass, &self.weight, &self.bias))
    }
}

/// Layer normalisation over the last axes, which have the shape `normalized_shape`.
pub(crate) fn op(normalized_shape: Shape, eps: f64) -> PerSampleOp {
    PerSampleOp { name: "layer_norm", grouping: Grouping::Trailing(normalized_shape), centered: true, eps }
}

/// Layer normalisation of `x` over its last axes, which have the shape `normalized_shape`, with scale and shift of that shape
/// (both or neither); see [`LayerNorm`].
///
/// # Panics
/// If the shapes do not fit, or eps is negative or not finite.
#[track_caller]
pub fn layer_norm<'t, F: Float>(
    x: Var<'t, F>,
    normalized_shape: impl Into<Shape>,
    affine: Option<(Var<'t, F>, Var<'t, F>)>,
    eps: f64,
) -> Var<'t, F> {
    op(normalized_shape.into(), eps).record(x, affine.map(|(scale, shift)| (scale, Some(shift))))
}
