//! Losses whose targets are real values or one logit's two classes, in the loop.

use evenkeel_data::{Dataset, Seed, Tensor, synthetic};
use evenkeel_init::XavierUniform;
use evenkeel_module::{ModuleExt, Sequential, sequential};
use evenkeel_nn::{BceWithLogits, CrossEntropy, Flatten, Focal, FocalCrossEntropy, Linear, Reduction, Tanh};
use evenkeel_optim::Adam;
use evenkeel_train::{Loss, Trainer, evaluate, predict};

fn net(outputs: usize) -> Sequential {
    sequential![Linear::new(2, 8), Tanh, Linear::new(8, outputs)].initialize(XavierUniform::default(), Seed(3)).unwrap()
}

/// Two classes with one output: learnt, and the accuracy counted at 0.
#[test]
fn one_output_for_two_classes() {
    let rings = synthetic::concentric_rings(200, 0.05, Seed(1)).unwrap();
    let (train, test) = rings.split_stratified(0.5, Seed(1)).unwrap();
    fn learns(loss: impl Loss, train: &Dataset, test: &Dataset) {
        let mut net = net(1);
        let name = format!("{loss:?}");
        let history = Trainer::new(Adam::new(0.05)).epochs(60).batch_size(20).fit(&mut net, loss, train, test).unwrap();
        let accuracy = history.last("test_accuracy").unwrap();
        assert!(accuracy > 0.95, "{name}: {accuracy}");
        let logits = predict(&net, test).unwrap();
        let right = logits.as_slice().iter().enumerate().filter(|&(i, &x)| test.label(i) == Some(u32::from(x > 0.0)));
        assert_eq!(accuracy, right.count() as f64 / test.len() as f64);
    }
    learns(BceWithLogits::default(), &train, &test);
    learns(BceWithLogits::default().with_pos_weight([1.5]).with_label_smoothing(0.05), &train, &test);
    learns(Focal::default().with_alpha(0.5), &train, &test);
}

#[test]
fn a_logit_of_nan_is_never_right() {
    let data = synthetic::concentric_rings(10, 0.05, Seed(1)).unwrap();
    let mut net = net(1);
    net.for_each_parameter_mut(|_, p| p.as_mut_slice().fill(f32::NAN));
    assert_eq!(evaluate(&net, &BceWithLogits::default(), &data).unwrap().accuracy, Some(0.0));
}

/// Rare classes weigh more and easy examples less; the loss over all data is that of one batch, whatever the batches' weights.
#[test]
fn focal_loss_of_classes() {
    let rings = synthetic::concentric_rings(200, 0.05, Seed(1)).unwrap();
    let (train, test) = rings.split_stratified(0.5, Seed(1)).unwrap();
    let focal = FocalCrossEntropy::default().with_class_weights([1.0, 2.5]);
    let mut net = net(2);
    let trainer = Trainer::new(Adam::new(0.05)).epochs(60).batch_size(20);
    let history = trainer.fit(&mut net, focal.clone(), &train, &test).unwrap();
    assert!(history.last("test_accuracy").unwrap() > 0.95);
    let tape = evenkeel_autograd::Tape::new();
    let logits = predict(&net, &test).unwrap();
    let labels: Vec<u32> = (0..test.len()).map(|i| test.label(i).unwrap()).collect();
    let expected = focal.loss(tape.constant(logits), &Tensor::from(labels)).item();
    let got = evaluate(&net, &focal, &test).unwrap().loss;
    assert!((got - f64::from(expected)).abs() < 1e-5 * got, "{got} {expected}");
}

