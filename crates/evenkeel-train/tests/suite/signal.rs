//! The probe: measurements, forecasts and verdicts on networks whose fate is known.

use evenkeel_autograd::Var;
use evenkeel_data::{Digits, Targets};
use evenkeel_init::{
    Constant, HeNormal, Initializer, Normal, Policy, UniformFanIn, XavierNormal, XavierUniform, Zeros,
};
use evenkeel_module::{Forward, Module, ModuleExt, Pass, Sequential};
use evenkeel_nn::{Conv2d, CrossEntropy, Linear, MeanSquaredError, Relu, Residual, Selu, Sigmoid, Tanh};
use evenkeel_norm::{BatchNorm, GroupNorm};
use evenkeel_tensor::{Seed, Tensor};
use evenkeel_train::signal::{Cure, SignalError, SignalProbe, SignalReport, Thresholds, Verdict};

const WIDTH: usize = 256;

fn deep<A: Forward<f64> + Clone + 'static>(
    depth: usize,
    activation: A,
    weights: impl Initializer<f64> + 'static,
) -> Sequential<f64> {
    let net = (0..depth).fold(Sequential::default(), |net, _| {
        net.with(Linear::new(WIDTH, WIDTH).without_bias()).with(activation.clone())
    });
    net.initialize(Policy::new(weights), Seed(7)).unwrap()
}

fn probe(net: &Sequential<f64>) -> SignalReport {
    SignalProbe::gaussian([200, WIDTH]).run(net).unwrap()
}

/// Theory and measurement, over 20 layers. The second moment of a layer fluctuates by a factor of about 1 + sqrt(2 c / width) a
/// layer, c = 5/2 for rectifiers, so its logarithm by sqrt(20 * 5 / 256) = 0.63 in all: e^(3 * 0.63) = 6.5 in the variance at
/// three deviations, 2.6 in the deviation.
#[test]
fn the_forecast_holds_over_twenty_layers() {
    let nets = [
        ("he relu", deep(20, Relu, HeNormal::default())),
        ("xavier relu", deep(20, Relu, XavierNormal::default())),
        ("xavier tanh", deep(20, Tanh, XavierNormal::default())),
        ("large tanh", deep(20, Tanh, Normal::new(0.0, 0.2))),
        ("small sigmoid", deep(20, Sigmoid, Normal::new(0.0, 0.02))),
    ];
    for (name, net) in nets {
        let report = probe(&net);
        assert_eq!(report.layers.len(), 40);
        for layer in &report.layers {
            let predicted = layer.predicted.expect("linear layers and functions have laws");
            let ratio = (layer.measured.second_moment() / predicted.second_moment()).sqrt();
            assert!((1.0 / 2.6..2.6).contains(&ratio), "{name}, layer {}: signal {ratio}", layer.layer);
            let gradient = layer.gradient_norm / layer.predicted_gradient_norm.unwrap();
            assert!((1.0 / 2.6..2.6).contains(&gradient), "{name}, layer {}: gradient {gradient}", layer.layer);
        }
    }
}

/// Through a rectifier He keeps the second moment, and Xavier (of equal fans) halves it at every layer.
#[test]
fn he_keeps_what_xavier_halves() {
    let last = |report: SignalReport| report.layers.last().unwrap().predicted.unwrap().second_moment();
    let (he, xavier) =
        (last(probe(&deep(30, Relu, HeNormal::default()))), last(probe(&deep(30, Relu, XavierNormal::default()))));
    let drawn: f64 = he / xavier;
    // Of the forecast, only the weights' sample variances are random: 30 of 65536 values each, to sqrt(30 * 2 / 65536) = 3 %.
    assert!((drawn.log2() - 30.0).abs() < 0.3, "{drawn}");
}

#[test]
fn verdicts_on_known_fates() {
    let verdict = |net: &Sequential<f64>| probe(net).verdict();
    assert_eq!(verdict(&deep(10, Relu, HeNormal::default())), Verdict::Healthy);
    assert_eq!(verdict(&deep(10, Tanh, XavierUniform::default())), Verdict::Healthy);
    assert_eq!(verdict(&deep(10, Tanh, Normal::new(0.0, 0.01))), Verdict::Vanishing);
    assert_eq!(verdict(&deep(10, Relu, Normal::new(0.0, 1.0))), Verdict::Exploding);
    assert_eq!(verdict(&deep(5, Tanh, Normal::new(0.0, 1.0))), Verdict::Saturated);
    assert_eq!(verdict(&deep(5, Sigmoid, Zeros)), Verdict::Symmetric);
    assert_eq!(verdict(&deep(5, Relu, Constant(0.1))), Verdict::Symmetric);
    let mut dead = Sequential::default().with(Linear::new(WIDTH, WIDTH)).with(Relu);
    dead = dead.initialize(Policy::new(HeNormal::default()).with_biases(Constant(-100.0)), Seed(7)).unwrap();
    let report = probe(&dead);
    assert_eq!((report.layers[1].verdict, report.layers[1].dead), (Verdict::Dead, 1.0));
    assert_eq!(report.layers[1].cure, Some(Cure::Leak));
}

