//! Cross-entropy from logits: softmax, logarithm and average in one operation.

use evenkeel_tensor::{Float, Shape, ShapeError, Tensor, kernel, parallel};

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

/// Cross-entropy of logits (N, C) against class indices (N).
///
/// With p = softmax(x), smoothing s, class weights w (1 if absent) and target t, an example's loss is
///
/// `-(1 - s) w_t ln p_t - s / C sum_c w_c ln p_c`
///
/// and the mean divides by the sum of w_t over the examples: PyTorch's definition. The gradient with
/// respect to the logits is `p a - q`, with q the weighted, smoothed target and a its sum.
#[derive(Clone, Debug)]
pub struct CrossEntropyOp<F: Float> {
    /// The class of each example.
    pub targets: Tensor<u32>,
    /// The share of the target that is spread evenly over all classes, in [0, 1].
    pub smoothing: F,
    /// A weight per class.
    pub weights: Option<Tensor<F>>,
    /// How the examples' losses become one.
    pub reduction: Reduction,
}

impl<F: Float> CrossEntropyOp<F> {
    fn weight(&self, class: usize) -> F {
        self.weights.as_ref().map_or(F::ONE, |w| w.as_slice()[class])
    }

    /// What the losses' sum is multiplied by.
    fn scale(&self) -> F {
        let targets = self.targets.as_slice();
        match (self.reduction, &self.weights) {
            (Reduction::Mean, None) => F::ONE / F::from_usize(targets.len()),
            (Reduction::Mean, Some(_)) => F::ONE / targets.iter().map(|&t| self.weight(t as usize)).sum::<F>(),
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

/// Rows that make up a block of parallel work.
fn rows_per_block(classes: usize) -> usize {
    (kernel::BLOCK / classes.max(1)).max(1)
}

impl<F: Float> Op<F> for CrossEntropyOp<F> {
    fn name(&self) -> &'static str {
        "cross_entropy"
    }

    fn shape(&self, inputs: &[Shape]) -> Result<Shape, ShapeError> {
        let targets = self.targets.shape();
        let &[n, classes] = inputs[0].dims() else {
            return Err(ShapeError::new(
                "cross_entropy",
                "logits (examples, classes)",
                inputs[0].to_string(),
                "flatten the network's output to one row of logits an example",
            ));
        };
        if targets != Shape::from([n]) {
            return Err(ShapeError::new(
                "cross_entropy",
                format!("targets ({n}) for logits {}", inputs[0]),
                targets.to_string(),
                "give one class index an example",
            ));
        }
        if let Some(target) = self.targets.as_slice().iter().find(|&&t| t as usize >= classes) {
            return Err(ShapeError::new(
                "cross_entropy",
                format!("class indices below {classes}"),
                format!("class {target}"),
                "give the network one output a class",
            ));
        }
        if let Some(w) = self.weights.as_ref().filter(|w| w.shape() != Shape::from([classes])) {
            return Err(ShapeError::new(
                "cross_entropy",
                format!("class weights ({classes})"),
                w.shape().to_string(),
                "give one weight a class",
            ));
        }
        Ok(if self.reduction == Reduction::None { targets } else { Shape::SCALAR })
    }

    /// ln sum e^x and the loss of each example.
    fn saved(&self, _inputs: &[Shape]) -> usize {
        2 * self.targets.shape().numel()
    }

    fn forward(&mut self, x: &Inputs<'_, F>, y: &mut [F], saved: &mut [F]) {
        let targets = self.targets.as_slice();
        let (n, classes) = (targets.len(), x.shape(0)[1]);
        let x = x.value(0);
        let (log_sums, losses) = saved.split_at_mut(n);
        let rows = rows_per_block(classes);
        parallel::chunks_mut2(log_sums, rows, losses, rows, |block, log_sums, losses| {
            for (i, (log_sum, loss)) in log_sums.iter_mut().zip(losses).enumerate() {
                let row = &x[(block * rows + i) * classes..][..classes];
                let target = targets[block * rows + i] as usize;
                let total = kernel::simd(
                    #[inline(always)]
                    || {
                        let m = kernel::max_value(row);
                        (m, kernel::sum_by(classes, |c| (row[c] - m).exp()))
                    },
                );
                *log_sum = total.0 + total.1.ln();
                *loss = (F::ONE - self.smoothing) * self.weight(target) * (*log_sum - row[target]);
                if self.is_smoothed() {
                    *loss += (0..classes).map(|c| self.spread(c, classes) * (*log_sum - row[c])).sum::<F>();
                }
            }
        });
        match self.reduction {
            Reduction::None => y.copy_from_slice(losses),
            Reduction::Sum | Reduction::Mean => y[0] = kernel::sum(losses) * self.scale(),
        }
    }

    fn backward(&self, at: Backward<'_, F>, dx: &mut [Gradient<F>]) {
        let Some(dx) = dx[0].wanted() else { return };
        let targets = self.targets.as_slice();
        let classes = at.x.shape(0)[1];
        let x = at.x.value(0);
        let scale = self.scale();
        let spread_sum: F =
            if self.is_smoothed() { (0..classes).map(|c| self.spread(c, classes)).sum() } else { F::ZERO };
        let rows = rows_per_block(classes);
        parallel::chunks_mut(dx, rows * classes.max(1), |block, dx| {
            for (i, dx) in dx.chunks_exact_mut(classes.max(1)).enumerate() {
                let example = block * rows + i;
                let (x, target) = (&x[example * classes..][..classes], targets[example] as usize);
                let upstream = scale * if self.reduction == Reduction::None { at.dy[example] } else { at.dy[0] };
                let own = (F::ONE - self.smoothing) * self.weight(target);
                let (log_sum, total) = (at.saved[example], (own + spread_sum) * upstream);
                kernel::simd(
                    #[inline(always)]
                    || dx.iter_mut().zip(x).for_each(|(dx, &x)| *dx = (x - log_sum).exp() * total),
                );
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
        let op = CrossEntropyOp { targets, smoothing: F::ZERO, weights: None, reduction: Reduction::Mean };
        self.tape.record(op, &[self])
    }
}
