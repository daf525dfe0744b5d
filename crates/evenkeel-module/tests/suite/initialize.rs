//! Policies with rules for kinds and paths, applied to networks.

use evenkeel_autograd::Var;
use evenkeel_init::{BiasInitializer, ClassPrior, Constant, InitError, Normal, Policy, XavierUniform, Zeros};
use evenkeel_module::{Forward, Module, ModuleExt, Parameter, Pass, Role, Sequential, sequential};
use evenkeel_tensor::{Seed, Shape, Tensor};

use crate::common::{Centre, Dense, Encoder};

/// A layer of another kind, and one around it.
#[derive(Clone, Module)]
struct Scaling {
    weight: Parameter,
    gamma: Parameter,
}

impl Scaling {
    fn new() -> Self {
        let gamma = Parameter::new(Tensor::ones([2]), Role::Scale);
        Self { weight: Parameter::uninitialized([2, 2], Role::Weight), gamma }
    }
}

impl Forward for Scaling {
    fn forward<'t>(&self, pass: &Pass<'t>, x: Var<'t>) -> Var<'t> {
        x.linear(pass.parameter(&self.weight), None) * pass.parameter(&self.gamma)
    }
}

#[derive(Clone, Module)]
struct Residual {
    inner: Dense,
    weights: [Parameter; 1],
}

impl Residual {
    fn new() -> Self {
        Self { inner: Dense::new(2, 2), weights: [Parameter::uninitialized([2, 2], Role::Weight)] }
    }
}

impl Forward for Residual {
    fn forward<'t>(&self, pass: &Pass<'t>, x: Var<'t>) -> Var<'t> {
        x + self.inner.forward(pass, x)
    }
}

/// Of each parameter the path and the first value, after starting a network of every sort of part by `policy`.
fn started(policy: Policy) -> Result<Vec<(String, f32)>, InitError> {
    let head = sequential![Dense::new(2, 2), Scaling::new()];
    let net = sequential![Dense::new(2, 2), Centre::new(), Residual::new(), head, Dense::new(2, 3)];
    let net = net.initialize(policy, Seed(7))?;
    let mut firsts = Vec::new();
    net.for_each_parameter(|path, p| firsts.push((path.to_string(), p.value().as_slice()[0])));
    Ok(firsts)
}

fn values(policy: Policy) -> Vec<f32> {
    started(policy).unwrap().into_iter().map(|(_, value)| value).collect()
}

const PATHS: [&str; 10] = [
    "0.weight",
    "0.bias",
    "2.inner.weight",
    "2.inner.bias",
    "2.weights.0",
    "3.0.weight",
    "3.0.bias",
    "3.1.weight",
    "3.1.gamma",
    "4.weight",
];

#[test]
fn kinds_select_layers_and_what_is_in_them() {
    let base = || Policy::new(Constant(1.0)).with_biases(Constant(0.1));
    let firsts = started(base()).unwrap();
    assert!(firsts.iter().map(|(path, _)| &path[..]).take(10).eq(PATHS));
    assert_eq!(values(base()), [1.0, 0.1, 1.0, 0.1, 1.0, 1.0, 0.1, 1.0, 1.0, 1.0, 0.1]);

    // A rule's own biases are 0 unless told otherwise; a scale is drawn by no rule.
    let dense = values(base().for_kind("Dense", Constant(2.0)));
    assert_eq!(dense, [2.0, 0.0, 2.0, 0.0, 1.0, 2.0, 0.0, 1.0, 1.0, 2.0, 0.0]);
    // The kind that ends before the next layer begins, and an array of parameters in it.
    let residual = values(base().for_kind("Residual", Constant(2.0)));
    assert_eq!(residual, [1.0, 0.1, 2.0, 0.0, 2.0, 1.0, 0.1, 1.0, 1.0, 1.0, 0.1]);
    let both = Policy::new(Constant(2.0)).for_kind("Dense", Constant(3.0));
    let both = values(base().for_kind("Residual", both));
    assert_eq!(both, [1.0, 0.1, 3.0, 0.0, 2.0, 1.0, 0.1, 1.0, 1.0, 1.0, 0.1]);
}

#[test]
fn paths_select_parts_and_the_last_rule_wins() {
    let policy = Policy::new(Constant(1.0))
        .for_path("3", Constant(2.0))
        .for_kind("Dense", Constant(3.0))
        .for_path("*.inner", Constant(4.0))
        .for_path("4", Policy::new(Constant(5.0)).with_biases(ClassPrior::softmax([1, 1, 2])));
    let quarter = 0.25f32.ln();
    assert_eq!(values(policy), [3.0, 0.0, 4.0, 0.0, 1.0, 3.0, 0.0, 2.0, 1.0, 5.0, quarter]);
}

