//! What a user meets instead of a training: typed errors before the first step, and a diagnosis where the loss diverges.

use evenkeel_autograd::Var;
use evenkeel_data::{Dataset, Digits};
use evenkeel_init::{Normal, XavierUniform};
use evenkeel_module::{Forward, Module, ModuleExt, Pass, Sequential, sequential};
use evenkeel_nn::{CrossEntropy, Linear, MeanSquaredError, Reduction, Sigmoid};
use evenkeel_norm::BatchNorm;
use evenkeel_optim::Sgd;
use evenkeel_tensor::{Seed, Tensor};
use evenkeel_train::{Callback, Event, Flow, TrainError, Trainer, evaluate, predict};

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
    // A linear layer's outputs have either sign, so the first step already takes the logarithm of a negative number.
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

/// The square root of 0 x: its value is 0, and its derivative 0 times infinity.
#[derive(Clone, Module)]
struct Root;

impl Forward for Root {
    fn forward<'t>(&self, _pass: &Pass<'t>, x: Var<'t>) -> Var<'t> {
        (x * 0.0).sqrt()
    }
}

#[test]
fn a_gradient_that_turns_nan_stops_before_the_weights_do() {
    let (train, test) = digits();
    let mut net = sequential![Linear::new(64, 16), Root, Linear::new(16, 10)]
        .initialize(XavierUniform::default(), Seed(1))
        .unwrap();
    let before = net.state_dict();
    let error = Trainer::new(Sgd::new(0.1)).fit(&mut net, CrossEntropy::default(), &train, &test).unwrap_err();
    let TrainError::Diverged { step: 1, loss, fault: Some(fault) } = &error else { panic!("{error}") };
    assert!(loss.is_finite());
    // The last parameter before the root is the first whose gradient goes wrong.
    assert_eq!((fault.layer.as_str(), fault.what.as_str()), ("0", "the gradient of parameter `0.bias`"));
    assert_eq!(net.state_dict(), before);
}

#[test]
fn training_that_changes_nothing_is_an_error() {
    let (train, test) = digits();
    let mut frozen = good();
    frozen.freeze("*");
    let error = Trainer::new(Sgd::new(0.1)).fit(&mut frozen, CrossEntropy::default(), &train, &test).unwrap_err();
    assert!(matches!(error, TrainError::NothingLearns), "{error}");
}

#[test]
fn settings_of_the_loss_are_checked() {
    let (train, test) = digits();
    for (loss, word) in [
        (CrossEntropy::default().with_reduction(Reduction::None), "mean"),
        (CrossEntropy::default().with_reduction(Reduction::Sum), "mean"),
        (CrossEntropy::default().with_label_smoothing(7.0), "smoothing"),
        (CrossEntropy::default().with_label_smoothing(f64::NAN), "smoothing"),
        (CrossEntropy::default().with_class_weights([1.0; 3]), "class weights (10)"),
        (CrossEntropy::default().with_class_weights([-1.0; 10]), "finite class weights"),
    ] {
        let error = Trainer::new(Sgd::new(0.1)).fit(&mut good(), loss, &train, &test).unwrap_err().to_string();
        assert!(error.contains(word), "{error}");
    }
}

/// A weighted loss over a data set is the weighted mean, whatever the order and the batches.
#[test]
fn weighted_losses_do_not_depend_on_the_order() {
    let digits = Digits::embedded().take(900).unwrap();
    let reversed: Vec<usize> = (0..900).rev().collect();
    let weights: Vec<f64> = (0..10).map(|c| f64::from(c * c)).collect();
    let loss = CrossEntropy::default().with_class_weights(weights);
    let a = evaluate(&good(), &loss, &digits).unwrap().loss;
    let b = evaluate(&good(), &loss, &digits.subset(&reversed).unwrap()).unwrap().loss;
    assert!((a - b).abs() < 1e-5 * a, "{a} {b}");
}

#[test]
fn an_output_of_nan_is_never_right() {
    let digits = Digits::embedded();
    let nines: Vec<usize> = (0..digits.len()).filter(|&i| digits.label(i) == Some(9)).collect();
    let mut net = good();
    net.for_each_parameter_mut(|_, p| p.as_mut_slice().fill(f32::NAN));
    let result = evaluate(&net, &CrossEntropy::default(), &digits.subset(&nines).unwrap()).unwrap();
    assert_eq!(result.accuracy, Some(0.0));
}

/// "Until my callback stops it".
#[test]
fn a_run_without_end() {
    struct Enough;
    impl<N: Forward> Callback<f32, N> for Enough {
        fn after_step(&mut self, event: &Event<'_, f32, N>) -> Flow {
            if event.step == 3 { Flow::Stop } else { Flow::Continue }
        }
    }
    let (train, test) = digits();
    for trainer in [Trainer::new(Sgd::new(0.1)).steps(u64::MAX), Trainer::new(Sgd::new(0.1)).epochs(u64::MAX)] {
        let history = trainer.callback(Enough).fit(&mut good(), CrossEntropy::default(), &train, &test).unwrap();
        assert_eq!(history.steps().len(), 3);
    }
}

#[test]
fn epochs_are_counted_once() {
    let (train, test) = digits();
    let history =
        Trainer::new(Sgd::new(0.1)).epochs(2).fit(&mut good(), CrossEntropy::default(), &train, &test).unwrap();
    assert_eq!(history.steps().last_epoch(), Some(1));
    assert_eq!(history.evaluations().last_epoch(), Some(1));
    assert!(history.report("two").to_html().contains("Epochs: 2."));
}

/// A layer that normalises with a copy of itself: what it observes belongs to nobody.
#[derive(Clone, Module)]
struct Forgetful {
    norm: BatchNorm,
}

impl Forward for Forgetful {
    fn forward<'t>(&self, pass: &Pass<'t>, x: Var<'t>) -> Var<'t> {
        self.norm.clone().forward(pass, x)
    }
}

#[test]
fn statistics_of_copies_are_an_error() {
    let (train, test) = digits();
    let mut net = sequential![Linear::new(64, 10), Forgetful { norm: BatchNorm::new(10) }]
        .initialize(XavierUniform::default(), Seed(1))
        .unwrap();
    let error =
        Trainer::new(Sgd::new(0.1)).drop_last().fit(&mut net, CrossEntropy::default(), &train, &test).unwrap_err();
    assert!(matches!(error, TrainError::LostStatistics { observations: 3 }), "{error}");
}
