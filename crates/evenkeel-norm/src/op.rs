//! Batch normalisation as one fused operation, with batch or stored statistics.

use evenkeel_autograd::{Backward, Gradient, Inputs, Op, Var};
use evenkeel_tensor::{Float, Shape, ShapeError, Tensor};

use crate::ChannelLayout;

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
/// spread and `eps` 0 gives beta.
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
}

/// The rows of the kept values, each of a value a channel: mean, variance, inverse deviation and scale (gamma times the
/// inverse deviation), then four of scratch.
const PARTS: usize = 8;

fn parts<F>(saved: &mut [F]) -> [&mut [F]; PARTS] {
    let mut rows = saved.chunks_exact_mut((saved.len() / PARTS).max(1));
    std::array::from_fn(|_| rows.next().unwrap_or_default())
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
            Normalizer::Batch if layout.count() == 1 => {
                return Err(ShapeError::new(
                    "batch_norm",
                    "more than one value a channel to take statistics of",
                    format!("input {}", inputs[0]),
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
        Ok(inputs[0])
    }

    fn saved(&self, inputs: &[Shape]) -> usize {
        PARTS * inputs[0][1]
    }

    fn forward(&mut self, x: &Inputs<'_, F>, y: &mut [F], saved: &mut [F]) {
        let layout = ChannelLayout::new(x.shape(0)).expect("checked when recorded");
        let [mean, variance, inverse, scale, shift, ..] = parts(saved);
        match &self.normalizer {
            Normalizer::Batch => {
                layout.moments(x.value(0), mean, variance);
                let n = F::from_usize(layout.count());
                variance.iter_mut().for_each(|v| *v /= n);
            }
            Normalizer::Stored { mean: m, variance: v } => {
                mean.copy_from_slice(m.as_slice());
                variance.copy_from_slice(v.as_slice());
            }
        }
        let eps = F::from_f64(self.eps);
        for (inverse, &v) in inverse.iter_mut().zip(&*variance) {
            *inverse = if v + eps == F::ZERO { F::ZERO } else { F::ONE / (v + eps).sqrt() };
        }
        if x.len() == 3 {
            scale.iter_mut().zip(&*inverse).zip(x.value(1)).for_each(|((s, &i), &g)| *s = i * g);
            shift.copy_from_slice(x.value(2));
        } else {
            scale.copy_from_slice(inverse);
            shift.fill(F::ZERO);
        }
        layout.affine(x.value(0), mean, scale, shift, y);
    }

    fn backward(&self, at: Backward<'_, F>, dx: &mut [Gradient<F>]) {
        let layout = ChannelLayout::new(at.shape).expect("checked when recorded");
        let [mean, _, inverse, scale, sum, product, b, c] = parts(at.saved);
        let (x, dy) = (at.x.value(0), at.dy);
        let (dx, rest) = dx.split_at_mut(1);
        let (dgamma, dbeta) = match rest {
            [dgamma, dbeta] => (dgamma.wanted(), dbeta.wanted()),
            _ => (None, None),
        };
        let through_statistics = matches!(self.normalizer, Normalizer::Batch);
        if through_statistics || dgamma.is_some() || dbeta.is_some() {
            layout.gradient_sums(x, dy, mean, sum, product);
        }
        if let Some(dbeta) = dbeta {
            dbeta.copy_from_slice(sum);
        }
        if let Some(dgamma) = dgamma {
            dgamma.iter_mut().zip(&*product).zip(&*inverse).for_each(|((d, &p), &i)| *d = p * i);
        }
        let Some(dx) = dx[0].wanted() else { return };
        if through_statistics {
            let n = F::ONE / F::from_usize(layout.count());
            for j in 0..layout.channels {
                b[j] = -scale[j] * inverse[j] * inverse[j] * product[j] * n;
                c[j] = -scale[j] * sum[j] * n;
            }
        } else {
            b.fill(F::ZERO);
            c.fill(F::ZERO);
        }
        layout.affine_gradient((x, dy), mean, (scale, b, c), dx);
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
/// If the shapes do not fit, or a channel has one value only and the batch's statistics are wanted.
#[track_caller]
pub fn batch_norm<'t, F: Float>(
    x: Var<'t, F>,
    affine: Option<(Var<'t, F>, Var<'t, F>)>,
    normalizer: Normalizer<F>,
    eps: f64,
) -> Var<'t, F> {
    let op = BatchNormOp { eps, normalizer };
    match affine {
        Some((gamma, beta)) => x.tape().record(op, &[x, gamma, beta]),
        None => x.tape().record(op, &[x]),
    }
}
