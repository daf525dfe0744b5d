//! Group normalisation.

use evenkeel_autograd::Var;
use evenkeel_module::{Forward, Module, Parameter, Pass, Role};
use evenkeel_tensor::{Float, Tensor};

use crate::grouping::Grouping;
use crate::per_sample_op::{PerSampleOp, scale_and_shift};

/// Group normalisation: `y = gamma (x - mean) / sqrt(var + eps) + beta`, each sample by itself over groups of neighbouring
/// channels and all positions.
///
/// # Shapes
/// Input and output (N, C, ...) of any rank from 2; a group is C / groups channels with all of their positions. Scale gamma (C)
/// starts at 1, shift beta (C) at 0; each channel has its own. One group is layer normalisation over (C, ...), as many groups as
/// channels are [`InstanceNorm`](crate::InstanceNorm). Where channels are the last axis, move them with
/// [`permute`](Var::permute).
///
/// # Training and evaluation
/// The same: there are no stored statistics, and no example sees another, so that the batch may have any size. The paper's
/// figure 1 shows where that counts: its error stays as it is at 2 images a batch, where batch normalisation's grows.
///
/// # Errors
/// A number of groups that does not divide the channels (or is 0), another number of channels, a group of one value, an `eps`
/// that is negative or not finite: a panic that names the cure, and an error from
/// [`check_network`](evenkeel_module::check_network) beforehand.
///
/// # Range
/// As [`LayerNorm`](crate::LayerNorm): finite inputs never give NaN.
///
/// # Source
/// Wu & He, *Group Normalization*, 2018, [arXiv 1803.08494](https://arxiv.org/abs/1803.08494).
///
/// ```
/// use evenkeel_module::{Mode, check_network};
/// use evenkeel_norm::GroupNorm;
///
/// assert!(check_network(&GroupNorm::<f32>::new(8, 64), Mode::Training, [1, 64, 7, 7]).is_ok());
/// let error = check_network(&GroupNorm::<f32>::new(7, 64), Mode::Training, [1, 64, 7, 7]).unwrap_err();
/// assert!(error.to_string().contains("divides 64 channels"));
/// ```
#[derive(Clone, Debug, Module)]
pub struct GroupNorm<F: Float = f32> {
    weight: Option<Parameter<F>>,
    bias: Option<Parameter<F>>,
    groups: usize,
    channels: usize,
    eps: f64,
}

impl<F: Float> GroupNorm<F> {
    /// Over `groups` groups of `channels` channels, with eps 1e-5, scale and shift.
    pub fn new(groups: usize, channels: usize) -> Self {
        Self {
            weight: Some(Parameter::new(Tensor::ones([channels]), Role::Scale)),
            bias: Some(Parameter::new(Tensor::zeros([channels]), Role::Shift)),
            groups,
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

    /// The number of groups.
    pub fn groups(&self) -> usize {
        self.groups
    }

    /// The number added to the variance.
    pub fn eps(&self) -> f64 {
        self.eps
    }
}

impl<F: Float> Forward<F> for GroupNorm<F> {
    fn forward<'t>(&self, pass: &Pass<'t, F>, x: Var<'t, F>) -> Var<'t, F> {
        op(self.groups, self.channels, self.eps).record(x, scale_and_shift(pass, &self.weight, &self.bias))
    }
}

/// Group normalisation of inputs with `channels` channels.
pub(crate) fn op(groups: usize, channels: usize, eps: f64) -> PerSampleOp {
    PerSampleOp { name: "group_norm", grouping: Grouping::Channels { groups, channels }, centered: true, eps }
}

/// Group normalisation of `x` (N, C, ...) in `groups` groups, with scale and shift of shape (C) (both or neither); see
/// [`GroupNorm`].
///
/// # Panics
/// If the shapes do not fit, the groups do not divide the channels, or eps is negative or not finite.
#[track_caller]
pub fn group_norm<'t, F: Float>(
    x: Var<'t, F>,
    groups: usize,
    affine: Option<(Var<'t, F>, Var<'t, F>)>,
    eps: f64,
) -> Var<'t, F> {
    op(groups, x.shape().get(1).copied().unwrap_or(0), eps).record(x, affine.map(|(scale, shift)| (scale, Some(shift))))
}
