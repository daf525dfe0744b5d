//! Means, variances and gradients of what drops and adds noise.
//!
//! Statistical bounds are five standard deviations of what is estimated: a right generator exceeds one with a chance below
//! 6e-7, and with the fixed seeds it either always does or never.

use evenkeel_autograd::{Incoming, Op, Propagation, Signal, gradcheck};
use evenkeel_regularize::{AlphaDropout, Dropout, MaskOp, Noise, NoiseOp, Unit, every_mask};
use evenkeel_tensor::{Float, Seed, Shape, Tensor, random};
use proptest::prelude::*;

const UNITS: [Unit; 4] = [Unit::Element, Unit::Channel, Unit::Sample, Unit::Batch];

fn normal(shape: impl Into<Shape>, seed: u64) -> Tensor<f64> {
    let mut x = Tensor::zeros(shape);
    random::normal(x.as_mut_slice(), 0.0, 1.0, Seed(seed));
    x
}

fn apply(dropout: Dropout, x: &Tensor<f64>, seed: Seed) -> Vec<f64> {
    let mut y = vec![0.0; x.shape().numel()];
    dropout.apply(x.as_slice(), &mut y, seed).unwrap();
    y
}

/// The mean and the variance.
fn moments(x: &[f64]) -> (f64, f64) {
    let signal = Signal::of(x);
    (signal.mean, signal.variance)
}

#[test]
fn as_many_are_kept_as_the_probability_says() {
    let n = 1_000_000;
    let x = Tensor::ones([n]);
    for (i, p) in [0.1, 0.2, 0.5, 0.9].into_iter().enumerate() {
        let kept = apply(Dropout::drop(p), &x, Seed(i as u64)).iter().filter(|&&y| y != 0.0).count() as f64;
        let n = n as f64;
        // A binomial number has variance n p (1 - p).
        assert!((kept - n * (1.0 - p)).abs() < 5.0 * (n * p * (1.0 - p)).sqrt(), "{p}: {}", kept / n);
    }
}