#[test]
fn the_cure_cures() {
    let net = deep(20, Relu, UniformFanIn);
    let report = probe(&net);
    let ill = report.first_ill().expect("a deviation of 1 / sqrt(3 n) is too small for 20 rectifiers");
    let Some(Cure::Initialize { rule: "HeNormal", wanted, actual }) = ill.cure else { panic!("{:?}", ill.cure) };
    assert!((wanted - (2.0 / WIDTH as f64).sqrt()).abs() < 1e-12);
    assert!((actual * (3.0 * WIDTH as f64).sqrt() - 1.0).abs() < 0.02, "{actual}");
    let cured = net.initialize(HeNormal::default(), Seed(7)).unwrap();
    assert_eq!(probe(&cured).verdict(), Verdict::Healthy);
}

#[test]
fn a_network_of_ones_own_is_named_by_its_parameters() {
    #[derive(Module, Clone)]
    struct Block {
        inner: Linear,
        norm: BatchNorm,
    }
    impl Forward for Block {
        fn forward<'t>(&self, pass: &Pass<'t>, x: Var<'t>) -> Var<'t> {
            x + self.norm.forward(pass, self.inner.forward(pass, x)).relu()
        }
    }
    let block = || Block { inner: Linear::new(8, 8).without_bias(), norm: BatchNorm::new(8) };
    let net =
        Sequential::new(vec![Box::new(block()), Box::new(block())]).initialize(HeNormal::default(), Seed(1)).unwrap();
    let report = SignalProbe::gaussian([64, 8]).run(&net).unwrap();
    let names: Vec<String> = report.layers.iter().map(|l| format!("{} {}", l.layer, l.operation)).collect();
    assert_eq!(
        names,
        ["0.inner linear", "0.norm batch_norm", "0.norm relu", "0.norm add"]
            .iter()
            .map(ToString::to_string)
            .chain(["1.inner linear", "1.norm batch_norm", "1.norm relu", "1.norm add"].map(String::from))
            .collect::<Vec<_>>()
    );
    assert_eq!(report.verdict(), Verdict::Healthy);
    assert_eq!(report.of("1.inner").count(), 1);
}

#[test]
fn the_gradient_of_a_loss_on_data() {
    let data = Digits::embedded();
    let batch = data.batch::<f32>(&(0..100).collect::<Vec<_>>());
    let Targets::Classes(_) = &batch.targets else { panic!("digits have classes") };
    let net = evenkeel_module::sequential![Linear::new(64, 30), Tanh, Linear::new(30, 10)]
        .initialize(XavierUniform::default(), Seed(3))
        .unwrap();
    let before = net.state_dict();
    let loss = CrossEntropy::default();
    let report = SignalProbe::batch(batch.inputs).with_loss(&loss, batch.targets).run(&net).unwrap();
    assert_eq!(report.layers.len(), 3);
    assert_eq!(report.curve(|l| l.has_weight.then_some(1.0)), [(1.0, 1.0), (3.0, 1.0)]);
    // Images of digits are alike: pixels are not negative.
    assert!((0.1..1.0).contains(&report.layers[0].similarity), "{}", report.layers[0].similarity);
    assert_eq!(report.layers[2].gradient_ratio, 1.0);
    // The loss is a mean of 100: rows of softmax - onehot over 100.
    assert!((0.05..0.2).contains(&report.layers[2].gradient_norm), "{}", report.layers[2].gradient_norm);
    assert_eq!(before, net.state_dict());
    let html = report.to_string();
    assert!(html.contains("healthy") && report.table().to_string().lines().count() == 5);
    assert!(report.charts()[0].to_svg().contains("predicted"));
    let json: serde_json::Value = serde_json::from_str(&report.to_json()).unwrap();
    assert_eq!(json["layers"][1]["operation"], "tanh");
}

