//! Instance normalisation.

use evenkeel_autograd::Var;
use evenkeel_module::{Forward, Module, Parameter, Pass, Role};
use evenkeel_tensor::{Float, Tensor};

use crate::grouping::Grouping;
use crate::per_sample_op::{PerSampleOp, scale_and_shift};

/// Instance normalisation: `y = gamma (x - mean) / sqrt(var + eps) + beta`, each channel of each sample by itself over its
/// positions.
///
/// # Shapes
/// Input and output (N, C, L...) of any rank from 3, with more than one position. Scale gamma (C) starts at 1, shift beta (C) at
/// 0: this layer learns them unless told otherwise, as the other normalisations do. (PyTorch's `InstanceNorm` has none unless
/// `affine=True`; its plain form is [`without_affine`](InstanceNorm::without_affine) here.)
///
/// # Training and evaluation
/// The same: there are no stored statistics. A style's mean and contrast are to go from every image, at any time.
///
/// # Errors
/// One position, as in rank 2 (a value minus itself is 0: [`LayerNorm`](crate::LayerNorm) is meant), another number of channels,
/// an `eps` that is negative or not finite: a panic that names the cure, and an error from
/// [`check_network`](evenkeel_module::check_network) beforehand.
///
/// # Range
/// As [`LayerNorm`](crate::LayerNorm): finite inputs never give NaN.
///
/// # Source
/// Ulyanov, Vedaldi & Lempitsky, *Instance Normalization: The Missing Ingredient for Fast Stylization*, 2016,
/// [arXiv 1607.08022](https://arxiv.org/abs/1607.08022).
///
/// ```
/// use evenkeel_module::{Mode, check_network};
/// use evenkeel_norm::InstanceNorm;
///
/// let norm = InstanceNorm::<f32>::new(3);
/// assert!(check_network(&norm, Mode::Training, [1, 3, 8, 8]).is_ok());
/// let error = check_network(&norm, Mode::Training, [16, 3]).unwrap_err();
/// assert!(error.to_string().contains("LayerNorm"));
/// ```
#[derive(Clone, Debug, Module)]
pub struct InstanceNorm<F: Float = f32> {
    weight: Option<Parameter<F>>,
    bias: Option<Parameter<F>>,
    channels: usize,
    eps: f64,
}

impl<F: Float> InstanceNorm<F> {
    /// Over `channels` channels, with eps 1e-5, scale and shift.
    pub fn new(channels: usize) -> Self {
        Self {
            weight: Some(Parameter::new(Tensor::ones([channels]), Role::Scale)),
            bias: Some(Parameter::new(Tensor::zeros([channels]), Role::Shift)),
            channels,
            eps: 1e-5,
        }
    }

    /// With another number added to the variance; it must be finite and not negative, which
    /// [`check_network`](evenkeel_module::check_network) verifies.
    #[must_use]
    pub fn with_eps(self, eps: f64) -> Self {
        Self { eps, ..self }
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

impl<F: Float> Forward<F> for InstanceNorm<F> {
    fn forward<'t>(&self, pass: &Pass<'t, F>, x: Var<'t, F>) -> Var<'t, F> {
        op(self.channels, self.eps).record(x, scale_and_shift(pass, &self.weight, &self.bias))
    }
}

/// Instance normalisation of inputs with `channels` channels.
pub(crate) fn op(channels: usize, eps: f64) -> PerSampleOp {
    // Of no channels, one group: there is nothing to normalise.
    let grouping = Grouping::Channels { groups: channels.max(1), channels };
    PerSampleOp { name: "instance_norm", grouping, centered: true, eps }
}

/// Instance normalisation of `x` (N, C, L...), with scale and shift of shape (C) (both or neither); see [`InstanceNorm`].
///
/// # Panics
/// If the shapes do not fit, there is only one position, or eps is negative or not finite.
#[track_caller]
pub fn instance_norm<'t, F: Float>(x: Var<'t, F>, affine: Option<(Var<'t, F>, Var<'t, F>)>, eps: f64) -> Var<'t, F> {
    op(x.shape().get(1).copied().unwrap_or(0), eps).record(x, affine.map(|(scale, shift)| (scale, Some(shift))))
}
