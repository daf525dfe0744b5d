//! What a pass promises: one gradient a parameter, statistics that a commit applies, noise that repeats, faults with names.

use evenkeel_autograd::Var;
use evenkeel_init::XavierUniform;
use evenkeel_module::{
    Buffer, Change, Forward, Mode, Module, ModuleExt, NetworkError, Origin, Parameter, Pass, Role, Workspace,
    check_network, sequential,
};
use evenkeel_tensor::{Seed, Tensor};
use rand::RngExt;

use crate::common::{Centre, Dense, Encoder, Log, run};

fn dense(weight: [[f32; 2]; 2]) -> Dense {
    Dense { weight: Parameter::new(Tensor::from(weight), Role::Weight), bias: None }
}

#[test]
fn a_shared_parameter_gathers_one_gradient() {
    #[derive(Module)]
    struct Tied {
        w: Parameter,
    }
    impl Forward for Tied {
        fn forward<'t>(&self, pass: &Pass<'t>, x: Var<'t>) -> Var<'t> {
            let (first, second) = (pass.parameter(&self.w), pass.parameter(&self.w));
            assert_eq!(first.index(), second.index());
            x * first * second
        }
    }
    let mut net = Tied { w: Parameter::new(Tensor::scalar(3.0), Role::Weight) };
    let mut workspace = Workspace::new();
    for mode in [Mode::Training, Mode::Evaluation, Mode::Population, Mode::Sampling] {
        let pass = workspace.begin(mode, Seed(0));
        let loss = net.forward(&pass, pass.constant(Tensor::scalar(5.0)));
        pass.backward(loss);
        // d(5 w²)/dw = 10 w, and no gradients but in training.
        let gradient = workspace.finish().with_gradient(&net.w, |g| g[0]);
        assert_eq!(gradient, (mode == Mode::Training).then_some(30.0));
    }
    net.freeze("w");
    let pass = workspace.begin(Mode::Training, Seed(0));
    pass.backward(net.forward(&pass, pass.constant(Tensor::scalar(5.0))));
    assert!(workspace.finish().with_gradient(&net.w, |_| ()).is_none());
    // A parameter that took no part has none either.
    assert!(workspace.finish().with_gradient(&net.w.clone(), |_| ()).is_none());
}

#[test]
fn finishing_lets_go_of_the_parameters() {
    let mut net = dense([[1.0, 2.0], [3.0, 4.0]]);
    let address = net.weight.value().as_slice().as_ptr();
    let mut workspace = Workspace::new();
    let pass = workspace.begin(Mode::Training, Seed(0));
    pass.backward(net.forward(&pass, pass.constant(Tensor::ones([1, 2]))).sum());
    let step = workspace.finish();
    step.with_gradient(&net.weight, |g| assert_eq!(g, [1.0; 4])).unwrap();
    assert_eq!(step.update(&mut net.weight, |w, g| w[0] -= 0.5 * g[0]), Some(()));
    assert_eq!(net.weight.value().as_slice(), [0.5, 2.0, 3.0, 4.0]);
    assert_eq!(net.weight.value().as_slice().as_ptr(), address, "changed in place");
    assert!(step.update(&mut net.weight.clone(), |_, _| ()).is_none(), "a clone took no part");
}

#[test]
fn each_mode_says_what_is_on() {
    let mut workspace = Workspace::<f64>::new();
    let mut ask = |mode| {
        let pass = workspace.begin(mode, Seed(0));
        (pass.has_noise(), pass.uses_batch_statistics())
    };
    assert_eq!(ask(Mode::Training), (true, true));
    assert_eq!(ask(Mode::Evaluation), (false, false));
    assert_eq!(ask(Mode::Population), (false, true));
    assert_eq!(ask(Mode::Sampling), (true, false));
}

#[test]
fn a_pass_changes_nothing_and_a_commit_everything_at_once() {
    let mut layer = Centre::<f64>::new();
    let mut workspace = Workspace::new();
    let pass = workspace.begin(Mode::Training, Seed(0));
    layer.forward(&pass, pass.constant(Tensor::from([1.0, 3.0])));
    layer.forward(&pass, pass.constant(Tensor::from([6.0])));
    assert_eq!((layer.mean.value().item(), layer.mean.origin()), (0.0, Origin::Initial));
    workspace.finish().commit(&mut layer);
    // 0, then a quarter of the way to 2, then a quarter of the way to 6.
    assert_eq!((layer.mean.value().item(), layer.mean.origin()), (0.5 + 0.25 * 5.5, Origin::Running));
    assert_eq!(layer.count.value().item(), 2.0);

    // Evaluation records nothing, and neither does sampling.
    let before = layer.state_dict();
    for mode in [Mode::Evaluation, Mode::Sampling] {
        assert_eq!(run(&mut layer, mode, Tensor::from([1.875])).item(), 0.0);
        assert_eq!(layer.state_dict(), before);
    }

    // Plain averages: weights 1, 1/2, 1/3.
    for (step, value) in [10.0, 20.0, 60.0].into_iter().enumerate() {
        let pass = workspace.begin(Mode::Population, Seed(0));
        layer.forward(&pass, pass.constant(Tensor::scalar(value)));
        workspace.finish().commit_weighted(&mut layer, 1.0 / (step + 1) as f64, Origin::Population);
    }
    assert!((layer.mean.value().item() - 30.0).abs() < 1e-12);
    assert_eq!(layer.mean.origin(), Origin::Population);
}

