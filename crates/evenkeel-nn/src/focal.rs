//! Focal loss.

use evenkeel_autograd::{Op, Reduction, Var, ops::BinaryCrossEntropyOp};
use evenkeel_tensor::{Float, Shape, ShapeError, Tensor};

/// Focal loss of logits of any shape against targets in [0, 1] of the same shape (Lin et al. 2017, *Focal Loss for Dense
/// Object Detection*, [arXiv 1708.02002](https://arxiv.org/abs/1708.02002)): binary cross-entropy in which what is already
/// right counts little, so that many easy examples do not drown the few hard ones.
///
/// With p = 1 / (1 + e^-x) of a logit x, a logit's loss is
///
/// ```text
/// -alpha (1 - p)^gamma ln p          for a positive, t = 1
/// -(1 - alpha) p^gamma ln(1 - p)     for a negative, t = 0
/// ```
///
/// and between them for 0 < t < 1, t times the first plus 1 - t times the second. gamma 0 without alpha is
/// [`BceWithLogits`](crate::BceWithLogits). The mean (by default; or the [sum, or one loss a logit](Self::with_reduction))
/// divides by the number of logits; the paper divides the sum by the number of positives. Defaults as in the paper: gamma 2,
/// alpha 0.25. A finite logit of any size has a finite loss; an infinite or NaN one shows as infinity or NaN.
///
/// ```
/// use evenkeel_autograd::Tape;
/// use evenkeel_nn::Focal;
/// use evenkeel_tensor::Tensor;
///
/// let tape = Tape::<f64>::new();
/// let logits = tape.variable(Tensor::from([0.0, 4.0]));
/// let focal = Focal::default().without_alpha();
/// let loss = focal.loss(logits, &Tensor::from([1.0, 1.0]));
/// let p = 1.0 / (1.0 + (-4f64).exp());
/// let expected = (0.25 * 2f64.ln() - (1.0 - p).powi(2) * p.ln()) / 2.0;
/// assert!((loss.item() - expected).abs() < 1e-12);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Focal {
    alpha: Option<f64>,
    gamma: f64,
    reduction: Reduction,
}

impl Default for Focal {
    fn default() -> Self {
        Self { alpha: Some(0.25), gamma: 2.0, reduction: Reduction::Mean }
    }
}

impl Focal {
    /// How strongly what is already right is played down, finite and not negative.
    #[must_use]
    pub fn with_gamma(self, gamma: f64) -> Self {
        Self { gamma, ..self }
    }

    /// The share of the positives' side, in [0, 1].
    #[must_use]
    pub fn with_alpha(self, alpha: f64) -> Self {
        Self { alpha: Some(alpha), ..self }
    }

    /// Both sides count 1.
    #[must_use]
    pub fn without_alpha(self) -> Self {
        Self { alpha: None, ..self }
    }

    /// Mean (the default), sum, or one loss a logit.
    #[must_use]
    pub fn with_reduction(self, reduction: Reduction) -> Self {
        Self { reduction, ..self }
    }

    /// How the losses of the logits become one.
    pub fn reduction(&self) -> Reduction {
        self.reduction
    }

    /// Checks the settings, rounded to `F`, for logits of this shape: before training, what [`loss`](Self::loss) panics with.
    ///
    /// # Errors
    /// If gamma is negative or not finite, or alpha outside of [0, 1].
    pub fn validate<F: Float>(&self, logits: Shape) -> Result<(), ShapeError> {
        self.op::<F>().shape(&[logits, logits]).map(|_| ())
    }

    /// The loss of `logits` for `targets` of the same shape.
    ///
    /// # Panics
    /// If the shapes differ (an output (N, 1) against targets (N), too), or a setting is out of its range.
    #[track_caller]
    pub fn loss<'t, F: Float>(&self, logits: Var<'t, F>, targets: &Tensor<F>) -> Var<'t, F> {
        let tape = logits.tape();
        tape.record(self.op(), &[logits, tape.constant(targets.clone())])
    }

    /// The loss of `logits` for `classes`, 0 or 1, as many as logits.
    ///
    /// # Panics
    /// If there are more or fewer, one is above 1, or a setting is out of its range.
    #[track_caller]
    pub fn class_loss<'t, F: Float>(&self, logits: Var<'t, F>, classes: &Tensor<u32>) -> Var<'t, F> {
        logits.tape().record(BinaryCrossEntropyOp { classes: Some(classes.clone()), ..self.op() }, &[logits])
    }

    fn op<F: Float>(&self) -> BinaryCrossEntropyOp<F> {
        BinaryCrossEntropyOp {
            alpha: self.alpha.map(F::from_f64),
            gamma: F::from_f64(self.gamma),
            reduction: self.reduction,
            ..Default::default()
        }
    }
}
