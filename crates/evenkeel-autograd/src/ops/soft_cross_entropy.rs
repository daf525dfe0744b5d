//! Cross-entropy from logits against class probabilities: softmax, logarithm and average in one operation.

use evenkeel_tensor::{Float, Shape, ShapeError, Tensor, kernel, parallel};

use super::Reduction;
use super::cross_entropy::{check_settings, rows_per_block};
use super::softmax::{scaled_softmax, shifted_sum};
use crate::{Backward, Gradient, Inputs, Op};

/// Cross-entropy of logits (N, C), the first input, against class probabilities (N, C), the second.
///
/// With p = softmax(x), smoothing s, class weights w (1 if absent) and the smoothed target r_c = (1 - s) q_c + s / C, an
/// example's loss is
///
/// `- sum_c w_c r_c ln p_c`
///
/// and the mean divides by N, also with class weights: PyTorch's definition for such targets. Gradients:
/// `dL/dx_c = p_c sum_k w_k r_k - w_c r_c` and `dL/dq_c = -(1 - s) w_c ln p_c`. Finite logits of any size give finite results,
/// as long as their differences are finite; a row with an infinite or NaN logit gives NaN.
#[derive(Clone, Debug)]
pub struct SoftCrossEntropyOp<F: Float> {
    /// The share of the target that is spread evenly over all classes, in [0, 1].
    pub smoothing: F,
    /// A weight per class, finite and not negative.
    pub weights: Option<Tensor<F>>,
    /// How the examples' losses become one.
    pub reduction: Reduction,
}

impl<F: Float> Default for SoftCrossEntropyOp<F> {
    /// Without smoothing and weights, averaged.
    fn default() -> Self {
        Self { smoothing: F::ZERO, weights: None, reduction: Reduction::Mean }
    }
}

/// What is kept of an example: its largest logit m, the total of e^(x - m), and the sum of its weighted, smoothed target.
type Kept<F> = [F; 3];

/// The kept values of each example, and the losses.
fn parts<F>(saved: &mut [F]) -> (&mut [Kept<F>], &mut [F]) {
    let (kept, losses) = saved.split_at_mut(saved.len() / 4 * 3);
    (kept.as_chunks_mut().0, losses)
}

/// The row of `example`.
fn row_of<F>(of: &[F], example: usize, classes: usize) -> &[F] {
    &of[example * classes..][..classes]
}

/// Calls `f` with the number of each example and its row of `d`.
fn for_rows<F: Float>(d: &mut [F], classes: usize, f: impl Fn(usize, &mut [F]) + Sync) {
    let (rows, classes) = (rows_per_block(classes), classes.max(1));
    parallel::chunks_mut(d, rows * classes, |block, d| {
        d.chunks_exact_mut(classes).enumerate().for_each(|(i, d)| f(block * rows + i, d));
    });
}

impl<F: Float> SoftCrossEntropyOp<F> {
    /// (1 - s, s / C): the smoothed target is the first times the given one plus the second.
    fn smoothed(&self, classes: usize) -> (F, F) {
        (F::ONE - self.smoothing, self.smoothing / F::from_usize(classes))
    }

    /// What the losses' sum is multiplied by.
    fn scale(&self, examples: usize) -> F {
        if self.reduction == Reduction::Mean { F::ONE / F::from_usize(examples) } else { F::ONE }
    }

    /// An example's loss, and what is kept of it.
    fn example(&self, x: &[F], q: &[F]) -> (F, Kept<F>) {
        let [largest, total] = shifted_sum(x);
        let (log_total, (own, spread)) = (total.ln(), self.smoothed(x.len()));
        let (loss, sum) = if let Some(weights) = &self.weights {
            let weighted = weights.as_slice().iter().zip(x.iter().zip(q));
            weighted.fold((F::ZERO, F::ZERO), |(loss, sum), (&w, (&x, &q))| {
                let target = w * (own * q + spread);
                (loss + target * (log_total - (x - largest)), sum + target)
            })
        } else {
            kernel::simd(
                #[inline(always)]
                move || {
                    let loss = kernel::sum_zip(
                        x,
                        q,
                        #[inline(always)]
                        move |x, q| (own * q + spread) * (log_total - (x - largest)),
                    );
                    let sum = kernel::sum_map(
                        q,
                        #[inline(always)]
                        move |q| own * q + spread,
                    );
                    (loss, sum)
                },
            )
        };
        (loss, [largest, total, sum])
    }
}

