//! The operation: two sweeps over the planes forward, two backward.

use evenkeel_autograd::{Backward, Gradient, Incoming, Inputs, Op, Propagation, Var};
use evenkeel_tensor::{Float, Shape, ShapeError, Tensor, kernel, parallel};

use super::statistics::{CENTRE, INVERSE, Kept, LOW, MEAN, PRODUCT, Parts, SCALE, SUM, VARIANCE, softmax};
use crate::layout::ChannelLayout;
use crate::normalizer::check_settings;
use crate::planes;

/// Whose mean and variance are the batch part of a switchable normalisation.
#[derive(Clone, Debug)]
pub enum BatchPart<F: Float> {
    /// Nobody's: there is no batch part.
    Absent,
    /// The batch's own; gradients flow through them.
    Batch,
    /// Given ones: running averages, or averages over many batches.
    Stored {
        /// The mean of each channel.
        mean: Tensor<F>,
        /// The variance of each channel.
        variance: Tensor<F>,
    },
}

/// Switchable normalisation of x (N, C, ...): y = gamma (x - mean) / sqrt(var + eps) + beta, where mean and variance are
/// mixtures of instance, layer and batch statistics; see [`SwitchableNorm`](crate::SwitchableNorm) for the formulas.
///
/// Inputs are x, the logits of the means and those of the variances, and either nothing else or gamma (C) and beta (C). The
/// logits are those of the parts that there are, in the order instance, layer, batch: 3, or 2 without an instance part, and one
/// less where the batch part is [absent](BatchPart::Absent). What the operation keeps
/// ([`Var::saved`](evenkeel_autograd::Var::saved)) begins with the batch part's mean and variance of each channel.
///
/// With p a plane of P values, x̄ and v its mixed mean and variance, r = 1 / sqrt(v + eps), w and u the weights of means and
/// variances, and m_k, v_k the three statistics that hold for the plane:
///
/// - `A = -gamma r sum dy` and `B = -gamma r³/2 sum dy (x - x̄)` are the gradients of x̄ and v;
/// - those of the logits are `w_k sum A (m_k - x̄)` and `u_k sum B (v_k - v)`, over all planes;
/// - `dx = gamma r dy + sum over k of (w_k mean A + 2 u_k (x - m_k) mean B)`, means over all values that share m_k and v_k.
#[derive(Clone, Debug)]
pub struct SwitchableNormOp<F: Float> {
    /// Added to the variance.
    pub eps: f64,
    /// Whose statistics are the batch part.
    pub batch: BatchPart<F>,
    /// The weight of the batch in the running statistics of the layer that records the operation, if one does. It takes no
    /// part in the computation and is refused with the other settings where it is not between 0 and 1.
    pub momentum: Option<f64>,
}

const NAME: &str = "switchable_norm";

impl<F: Float> SwitchableNormOp<F> {
    /// Records the operation on the tape of `x`.
    #[track_caller]
    pub(crate) fn record<'t>(
        self,
        x: Var<'t, F>,
        (mean_logits, var_logits): (Var<'t, F>, Var<'t, F>),
        affine: Option<(Var<'t, F>, Var<'t, F>)>,
    ) -> Var<'t, F> {
        match affine {
            Some((gamma, beta)) => x.tape().record(self, &[x, mean_logits, var_logits, gamma, beta]),
            None => x.tape().record(self, &[x, mean_logits, var_logits]),
        }
    }

    /// The parts that `logits` logits are of. Of an input (N, C) the instance statistics are of one value each, and left out.
    fn parts(&self, logits: usize, rank: usize) -> Parts {
        let batch = !matches!(self.batch, BatchPart::Absent);
        let parts = Parts::new(logits > 1 + usize::from(batch), batch);
        if rank == 2 { parts.without_instance() } else { parts }
    }
}

fn layout(shape: Shape) -> ChannelLayout {
    ChannelLayout::new(NAME, shape).expect("checked when recorded")
}