/// The same data as classes, as values (N), (N, 1) and (N, 2) of certainty: each has the same loss.
#[test]
fn values_are_classes_that_are_certain() {
    let data = synthetic::concentric_rings(50, 0.1, Seed(2)).unwrap();
    let inputs = data.batch::<f32>(&Vec::from_iter(0..50)).inputs;
    let of = |shape: &[usize], f: &dyn Fn(usize) -> f32| {
        Dataset::regression(inputs.clone(), Tensor::from_fn(shape, f)).unwrap()
    };
    let label = |i: usize| data.label(i).unwrap() as f32;
    let (binary, two) = (net(1), net(2));
    let loss = BceWithLogits::default().with_pos_weight([2.0]);
    let expected = evaluate(&binary, &loss, &data).unwrap().loss;
    for values in [of(&[50], &label), of(&[50, 1], &label)] {
        let got = evaluate(&binary, &loss, &values).unwrap();
        assert_eq!((got.loss, got.accuracy), (expected, None));
    }
    // A network whose output has no axis of one.
    let values = evaluate(&two, &BceWithLogits::default(), &of(&[50, 2], &|i| label(i / 2))).unwrap().loss;
    assert!(values.is_finite());
    let certain = of(&[50, 2], &|i| f32::from(u8::from(data.label(i / 2) == Some((i % 2) as u32))));
    let loss = CrossEntropy::default().with_label_smoothing(0.1);
    let (soft, hard) = (evaluate(&two, &loss, &certain).unwrap().loss, evaluate(&two, &loss, &data).unwrap().loss);
    assert!((soft - hard).abs() < 1e-6 * hard, "{soft} {hard}");
}

#[test]
fn misfits_are_told_before_training() {
    let rings = synthetic::concentric_rings(20, 0.1, Seed(2)).unwrap();
    let inputs = rings.batch::<f32>(&Vec::from_iter(0..20)).inputs;
    let values = |shape: &[usize], value: f32| Dataset::regression(inputs.clone(), Tensor::full(shape, value)).unwrap();
    let three = Dataset::classification(inputs.clone(), vec![2; 20], 3).unwrap();
    fn refused(loss: impl Loss, net: Sequential, data: &Dataset, word: &str) {
        let error = Trainer::new(Adam::new(0.1)).fit(&mut net.clone(), loss, data, data).unwrap_err().to_string();
        assert!(error.contains(word), "{error}");
    }
    let bce = BceWithLogits::default;
    refused(bce(), net(2), &rings, "an output (examples, 1) for data of 2 classes");
    refused(bce(), net(1), &three, "data of 2 classes, got 3 classes; use CrossEntropy");
    refused(bce(), net(1), &values(&[20, 2], 0.5), "an output of the targets' shape");
    refused(bce(), net(1), &values(&[20], 1.5), "targets from 0 to 1, got 1.5 at example 0");
    refused(bce(), sequential![net(1), Flatten], &values(&[20, 1, 1], 0.5), "targets' shape");
    refused(bce().with_reduction(Reduction::Sum), net(1), &rings, "the mean over a batch");
    refused(bce().with_pos_weight([0.0]), net(1), &rings, "finite and above 0, got 0");
    refused(bce().with_pos_weight([f64::NAN]), net(1), &rings, "finite and above 0, got NaN");
    refused(bce().with_pos_weight([1.0, 2.0]), net(1), &rings, "each of the 1 columns");
    refused(bce().with_label_smoothing(-0.1), net(1), &rings, "label smoothing from 0 to 1");
    refused(Focal::default().with_gamma(-1.0), net(1), &rings, "focal: expected a gamma");
    refused(Focal::default().with_alpha(1.5), net(1), &rings, "focal: expected an alpha from 0 to 1, got 1.5");
    let several = FocalCrossEntropy::default;
    refused(several(), net(3), &rings, "focal_cross_entropy: expected an output (examples, 2)");
    refused(several(), net(2), &values(&[20, 2], 0.5), "data whose targets are classes");
    refused(several().with_reduction(Reduction::Sum), net(2), &rings, "the mean over a batch");
    refused(several().with_gamma(f64::NAN), net(2), &rings, "a gamma that is finite and not negative, got NaN");
    refused(several().with_class_weights([1.0; 3]), net(2), &rings, "focal_cross_entropy: expected class weights (2)");
    let soft = CrossEntropy::default;
    refused(soft(), net(2), &values(&[20, 2], 0.75), "at example 0, with the sum 1.5");
    refused(soft(), net(2), &values(&[20], 1.0), "values of another shape");
    refused(soft(), net(3), &values(&[20, 2], 0.5), "an output (examples, 2)");
    refused(
        soft().with_class_weights([1.0; 3]),
        net(2),
        &values(&[20, 2], 0.5),
        "cross_entropy: expected class weights (2)",
    );
}
