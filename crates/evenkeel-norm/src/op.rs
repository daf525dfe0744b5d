//! Batch normalisation as one fused operation, with batch or stored statistics.

use evenkeel_autograd::{Backward, Gradient, Incoming, Inputs, Op, Propagation, Var};
use evenkeel_tensor::parallel::{self, Strip};
use evenkeel_tensor::{Float, Shape, ShapeError, Tensor};

use crate::few::{FEW, Few};
use crate::layout::ChannelLayout;
use crate::normalizer::{Normalizer, check_settings};
use crate::sites::Sites;
use crate::{columns, planes};

/// y = gamma (x - mean) / sqrt(var + eps) + beta, by channel (axis 1).
///
/// Inputs are x (N, C, ...), and either nothing else or gamma (C) and beta (C). What the operation keeps
/// ([`Var::saved`](evenkeel_autograd::Var::saved)) begins with the mean and the biased variance of each channel. A channel without
/// spread and `eps` 0 gives beta. So does a channel of finite values whose squared deviations add up to more than `F` holds
/// (from spreads of about 1e19 on in `f32`): its variance is infinite, and its gradients but beta's are 0; a stored variance that is
/// infinite likewise.
///
/// With batch statistics over n = N ... values a channel, and x̂ the normalised input, the gradients are those of
/// Ioffe & Szegedy 2015, section 3, collected:
///
/// - `d beta = sum dy`, `d gamma = sum dy x̂`
/// - `dx = gamma / sqrt(var + eps) (dy - d beta / n - x̂ d gamma / n)`
///
/// With stored ones `dx = gamma / sqrt(var + eps) dy`. Where the batch's statistics are [corrected](Normalizer::Corrected), dx is r
/// times that of the batch's own, and `d gamma = sum dy (r x̂ + d)`.
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

/// The rows of the kept values, each of a value a channel: mean and variance, what rounding the mean left out, inverse deviation,
/// scale (gamma times r times the inverse deviation), the corrections r and d, then four of scratch.
const PARTS: usize = 11;

