//! What Xavier and He are for: the signal's size through a deep net, in f64.
//!
//! A layer of n units with independent weights of mean 0 and variance v takes x to z with E|z|^2 = n v |x|^2, and
//! given x the units are independent. So log|x|^2 makes a random walk. For Gaussian weights:
//! - linear, n v = 1: |z|^2 / |x|^2 is chi-squared(n) / n, relative variance 2/n, so a step has the deviation
//!   sqrt(2/n) and the mean -1/n;
//! - ReLU, n v = 2: y = max(z, 0) has E y^2 = |x|^2/n and E y^4 = 6 |x|^4/n^2, relative variance 5/n, so a step has
//!   the deviation sqrt(5/n) and the mean -5/(2n).
//!
//! Uniform weights give smaller deviations (their fourth moment is smaller), once sums over 512 inputs are nearly
//! Gaussian.

use evenkeel_init::{
    FanMode, HeNormal, HeUniform, Initializer, InitializerExt, Normal, Seed, UniformFanIn, XavierNormal, XavierUniform,
};

const WIDTH: usize = 512;
const DEPTH: usize = 24;

/// log(|x|^2 at the end / |x|^2 at the start).
fn log_growth(rule: &(impl Initializer<f64> + ?Sized), activation: fn(f64) -> f64, backwards: bool) -> f64 {
    let seed = Seed(5);
    let mut x = Normal::with_std(1.0).tensor::<f64>([WIDTH], seed.stream("input")).unwrap().into_vec();
    let square = |x: &[f64]| x.iter().map(|x| x * x).sum::<f64>();
    let start = square(&x);
    for layer in 0..DEPTH {
        let weight = rule.tensor::<f64>([WIDTH, WIDTH], seed.stream("layer").at(layer as u64)).unwrap();
        let mut y = vec![0.0; WIDTH];
        for (i, row) in weight.as_slice().chunks_exact(WIDTH).enumerate() {
            if backwards {
                y.iter_mut().zip(row).for_each(|(y, w)| *y += w * x[i]);
            } else {
                y[i] = activation(row.iter().zip(&x).map(|(w, x)| w * x).sum());
            }
        }
        x = y;
    }
    (square(&x) / start).ln()
}

fn linear(z: f64) -> f64 {
    z
}

fn relu(z: f64) -> f64 {
    z.max(0.0)
}

/// 5 deviations of the walk, plus its drift: 1.58 for linear, 2.54 for ReLU nets.
fn limit(relative_variance: f64) -> f64 {
    let steps = DEPTH as f64 * relative_variance / WIDTH as f64;
    5.0 * steps.sqrt() + 0.5 * steps
}

#[test]
fn xavier_keeps_the_signal_and_the_gradient_of_a_linear_net() {
    let rules: [&dyn Initializer<f64>; 2] = [&XavierUniform::default(), &XavierNormal::default()];
    for rule in rules {
        for backwards in [false, true] {
            let growth = log_growth(rule, linear, backwards);
            assert!(growth.abs() < limit(2.0), "{growth}");
        }
    }
}

#[test]
fn he_keeps_the_signal_of_a_relu_net() {
    let rules: [&dyn Initializer<f64>; 3] =
        [&HeUniform::default(), &HeNormal::default(), &HeNormal::default().with_mode(FanMode::FanOut)];
    for rule in rules {
        let growth = log_growth(rule, relu, false);
        assert!(growth.abs() < limit(5.0), "{growth}");
    }
}

#[test]
fn he_with_a_slope_keeps_the_signal_of_a_leaky_net() {
    // Between the linear and the ReLU walk.
    let growth = log_growth(&HeNormal::default().with_slope(0.3), |z| if z > 0.0 { z } else { 0.3 * z }, false);
    assert!(growth.abs() < limit(5.0), "{growth}");
}

/// The same walk, with the drift log(n v) or log(n v / 2) per layer that the wrong rule adds.
#[test]
fn other_rules_let_it_fade_as_fast_as_the_theory_says() {
    let depth = DEPTH as f64;
    let small = Normal::with_std(0.01);
    let drift = (WIDTH as f64 * 1e-4).ln();
    assert!((log_growth(&small, linear, false) - depth * drift).abs() < limit(2.0));
    assert!((log_growth(&small, relu, false) - depth * (drift - 2f64.ln())).abs() < limit(5.0));
    // Xavier, and He divided by the sum of the fans, before ReLU: half is lost at every layer.
    let half = -depth * 2f64.ln();
    assert!((log_growth(&XavierNormal::default(), relu, false) - half).abs() < limit(5.0));
    assert!((log_growth(&HeNormal::default().with_mode(FanMode::Sum), relu, false) - half).abs() < limit(5.0));
    assert!((log_growth(&UniformFanIn, linear, false) + depth * 3f64.ln()).abs() < limit(2.0));
}
