//! What applies to which parameters.

use evenkeel_module::{Mode, Module, ModuleExt, Parameter, Role, Workspace};
use evenkeel_regularize::{
    GroupLasso, Groups, L1, L2, MaxNorm, NonNegative, Penalty, RegularizeError, Regularizer, Sparsity, ValueRange,
};
use evenkeel_tensor::{Float, Seed, Tensor};
use evenkeel_testing::assert_repeats_without_allocating;

#[derive(Module)]
struct Layer<F: Float> {
    weight: Parameter<F>,
    bias: Parameter<F>,
    gamma: Parameter<F>,
}

#[derive(Module)]
struct Net<F: Float> {
    layers: Vec<Layer<F>>,
    head: Layer<F>,
}

fn layer(of: f64) -> Layer<f64> {
    Layer {
        weight: Parameter::new(Tensor::from_fn([2, 3], |i| of * (i as f64 - 2.5)), Role::Weight),
        bias: Parameter::new(Tensor::full([2], of), Role::Bias),
        gamma: Parameter::new(Tensor::full([2], 1.0), Role::Scale),
    }
}

fn net() -> Net<f64> {
    Net { layers: vec![layer(1.0), layer(2.0)], head: layer(3.0) }
}

/// Path and values of each parameter.
fn values(net: &Net<f64>) -> Vec<(String, Vec<f64>)> {
    let mut all = Vec::new();
    net.for_each_parameter(|path, p| all.push((path.to_string(), p.value().as_slice().to_vec())));
    all
}

/// The gradients of the penalties alone, by path; and their value.
fn gradients(regularizer: &Regularizer<f64>, net: &Net<f64>, examples: usize) -> (f64, Vec<(String, Vec<f64>)>) {
    let mut workspace = Workspace::new();
    let pass = workspace.begin(Mode::Training, Seed(0));
    let loss = regularizer.loss(&pass, net, examples).expect("a penalty");
    pass.backward(loss);
    let value = loss.item();
    let step = workspace.finish();
    let mut all = Vec::new();
    net.for_each_parameter(|path, p| all.extend(step.with_gradient(p, |g| (path.to_string(), g.to_vec()))));
    (value, all)
}

fn paths(of: &[(String, Vec<f64>)]) -> Vec<&str> {
    of.iter().map(|(path, _)| path.as_str()).collect()
}

#[test]
fn weights_alone_unless_asked() {
    let net = net();
    let regularizer = Regularizer::new().penalty("*", L2::new(1.0));
    let (value, gradients_of_weights) = gradients(&regularizer, &net, 10);
    assert_eq!(paths(&gradients_of_weights), ["layers.0.weight", "layers.1.weight", "head.weight"]);
    // sum of (i - 2.5)² over 6 weights is 17.5.
    assert!((value - 17.5 * (1.0 + 4.0 + 9.0) / 10.0).abs() < 1e-12);
    assert!((regularizer.value(&net, 10) - value).abs() < 1e-12);
    for (path, g) in &gradients_of_weights {
        let (_, w) = values(&net).into_iter().find(|(p, _)| p == path).unwrap();
        assert!(g.iter().zip(w).all(|(g, w)| (g - 0.2 * w).abs() < 1e-15), "{path}");
    }
    let all = regularizer.clone().all_roles();
    assert_eq!(gradients(&all, &net, 10).1.len(), 9);
    // Only the entry before it.
    let both = Regularizer::new().penalty("layers.1", L2::new(1.0)).penalty("head", L1::new(1.0)).all_roles();
    assert_eq!(paths(&gradients(&both, &net, 1).1), ["layers.1.weight", "head.weight", "head.bias", "head.gamma"]);
    assert!(Regularizer::<f64>::new().all_roles().is_empty());
}

#[test]
fn penalties_of_a_parameter_add_up_with_its_loss() {
    let net = net();
    let regularizer =
        Regularizer::new().penalty("*", L2::new(0.5)).penalty("head.weight", L1::new(0.25)).proximal("*", L1::new(9.0));
    let mut workspace = Workspace::new();
    let pass = workspace.begin(Mode::Training, Seed(0));
    let loss = (pass.parameter(&net.head.weight) * 3.0).sum() + regularizer.loss(&pass, &net, 5).unwrap();
    pass.backward(loss);
    let step = workspace.finish();
    let gradient = step.with_gradient(&net.head.weight, <[f64]>::to_vec).unwrap();
    for (g, w) in gradient.iter().zip(net.head.weight.value().as_slice()) {
        assert!((g - (3.0 + (2.0 * 0.5 * w + 0.25 * w.signum()) / 5.0)).abs() < 1e-12);
    }
    // The proximal one is no part of the loss, but of the value.
    let all = regularizer.value(&net, 5);
    let without = Regularizer::new().penalty("*", L2::new(0.5)).penalty("head.weight", L1::new(0.25)).value(&net, 5);
    // |i - 2.5| adds up to 9 over 6 weights.
    assert!((all - without - 9.0 * 9.0 * (1.0 + 2.0 + 3.0) / 5.0).abs() < 1e-12);
}

