//! The batch renormalisation layer.

use evenkeel_autograd::Var;
use evenkeel_module::{Buffer, Change, Forward, Mode, Module, Parameter, Pass, Path, Role, Visitor, VisitorMut};
use evenkeel_tensor::{Float, Tensor};

use crate::op::record;
use crate::{BatchNormOp, Normalizer, Statistics};

/// Batch renormalisation: in training too, the output is close to what evaluation would give, so that small batches and batches
/// of like examples do less harm than in [`BatchNorm`](crate::BatchNorm).
///
/// In training `y = gamma x̂ + beta` with
///
/// `x̂ = r (x - mean_B) / sigma_B + d`, `r = clip(sigma_B / sigma, 1 / r_max, r_max)`, `d = clip((mean_B - mean) / sigma, -d_max, d_max)`
///
/// where `mean_B` and `sigma_B = sqrt(var_B + eps)` (biased) are the batch's, `mean` and `sigma` the running ones. Gradients flow
/// through the batch's statistics; r and d count as constants. Within the limits this is `(x - mean) / sigma`, what evaluation
/// computes; with r_max 1 and d_max 0 it is batch normalisation.
///
/// # Shapes
/// Input and output (N, C, ...) of any rank from 2; scale gamma (C) starts at 1, shift beta (C) at 0.
///
/// # Limits
/// They follow the number of training steps, `num_batches_tracked`, along two [`Ramp`]s. By default those of the paper's experiments:
/// r_max from 1 at step 5 000 to 3 at 40 000, d_max from 0 at 5 000 to 5 at 25 000. Before that, running
/// statistics get to where the data are.
///
/// # Running statistics
/// As in the paper, of mean and *deviation* (`running_std` in the state dictionary, eps included, not a variance):
/// after each training step `running = (1 - momentum) running + momentum batch`, with `momentum` 0.01. Evaluation divides by that
/// deviation. [`population_statistics`](crate::population_statistics) replaces them by plain averages over a data set; in its pass
/// the layer is plain batch normalisation, so that the batches' order does not matter, and the limits stay where training has
/// left them. A layer whose statistics are frozen uses them in training as in evaluation.
///
/// # Errors
/// As [`BatchNorm`](crate::BatchNorm), and if a ramp comes to an r_max below 1, a d_max below 0, or one that is not finite in `F`.
///
/// # Range
/// A channel whose squared deviations overflow has x̂ = d: in training its output is `gamma d + beta`, and x gets no gradient.
///
/// # Source
/// Ioffe, *Batch Renormalization: Towards Reducing Minibatch Dependence in Batch-Normalized Models*, 2017,
/// [arXiv 1702.03275](https://arxiv.org/abs/1702.03275).
///
/// ```
/// use evenkeel_module::{Forward, Mode, Workspace};
/// use evenkeel_norm::{BatchRenorm, Ramp};
/// use evenkeel_tensor::{Seed, Tensor};
///
/// // Limits from the first step on that nothing exceeds: training gives what evaluation gives.
/// let norm = BatchRenorm::<f64>::new(1).with_r_max(Ramp::constant(100.0)).with_d_max(Ramp::constant(100.0));
/// let x = Tensor::from_vec([3, 1], vec![1.0, 2.0, 6.0])?;
/// let mut workspace = Workspace::new();
/// for mode in [Mode::Training, Mode::Evaluation] {
///     let pass = workspace.begin(mode, Seed(0));
///     let y = norm.forward(&pass, pass.constant(x.clone()));
///     assert!(y.value().iter().zip(x.as_slice()).all(|(y, x)| (y - x).abs() < 1e-12));    // running mean 0, deviation 1
/// }
/// # Ok::<(), evenkeel_tensor::ShapeError>(())
/// ```
#[derive(Clone, Debug, Module)]
pub struct BatchRenorm<F: Float = f32> {
    weight: Option<Parameter<F>>,
    bias: Option<Parameter<F>>,
    running_mean: Buffer<F>,
    running_std: Buffer<F>,
    num_batches_tracked: Buffer<F>,
    r_max: Ramp,
    d_max: Ramp,
    momentum: f64,
    eps: f64,
}

/// A number that goes in a straight line from one value to another between two steps, and stays at them before and after.
///
/// ```
/// use evenkeel_norm::Ramp;
///
/// let ramp = Ramp { from: 1.0, to: 3.0, begin: 100, end: 200 };
/// assert_eq!([0, 100, 150, 200, 1000].map(|step| ramp.at(step)), [1.0, 1.0, 2.0, 3.0, 3.0]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ramp {
    /// The first value.
    pub from: f64,
    /// The last value.
    pub to: f64,
    /// The last step with the first value.
    pub begin: u64,
    /// The first step with the last value.
    pub end: u64,
}