#[test]
fn a_rule_for_nothing_is_an_error() {
    let check = |policy: Policy, words: &str| {
        let error = started(policy.clone()).unwrap_err();
        assert!(matches!(error, InitError::UnmatchedRule { .. }) && error.to_string().contains(words), "{error}");
        assert!(started(policy.allow_unmatched()).is_ok());
    };
    let base = || Policy::new(XavierUniform::default());
    check(base().for_kind("dense", Zeros), "for_kind(\"dense\")");
    check(base().for_path("haed", Zeros).for_kind("Dense", Zeros), "for_path(\"haed\")");
    // A part without weights or biases.
    check(base().for_kind("Centre", Zeros), "for_kind(\"Centre\")");
    check(base().for_path("*.gamma", Zeros), "for_path(\"*.gamma\")");
    check(base().for_path("3", Policy::new(Zeros).for_kind("Residual", Zeros)), "for_path(\"3\") in it");
}

#[test]
fn a_rule_for_a_frozen_part_is_none_for_nothing() {
    let mut net = Encoder::<f64>::new();
    net.freeze("head");
    let net = net.initialize(Policy::new(Normal::default()).for_path("head", Constant(1.0)), Seed(7)).unwrap();
    net.for_each_parameter(|path, p| assert_eq!(p.is_initialized(), !path.matches("head")));
}

#[test]
fn what_no_rule_is_for_starts_as_without_rules() {
    let plain = Policy::new(XavierUniform::default());
    let net = |policy| Encoder::<f32>::new().initialize(policy, Seed(7)).unwrap().state_dict();
    let (all, some) = (net(plain.clone()), net(plain.for_path("head.0", Zeros)));
    let tensor = |dict: &evenkeel_module::StateDict, path: &str| dict.tensors[path].clone();
    for path in ["stem.weight", "blocks.1.weight", "head.1.weight"] {
        assert_eq!(tensor(&all, path), tensor(&some, path), "{path}");
    }
    assert_ne!(tensor(&all, "head.0.weight"), tensor(&some, "head.0.weight"));
}

#[test]
fn an_error_of_a_rule_comes_back() {
    let net = Sequential::<f32>::default().with(Dense::new(2, 3));
    let policy = Policy::new(Zeros).for_path("0", Policy::new(Zeros).with_biases(ClassPrior::softmax([1, 1])));
    let message = net.initialize(policy, Seed(7)).err().unwrap().to_string();
    assert!(message.contains("ClassPrior") && message.contains("3 values"), "{message}");
    assert!(message.starts_with("parameter `0.bias`: "), "{message}");
    let policy = Policy::new(Zeros).for_path("0", Normal::with_std(-1.0));
    match Sequential::<f32>::default().with(Dense::new(2, 3)).initialize(policy, Seed(7)).err().unwrap() {
        InitError::At { path, source } => {
            assert_eq!(path, "0.weight");
            assert!(matches!(*source, InitError::Parameter { initializer: "Normal", .. }));
        }
        other => panic!("{other}"),
    }
}

/// A layer whose bias is declared first, and another weight below it.
#[derive(Clone, Module)]
struct BiasFirst {
    bias: Parameter,
    below: Dense,
    weight: Parameter,
    late: Parameter,
}

/// The rule for biases reports the fan of the weight that it is told.
#[test]
fn a_bias_knows_its_weight_wherever_that_is() {
    let parameter = |shape: &[usize], role| Parameter::<f32>::uninitialized(shape, role);
    let fresh = || BiasFirst {
        bias: parameter(&[2], Role::Bias),
        below: Dense::new(9, 1),
        weight: parameter(&[2, 4], Role::Weight),
        late: parameter(&[2], Role::Bias),
    };
    struct FanIn;
    impl BiasInitializer for FanIn {
        fn fill_bias(&self, bias: &mut [f32], weight: &Shape, _seed: Seed) -> Result<(), InitError> {
            bias.fill(weight.dims().get(1).map_or(f32::NAN, |&fan| fan as f32));
            Ok(())
        }
    }
    let policy = Policy::new(Zeros).with_biases(FanIn);
    let biases =
        |net: &BiasFirst| [&net.bias, net.below.bias.as_ref().unwrap(), &net.late].map(|b| b.value().as_slice()[0]);
    let net = fresh().initialize(policy.clone(), Seed(7)).unwrap();
    assert_eq!(biases(&net), [4.0, 9.0, 4.0]);
    // Weights that are frozen keep their values, and their biases their fans.
    let mut net = fresh().initialize(Constant(3.0), Seed(7)).unwrap();
    net.freeze("weight");
    net.freeze("below.weight");
    let net = net.initialize(policy, Seed(7)).unwrap();
    assert_eq!(biases(&net), [4.0, 9.0, 4.0]);
    assert_eq!(net.weight.value().as_slice(), [3.0; 8]);
}
