//! A step allocates nothing after the first.

use evenkeel_autograd::Tape;
use evenkeel_tensor::Tensor;
use evenkeel_testing::assert_repeats_without_allocating;

#[test]
fn a_step_that_repeats_the_last_allocates_nothing() {
    let mut tape = Tape::<f32>::new();
    let x = Tensor::ones([32, 50]);
    let w = Tensor::full([20, 50], 0.01);
    let b = Tensor::zeros([20]);
    let labels = Tensor::full([32], 3u32);
    assert_repeats_without_allocating(|| {
        let (w, b) = (tape.variable(w.clone()), tape.variable(b.clone()));
        let h = tape.constant(x.clone()).linear(w, Some(b));
        let loss = (h.sigmoid() * h + h.tanh() * 0.5).cross_entropy(labels.clone());
        tape.backward(loss);
        assert!(tape.with_gradient(w, |g| g.iter().any(|g| *g != 0.0)).unwrap());
        tape.reset();
    });
}
