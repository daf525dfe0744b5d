//! The probe: measurements, forecasts and verdicts on networks whose fate is known.

use evenkeel_autograd::Var;
use evenkeel_data::{Digits, Targets};
use evenkeel_init::{
    Constant, HeNormal, Initializer, Normal, Policy, UniformFanIn, XavierNormal, XavierUniform, Zeros,
};
use evenkeel_module::{Forward, Module, ModuleExt, Pass, Sequential};
use evenkeel_nn::{Conv2d, CrossEntropy, Linear, Relu, Sigmoid, Tanh};
use evenkeel_norm::{BatchNorm, GroupNorm};
use evenkeel_tensor::{Seed, Tensor};
use evenkeel_train::signal::{Cure, SignalProbe, SignalReport, Thresholds, Verdict};

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
    // Extremes come out as verdicts.
    let huge = SignalProbe::batch(Tensor::full([4, WIDTH], 1e300)).run(&net).unwrap();
    assert_ne!(huge.verdict(), Verdict::Healthy);
    let nan = SignalProbe::batch(Tensor::full([4, WIDTH], f64::NAN)).run(&net).unwrap();
    assert_eq!(nan.verdict(), Verdict::Exploding);
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
