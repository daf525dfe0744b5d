//! Centre and inverse deviation of a run of values.

use evenkeel_tensor::Float;

use crate::few::Few;

/// Interleaved partial sums, as in `evenkeel_tensor::kernel`.
const LANES: usize = 32;

/// Values whose sums are taken before they are added to those before: long runs then lose no digits to a large sum.
const PART: usize = 4096;

/// Values whose mean is the origin of the deviations of all: enough to lie near the mean, few enough to cost nothing.
const FIRST: usize = 64;

/// The sums over runs of equal length of what `f` makes of their values, in a fixed order.
/// Sequential; call it inside [`simd`](evenkeel_tensor::kernel::simd).
#[inline(always)]
pub(crate) fn sums<F: Float, const K: usize, const S: usize>(x: [&[F]; K], f: impl Fn([F; K]) -> [F; S]) -> [F; S] {
    let n = x[0].len();
    let mut total = [F::ZERO; S];
    let mut start = 0;
    while start < n {
        let end = if n - start > PART { start + PART } else { n };
        let part = x.map(
            #[inline(always)]
            |x| &x[start..end],
        );
        total.iter_mut().zip(part_sums(part, &f)).for_each(|(total, part)| *total += part);
        start = end;
    }
    total
}

#[inline(always)]
fn part_sums<F: Float, const K: usize, const S: usize>(x: [&[F]; K], f: &impl Fn([F; K]) -> [F; S]) -> [F; S] {
    let mut lanes = [[F::ZERO; LANES]; S];
    let parts = x.map(
        #[inline(always)]
        |x| x.as_chunks::<LANES>(),
    );
    for i in 0..parts[0].0.len() {
        let chunk = parts.map(
            #[inline(always)]
            |(chunks, _)| &chunks[i],
        );
        for lane in 0..LANES {
            let values = chunk.map(
                #[inline(always)]
                |chunk| chunk[lane],
            );
            add(&mut lanes, lane, f(values));
        }
    }
    for lane in 0..parts[0].1.len() {
        let values = parts.map(
            #[inline(always)]
            |(_, rest)| rest[lane],
        );
        add(&mut lanes, lane, f(values));
    }
    lanes.map(fold)
}

#[inline(always)]
fn add<F: Float, const S: usize>(lanes: &mut [[F; LANES]; S], lane: usize, terms: [F; S]) {
    for s in 0..S {
        lanes[s][lane] += terms[s];
    }
}

/// Adds the lanes pairwise. A call of its own: where it is inlined, the lanes are kept in memory while they are added up.
#[inline(never)]
fn fold<F: Float>(mut lanes: [F; LANES]) -> F {
    let mut width = LANES / 2;
    while width > 0 {
        for lane in 0..width {
            let other = lanes[lane + width];
            lanes[lane] += other;
        }
        width /= 2;
    }
    lanes[0]
}

/// How the values of a group are standardised: x̂ = (x - origin) inverse + offset.
///
/// The mean is held in two parts, origin and what remains of it: beside a large common offset, the nearest float to the mean may
/// be a good part of the deviation away from it. An inverse of 0 says that there is no deviation to divide by, or that it is
/// infinite; x̂ is then 0.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Standardizer<F> {
    pub(crate) origin: F,
    pub(crate) inverse: F,
    pub(crate) offset: F,
}

impl<F: Float> Standardizer<F> {
    /// How many numbers it is stored as.
    pub(crate) const PARTS: usize = 3;

    #[inline(always)]
    pub(crate) fn load(parts: &[F]) -> Self {
        Self { origin: parts[0], inverse: parts[1], offset: parts[2] }
    }

    #[inline(always)]
    pub(crate) fn store(self, parts: &mut [F]) {
        (parts[0], parts[1], parts[2]) = (self.origin, self.inverse, self.offset);
    }

    /// x̂ of `x`.
    #[inline(always)]
    pub(crate) fn apply(&self, x: F) -> F {
        (x - self.origin) * self.inverse + self.offset
    }

    /// To mean 0 and variance 1: of d = x - origin, with an origin near the mean, the variance is mean(d²) - mean(d)².
    ///
    /// The origin is the mean of the first values. By Cauchy and Schwarz it lies within sqrt(n / k) deviations of the mean, whatever
    /// the values, and within about sqrt(1 / k) where the first k are like the others: one pass is then enough. Where more than three
    /// quarters of mean(d²) come from the distance between the two, the difference would lose more than two bits, and a second pass
    /// starts from the mean itself: the two-pass algorithm with correction (Chan, Golub & LeVeque 1983).
    #[inline(always)]
    pub(crate) fn centered(x: &[F], eps: F) -> Self {
        let first = &x[..x.len().min(FIRST)];
        let [sum] = sums(
            [first],
            #[inline(always)]
            |[value]| [value - x[0]],
        );
        let mut origin = x[0] + sum / F::from_usize(first.len());
        let mut last = false;
        let share = F::ONE / F::from_usize(x.len());
        loop {
            let [sum, squares] = sums(
                [x],
                #[inline(always)]
                |[x]| [x - origin, (x - origin) * (x - origin)],
            );
            let (rest, square) = (sum * share, squares * share);
            let near = squares.is_finite() && rest * rest <= F::from_f64(0.75) * square;
            if near || last {
                if !squares.is_finite() {
                    return Self::overflowed(x);
                }
                let inverse = inverse_deviation((square - rest * rest).max(F::ZERO) + eps);
                return Self { origin, inverse, offset: -(rest * inverse) };
            }
            (origin, last) = (origin + rest, true);
        }
    }