/// Planes that one task takes: enough for the work to be worth a task.
fn planes_per_task(layout: ChannelLayout) -> usize {
    kernel::BLOCK.div_ceil(layout.inner.max(1))
}

impl<F: Float> Op<F> for SwitchableNormOp<F> {
    fn name(&self) -> &'static str {
        NAME
    }

    fn shape(&self, inputs: &[Shape]) -> Result<Shape, ShapeError> {
        let input = inputs[0];
        let layout = ChannelLayout::new(NAME, input)?;
        let of_channels = Shape::from([layout.channels]);
        let stored = match &self.batch {
            BatchPart::Stored { mean, variance } => [mean.shape(), variance.shape()],
            BatchPart::Absent | BatchPart::Batch => [of_channels; 2],
        };
        if let Some(other) = inputs[3..].iter().chain(&stored).find(|&&s| s != of_channels) {
            return Err(ShapeError::new(
                NAME,
                format!("scale, shift and statistics of shape {of_channels} for input {input}"),
                other.to_string(),
                "give the layer as many channels as axis 1 of its input has",
            ));
        }
        let fewest = 1 + usize::from(!matches!(self.batch, BatchPart::Absent));
        let logits = [Shape::from([fewest]), Shape::from([fewest + 1])];
        if inputs[1] != inputs[2] || !logits.contains(&inputs[1]) {
            return Err(ShapeError::new(
                NAME,
                format!("as many logits of means as of variances, {fewest} or {}", fewest + 1),
                format!("{} and {}", inputs[1], inputs[2]),
                "one for each part, in the order instance, layer, batch",
            ));
        }
        let count = layout.count();
        if matches!(self.batch, BatchPart::Batch) && count < 2 {
            return Err(ShapeError::new(
                NAME,
                "more than one value a channel to take statistics of the batch",
                format!("{count} in input {input}"),
                "use larger batches, or SwitchableNorm::without_batch, whose statistics need no batch",
            ));
        }
        check_settings(NAME, self.eps, self.momentum)?;
        Ok(input)
    }

    fn saved(&self, inputs: &[Shape]) -> usize {
        ChannelLayout::new(NAME, inputs[0]).map_or(0, Kept::<F>::len)
    }

    fn forward(&mut self, inputs: &Inputs<'_, F>, y: &mut [F], saved: &mut [F]) {
        if y.is_empty() {
            return saved.fill(F::ZERO);
        }
        let shape = inputs.shape(0);
        let (layout, x) = (layout(shape), inputs.value(0));
        let mut kept = Kept::new(layout, saved);
        let (inner, group) = (layout.inner, planes_per_task(layout));
        parallel::chunks_mut(kept.planes, group, |task, kept| {
            let x = x[task * group * inner..].chunks_exact(inner);
            for (plane, x) in kept.iter_mut().zip(x) {
                let sample = planes::sample(x);
                let (mean, low, m2) = (sample.mean, sample.low, sample.m2);
                (plane[MEAN], plane[LOW], plane[VARIANCE]) = if m2.is_finite() {
                    (mean, low, m2 / F::from_usize(inner))
                } else {
                    let (mean, m2) = planes::overflowed(|| std::iter::once(x), mean);
                    (mean, F::ZERO, m2)
                };
            }
        });
        kept.derive(match &self.batch {
            BatchPart::Stored { mean, variance } => Some((mean.as_slice(), variance.as_slice())),
            BatchPart::Absent | BatchPart::Batch => None,
        });
        let parts = self.parts(inputs.shape(1).numel(), shape.rank());
        let weights = [1, 2].map(|i| softmax(inputs.value(i), parts));
        let affine = (inputs.len() == 5).then(|| (inputs.value(3), inputs.value(4)));
        kept.mix(weights, affine.map(|(gamma, _)| gamma), F::from_f64(self.eps));
        parallel::chunks_mut2(y, group * inner, kept.planes, group, |task, y, kept| {
            let first = task * group;
            let x = x[first * inner..].chunks_exact(inner);
            for (i, ((y, x), plane)) in y.chunks_exact_mut(inner).zip(x).zip(kept).enumerate() {
                let beta = affine.map_or(F::ZERO, |(_, beta)| beta[(first + i) % layout.channels]);
                if plane[INVERSE] == F::ZERO {
                    y.fill(beta);
                } else {
                    planes::affine(x, plane[MEAN], plane[SCALE], beta - plane[CENTRE] * plane[SCALE], y);
                }
            }
        });
    }

    fn backward(&self, at: Backward<'_, F>, dx: &mut [Gradient<F>]) {
        let layout = layout(at.shape);
        let mut kept = Kept::new(layout, at.saved);
        let (inner, group) = (layout.inner, planes_per_task(layout));
        let [dx, dmean_logits, dvar_logits, affine @ ..] = dx else { unreachable!("three inputs at least") };
        // Of no values, the sums are the zeros that forward has left.
        if !at.dy.is_empty() {
            let (x, dy) = (at.x.value(0), at.dy);
            let both =
                |first: usize| x[first * inner..].chunks_exact(inner).zip(dy[first * inner..].chunks_exact(inner));
            parallel::chunks_mut(kept.planes, group, |task, kept| {
                for (plane, both) in kept.iter_mut().zip(both(task * group)) {
                    (plane[SUM], plane[PRODUCT]) = planes::gradient_sums(std::iter::once(both), plane[MEAN]);
                }
            });
            kept.differentiate(matches!(self.batch, BatchPart::Batch));
            if let Some(dx) = dx.wanted() {
                let unit = kept.unit();
                parallel::chunks_mut2(dx, group * inner, kept.planes, group, |task, dx, kept| {
                    for ((dx, both), plane) in dx.chunks_exact_mut(inner).zip(both(task * group)).zip(kept) {
                        let line = (plane[SCALE], plane[PRODUCT], plane[SUM]);
                        planes::affine_gradient(both, (plane[MEAN], unit), line, dx);
                    }
                });
            }
        }
        let parts = self.parts(at.x.shape(1).numel(), at.shape.rank());
        for (row, logits) in [dmean_logits, dvar_logits].into_iter().enumerate() {
            if let Some(gradient) = logits.wanted() {
                gradient.fill(F::ZERO);
                for (slot, d) in parts.0.into_iter().zip(kept.logit_gradients(row)) {
                    if let Some(slot) = slot {
                        gradient[slot] = d;
                    }
                }
            }
        }
        if let [dgamma, dbeta] = affine {
            for (gradient, sums) in [(dgamma, kept.dgamma), (dbeta, kept.dbeta)] {
                if let Some(gradient) = gradient.wanted() {
                    gradient.copy_from_slice(sums);
                }
            }
        }
    }

    fn propagate(&self, inputs: &[Incoming], _output: Shape) -> Option<Propagation> {
        // As for batch normalisation: stored statistics belong to one network, and a mixture is no sample of all.
        let stored = matches!(self.batch, BatchPart::Stored { .. });
        (!stored).then(|| Propagation::of_normalization(inputs[0].signal, &inputs[3..], self.eps, true, false))
    }
}

/// Switchable normalisation of `x` (N, C, ...) with the logits of means and of variances, and scale and shift (both or neither).
/// See [`SwitchableNormOp`].
///
/// # Panics
/// If the shapes do not fit, or a channel has less than two values and the batch's statistics are wanted.
#[track_caller]
pub fn switchable_norm<'t, F: Float>(
    x: Var<'t, F>,
    logits: (Var<'t, F>, Var<'t, F>),
    affine: Option<(Var<'t, F>, Var<'t, F>)>,
    batch: BatchPart<F>,
    eps: f64,
) -> Var<'t, F> {
    SwitchableNormOp { eps, batch, momentum: None }.record(x, logits, affine)
}
