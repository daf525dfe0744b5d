//! Focal loss of several classes: softmax, logarithm, focal factor and average in one operation.

use evenkeel_tensor::{Float, Shape, ShapeError, Tensor, kernel, parallel};

use super::Reduction;
use super::cross_entropy::{check_targets, check_weights, class, per_weight, rows_per_block};
use super::softmax::scaled_softmax;
use crate::{Backward, Gradient, Inputs, Op};

const NAME: &str = "focal_cross_entropy";

/// Cross-entropy of logits (N, C) against class indices (N), in which what is already right counts little.
///
/// With p = softmax(x), class weights w (1 if absent) and target t, an example's loss is
///
/// `- w_t (1 - p_t)^gamma ln p_t`
///
/// and the mean divides by the sum of w_t over the examples, so that gamma 0 is [`CrossEntropyOp`](super::CrossEntropyOp); in a
/// batch of which all weights are 0 it is 0, and so is its gradient. The gradient with respect to logit c is
///
/// ```text
/// w_t g (p_c - [c = t]),   g = (1 - p_t)^gamma (1 - gamma p_t ln p_t / (1 - p_t))
/// ```
///
/// 1 - p_t is the sum of the other classes' shares and not a difference from 1, so that what is nearly right keeps its digits.
/// Finite logits of any size give finite results, as long as their differences are finite; a row with a NaN logit gives NaN.
#[derive(Clone, Debug)]
pub struct FocalCrossEntropyOp<F: Float> {
    /// Finite and not negative.
    pub gamma: F,
    /// A weight per class, finite and not negative.
    pub weights: Option<Tensor<F>>,
    /// How the examples' losses become one.
    pub reduction: Reduction,
    /// Let go of in the forward pass, so that whoever owns the buffer can fill it anew while the step is still recorded.
    targets: Option<Tensor<u32>>,
}

/// What is kept of an example: its class, its largest logit m and the total of e^(x - m), w_t g, and w_t g (1 - p_t).
type Kept<F> = [F; 5];

/// The kept values of each example, and the losses.
fn parts<F>(saved: &mut [F]) -> (&mut [Kept<F>], &mut [F]) {
    let (kept, losses) = saved.split_at_mut(saved.len() / 6 * 5);
    (kept.as_chunks_mut().0, losses)
}

impl<F: Float> FocalCrossEntropyOp<F> {
    /// Against `targets`, with gamma 2, without weights, averaged.
    pub fn new(targets: Tensor<u32>) -> Self {
        Self { gamma: F::from_f64(2.0), weights: None, reduction: Reduction::Mean, targets: Some(targets) }
    }

    fn targets(&self) -> &Tensor<u32> {
        self.targets.as_ref().expect("recorded once")
    }

    fn weight(&self, class: usize) -> F {
        self.weights.as_ref().map_or(F::ONE, |w| w.as_slice()[class])
    }

    /// What the losses' sum is multiplied by.
    fn scale(&self, kept: &[Kept<F>]) -> F {
        if self.reduction != Reduction::Mean {
            return F::ONE;
        }
        match self.weights {
            None => F::ONE / F::from_usize(kept.len()),
            Some(_) => per_weight(kept.iter().map(|kept| self.weight(class(kept[0]))).sum()),
        }
    }

    /// The loss of an example of class `target`, and what is kept of it.
    fn example(&self, x: &[F], target: usize) -> (F, Kept<F>) {
        let [largest, others] = sum_of_others(x, target);
        let below = largest - x[target];
        let own = (-below).exp();
        let total = own + others;
        let (p, q) = (own / total, others / total);
        // The logarithm of 1 + `others` where that is nearly 1.
        let minus_ln_p = if below == F::ZERO { others.ln_1p() } else { total.ln() + below };
        let factor = self.weight(target) * q.powf(self.gamma);
        // -p ln p / q, of which the limits are 1 where q is 0, and 0 where p is.
        let slope = match () {
            () if q == F::ZERO => F::ONE,
            () if p == F::ZERO => F::ZERO,
            () => p * (minus_ln_p / q),
        };
        let g = factor * (F::ONE + self.gamma * slope);
        (factor * minus_ln_p, [F::from_usize(target), largest, total, g, g * q])
    }
}

/// The largest value m, and the sum of e^(x - m) of all but the target's.
fn sum_of_others<F: Float>(x: &[F], target: usize) -> [F; 2] {
    kernel::simd(
        #[inline(always)]
        move || {
            let largest = kernel::max_value(x);
            [largest, shifted_sum(&x[..target], largest) + shifted_sum(&x[target + 1..], largest)]
        },
    )
}

#[inline(always)]
fn shifted_sum<F: Float>(x: &[F], largest: F) -> F {
    kernel::sum_map(
        x,
        #[inline(always)]
        move |x| (x - largest).exp(),
    )
}

impl<F: Float> Op<F> for FocalCrossEntropyOp<F> {
    fn name(&self) -> &'static str {
        NAME
    }

    fn shape(&self, inputs: &[Shape]) -> Result<Shape, ShapeError> {
        let classes = check_targets(NAME, inputs[0], self.targets())?;
        if !(self.gamma >= F::ZERO && self.gamma.is_finite()) {
            let (expected, cure) = ("a gamma that is finite and not negative", "2 is usual; 0 is cross-entropy");
            return Err(ShapeError::new(NAME, expected, self.gamma.to_string(), cure));
        }
        check_weights(NAME, self.weights.as_ref(), classes)?;
        Ok(if self.reduction == Reduction::None { self.targets().shape() } else { Shape::SCALAR })
    }

    fn saved(&self, _inputs: &[Shape]) -> usize {
        6 * self.targets().shape().numel()
    }

    fn forward(&mut self, x: &Inputs<'_, F>, y: &mut [F], saved: &mut [F]) {
        let classes = x.shape(0)[1];
        let x = x.value(0);
        let (kept, losses) = parts(saved);
        let given = self.targets.take().expect("recorded once");
        let rows = rows_per_block(classes);
        parallel::chunks_mut2(kept, rows, losses, rows, |block, kept, losses| {
            for (i, (kept, loss)) in kept.iter_mut().zip(losses).enumerate() {
                let example = block * rows + i;
                let row = &x[example * classes..][..classes];
                (*loss, *kept) = self.example(row, given.as_slice()[example] as usize);
            }
        });
        match self.reduction {
            Reduction::None => y.copy_from_slice(losses),
            Reduction::Sum | Reduction::Mean => y[0] = kernel::sum(losses) * self.scale(kept),
        }
    }

    fn backward(&self, at: Backward<'_, F>, dx: &mut [Gradient<F>]) {
        let Some(dx) = dx[0].wanted() else { return };
        let classes = at.x.shape(0)[1];
        let (x, dy) = (at.x.value(0), at.dy);
        let (kept, _) = parts(at.saved);
        let (kept, scale) = (&*kept, self.scale(kept));
        let rows = rows_per_block(classes);
        parallel::chunks_mut(dx, rows * classes.max(1), |block, dx| {
            for (i, dx) in dx.chunks_exact_mut(classes.max(1)).enumerate() {
                let example = block * rows + i;
                let [target, largest, total, g, g_others] = kept[example];
                let upstream = scale * if self.reduction == Reduction::None { dy[example] } else { dy[0] };
                scaled_softmax(&x[example * classes..][..classes], [largest, total], g * upstream, dx);
                dx[class(target)] = -g_others * upstream;
            }
        });
    }
}
