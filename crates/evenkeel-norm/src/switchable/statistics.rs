//! Layer and batch statistics from those of the planes, and their mixture.

use evenkeel_tensor::Float;

use crate::layout::ChannelLayout;

/// Where among the logits those of the three kinds of statistics are, in the order instance, layer, batch; none for a kind that
/// takes no part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Parts(pub(crate) [Option<usize>; 3]);

impl Parts {
    /// The layer's part, and those of the others that are wanted.
    pub(crate) fn new(instance: bool, batch: bool) -> Self {
        let layer = usize::from(instance);
        Self([instance.then_some(0), Some(layer), batch.then_some(layer + 1)])
    }

    /// Without the instance's part, whose logit stays.
    pub(crate) fn without_instance(self) -> Self {
        Self([None, self.0[1], self.0[2]])
    }
}

/// The softmax of the logits of the parts, and 0 for a kind that takes none.
pub(crate) fn softmax<F: Float>(logits: &[F], parts: Parts) -> [F; 3] {
    let largest = parts.0.iter().flatten().fold(-F::INFINITY, |m, &i| F::max(m, logits[i]));
    let powers = parts.0.map(|slot| slot.map_or(F::ZERO, |i| (logits[i] - largest).exp()));
    let sum = powers[0] + powers[1] + powers[2];
    powers.map(|p| p / sum)
}

/// The values kept of a plane, by their places.
pub(super) const PLANE: usize = 8;
/// The mean, rounded, and what rounding left out.
pub(super) const MEAN: usize = 0;
pub(super) const LOW: usize = 1;
pub(super) const VARIANCE: usize = 2;
/// The mixed mean less `MEAN`.
pub(super) const CENTRE: usize = 3;
/// 1 / sqrt(mixed variance + eps), and that times gamma.
pub(super) const INVERSE: usize = 4;
pub(super) const SCALE: usize = 5;
/// In the backward pass the sums of dy and of dy (x - `MEAN`), and then the offset and the slope of dx in (x - `MEAN`) times the unit.
pub(super) const SUM: usize = 6;
pub(super) const PRODUCT: usize = 7;

/// Rows of a value a channel, and of a value an example.
const CHANNEL_ROWS: usize = 8;
const EXAMPLE_ROWS: usize = 4;
/// The weights of means and variances, the gradients of their logits, and the unit.
const WEIGHTS: usize = 13;

/// What the operation keeps, by name.
pub(super) struct Kept<'a, F> {
    layout: ChannelLayout,
    /// The batch part's mean and variance of each channel.
    pub(super) mean: &'a mut [F],
    pub(super) variance: &'a mut [F],
    /// The same mean as a value near the channel's planes' means, and its distance from there.
    origin: &'a mut [F],
    rest: &'a mut [F],
    /// Sums over a channel's planes: of the gradients of mixed means and of mixed variances, and the gradients of gamma and beta.
    of_mean: &'a mut [F],
    of_variance: &'a mut [F],
    pub(super) dgamma: &'a mut [F],
    pub(super) dbeta: &'a mut [F],
    /// The layer statistics of each example, the mean as its distance from that of the example's first plane; and sums over its
    /// planes.
    layer_rest: &'a mut [F],
    layer_variance: &'a mut [F],
    layer_of_mean: &'a mut [F],
    layer_of_variance: &'a mut [F],
    /// The weights of means and of variances, then the gradients of their logits before the softmax's own part, then the unit.
    weights: &'a mut [F],
    pub(super) planes: &'a mut [[F; PLANE]],
}

impl<'a, F: Float> Kept<'a, F> {
    /// The number of values kept.
    pub(super) fn len(layout: ChannelLayout) -> usize {
        let ChannelLayout { outer, channels, .. } = layout;
        CHANNEL_ROWS * channels + EXAMPLE_ROWS * outer + WEIGHTS + PLANE * outer * channels
    }

    pub(super) fn new(layout: ChannelLayout, saved: &'a mut [F]) -> Self {
        let mut rest = saved;
        let mut take = |n: usize| {
            let (head, tail) = std::mem::take(&mut rest).split_at_mut(n);
            rest = tail;
            head
        };
        let (c, n) = (layout.channels, layout.outer);
        Self {
            layout,
            mean: take(c),
            variance: take(c),
            origin: take(c),
            rest: take(c),
            of_mean: take(c),
            of_variance: take(c),
            dgamma: take(c),
            dbeta: take(c),
            layer_rest: take(n),
            layer_variance: take(n),
            layer_of_mean: take(n),
            layer_of_variance: take(n),
            weights: take(WEIGHTS),
            planes: take(PLANE * n * c).as_chunks_mut().0,
        }
    }

    fn weights(&self, row: usize) -> [F; 3] {
        std::array::from_fn(|k| self.weights[3 * row + k])
    }