#[test]
fn there_may_be_no_penalty() {
    let mut workspace = Workspace::new();
    let pass = workspace.begin(Mode::Training, Seed(0));
    let only_steps = Regularizer::new().proximal("*", L1::new(1.0)).constraint("*", NonNegative);
    assert!(only_steps.loss(&pass, &net(), 10).is_none());
    assert!(Regularizer::new().loss(&pass, &net(), 10).is_none());
    assert_eq!(pass.tape().len(), 0, "no parameter is put on the tape for nothing");
    // Without gradients the value is there all the same.
    let pass = workspace.begin(Mode::Evaluation, Seed(0));
    let loss = Regularizer::new().penalty("head", L2::new(1.0)).loss(&pass, &net(), 1).unwrap();
    assert!((loss.item() - 17.5 * 9.0).abs() < 1e-12 && !loss.is_tracked());
}

#[test]
fn frozen_parameters_are_left_alone() {
    let mut net = net();
    net.freeze("layers.0");
    let before = values(&net);
    let regularizer = Regularizer::new()
        .penalty("*", L2::new(1.0))
        .all_roles()
        .proximal("*", L1::new(1.0))
        .all_roles()
        .constraint("*", ValueRange::new(-0.1, 0.1))
        .all_roles();
    assert!((regularizer.value(&net, 1) - gradients(&regularizer, &net, 1).0) > 0.0);
    assert!(!paths(&gradients(&regularizer, &net, 1).1).iter().any(|path| path.starts_with("layers.0")));
    regularizer.apply(&mut net, 1, |_| 0.1);
    let after = values(&net);
    assert_eq!(after[..3], before[..3]);
    assert!(after[3..].iter().all(|(_, w)| w.iter().all(|w| w.abs() <= 0.1)));
}

#[test]
fn steps_then_projections_at_each_path_s_rate() {
    let mut net = net();
    // The projection comes after the step, whatever the order of the entries.
    let regularizer = Regularizer::new()
        .constraint("layers", ValueRange::new(-1.0, 1.0))
        .proximal("layers", L1::new(8.0))
        .constraint("head", MaxNorm::new(2.0));
    let before = values(&net);
    regularizer.apply(&mut net, 4, |path| if path.matches("layers.1") { 0.5 } else { 0.25 });
    for ((path, before), (_, after)) in before.iter().zip(values(&net)) {
        let threshold = match path.as_str() {
            "layers.0.weight" => 0.5,
            "layers.1.weight" => 1.0,
            "head.weight" => {
                for (w, v) in after.chunks(3).zip(before.chunks(3)) {
                    let norm = |w: &[f64]| w.iter().map(|w| w * w).sum::<f64>().sqrt();
                    assert!((norm(w) - 2.0).abs() < 1e-15 && (w[0] / v[0] * norm(v) - 2.0).abs() < 1e-14);
                }
                continue;
            }
            _ => {
                assert_eq!(*before, after, "{path}");
                continue;
            }
        };
        for (w, v) in after.iter().zip(before) {
            assert_eq!(*w, (v.signum() * (v.abs() - threshold).max(0.0)).clamp(-1.0, 1.0), "{path}");
        }
    }
    assert_eq!(net.layers[1].weight.value().as_slice()[2..4], [0.0; 2], "exactly");
}

