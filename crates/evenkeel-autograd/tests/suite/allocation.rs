//! A step allocates nothing after the first.

use evenkeel_autograd::Tape;
use evenkeel_autograd::ops::{BinaryCrossEntropyOp, FocalCrossEntropyOp, SoftCrossEntropyOp};
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

#[test]
fn losses_that_repeat_allocate_nothing() {
    let mut tape = Tape::<f32>::new();
    let (x, shares) = (Tensor::ones([32, 4]), Tensor::full([32, 4], 0.25));
    let (classes, labels, weights) = (Tensor::full([128], 1u32), Tensor::full([32], 3u32), Tensor::full([4], 2.0));
    assert_repeats_without_allocating(|| {
        let (x, shares) = (tape.variable(x.clone()), tape.constant(shares.clone()));
        let binary = BinaryCrossEntropyOp { pos_weight: Some(weights.clone()), ..Default::default() };
        let focal = BinaryCrossEntropyOp { gamma: 2.0, classes: Some(classes.clone()), ..Default::default() };
        let soft = SoftCrossEntropyOp { weights: Some(weights.clone()), ..Default::default() };
        let mut focal_of_classes = FocalCrossEntropyOp::new(labels.clone());
        focal_of_classes.weights = Some(weights.clone());
        let losses = tape.record(binary, &[x, shares]) + tape.record(focal, &[x]) + tape.record(soft, &[x, shares]);
        let losses = losses + tape.record(focal_of_classes, &[x]);
        tape.backward(losses);
        assert!(tape.with_gradient(x, |g| g.iter().any(|g| *g != 0.0)).unwrap());
        tape.reset();
    });
}
