//! Training with penalties against solutions in closed form.

use evenkeel_module::{Mode, Module, Parameter, Role, Workspace};
use evenkeel_regularize::{L1, L2, Regularizer};
use evenkeel_tensor::{Float, Seed, Tensor};
use nalgebra::{DMatrix, DVector};

const EXAMPLES: usize = 40;
const INPUTS: usize = 6;

/// y = W x without a bias.
#[derive(Module)]
struct Line<F: Float> {
    weight: Parameter<F>,
}

impl Line<f64> {
    fn new(value: f64) -> Self {
        Self { weight: Parameter::new(Tensor::full([1, INPUTS], value), Role::Weight) }
    }
}

/// A design of independent columns of different lengths, and a target that is not a combination of them.
fn problem() -> (DMatrix<f64>, DVector<f64>) {
    let rough = |i: usize| Seed(5).at(i as u64).0 as f64 / u64::MAX as f64 - 0.5;
    let x = DMatrix::from_fn(EXAMPLES, INPUTS, |n, i| rough(n * INPUTS + i) * (1.0 + i as f64 / 4.0));
    let y = DVector::from_fn(EXAMPLES, |n, _| 2.0 * x[(n, 0)] - x[(n, 3)] + rough(1000 + n));
    (x, y)
}

/// Full-batch gradient descent on J = 1/N (sum_n (y_n - w x_n)² + penalties), through tape and regulariser.
fn descend(
    regularizer: &Regularizer<f64>,
    (x, y): &(DMatrix<f64>, DVector<f64>),
    learning_rate: f64,
    steps: u64,
) -> Vec<f64> {
    let mut line = Line::new(0.1);
    regularizer.validate(&line).unwrap();
    let inputs = Tensor::from_fn([EXAMPLES, INPUTS], |i| x[(i / INPUTS, i % INPUTS)]);
    let targets = Tensor::from_fn([EXAMPLES, 1], |n| y[n]);
    let mut workspace = Workspace::new();
    for step in 0..steps {
        let pass = workspace.begin(Mode::Training, Seed(0).at(step));
        let predicted = pass.constant(inputs.clone()).linear(pass.parameter(&line.weight), None);
        let loss = (predicted - pass.constant(targets.clone())).square().mean();
        pass.backward(regularizer.loss(&pass, &line, EXAMPLES).map_or(loss, |penalty| loss + penalty));
        workspace
            .finish()
            .update(&mut line.weight, |w, g| w.iter_mut().zip(g).for_each(|(w, g)| *w -= learning_rate * g));
        regularizer.apply(&mut line, EXAMPLES, |_| learning_rate);
    }
    line.weight.value().as_slice().to_vec()
}

/// With orthonormal columns the squared loss is |w - X'y|² but for a constant, and its minimum with lambda |w| is soft thresholding
/// at lambda / 2.
#[test]
fn proximal_l1_is_the_lasso_on_orthonormal_designs() {
    let (x, y) = problem();
    let q = x.qr().q();
    let projected = q.transpose() * &y;
    let mut magnitudes: Vec<f64> = projected.iter().map(|c| c.abs()).collect();
    magnitudes.sort_by(f64::total_cmp);
    for zeros in 0..=INPUTS {
        // A strength at which so many weights are 0.
        let threshold = match zeros {
            0 => 0.5 * magnitudes[0],
            INPUTS => 1.1 * magnitudes[INPUTS - 1],
            k => 0.5 * (magnitudes[k - 1] + magnitudes[k]),
        };
        let lambda = 2.0 * threshold;
        let regularizer = Regularizer::new().proximal("weight", L1::new(lambda));
        // The loss's curvature is 2 / N: this rate halves the distance at each step.
        let w = descend(&regularizer, &(q.clone(), y.clone()), EXAMPLES as f64 / 4.0, 80);
        for (w, c) in w.iter().zip(&projected) {
            let closed = c.signum() * (c.abs() - threshold).max(0.0);
            assert!((w - closed).abs() < 1e-12, "lambda {lambda}: {w} {closed}");
            assert_eq!(*w == 0.0, closed == 0.0, "exactly 0");
        }
        assert_eq!(w.iter().filter(|&&w| w == 0.0).count(), zeros);
    }
}

