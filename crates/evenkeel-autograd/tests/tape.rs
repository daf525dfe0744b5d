//! The tape's own promises.

use evenkeel_autograd::{Segment, Tape};
use evenkeel_tensor::Tensor;

fn vector(values: &[f64]) -> Tensor<f64> {
    Tensor::from_vec([values.len()], values.to_vec()).unwrap()
}

#[test]
fn constants_and_untracked_branches_get_no_gradient() {
    let tape = Tape::new();
    let x = tape.variable(vector(&[1.0, 2.0]));
    let c = tape.constant(vector(&[3.0, 4.0]));
    let unused = x.exp();
    let loss = (x * c + c.sigmoid()).sum();
    tape.backward(loss);
    assert_eq!(x.gradient().unwrap().as_slice(), [3.0, 4.0]);
    assert!(c.gradient().is_none() && unused.gradient().is_none());
    assert!(!c.sigmoid().is_tracked() && loss.is_tracked());
    let y = tape.variable(vector(&[1.0]));
    tape.backward(y.detach().square().sum());
    assert!(y.gradient().is_none());
}

#[test]
fn gradients_add_up_until_the_reset() {
    let mut tape = Tape::new();
    let x = tape.variable(vector(&[1.0]));
    let loss = x.square().sum();
    tape.backward(loss);
    tape.backward(loss);
    assert_eq!(x.gradient().unwrap().item(), 4.0);
    tape.reset();
    assert_eq!(tape.len(), 0);
}

/// 100 000 operations: no recursion, and time in proportion to length. Both lengths are beyond the caches; four times
/// the length may take at most ten times as long, where a quadratic tape would take sixteen times.
#[test]
fn deep_chains() {
    let run = |tape: &mut Tape<f64>, depth: usize| {
        tape.reset();
        let x = tape.variable(Tensor::scalar(1.0));
        let mut y = x;
        for i in 0..depth {
            y = if i % 2 == 0 { y + 1.0 } else { y * 1.000_001 };
        }
        tape.backward(y);
        let gradient = x.gradient().unwrap().item();
        assert!((gradient - 1.000_001f64.powi(depth as i32 / 2)).abs() < 1e-9);
    };
    let mut tape = Tape::new();
    run(&mut tape, 100_000);
    let time = |tape: &mut Tape<f64>, depth| {
        (0..5)
            .map(|_| {
                let t = std::time::Instant::now();
                run(tape, depth);
                t.elapsed()
            })
            .min()
            .unwrap()
    };
    let (short, long) = (time(&mut tape, 25_000), time(&mut tape, 100_000));
    assert!(long < 10 * short, "{short:?} for 25 000 operations, {long:?} for 100 000");
}

#[test]
fn shapes_that_do_not_fit_panic_with_shapes_and_path() {
    let tape = Tape::<f32>::new();
    let x = tape.variable(Tensor::zeros([2, 3]));
    let w = tape.variable(Tensor::zeros([5, 4]));
    let panic = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        tape.scope(Segment::Name("layers"), || tape.scope(Segment::Index(2), || x.linear(w, None)))
    }))
    .unwrap_err();
    let message = panic.downcast_ref::<String>().unwrap();
    assert!(message.starts_with("layers.2: linear: expected input (..., 4)"), "{message}");
    assert!(message.contains("[2, 3]") && message.contains("[5, 4]"), "{message}");
}

#[test]
fn a_dry_run_gives_shapes_and_the_first_misfit() {
    let mut tape = Tape::<f32>::new();
    tape.dry_run(true);
    let x = tape.constant(Tensor::zeros([2, 3]));
    let w = tape.variable(Tensor::zeros([5, 3]));
    let y = x.linear(w, None).sigmoid();
    assert_eq!(y.shape(), [2, 5].into());
    assert!(tape.take_error().is_none());
    let bad = tape.scope(Segment::Name("head"), || y.linear(w, None)).relu() + y;
    assert!(bad.value().is_empty());
    let (path, error) = tape.take_error().unwrap();
    assert_eq!((path.as_str(), error.operation), ("head", "linear"));
    tape.dry_run(false);
    assert_eq!(tape.variable(Tensor::scalar(2.0)).square().item(), 4.0);
}

#[test]
fn the_first_fault_is_where_a_nan_came_in() {
    let tape = Tape::new();
    let x = tape.variable(vector(&[1.0, -1.0]));
    assert!(tape.first_fault().is_none());
    let y = tape.scope(Segment::Name("encoder"), || x.affine(2.0, 0.0).ln());
    let _ = (y + x).sum();
    let fault = tape.first_fault().unwrap();
    assert_eq!((fault.operation, fault.path.as_str()), (Some("ln"), "encoder"));
    let leaf = Tape::new();
    leaf.variable(vector(&[f64::NAN]));
    assert_eq!(leaf.first_fault().unwrap().operation, None);
}

#[test]
#[should_panic(expected = "belongs to another tape")]
fn tapes_do_not_mix() {
    let (a, b) = (Tape::<f32>::new(), Tape::new());
    let _ = a.variable(Tensor::scalar(1.0)) + b.variable(Tensor::scalar(1.0));
}

#[test]
fn empty_arrays_pass_through() {
    let tape = Tape::<f64>::new();
    let x = tape.variable(Tensor::zeros([0, 3]));
    let w = tape.variable(Tensor::ones([2, 3]));
    let loss = x.linear(w, None).relu().softmax(1).sum();
    tape.backward(loss);
    assert_eq!(loss.item(), 0.0);
    assert_eq!(w.gradient().unwrap().as_slice(), [0.0; 6]);
}
