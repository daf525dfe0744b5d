//! Which parameters a step changes, how far, and when it refuses.

use evenkeel_module::ModuleExt;
use evenkeel_optim::{Adagrad, Adam, AdamW, OptimError, Optimizer, RmsProp, Schedule, Sgd};

use crate::common::{Net, Single};

/// What a step of sgd with learning rate 1 subtracts from each value of a layer, weights before biases.
fn moved(optimizer: Optimizer<f64>, gradient: f64) -> Vec<f64> {
    let mut optimizer = optimizer;
    let mut net = Net::<f64>::new(2);
    let before = net.values();
    net.step(&mut optimizer, 0.0, gradient).unwrap();
    before.iter().zip(net.values()).map(|(b, a)| b - a).collect()
}

#[test]
fn weights_alone_decay_unless_told_otherwise() {
    let sgd = || Optimizer::new(Sgd::new(1.0).with_weight_decay(0.5));
    let values = Net::<f64>::new(2).values();
    let decayed = |optimizer| -> Vec<bool> {
        let moved = moved(optimizer, 0.0);
        moved.iter().zip(&values).for_each(|(m, w)| assert!(*m == 0.0 || (m - 0.5 * w).abs() < 1e-12));
        moved.iter().map(|m| *m != 0.0).collect()
    };
    let layer = |weight, bias| [[weight; 6].as_slice(), &[bias; 2]].concat();
    assert_eq!(decayed(sgd()), [layer(true, false), layer(true, false)].concat());
    assert_eq!(decayed(sgd().decay_all()), [layer(true, true), layer(true, true)].concat());
    let one = sgd().group("layers.1", |g| g.decay_all());
    assert_eq!(decayed(one), [layer(true, false), layer(true, true)].concat());
    let off = sgd().group("layers.0", |g| g.weight_decay(0.0));
    assert_eq!(decayed(off), [layer(false, false), layer(true, false)].concat());
    let own = Optimizer::new(Sgd::new(1.0)).group("layers.0", |g| g.weight_decay(0.5));
    assert_eq!(decayed(own), [layer(true, false), layer(false, false)].concat());
}

#[test]
fn the_last_group_that_fits_applies() {
    let optimizer = Optimizer::new(Sgd::new(1.0))
        .group("layers.0", |g| g.learning_rate_factor(0.5))
        .group("*.bias", |g| g.learning_rate_factor(2.0));
    let expected = [[0.5; 6].as_slice(), &[2.0; 2], &[1.0; 6], &[2.0; 2]].concat();
    for (got, expected) in moved(optimizer, 1.0).into_iter().zip(expected) {
        assert!((got - expected).abs() < 1e-12, "{got} {expected}");
    }
}

/// What a step uses is what the optimiser tells before it, in any order of asking, before and after the first step.
#[test]
fn learning_rate_factors_are_those_of_the_groups() {
    let mut optimizer = Optimizer::new(Sgd::new(1.0))
        .group("layers.0", |g| g.learning_rate_factor(0.5))
        .group("*.bias", |g| g.learning_rate_factor(2.0));
    let mut net = Net::<f64>::new(2);
    for _ in 0..2 {
        let factor = optimizer.learning_rate_factors();
        let mut got = Vec::new();
        net.for_each_parameter(|path, _| got.push(factor(path)));
        assert_eq!(got, [0.5, 2.0, 1.0, 2.0]);
        net.for_each_parameter(|path, _| got.push(factor(path)));
        assert_eq!(got[4..], got[..4]);
        drop(factor);
        net.step(&mut optimizer, 0.0, 1.0).unwrap();
    }
    let plain = Optimizer::<f64>::new(Sgd::new(1.0));
    let factor = plain.learning_rate_factors();
    net.for_each_parameter(|path, _| assert_eq!(factor(path), 1.0));
}

#[test]
fn a_scale_comes_on_top_of_the_schedule() {
    let mut net = Net::<f64>::new(1);
    let mut optimizer = Optimizer::new(Sgd::new(1.0)).schedule(Schedule::exponential(0.5));
    assert_eq!(net.step(&mut optimizer, 0.0, 1.0).unwrap().learning_rate, 1.0);
    optimizer.set_learning_rate_scale(0.25);
    let before = net.values();
    assert_eq!(net.step(&mut optimizer, 0.0, 1.0).unwrap().learning_rate, 0.125);
    for (after, before) in net.values().into_iter().zip(before) {
        assert!((before - after - 0.125).abs() < 1e-15);
    }
    for scale in [-1.0, f64::NAN, f64::INFINITY] {
        optimizer.set_learning_rate_scale(scale);
        let error = net.step(&mut optimizer, 0.0, 1.0).unwrap_err().to_string();
        assert!(error.contains("learning rate scale"), "{error}");
    }
}

