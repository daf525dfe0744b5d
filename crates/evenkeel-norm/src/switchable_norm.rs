//! The switchable normalisation layer.

use evenkeel_autograd::Var;
use evenkeel_module::{Buffer, Change, Forward, Module, Origin, Parameter, Pass, Role};
use evenkeel_tensor::{Float, Tensor};

use crate::switchable::{BatchPart, Parts, SwitchableNormOp, softmax};

/// Switchable normalisation: learns how much of instance, layer and batch normalisation a place in a network wants.
///
/// `y = gamma (x - mean) / sqrt(var + eps) + beta` with, for the plane of example n and channel c,
///
/// - `mean = w_in mean_nc + w_ln mean_n + w_bn mean_c`
/// - `var = u_in var_nc + u_ln var_n + u_bn var_c`
///
/// where the instance statistics `nc` are over the plane, the layer statistics `n` over all planes of the example, the batch
/// statistics `c` over all planes of the channel, and all variances are biased (divided by n). The weights w are the softmax
/// of three learnt logits, `mean_weight` in the state dictionary, and the weights u that of three others, `var_weight`; in this
/// order, all 1 to start with, so that the weights start at 1/3. [`mean_weights`](SwitchableNorm::mean_weights) and
/// [`variance_weights`](SwitchableNorm::variance_weights) tell what has been learnt. Logits have the role of scales: no
/// initialiser draws them, and weight decay passes them by.
///
/// Layer and batch statistics follow from the instance statistics by the law of total variance (var_n is the average over c of
/// `var_nc + (mean_nc - mean_n)²`), so that all three cost one read of the data.
///
/// # Shapes
/// Input and output (N, C, ...) of any rank from 2; gamma (C) starts at 1, beta (C) at 0. Of an input (N, C) an instance has
/// one value, its own mean with variance 0: there the instance part is left out, as in the authors' layer for that case, and
/// the softmax is over the other two logits. Build that layer with [`without_instance`](SwitchableNorm::without_instance) for its
/// weights to read so, and for its logits to be as many as the authors'.
///
/// # Training against evaluation
/// Instance and layer statistics are always those of the example. The batch part has the batch's statistics in training
/// passes, and stored ones in evaluation, by either of the paper's rules:
/// - **running** average: after each training step `running = (1 - momentum) running + momentum batch`, the variance biased here
///   too, unlike [`BatchNorm`](crate::BatchNorm)'s; `momentum`, 0.1, is the weight of the new batch (the authors' code names
///   the complement);
/// - **batch** average: the plain average over many batches, after training, by
///   [`population_statistics`](crate::population_statistics).
///
/// A frozen layer (`net.freeze("...")`) keeps its statistics and normalises with them in training too.
///
/// # Errors
/// In training, fewer than two values a channel are no batch ([`without_batch`](SwitchableNorm::without_batch) is for batches
/// of one example); an `eps` that is negative or not finite and a momentum that is not between 0 and 1: a panic that names the cure,
/// and an error from [`check_network`](evenkeel_module::check_network) beforehand.
///
/// # Range
/// Finite inputs never give NaN. A plane whose mixed variance plus `eps` is 0, or overflows, gives beta and no gradient but beta's.
///
/// # Source
/// Luo, Ren, Peng, Zhang & Li, *Differentiable Learning-to-Normalize via Switchable Normalization*, 2018,
/// [arXiv 1806.10779](https://arxiv.org/abs/1806.10779).
///
/// ```
/// use evenkeel_module::{Forward, Mode, Workspace};
/// use evenkeel_norm::SwitchableNorm;
/// use evenkeel_tensor::{Seed, Tensor};
///
/// let norm = SwitchableNorm::new(2);
/// let x = Tensor::from_fn([3, 2, 4], |i| (i * i % 7) as f32);
/// let mut workspace = Workspace::new();
/// let pass = workspace.begin(Mode::Training, Seed(0));
/// let y = norm.forward(&pass, pass.constant(x));
/// assert_eq!(y.shape(), [3, 2, 4].into());
/// assert_eq!(norm.mean_weights(), [1.0 / 3.0; 3]);               // instance, layer, batch
/// assert_eq!(SwitchableNorm::<f32>::new(2).without_batch().variance_weights(), [0.5, 0.5, 0.0]);
/// ```
#[derive(Clone, Debug, Module)]
pub struct SwitchableNorm<F: Float = f32> {
    weight: Option<Parameter<F>>,
    bias: Option<Parameter<F>>,
    mean_weight: Parameter<F>,
    var_weight: Parameter<F>,
    running_mean: Option<Buffer<F>>,
    running_var: Option<Buffer<F>>,
    momentum: f64,
    eps: f64,
}

impl<F: Float> SwitchableNorm<F> {
    /// Over `channels` channels, with all three parts, momentum 0.1, eps 1e-5, scale and shift.
    pub fn new(channels: usize) -> Self {
        Self {
            weight: Some(Parameter::new(Tensor::ones([channels]), Role::Scale)),
            bias: Some(Parameter::new(Tensor::zeros([channels]), Role::Shift)),
            mean_weight: logits(3),
            var_weight: logits(3),
            running_mean: Some(Buffer::new(Tensor::zeros([channels]))),
            running_var: Some(Buffer::non_negative(Tensor::ones([channels]))),
            momentum: 0.1,
            eps: 1e-5,
        }
    }

