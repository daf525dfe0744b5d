//! The batch normalisation layer.

use evenkeel_autograd::Var;
use evenkeel_module::{Buffer, Change, Forward, Module, Origin, Parameter, Pass, Role};
use evenkeel_tensor::{Float, Shape, Tensor};

use crate::masked::MaskedBatchNormOp;
use crate::op::record;
use crate::{BatchNormOp, Lengths, Normalizer};

/// Batch normalisation: `y = gamma (x - mean) / sqrt(var + eps) + beta`, channel by channel.
///
/// # Shapes
/// Input and output (N, C, ...) of any rank from 2; the statistics of a channel are over all other axes. Scale gamma (C)
/// starts at 1, shift beta (C) at 0. A layer before it needs no bias: beta takes its place.
///
/// # Statistics
/// Whose mean and variance normalise is said aloud ([`BatchNorm::statistics`] tells the stored ones' origin):
/// - **batch** statistics, with the biased variance, in training passes;
/// - **running** statistics in evaluation passes. After each training step
///   `running = (1 - momentum) running + momentum batch`, with the *unbiased* batch variance: `momentum` is the weight of
///   the new batch, 0.1 by default, as in PyTorch. (Keras and TensorFlow name the complement, 0.9 for the same.) Or all batches
///   alike ([`with_cumulative_average`](BatchNorm::with_cumulative_average));
/// - **population** statistics in evaluation passes after
///   [`population_statistics`](crate::population_statistics) has made one pass over a data set, as in the paper's algorithm 2.
///
/// `num_batches_tracked` counts training steps alone. Training on after a population pass starts from the population statistics, as
/// if they were those of the steps counted so far: a running average moves on from them, and a cumulative one gives them the
/// weight of so many batches, none if there was no training step.
///
/// Stored statistics have the resolution of `F` (1/16 at an offset of a million in `f32`), and a step of an average that is less
/// than half of that is lost: beside an offset that dwarfs the spread, use `f64`, or take the offset away before.
///
/// A frozen layer (`net.freeze("...")`) keeps its statistics and normalises with them in training too. So does one that
/// [`InMode`](evenkeel_module::InMode) puts into evaluation, whose scale and shift still learn.
///
/// # Sequences
/// The second axis is the channels. Sequences (time, batch, feature) of equal length are normalised over time and batch together as
/// (time * batch, feature); padded ones, in any layout, by [`forward_masked`](BatchNorm::forward_masked).
///
/// # Errors
/// In training, fewer than two values a channel have no spread; nor do an `eps` that is negative or not finite and a momentum
/// that is not between 0 and 1 make sense: a panic that names the cure, and an error from
/// [`check_network`](evenkeel_module::check_network) beforehand.
///
/// # Range
/// Finite inputs never give NaN. Values of any size are normalised as long as the sum of their squared deviations from the mean
/// is finite. Where it overflows (spreads from about 1e19 on in `f32`, 1e154 in `f64`), the channel's variance is infinite,
/// its output is beta and its gradients but beta's are 0; the running variance becomes infinite too, so that evaluation gives
/// beta as well until population statistics replace it, and a state dictionary with it is refused.
///
/// # Source
/// Ioffe & Szegedy, *Batch Normalization: Accelerating Deep Network Training by Reducing Internal Covariate Shift*, 2015,
/// [arXiv 1502.03167](https://arxiv.org/abs/1502.03167).
///
/// ```
/// use evenkeel_module::{Forward, Mode, Workspace};
/// use evenkeel_norm::BatchNorm;
/// use evenkeel_tensor::{Seed, Tensor};
///
/// let norm = BatchNorm::new(2);
/// let x = Tensor::from_vec([3, 2], vec![1.0, 100.0, 2.0, 300.0, 3.0, 200.0])?;
/// let mut workspace = Workspace::new();
/// let pass = workspace.begin(Mode::Training, Seed(0));
/// let y = norm.forward(&pass, pass.constant(x));
/// let column: Vec<f32> = y.value().iter().step_by(2).copied().collect();
/// assert!((column[0] + 1.2247).abs() < 1e-3 && column[1].abs() < 1e-6 && (column[2] - 1.2247).abs() < 1e-3);
/// # Ok::<(), evenkeel_tensor::ShapeError>(())
/// ```
#[derive(Clone, Debug, Module)]
pub struct BatchNorm<F: Float = f32> {
    weight: Option<Parameter<F>>,
    bias: Option<Parameter<F>>,
    running_mean: Buffer<F>,
    running_var: Buffer<F>,
    num_batches_tracked: Buffer<F>,
    /// The weight of the new batch; none: all batches alike.
    momentum: Option<f64>,
    eps: f64,
}