#[test]
fn a_weighted_commit_gives_a_step_its_weight_once() {
    let mut layer = Centre::<f64>::new();
    let mut workspace = Workspace::new();
    for (step, values) in [&[f64::INFINITY][..], &[10.0, 20.0, 60.0], &[50.0, 90.0]].into_iter().enumerate() {
        let pass = workspace.begin(Mode::Population, Seed(0));
        for &value in values {
            layer.forward(&pass, pass.constant(Tensor::scalar(value)));
        }
        // Weight 0 is none, weight 1 replaces: even what is infinite.
        let weight = [1.0, 1.0, 0.5][step];
        assert_eq!(workspace.finish().commit_weighted(&mut layer, weight, Origin::Population), 0);
    }
    // The average of 30 and 70.
    assert!((layer.mean.value().item() - 50.0).abs() < 1e-12, "{}", layer.mean.value());
    // Counters count training steps.
    assert_eq!(layer.count.count(), 0);
}

/// A blend is rounded once: beside a large offset an average of what is all the same does not drift, and of two values it is
/// the nearest float.
#[test]
fn a_blend_is_rounded_once() {
    let offset = 1_000_003.06f32;
    let mut layer = Centre::<f32>::new();
    let mut workspace = Workspace::new();
    for step in 0..300 {
        let pass = workspace.begin(Mode::Population, Seed(0));
        let values = if step == 0 { 1 } else { 1 + step % 3 };
        for _ in 0..values {
            layer.forward(&pass, pass.constant(Tensor::scalar(offset)));
        }
        workspace.finish().commit_weighted(&mut layer, 1.0 / (step + 1) as f32, Origin::Population);
        assert_eq!(layer.mean.value().item(), offset, "{step}");
    }
    let pass = workspace.begin(Mode::Training, Seed(0));
    pass.record(&layer.mean, Change::Blend(0.3), |mean| mean[0] = 1_000_001.0);
    workspace.finish().commit(&mut layer);
    let exact = f64::from(offset) + f64::from(0.3f32) * (1_000_001.0 - f64::from(offset));
    assert_eq!(layer.mean.value().item(), exact as f32);
}

/// Plain averages over steps and over several observations in one, whatever the buffer held before the first.
#[test]
fn averages_count_every_observation() {
    #[derive(Module)]
    struct Mean {
        mean: Buffer,
        count: Buffer,
    }
    let mut layer = Mean { mean: Buffer::new(Tensor::full([1], 77.0)), count: Buffer::counter() };
    let mut workspace = Workspace::new();
    for values in [&[1.0, 5.0][..], &[6.0], &[4.0, 4.0, 10.0]] {
        let pass = workspace.begin(Mode::Training, Seed(0));
        for &value in values {
            let before = layer.count.count();
            pass.record(&layer.mean, Change::Average { before }, |mean| mean[0] = value);
            pass.record(&layer.count, Change::Add, |count| count[0] = 1.0);
        }
        assert_eq!(workspace.finish().commit(&mut layer), 0);
    }
    assert_eq!(layer.count.count(), 6);
    assert!((layer.mean.value().item() - 5.0).abs() < 1e-6, "{}", layer.mean.value());
    // A weighted commit has its own weight.
    let pass = workspace.begin(Mode::Population, Seed(0));
    for value in [1.0, 3.0] {
        pass.record(&layer.mean, Change::Average { before: 6 }, |mean| mean[0] = value);
    }
    workspace.finish().commit_weighted(&mut layer, 1.0, Origin::Population);
    assert_eq!(layer.mean.value().item(), 2.0);
}

#[test]
fn an_observation_is_for_one_layer_and_not_for_its_clone() {
    let mut net = sequential![Centre::new(), Centre::new()];
    let mut copy = net.clone();
    let mut workspace = Workspace::new();
    let pass = workspace.begin(Mode::Training, Seed(0));
    net.forward(&pass, pass.constant(Tensor::from([4.0, 8.0])));
    let step = workspace.finish();
    // Two layers of two buffers each, none of them the clone's.
    assert_eq!(step.commit(&mut copy), 4);
    assert_eq!(step.commit_weighted(&mut copy, 1.0, Origin::Population), 4);
    assert_eq!(copy.get::<Centre>(0).unwrap().count.value().item(), 0.0);
    assert_eq!(step.commit(net.get_mut::<Centre>(1).unwrap()), 2, "a part of the network takes its part");
    net.freeze("1");
    assert_eq!(step.commit(&mut net), 0, "frozen buffers are found, and left alone");
    assert_eq!(net.get::<Centre>(1).unwrap().count.count(), 1);
    // The second layer sees what the first has centred.
    assert_eq!(net.get::<Centre>(0).unwrap().mean.value().item(), 1.5);
    assert_eq!(net.get::<Centre>(1).unwrap().mean.value().item(), 0.0);
}

