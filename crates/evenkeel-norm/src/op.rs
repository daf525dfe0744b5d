//! Batch normalisation as one fused operation, with batch or stored statistics.

use evenkeel_autograd::{Backward, Gradient, Inputs, Op, Var};
use evenkeel_tensor::parallel::{self, Strip};
use evenkeel_tensor::{Float, Shape, ShapeError, Tensor};

use crate::layout::ChannelLayout;
use crate::{columns, planes};

/// Whose mean and variance normalise a batch.
#[derive(Clone, Debug)]
pub enum Normalizer<F: Float> {
    /// The batch's own; gradients flow through them.
    Batch,
    /// Given ones: running or population statistics.
    Stored {
        /// The mean of each channel.
        mean: Tensor<F>,
        /// The variance of each channel.
        variance: Tensor<F>,
    },
}

/// y = gamma (x - mean) / sqrt(var + eps) + beta, by channel (axis 1).
///
/// Inputs are x (N, C, ...), and either nothing else or gamma (C) and beta (C). What the operation keeps
/// ([`Var::saved`](evenkeel_autograd::Var::saved)) begins with the mean and the biased variance of each channel. A channel without
/// spread and `eps` 0 gives beta. So does a channel of finite values whose squared deviations add up to more than `F` holds
/// (from spreads of about 1e19 on in `f32`): its variance is infinite, and its gradients but beta's are 0.
///
/// With batch statistics over n = N ... values a channel, and x̂ the normalised input, the gradients are those of
/// Ioffe & Szegedy 2015, section 3, collected:
///
/// - `d beta = sum dy`, `d gamma = sum dy x̂`
/// - `dx = gamma / sqrt(var + eps) (dy - d beta / n - x̂ d gamma / n)`
///
/// With stored ones `dx = gamma / sqrt(var + eps) dy`.
#[derive(Clone, Debug)]
pub struct BatchNormOp<F: Float> {
    /// Added to the variance.
    pub eps: f64,
    /// Whose statistics normalise.
    pub normalizer: Normalizer<F>,
    /// The weight of the batch in the running statistics of the layer that records the operation, if one does. It takes no
    /// part in the computation and is refused with the other settings where it is not between 0 and 1.
    pub momentum: Option<f64>,
}

/// The rows of the kept values, each of a value a channel: mean, variance, inverse deviation and scale (gamma times the
/// inverse deviation), then four of scratch.
const PARTS: usize = 8;

