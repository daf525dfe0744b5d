//! Losses of one logit a decision: binary cross-entropy and its focal form, in one operation.

use evenkeel_tensor::{Float, Shape, ShapeError, Tensor, kernel, parallel};

use super::Reduction;
use super::log_sigmoid::Logit;
use crate::{Backward, Gradient, Inputs, Op};

/// Binary cross-entropy of logits, with the focal factor if wanted: for a logit x with p = 1 / (1 + e^-x), q = 1 - p and a
/// target t in [0, 1],
///
/// ```text
/// L = -t a w q^gamma ln p - (1 - t) (1 - a) p^gamma ln q
/// ```
///
/// with the weight w of positives and, where given, the balance a (without it both sides count 1). With smoothing s the target
/// counts as (1 - s) t + s / 2. Everything comes from e^-|x|, so that a finite logit of any size has a finite loss and
/// gradient; the loss of an infinite or NaN one is infinite or NaN.
///
/// Inputs: the logits, and the targets of the same shape unless they were given as [classes](Self::classes). A gradient goes
/// to both:
///
/// ```text
/// dL/dx = -t a w q^gamma (q - gamma p ln p) + (1 - t) (1 - a) p^gamma (p - gamma q ln q)
/// dL/dt = (1 - s) ((1 - a) p^gamma ln q - a w q^gamma ln p)
/// ```
#[derive(Clone, Debug)]
pub struct BinaryCrossEntropyOp<F: Float> {
    /// w, for all logits or for each column of the last axis; all positive.
    pub pos_weight: Option<Tensor<F>>,
    /// a, in [0, 1]: the share of the positive side.
    pub alpha: Option<F>,
    /// gamma, not negative; 0 is plain cross-entropy.
    pub gamma: F,
    /// s, in [0, 1].
    pub smoothing: F,
    /// How the losses of the logits become one.
    pub reduction: Reduction,
    /// The targets as classes, 0 or 1, as many as logits: then the logits are the only input. Let go of in the forward pass, so
    /// that whoever owns the buffer can fill it anew while the step is still recorded.
    pub classes: Option<Tensor<u32>>,
}

/// What an element's loss depends on besides logit, target and weight of positives.
#[derive(Clone, Copy)]
struct Form<F, const FOCAL: bool> {
    positive: F,
    negative: F,
    gamma: F,
    /// (1 - s, s / 2)
    smoothed: (F, F),
}

impl<F: Float, const FOCAL: bool> Form<F, FOCAL> {
    fn of(op: &BinaryCrossEntropyOp<F>) -> Self {
        Self {
            positive: op.alpha.unwrap_or(F::ONE),
            negative: op.alpha.map_or(F::ONE, |alpha| F::ONE - alpha),
            gamma: op.gamma,
            smoothed: (F::ONE - op.smoothing, F::from_f64(0.5) * op.smoothing),
        }
    }

    #[inline(always)]
    fn target(self, t: F) -> F {
        self.smoothed.0 * t + self.smoothed.1
    }

    /// The sides' weights with their focal factors q^gamma and p^gamma: powers from the logarithms, in vector code.
    #[inline(always)]
    fn weights(self, l: Logit<F>, weight: F) -> [F; 2] {
        let [positive, negative] = [self.positive * weight, self.negative];
        if FOCAL {
            [positive * (-self.gamma * l.minus_ln_q).exp(), negative * (-self.gamma * l.minus_ln_p).exp()]
        } else {
            [positive, negative]
        }
    }

    /// L
    #[inline(always)]
    fn loss(self, x: F, t: F, weight: F) -> F {
        let (l, t) = (Logit::new(x), self.target(t));
        let [positive, negative] = self.weights(l, weight);
        t * (positive * l.minus_ln_p) + (F::ONE - t) * (negative * l.minus_ln_q)
    }

    /// dL/dx
    #[inline(always)]
    fn slope(self, x: F, t: F, weight: F) -> F {
        let (l, t) = (Logit::new(x), self.target(t));
        let [positive, negative] = self.weights(l, weight);
        let (mut down, mut up) = (l.q, l.p);
        if FOCAL {
            down += self.gamma * l.p * l.minus_ln_p;
            up += self.gamma * l.q * l.minus_ln_q;
        }
        (F::ONE - t) * (negative * up) - t * (positive * down)
    }

