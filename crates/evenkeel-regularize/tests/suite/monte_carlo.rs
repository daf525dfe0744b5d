//! Monte-Carlo evaluation against exact expectations.

use evenkeel_autograd::Var;
use evenkeel_module::{Buffer, Forward, Mode, Module, ModuleExt, Parameter, Pass, Role, Workspace};
use evenkeel_regularize::{Dropout, MonteCarlo, RegularizeError, every_mask};
use evenkeel_tensor::{Float, Seed, Tensor, random};

const HIDDEN: usize = 8;

/// Two layers with dropout between them.
#[derive(Clone, Module)]
struct Net<F: Float> {
    first: Parameter<F>,
    dropout: Dropout,
    last: Parameter<F>,
}

impl Net<f64> {
    fn new(dropout: Dropout) -> Self {
        let weight = |shape: [usize; 2], seed| {
            let mut weight = Tensor::zeros(shape);
            random::normal(weight.as_mut_slice(), 0.0, 0.7, Seed(seed));
            Parameter::new(weight, Role::Weight)
        };
        Self { first: weight([HIDDEN, 3], 1), dropout, last: weight([4, HIDDEN], 2) }
    }

    fn hidden<'t>(&self, pass: &Pass<'t, f64>, x: Var<'t, f64>) -> Var<'t, f64> {
        x.linear(pass.parameter(&self.first), None).tanh()
    }

    fn output<'t>(&self, pass: &Pass<'t, f64>, hidden: Var<'t, f64>) -> Var<'t, f64> {
        hidden.linear(pass.parameter(&self.last), None)
    }
}

impl Forward<f64> for Net<f64> {
    fn forward<'t>(&self, pass: &Pass<'t, f64>, x: Var<'t, f64>) -> Var<'t, f64> {
        let hidden = self.hidden(pass, x);
        self.output(pass, self.dropout.forward(pass, hidden))
    }
}

fn inputs() -> Tensor<f64> {
    let mut x = Tensor::zeros([5, 3]);
    random::normal(x.as_mut_slice(), 0.0, 1.0, Seed(3));
    x
}

/// Mean and variance of the class probabilities over all masks of the hidden layer.
fn exact(net: &Net<f64>, x: &Tensor<f64>) -> (Vec<f64>, Vec<f64>) {
    let mut workspace = Workspace::new();
    let pass = workspace.begin(Mode::Evaluation, Seed(0));
    let hidden = net.hidden(&pass, pass.constant(x.clone())).to_tensor();
    let (mut mean, mut square) = (vec![0.0; 20], vec![0.0; 20]);
    for mask in every_mask(HIDDEN) {
        let masked = net.dropout.with_mask(&hidden, &mask).unwrap();
        let chance = net.dropout.mask_probability(&mask);
        let pass = workspace.begin(Mode::Evaluation, Seed(0));
        let y = net.output(&pass, pass.constant(masked)).softmax(1).to_tensor();
        for ((mean, square), y) in mean.iter_mut().zip(&mut square).zip(y.as_slice()) {
            *mean += chance * y;
            *square += chance * y * y;
        }
    }
    let variance = square.iter().zip(&mean).map(|(s, m)| s - m * m).collect();
    (mean, variance)
}

/// Each row of a batch has a mask of its own in a run, and the law of each is that over all masks.
#[test]
fn the_mean_converges_to_that_over_all_masks() {
    for dropout in [Dropout::drop(0.5), Dropout::drop(0.2), Dropout::keep(0.6).scaled_in_evaluation()] {
        let (net, x) = (Net::new(dropout), inputs());
        let (mean, variance) = exact(&net, &x);
        for passes in [500, 8000] {
            let estimate = MonteCarlo::new(passes).evaluate_with(&net, |y| y.softmax(1), &x, Seed(7)).unwrap();
            let n = passes as f64;
            for (i, (&mean, &variance)) in mean.iter().zip(&variance).enumerate() {
                let got = estimate.mean.as_slice()[i];
                // The mean of n independent values has variance v / n.
                assert!((got - mean).abs() < 5.0 * (variance / n).sqrt(), "{dropout:?}: {got} {mean}");
                // A probability lies within 1 of its mean, so its fourth central moment is at most v, and that of the sample variance
                // at most v / n, to first order.
                let spread = estimate.std.as_slice()[i].powi(2);
                assert!((spread - variance).abs() < 5.0 * (variance / n).sqrt(), "{dropout:?}: {spread} {variance}");
            }
            let error = estimate.standard_error();
            assert!((error.as_slice()[0] * n.sqrt() - estimate.std.as_slice()[0]).abs() < 1e-12);
            assert_eq!(estimate.passes, passes);
        }
    }
}

#[test]
fn mean_and_deviation_are_those_of_the_passes() {
    let (net, x) = (Net::new(Dropout::drop(0.5)), inputs());
    let estimate = MonteCarlo::new(3).evaluate(&net, &x, Seed(7)).unwrap();
    let mut workspace = Workspace::new();
    let outputs: Vec<Tensor<f64>> = (0..3)
        .map(|t| {
            let pass = workspace.begin(Mode::Sampling, Seed(7).at(t).at(0));
            net.forward(&pass, pass.constant(x.clone())).to_tensor()
        })
        .collect();
    for i in 0..20 {
        let y: Vec<f64> = outputs.iter().map(|y| y.as_slice()[i]).collect();
        let mean = y.iter().sum::<f64>() / 3.0;
        let variance = y.iter().map(|y| (y - mean).powi(2)).sum::<f64>() / 2.0;
        assert!((estimate.mean.as_slice()[i] - mean).abs() < 1e-12);
        assert!((estimate.std.as_slice()[i] - variance.sqrt()).abs() < 1e-12);
    }
}

