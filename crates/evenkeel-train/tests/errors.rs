//! What a user meets instead of a training: typed errors before the first step, and a diagnosis where the loss diverges.

use evenkeel_autograd::Var;
use evenkeel_data::{Dataset, Digits};
use evenkeel_init::{Normal, XavierUniform};
use evenkeel_module::{Forward, Module, ModuleExt, Pass, Sequential, sequential};
use evenkeel_nn::{CrossEntropy, Linear, MeanSquaredError, Sigmoid};
use evenkeel_norm::BatchNorm;
use evenkeel_optim::Sgd;
use evenkeel_tensor::{Seed, Tensor};
use evenkeel_train::{TrainError, Trainer, evaluate, predict};

fn digits() -> (Dataset, Dataset) {
    Digits::embedded().take(121).unwrap().split_random(0.5, Seed(1)).unwrap()
}

fn refused(trainer: Trainer, mut net: Sequential) -> (TrainError, String) {
    let (train, test) = digits();
    let before = net.state_dict();
    let error = trainer.fit(&mut net, CrossEntropy::default(), &train, &test).unwrap_err();
    assert_eq!(net.state_dict(), before);
    let text = error.to_string();
    (error, text)
}

fn good() -> Sequential {
    sequential![Linear::new(64, 10)].initialize(XavierUniform::default(), Seed(1)).unwrap()
}

#[test]
fn a_network_that_does_not_fit_the_data() {
    let init = |net: Sequential| net.initialize(XavierUniform::default(), Seed(1)).unwrap();
    let (_, text) = refused(Trainer::new(Sgd::new(0.1)), init(sequential![Linear::new(63, 10)]));
    assert!(text.contains("layer `0`") && text.contains("63") && text.contains("64"), "{text}");
    let (_, text) = refused(Trainer::new(Sgd::new(0.1)), init(sequential![Linear::new(64, 9)]));
    assert!(text.contains("10 classes") && text.contains("one output a class"), "{text}");
    let (_, text) = refused(Trainer::new(Sgd::new(0.1)), sequential![Linear::new(64, 10)]);
    assert!(text.contains("initialize") && text.contains("0.weight"), "{text}");
}

/// 61 training examples in batches of 60 leave a batch of one, which batch normalisation cannot take: said before training.
#[test]
fn a_last_batch_of_one() {
    let (train, test) = digits();
    assert_eq!(train.len() % 60, 1);
    let net = || {
        let net = sequential![Linear::new(64, 8), BatchNorm::new(8), Linear::new(8, 10)];
        net.initialize(XavierUniform::default(), Seed(1)).unwrap()
    };
    let (_, text) = refused(Trainer::new(Sgd::new(0.1)).batch_size(60), net());
    assert!(text.contains("layer `1`") && text.contains("drop the last short batch"), "{text}");
    let trainer = Trainer::new(Sgd::new(0.1)).batch_size(60).epochs(2).drop_last();
    assert!(trainer.fit(&mut net(), CrossEntropy::default(), &train, &test).is_ok());
}

#[test]
fn settings_out_of_range() {
    for rate in [f64::NAN, -0.1, f64::INFINITY] {
        let (error, text) = refused(Trainer::new(Sgd::new(rate)), good());
        assert!(matches!(error, TrainError::Optimizer(_)) && text.contains("learning"), "{text}");
    }
    let (error, _) = refused(Trainer::new(Sgd::new(0.1)).batch_size(0), good());
    assert!(matches!(error, TrainError::Setting { setting: "batch_size", .. }));
    let (error, _) = refused(Trainer::new(Sgd::new(0.1)).batch_size(1000).drop_last(), good());
    assert!(matches!(error, TrainError::Setting { .. }));
    let (error, _) = refused(Trainer::new(Sgd::new(0.1)).evaluate_every(0), good());
    assert!(matches!(error, TrainError::Setting { .. }));
}

#[test]
fn losses_and_targets_that_do_not_match() {
    let (train, test) = digits();
    let error = Trainer::new(Sgd::new(0.1)).fit(&mut good(), MeanSquaredError, &train, &test).unwrap_err();
    assert!(error.to_string().contains("CrossEntropy"), "{error}");
    let values = Dataset::regression(Tensor::<f32>::ones([5, 64]), Tensor::<f32>::ones([5, 1])).unwrap();
    assert!(evaluate(&good(), &CrossEntropy::default(), &values).is_err());
    assert!(evaluate(&good(), &MeanSquaredError, &values).is_err());
    assert!(predict(&sequential![Linear::new(3, 1)], &values).is_err());
}

/// ln x of its input.
#[derive(Clone, Module)]
struct Logarithm;

impl Forward for Logarithm {
    fn forward<'t>(&self, _pass: &Pass<'t>, x: Var<'t>) -> Var<'t> {
        x.ln()
    }
}

#[test]
fn a_loss_that_turns_nan_stops_with_step_layer_and_operation() {
    let (train, test) = digits();
    // Sigmoids are positive, so the first steps pass; a huge rate then drives their sum's logarithm out of range.
    let mut net = sequential![Linear::new(64, 16), Logarithm, Linear::new(16, 10)]
        .initialize(Normal::with_std(0.1), Seed(1))
        .unwrap();
    let before = net.state_dict();
    let error = Trainer::new(Sgd::new(0.1)).fit(&mut net, CrossEntropy::default(), &train, &test).unwrap_err();
    let TrainError::Diverged { step: 1, fault: Some(fault), .. } = &error else { panic!("{error}") };
    assert_eq!((fault.layer.as_str(), fault.what.as_str()), ("1", "operation `ln`"));
    assert!(error.to_string().contains("lower the learning rate"), "{error}");
    assert_eq!(net.state_dict(), before, "the network is as it was before the step");

    let mut net = sequential![Linear::new(64, 16), Sigmoid, Linear::new(16, 10)]
        .initialize(XavierUniform::default(), Seed(1))
        .unwrap();
    let error =
        Trainer::new(Sgd::new(1e38)).batch_size(20).fit(&mut net, CrossEntropy::default(), &train, &test).unwrap_err();
    let TrainError::Diverged { step, fault: Some(fault), .. } = &error else { panic!("{error}") };
    assert!(*step > 1 && !fault.layer.is_empty(), "{error}");
}

#[test]
fn evaluation_and_prediction_agree() {
    let (train, test) = Digits::embedded().split_stratified(0.8, Seed(7)).unwrap();
    let mut net = sequential![Linear::new(64, 32).without_bias(), BatchNorm::new(32), Sigmoid, Linear::new(32, 10)]
        .initialize(XavierUniform::default(), Seed(1))
        .unwrap();
    let history = Trainer::new(Sgd::new(0.5)).epochs(3).fit(&mut net, CrossEntropy::default(), &train, &test).unwrap();
    let result = Trainer::evaluate(&net, &CrossEntropy::default(), &test).unwrap();
    assert_eq!(Some(result.loss), history.last("test_loss"));
    assert_eq!(result.accuracy, history.last("test_accuracy"));
    let outputs = Trainer::predict(&net, &test).unwrap();
    let right =
        outputs.argmax_axis(1).as_slice().iter().enumerate().filter(|&(i, &c)| test.label(i) == Some(c as u32)).count();
    assert_eq!(result.accuracy, Some(right as f64 / test.len() as f64));
}
