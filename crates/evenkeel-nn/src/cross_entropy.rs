//! Cross-entropy of logits against classes.

use evenkeel_autograd::{Reduction, Var, ops::CrossEntropyOp};
use evenkeel_tensor::{Float, Tensor};

/// Cross-entropy from logits (N, C) against class indices (N): softmax included.
///
/// An example's loss is `-ln p_t` with p = softmax(x) and t its class. With smoothing s and class weights w it is
/// `-(1 - s) w_t ln p_t - s / C sum_c w_c ln p_c`, and the mean divides by the sum of w_t: PyTorch's definition.
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
    weights: Option<Vec<f64>>,
    reduction: Reduction,
}

impl CrossEntropy {
    /// Spreads the share `smoothing`, in [0, 1], of each target evenly over all classes (Szegedy et al. 2016).
    #[must_use]
    pub fn with_label_smoothing(self, smoothing: f64) -> Self {
        Self { smoothing, ..self }
    }

    /// Weighs each class.
    #[must_use]
    pub fn with_class_weights(self, weights: impl Into<Vec<f64>>) -> Self {
        Self { weights: Some(weights.into()), ..self }
    }

    /// Mean (the default), sum, or one loss an example.
    #[must_use]
    pub fn with_reduction(self, reduction: Reduction) -> Self {
        Self { reduction, ..self }
    }

    /// The loss of `logits` (N, C) for `targets` (N).
    ///
    /// # Panics
    /// If the shapes do not fit or a class index is beyond the classes.
    #[track_caller]
    pub fn loss<'t, F: Float>(&self, logits: Var<'t, F>, targets: &Tensor<u32>) -> Var<'t, F> {
        let mut op = CrossEntropyOp::new(targets.clone());
        op.smoothing = F::from_f64(self.smoothing);
        op.weights = self.weights.as_ref().map(|w| Tensor::from_fn([w.len()], |c| F::from_f64(w[c])));
        op.reduction = self.reduction;
        logits.tape().record(op, &[logits])
    }
}
