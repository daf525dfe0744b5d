//! Focal loss of several classes.

use evenkeel_autograd::{Op, Reduction, Var, ops::FocalCrossEntropyOp};
use evenkeel_tensor::{Float, Shape, ShapeError, Tensor};

use crate::both::Both;

/// Focal loss of logits (N, C) against class indices (N), softmax included (Lin et al. 2017, *Focal Loss for Dense Object
/// Detection*, [arXiv 1708.02002](https://arxiv.org/abs/1708.02002), with the softmax's share of the class in place of the
/// sigmoid's): cross-entropy in which what is already right counts little, so that many easy examples do not drown the few
/// hard ones.
///
/// With p = softmax(x), class weights w (1 by default; the paper's alpha) and target t, an example's loss is
///
/// ```text
/// -w_t (1 - p_t)^gamma ln p_t
/// ```
///
/// The mean (by default; or the [sum, or one loss an example](Self::with_reduction)) divides by the sum of w_t, so that gamma 0
/// is [`CrossEntropy`](crate::CrossEntropy) with the same weights. Default: gamma 2, as in the paper. A finite logit of any size
/// has a finite loss; a NaN one shows as NaN. For two classes with one output, or tags, use [`Focal`](crate::Focal).
///
/// ```
/// use evenkeel_autograd::Tape;
/// use evenkeel_nn::FocalCrossEntropy;
/// use evenkeel_tensor::Tensor;
///
/// let tape = Tape::<f64>::new();
/// let logits = tape.variable(Tensor::from([[8f64.ln(), 0.0, 0.0], [0.0, 0.0, 0.0]]));    // p = 0.8, 0.1, 0.1, and thirds
/// let focal = FocalCrossEntropy::default().with_class_weights([1.0, 1.0, 3.0]);
/// let loss = focal.loss(logits, &Tensor::from([0, 2]));
/// let expected = 0.2f64.powi(2) * -0.8f64.ln() + 3.0 * (2.0 / 3.0f64).powi(2) * 3f64.ln();
/// assert!((loss.item() - expected / 4.0).abs() < 1e-12);
/// ```
#[derive(Clone, Debug)]
pub struct FocalCrossEntropy {
    gamma: f64,
    weights: Option<Both>,
    reduction: Reduction,
}

impl Default for FocalCrossEntropy {
    fn default() -> Self {
        Self { gamma: 2.0, weights: None, reduction: Reduction::Mean }
    }
}

impl FocalCrossEntropy {
    /// How strongly what is already right is played down, finite and not negative.
    #[must_use]
    pub fn with_gamma(self, gamma: f64) -> Self {
        Self { gamma, ..self }
    }

    /// Weighs each class; weights are finite and not negative.
    #[must_use]
    pub fn with_class_weights(self, weights: impl Into<Vec<f64>>) -> Self {
        Self { weights: Some(Both::new(weights.into())), ..self }
    }

    /// Mean (the default), sum, or one loss an example.
    #[must_use]
    pub fn with_reduction(self, reduction: Reduction) -> Self {
        Self { reduction, ..self }
    }

    /// The class weights, if there are any.
    pub fn class_weights(&self) -> Option<&[f64]> {
        self.weights.as_ref().map(Both::as_slice)
    }

    /// How the examples' losses become one.
    pub fn reduction(&self) -> Reduction {
        self.reduction
    }

    /// Checks the settings, rounded to `F`, for logits of this shape: before training, what [`loss`](Self::loss) panics with.
    ///
    /// # Errors
    /// If the shape is not (N, C), gamma is negative or not finite, or the class weights are not C, finite and not negative.
    pub fn validate<F: Float>(&self, logits: Shape) -> Result<(), ShapeError> {
        let examples = logits.first().copied().unwrap_or(0);
        self.op::<F>(Tensor::full([examples], 0)).shape(&[logits]).map(|_| ())
    }

    /// The loss of `logits` (N, C) for `targets` (N).
    ///
    /// # Panics
    /// If the shapes do not fit, a class index is beyond the classes, or a setting is out of its range.
    #[track_caller]
    pub fn loss<'t, F: Float>(&self, logits: Var<'t, F>, targets: &Tensor<u32>) -> Var<'t, F> {
        logits.tape().record(self.op(targets.clone()), &[logits])
    }

    fn op<F: Float>(&self, targets: Tensor<u32>) -> FocalCrossEntropyOp<F> {
        let mut op = FocalCrossEntropyOp::new(targets);
        op.gamma = F::from_f64(self.gamma);
        op.weights = self.weights.as_ref().map(Both::get);
        op.reduction = self.reduction;
        op
    }
}