/// What a layer's stored statistics are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Statistics {
    /// Mean 0 and variance 1: the layer has not been trained.
    Initial,
    /// Averages over training steps.
    Running {
        /// The number of steps.
        batches: u64,
    },
    /// Averages of one pass over a data set.
    Population,
}

impl Statistics {
    /// Of a buffer of averages, and the count of its steps.
    pub(crate) fn of<F: Float>(averages: &Buffer<F>, steps: &Buffer<F>) -> Self {
        match averages.origin() {
            Origin::Initial => Self::Initial,
            Origin::Running => Self::Running { batches: steps.count() },
            Origin::Population => Self::Population,
        }
    }
}

impl<F: Float> BatchNorm<F> {
    /// Over `channels` channels, with momentum 0.1, eps 1e-5, scale and shift.
    pub fn new(channels: usize) -> Self {
        Self {
            weight: Some(Parameter::new(Tensor::ones([channels]), Role::Scale)),
            bias: Some(Parameter::new(Tensor::zeros([channels]), Role::Shift)),
            running_mean: Buffer::new(Tensor::zeros([channels])),
            running_var: Buffer::non_negative(Tensor::ones([channels])),
            num_batches_tracked: Buffer::counter(),
            momentum: Some(0.1),
            eps: 1e-5,
        }
    }

    /// With another weight of the new batch in the running statistics, between 0 (they never move) and 1 (they are the last
    /// batch's), which [`check_network`](evenkeel_module::check_network) verifies.
    #[must_use]
    pub fn with_momentum(self, momentum: f64) -> Self {
        Self { momentum: Some(momentum), ..self }
    }

