//! Layer-sequential unit variance over whole networks.

use evenkeel_autograd::Var;
use evenkeel_init::{InitError, Lsuv, XavierUniform};
use evenkeel_module::{
    Forward, LsuvError, Mode, Module, ModuleExt, NetworkError, Parameter, Pass, Role, Sequential, Workspace, lsuv,
};
use evenkeel_tensor::{Float, Seed, Tensor};
use proptest::prelude::*;

/// y = tanh(a W x + b), with a a function of the weight where `doubled`.
#[derive(Module, Clone)]
struct Dense<F: Float> {
    weight: Parameter<F>,
    bias: Parameter<F>,
    doubled: bool,
}

impl<F: Float> Dense<F> {
    fn new(inputs: usize, outputs: usize) -> Self {
        Self {
            weight: Parameter::uninitialized([outputs, inputs], Role::Weight),
            bias: Parameter::uninitialized([outputs], Role::Bias),
            doubled: false,
        }
    }
}

impl<F: Float> Forward<F> for Dense<F> {
    fn forward<'t>(&self, pass: &Pass<'t, F>, x: Var<'t, F>) -> Var<'t, F> {
        let weight = pass.parameter(&self.weight);
        let weight = if self.doubled { weight + weight } else { weight };
        x.linear(weight, Some(pass.parameter(&self.bias))).tanh()
    }
}

fn batch(rows: usize, columns: usize, scale: f64, offset: f64) -> Tensor<f64> {
    let mut noise = Tensor::zeros([rows, columns]);
    evenkeel_init::random::normal(noise.as_mut_slice(), offset, scale, Seed(3));
    noise
}

/// The variance of what each layer hands to tanh, measured anew.
fn variances(net: &Sequential<f64>, batch: &Tensor<f64>) -> Vec<f64> {
    let mut workspace = Workspace::new();
    let pass = workspace.begin(Mode::Evaluation, Seed(0));
    net.forward(&pass, pass.constant(batch.clone()));
    let linear = |&i: &usize| pass.tape().recorded(i).is_some_and(|r| r.name == "linear");
    (0..pass.tape().len()).filter(linear).map(|i| pass.tape().nth(i).signal().variance).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    /// Whatever the data's scale and offset, every layer's output has variance 1 within the tolerance.
    #[test]
    fn every_layer_reaches_unit_variance(depth in 1usize..12, scale in -3f64..3.0, offset in -5.0f64..5.0, seed in any::<u64>()) {
        let scale = 10f64.powf(scale);
        let batch = batch(64, 12, scale, offset * scale);
        let mut net = (0..depth).fold(Sequential::default(), |net, i| {
            net.with(Dense { doubled: i % 3 == 1, ..Dense::new(12, 12) })
        });
        let reports = lsuv(&mut net, &batch, Lsuv::default(), Seed(seed)).unwrap();
        let paths: Vec<_> = reports.iter().map(|(path, _)| path.clone()).collect();
        prop_assert_eq!(paths, (0..depth).map(|i| format!("{i}.weight")).collect::<Vec<_>>());
        prop_assert!(reports.iter().all(|(_, r)| r.converged));
        for (variance, (path, report)) in variances(&net, &batch).iter().zip(&reports) {
            prop_assert!((variance - 1.0).abs() <= 0.01, "{path}: {variance}");
            prop_assert_eq!(*variance, report.variance);
        }
    }
}

#[test]
fn frozen_weights_stay() {
    let batch = batch(50, 6, 2.0, 0.0);
    let net = Sequential::<f64>::default().with(Dense::new(6, 6)).with(Dense::new(6, 6));
    let mut net = net.initialize(XavierUniform::default(), Seed(1)).unwrap();
    net.freeze("0");
    let before = net.get::<Dense<f64>>(0).unwrap().weight.value().clone();
    let reports = lsuv(&mut net, &batch, Lsuv::default(), Seed(2)).unwrap();
    assert_eq!(reports.len(), 1);
    assert_eq!(reports[0].0, "1.weight");
    assert_eq!(net.get::<Dense<f64>>(0).unwrap().weight.value(), &before);
}

#[test]
fn what_cannot_be_done_is_an_error_and_changes_nothing() {
    let fresh = || Sequential::<f64>::default().with(Dense::new(6, 6)).with(Dense::new(6, 6));
    let mut net = fresh().initialize(XavierUniform::default(), Seed(1)).unwrap();
    let before = net.state_dict();
    let mut fails = |batch: Tensor<f64>| lsuv(&mut net, &batch, Lsuv::default(), Seed(2)).unwrap_err();
    assert!(matches!(fails(Tensor::zeros([4, 5])), LsuvError::Misfit(NetworkError::Misfit { .. })));
    for batch in [Tensor::zeros([4, 6]), Tensor::full([4, 6], f64::NAN), Tensor::full([4, 6], f64::INFINITY)] {
        match fails(batch) {
            LsuvError::Layer { path, source: InitError::OutputVariance { .. } } => assert_eq!(path, "0.weight"),
            other => panic!("{other}"),
        }
    }
    assert!(matches!(fails(Tensor::zeros([0, 6])), LsuvError::Layer { .. }));
    assert_eq!(net.state_dict(), before);
}