impl Ramp {
    /// The same value at all steps.
    pub fn constant(value: f64) -> Self {
        Self { from: value, to: value, begin: 0, end: 0 }
    }

    /// The value at `step`, counted from 0.
    pub fn at(&self, step: u64) -> f64 {
        if step >= self.end {
            self.to
        } else if step <= self.begin {
            self.from
        } else {
            self.from + (self.to - self.from) * ((step - self.begin) as f64 / (self.end - self.begin) as f64)
        }
    }
}

/// A setting: no parts.
impl<F: Float> Module<F> for Ramp {
    fn visit(&self, _path: &Path<'_>, _visitor: &mut dyn Visitor<F>) {}
    fn visit_mut(&mut self, _path: &Path<'_>, _visitor: &mut dyn VisitorMut<F>) {}
}

impl<F: Float> BatchRenorm<F> {
    /// Over `channels` channels, with the paper's limits, momentum 0.01, eps 1e-5, scale and shift.
    pub fn new(channels: usize) -> Self {
        Self {
            weight: Some(Parameter::new(Tensor::ones([channels]), Role::Scale)),
            bias: Some(Parameter::new(Tensor::zeros([channels]), Role::Shift)),
            running_mean: Buffer::new(Tensor::zeros([channels])),
            running_std: Buffer::non_negative(Tensor::ones([channels])),
            num_batches_tracked: Buffer::counter(),
            r_max: Ramp { from: 1.0, to: 3.0, begin: 5_000, end: 40_000 },
            d_max: Ramp { from: 0.0, to: 5.0, begin: 5_000, end: 25_000 },
            momentum: 0.01,
            eps: 1e-5,
        }
    }

    /// With another course of r's limit, never below 1.
    #[must_use]
    pub fn with_r_max(self, r_max: Ramp) -> Self {
        Self { r_max, ..self }
    }

    /// With another course of d's limit, never below 0.
    #[must_use]
    pub fn with_d_max(self, d_max: Ramp) -> Self {
        Self { d_max, ..self }
    }

    /// With another weight of the new batch in the running statistics, between 0 and 1.
    #[must_use]
    pub fn with_momentum(self, momentum: f64) -> Self {
        Self { momentum, ..self }
    }

    /// With another number added to the variance, finite and not negative.
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

    /// The stored deviation of each channel, eps included.
    pub fn running_std(&self) -> &Tensor<F> {
        self.running_std.value()
    }

    /// The limits of the next training step: r_max and d_max.
    pub fn limits(&self) -> (f64, f64) {
        let step = self.num_batches_tracked.count();
        (self.r_max.at(step), self.d_max.at(step))
    }

    /// What the stored statistics are.
    pub fn statistics(&self) -> Statistics {
        Statistics::of(&self.running_mean, &self.num_batches_tracked)
    }

    /// Notes the batch's mean and deviation, which the normalised value `y` kept.
    fn note(&self, pass: &Pass<'_, F>, y: Var<'_, F>) {
        let channels = self.running_mean.shape().numel();
        let blend = Change::Blend(F::from_f64(self.momentum));
        let saved = y.saved();
        pass.record(&self.running_mean, blend, |mean| mean.copy_from_slice(&saved[..channels]));
        pass.record(&self.running_std, blend, |deviation| {
            let eps = F::from_f64(self.eps);
            let variances = &saved[channels..2 * channels];
            deviation.iter_mut().zip(variances).for_each(|(deviation, &v)| *deviation = (v + eps).sqrt());
        });
        pass.record(&self.num_batches_tracked, Change::Add, |count| count[0] = F::ONE);
    }
}

impl<F: Float> Forward<F> for BatchRenorm<F> {
    fn forward<'t>(&self, pass: &Pass<'t, F>, x: Var<'t, F>) -> Var<'t, F> {
        let affine = self.weight.as_ref().zip(self.bias.as_ref()).map(|(w, b)| (pass.parameter(w), pass.parameter(b)));
        let of_batch = pass.uses_batch_statistics() && !self.running_mean.is_frozen();
        let (mean, deviation) = (self.running_mean.value().clone(), self.running_std.value());
        let (r_max, d_max) = self.limits();
        let (normalizer, eps) = if !of_batch {
            // The deviation has eps in it.
            (Normalizer::Stored { mean, variance: deviation.map(|d| d * d) }, 0.0)
        } else if pass.mode() == Mode::Training {
            (Normalizer::Corrected { mean, deviation: deviation.clone(), r_max, d_max }, self.eps)
        } else {
            // Corrections towards what is being computed would make it depend on the order of the batches.
            (Normalizer::Batch, self.eps)
        };
        let y = record(BatchNormOp { eps, normalizer, momentum: Some(self.momentum) }, x, affine);
        if of_batch && !pass.tape().is_dry() {
            self.note(pass, y);
        }
        y
    }
}