    /// Statistics of layers and of the batch from those of the planes, all of which have the same size: by the law of total
    /// variance, means relative to one of them.
    pub(super) fn derive(&mut self, stored: Option<(&[F], &[F])>) {
        let ChannelLayout { outer, channels, .. } = self.layout;
        let share = F::ONE / F::from_usize(channels);
        for (n, planes) in self.planes.chunks_exact(channels).enumerate() {
            let distance = |p: &[F; PLANE]| (p[MEAN] - planes[0][MEAN]) + p[LOW];
            let mean = planes.iter().map(distance).sum::<F>() * share;
            let variance = planes.iter().map(|p| p[VARIANCE] + square(distance(p) - mean)).sum::<F>() * share;
            (self.layer_rest[n], self.layer_variance[n]) =
                if variance.is_finite() { (mean, variance) } else { (F::ZERO, overflowed(planes.iter())) };
        }
        if let Some((mean, variance)) = stored {
            self.mean.copy_from_slice(mean);
            self.variance.copy_from_slice(variance);
            self.origin.copy_from_slice(mean);
            return self.rest.fill(F::ZERO);
        }
        let share = F::ONE / F::from_usize(outer);
        self.origin.iter_mut().zip(&*self.planes).for_each(|(origin, plane)| *origin = plane[MEAN]);
        self.rest.fill(F::ZERO);
        self.variance.fill(F::ZERO);
        for planes in self.planes.chunks_exact(channels) {
            let sums = self.rest.iter_mut().zip(&*self.origin);
            sums.zip(planes).for_each(|((sum, &origin), p)| *sum += (p[MEAN] - origin) + p[LOW]);
        }
        self.rest.iter_mut().for_each(|sum| *sum *= share);
        for planes in self.planes.chunks_exact(channels) {
            for (((sum, &origin), &rest), p) in self.variance.iter_mut().zip(&*self.origin).zip(&*self.rest).zip(planes)
            {
                *sum += p[VARIANCE] + square((p[MEAN] - origin) + p[LOW] - rest);
            }
        }
        for c in 0..channels {
            self.variance[c] *= share;
            if !self.variance[c].is_finite() {
                let planes = || self.planes[c..].iter().step_by(channels);
                self.variance[c] = overflowed(planes());
                self.origin[c] = planes().map(|p| p[MEAN] * share).sum();
                self.rest[c] = F::ZERO;
            }
            self.mean[c] = self.origin[c] + self.rest[c];
        }
    }

    /// The three means less `MEAN` of the plane `c` of example `n`.
    fn means(&self, n: usize, c: usize) -> [F; 3] {
        let plane = &self.planes[n * self.layout.channels + c];
        let layer = (self.planes[n * self.layout.channels][MEAN] - plane[MEAN]) + self.layer_rest[n];
        [plane[LOW], layer, (self.origin[c] - plane[MEAN]) + self.rest[c]]
    }

    fn variances(&self, n: usize, c: usize) -> [F; 3] {
        [self.planes[n * self.layout.channels + c][VARIANCE], self.layer_variance[n], self.variance[c]]
    }

    /// Mixes the statistics of each plane with the weights of means and of variances.
    pub(super) fn mix(&mut self, weights: [[F; 3]; 2], gamma: Option<&[F]>, eps: F) {
        for (row, weights) in weights.iter().enumerate() {
            self.weights[3 * row..][..3].copy_from_slice(weights);
        }
        for n in 0..self.layout.outer {
            for c in 0..self.layout.channels {
                let centre = mixture(weights[0], self.means(n, c));
                let variance = mixture(weights[1], self.variances(n, c)) + eps;
                let inverse = if variance == F::ZERO { F::ZERO } else { F::ONE / variance.sqrt() };
                let plane = &mut self.planes[n * self.layout.channels + c];
                (plane[CENTRE], plane[INVERSE]) = (centre, inverse);
                plane[SCALE] = gamma.map_or(inverse, |gamma| gamma[c] * inverse);
            }
        }
    }

    /// What the gradients of variances are divided by, as they go with the square of the inverse deviation, which overflows at
    /// spreads below 1e-19 in `f32`: the largest inverse deviation where that comes near, and x̂ is formed with it; otherwise 1.
    pub(super) fn unit(&self) -> F {
        self.weights[12]
    }