#[test]
fn networks_are_checked_before() {
    let net = net();
    let refusal = |regularizer: Regularizer<f64>| regularizer.validate(&net).unwrap_err().to_string();
    assert_eq!(
        refusal(Regularizer::new().penalty("heads", L1::new(1.0))),
        "Regularizer: `heads`: expected it to fit the path of some weight, got none among layers.0.weight, layers.0.bias, \
         layers.0.gamma, layers.1.weight, layers.1.bias, layers.1.gamma, head.weight, head.bias, ...; correct the pattern"
    );
    let hint = refusal(Regularizer::new().penalty("*.bias", L1::new(1.0)));
    assert!(hint.ends_with("add .all_roles() to include biases and normalisation parameters"), "{hint}");
    Regularizer::new().penalty("*.bias", L1::new(1.0)).all_roles().validate(&net).unwrap();
    let inputs = Regularizer::new().proximal("*", GroupLasso::new(1.0).over(Groups::Inputs));
    inputs.validate(&net).unwrap();
    assert!(matches!(inputs.all_roles().validate(&net), Err(RegularizeError::Shape { of: "GroupLasso", .. })));
    let rows = Regularizer::new().constraint("*", MaxNorm::new(1.0).over(Groups::Inputs)).all_roles();
    assert!(matches!(rows.validate(&net), Err(RegularizeError::Shape { of: "MaxNorm", .. })));
    // Also through a trait object, and nothing to check in an empty one.
    let dynamic: &dyn Module<f64> = &net;
    Regularizer::new().validate(dynamic).unwrap();
}

#[test]
fn settings_tell_regularisers_apart() {
    let settings = |lambda| Regularizer::<f32>::new().penalty("*", L1::new(lambda)).settings();
    assert_ne!(settings(0.1), settings(0.2));
    assert_eq!(settings(0.1), settings(0.1));
    assert_ne!(settings(0.1), Regularizer::<f32>::new().proximal("*", L1::new(0.1)).settings());
}

#[test]
fn a_penalty_can_be_chosen_at_run_time() {
    let net = net();
    let value = |name: &str| {
        let penalty: Box<dyn Penalty<f64>> = if name == "l1" { Box::new(L1::new(1.0)) } else { Box::new(L2::new(1.0)) };
        Regularizer::new().penalty("head", penalty).value(&net, 1)
    };
    assert!((value("l1") - 27.0).abs() < 1e-12 && (value("l2") - 157.5).abs() < 1e-12);
}

#[test]
fn a_step_allocates_nothing_after_the_first() {
    let mut net = net();
    let regularizer = Regularizer::new()
        .penalty("*", L1::new(0.1))
        .penalty("*", GroupLasso::new(0.1).over(Groups::Inputs))
        .proximal("*", L1::new(0.1))
        .proximal("head", GroupLasso::new(0.1))
        .constraint("layers.*.weight", MaxNorm::new(3.0));
    let mut workspace = Workspace::new();
    assert_repeats_without_allocating(|| {
        let pass = workspace.begin(Mode::Training, Seed(0));
        pass.backward(regularizer.loss(&pass, &net, 10).unwrap());
        workspace.finish();
        regularizer.apply(&mut net, 10, |_| 0.01);
    });
}

#[test]
fn sparsity_is_reported_by_path() {
    let mut net = net();
    net.layers[0].weight.set(Tensor::from_vec([2, 3], vec![0.0, 1.0, -0.0, 0.0, 0.0, 0.0]).unwrap());
    let report = Sparsity::of(&net);
    let first = &report.parameters[0];
    assert_eq!((first.path.as_str(), first.zeros), ("layers.0.weight", 5));
    assert_eq!((first.zero_units, first.zero_inputs), (Some(1), Some(2)));
    assert_eq!((report.parameters[1].zero_units, report.parameters[1].zeros), (None, 0));
    assert_eq!((report.zeros(), report.values()), (5, 30));
    assert!((report.share() - 1.0 / 6.0).abs() < 1e-15 && (first.share() - 5.0 / 6.0).abs() < 1e-15);
    let table = report.to_string();
    assert!(table.contains("83.3 %      1 of 2       2 of 3\n"), "{table}");
    assert!(table.ends_with("5 of 30 values are 0 (16.7 %)"), "{table}");
    assert_eq!(table.lines().count(), 12);
}

/// Inputs of a kernel are its axis 1.
#[test]
fn sparsity_of_kernels() {
    #[derive(Module)]
    struct Conv {
        weight: Parameter,
    }
    let values = (0..24).map(|i| if i / 2 % 3 == 1 || i < 6 { 0.0 } else { 1.0 }).collect();
    let report =
        Sparsity::of(&Conv { weight: Parameter::new(Tensor::from_vec([4, 3, 2], values).unwrap(), Role::Weight) });
    assert_eq!((report.parameters[0].zero_units, report.parameters[0].zero_inputs), (Some(1), Some(1)));
    assert_eq!(report.zeros(), 12);
}