/// On any design the lasso's solution is known by the optimality conditions: 2 x_i (y - X w) is lambda sign(w_i), or at most lambda
/// in magnitude where w_i = 0.
#[test]
fn proximal_l1_meets_the_conditions_of_the_lasso() {
    let (x, y) = problem();
    let lambda = 0.3 * 2.0 * (x.transpose() * &y).amax();
    let rate = EXAMPLES as f64 / (2.0 * x.clone().svd(false, false).singular_values.max().powi(2));
    let w = descend(&Regularizer::new().proximal("*", L1::new(lambda)), &(x.clone(), y.clone()), rate, 2000);
    let correlations = 2.0 * x.transpose() * (y - &x * DVector::from_vec(w.clone()));
    assert!(w.contains(&0.0) && w.iter().any(|&w| w != 0.0), "{w:?}");
    for (w, c) in w.iter().zip(&correlations) {
        if *w == 0.0 {
            assert!(c.abs() <= lambda * (1.0 + 1e-12));
        } else {
            assert!((c - lambda * w.signum()).abs() < 1e-10 * lambda, "{c} {lambda}");
        }
    }
}

/// Through the gradient or by proximal steps, L2 leads to (X'X + lambda 1)^-1 X'y.
#[test]
fn l2_is_ridge_regression() {
    let (x, y) = problem();
    for lambda in [0.0, 0.5, 20.0] {
        let normal = x.transpose() * &x + DMatrix::identity(INPUTS, INPUTS) * lambda;
        let closed = normal.clone().cholesky().unwrap().solve(&(x.transpose() * &y));
        // The inverse of the curvature's largest eigenvalue.
        let rate = EXAMPLES as f64 / (2.0 * normal.symmetric_eigenvalues().max());
        for regularizer in
            [Regularizer::new().penalty("*", L2::new(lambda)), Regularizer::new().proximal("*", L2::new(lambda))]
        {
            let w = descend(&regularizer, &(x.clone(), y.clone()), rate, 3000);
            for (w, closed) in w.iter().zip(&closed) {
                assert!((w - closed).abs() < 1e-10, "lambda {lambda}: {w} {closed}");
            }
        }
    }
}

/// For plain gradient descent L2 of strength lambda is decay: theta = (1 - w) theta - alpha grad loss with w = 2 alpha lambda / N.
#[test]
fn l2_is_decay_for_plain_gradient_descent() {
    let (alpha, lambda) = (0.2, 1.5);
    let decay = 2.0 * alpha * lambda / EXAMPLES as f64;
    let (x, y) = problem();
    let inputs = Tensor::from_fn([EXAMPLES, INPUTS], |i| x[(i / INPUTS, i % INPUTS)]);
    let targets = Tensor::from_fn([EXAMPLES, 1], |n| y[n].tanh());
    let regularizer = Regularizer::new().penalty("*", L2::new(lambda));
    let (mut penalised, mut decayed) = (Line::new(0.5), Line::new(0.5));
    let mut workspace = Workspace::new();
    // One step on a loss that is not quadratic; with the penalty, and how the weights move.
    let mut step = |line: &mut Line<f64>, penalty: Option<&Regularizer<f64>>, kept: f64| {
        let pass = workspace.begin(Mode::Training, Seed(0));
        let predicted = pass.constant(inputs.clone()).linear(pass.parameter(&line.weight), None).tanh();
        let loss = (predicted - pass.constant(targets.clone())).square().mean();
        let penalty = penalty.and_then(|p| p.loss(&pass, line, EXAMPLES));
        pass.backward(penalty.map_or(loss, |penalty| loss + penalty));
        workspace
            .finish()
            .update(&mut line.weight, |w, g| w.iter_mut().zip(g).for_each(|(w, g)| *w = kept * *w - alpha * g));
    };
    for number in 0..500 {
        step(&mut penalised, Some(&regularizer), 1.0);
        step(&mut decayed, None, 1.0 - decay);
        for (a, b) in penalised.weight.value().as_slice().iter().zip(decayed.weight.value().as_slice()) {
            assert!((a - b).abs() < 1e-12, "step {number}: {a} {b}");
        }
    }
    // The test can fail: without either, the weights are others.
    let mut plain = Line::new(0.5);
    (0..500).for_each(|_| step(&mut plain, None, 1.0));
    let distance = |line: &Line<f64>| (line.weight.value().as_slice()[0] - plain.weight.value().as_slice()[0]).abs();
    assert!(distance(&penalised) > 1e-3);
}