#[test]
fn the_expected_output_is_that_of_evaluation() {
    let x = normal([200_000], 1);
    let n = 200_000.0;
    let mean = |y: &[f64]| y.iter().sum::<f64>() / n;
    for (i, q) in [0.8f64, 0.5, 0.3].into_iter().enumerate() {
        let seed = Seed(10 + i as u64);
        // Given x, a value y has variance x² (1 - q) / q, and so their mean has sum x² (1 - q) / q / n².
        let squares = x.as_slice().iter().map(|x| x * x).sum::<f64>();
        let deviation = (squares * (1.0 - q) / q).sqrt() / n;
        let y = apply(Dropout::keep(q), &x, seed);
        assert!((mean(&y) - mean(x.as_slice())).abs() < 5.0 * deviation);
        let lecture = apply(Dropout::keep(q).scaled_in_evaluation(), &x, seed);
        assert!((mean(&lecture) - q * mean(x.as_slice())).abs() < 5.0 * q * deviation);
        // And so has the product with any weights: what a following linear layer computes.
        let w = normal([200_000], 2);
        let terms = |y: &[f64]| y.iter().zip(w.as_slice()).map(|(y, w)| y * w).sum::<f64>() / n;
        let squares = x.as_slice().iter().zip(w.as_slice()).map(|(x, w)| (x * w).powi(2)).sum::<f64>();
        let deviation = (squares * (1.0 - q) / q).sqrt() / n;
        assert!((terms(&y) - terms(x.as_slice())).abs() < 5.0 * deviation);
        assert!((terms(&lecture) - q * terms(x.as_slice())).abs() < 5.0 * q * deviation);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    /// Without chance: over all masks, E[y] = x in one form and q x in the other, Var[y] = x² (1 - q) / q and x² q (1 - q), and the
    /// masks' probabilities add up to 1.
    #[test]
    fn exact_moments(x in prop::collection::vec(-5.0f64..5.0, 1..7), q in 0.05f64..1.0) {
        let (n, tensor) = (x.len(), Tensor::from_vec([x.len()], x.clone()).unwrap());
        let (inverted, lecture) = (Dropout::keep(q), Dropout::keep(q).scaled_in_evaluation());
        let mut total = 0.0;
        let mut sums = vec![[0.0; 4]; n];
        for mask in every_mask(n) {
            let chance = inverted.mask_probability(&mask);
            total += chance;
            let (a, b) = (inverted.with_mask(&tensor, &mask).unwrap(), lecture.with_mask(&tensor, &mask).unwrap());
            for (sums, (a, b)) in sums.iter_mut().zip(a.as_slice().iter().zip(b.as_slice())) {
                for (sum, term) in sums.iter_mut().zip([*a, a * a, *b, b * b]) {
                    *sum += chance * term;
                }
            }
        }
        prop_assert!((total - 1.0).abs() < 1e-12);
        for (x, [a, a2, b, b2]) in x.iter().zip(sums) {
            prop_assert!((a - x).abs() < 1e-12 * 10.0 && (b - q * x).abs() < 1e-12 * 10.0);
            prop_assert!((a2 - x * x / q).abs() < 1e-12 * x * x / q + 1e-12);
            prop_assert!((b2 - q * x * x).abs() < 1e-12 * (1.0 + x * x));
        }
    }

    /// One form is q times the other, with the same mask, and both gradients are the same map.
    #[test]
    fn the_forms_differ_by_a_factor(n in 1usize..400, q in 0.05f64..1.0, seed: u64) {
        let x = normal([n], 3);
        let inverted = apply(Dropout::keep(q), &x, Seed(seed));
        let lecture = apply(Dropout::keep(q).scaled_in_evaluation(), &x, Seed(seed));
        for (a, b) in inverted.iter().zip(&lecture) {
            prop_assert!((q * a - b).abs() <= 4.0 * f64::EPSILON * b.abs());
        }
    }

    /// The fused kernel against a mask of decisions, one at a time.
    #[test]
    fn masks_are_of_units(n in 1usize..5, c in 1usize..5, l in 1usize..40, unit in 0usize..4, q in 0.1f64..1.0, seed: u64) {
        let (unit, x) = (UNITS[unit], normal([n, c, l], 4));
        let op = MaskOp { scale: 2.0, shift: 0.25, dropped: -3.0, ..MaskOp::new("op", q, unit, Seed(seed)) };
        let (mut y, mut dx) = (vec![0.0; n * c * l], vec![0.0; n * c * l]);
        op.apply([n, c, l], x.as_slice(), &mut y).unwrap();
        op.gradient([n, c, l], x.as_slice(), &mut dx).unwrap();
        let (units, share) = match unit {
            Unit::Element => (n * c * l, 1),
            Unit::Channel => (n * c, l),
            Unit::Sample => (n, c * l),
            Unit::Batch => (1, n * c * l),
        };
        let mut keep = vec![false; units];
        random::bernoulli(&mut keep, q, Seed(seed));
        for (i, &x) in x.as_slice().iter().enumerate() {
            let expected = if keep[i / share] { (2.0 * x + 0.25, 2.0 * x) } else { (-3.0, 0.0) };
            prop_assert_eq!((y[i], dx[i]), expected);
        }
    }
}

/// Runs that cross blocks of decisions and tasks.
#[test]
fn large_inputs_of_every_unit() {
    for shape in [[300, 7, 123], [3, 2, 50_001], [60_000, 2, 2]] {
        let [n, c, l] = shape;
        let x = normal(shape, 5);
        for (unit, units) in UNITS.into_iter().zip([n * c * l, n * c, n, 1]) {
            let mut y = vec![0.0; n * c * l];
            MaskOp::new("op", 0.7, unit, Seed(3)).apply(shape, x.as_slice(), &mut y).unwrap();
            let mut keep = vec![false; units];
            random::bernoulli(&mut keep, 0.7, Seed(3));
            let share = n * c * l / units;
            let right = |(i, (&x, &y)): (usize, (&f64, &f64))| y == if keep[i / share] { x } else { 0.0 };
            assert!(x.as_slice().iter().zip(&y).enumerate().all(right), "{unit:?} of {shape:?}");
        }
    }
}

#[test]
fn neighbours_samples_and_steps_are_independent() {
    let (n, x) = (1 << 20, Tensor::ones([1 << 20]));
    let q = 0.5;
    let y = apply(Dropout::keep(q), &x, Seed(1));
    let signs: Vec<f64> = y.iter().map(|y| y - 1.0).collect();
    let other: Vec<f64> = apply(Dropout::keep(q), &x, Seed(2)).iter().map(|y| y - 1.0).collect();
    // Products of independent signs are signs: their mean has deviation 1 / sqrt(n).
    let bound = 5.0 / (n as f64).sqrt();
    let correlation = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>() / a.len() as f64;
    for lag in [1, 2, 31, 32, 64, 512, 1024, 16_384, 131_072] {
        let r = correlation(&signs[..n - lag], &signs[lag..]);
        assert!(r.abs() < 5.0 / ((n - lag) as f64).sqrt(), "lag {lag}: {r}");
    }
    assert!(correlation(&signs, &other).abs() < bound);
}

#[test]
fn alpha_dropout_keeps_mean_and_variance() {
    let x = normal([1_000_000], 6);
    for (i, p) in [0.05, 0.2, 0.5].into_iter().enumerate() {
        let mut y = vec![0.0; 1_000_000];
        AlphaDropout::drop(p).apply(x.as_slice(), &mut y, Seed(20 + i as u64)).unwrap();
        let (mean, variance) = moments(&y);
        // Of n values with mean 0 and variance 1, the mean has deviation 1 / sqrt(n) and the variance sqrt((k - 1) / n), with the
        // fourth moment k: that of a mixture of a Gaussian of variance a² (a <= 1) and mean b, and of a point, is below 4.
        assert!(mean.abs() < 5e-3, "{p}: mean {mean}");
        assert!((variance - 1.0).abs() < 5.0 * (3.0 / 1e6f64).sqrt(), "{p}: variance {variance}");
    }
    // Exactly: a Gaussian through the law of total variance.
    for p in [0.0, 0.05, 0.3, 0.9, 0.999] {
        let Propagation { output, .. } =
            forecast(AlphaDropout::drop(p).op(Seed(0)), Signal { mean: 0.0, variance: 1.0 });
        assert!(output.mean.abs() < 1e-12 && (output.variance - 1.0).abs() < 1e-12, "{p}: {output:?}");
    }
}

fn forecast(op: impl Op<f64>, signal: Signal) -> Propagation {
    let shape = Shape::from([10]);
    op.propagate(&[Incoming { node: 0, shape, signal }], shape).unwrap()
}

/// What mean-field theory says, against what happens.
#[test]
fn forecasts_come_true() {
    let n = 400_000;
    let x = normal([n], 7).map(|x| 1.5 + 2.0 * x);
    let (dy, signal) = (normal([n], 8), Signal { mean: 1.5, variance: 4.0 });
    let mask =
        |scale, shift, dropped| MaskOp { scale, shift, dropped, ..MaskOp::new("op", 0.7, Unit::Element, Seed(9)) };
    for op in [mask(1.0, 0.0, 0.0), mask(1.0 / 0.7, 0.0, 0.0), mask(0.9, 0.3, -2.0)] {
        check_forecast(op, &x, &dy, signal);
    }
    check_forecast(NoiseOp { noise: Noise::Added { std: 0.8 }, seed: Seed(9) }, &x, &dy, signal);
    check_forecast(NoiseOp { noise: Noise::Multiplied { keep: 0.6 }, seed: Seed(9) }, &x, &dy, signal);
}

fn check_forecast(op: impl Op<f64> + Copy, x: &Tensor<f64>, dy: &Tensor<f64>, signal: Signal) {
    let Propagation { output, gains, .. } = forecast(op, signal);
    let tape = evenkeel_autograd::Tape::new();
    let input = tape.variable(x.clone());
    let y = tape.record(op, &[input]);
    tape.backward_from(y, dy.as_slice());
    let (mean, variance) = moments(y.to_tensor().as_slice());
    let gain =
        Signal::of(input.gradient().unwrap().as_slice()).second_moment() / Signal::of(dy.as_slice()).second_moment();
    // Five standard deviations, with the moments that the sample has itself: the mean of n values has variance v / n, their variance
    // (m4 - v²) / n with the fourth central moment m4, and the mean of dx² - gain dy², which is 0 if the gain is right, its own.
    let n = x.as_slice().len() as f64;
    let mean_of = |f: &dyn Fn(usize) -> f64| (0..x.as_slice().len()).map(f).sum::<f64>() / n;
    let (y, dx, dy, expected) = (y.to_tensor(), input.gradient().unwrap(), dy.as_slice(), gains.unwrap()[0]);
    let fourth = mean_of(&|i| (y.as_slice()[i] - mean).powi(4));
    let excess = |i: usize| dx.as_slice()[i].powi(2) - expected * dy[i].powi(2);
    let of_gain = (mean_of(&|i| excess(i).powi(2)) / n).sqrt() / mean_of(&|i| dy[i].powi(2));
    assert!((mean - output.mean).abs() < 5.0 * (variance / n).sqrt(), "{} {mean} {output:?}", op.name());
    let of_variance = ((fourth - variance * variance) / n).sqrt();
    assert!((variance - output.variance).abs() < 5.0 * of_variance, "{} {variance} {output:?}", op.name());
    assert!((gain - expected).abs() <= 5.0 * of_gain, "{} {gain} {gains:?}", op.name());
}

#[test]
fn noise_has_its_mean_and_variance() {
    let n = 1_000_000;
    let tape = evenkeel_autograd::Tape::<f64>::new();
    let x = tape.constant(Tensor::full([n], 3.0));
    for (noise, variance) in [
        (Noise::Added { std: 0.5 }, 0.25),
        // x² p / (1 - p)
        (Noise::Multiplied { keep: 0.8 }, 9.0 * 0.25),
        (Noise::Multiplied { keep: 0.5 }, 9.0),
    ] {
        let y = tape.record(NoiseOp { noise, seed: Seed(11) }, &[x]);
        let (mean, got) = moments(&y.value());
        // Of n Gaussian values of variance v, the mean has variance v / n and the variance 2 v² / n.
        assert!((mean - 3.0).abs() < 5.0 * (variance / n as f64).sqrt(), "{noise:?}: {mean}");
        assert!((got - variance).abs() < 5.0 * variance * (2.0 / n as f64).sqrt(), "{noise:?}: {got}");
    }
}

#[test]
fn gradients() {
    for unit in UNITS {
        let op = MaskOp { scale: 1.25, shift: 0.5, dropped: -1.0, ..MaskOp::new("op", 0.6, unit, Seed(2)) };
        gradcheck(&[normal([3, 4, 5], 12)], |x| x[0].tape().record(op, &[x[0]]).square()).unwrap();
    }
    for noise in [Noise::Added { std: 0.3 }, Noise::Multiplied { keep: 0.7 }] {
        let op = NoiseOp { noise, seed: Seed(2) };
        gradcheck(&[normal([3, 7], 13)], |x| x[0].tape().record(op, &[x[0]]).square()).unwrap();
    }
}

#[test]
fn what_is_dropped_does_not_matter() {
    fn check<F: Float>() {
        for unit in UNITS {
            for hostile in [F::NAN, F::INFINITY, -F::INFINITY] {
                let shape = Shape::from([5, 7, 9]);
                let op = MaskOp { scale: 2.0, ..MaskOp::new("op", 0.5, unit, Seed(4)) };
                let (mut ones, mut dx) = (vec![F::ZERO; 315], vec![F::ZERO; 315]);
                op.apply(shape, &[F::ONE; 315], &mut ones).unwrap();
                let x: Vec<F> = ones.iter().map(|&y| if y == F::ZERO { hostile } else { F::ONE }).collect();
                let mut y = vec![F::ZERO; 315];
                op.apply(shape, &x, &mut y).unwrap();
                op.gradient(shape, &x, &mut dx).unwrap();
                assert!(y == ones && dx == ones, "{unit:?}");
            }
        }
        // What is kept comes through, as it is.
        let mut y = [F::ZERO; 2];
        Dropout::keep(1.0).apply(&[F::INFINITY, -F::ZERO], &mut y, Seed(0)).unwrap();
        assert!(y[0] == F::INFINITY && F::ONE / y[1] == -F::INFINITY);
        Dropout::keep(1.0).apply(&[F::NAN, F::ONE], &mut y, Seed(0)).unwrap();
        assert!(y[0].is_nan() && y[1] == F::ONE);
    }
    check::<f32>();
    check::<f64>();
}

#[test]
fn plain_slices_are_checked() {
    let op = MaskOp::new("spatial", 0.5, Unit::Channel, Seed(0));
    let text = op.apply([2, 3, 4], &[0f32; 24], &mut [0f32; 23]).unwrap_err().to_string();
    assert!(text.contains("24 and 23"), "{text}");
    assert!(op.apply([2], &[0f32; 2], &mut [0f32; 2]).unwrap_err().to_string().contains("(N, C, ...)"));
    assert!(op.gradient([2, 3, 4], &[0f32; 25], &mut [0f32; 24]).is_err());
    assert!(op.apply([0, 3, 4], &[0f32; 0], &mut []).is_ok() && op.apply([2, 3, 0], &[0f32; 0], &mut []).is_ok());
    for keep in [0.0, -0.5, 1.5, f64::NAN, f64::INFINITY] {
        let text = Dropout::keep(keep).apply(&[1f32], &mut [0.0], Seed(0)).unwrap_err().to_string();
        assert!(text.contains("probability of keeping above 0"), "{text}");
    }
    assert!(Dropout::drop(1.0).apply(&[1f32], &mut [0.0], Seed(0)).is_err());
    assert!(Dropout::drop(0.5).with_mask(&Tensor::<f32>::ones([3]), &[true; 2]).is_err());
    assert!(Dropout::drop(0.5).with_mask(&Tensor::<f32>::ones([3]), &[]).is_err());
    for p in [1.0, -0.5, f64::NAN] {
        assert!(Dropout::drop(p).with_mask(&Tensor::<f32>::ones([2]), &[true, false]).is_err(), "{p}");
    }
    let rows = Dropout::drop(0.5).with_mask(&Tensor::<f32>::ones([2, 2]), &[true, false]).unwrap();
    assert_eq!(rows.as_slice(), [2.0, 0.0, 2.0, 0.0]);
}