#[test]
fn groups_may_come_after_a_step() {
    let mut net = Net::<f64>::new(1);
    let mut optimizer = Optimizer::new(Sgd::new(1.0));
    net.step(&mut optimizer, 0.0, 1.0).unwrap();
    optimizer = optimizer.group("layers.0.weight", |g| g.learning_rate_factor(0.0));
    let before = net.values();
    net.step(&mut optimizer, 0.0, 1.0).unwrap();
    assert_eq!(net.values()[..6], before[..6]);
    assert_ne!(net.values()[6..], before[6..]);
}

#[test]
fn frozen_parameters_are_left_alone_and_start_afresh() {
    let mut net = Net::<f64>::new(2);
    let mut optimizer = Optimizer::new(AdamW::new(0.1));
    net.freeze("layers.0");
    let before = net.values();
    let report = net.step(&mut optimizer, 0.0, 1.0).unwrap();
    assert_eq!(report.updated, 2);
    assert_eq!(net.values()[..8], before[..8]);
    assert!(optimizer.state_dict().tensors.keys().all(|name| !name.starts_with("exp_avg.layers.0")));
    // Its first update is its own first: at full length, as the bias correction of update 1 makes it.
    net.unfreeze("layers.0");
    net.step(&mut optimizer, 0.0, 1.0).unwrap();
    assert!((before[6] - net.values()[6] - 0.1).abs() < 1e-8, "a bias, which does not decay");
}

#[test]
fn parameters_without_gradient_are_left_alone() {
    use evenkeel_module::{Mode, Workspace};
    let mut net = Net::<f64>::new(2);
    let mut optimizer = Optimizer::new(AdamW::new(0.1)).measure_norm();
    let before = net.values();
    let mut workspace = Workspace::new();
    let pass = workspace.begin(Mode::Training, evenkeel_tensor::Seed(0));
    pass.backward(pass.parameter(&net.layers[1].bias).sum());
    let report = optimizer.step(&mut net, &workspace.finish()).unwrap();
    assert_eq!((report.updated, report.gradient_norm), (1, Some(2f64.sqrt())));
    assert_eq!(net.values()[..14], before[..14]);
    assert_ne!(net.values()[14..], before[14..]);
    // Nor does evaluation leave gradients.
    let pass = workspace.begin(Mode::Evaluation, evenkeel_tensor::Seed(0));
    pass.parameter(&net.layers[0].bias);
    let report = optimizer.step(&mut net, &workspace.finish()).unwrap();
    assert_eq!((report.step, report.updated, report.gradient_norm), (2, 0, Some(0.0)));
}

#[test]
fn the_schedule_is_followed() {
    let mut net = Single::<f64>::new(&[0.0]);
    let mut optimizer = Optimizer::new(Sgd::new(2.0)).schedule(Schedule::step_decay(1, 0.5).warm_up(1));
    for (step, rate) in [1.0, 2.0, 1.0, 0.5].into_iter().enumerate() {
        assert_eq!(optimizer.learning_rate(), rate);
        let report = net.step(&mut optimizer, &[1.0]).unwrap();
        assert_eq!((report.step, report.learning_rate), (step as u64 + 1, rate));
    }
    assert_eq!(net.values(), [-4.5]);
}

#[test]
fn a_norm_that_is_not_finite_stops_the_step() {
    for bad in [f64::NAN, f64::INFINITY] {
        let mut net = Single::<f32>::new(&[1.0, 2.0]);
        let mut optimizer = Optimizer::new(Sgd::new(0.1).with_momentum(0.9)).clip_norm(1.0);
        net.step(&mut optimizer, &[0.1, 0.1]).unwrap();
        let (values, state) = (net.values(), optimizer.state_dict());
        let error = net.step(&mut optimizer, &[1.0, bad]).unwrap_err();
        assert!(matches!(error, OptimError::NotFinite { norm } if !norm.is_finite()));
        assert!(error.to_string().contains("nothing was changed"), "{error}");
        assert_eq!((net.values(), optimizer.state_dict()), (values, state));
        net.step(&mut optimizer, &[0.1, 0.1]).unwrap();
    }
    // Squares that overflow in f32 are no infinity.
    let mut net = Single::<f32>::new(&[1.0, 2.0]);
    let mut optimizer = Optimizer::new(Sgd::new(1.0)).clip_norm(1.0);
    let report = net.step(&mut optimizer, &[3e30, 4e30]).unwrap();
    assert!((report.gradient_norm.unwrap() / 5e30 - 1.0).abs() < 1e-6 && report.clipped);
    assert!((net.values()[0] - 0.4).abs() < 1e-6);
}