impl<F: Float> BatchNormOp<F> {
    /// Records the operation on the tape of `x`.
    #[track_caller]
    pub(crate) fn record<'t>(self, x: Var<'t, F>, affine: Option<(Var<'t, F>, Var<'t, F>)>) -> Var<'t, F> {
        record(self, x, affine)
    }

    /// Whether input shapes fit channels as they lie in the first, `count` values each.
    ///
    /// # Errors
    /// If not, or if a setting makes no sense.
    pub(crate) fn check(&self, name: &'static str, inputs: &[Shape], sites: Sites<'_>) -> Result<(), ShapeError> {
        let channels = Shape::from([sites.layout.channels]);
        let given = self.normalizer.given().map_or([channels; 2], |given| given.map(Tensor::shape));
        if let Some(other) = inputs[1..].iter().chain(&given).find(|&&s| s != channels) {
            return Err(ShapeError::new(
                name,
                format!("scale, shift and statistics of shape {channels} for input {}", inputs[0]),
                other.to_string(),
                "give the layer as many channels as its input has",
            ));
        }
        if self.normalizer.is_of_batch() && sites.count() < 2 {
            return Err(ShapeError::new(
                name,
                "more than one value a channel to take statistics of",
                format!("{} in input {}", sites.count(), inputs[0]),
                "use larger batches, drop the last short batch, or a normalisation that needs no batch \
                 (GroupNorm, LayerNorm)",
            ));
        }
        self.normalizer.check(name)?;
        check_settings(name, self.eps, self.momentum)
    }

    /// Statistics and output.
    pub(crate) fn run(&self, sites: Sites<'_>, x: &Inputs<'_, F>, y: &mut [F], saved: &mut [F]) {
        if y.is_empty() {
            return saved.fill(F::ZERO);
        }
        let (layout, group) = (sites.layout, sites.layout.channels_per_task());
        let y = (y, layout.stride(), group * layout.inner);
        parallel::strips_mut2(y, (saved, layout.channels, group), |task, y, kept| {
            self.forward_group(sites, x, task * group, y, kept);
        });
    }

    /// Statistics and output of the channels from `first` on.
    fn forward_group(
        &self,
        sites: Sites<'_>,
        x: &Inputs<'_, F>,
        first: usize,
        y: Strip<'_, F>,
        mut kept: Strip<'_, F>,
    ) {
        let [mean, variance, low, inverse, scale, r, d, shift] = kept.first_rows();
        let channels = first..first + mean.len();
        if let Normalizer::Stored { mean: m, variance: v } = &self.normalizer {
            mean.copy_from_slice(&m.as_slice()[channels.clone()]);
            variance.copy_from_slice(&v.as_slice()[channels.clone()]);
            low.fill(F::ZERO);
        } else {
            sites.group_moments(x.value(0), first, [&mut *mean, &mut *low, &mut *variance]);
            let n = F::from_usize(sites.count());
            variance.iter_mut().for_each(|v| *v /= n);
        }
        let eps = F::from_f64(self.eps);
        self.normalizer.correct((mean, low, variance), eps, first, r, d);
        let affine = (x.len() == 3).then(|| (&x.value(1)[channels.clone()], &x.value(2)[channels]));
        for c in 0..mean.len() {
            let v = variance[c] + eps;
            inverse[c] = if v == F::ZERO { F::ZERO } else { F::ONE / v.sqrt() };
            let (gamma, beta) = affine.map_or((F::ONE, F::ZERO), |(gamma, beta)| (gamma[c], beta[c]));
            scale[c] = gamma * r[c] * inverse[c];
            shift[c] = beta + gamma * d[c] - low[c] * scale[c];
        }
        let (overflow, inner) = (overflows(variance), sites.layout.inner);
        sites.for_each_row(y, first, |y, at, valid| {
            let x = &x.value(0)[at..][..y.len()];
            if inner == 1 {
                columns::affine(x, mean, scale, shift, y);
            } else {
                let planes = x.chunks_exact(inner).zip(y.chunks_exact_mut(inner)).enumerate();
                planes.for_each(|(c, (x, y))| {
                    planes::affine(&x[..valid], mean[c], scale[c], shift[c], &mut y[..valid]);
                });
            }
            if overflow {
                fill_overflowed(y, (inner, valid), variance, |c, i| if x[i].is_finite() { shift[c] } else { F::NAN });
            }
        });
    }

    /// The gradients that are wanted.
    pub(crate) fn differentiate(&self, sites: Sites<'_>, at: Backward<'_, F>, dx: &mut [Gradient<F>]) {
        let (layout, group) = (sites.layout, sites.layout.channels_per_task());
        let [dx, affine @ ..] = dx else { unreachable!("one input at least") };
        let (x, dy) = (at.x.value(0), at.dy);
        let dx = (dx.wanted().unwrap_or_default(), layout.stride(), group * layout.inner);
        // Of no values, the sums are the zeros that forward has left.
        if !dy.is_empty() {
            parallel::strips_mut2(dx, (&mut *at.saved, layout.channels, group), |task, dx, kept| {
                self.backward_group(sites, (x, dy), task * group, dx, kept);
            });
        }
        if let [dgamma, dbeta] = affine {
            let part = |i: usize| &at.saved[i * layout.channels..][..layout.channels];
            let (inverse, r, d, sum, product) = (part(3), part(5), part(6), part(7), part(8));
            if let Some(dgamma) = dgamma.wanted() {
                for (c, dgamma) in dgamma.iter_mut().enumerate() {
                    *dgamma = product[c] * inverse[c] * r[c] + d[c] * sum[c];
                }
            }
            if let Some(dbeta) = dbeta.wanted() {
                dbeta.copy_from_slice(sum);
            }
        }
    }

    /// Sums for d gamma and d beta, and dx where it has rows, of the channels from `first` on.
    fn backward_group(
        &self,
        sites: Sites<'_>,
        (x, dy): (&[F], &[F]),
        first: usize,
        dx: Strip<'_, F>,
        mut kept: Strip<'_, F>,
    ) {
        let [mean, variance, low, inverse, scale, _, _, sum, product, slope, constant] = kept.first_rows();
        sites.group_gradient_sums((x, dy), first, mean, sum, product);
        let overflow = overflows(variance);
        let n = if self.normalizer.is_of_batch() { F::ONE / F::from_usize(sites.count()) } else { F::ZERO };
        for c in 0..mean.len() {
            product[c] = if overflow && variance[c] == F::INFINITY { F::ZERO } else { product[c] - low[c] * sum[c] };
            // Of x̂, not of x: inverse² underflows at spreads from 1e19 on and overflows at those below 1e-19.
            slope[c] = -scale[c] * (product[c] * inverse[c]) * n;
            constant[c] = -scale[c] * sum[c] * n - slope[c] * (low[c] * inverse[c]);
        }
        let inner = sites.layout.inner;
        if self.normalizer.is_of_batch() && sites.count() <= FEW {
            return self.few(sites, (x, dy), first, (inverse, scale), dx);
        }
        sites.for_each_row(dx, first, |dx, at, valid| {
            let (x, dy) = (&x[at..][..dx.len()], &dy[at..][..dx.len()]);
            if inner == 1 {
                columns::affine_gradient((x, dy), (mean, inverse), (scale, slope, constant), dx);
            } else {
                let planes = x.chunks_exact(inner).zip(dy.chunks_exact(inner)).zip(dx.chunks_exact_mut(inner));
                for (c, ((x, dy), dx)) in planes.enumerate() {
                    let line = (scale[c], slope[c], constant[c]);
                    let both = (&x[..valid], &dy[..valid]);
                    planes::affine_gradient(both, (mean[c], inverse[c]), line, &mut dx[..valid]);
                }
            }
            if overflow {
                fill_overflowed(dx, (inner, valid), variance, |_, _| F::ZERO);
            }
        });
    }
}

