//! Results that formulas on paper promise and careless arithmetic loses.

use evenkeel_autograd::ops::{CrossEntropyOp, Reduction};
use evenkeel_autograd::{Tape, Var};
use evenkeel_tensor::{Float, Tensor};

/// The mean of the targets' negative log-probabilities, from primitives.
fn composed<'t>(x: Var<'t, f32>, labels: &[u32]) -> Var<'t, f32> {
    let log_p = x.log_softmax(1);
    let picked: Vec<_> = labels
        .iter()
        .enumerate()
        .map(|(i, &t)| log_p.narrow(0, i..i + 1).narrow(1, t as usize..t as usize + 1).reshape([1]))
        .collect();
    -Var::concat(&picked, 0).mean()
}

/// The loss depends on differences of logits only, and these are exact here: the spacing of f32 divides them all. So an
/// offset may change no bit, and the composition is met to rounding: 4 epsilon for values up to 3 ln-units large.
#[test]
fn cross_entropy_is_unmoved_by_an_offset() {
    let (rows, labels) = ([[0.0f32, 0.0, 8.0], [16.0, 8.0, 16.0], [0.0, 0.0, 0.0]], [2u32, 0, 1]);
    let at = |offset: f32, smoothing: f32, reference: bool| {
        let tape = Tape::new();
        let x = tape.variable(Tensor::from_fn([3, 3], |i| rows[i / 3][i % 3] + offset));
        let loss = if reference {
            composed(x, &labels)
        } else {
            let mut op = CrossEntropyOp::new(Tensor::from(labels));
            (op.smoothing, op.reduction) = (smoothing, Reduction::Mean);
            tape.record(op, &[x])
        };
        tape.backward(loss);
        (loss.item(), x.gradient().unwrap())
    };
    for offset in [1e4, 1e6, 1e8] {
        for smoothing in [0.0, 0.25] {
            assert_eq!(at(offset, smoothing, false), at(0.0, smoothing, false), "offset {offset}");
        }
        let ((loss, gradient), (expected_loss, expected)) = (at(offset, 0.0, false), at(offset, 0.0, true));
        assert!((loss - expected_loss).abs() <= 4.0 * f32::EPSILON, "offset {offset}: {loss}, not {expected_loss}");
        for (a, b) in gradient.as_slice().iter().zip(expected.as_slice()) {
            assert!((a - b).abs() <= 4.0 * f32::EPSILON, "offset {offset}: {gradient:?}, not {expected:?}");
        }
    }
}

/// Two equal logits: ln 2 and (-1/2, 1/2), however large they are.
#[test]
fn equal_logits_share_the_probability() {
    for offset in [0.0f32, 1e4, 1e6, 1e8, -1e8] {
        let tape = Tape::new();
        let x = tape.variable(Tensor::from([[offset, offset]]));
        let loss = x.cross_entropy(Tensor::from([0]));
        tape.backward(loss);
        assert!((loss.item() - std::f32::consts::LN_2).abs() <= f32::EPSILON, "{offset}: {}", loss.item());
        assert_eq!(x.gradient().unwrap().as_slice(), [-0.5, 0.5], "{offset}");
    }
}

#[test]
fn division_by_a_number_is_division() {
    fn check<F: Float>(xs: &[f64], cs: &[f64]) {
        let tape = Tape::<F>::new();
        let xs: Vec<F> = xs.iter().map(|&x| F::from_f64(x)).collect();
        for c in cs.iter().map(|&c| F::from_f64(c)) {
            let x = tape.variable(Tensor::from_vec([xs.len()], xs.clone()).unwrap());
            let y = x / c;
            for (&x, &y) in xs.iter().zip(y.value().iter()) {
                assert_eq!((x / c).to_bits_u64(), y.to_bits_u64(), "{x:?} / {c:?}");
            }
            tape.backward(y.sum());
            assert!(x.gradient().unwrap().as_slice().iter().all(|&g| g == F::ONE / c), "gradient of x / {c:?}");
        }
    }
    let xs = [0.0, -0.0, 5.0, 1.0, 7.0, 1e-38, 1e30, -3.0];
    check::<f32>(&xs, &[1e-40, 3.0, 10.0, -7.0, 49.0, 1e38]);
    check::<f64>(&xs, &[1e-310, 3.0, 10.0, -7.0, 49.0, 1e300]);
}

/// x^0 is 1 everywhere, so its derivative is 0 everywhere; x^1 has slope 1 at 0 too.
#[test]
fn powers_zero_and_one_have_their_derivative_at_zero() {
    for (n, slope) in [(0.0, 0.0), (1.0, 1.0)] {
        let tape = Tape::<f64>::new();
        let x = tape.variable(Tensor::from([0.0, -2.0, 3.0]));
        tape.backward(x.powf(n).sum());
        assert_eq!(x.gradient().unwrap().as_slice(), [slope; 3], "x^{n}");
    }
}

/// As PyTorch 2.15: a unit that is off gets no gradient, not even an infinite one, and NaN does not turn a unit off.
#[test]
fn a_rectifier_that_is_off_stops_every_gradient() {
    for dy in [f32::INFINITY, f32::NEG_INFINITY, 3.0] {
        let tape = Tape::<f32>::new();
        let x = tape.variable(Tensor::from([-1.0, -0.0, 0.0, f32::NEG_INFINITY, f32::NAN, 2.0]));
        tape.backward_from(x.relu(), &[dy; 6]);
        assert_eq!(x.gradient().unwrap().as_slice(), [0.0, 0.0, 0.0, 0.0, dy, dy]);
    }
    // NaN that comes back from above.
    let tape = Tape::<f64>::new();
    let x = tape.variable(Tensor::from([-1.0]));
    tape.backward_from(x.relu(), &[f64::NAN]);
    assert_eq!(x.gradient().unwrap().as_slice(), [0.0]);
}