#[test]
fn noise_repeats_with_its_seed() {
    let mut workspace = Workspace::<f32>::new();
    let mut draw = |seed| {
        let pass = workspace.begin(Mode::Training, seed);
        [pass.next_seed(), pass.next_seed(), pass.next_seed()].map(|seed| seed.rng().random::<u64>())
    };
    let (first, again, other) = (draw(Seed(1)), draw(Seed(1)), draw(Seed(2)));
    assert_eq!(first, again);
    let mut all = [first, other].concat();
    all.sort_unstable();
    all.dedup();
    assert_eq!(all.len(), 6, "every use of noise has numbers of its own");
}

#[test]
fn a_network_without_values_is_named_before_it_runs() {
    let net = sequential![Dense::new(2, 3), Log];
    let error = check_network(&net, Mode::Training, [1, 2]).unwrap_err();
    assert_eq!(error, NetworkError::Uninitialized { path: "0.weight".into(), shape: [3, 2].into() });
    assert!(error.to_string().contains("call initialize(..)"), "{error}");
}

#[test]
#[should_panic(expected = "a parameter of shape [3, 2] has no value yet: call initialize(..)")]
fn a_network_without_values_does_not_run() {
    run(&mut Dense::<f32>::new(2, 3), Mode::Training, Tensor::ones([1, 2]));
}

#[test]
fn a_misfit_names_the_layer() {
    let net = Encoder::<f32>::new().initialize(XavierUniform::default(), Seed(1)).unwrap();
    for mode in [Mode::Training, Mode::Evaluation, Mode::Population, Mode::Sampling] {
        assert_eq!(check_network(&net, mode, [7, 3]).unwrap(), [7, 2].into());
    }
    let layer_of = |net: &Encoder, input: [usize; 2]| match check_network(net, Mode::Training, input).unwrap_err() {
        NetworkError::Misfit { layer, source } => (layer, source.operation),
        error => panic!("{error}"),
    };
    assert_eq!(layer_of(&net, [7, 4]), ("stem".to_owned(), "linear"));
    let mut net = net;
    net.head.remove(0);
    net.head =
        std::mem::take(&mut net.head).with(Dense::new(3, 1).initialize(XavierUniform::default(), Seed(1)).unwrap());
    assert_eq!(layer_of(&net, [7, 3]), ("head.1".to_owned(), "linear"));
    let text = check_network(&net, Mode::Training, [7, 3]).unwrap_err().to_string();
    assert!(text.contains("layer `head.1`") && text.contains("[7, 2]"), "{text}");
}

/// The fault of a training pass over `x`, as text.
fn fault(net: &impl Forward, x: Tensor) -> Option<String> {
    let mut workspace = Workspace::new();
    let pass = workspace.begin(Mode::Training, Seed(0));
    let _ = net.forward(&pass, pass.constant(x)).sum();
    pass.first_fault(net).map(|fault| fault.to_string())
}

#[test]
fn the_first_fault_has_a_name() {
    let sound = dense([[1.0, 0.0], [0.0, 1.0]]);
    let ones = Tensor::ones([3, 2]);
    let net = sequential![sound.clone(), Log, sound.clone()];
    assert_eq!(fault(&net, ones.clone()), None);
    // An operation, in a layer that runs by name.
    assert_eq!(fault(&net, &ones * -1.0).unwrap(), "operation `ln` in layer `1` (shape [3, 2])");
    // The data.
    assert_eq!(fault(&net, &ones * f32::NAN).unwrap(), "the data (shape [3, 2])");
    // A parameter, frozen or not.
    let mut net = sequential![sound.clone(), Log, dense([[1.0, f32::INFINITY], [0.0, 1.0]])];
    for _ in 0..2 {
        assert_eq!(fault(&net, ones.clone()).unwrap(), "parameter `2.weight` in layer `2` (shape [2, 2])");
        net.freeze("2");
    }
    // An operation in a network that names no parts belongs to the layer whose parameter came in last.
    #[derive(Module)]
    struct Net {
        first: Dense,
        second: Dense,
    }
    impl Forward for Net {
        fn forward<'t>(&self, pass: &Pass<'t>, x: Var<'t>) -> Var<'t> {
            self.second.forward(pass, self.first.forward(pass, x)).ln()
        }
    }
    let net = Net { first: sound.clone(), second: sound };
    assert_eq!(fault(&net, &ones * -1.0).unwrap(), "operation `ln` in layer `second` (shape [3, 2])");
    assert_eq!(fault(&Log, &ones * -1.0).unwrap(), "operation `ln` (shape [3, 2])");
}