    /// With running statistics that are the plain average over all batches so far, as many as `num_batches_tracked` says; PyTorch's
    /// `momentum=None`. For a last phase of training in which weights hardly move, or for statistics of data that no
    /// network changes; weights that still move make old batches out of date.
    ///
    /// ```
    /// use evenkeel_module::{Forward, Mode, Workspace};
    /// use evenkeel_norm::BatchNorm;
    /// use evenkeel_tensor::{Seed, Tensor};
    ///
    /// let mut norm = BatchNorm::<f64>::new(1).with_cumulative_average();
    /// let mut workspace = Workspace::new();
    /// for mean in [1.0, 2.0, 6.0] {
    ///     let pass = workspace.begin(Mode::Training, Seed(0));
    ///     norm.forward(&pass, pass.constant(Tensor::from_vec([2, 1], vec![mean - 1.0, mean + 1.0])?));
    ///     workspace.finish().commit(&mut norm);
    /// }
    /// assert_eq!(norm.running_mean().item(), 3.0);
    /// assert_eq!(norm.running_var().item(), 2.0);
    /// # Ok::<(), evenkeel_tensor::ShapeError>(())
    /// ```
    #[must_use]
    pub fn with_cumulative_average(self) -> Self {
        Self { momentum: None, ..self }
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

    /// The stored mean of each channel.
    pub fn running_mean(&self) -> &Tensor<F> {
        self.running_mean.value()
    }

    /// The stored variance of each channel.
    pub fn running_var(&self) -> &Tensor<F> {
        self.running_var.value()
    }

    /// The number added to the variance.
    pub fn eps(&self) -> f64 {
        self.eps
    }

    /// What the stored statistics are.
    pub fn statistics(&self) -> Statistics {
        Statistics::of(&self.running_mean, &self.num_batches_tracked)
    }

    /// The output for a batch of padded sequences: statistics are of the positions that are not padding, as if the sequences
    /// without it stood one after another (sequence-wise normalisation), and on padding the output is 0, and so is the
    /// input's gradient. Channels are where `lengths` says, features or the second axis.
    ///
    /// In evaluation it differs from [`forward`](Forward::forward) in the zeros alone, and in where channels are.
    ///
    /// # Panics
    /// As `forward` does, and if the lengths are not those of this input; in a dry run that is an error of
    /// [`check_network`](evenkeel_module::check_network).
    ///
    /// ```
    /// use evenkeel_module::{Mode, Workspace};
    /// use evenkeel_norm::{BatchNorm, Lengths, SequenceLayout};
    /// use evenkeel_tensor::{Seed, Tensor};
    ///
    /// // Two sequences, 1 3 and 5, of one feature; 100 is padding.
    /// let x = Tensor::from_vec([2, 2, 1], vec![1.0f64, 3.0, 5.0, 100.0])?;
    /// let lengths = Lengths::new(vec![2, 1], 2, SequenceLayout::BatchTimeFeature)?;
    /// let norm = BatchNorm::new(1).with_eps(0.0);
    /// let mut workspace = Workspace::new();
    /// let pass = workspace.begin(Mode::Training, Seed(0));
    /// let y = norm.forward_masked(&pass, pass.constant(x), &lengths);
    /// let deviation = (8.0f64 / 3.0).sqrt();
    /// assert_eq!(*y.value(), [-2.0 / deviation, 0.0, 2.0 / deviation, 0.0]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[track_caller]
    pub fn forward_masked<'t>(&self, pass: &Pass<'t, F>, x: Var<'t, F>, lengths: &Lengths) -> Var<'t, F> {
        self.normalize(pass, x, Some(lengths))
    }

    #[track_caller]
    fn normalize<'t>(&self, pass: &Pass<'t, F>, x: Var<'t, F>, lengths: Option<&Lengths>) -> Var<'t, F> {
        let affine = self.weight.as_ref().zip(self.bias.as_ref()).map(|(w, b)| (pass.parameter(w), pass.parameter(b)));
        let of_batch = pass.uses_batch_statistics() && !self.running_mean.is_frozen();
        let normalizer = if of_batch {
            Normalizer::Batch
        } else {
            Normalizer::Stored { mean: self.running_mean.value().clone(), variance: self.running_var.value().clone() }
        };
        let norm = BatchNormOp { eps: self.eps, normalizer, momentum: self.momentum };
        let y = match lengths {
            None => record(norm, x, affine),
            Some(lengths) => record(MaskedBatchNormOp { norm, lengths: lengths.clone() }, x, affine),
        };
        if of_batch && !pass.tape().is_dry() {
            let of_shape = |shape: Shape| shape[0] * shape[2..].iter().product::<usize>();
            let count = lengths.map_or_else(|| of_shape(x.shape()), Lengths::count);
            self.note(pass, y, count);
        }
        y
    }

    /// Notes the batch's statistics of `count` values a channel, which the normalised value `y` kept.
    fn note(&self, pass: &Pass<'_, F>, y: Var<'_, F>, count: usize) {
        let channels = self.running_mean.shape().numel();
        let change = match self.momentum {
            Some(momentum) => Change::Blend(F::from_f64(momentum)),
            None => Change::Average { before: self.num_batches_tracked.count() },
        };
        let saved = y.saved();
        pass.record(&self.running_mean, change, |mean| mean.copy_from_slice(&saved[..channels]));
        pass.record(&self.running_var, change, |variance| {
            let unbias = F::from_usize(count) / F::from_usize(count - 1);
            variance.iter_mut().zip(&saved[channels..2 * channels]).for_each(|(v, &biased)| *v = biased * unbias);
        });
        pass.record(&self.num_batches_tracked, Change::Add, |count| count[0] = F::ONE);
    }
}

impl<F: Float> Forward<F> for BatchNorm<F> {
    fn forward<'t>(&self, pass: &Pass<'t, F>, x: Var<'t, F>) -> Var<'t, F> {
        self.normalize(pass, x, None)
    }
}
