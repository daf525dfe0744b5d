//! Binary cross-entropy of logits.

use evenkeel_autograd::{Op, Reduction, Var, ops::BinaryCrossEntropyOp};
use evenkeel_tensor::{Float, Shape, ShapeError, Tensor};

use crate::both::Both;

/// Binary cross-entropy from logits of any shape against targets in [0, 1] of the same shape: sigmoid included.
///
/// With p = 1 / (1 + e^-x) of a logit x, a target t and the weight w of positives (1 by default), a logit's loss is
///
/// `-(w t ln p + (1 - t) ln(1 - p))`
///
/// and the mean (by default; or the [sum, or one loss a logit](Self::with_reduction)) divides by the number of logits:
/// PyTorch's `BCEWithLogitsLoss`. With smoothing s, a target counts as (1 - s) t + s / 2. The gradient without weight is
/// p - t. A finite logit of any size has a finite loss; an infinite or NaN one shows as infinity or NaN.
///
/// For one decision an example give the network one output, for k decisions that do not exclude each other (tags) k of them;
/// for one of several classes use [`CrossEntropy`](crate::CrossEntropy).
///
/// ```
/// use evenkeel_autograd::Tape;
/// use evenkeel_nn::BceWithLogits;
/// use evenkeel_tensor::Tensor;
///
/// let tape = Tape::<f64>::new();
/// let logits = tape.variable(Tensor::from([0.0, -1e30, 1e30]));
/// let loss = BceWithLogits::default().loss(logits, &Tensor::from([0.5, 0.0, 1.0]));
/// assert!((loss.item() - 2f64.ln() / 3.0).abs() < 1e-12);            // the two that are sure and right cost nothing
/// ```
#[derive(Clone, Debug, Default)]
pub struct BceWithLogits {
    pos_weight: Option<Both>,
    smoothing: f64,
    reduction: Reduction,
}

impl BceWithLogits {
    /// Weighs positives: one weight for all logits, or one for each column of the last axis. The number of negatives over that
    /// of positives makes both sides count the same.
    #[must_use]
    pub fn with_pos_weight(self, weights: impl Into<Vec<f64>>) -> Self {
        Self { pos_weight: Some(Both::new(weights.into())), ..self }
    }

    /// Moves each target the share `smoothing`, in [0, 1], of its way to 1/2 (Szegedy et al. 2016, with two classes).
    #[must_use]
    pub fn with_label_smoothing(self, smoothing: f64) -> Self {
        Self { smoothing, ..self }
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
    /// If a weight of positives is not finite and above 0, or they are neither one nor one a column, or the smoothing is outside of
    /// [0, 1].
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
            pos_weight: self.pos_weight.as_ref().map(Both::get),
            smoothing: F::from_f64(self.smoothing),
            reduction: self.reduction,
            ..Default::default()
        }
    }
}
