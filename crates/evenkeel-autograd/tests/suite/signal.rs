//! Mean-field predictions against measurement, and retained gradients.

use evenkeel_autograd::{Signal, Tape, Var};
use evenkeel_tensor::{Seed, Tensor};
use rand::RngExt;

/// Uniform values of this mean and variance.
fn random(shape: &[usize], mean: f64, variance: f64, seed: u64) -> Tensor<f64> {
    let mut rng = Seed(seed).rng();
    let half = (3.0 * variance).sqrt();
    Tensor::from_fn(shape, |_| mean + half * rng.random_range(-1.0..1.0))
}

/// Records an operation on two values and tells its number.
type Case = for<'t> fn(Var<'t, f64>, Var<'t, f64>) -> usize;

fn predict(tape: &Tape<f64>, y: Var<'_, f64>, upto: usize) -> evenkeel_autograd::Propagation {
    let laws: Vec<Option<Signal>> = (0..upto).map(|i| Some(tape.nth(i).signal())).collect();
    tape.propagate(y.index(), &laws).unwrap()
}

fn close(got: f64, expected: f64, tolerance: f64) {
    assert!((got - expected).abs() <= tolerance * expected.abs().max(1e-12), "{got}, expected {expected}");
}

/// 200 x 300 outputs, each a sum of 400 products: the sample variance has a relative deviation of about
/// sqrt(2 / 300) = 8 % over the units for shared inputs; 4 deviations.
#[test]
fn a_linear_layer_spreads_as_predicted() {
    let tape = Tape::new();
    let x = tape.variable(random(&[200, 400], 0.7, 2.0, 1));
    let w = tape.variable(random(&[300, 400], 0.0, 0.01, 2));
    let b = tape.variable(random(&[300], 0.3, 0.5, 3));
    let y = x.linear(w, Some(b));
    let predicted = predict(&tape, y, 3);
    close(predicted.output.variance, y.signal().variance, 0.33);
    let dy = random(&[200, 300], 0.0, 1.0, 4);
    tape.backward_from(y, dy.as_slice());
    let dx = Signal::of(x.gradient().unwrap().as_slice());
    close(predicted.gains.unwrap()[0], dx.second_moment() / Signal::of(dy.as_slice()).second_moment(), 0.1);
}

#[test]
fn functions_and_sums_follow_their_laws() {
    let (n, mut rng) = (200_000, Seed(5).rng());
    // Sums of 12 uniform numbers: nearly Gaussian, as the theory assumes.
    let mut gaussian = |mean: f64, deviation: f64| {
        Tensor::from_fn([n], |_| mean + deviation * ((0..12).map(|_| rng.random::<f64>()).sum::<f64>() - 6.0))
    };
    let (a, b) = (gaussian(0.3, 1.2), gaussian(-1.0, 0.5));
    let cases: [(&str, Case); 8] = [
        ("relu", |a, _| a.relu().index()),
        ("tanh", |a, _| a.tanh().index()),
        ("sigmoid", |a, _| a.sigmoid().index()),
        ("affine", |a, _| a.affine(3.0, -1.0).index()),
        ("add", |a, b| (a + b).index()),
        ("sub", |a, b| (a - b).index()),
        ("mul", |a, b| (a * b).index()),
        ("add twice", |a, _| (a + a).index()),
    ];
    for (name, case) in cases {
        let tape = Tape::new();
        let (x, z) = (tape.variable(a.clone()), tape.variable(b.clone()));
        let y = tape.nth(case(x, z));
        let predicted = predict(&tape, y, 2);
        let measured = y.signal();
        assert!((predicted.output.mean - measured.mean).abs() < 0.01, "{name}: {predicted:?} {measured:?}");
        close(predicted.output.variance, measured.variance, 0.02);
        let mut rng = Seed(6).rng();
        let dy: Vec<f64> = (0..n).map(|_| rng.random_range(-1.0..1.0)).collect();
        tape.backward_from(y, &dy);
        let gain = Signal::of(x.gradient().unwrap().as_slice()).second_moment() / Signal::of(&dy).second_moment();
        let twice = if name == "add twice" { 2.0 } else { 1.0 };
        close(predicted.gains.unwrap()[0] * twice, gain, 0.03);
    }
}

#[test]
fn a_square_is_not_a_product_of_independent_values() {
    let tape = Tape::new();
    let x = tape.variable(random(&[10], 0.0, 1.0, 1));
    let y = x * x;
    let laws = [Some(Signal { mean: 0.0, variance: 1.0 })];
    let law = tape.propagate(y.index(), &laws).unwrap();
    assert_eq!(law.output, Signal { mean: 1.0, variance: 2.0 });
    assert_eq!(law.gains.unwrap().iter().sum::<f64>(), 4.0);
    assert_eq!(tape.propagate(y.index(), &[None]), None);
}

#[test]
fn recorded_operations_tell_their_inputs() {
    let tape = Tape::<f64>::new();
    let x = tape.variable(Tensor::ones([2, 3]));
    let w = tape.constant(Tensor::ones([4, 3]));
    let y = x.reshape([2, 3]).linear(w, None).reshape([8]).relu();
    assert!(tape.recorded(x.index()).is_none());
    let relu = tape.recorded(y.index()).unwrap();
    assert_eq!(relu.name, "relu");
    let linear = tape.recorded(relu.inputs[0]).unwrap();
    assert_eq!((linear.name, linear.inputs), ("linear", vec![x.index(), w.index()]));
}

#[test]
fn retained_gradients_are_those_of_intermediate_values() {
    let mut tape = Tape::new();
    for retain in [true, false] {
        let x = tape.variable(Tensor::from_vec([2], vec![1.0, -2.0]).unwrap());
        let h = x * 3.0;
        let loss = (h * h).sum();
        if retain {
            tape.retain_gradients();
        }
        tape.backward(loss);
        assert_eq!(x.gradient().unwrap().as_slice(), [18.0, -36.0]);
        let kept = h.gradient().map(|g| g.as_slice().to_vec());
        assert_eq!(kept, retain.then(|| vec![6.0, -12.0]));
        tape.reset();
    }
}

#[test]
#[should_panic(expected = "a second pass would add to the gradients that the first one retained")]
fn retained_gradients_allow_one_pass() {
    let tape = Tape::<f64>::new();
    let loss = (tape.variable(Tensor::scalar(2.0)) * 3.0).square();
    tape.retain_gradients();
    tape.backward(loss);
    tape.backward(loss);
}
