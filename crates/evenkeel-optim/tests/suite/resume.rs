//! A run that is saved and resumed ends on the same bits; a state that does not belong is refused.

use evenkeel_module::{Entry, ModuleExt, StateDict};
use evenkeel_optim::{Adagrad, Adam, AdamW, Optimizer, RmsProp, Rule, Schedule, Sgd};
use evenkeel_tensor::{Float, Tensor};

use crate::common::Net;

fn optimizer<F: Float>(rule: impl Rule<F>) -> Optimizer<F> {
    Optimizer::new(rule).schedule(Schedule::cosine(10, 0.1).warm_up(3)).clip_norm(2.0)
}

fn resumes<F: Float>(rule: impl Rule<F> + Copy) {
    let steps = |net: &mut Net<F>, optimizer: &mut Optimizer<F>, n: u64| {
        for i in 0..n {
            // A layer that joins late has had fewer updates than there were steps.
            if i == 2 {
                net.unfreeze("layers.1");
            }
            net.step(optimizer, 0.7, 0.3).unwrap();
        }
    };
    let begin = || {
        let mut net = Net::<F>::new(3);
        net.freeze("layers.1");
        net.freeze("layers.2");
        net
    };
    let (mut whole, mut driver) = (begin(), optimizer(rule));
    steps(&mut whole, &mut driver, 10);

    let (mut first, mut driver) = (begin(), optimizer(rule));
    steps(&mut first, &mut driver, 5);
    let (net, state) = (first.state_dict().to_bytes().unwrap(), driver.state_dict().to_bytes().unwrap());
    let mut second = Net::<F>::new(3);
    second.freeze("layers.2");
    second.load_state_dict(&StateDict::from_bytes(&net).unwrap()).unwrap();
    let mut driver = optimizer(rule);
    driver.load_state_dict(&second, &StateDict::from_bytes(&state).unwrap()).unwrap();
    assert_eq!(driver.state_dict().to_bytes().unwrap(), state, "what was loaded is what was saved");
    steps(&mut second, &mut driver, 5);
    assert_eq!(second.bits(), whole.bits(), "{rule:?}");

    // The test can fail: without the state, the end differs.
    let mut third = Net::<F>::new(3);
    third.freeze("layers.2");
    third.load_state_dict(&StateDict::from_bytes(&net).unwrap()).unwrap();
    steps(&mut third, &mut optimizer(rule), 5);
    assert_ne!(third.bits(), whole.bits());
}

#[test]
fn resumed_runs_end_on_the_same_bits() {
    resumes::<f32>(Sgd::new(0.1));
    resumes::<f32>(Sgd::new(0.1).with_momentum(0.9));
    resumes::<f64>(Sgd::new(0.1).with_momentum(0.9).nesterov().with_weight_decay(0.1));
    resumes::<f32>(Adam::default());
    resumes::<f64>(AdamW::default());
    resumes::<f32>(RmsProp::default().with_momentum(0.5));
    resumes::<f32>(Adagrad::default());
}

#[test]
fn a_state_from_before_the_first_step_is_a_new_one() {
    let mut driver = optimizer::<f32>(Adam::default());
    let empty = driver.state_dict();
    let mut net = Net::new(2);
    net.step(&mut driver, 1.0, 0.0).unwrap();
    driver.load_state_dict(&net, &empty).unwrap();
    assert_eq!(driver.steps(), 0);
    net.step(&mut driver, 1.0, 0.0).unwrap();
}

#[test]
fn what_does_not_belong_is_refused_and_nothing_changes() {
    let mut net = Net::<f32>::new(2);
    let mut driver = optimizer(Adam::default());
    for _ in 0..3 {
        net.step(&mut driver, 1.0, 0.5).unwrap();
    }
    let good = driver.state_dict();
    let refused = |change: &dyn Fn(&mut StateDict), message: &str| {
        let mut dict = good.clone();
        change(&mut dict);
        let mut driver = optimizer(Adam::default());
        driver.load_state_dict(&net, &good).unwrap();
        let error = driver.load_state_dict(&net, &dict).unwrap_err().to_string();
        assert!(error.contains(message), "{error}");
        assert_eq!(driver.state_dict(), good);
    };
    let set = |name: &str, entry: Entry| {
        let name = name.to_owned();
        move |d: &mut StateDict| {
            d.tensors.insert(name.clone(), entry.clone());
        }
    };
    let scalar = |n: i64| Entry::I64(Tensor::scalar(n));
    refused(&|d| *d = StateDict::new(), "expected `optimizer.rule`, which is not there");
    refused(&|d| *d = net.state_dict(), "expected `optimizer.rule`, which is not there");
    refused(
        &|d| d.metadata.insert("optimizer.rule".into(), "Sgd".into()).map_or((), drop),
        "the state of Adam, got that of Sgd",
    );
    refused(
        &|d| d.metadata.insert("optimizer.steps".into(), "-3".into()).map_or((), drop),
        "`optimizer.steps`: expected a number of steps, got -3",
    );
    refused(&|d| d.tensors.clear(), "expected `step.layers.0.weight`, which is not there");
    refused(
        &|d| d.tensors.remove("exp_avg.layers.1.bias").map_or((), drop),
        "expected `exp_avg.layers.1.bias`, which is not there",
    );
    refused(&set("exp_avg.layers.2.bias", scalar(0)), "got also exp_avg.layers.2.bias");
    let wrong = || Entry::F32(Tensor::zeros([3, 2]));
    refused(&set("exp_avg.layers.0.weight", wrong()), "`exp_avg.layers.0.weight`: expected shape [2, 3], got [3, 2]");
    let nan = Entry::F32(Tensor::full([2, 3], f32::NAN));
    refused(&set("exp_avg_sq.layers.0.weight", nan), "`exp_avg_sq.layers.0.weight`: expected finite values");
    refused(&set("step.layers.0.weight", scalar(-1)), "an integer from 0 to the number of steps");
    refused(&set("step.layers.0.weight", scalar(4)), "an integer from 0 to the number of steps");
    refused(&set("step.layers.0.weight", Entry::F32(Tensor::scalar(3.0))), "an integer from 0");

    let smaller = Net::<f32>::new(1);
    assert!(driver.load_state_dict(&smaller, &good).unwrap_err().to_string().contains("got also"));
    let larger = Net::<f32>::new(3);
    let error = driver.load_state_dict(&larger, &good).unwrap_err().to_string();
    assert!(error.contains("expected `step.layers.2.weight`, which is not there"), "{error}");
    let mut other = optimizer::<f32>(RmsProp::default());
    assert!(other.load_state_dict(&net, &good).is_err());
    let mut plain = optimizer::<f32>(Sgd::new(0.1));
    let mut momentum = optimizer::<f32>(Sgd::new(0.1).with_momentum(0.9));
    net.step(&mut momentum, 1.0, 0.5).unwrap();
    let error = plain.load_state_dict(&net, &momentum.state_dict()).unwrap_err().to_string();
    assert!(error.contains("got also momentum_buffer.layers.0.bias"), "{error}");
}
