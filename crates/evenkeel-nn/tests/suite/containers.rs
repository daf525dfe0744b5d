//! Layers side by side: values, gradients, paths and messages.

use evenkeel_init::XavierUniform;
use evenkeel_module::{Forward, Mode, ModuleExt, Pass, Workspace, check_network, sequential};
use evenkeel_nn::{Conv2d, Linear, Parallel, Relu, Residual};
use evenkeel_tensor::{Seed, Tensor};

use crate::common::values;

fn run(layer: &impl Forward<f64>, x: &Tensor<f64>) -> Tensor<f64> {
    let mut workspace = Workspace::new();
    let pass: Pass<'_, f64> = workspace.begin(Mode::Evaluation, Seed(0));
    layer.forward(&pass, pass.constant(x.clone())).to_tensor()
}

fn linear(outputs: usize, seed: u64) -> Linear<f64> {
    Linear::from_parts(values([outputs, 4], seed), Some(values([outputs], seed + 1))).unwrap()
}

#[test]
fn values_are_those_of_the_parts() {
    let x = values([3, 4], 1);
    let (a, b) = (linear(4, 2), linear(4, 4));
    let (ya, yb) = (run(&a, &x), run(&b, &x));
    assert_eq!(run(&Residual::new(a.clone()), &x), &ya + &x);
    assert_eq!(run(&Residual::new(a.clone()).with_shortcut(b.clone()), &x), &ya + &yb);
    assert_eq!(run(&Parallel::summed().with(a.clone()).with(b.clone()).with(a.clone()), &x), &(&ya + &yb) + &ya);
    let both = run(&Parallel::concatenated(1).with(a.clone()).with(linear(2, 6)), &x);
    assert_eq!(both.shape(), [3, 6].into());
    for row in 0..3 {
        assert_eq!(both.as_slice()[row * 6..][..4], ya.as_slice()[row * 4..][..4]);
    }
    assert_eq!(run(&Parallel::summed(), &x), x);
    assert_eq!(run(&Parallel::concatenated(1), &x), x);
}

/// d/dx of the sum of all outputs is the sum over outputs of the weights, and 1 for the identity.
#[test]
fn gradients_of_all_branches_add_up() {
    let (a, b) = (linear(4, 2), linear(4, 4));
    let column =
        |layer: &Linear<f64>, c: usize| -> f64 { layer.weight().value().as_slice().iter().skip(c).step_by(4).sum() };
    let gradient = |layer: &dyn Forward<f64>| {
        let mut workspace = Workspace::new();
        let pass: Pass<'_, f64> = workspace.begin(Mode::Training, Seed(0));
        let x = pass.tape().variable(values([1, 4], 1));
        pass.backward(layer.forward(&pass, x).sum());
        x.gradient().unwrap()
    };
    let residual = gradient(&Residual::new(a.clone()));
    let summed = gradient(&Parallel::summed().with(a.clone()).with(b.clone()));
    let concatenated = gradient(&Parallel::concatenated(1).with(a.clone()).with(b.clone()));
    for c in 0..4 {
        assert!((residual.as_slice()[c] - column(&a, c) - 1.0).abs() <= 1e-14);
        assert!((summed.as_slice()[c] - column(&a, c) - column(&b, c)).abs() <= 1e-14);
        assert!((concatenated.as_slice()[c] - summed.as_slice()[c]).abs() <= 1e-14);
    }
}