impl<F: Float> BatchNormOp<F> {
    /// Records the operation on the tape of `x`.
    #[track_caller]
    pub(crate) fn record<'t>(self, x: Var<'t, F>, affine: Option<(Var<'t, F>, Var<'t, F>)>) -> Var<'t, F> {
        match affine {
            Some((gamma, beta)) => x.tape().record(self, &[x, gamma, beta]),
            None => x.tape().record(self, &[x]),
        }
    }

    /// Statistics and output of the channels from `first` on.
    fn forward_group(
        &self,
        layout: ChannelLayout,
        x: &Inputs<'_, F>,
        first: usize,
        mut y: Strip<'_, F>,
        mut kept: Strip<'_, F>,
    ) {
        let [mean, variance, inverse, scale, shift] = kept.first_rows();
        let channels = first..first + mean.len();
        match &self.normalizer {
            Normalizer::Batch => {
                layout.group_moments(x.value(0), first, mean, variance);
                let n = F::from_usize(layout.count());
                variance.iter_mut().for_each(|v| *v /= n);
            }
            Normalizer::Stored { mean: m, variance: v } => {
                mean.copy_from_slice(&m.as_slice()[channels.clone()]);
                variance.copy_from_slice(&v.as_slice()[channels.clone()]);
            }
        }
        let eps = F::from_f64(self.eps);
        for (inverse, &v) in inverse.iter_mut().zip(&*variance) {
            *inverse = if v + eps == F::ZERO { F::ZERO } else { F::ONE / (v + eps).sqrt() };
        }
        if x.len() == 3 {
            scale.iter_mut().zip(&*inverse).zip(&x.value(1)[channels.clone()]).for_each(|((s, &i), &g)| *s = i * g);
            shift.copy_from_slice(&x.value(2)[channels]);
        } else {
            scale.copy_from_slice(inverse);
            shift.fill(F::ZERO);
        }
        let overflow = self.overflows(variance);
        for n in 0..y.rows() {
            let y = y.row(n);
            let x = &x.value(0)[n * layout.stride() + first * layout.inner..][..y.len()];
            if layout.inner == 1 {
                columns::affine(x, mean, scale, shift, y);
            } else {
                let planes = x.chunks_exact(layout.inner).zip(y.chunks_exact_mut(layout.inner));
                planes.enumerate().for_each(|(c, (x, y))| planes::affine(x, mean[c], scale[c], shift[c], y));
            }
            if overflow {
                fill_overflowed(y, layout.inner, variance, |c| shift[c]);
            }
        }
    }

    /// Whether the squared deviations of a channel of the batch overflow; then so may x - mean, and 0 times that is NaN.
    fn overflows(&self, variance: &[F]) -> bool {
        matches!(self.normalizer, Normalizer::Batch) && variance.contains(&F::INFINITY)
    }

    /// Sums for d gamma and d beta, and dx where it has rows, of the channels from `first` on.
    fn backward_group(
        &self,
        layout: ChannelLayout,
        (x, dy): (&[F], &[F]),
        first: usize,
        mut dx: Strip<'_, F>,
        mut kept: Strip<'_, F>,
    ) {
        let [mean, variance, inverse, scale, sum, product, b, c] = kept.first_rows();
        layout.group_gradient_sums((x, dy), first, mean, sum, product);
        let overflow = self.overflows(variance);
        if overflow {
            fill_overflowed(product, 1, variance, |_| F::ZERO);
        }
        if let Normalizer::Batch = self.normalizer {
            let n = F::ONE / F::from_usize(layout.count());
            for j in 0..mean.len() {
                // In an order that keeps to the middle of the range: inverse² alone underflows from spreads of 1e19 on.
                b[j] = -scale[j] * (product[j] * inverse[j]) * n * inverse[j];
                c[j] = -scale[j] * sum[j] * n;
            }
        } else {
            b.fill(F::ZERO);
            c.fill(F::ZERO);
        }
        for n in 0..dx.rows() {
            let dx = dx.row(n);
            let at = n * layout.stride() + first * layout.inner;
            let (x, dy) = (&x[at..][..dx.len()], &dy[at..][..dx.len()]);
            if layout.inner == 1 {
                columns::affine_gradient((x, dy), mean, (scale, b, c), dx);
            } else {
                let planes = x.chunks_exact(layout.inner).zip(dy.chunks_exact(layout.inner));
                for (j, ((x, dy), dx)) in planes.zip(dx.chunks_exact_mut(layout.inner)).enumerate() {
                    planes::affine_gradient((x, dy), mean[j], (scale[j], b[j], c[j]), dx);
                }
            }
            if overflow {
                fill_overflowed(dx, layout.inner, variance, |_| F::ZERO);
            }
        }
    }
}

/// Fills the values of the channels whose variance is infinite.
fn fill_overflowed<F: Float>(values: &mut [F], inner: usize, variance: &[F], value: impl Fn(usize) -> F) {
    let channels = values.chunks_exact_mut(inner).zip(variance).enumerate();
    channels.filter(|(_, (_, v))| **v == F::INFINITY).for_each(|(c, (values, _))| values.fill(value(c)));
}