#[test]
fn another_network_is_refused_and_a_clone_is_not() {
    let step = |optimizer: &mut Optimizer<f64>, mut net: Net<f64>| net.step(optimizer, 1.0, 0.5);
    let mut optimizer = Optimizer::new(Adam::new(0.1));
    step(&mut optimizer, Net::new(2)).unwrap();
    for (other, message) in [
        (1, "with `layers.1.weight` of shape [2, 3], got no further parameter"),
        (3, "with no further parameter, got `layers.2.weight` of shape [2, 3]"),
    ] {
        let error = step(&mut optimizer, Net::new(other)).unwrap_err();
        assert!(error.to_string().contains(message), "{error}");
    }
    let mut reshaped = Net::new(2);
    reshaped.layers[1].bias = Single::new(&[0.0; 3]).weight;
    let error = step(&mut optimizer, reshaped).unwrap_err();
    assert!(error.to_string().contains("`layers.1.bias` of shape [2], got `layers.1.bias` of shape [3]"), "{error}");
    // Equal paths and shapes: as if training had gone on with the first.
    assert_eq!(step(&mut optimizer, Net::new(2)).unwrap().step, 2);

    let mut without = Net::<f64>::new(1);
    let mut with = Net::<f64>::new(1);
    let (mut a, mut b) = (Optimizer::new(Adam::new(0.1)), Optimizer::new(Adam::new(0.1)));
    for _ in 0..3 {
        without.step(&mut a, 1.0, 0.5).unwrap();
        with.step(&mut b, 1.0, 0.5).unwrap();
        for layer in &mut with.layers {
            layer.weight = layer.weight.clone();
        }
    }
    assert_eq!(without.bits(), with.bits());
}

#[test]
fn a_group_that_fits_nothing_is_refused() {
    let mut net = Net::<f64>::new(1);
    let mut optimizer = Optimizer::new(Sgd::new(0.1)).group("layer.*", |g| g.weight_decay(0.1));
    let error = net.step(&mut optimizer, 0.0, 1.0).unwrap_err();
    let expected =
        "group `layer.*`: expected it to fit some parameter's path, got none among layers.0.weight, layers.0.bias";
    assert!(error.to_string().contains(expected), "{error}");
}

#[test]
fn settings_out_of_range_are_refused() {
    fn refused(optimizer: impl Into<Optimizer<f32>>, message: &str) {
        let mut optimizer = optimizer.into();
        let error = optimizer.validate().unwrap_err();
        assert!(error.to_string().contains(message), "{error}");
        let mut net = Single::new(&[1.0]);
        assert_eq!(net.step(&mut optimizer, &[1.0]).unwrap_err().to_string(), error.to_string());
        assert_eq!((net.values(), optimizer.steps()), (vec![1.0], 0));
    }
    for rate in [f64::NAN, -0.1, f64::INFINITY, 1e300] {
        let message = format!("learning rate finite and not negative, got {rate}");
        refused(Sgd::new(rate), &message);
        refused(Adam::new(rate), &message);
    }
    refused(Sgd::new(0.1).with_momentum(-0.9), "Sgd: expected momentum finite and not negative, got -0.9");
    refused(Sgd::new(0.1).nesterov(), "momentum finite and above 0, got 0; set a momentum for nesterov()");
    refused(Sgd::new(0.1).with_weight_decay(-1.0), "Sgd: expected weight decay finite and not negative, got -1");
    refused(Adam::default().with_betas(1.0, 0.9), "Adam: expected beta1 in [0, 1), got 1");
    refused(Adam::default().with_betas(0.9, f64::NAN), "beta2 in [0, 1), got NaN");
    refused(Adam::default().with_betas(0.9, 1.0 - 1e-12), "beta2 in [0, 1)"); // 1 in f32
    refused(AdamW::default().with_epsilon(0.0), "AdamW: expected epsilon finite and above 0, got 0");
    refused(AdamW::default().with_epsilon(1e-60), "epsilon finite and above 0"); // 0 in f32
    refused(RmsProp::default().with_alpha(1.0), "RmsProp: expected alpha in [0, 1), got 1");
    refused(RmsProp::default().with_momentum(f64::INFINITY), "momentum finite and not negative, got inf");
    refused(Adagrad::default().with_epsilon(-1e-10), "Adagrad: expected epsilon finite and above 0");
    let sgd = || Optimizer::new(Sgd::new(0.1));
    refused(sgd().clip_norm(0.0), "Optimizer: expected clip_norm finite and above 0, got 0");
    refused(sgd().clip_value(f64::NAN), "clip_value finite and above 0, got NaN");
    refused(sgd().group("*", |g| g.learning_rate_factor(-1.0)), "Group: expected learning_rate_factor");
    refused(sgd().group("*", |g| g.weight_decay(f64::INFINITY)), "Group: expected weight_decay");
    refused(sgd().schedule(Schedule::cosine(0, 0.0)), "Schedule: expected number of steps");

    let mut net = Single::<f64>::new(&[1.0]);
    let mut wild = Optimizer::new(Sgd::new(0.1)).schedule(Schedule::custom(|s| if s < 1 { 1.0 } else { f64::NAN }));
    net.step(&mut wild, &[1.0]).unwrap();
    let error = net.step(&mut wild, &[1.0]).unwrap_err();
    assert!(error.to_string().contains("learning rate finite and not negative, got NaN"), "{error}");
}
