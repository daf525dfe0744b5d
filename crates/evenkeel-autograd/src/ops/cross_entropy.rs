//! Cross-entropy from logits: softmax, logarithm and average in one operation.

use evenkeel_tensor::{Float, Shape, ShapeError, Tensor, kernel, parallel};

use super::softmax::{scaled_softmax, shifted_sum};
use crate::{Backward, Gradient, Inputs, Op, Var};

/// How the losses of the examples become one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Reduction {
    /// The average; with class weights divided by the sum of the targets' weights.
    #[default]
    Mean,
    /// The sum.
    Sum,
    /// One loss an example.
    None,
}

/// Cross-entropy of logits (N, C) against class indices (N); [`SoftCrossEntropyOp`](super::SoftCrossEntropyOp) is against
/// probabilities.
///
/// With p = softmax(x), smoothing s, class weights w (1 if absent) and target t, an example's loss is
///
/// `-(1 - s) w_t ln p_t - s / C sum_c w_c ln p_c`
///
/// and the mean divides by the sum of w_t over the examples: PyTorch's definition, except that in a batch of which all weights
/// are 0 the mean is 0 and so is its gradient, where that has 0/0. The gradient with respect to the logits is `p a - q`, with q the weighted, smoothed target and a its sum.
#[derive(Clone, Debug)]
pub struct CrossEntropyOp<F: Float> {
    /// The share of the target that is spread evenly over all classes, in [0, 1].
    pub smoothing: F,
    /// A weight per class, finite and not negative.
    pub weights: Option<Tensor<F>>,
    /// How the examples' losses become one.
    pub reduction: Reduction,
    /// Let go of in the forward pass, so that whoever owns the buffer can fill it anew while the step is still recorded.
    targets: Option<Tensor<u32>>,
}

/// Class indices are kept as floats between the passes: up to here every index is exact in `f32`.
const MOST_CLASSES: usize = 1 << 24;

impl<F: Float> CrossEntropyOp<F> {
    /// Against `targets`, without smoothing and weights, averaged.
    pub fn new(targets: Tensor<u32>) -> Self {
        Self { smoothing: F::ZERO, weights: None, reduction: Reduction::Mean, targets: Some(targets) }
    }

    fn targets(&self) -> &Tensor<u32> {
        self.targets.as_ref().expect("recorded once")
    }

    fn weight(&self, class: usize) -> F {
        self.weights.as_ref().map_or(F::ONE, |w| w.as_slice()[class])
    }

    /// What the losses' sum is multiplied by.
    fn scale(&self, targets: &[F]) -> F {
        match (self.reduction, &self.weights) {
            (Reduction::Mean, None) => F::ONE / F::from_usize(targets.len()),
            (Reduction::Mean, Some(_)) => per_weight(targets.iter().map(|&t| self.weight(class(t))).sum()),
            (Reduction::Sum | Reduction::None, _) => F::ONE,
        }
    }

    /// The weight of the smoothed part of class `c`: s / C w_c
    fn spread(&self, c: usize, classes: usize) -> F {
        self.smoothing / F::from_usize(classes) * self.weight(c)
    }

    fn is_smoothed(&self) -> bool {
        self.smoothing != F::ZERO
    }
}

/// 1 / the weight of all examples together; 0 if that is 0, so that a batch that does not count is no loss, and not NaN.
pub(super) fn per_weight<F: Float>(total: F) -> F {
    if total == F::ZERO { F::ZERO } else { F::ONE / total }
}

/// The class that was kept as a float.
pub(super) fn class<F: Float>(kept: F) -> usize {
    kept.to_f64() as usize
}

/// The kept values: each example's class, its largest logit m and the total of e^(x - m), and its loss.
///
/// Their logarithmic sum m + ln total would be one number instead of two, but would lose ln total where m is large.
fn parts<F>(saved: &mut [F]) -> (&mut [F], &mut [[F; 2]], &mut [F]) {
    let examples = saved.len() / 4;
    let (targets, rest) = saved.split_at_mut(examples);
    let (losses, sums) = rest.split_at_mut(examples);
    (targets, sums.as_chunks_mut().0, losses)
}

/// The number of classes of logits (N, C), if `targets` are N indices of them.
pub(super) fn check_targets(
    operation: &'static str,
    logits: Shape,
    targets: &Tensor<u32>,
) -> Result<usize, ShapeError> {
    let &[n, classes] = logits.dims() else {
        return Err(ShapeError::new(
            operation,
            "logits (examples, classes)",
            logits.to_string(),
            "flatten the network's output to one row of logits an example",
        ));
    };
    if targets.shape() != Shape::from([n]) {
        return Err(ShapeError::new(
            operation,
            format!("targets ({n}) for logits {logits}"),
            targets.shape().to_string(),
            "give one class index an example",
        ));
    }
    if let Some(target) = targets.as_slice().iter().find(|&&t| t as usize >= classes) {
        return Err(ShapeError::new(
            operation,
            format!("class indices below {classes}"),
            format!("class {target}"),
            "give the network one output a class",
        ));
    }
    if classes > MOST_CLASSES {
        return Err(ShapeError::new(
            operation,
            format!("at most {MOST_CLASSES} classes"),
            format!("logits {logits}"),
            "use a hierarchical or sampled softmax",
        ));
    }
    Ok(classes)
}