impl<F: Float> BatchNormOp<F> {
    /// dx of channels with a few values each.
    fn few(
        &self,
        sites: Sites<'_>,
        (x, dy): (&[F], &[F]),
        first: usize,
        (inverse, scale): (&[F], &[F]),
        mut dx: Strip<'_, F>,
    ) {
        let layout = sites.layout;
        for c in 0..inverse.len() {
            // Times r, where there is one.
            let gamma = scale[c].to_f64() / inverse[c].to_f64();
            let place = |n: usize, i: usize| n * layout.stride() + (first + c) * layout.inner + i;
            let places = (0..dx.rows()).flat_map(|n| (0..sites.valid(n)).map(move |i| place(n, i)));
            let pair = |at: usize| (x[at].to_f64(), gamma * dy[at].to_f64());
            let few = Few::new(places.map(pair), true, self.eps);
            for n in 0..dx.rows() {
                let (dx, padding) = dx.row(n)[c * layout.inner..][..layout.inner].split_at_mut(sites.valid(n));
                padding.fill(F::ZERO);
                for (i, dx) in dx.iter_mut().enumerate() {
                    let (x, g) = pair(place(n, i));
                    // Without spread, or with one that overflows, nothing flows back.
                    *dx = if inverse[c] == F::ZERO { F::ZERO } else { F::from_f64(few.gradient(x, g)) };
                }
            }
        }
    }
}

/// Records a batch normalisation, with scale and shift or without.
#[track_caller]
pub(crate) fn record<'t, F: Float>(
    op: impl Op<F>,
    x: Var<'t, F>,
    affine: Option<(Var<'t, F>, Var<'t, F>)>,
) -> Var<'t, F> {
    match affine {
        Some((gamma, beta)) => x.tape().record(op, &[x, gamma, beta]),
        None => x.tape().record(op, &[x]),
    }
}

/// The number of values kept for as many channels.
pub(crate) fn kept(channels: usize) -> usize {
    PARTS * channels
}

/// Whether a channel's squared deviations overflow; then so may x - mean, and 0 times that is NaN.
fn overflows<F: Float>(variance: &[F]) -> bool {
    variance.contains(&F::INFINITY)
}

/// Fills the values that count of the channels whose variance is infinite, from the channel's number and the value's place.
fn fill_overflowed<F: Float>(
    values: &mut [F],
    (inner, valid): (usize, usize),
    variance: &[F],
    value: impl Fn(usize, usize) -> F,
) {
    let channels = values.chunks_exact_mut(inner).zip(variance).enumerate();
    for (c, (values, _)) in channels.filter(|(_, (_, v))| **v == F::INFINITY) {
        values[..valid].iter_mut().enumerate().for_each(|(i, v)| *v = value(c, c * inner + i));
    }
}

fn sites(shape: Shape) -> Sites<'static> {
    Sites { layout: ChannelLayout::new("batch_norm", shape).expect("checked when recorded"), lengths: None }
}

impl<F: Float> Op<F> for BatchNormOp<F> {
    fn name(&self) -> &'static str {
        "batch_norm"
    }

    fn shape(&self, inputs: &[Shape]) -> Result<Shape, ShapeError> {
        let layout = ChannelLayout::new("batch_norm", inputs[0])?;
        self.check("batch_norm", inputs, Sites { layout, lengths: None })?;
        Ok(inputs[0])
    }

    fn saved(&self, inputs: &[Shape]) -> usize {
        kept(inputs[0][1])
    }

    fn forward(&mut self, x: &Inputs<'_, F>, y: &mut [F], saved: &mut [F]) {
        self.run(sites(x.shape(0)), x, y, saved);
    }

    fn backward(&self, at: Backward<'_, F>, dx: &mut [Gradient<F>]) {
        self.differentiate(sites(at.shape), at, dx);
    }

    fn propagate(&self, inputs: &[Incoming], _output: Shape) -> Option<Propagation> {
        // Stored statistics belong to one network, not to a random one. Of a batch, the spread of a channel over the examples is
        // only a part of that over channels and examples, so the gradient is not told.
        let of_batch = self.normalizer.is_of_batch();
        of_batch.then(|| Propagation::of_normalization(inputs[0].signal, &inputs[1..], self.eps, true, false))
    }
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