    /// To mean square 1.
    #[inline(always)]
    pub(crate) fn uncentered(x: &[F], eps: F) -> Self {
        let [squares] = sums(
            [x],
            #[inline(always)]
            |[x]| [x * x],
        );
        if !squares.is_finite() {
            return Self::overflowed(x);
        }
        let inverse = inverse_deviation(squares / F::from_usize(x.len()) + eps);
        Self { origin: F::ZERO, inverse, offset: F::ZERO }
    }

    /// Where squares add up to more than `F` holds the inverse is 0; where a value is not finite itself, that stays visible.
    #[cold]
    fn overflowed(x: &[F]) -> Self {
        let inverse = if x.iter().all(|x| x.is_finite()) { F::ZERO } else { F::NAN };
        Self { origin: F::ZERO, inverse, offset: F::ZERO }
    }
}

#[inline(always)]
fn inverse_deviation<F: Float>(variance: F) -> F {
    if variance == F::ZERO { F::ZERO } else { F::ONE / variance.sqrt() }
}

/// Which statistics standardise a group.
#[derive(Clone, Copy)]
pub(crate) struct Rule<F> {
    /// Whether the mean is subtracted.
    pub(crate) centered: bool,
    /// Added to the variance.
    pub(crate) eps: F,
}

impl<F: Float> Rule<F> {
    /// The standardiser of a group.
    #[inline(always)]
    pub(crate) fn standardizer(self, x: &[F]) -> Standardizer<F> {
        if self.centered { Standardizer::centered(x, self.eps) } else { Standardizer::uncentered(x, self.eps) }
    }

    /// The means over a group of `n` of g and g x̂, from their sums; of the first 0 where values are not centred.
    #[inline(always)]
    pub(crate) fn means(self, [sum, product]: [F; 2], n: usize) -> [F; 2] {
        let share = F::ONE / F::from_usize(n);
        [if self.centered { sum * share } else { F::ZERO }, product * share]
    }

    /// The gradient of a group of a few values of x and g.
    pub(crate) fn few(self, values: impl Iterator<Item = (f64, f64)> + Clone) -> Few {
        Few::new(values, self.centered, self.eps.to_f64())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_of_any_length() {
        for n in [0usize, 1, 31, 32, 33, 95, 4096, 4097, 10_000] {
            let (x, y): (Vec<f64>, Vec<f64>) = (0..n).map(|i| (i as f64, 2.0)).unzip();
            let total = (n * n.saturating_sub(1) / 2) as f64;
            assert_eq!(sums([&x, &y], |[x, y]| [x, x * y, 1.0]), [total, 2.0 * total, n as f64], "{n}");
        }
    }

    /// The largest error of x̂ against loops in `f64`.
    fn error(x: &[f32]) -> f64 {
        let values = || x.iter().map(|&x| f64::from(x));
        let mean = values().sum::<f64>() / x.len() as f64;
        let variance = values().map(|x| (x - mean) * (x - mean)).sum::<f64>() / x.len() as f64;
        let s = Standardizer::centered(x, 0.0);
        let errors = x.iter().map(|&x| (f64::from(s.apply(x)) - (f64::from(x) - mean) / variance.sqrt()).abs());
        errors.fold(0.0, f64::max)
    }

    /// The first values are all that is far from the mean, by 32 deviations: with them as origin, a thousandth of the squares would
    /// be the variance.
    #[test]
    fn first_values_that_are_not_like_the_others() {
        let wave = |i: usize| (i as f32 * 0.37).sin();
        for far in [1e3, -1e3] {
            let x: Vec<f32> = (0..65_536).map(|i| if i < FIRST { far } else { wave(i) }).collect();
            assert!(error(&x) < 1e-5, "{far}: {}", error(&x));
        }
        let x: Vec<f32> = (0..65_536).map(wave).collect();
        assert!(error(&x) < 1e-6, "{}", error(&x));
    }

    /// About the first values the squares add up to 1e41, about the mean to 6e37.
    #[test]
    fn squares_about_the_first_values_may_overflow() {
        let x: Vec<f32> = (0..100_000).map(|i| if i < FIRST { 1e18 } else { 0.0 }).collect();
        assert!(error(&x) < 1e-4, "{}", error(&x));
    }

    /// A mean that no f32 is near: 1e6 + 1/32, half a unit in the last place away on both sides.
    #[test]
    fn the_mean_has_more_digits_than_a_float() {
        let x = [1e6f32, 1e6 + 0.0625];
        let s = Standardizer::centered(&x, 0.0);
        assert_eq!(x.map(|x| s.apply(x)), [-1.0, 1.0]);
    }
}