/// Refuses smoothing outside of [0, 1], and class weights as [`check_weights`] does.
pub(super) fn check_settings<F: Float>(
    smoothing: F,
    weights: Option<&Tensor<F>>,
    classes: usize,
) -> Result<(), ShapeError> {
    // Written so that NaN is refused.
    if !(smoothing >= F::ZERO && smoothing <= F::ONE) {
        let expected = "label smoothing from 0 to 1";
        return Err(ShapeError::new("cross_entropy", expected, smoothing.to_string(), "0.1 is usual"));
    }
    check_weights("cross_entropy", weights, classes)
}

/// Refuses other than one weight a class, finite and not negative.
pub(super) fn check_weights<F: Float>(
    operation: &'static str,
    weights: Option<&Tensor<F>>,
    classes: usize,
) -> Result<(), ShapeError> {
    let refuse = |expected: &str, got: String, cure| Err(ShapeError::new(operation, expected, got, cure));
    let Some(weights) = weights else { return Ok(()) };
    if weights.shape() != Shape::from([classes]) {
        let expected = format!("class weights ({classes})");
        return refuse(&expected, weights.shape().to_string(), "give one weight a class");
    }
    match weights.as_slice().iter().find(|w| !(w.is_finite() && **w >= F::ZERO)) {
        None => Ok(()),
        Some(weight) => refuse("finite class weights from 0 on", weight.to_string(), "give a positive weight a class"),
    }
}

/// Rows that make up a block of parallel work.
pub(super) fn rows_per_block(classes: usize) -> usize {
    (kernel::BLOCK / classes.max(1)).max(1)
}

impl<F: Float> Op<F> for CrossEntropyOp<F> {
    fn name(&self) -> &'static str {
        "cross_entropy"
    }

    fn shape(&self, inputs: &[Shape]) -> Result<Shape, ShapeError> {
        let classes = check_targets("cross_entropy", inputs[0], self.targets())?;
        check_settings(self.smoothing, self.weights.as_ref(), classes)?;
        Ok(if self.reduction == Reduction::None { self.targets().shape() } else { Shape::SCALAR })
    }

    fn saved(&self, _inputs: &[Shape]) -> usize {
        4 * self.targets().shape().numel()
    }

    fn forward(&mut self, x: &Inputs<'_, F>, y: &mut [F], saved: &mut [F]) {
        let classes = x.shape(0)[1];
        let x = x.value(0);
        let (targets, sums, losses) = parts(saved);
        let given = self.targets.take().expect("recorded once");
        targets.iter_mut().zip(given.as_slice()).for_each(|(kept, &t)| *kept = F::from_usize(t as usize));
        drop(given);
        let rows = rows_per_block(classes);
        parallel::chunks_mut2(sums, rows, losses, rows, |block, sums, losses| {
            for (i, (sums, loss)) in sums.iter_mut().zip(losses).enumerate() {
                let row = &x[(block * rows + i) * classes..][..classes];
                let target = class(targets[block * rows + i]);
                let [largest, total] = shifted_sum(row);
                *sums = [largest, total];
                let log_total = total.ln();
                let minus_log_p = |c: usize| log_total - (row[c] - largest);
                *loss = (F::ONE - self.smoothing) * self.weight(target) * minus_log_p(target);
                if self.is_smoothed() {
                    *loss += (0..classes).map(|c| self.spread(c, classes) * minus_log_p(c)).sum::<F>();
                }
            }
        });
        match self.reduction {
            Reduction::None => y.copy_from_slice(losses),
            Reduction::Sum | Reduction::Mean => y[0] = kernel::sum(losses) * self.scale(targets),
        }
    }

    fn backward(&self, at: Backward<'_, F>, dx: &mut [Gradient<F>]) {
        let Some(dx) = dx[0].wanted() else { return };
        let classes = at.x.shape(0)[1];
        let (x, dy) = (at.x.value(0), at.dy);
        let (targets, sums, _) = parts(at.saved);
        let (targets, sums) = (&*targets, &*sums);
        let scale = self.scale(targets);
        let spread_sum: F =
            if self.is_smoothed() { (0..classes).map(|c| self.spread(c, classes)).sum() } else { F::ZERO };
        let rows = rows_per_block(classes);
        parallel::chunks_mut(dx, rows * classes.max(1), |block, dx| {
            for (i, dx) in dx.chunks_exact_mut(classes.max(1)).enumerate() {
                let example = block * rows + i;
                let (x, target) = (&x[example * classes..][..classes], class(targets[example]));
                let upstream = scale * if self.reduction == Reduction::None { dy[example] } else { dy[0] };
                let own = (F::ONE - self.smoothing) * self.weight(target);
                scaled_softmax(x, sums[example], (own + spread_sum) * upstream, dx);
                dx[target] -= own * upstream;
                if self.is_smoothed() {
                    dx.iter_mut().enumerate().for_each(|(c, dx)| *dx -= self.spread(c, classes) * upstream);
                }
            }
        });
    }
}

impl<'t, F: Float> Var<'t, F> {
    /// The mean cross-entropy of logits (N, C) against class indices (N).
    ///
    /// # Panics
    /// If the shapes do not fit or a class index is beyond the classes.
    #[track_caller]
    #[must_use]
    pub fn cross_entropy(self, targets: Tensor<u32>) -> Self {
        self.tape.record(CrossEntropyOp::new(targets), &[self])
    }
}