#[test]
fn paths_are_those_of_the_messages() {
    let net = sequential![
        Conv2d::new(1, 4, 3).with_padding(1),
        Residual::new(sequential![Relu, Conv2d::new(4, 4, 3).with_padding(1)]).with_shortcut(Conv2d::new(4, 4, 1)),
        Parallel::concatenated(1).with(Conv2d::new(4, 2, 1)).with(Residual::new(Relu)),
    ];
    let mut paths = Vec::new();
    net.for_each_parameter(|path, _| paths.push(path.to_string()));
    let expected = ["0", "1.body.1", "1.shortcut", "2.0"].map(|p| [format!("{p}.weight"), format!("{p}.bias")]);
    assert_eq!(paths, expected.concat());
    let net = net.initialize(XavierUniform::default(), Seed(1)).unwrap();
    assert_eq!(check_network(&net, Mode::Training, [2, 1, 5, 5]), Ok([2, 6, 5, 5].into()));

    let message =
        |net: &dyn Forward<f32>, input: &[usize]| check_network(net, Mode::Training, input).unwrap_err().to_string();
    let narrow = sequential![Residual::new(sequential![Relu, Conv2d::new(4, 4, 5)])];
    let narrow = narrow.initialize(XavierUniform::default(), Seed(1)).unwrap();
    assert!(
        message(&narrow, &[1, 4, 3, 3]).starts_with("layer `0.body.1`: conv2d"),
        "{}",
        message(&narrow, &[1, 4, 3, 3])
    );
    let error = message(&narrow, &[1, 4, 9, 9]);
    assert!(error.contains("`0`: residual") && error.contains("with_shortcut"), "{error}");
}

/// (N, 1) + (N, C) would broadcast; between branches it is a mistake.
#[test]
fn branches_are_not_broadcast() {
    let net = Residual::new(Linear::new(4, 1)).initialize(XavierUniform::default(), Seed(1)).unwrap();
    assert!(check_network::<f32>(&net, Mode::Training, [3, 4]).is_err());
    let net = Parallel::summed().with(Linear::new(4, 1)).with(Linear::new(4, 2));
    let net = net.initialize(XavierUniform::default(), Seed(1)).unwrap();
    let error = check_network::<f32>(&net, Mode::Training, [3, 4]).unwrap_err().to_string();
    assert!(error.contains("parallel") && error.contains("branches of the same shape"), "{error}");
}

/// Branches with random weights are independent, of one another and of their input.
#[test]
fn a_law_for_each_sum_of_branches() {
    let predict = |layer: &dyn Forward<f64>| {
        let mut workspace = Workspace::new();
        let pass: Pass<'_, f64> = workspace.begin(Mode::Training, Seed(0));
        let x = pass.tape().variable(values([50, 4], 1));
        let y = layer.forward(&pass, x);
        let tape = pass.tape();
        let laws: Vec<_> = (0..y.index()).map(|i| Some(tape.nth(i).signal())).collect();
        let inputs = tape.recorded(y.index()).unwrap().inputs;
        (tape.propagate(y.index(), &laws).unwrap(), inputs.into_iter().map(|i| laws[i].unwrap()).collect::<Vec<_>>())
    };
    let (a, b) = (linear(4, 2), linear(4, 4));
    let layers: [Box<dyn Forward<f64>>; 3] = [
        Box::new(Residual::new(a.clone())),
        Box::new(Residual::new(a.clone()).with_shortcut(b.clone())),
        Box::new(Parallel::summed().with(a.clone()).with(b).with(a)),
    ];
    for layer in layers {
        let (law, of) = predict(&*layer);
        assert_eq!(law.output.mean, of[0].mean + of[1].mean);
        assert_eq!(law.output.variance, of[0].variance + of[1].variance);
        assert_eq!(law.gains, Some([1.0; 2]));
    }
    // x + x: no independent values.
    let (law, of) = predict(&Residual::new(Parallel::<f64>::summed()));
    assert_eq!((law.output.variance, law.gains), (4.0 * of[0].variance, Some([2.0; 2])));
}

#[test]
fn a_clone_has_the_same_values() {
    let net = Residual::new(linear(4, 2)).with_shortcut(Parallel::summed().with(linear(4, 8)));
    let x = values([2, 4], 3);
    assert_eq!(run(&net.clone(), &x), run(&net, &x));
    assert_eq!(format!("{net:?}"), r#"Residual { body: "Linear", shortcut: Some("Parallel") }"#);
}