    /// From the sums over planes of dy and dy (x - `MEAN`) the gradients of gamma, beta and the logits, and each plane's line
    /// in (x - `MEAN`) times the unit that dx has besides `SCALE` dy. `flows`: through the batch's statistics too.
    pub(super) fn differentiate(&mut self, flows: bool) {
        let channels = self.layout.channels;
        for sums in [&mut *self.of_mean, self.of_variance, self.dgamma, self.dbeta] {
            sums.fill(F::ZERO);
        }
        let weights = [self.weights(0), self.weights(1)];
        let mut logits = [[F::ZERO; 3]; 2];
        let half = F::from_f64(0.5);
        let largest = self.planes.iter().fold(F::ONE, |largest, plane| F::max(largest, plane[INVERSE]));
        // That the fourth power is finite leaves room for what the square is multiplied by.
        let unit = if (square(square(largest))).is_finite() { F::ONE } else { largest };
        self.weights[12] = unit;
        for n in 0..self.layout.outer {
            let (mut of_means, mut of_variances) = (F::ZERO, F::ZERO);
            let mut example = [[F::ZERO; 3]; 2];
            for c in 0..channels {
                let (means, variances) = (self.means(n, c), self.variances(n, c));
                let plane = &mut self.planes[n * channels + c];
                let (sum, inverse) = (plane[SUM], plane[INVERSE]);
                self.dbeta[c] += sum;
                // Without an inverse the output is beta, whatever the rest may be.
                if inverse == F::ZERO {
                    (plane[SUM], plane[PRODUCT]) = (F::ZERO, F::ZERO);
                    continue;
                }
                let along = (plane[PRODUCT] - plane[CENTRE] * sum) * inverse;
                self.dgamma[c] += along;
                let of_mean = -plane[SCALE] * sum;
                let of_variance = -half * (plane[SCALE] * along) * (inverse / unit);
                (plane[SUM], plane[PRODUCT]) = (of_mean, of_variance);
                self.of_mean[c] += of_mean;
                self.of_variance[c] += of_variance;
                of_means += of_mean;
                of_variances += of_variance;
                // Less the mixture, which the softmax's gradient takes away anyway: small numbers instead of large ones.
                let variance = mixture(weights[1], variances);
                for k in 0..3 {
                    example[0][k] += share(weights[0][k], means[k] - plane[CENTRE]) * of_mean;
                    example[1][k] += (share(weights[1][k], variances[k] - variance) * unit) * of_variance;
                }
            }
            (self.layer_of_mean[n], self.layer_of_variance[n]) = (of_means, of_variances);
            for (logits, example) in logits.iter_mut().flatten().zip(example.iter().flatten()) {
                *logits += *example;
            }
        }
        self.weights[6..].iter_mut().zip(logits.iter().flatten()).for_each(|(kept, &logit)| *kept = logit);
        self.lines(weights, flows);
    }

    /// Each plane's line: the gradients of the three means and variances, times theirs by x.
    fn lines(&mut self, weights: [[F; 3]; 2], flows: bool) {
        let ChannelLayout { outer, channels, inner } = self.layout;
        let batch = if flows { F::ONE / F::from_usize(outer * inner) } else { F::ZERO };
        let shares = [F::ONE / F::from_usize(inner), F::ONE / F::from_usize(channels * inner), batch];
        let (two, unit) = (F::from_f64(2.0), self.unit());
        let of_mean: [F; 3] = std::array::from_fn(|k| weights[0][k] * shares[k]);
        let of_variance: [F; 3] = std::array::from_fn(|k| two * weights[1][k] * shares[k]);
        for n in 0..outer {
            for c in 0..channels {
                let means = self.means(n, c).map(|mean| mean * unit);
                let plane = &mut self.planes[n * channels + c];
                let by_mean = [plane[SUM], self.layer_of_mean[n], self.of_mean[c]];
                let by_variance = [plane[PRODUCT], self.layer_of_variance[n], self.of_variance[c]];
                let slopes: [F; 3] = std::array::from_fn(|k| of_variance[k] * by_variance[k]);
                plane[SUM] = mixture(of_mean, by_mean) - mixture(slopes, means);
                plane[PRODUCT] = slopes[0] + slopes[1] + slopes[2];
            }
        }
    }

    /// The gradients of the logits of means (row 0) or variances (row 1), by part.
    pub(super) fn logit_gradients(&self, row: usize) -> [F; 3] {
        self.weights(2 + row)
    }
}

/// The variance over planes whose squared deviations came out infinite or NaN: infinite, unless values are not finite themselves.
fn overflowed<'a, F: Float>(mut planes: impl Iterator<Item = &'a [F; PLANE]>) -> F {
    if planes.any(|p| p[VARIANCE].is_nan()) { F::NAN } else { F::INFINITY }
}

fn square<F: Float>(x: F) -> F {
    x * x
}

/// weight x; what has no weight does not count, be it infinite.
fn share<F: Float>(weight: F, x: F) -> F {
    if weight == F::ZERO { F::ZERO } else { weight * x }
}

fn mixture<F: Float>(weights: [F; 3], values: [F; 3]) -> F {
    share(weights[0], values[0]) + share(weights[1], values[1]) + share(weights[2], values[2])
}