#[test]
fn thresholds_and_misfits() {
    let net = deep(3, Tanh, XavierUniform::default());
    let strict = Thresholds { vanishing: 0.9, ..Thresholds::default() };
    let report = SignalProbe::gaussian([50, WIDTH]).with_thresholds(strict).run(&net).unwrap();
    assert_eq!(report.verdict(), Verdict::Vanishing);
    assert!(SignalProbe::gaussian([50, WIDTH + 1]).run(&net).is_err());
    let same = |seed| SignalProbe::gaussian([50, WIDTH]).with_seed(Seed(seed)).run(&net).unwrap();
    assert_eq!(same(1), same(1));
    assert_ne!(same(1), same(2));
    let huge = Tensor::from_fn([4, WIDTH], |i| 1e300 * (i % 7) as f64);
    assert_ne!(SignalProbe::batch(huge).run(&net).unwrap().verdict(), Verdict::Healthy);
}

#[test]
fn inputs_and_targets_that_tell_nothing_are_errors() {
    let net = deep(3, Tanh, XavierUniform::default());
    let run = |batch: Tensor<f64>| SignalProbe::batch(batch).run(&net).map(|_| ()).unwrap_err();
    for batch in [Tensor::zeros([0, WIDTH]), Tensor::full([4, WIDTH], 3.0), Tensor::full([4, WIDTH], f64::NAN)] {
        assert!(matches!(run(batch), SignalError::Input { .. }));
    }
    assert!(matches!(run(Tensor::from_fn([4, WIDTH + 1], |i| i as f64)), SignalError::Network(_)));
    let deviation = |d: f64| SignalProbe::gaussian_of([4, WIDTH], 0.0, d).run(&net).map(|_| ()).unwrap_err();
    assert!(matches!((deviation(0.0), deviation(f64::NAN)), (SignalError::Input { .. }, SignalError::Input { .. })));
    let loss = CrossEntropy::default();
    for classes in [vec![0; 3], vec![WIDTH as u32; 4]] {
        let targets = Targets::Classes(Tensor::from_vec([classes.len()], classes).unwrap());
        let error = SignalProbe::gaussian([4, WIDTH]).with_loss(&loss, targets).run(&net).unwrap_err();
        assert!(matches!(error, SignalError::Targets(_)), "{error}");
    }
}

fn digits_net(hidden: usize, activation: impl Forward<f64> + Clone + 'static, policy: Policy<f64>) -> Sequential<f64> {
    let net = (0..hidden).fold(Sequential::default(), |net, i| {
        net.with(Linear::new(if i == 0 { 64 } else { 100 }, 100)).with(activation.clone())
    });
    net.with(Linear::new(100, 10)).initialize(policy, Seed(7)).unwrap()
}

fn on_digits(net: &Sequential<f64>) -> SignalReport {
    let batch = Digits::embedded().batch::<f64>(&(0..200).collect::<Vec<_>>());
    let loss = CrossEntropy::default();
    SignalProbe::batch(batch.inputs).with_loss(&loss, batch.targets).run(net).unwrap()
}

/// Networks that stay at chance for twenty epochs of plain gradient descent at 0.01, 0.1 and 0.5: their units differ from one another,
/// and hardly at all from example to example.
#[test]
fn networks_that_cannot_tell_examples_apart_are_ill() {
    let biased = |deviation: f64, bias| Policy::new(Normal::new(0.0, deviation)).with_biases(bias);
    let nets = [
        ("sigmoid", digits_net(4, Sigmoid, Policy::new(XavierUniform::default()))),
        ("tanh", digits_net(8, Tanh, biased(0.06, Normal::new(0.0, 0.3)))),
        ("relu", digits_net(8, Relu, Policy::new(HeNormal::default()).with_biases(Constant(100.0)))),
    ];
    for (name, net) in nets {
        let report = on_digits(&net);
        assert_ne!(report.verdict(), Verdict::Healthy, "{name}\n{report}");
    }
}

