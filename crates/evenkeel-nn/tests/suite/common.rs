//! What several tests need.

use evenkeel_autograd::{Tape, Var};
use evenkeel_tensor::{Seed, Shape, Tensor};

/// Values in [-1, 1) that depend on the seed and the position alone.
pub(crate) fn values(shape: impl Into<Shape>, seed: u64) -> Tensor<f64> {
    let shape = shape.into();
    let value = |i: u64| Seed(seed).at(i).0 as f64 / 2f64.powi(63) - 1.0;
    Tensor::from_vec(shape, (0..shape.numel() as u64).map(value).collect()).unwrap()
}

/// The result of `f` at `x` on a tape of its own.
pub(crate) fn apply(x: &Tensor<f64>, f: impl for<'t> Fn(Var<'t, f64>) -> Var<'t, f64>) -> Tensor<f64> {
    let tape = Tape::new();
    f(tape.constant(x.clone())).to_tensor()
}

/// The result of `f` at `x`, and the gradient of x for the gradient `dy` of the result.
pub(crate) fn differentiate<F: evenkeel_tensor::Float>(
    x: &Tensor<F>,
    dy: impl Fn(Shape) -> Tensor<F>,
    f: impl for<'t> Fn(Var<'t, F>) -> Var<'t, F>,
) -> (Tensor<F>, Tensor<F>) {
    let tape = Tape::new();
    let x = tape.variable(x.clone());
    let y = f(x);
    tape.backward_from(y, dy(y.shape()).as_slice());
    (y.to_tensor(), x.gradient().unwrap())
}

/// Whether all elements agree within `tolerance`; NaN agrees with nothing.
pub(crate) fn close(a: &Tensor<f64>, b: &Tensor<f64>, tolerance: f64) -> bool {
    a.shape() == b.shape() && a.as_slice().iter().zip(b.as_slice()).all(|(a, b)| (a - b).abs() <= tolerance)
}

/// The result of `f` in pools of 1, 2 and 5 threads, which must be the same.
pub(crate) fn in_every_pool<R: Send + PartialEq + std::fmt::Debug>(f: impl Fn() -> R + Sync) -> R {
    let in_pool = |n| rayon::ThreadPoolBuilder::new().num_threads(n).build().unwrap().install(&f);
    let one = in_pool(1);
    for threads in [2, 5] {
        assert!(in_pool(threads) == one, "{threads} threads give other bits");
    }
    one
}