impl<F: Float> Op<F> for BatchNormOp<F> {
    fn name(&self) -> &'static str {
        "batch_norm"
    }

    fn shape(&self, inputs: &[Shape]) -> Result<Shape, ShapeError> {
        let layout = ChannelLayout::new(inputs[0])?;
        let channels = Shape::from([layout.channels]);
        if let Some(other) = inputs[1..].iter().find(|&&s| s != channels) {
            return Err(misfit(channels, inputs[0], *other));
        }
        match &self.normalizer {
            Normalizer::Stored { mean, variance } => {
                if let Some(other) = [mean.shape(), variance.shape()].into_iter().find(|&s| s != channels) {
                    return Err(misfit(channels, inputs[0], other));
                }
            }
            Normalizer::Batch if layout.count() < 2 => {
                return Err(ShapeError::new(
                    "batch_norm",
                    "more than one value a channel to take statistics of",
                    format!("{} in input {}", layout.count(), inputs[0]),
                    "use larger batches, drop the last short batch, or a normalisation that needs no batch \
                     (GroupNorm, LayerNorm)",
                ));
            }
            Normalizer::Batch => {}
        }
        // Written so that NaN fails.
        if !(self.eps >= 0.0 && self.eps.is_finite()) {
            return Err(ShapeError::new(
                "batch_norm",
                "a finite eps of 0 or more",
                format!("eps {}", self.eps),
                "1e-5 is usual",
            ));
        }
        if let Some(momentum) = self.momentum.filter(|m| !(0.0..=1.0).contains(m)) {
            return Err(ShapeError::new(
                "batch_norm",
                "a momentum between 0 and 1, the weight of the new batch",
                format!("momentum {momentum}"),
                "0.1 is usual (where the weight of the old is meant, 1 minus that)",
            ));
        }
        Ok(inputs[0])
    }

    fn saved(&self, inputs: &[Shape]) -> usize {
        PARTS * inputs[0][1]
    }

    fn forward(&mut self, x: &Inputs<'_, F>, y: &mut [F], saved: &mut [F]) {
        let layout = ChannelLayout::new(x.shape(0)).expect("checked when recorded");
        if y.is_empty() {
            return saved.fill(F::ZERO);
        }
        let group = layout.channels_per_task();
        let y = (y, layout.stride(), group * layout.inner);
        parallel::strips_mut2(y, (saved, layout.channels, group), |task, y, kept| {
            self.forward_group(layout, x, task * group, y, kept);
        });
    }

    fn backward(&self, at: Backward<'_, F>, dx: &mut [Gradient<F>]) {
        let layout = ChannelLayout::new(at.shape).expect("checked when recorded");
        let group = layout.channels_per_task();
        let [dx, affine @ ..] = dx else { unreachable!("one input at least") };
        let (x, dy) = (at.x.value(0), at.dy);
        let dx = (dx.wanted().unwrap_or_default(), layout.stride(), group * layout.inner);
        // Of no values, the sums are the zeros that forward has left.
        if !dy.is_empty() {
            parallel::strips_mut2(dx, (&mut *at.saved, layout.channels, group), |task, dx, kept| {
                self.backward_group(layout, (x, dy), task * group, dx, kept);
            });
        }
        if let [dgamma, dbeta] = affine {
            let part = |i: usize| &at.saved[i * layout.channels..][..layout.channels];
            let (inverse, sum, product) = (part(2), part(4), part(5));
            if let Some(dgamma) = dgamma.wanted() {
                dgamma.iter_mut().zip(product).zip(inverse).for_each(|((d, &p), &i)| *d = p * i);
            }
            if let Some(dbeta) = dbeta.wanted() {
                dbeta.copy_from_slice(sum);
            }
        }
    }
}

fn misfit(channels: Shape, input: Shape, got: Shape) -> ShapeError {
    ShapeError::new(
        "batch_norm",
        format!("scale, shift and statistics of shape {channels} for input {input}"),
        got.to_string(),
        "give the layer as many channels as axis 1 of its input has",
    )
}

/// Batch normalisation of `x` (N, C, ...), with scale and shift (both or neither).
///
/// # Panics
/// If the shapes do not fit, or a channel has less than two values and the batch's statistics are wanted.
#[track_caller]
pub fn batch_norm<'t, F: Float>(
    x: Var<'t, F>,
    affine: Option<(Var<'t, F>, Var<'t, F>)>,
    normalizer: Normalizer<F>,
    eps: f64,
) -> Var<'t, F> {
    BatchNormOp { eps, normalizer, momentum: None }.record(x, affine)
}