    /// dL/dt
    #[inline(always)]
    fn slope_of_target(self, x: F, _t: F, weight: F) -> F {
        let l = Logit::new(x);
        let [positive, negative] = self.weights(l, weight);
        self.smoothed.0 * (positive * l.minus_ln_p - negative * l.minus_ln_q)
    }
}

/// y = f(x, t, w), element by element: `weights` has one value for all, or one for each column.
fn each<F: Float>(x: &[F], t: &[F], weights: &[F], y: &mut [F], f: impl Fn(F, F, F) -> F + Sync) {
    let columns = weights.len().max(1);
    let block = (kernel::BLOCK / columns).max(1) * columns;
    parallel::chunks_mut(y, block, |i, y| {
        let (x, t) = (&x[i * block..][..y.len()], &t[i * block..][..y.len()]);
        kernel::simd(
            #[inline(always)]
            || {
                // Plain loops: `f` is too large for the compiler to inline it into the closure of an iterator.
                if let &[weight] = weights {
                    for ((y, &x), &t) in y.iter_mut().zip(x).zip(t) {
                        *y = f(x, t, weight);
                    }
                    return;
                }
                for ((y, x), t) in y.chunks_exact_mut(columns).zip(x.chunks_exact(columns)).zip(t.chunks_exact(columns))
                {
                    for (((y, &x), &t), &weight) in y.iter_mut().zip(x).zip(t).zip(weights) {
                        *y = f(x, t, weight);
                    }
                }
            },
        );
    });
}

impl<F: Float> Default for BinaryCrossEntropyOp<F> {
    /// Plain cross-entropy, averaged, with the targets as second input.
    fn default() -> Self {
        Self {
            pos_weight: None,
            alpha: None,
            gamma: F::ZERO,
            smoothing: F::ZERO,
            reduction: Reduction::Mean,
            classes: None,
        }
    }
}

impl<F: Float> BinaryCrossEntropyOp<F> {
    fn label(&self) -> &'static str {
        if self.gamma == F::ZERO && self.alpha.is_none() { "bce_with_logits" } else { "focal" }
    }

    fn check(&self) -> Result<(), ShapeError> {
        let refuse =
            |expected: &str, got: F, cure: &str| Err(ShapeError::new(self.label(), expected, got.to_string(), cure));
        let is_share = |x: F| x >= F::ZERO && x <= F::ONE;
        if !(self.gamma >= F::ZERO && self.gamma.is_finite()) {
            return refuse("a gamma that is finite and not negative", self.gamma, "2 is usual; 0 is cross-entropy");
        }
        if let Some(alpha) = self.alpha.filter(|&alpha| !is_share(alpha)) {
            return refuse("an alpha from 0 to 1", alpha, "0.25 is usual");
        }
        if !is_share(self.smoothing) {
            return refuse("label smoothing from 0 to 1", self.smoothing, "0.1 is usual");
        }
        let is_bad = |w: &&F| !(w.is_finite() && **w > F::ZERO);
        if let Some(&weight) = self.pos_weight.as_ref().and_then(|w| w.as_slice().iter().find(is_bad)) {
            return refuse(
                "weights of positives that are finite and above 0",
                weight,
                "the number of negatives over that of positives is usual",
            );
        }
        Ok(())
    }

    fn check_shapes(&self, x: Shape, targets: Option<Shape>) -> Result<(), ShapeError> {
        let refuse =
            |expected: String, got: String, cure: &str| Err(ShapeError::new(self.label(), expected, got, cure));
        match (targets, &self.classes) {
            (Some(targets), None) if targets == x => {}
            (None, Some(classes)) if classes.shape().numel() == x.numel() => {
                if let Some(class) = classes.as_slice().iter().find(|&&c| c > 1) {
                    return refuse(
                        "class 0 or 1".into(),
                        format!("class {class}"),
                        "use CrossEntropy for more classes",
                    );
                }
            }
            (None, Some(classes)) => {
                return refuse(
                    format!("{} classes for logits {x}", x.numel()),
                    classes.shape().to_string(),
                    "give the last layer one output, or use CrossEntropy",
                );
            }
            (targets, _) => {
                let got = targets.map_or("none".to_owned(), |targets| targets.to_string());
                return refuse(format!("targets of the logits' shape {x}"), got, "give one target a logit, once");
            }
        }
        let columns = x.last().copied().unwrap_or(1);
        match self.pos_weight.as_ref().map(Tensor::shape) {
            Some(shape) if shape.numel() != 1 && *shape != [columns] => refuse(
                format!("one weight of positives, or one for each of the {columns} columns of {x}"),
                shape.to_string(),
                "give one weight a column",
            ),
            _ => Ok(()),
        }
    }

    /// y = factor f(x, t, w), element by element, by the form that this is. The functions are to be closures marked
    /// `#[inline(always)]`, as [`kernel::simd`] asks.
    fn apply(
        &self,
        (x, t): (&[F], &[F]),
        factor: F,
        y: &mut [F],
        plain: impl Fn(Form<F, false>, F, F, F) -> F + Sync,
        focal: impl Fn(Form<F, true>, F, F, F) -> F + Sync,
    ) {
        let one = [F::ONE];
        let weights = self.pos_weight.as_ref().map_or(&one[..], Tensor::as_slice);
        if self.gamma == F::ZERO {
            let form = Form::of(self);
            each(
                x,
                t,
                weights,
                y,
                #[inline(always)]
                move |x, t, w| factor * plain(form, x, t, w),
            );
        } else {
            let form = Form::of(self);
            each(
                x,
                t,
                weights,
                y,
                #[inline(always)]
                move |x, t, w| factor * focal(form, x, t, w),
            );
        }
    }

    /// What the losses' sum is multiplied by.
    fn scale(&self, elements: usize) -> F {
        if self.reduction == Reduction::Mean { F::ONE / F::from_usize(elements) } else { F::ONE }
    }
}

