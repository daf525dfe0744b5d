//! Trajectories of PyTorch's optimisers.
//!
//! `tests/data/trajectories.safetensors` holds, for each case, a random 3 x 4 start `w`, 6 random gradients `grads`, and the
//! `trajectory` of `w` after each step, computed with torch 2.15.0 (`torch.optim`, float64) with the settings below.

use evenkeel_module::StateDict;
use evenkeel_optim::{Adagrad, Adam, AdamW, Optimizer, RmsProp, Rule, Sgd};
use evenkeel_tensor::Float;

use crate::common::Single;

fn follows<F: Float>(case: &str, rule: impl Rule<F>, rtol: f64, atol: f64) {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/trajectories.safetensors");
    let data = StateDict::open(file).unwrap();
    let array = |name: &str| data.tensors[&format!("optimizer/{case}:{name}")].to_float::<f64>();
    let (w, gradients, expected) = (array("in:w"), array("in:grads"), array("out:trajectory"));
    let mut net = Single::<F>::new(w.as_slice());
    let mut optimizer = Optimizer::new(rule);
    for (step, (g, expected)) in gradients.as_slice().chunks(12).zip(expected.as_slice().chunks(12)).enumerate() {
        net.step(&mut optimizer, g).unwrap();
        for (i, (got, want)) in net.values().into_iter().zip(expected).enumerate() {
            let error = (got - want).abs();
            assert!(error <= atol + rtol * want.abs(), "{case} in {}, step {step}, value {i}: {got} {want}", F::NAME);
        }
    }
    assert_eq!(optimizer.steps(), 6);
}

/// In both precisions: the bound in `f32` is 6 steps of a few roundings of values up to 3.
macro_rules! follows {
    ($($case:ident: $rule:expr;)*) => {$(
        #[test]
        fn $case() {
            follows::<f64>(stringify!($case), $rule, 1e-9, 1e-10);
            follows::<f32>(stringify!($case), $rule, 2e-6, 2e-6);
        }
    )*};
}

follows! {
    sgd: Sgd::new(0.1);
    sgd_momentum_wd: Sgd::new(0.05).with_momentum(0.9).with_weight_decay(0.01);
    sgd_nesterov: Sgd::new(0.05).with_momentum(0.8).nesterov();
    adam: Adam::new(0.01);
    adamw: AdamW::new(0.01).with_weight_decay(0.1);
    rmsprop: RmsProp::new(0.01);
    adagrad: Adagrad::new(0.1);
}
