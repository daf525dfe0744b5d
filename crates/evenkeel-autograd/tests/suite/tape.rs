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

/// 100 000 operations and as many reshapes of reshapes: no recursion, and time in proportion to length. That is well under
/// a second of work; a tape that looks back along the chain at each operation takes more than 10^10 steps, which is minutes.
#[test]
fn deep_chains() {
    let start = std::time::Instant::now();
    let depth = 100_000;
    let tape = Tape::<f64>::new();
    let x = tape.variable(Tensor::scalar(1.0));
    let mut y = x;
    for i in 0..depth {
        y = if i % 2 == 0 { y + 1.0 } else { y * 1.000_001 };
    }
    tape.backward(y);
    let gradient = x.gradient().unwrap().item();
    assert!((gradient - 1.000_001f64.powi(depth / 2)).abs() < 1e-9);

    let z = tape.variable(Tensor::scalar(2.0));
    let (mut alias, mut sum) = (z, tape.constant(Tensor::scalar(0.0)));
    for i in 0..depth {
        alias = alias.reshape(&[1, 1, 1][..(i % 3) as usize]);
        sum = sum + alias.sum();
    }
    tape.backward(sum);
    assert_eq!(z.gradient().unwrap().item(), f64::from(depth));
    assert!(start.elapsed().as_secs() < 30, "{:?} for {} values", start.elapsed(), tape.len());
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

/// What `f` panics with.
fn message_of<R>(f: impl FnOnce() -> R) -> String {
    let panic = std::panic::catch_unwind(std::panic::AssertUnwindSafe(f)).err().expect("a panic");
    panic.downcast_ref::<String>().cloned().or_else(|| panic.downcast_ref::<&str>().map(|s| s.to_string())).unwrap()
}

#[test]
fn released_leaves_keep_gradients_and_refuse_the_rest() {
    let mut tape = Tape::new();
    let owned = vector(&[2.0, 3.0]);
    let x = tape.variable(owned.clone());
    let y = x.reshape([2, 1]).square();
    let loss = y.sum();
    tape.backward(loss);
    let (x, y, loss) = (x.index(), y.index(), loss.index());
    tape.release_leaves();
    let (x, y, loss) = (tape.nth(x), tape.nth(y), tape.nth(loss));
    assert_eq!(x.gradient().unwrap().as_slice(), [4.0, 6.0]);
    assert_eq!(y.value()[..], [4.0, 9.0], "computed values stay");
    for message in [
        message_of(|| x.value().len()),
        message_of(|| x.reshape([1, 2]).to_tensor()),
        message_of(|| x + x),
        message_of(|| tape.backward(loss)),
    ] {
        assert!(message.contains("released") && message.contains("release_leaves"), "{message}");
    }
    assert_eq!(x.gradient().unwrap().as_slice(), [4.0, 6.0], "a refused backward pass changes nothing");
    tape.reset();
    let x = tape.variable(owned);
    tape.backward(x.square().sum());
    assert_eq!(x.gradient().unwrap().as_slice(), [4.0, 6.0]);
}

#[test]
fn changing_the_tape_while_a_value_is_borrowed_names_the_operation_and_the_cure() {
    let tape = Tape::new();
    let x = tape.variable(vector(&[1.0, 2.0]));
    let loss = x.sum();
    let borrow = x.value();
    for (operation, message) in [
        ("sigmoid", message_of(|| x.sigmoid())),
        ("mul", message_of(|| x * x)),
        ("variable", message_of(|| tape.variable(vector(&[1.0])))),
        ("constant", message_of(|| tape.constant(vector(&[1.0])))),
        ("reshape", message_of(|| x.reshape([2, 1]))),
        ("scope", message_of(|| tape.scope(Segment::Index(0), || ()))),
        ("backward", message_of(|| tape.backward(loss))),
    ] {
        assert!(message.starts_with(&format!("{operation}: a borrow from Var::value()")), "{message}");
        assert!(message.contains("to_tensor()"), "{message}");
    }
    drop(borrow);
    tape.backward(x.sigmoid().sum());
}

#[test]
fn a_dry_run_passes_through_detached_values() {
    let mut tape = Tape::<f32>::new();
    tape.dry_run(true);
    let y = (tape.variable(Tensor::ones([2, 3])) * 2.0).detach();
    assert_eq!(y.shape(), [2, 3].into());
    assert!(tape.take_error().is_none());
}
