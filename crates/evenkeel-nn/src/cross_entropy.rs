//! Cross-entropy of logits against classes or their probabilities.

use evenkeel_autograd::{
    Op, Reduction, Var,
    ops::{CrossEntropyOp, SoftCrossEntropyOp},
};
use evenkeel_tensor::{Float, Shape, ShapeError, Tensor};

use crate::both::Both;

/// Cross-entropy from logits (N, C) against class indices (N), or class probabilities (N, C): softmax included.
///
/// An example's loss is `-ln p_t` with p = softmax(x) and t its class. With smoothing s and class weights w it is
/// `-(1 - s) w_t ln p_t - s / C sum_c w_c ln p_c`, and the mean divides by the sum of w_t: PyTorch's definition.
///
/// Against probabilities q, as mixup, cutmix and distillation give, it is `- sum_c w_c r_c ln p_c` with the smoothed target
/// r_c = (1 - s) q_c + s / C, and the mean divides by N, also with class weights: again PyTorch's definition.
///
/// ```
/// use evenkeel_autograd::Tape;
/// use evenkeel_nn::CrossEntropy;
/// use evenkeel_tensor::Tensor;
///
/// let tape = Tape::<f64>::new();
/// let logits = tape.variable(Tensor::zeros([2, 10]));
/// let loss = CrossEntropy::default().loss(logits, &Tensor::from_vec([2], vec![3, 7])?);
/// assert!((loss.item() - 10f64.ln()).abs() < 1e-12);            // nothing learnt: ln C
/// # Ok::<(), evenkeel_tensor::ShapeError>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct CrossEntropy {
    smoothing: f64,
    weights: Option<Both>,
    reduction: Reduction,
}

impl CrossEntropy {
    /// Spreads the share `smoothing`, in [0, 1], of each target evenly over all classes (Szegedy et al. 2016).
    #[must_use]
    pub fn with_label_smoothing(self, smoothing: f64) -> Self {
        Self { smoothing, ..self }
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

    /// The share of each target that is spread over all classes.
    pub fn label_smoothing(&self) -> f64 {
        self.smoothing
    }

    /// How the examples' losses become one.
    pub fn reduction(&self) -> Reduction {
        self.reduction
    }

    /// Checks the settings, rounded to `F`, for logits of this shape: before training, what [`loss`](Self::loss) panics with.
    ///
    /// # Errors
    /// If the shape is not (N, C), the smoothing is outside of [0, 1], or the class weights are not C, finite and not negative.
    pub fn validate<F: Float>(&self, logits: Shape) -> Result<(), ShapeError> {
        self.soft_op::<F>().shape(&[logits, logits]).map(|_| ())
    }

    /// The loss of `logits` (N, C) for `targets` (N).
    ///
    /// # Panics
    /// If the shapes do not fit, a class index is beyond the classes, or a setting is out of its range.
    #[track_caller]
    pub fn loss<'t, F: Float>(&self, logits: Var<'t, F>, targets: &Tensor<u32>) -> Var<'t, F> {
        let mut op = CrossEntropyOp::new(targets.clone());
        op.smoothing = F::from_f64(self.smoothing);
        op.weights = self.weights.as_ref().map(Both::get);
        op.reduction = self.reduction;
        logits.tape().record(op, &[logits])
    }

    /// The loss of `logits` (N, C) for class probabilities `targets` (N, C).
    ///
    /// ```
    /// use evenkeel_autograd::Tape;
    /// use evenkeel_nn::CrossEntropy;
    /// use evenkeel_tensor::Tensor;
    ///
    /// let tape = Tape::<f64>::new();
    /// let logits = tape.variable(Tensor::from([[4f64.ln(), 0.0]]));           // p = 0.8, 0.2
    /// let loss = CrossEntropy::default().soft_loss(logits, &Tensor::from([[0.75, 0.25]]));
    /// assert!((loss.item() + 0.75 * 0.8f64.ln() + 0.25 * 0.2f64.ln()).abs() < 1e-12);
    /// ```
    ///
    /// # Panics
    /// If the shapes do not fit, or a setting is out of its range.
    #[track_caller]
    pub fn soft_loss<'t, F: Float>(&self, logits: Var<'t, F>, targets: &Tensor<F>) -> Var<'t, F> {
        let tape = logits.tape();
        tape.record(self.soft_op(), &[logits, tape.constant(targets.clone())])
    }

    fn soft_op<F: Float>(&self) -> SoftCrossEntropyOp<F> {
        SoftCrossEntropyOp {
            smoothing: F::from_f64(self.smoothing),
            weights: self.weights.as_ref().map(Both::get),
            reduction: self.reduction,
        }
    }
}