impl<F: Float> Op<F> for SoftCrossEntropyOp<F> {
    fn name(&self) -> &'static str {
        "cross_entropy"
    }

    fn shape(&self, inputs: &[Shape]) -> Result<Shape, ShapeError> {
        let (x, targets) = (inputs[0], inputs[1]);
        let &[n, classes] = x.dims() else {
            return Err(ShapeError::new(
                "cross_entropy",
                "logits (examples, classes)",
                x.to_string(),
                "flatten the network's output to one row of logits an example",
            ));
        };
        if targets != x {
            return Err(ShapeError::new(
                "cross_entropy",
                format!("probabilities of the logits' shape {x}"),
                targets.to_string(),
                "give the network one output a class",
            ));
        }
        check_settings(self.smoothing, self.weights.as_ref(), classes)?;
        Ok(if self.reduction == Reduction::None { Shape::from([n]) } else { Shape::SCALAR })
    }

    fn saved(&self, inputs: &[Shape]) -> usize {
        4 * inputs[0][0]
    }

    fn forward(&mut self, x: &Inputs<'_, F>, y: &mut [F], saved: &mut [F]) {
        let [n, classes] = [0, 1].map(|axis| x.shape(0)[axis]);
        let (x, q) = (x.value(0), x.value(1));
        let (kept, losses) = parts(saved);
        let rows = rows_per_block(classes);
        parallel::chunks_mut2(kept, rows, losses, rows, |block, kept, losses| {
            for (i, (kept, loss)) in kept.iter_mut().zip(losses).enumerate() {
                let row = |of| row_of(of, block * rows + i, classes);
                (*loss, *kept) = self.example(row(x), row(q));
            }
        });
        match self.reduction {
            Reduction::None => y.copy_from_slice(losses),
            Reduction::Sum | Reduction::Mean => y[0] = kernel::sum(losses) * self.scale(n),
        }
    }

    fn backward(&self, at: Backward<'_, F>, dx: &mut [Gradient<F>]) {
        let [n, classes] = [0, 1].map(|axis| at.x.shape(0)[axis]);
        let (x, q, dy) = (at.x.value(0), at.x.value(1), at.dy);
        let (kept, _) = parts(at.saved);
        let (kept, (own, spread), scale) = (&*kept, self.smoothed(classes), self.scale(n));
        let upstream = |example: usize| scale * if self.reduction == Reduction::None { dy[example] } else { dy[0] };
        let row = |of, example| row_of(of, example, classes);
        let weights = self.weights.as_ref().map(Tensor::as_slice);
        let [logits, targets] = dx else { unreachable!("two inputs") };
        if let Some(dx) = logits.wanted() {
            for_rows(dx, classes, |example, dx| {
                let ([largest, total, sum], upstream) = (kept[example], upstream(example));
                scaled_softmax(row(x, example), [largest, total], sum * upstream, dx);
                let q = row(q, example);
                kernel::simd(
                    #[inline(always)]
                    move || match weights {
                        None => dx.iter_mut().zip(q).for_each(|(dx, &q)| *dx -= (own * q + spread) * upstream),
                        Some(w) => dx
                            .iter_mut()
                            .zip(q)
                            .zip(w)
                            .for_each(|((dx, &q), &w)| *dx -= w * (own * q + spread) * upstream),
                    },
                );
            });
        }
        if let Some(dq) = targets.wanted() {
            for_rows(dq, classes, |example, dq| {
                let [largest, total, _] = kept[example];
                let (log_total, factor) = (total.ln(), own * upstream(example));
                for (c, (dq, &x)) in dq.iter_mut().zip(row(x, example)).enumerate() {
                    *dq = weights.map_or(factor, |w| w[c] * factor) * (log_total - (x - largest));
                }
            });
        }
    }
}