/// Networks that train to 95 % and more.
#[test]
fn starts_at_zero_that_do_not_stay_there_are_healthy() {
    let mut head = digits_net(2, Relu, Policy::new(HeNormal::default()));
    head.for_each_parameter_mut(|path, parameter| {
        if path.to_string().starts_with("4.") {
            parameter.as_mut_slice().fill(0.0);
        }
    });
    let report = on_digits(&head);
    assert_eq!(report.verdict(), Verdict::Healthy, "{report}");

    let mut one = digits_net(2, Relu, Policy::new(HeNormal::default()));
    one.for_each_parameter_mut(|path, parameter| {
        if path.to_string() == "0.weight" {
            parameter.as_mut_slice().fill(0.1);
        }
    });
    let report = on_digits(&one);
    assert_ne!(report.verdict(), Verdict::Symmetric, "{report}");

    // Residual branches whose last scale is 0 (Goyal et al. 2017).
    let block = || {
        let branch = Sequential::<f64>::default()
            .with(Linear::new(64, 64))
            .with(BatchNorm::new(64))
            .with(Relu)
            .with(Linear::new(64, 64))
            .with(BatchNorm::new(64));
        Residual::new(branch)
    };
    let net = Sequential::default().with(block()).with(block()).with(Linear::new(64, 10));
    let mut net = net.initialize(HeNormal::default(), Seed(7)).unwrap();
    net.for_each_parameter_mut(|path, parameter| {
        if path.to_string().ends_with("4.weight") {
            parameter.as_mut_slice().fill(0.0);
        }
    });
    let report = on_digits(&net);
    assert!(report.layers.iter().all(|l| l.gradient_ratio != f64::INFINITY), "{report}");
    let sums: Vec<_> = report.layers.iter().filter(|l| l.operation == "residual").map(|l| l.layer.as_str()).collect();
    assert_eq!(sums, ["0", "1"]);
    assert_ne!(report.verdict(), Verdict::Vanishing, "{report}");
}

#[test]
fn a_gradient_that_is_not_a_number_is_no_gradient() {
    let net = deep(2, Tanh, XavierUniform::default());
    let targets = Targets::Values(Tensor::full([4, WIDTH], f64::NAN));
    let report = SignalProbe::gaussian([4, WIDTH]).with_loss(&MeanSquaredError, targets).run(&net).unwrap();
    assert_eq!(report.verdict(), Verdict::Exploding);
}

#[test]
fn an_input_far_from_zero_is_to_be_scaled() {
    let net = deep(3, Tanh, XavierUniform::default());
    let report = SignalProbe::gaussian_of([50, WIDTH], 1e4, 1.0).run(&net).unwrap();
    assert_eq!(report.first_ill().unwrap().cure, Some(Cure::ScaleInput), "{report}");
}

/// SELU wants LeCun's deviation, not He's.
#[test]
fn the_rule_follows_the_function() {
    let rule = |report: SignalReport| match &report.layers[0].cure {
        Some(Cure::Initialize { rule, .. }) => *rule,
        other => panic!("{other:?}"),
    };
    let thresholds = Thresholds { vanishing: 0.5, ..Thresholds::default() };
    let probe =
        |net: &Sequential<f64>| SignalProbe::gaussian([200, WIDTH]).with_thresholds(thresholds).run(net).unwrap();
    let small = Normal::new(0.0, 0.01);
    assert_eq!(rule(probe(&deep(3, Selu, small))), "LeCunNormal");
    assert_eq!(rule(probe(&deep(3, Relu, small))), "HeNormal");
    assert_eq!(rule(probe(&deep(3, Tanh, small))), "XavierUniform");
}

/// A convolutional network with normalisations: forecasts of convolutions count the taps that meet padding.
#[test]
fn convolutions_and_normalisations_have_forecasts() {
    let block = |inputs: usize| Conv2d::new(inputs, 64, 3).with_padding(1).without_bias();
    let net = Sequential::<f64>::default()
        .with(block(3))
        .with(GroupNorm::new(1, 64))
        .with(Relu)
        .with(block(64))
        .with(BatchNorm::new(64))
        .with(Relu)
        .with(block(64).with_stride(2));
    let net = net.initialize(HeNormal::default(), Seed(5)).unwrap();
    let report = SignalProbe::gaussian([16, 3, 8, 8]).run(&net).unwrap();
    assert_eq!(report.verdict(), Verdict::Healthy, "{report}");
    for layer in &report.layers {
        let (measured, predicted) = (layer.measured.variance, layer.predicted.unwrap().variance);
        // 64 channels: a variance over them to sqrt(2 / 64) = 18 %; three deviations.
        assert!(
            (measured / predicted).ln().abs() < 0.54,
            "{} {}: {measured} {predicted}",
            layer.layer,
            layer.operation
        );
        let gradient = layer.gradient_norm / layer.predicted_gradient_norm.unwrap();
        assert!((0.7..1.4).contains(&gradient), "{} {}: gradient {gradient}", layer.layer, layer.operation);
    }
}