#[test]
fn rows_are_taken_in_batches() {
    // Without noise, batches do not show, and nothing spreads.
    let (net, x) = (Net::new(Dropout::drop(0.0)), inputs());
    let whole = MonteCarlo::new(2).evaluate(&net, &x, Seed(7)).unwrap();
    for rows in [1, 2, 3, 5, 100] {
        let parts = MonteCarlo::new(2).with_rows(rows).evaluate(&net, &x, Seed(7)).unwrap();
        assert_eq!(parts.mean.shape(), [5, 4].into());
        for (a, b) in whole.mean.as_slice().iter().zip(parts.mean.as_slice()) {
            assert!((a - b).abs() < 1e-12);
        }
        assert!(parts.std.as_slice().iter().all(|&std| std == 0.0));
    }
    // With it, batches have noise of their own, and the seed decides.
    let net = Net::new(Dropout::drop(0.5));
    let twice = Tensor::from_fn([4, 3], |i| [0.3, -1.0, 0.8][i % 3]);
    let run = |seed| MonteCarlo::new(4).with_rows(1).evaluate(&net, &twice, Seed(seed)).unwrap();
    let y = run(7);
    assert!((1..4).all(|row| y.mean.as_slice()[4 * row..][..4] != y.mean.as_slice()[..4]));
    assert_eq!(run(7), y);
    assert_ne!(run(8), y);
    let none = MonteCarlo::new(2).evaluate(&net, &Tensor::zeros([0, 3]), Seed(7)).unwrap();
    assert_eq!((none.mean.shape(), none.std.shape()), ([0, 4].into(), [0, 4].into()));
}

#[test]
fn a_common_offset_costs_no_digits() {
    let x = Tensor::full([2, 2], 1f32);
    let estimate = MonteCarlo::new(100).evaluate_with(&Dropout::drop(0.5), |y| y + 1e4, &x, Seed(7)).unwrap();
    // Of 100 values that are 0 or 2 with mean 1 + m, the deviation is sqrt(100 / 99 (1 - m²)), and m within five times 1/10.
    assert!(estimate.std.as_slice().iter().all(|std| (0.87..1.01).contains(std)), "{}", estimate.std);
}

/// A layer that records what it sees whenever it may.
#[derive(Clone, Module)]
struct Watch<F: Float> {
    seen: Buffer<F>,
}

impl Forward<f64> for Watch<f64> {
    fn forward<'t>(&self, pass: &Pass<'t, f64>, x: Var<'t, f64>) -> Var<'t, f64> {
        assert!(pass.has_noise() && !pass.uses_batch_statistics() && pass.mode() == Mode::Sampling);
        x + pass.constant(self.seen.value().clone())
    }
}

#[test]
fn passes_sample() {
    let watch = Watch { seen: Buffer::new(Tensor::scalar(1.0)) };
    let estimate = MonteCarlo::new(2).evaluate(&watch, &Tensor::zeros([2, 1]), Seed(0)).unwrap();
    assert_eq!(estimate.mean, Tensor::ones([2, 1]));
}

/// One number for the whole batch.
#[derive(Clone, Module)]
struct Total;

impl Forward for Total {
    fn forward<'t>(&self, _pass: &Pass<'t>, x: Var<'t>) -> Var<'t> {
        x.sum()
    }
}

#[test]
#[should_panic(
    expected = "MonteCarlo: expected outputs of 3 rows, got shape []; give a map that treats each row for itself"
)]
fn a_map_keeps_the_rows() {
    let _ = MonteCarlo::new(2).evaluate_with(&Dropout::drop(0.5), |y| y.mean(), &Tensor::<f64>::ones([3, 2]), Seed(7));
}

#[test]
fn what_cannot_be_is_refused() {
    let (net, x) = (Net::new(Dropout::drop(0.5)), inputs());
    for passes in [0, 1] {
        let error = MonteCarlo::new(passes).evaluate(&net, &x, Seed(7)).unwrap_err();
        let text = error.to_string();
        assert!(text.contains("passes at least 2") && text.contains(&format!("got {passes}")), "{text}");
    }
    assert!(MonteCarlo::new(2).with_rows(0).evaluate(&net, &x, Seed(7)).is_err());
    assert!(MonteCarlo::new(2).evaluate(&net, &Tensor::scalar(1.0), Seed(7)).is_err());
    let error = MonteCarlo::new(2).evaluate(&net, &Tensor::zeros([5, 2]), Seed(7)).unwrap_err();
    assert!(matches!(error, RegularizeError::Network(_)), "{error}");
    let error = MonteCarlo::new(2).evaluate(&Net::new(Dropout::drop(1.0)), &x, Seed(7)).unwrap_err();
    assert!(error.to_string().contains("probability"), "{error}");
    let text = MonteCarlo::new(2).evaluate(&Total, &Tensor::ones([3, 2]), Seed(7)).unwrap_err().to_string();
    assert!(text.contains("one for each of the input"), "{text}");
    let mut raw = net.clone();
    raw.first = Parameter::uninitialized([HIDDEN, 3], Role::Weight);
    assert!(MonteCarlo::new(2).evaluate(&raw, &x, Seed(7)).is_err());
    assert_eq!(raw.parameter_count(), net.parameter_count());
}