impl<F: Float> Op<F> for BinaryCrossEntropyOp<F> {
    fn name(&self) -> &'static str {
        self.label()
    }

    fn shape(&self, inputs: &[Shape]) -> Result<Shape, ShapeError> {
        self.check()?;
        self.check_shapes(inputs[0], inputs.get(1).copied())?;
        Ok(if self.reduction == Reduction::None { inputs[0] } else { Shape::SCALAR })
    }

    /// The classes as numbers, where they were given, and the losses, unless they are the result.
    fn saved(&self, inputs: &[Shape]) -> usize {
        (usize::from(inputs.len() == 1) + usize::from(self.reduction != Reduction::None)) * inputs[0].numel()
    }

    fn forward(&mut self, x: &Inputs<'_, F>, y: &mut [F], saved: &mut [F]) {
        let logits = x.value(0);
        let (kept, losses) = saved.split_at_mut(if x.len() == 1 { logits.len() } else { 0 });
        if let Some(classes) = self.classes.take() {
            kept.iter_mut().zip(classes.as_slice()).for_each(|(t, &class)| *t = F::from_usize(class as usize));
        }
        let t = if x.len() == 1 { &*kept } else { x.value(1) };
        if self.reduction == Reduction::None {
            return self.apply(
                (logits, t),
                F::ONE,
                y,
                #[inline(always)]
                |form, x, t, w| form.loss(x, t, w),
                #[inline(always)]
                |form, x, t, w| form.loss(x, t, w),
            );
        }
        self.apply(
            (logits, t),
            F::ONE,
            losses,
            #[inline(always)]
            |form, x, t, w| form.loss(x, t, w),
            #[inline(always)]
            |form, x, t, w| form.loss(x, t, w),
        );
        y[0] = kernel::sum(losses) * self.scale(logits.len());
    }

    fn backward(&self, at: Backward<'_, F>, dx: &mut [Gradient<F>]) {
        let x = at.x.value(0);
        let t = if at.x.len() == 1 { &at.saved[..x.len()] } else { at.x.value(1) };
        let is_reduced = self.reduction != Reduction::None;
        let factor = if is_reduced { self.scale(x.len()) * at.dy[0] } else { F::ONE };
        if let Some(dx) = dx[0].wanted() {
            self.apply(
                (x, t),
                factor,
                dx,
                #[inline(always)]
                |form, x, t, w| form.slope(x, t, w),
                #[inline(always)]
                |form, x, t, w| form.slope(x, t, w),
            );
        }
        if let Some(dt) = dx.get_mut(1).and_then(Gradient::wanted) {
            self.apply(
                (x, t),
                factor,
                dt,
                #[inline(always)]
                |form, x, t, w| form.slope_of_target(x, t, w),
                #[inline(always)]
                |form, x, t, w| form.slope_of_target(x, t, w),
            );
        }
        if !is_reduced {
            for d in dx.iter_mut().filter_map(Gradient::wanted) {
                kernel::update(
                    d,
                    at.dy,
                    #[inline(always)]
                    |d, dy| d * dy,
                );
            }
        }
    }
}