    /// Without the batch part: instance and layer statistics only, which are the same in training and evaluation and need no
    /// second example. There are no running statistics, and one logit less.
    #[must_use]
    pub fn without_batch(self) -> Self {
        let count = 1 + usize::from(self.parts().0[0].is_some());
        Self { mean_weight: logits(count), var_weight: logits(count), running_mean: None, running_var: None, ..self }
    }

    /// Without the instance part, and one logit less: for inputs (N, C).
    #[must_use]
    pub fn without_instance(self) -> Self {
        let count = 1 + usize::from(self.running_mean.is_some());
        Self { mean_weight: logits(count), var_weight: logits(count), ..self }
    }

    /// Without scale and shift.
    #[must_use]
    pub fn without_affine(self) -> Self {
        Self { weight: None, bias: None, ..self }
    }

    /// With another weight of the new batch in the running statistics, between 0 and 1, which
    /// [`check_network`](evenkeel_module::check_network) verifies.
    #[must_use]
    pub fn with_momentum(self, momentum: f64) -> Self {
        Self { momentum, ..self }
    }

    /// With another number added to the variance; it must be finite and not negative, which
    /// [`check_network`](evenkeel_module::check_network) verifies.
    #[must_use]
    pub fn with_eps(self, eps: f64) -> Self {
        Self { eps, ..self }
    }

    /// The weights of the instance, layer and batch means; 0 for a part that the layer does not have.
    pub fn mean_weights(&self) -> [f64; 3] {
        softmax(self.mean_weight.value().cast::<f64>().as_slice(), self.parts())
    }

    /// The weights of the instance, layer and batch variances; 0 for a part that the layer does not have.
    pub fn variance_weights(&self) -> [f64; 3] {
        softmax(self.var_weight.value().cast::<f64>().as_slice(), self.parts())
    }

    /// The logits of the means' weights.
    pub fn mean_logits(&self) -> &Parameter<F> {
        &self.mean_weight
    }

    /// The logits of the variances' weights.
    pub fn variance_logits(&self) -> &Parameter<F> {
        &self.var_weight
    }

    /// Scale gamma, if there is one.
    pub fn weight(&self) -> Option<&Parameter<F>> {
        self.weight.as_ref()
    }

    /// Shift beta, if there is one.
    pub fn bias(&self) -> Option<&Parameter<F>> {
        self.bias.as_ref()
    }

    /// The stored mean of each channel, if there is a batch part.
    pub fn running_mean(&self) -> Option<&Tensor<F>> {
        self.running_mean.as_ref().map(Buffer::value)
    }

    /// The stored (biased) variance of each channel, if there is a batch part.
    pub fn running_var(&self) -> Option<&Tensor<F>> {
        self.running_var.as_ref().map(Buffer::value)
    }

    /// How the stored statistics came to be, if there is a batch part.
    pub fn origin(&self) -> Option<Origin> {
        self.running_mean.as_ref().map(Buffer::origin)
    }

    /// The number added to the variance.
    pub fn eps(&self) -> f64 {
        self.eps
    }

    fn parts(&self) -> Parts {
        let batch = self.running_mean.is_some();
        Parts::new(self.mean_weight.shape().numel() > 1 + usize::from(batch), batch)
    }
}

fn logits<F: Float>(count: usize) -> Parameter<F> {
    Parameter::new(Tensor::ones([count]), Role::Scale)
}

impl<F: Float> Forward<F> for SwitchableNorm<F> {
    fn forward<'t>(&self, pass: &Pass<'t, F>, x: Var<'t, F>) -> Var<'t, F> {
        let affine = self.weight.as_ref().zip(self.bias.as_ref()).map(|(w, b)| (pass.parameter(w), pass.parameter(b)));
        let logits = (pass.parameter(&self.mean_weight), pass.parameter(&self.var_weight));
        let op = |batch| SwitchableNormOp { eps: self.eps, batch, momentum: Some(self.momentum) };
        let Some((mean, variance)) = self.running_mean.as_ref().zip(self.running_var.as_ref()) else {
            return op(BatchPart::Absent).record(x, logits, affine);
        };
        if !pass.uses_batch_statistics() || mean.is_frozen() {
            let stored = BatchPart::Stored { mean: mean.value().clone(), variance: variance.value().clone() };
            return op(stored).record(x, logits, affine);
        }
        let y = op(BatchPart::Batch).record(x, logits, affine);
        if !pass.tape().is_dry() {
            let (saved, channels) = (y.saved(), mean.shape().numel());
            let blend = Change::Blend(F::from_f64(self.momentum));
            pass.record(mean, blend, |mean| mean.copy_from_slice(&saved[..channels]));
            pass.record(variance, blend, |variance| variance.copy_from_slice(&saved[channels..2 * channels]));
        }
        y
    }
}
