//! The laws of the numbers, at fixed seeds. Each bound is 5 standard errors (a false alarm once in 1.7 million
//! seeds) or, for Kolmogorov & Smirnov, the quantile of 1 - 10^-6.

use evenkeel_init::{
    Float, HeNormal, HeUniform, Initializer, InitializerExt, Normal, Seed, Shape, Uniform, UniformFanIn, XavierNormal,
    XavierUniform, random,
};

const N: usize = 1 << 20;

fn uniform<F: Float>(seed: u64) -> Vec<f64> {
    let mut values = vec![F::ZERO; N];
    random::uniform(&mut values, F::from_f64(-1.0), F::ONE, Seed(seed));
    values.into_iter().map(F::to_f64).collect()
}

fn normal<F: Float>(seed: u64) -> Vec<f64> {
    let mut values = vec![F::ZERO; N];
    random::normal(&mut values, F::ZERO, F::ONE, Seed(seed));
    values.into_iter().map(F::to_f64).collect()
}

fn mean(values: impl ExactSizeIterator<Item = f64>) -> f64 {
    let n = values.len() as f64;
    values.sum::<f64>() / n
}

/// sqrt(n) times the largest distance between the empirical distribution and `cdf`.
fn kolmogorov_smirnov(mut values: Vec<f64>, cdf: impl Fn(f64) -> f64) -> f64 {
    values.sort_by(f64::total_cmp);
    let n = values.len() as f64;
    let distance = |(i, &x): (usize, &f64)| (cdf(x) - i as f64 / n).abs().max((cdf(x) - (i + 1) as f64 / n).abs());
    n.sqrt() * values.iter().enumerate().map(distance).fold(0.0, f64::max)
}

/// P(K > k) is about 2 exp(-2 k^2): 10^-6 at 2.69.
const KOLMOGOROV: f64 = 2.69;

/// The Gaussian distribution function by Marsaglia's series, 1/2 + phi(x) (x + x^3/3 + x^5/(3 5) + ...).
fn gaussian_cdf(x: f64) -> f64 {
    let (mut term, mut sum, mut k) = (x, 0.0, 1.0);
    while sum + term != sum {
        sum += term;
        k += 2.0;
        term *= x * x / k;
    }
    0.5 + sum * (-0.5 * x * x).exp() / (2.0 * std::f64::consts::PI).sqrt()
}

#[test]
fn uniform_numbers() {
    for (seed, values) in [(1, uniform::<f32>(1)), (2, uniform::<f64>(2))] {
        let n = N as f64;
        assert!(values.iter().all(|x| x.abs() < 1.0 && *x != 0.0));
        // E x = 0, var 1/3; E x^2 = 1/3, var x^2 = 1/5 - 1/9 = 4/45.
        assert!(mean(values.iter().copied()).abs() < 5.0 * (1.0 / 3.0 / n).sqrt(), "seed {seed}");
        let second = mean(values.iter().map(|x| x * x));
        assert!((second - 1.0 / 3.0).abs() < 5.0 * (4.0 / 45.0 / n).sqrt(), "seed {seed}");
        let distance = kolmogorov_smirnov(values, |x| 0.5 * (x + 1.0));
        assert!(distance < KOLMOGOROV, "seed {seed}: {distance}");
    }
}

#[test]
fn gaussian_numbers() {
    for (seed, values) in [(1, normal::<f32>(1)), (2, normal::<f64>(2))] {
        let n = N as f64;
        // var x = 1, var x^2 = 2, var x^3 = 15, var x^4 = 105 - 9 = 96.
        for (power, expected, variance) in [(1, 0.0, 1.0), (2, 1.0, 2.0), (3, 0.0, 15.0), (4, 3.0, 96.0)] {
            let moment = mean(values.iter().map(|x| x.powi(power)));
            assert!((moment - expected).abs() < 5.0 * (variance / n).sqrt(), "seed {seed}: moment {power}");
        }
        // P(|x| > 4) = 6.334e-5: 66.4 expected among 2^20, deviation 8.2.
        let far = values.iter().filter(|x| x.abs() > 4.0).count();
        assert!((26..=107).contains(&far), "seed {seed}: {far} beyond 4 deviations");
        let distance = kolmogorov_smirnov(values, gaussian_cdf);
        assert!(distance < KOLMOGOROV, "seed {seed}: {distance}");
    }
}

/// Pairs of one Box-Muller transform, of one ChaCha block, of neighbouring columns and blocks, and of
/// neighbouring seeds: products of independent numbers of mean 0 and variance v have mean 0 and variance
/// v^2, and for the squares (which would betray a shared radius) 4 for the Gaussian.
#[test]
fn no_correlation() {
    let limit = |variance: f64, n: usize| 5.0 * (variance / n as f64).sqrt();
    for (variance, of_squares, [a, b]) in [
        (1.0, 4.0, [normal::<f32>(1), normal::<f32>(2)]),
        (1.0, 4.0, [normal::<f64>(1), normal::<f64>(2)]),
        (1.0 / 9.0, (4.0 / 45.0f64).powi(2), [uniform::<f32>(1), uniform::<f32>(2)]),
    ] {
        let square = variance.sqrt();
        let check = |x: &[f64], y: &[f64], what: String| {
            let product = mean(x.iter().zip(y).map(|(x, y)| x * y));
            assert!(product.abs() < limit(variance, x.len()), "{what}: {product}");
            let squares = mean(x.iter().zip(y).map(|(x, y)| (x * x - square) * (y * y - square)));
            assert!(squares.abs() < limit(of_squares, x.len()), "{what}, squares: {squares}");
        };
        for lag in [1, 2, 256, 1024, 2048, 4096, 32 * 1024] {
            check(&a[lag..], &a[..N - lag], format!("lag {lag}"));
        }
        check(&a, &b, "seeds 1 and 2".into());
    }
}

/// Every rule that draws has mean 0 and the deviation it announces.
#[test]
fn each_rule_has_the_deviation_it_tells() {
    fn check<I: Initializer<f32> + Initializer<f64>>(name: &str, rule: I, shape: Shape, std: f64) {
        let n = shape.numel() as f64;
        let single = rule.tensor::<f32>(shape, Seed(3)).unwrap().map(f64::from);
        for values in [single, rule.tensor::<f64>(shape, Seed(4)).unwrap()] {
            let values = values.as_slice().iter();
            assert!(mean(values.clone().copied()).abs() < 5.0 * std / n.sqrt(), "{name}");
            // var x^2 is at most 2 std^4, that of the Gaussian.
            let second = mean(values.map(|x| x * x)) / (std * std);
            assert!((second - 1.0).abs() < 5.0 * (2.0 / n).sqrt(), "{name}: {second}");
        }
    }
    let shape = Shape::from([64, 32, 5, 5]);
    let root = 3f64.sqrt();
    check("Uniform", Uniform::symmetric(0.3), shape, 0.3 / root);
    check("Normal", Normal::with_std(0.3), shape, 0.3);
    check("UniformFanIn", UniformFanIn, shape, UniformFanIn.bound(&shape).unwrap() / root);
    let rule = XavierUniform::default();
    check("XavierUniform", rule, shape, rule.bound(&shape).unwrap() / root);
    let rule = XavierNormal::default();
    check("XavierNormal", rule, shape, rule.std(&shape).unwrap());
    let rule = HeUniform::default();
    check("HeUniform", rule, shape, rule.bound(&shape).unwrap() / root);
    let rule = HeNormal::default().with_slope(0.2);
    check("HeNormal", rule, shape, rule.std(&shape).unwrap());
}
