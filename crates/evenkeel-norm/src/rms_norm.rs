//! Root-mean-square normalisation.

use evenkeel_autograd::Var;
use evenkeel_module::{Forward, Module, Parameter, Pass, Role};
use evenkeel_tensor::{Float, Shape, Tensor};

use crate::grouping::Grouping;
use crate::per_sample_op::{PerSampleOp, scale_and_shift};

/// RMS normalisation: `y = gamma x / sqrt(mean(x²) + eps)`, each sample by itself over its last axes; layer normalisation without
/// the mean and without a shift.
///
/// # Shapes
/// Input and output (..., D...), where D... is the shape given to [`new`](RmsNorm::new). Scale gamma (D...) starts at 1.
/// [`per_channel`](RmsNorm::per_channel) is the form for images: over all of (C, ...) with a scale a channel.
///
/// # Training and evaluation
/// The same: there are no stored statistics.
///
/// # Eps
/// 1e-6, as transformers use it. PyTorch's own default is the float's epsilon, 1.2e-7 in `f32`.
///
/// # Errors
/// An input whose last axes are others, an `eps` that is negative or not finite: a panic that names the cure, and an error from
/// [`check_network`](evenkeel_module::check_network) beforehand.
///
/// # Range
/// Finite inputs never give NaN. A group of zeros gives 0, also with eps 0; so does a group whose squares add up to more than the
/// float holds (values from about 1e19 on in `f32`, 1e154 in `f64`), with gradients 0. A common offset is not removed: it is a
/// part of what is scaled.
///
/// # Source
/// Zhang & Sennrich, *Root Mean Square Layer Normalization*, 2019, [arXiv 1910.07467](https://arxiv.org/abs/1910.07467).
///
/// ```
/// use evenkeel_module::{Forward, Mode, Workspace};
/// use evenkeel_norm::RmsNorm;
/// use evenkeel_tensor::{Seed, Tensor};
///
/// let norm = RmsNorm::new([2]).with_eps(0.0);
/// let mut workspace = Workspace::new();
/// let pass = workspace.begin(Mode::Evaluation, Seed(0));
/// let y = norm.forward(&pass, pass.constant(Tensor::from_vec([1, 2], vec![1.0f64, 7.0])?));
/// assert!((y.value()[1] - 1.4).abs() < 1e-15);                 // 7 / sqrt((1 + 49) / 2)
/// # Ok::<(), evenkeel_tensor::ShapeError>(())
/// ```
#[derive(Clone, Debug, Module)]
pub struct RmsNorm<F: Float = f32> {
    weight: Option<Parameter<F>>,
    normalized_shape: Vec<usize>,
    per_channel: bool,
    eps: f64,
}

impl<F: Float> RmsNorm<F> {
    /// Over the last axes, which have this shape, with eps 1e-6 and scale.
    pub fn new(normalized_shape: impl Into<Shape>) -> Self {
        let shape = normalized_shape.into();
        Self {
            weight: Some(Parameter::new(Tensor::ones(shape), Role::Scale)),
            normalized_shape: shape.to_vec(),
            per_channel: false,
            eps: 1e-6,
        }
    }

    /// Over all axes of (N, C, ...) but the first, with a scale for each of the `channels` channels.
    pub fn per_channel(channels: usize) -> Self {
        Self { per_channel: true, ..Self::new([channels]) }
    }

    /// With another number added to the mean square; it must be finite and not negative, which
    /// [`check_network`](evenkeel_module::check_network) verifies.
    #[must_use]
    pub fn with_eps(self, eps: f64) -> Self {
        Self { eps, ..self }
    }

    /// Without scale.
    #[must_use]
    pub fn without_affine(self) -> Self {
        Self { weight: None, ..self }
    }

    /// Scale gamma, if there is one.
    pub fn weight(&self) -> Option<&Parameter<F>> {
        self.weight.as_ref()
    }

    /// The number added to the mean square.
    pub fn eps(&self) -> f64 {
        self.eps
    }
}

impl<F: Float> Forward<F> for RmsNorm<F> {
    fn forward<'t>(&self, pass: &Pass<'t, F>, x: Var<'t, F>) -> Var<'t, F> {
        let trailing = op(Shape::from(&self.normalized_shape[..]), self.eps);
        let grouping = match self.normalized_shape[..] {
            [channels] if self.per_channel => Grouping::Channels { groups: 1, channels },
            _ => trailing.grouping,
        };
        PerSampleOp { grouping, ..trailing }.record(x, scale_and_shift(pass, &self.weight, &None))
    }
}

/// RMS normalisation over the last axes, which have the shape `normalized_shape`.
pub(crate) fn op(normalized_shape: Shape, eps: f64) -> PerSampleOp {
    PerSampleOp { name: "rms_norm", grouping: Grouping::Trailing(normalized_shape), centered: false, eps }
}

/// RMS normalisation of `x` over its last axes, which have the shape `normalized_shape`, with a scale of that shape; see
/// [`RmsNorm`].
///
/// # Panics
/// If the shapes do not fit, or eps is negative or not finite.
#[track_caller]
pub fn rms_norm<'t, F: Float>(
    x: Var<'t, F>,
    normalized_shape: impl Into<Shape>,
    scale: Option<Var<'t, F>>,
    eps: f64,
) -> Var<'t, F> {
    op(normalized_shape.into(), eps).record(x, scale.map(|scale| (scale, None)))
}
