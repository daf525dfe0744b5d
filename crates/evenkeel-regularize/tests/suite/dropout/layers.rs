//! The layers: modes, settings, and the weights they wrap.

use evenkeel_autograd::{Var, gradcheck};
use evenkeel_module::{
    Forward, InMode, Mode, Module, ModuleExt, Parameter, Pass, Role, Sequential, Summary, Weighted, Workspace,
    check_network,
};
use evenkeel_regularize::{
    AlphaDropout, DropConnect, Dropout, GaussianDropout, GaussianNoise, MaskOp, Scaling, SpatialDropout,
    StochasticDepth, Unit,
};
use evenkeel_tensor::{Float, Seed, Tensor, random};
use evenkeel_testing::assert_repeats_without_allocating;

/// y = x Wᵀ + b
#[derive(Clone, Debug, Module)]
struct Affine<F: Float = f32> {
    weight: Parameter<F>,
    bias: Parameter<F>,
}

impl<F: Float> Affine<F> {
    fn new(inputs: usize, outputs: usize) -> Self {
        let (mut weight, mut bias) = (Tensor::zeros([outputs, inputs]), Tensor::zeros([outputs]));
        random::normal(weight.as_mut_slice(), F::ZERO, F::ONE, Seed(1));
        random::normal(bias.as_mut_slice(), F::ZERO, F::ONE, Seed(2));
        Self { weight: Parameter::new(weight, Role::Weight), bias: Parameter::new(bias, Role::Bias) }
    }
}

impl<F: Float> Forward<F> for Affine<F> {
    fn forward<'t>(&self, pass: &Pass<'t, F>, x: Var<'t, F>) -> Var<'t, F> {
        self.forward_with(pass, x, pass.parameter(&self.weight))
    }
}

impl<F: Float> Weighted<F> for Affine<F> {
    fn weight(&self) -> &Parameter<F> {
        &self.weight
    }
    fn weight_mut(&mut self) -> &mut Parameter<F> {
        &mut self.weight
    }
    fn forward_with<'t>(&self, pass: &Pass<'t, F>, x: Var<'t, F>, weight: Var<'t, F>) -> Var<'t, F> {
        x.linear(weight, Some(pass.parameter(&self.bias)))
    }
}

fn normal(shape: [usize; 3]) -> Tensor<f64> {
    let mut x = Tensor::zeros(shape);
    random::normal(x.as_mut_slice(), 0.0, 1.0, Seed(5));
    x
}

fn run(layer: &(impl Forward<f64> + ?Sized), mode: Mode, x: &Tensor<f64>) -> Tensor<f64> {
    let mut workspace = Workspace::new();
    let pass = workspace.begin(mode, Seed(7));
    layer.forward(&pass, pass.constant(x.clone())).to_tensor()
}

/// Every layer that leaves values alone in evaluation, with strength `p`.
fn layers(p: f64) -> Vec<Box<dyn Forward<f64>>> {
    vec![
        Box::new(Dropout::drop(p)),
        Box::new(SpatialDropout::drop(p)),
        Box::new(AlphaDropout::drop(p)),
        Box::new(StochasticDepth::drop(p)),
        Box::new(StochasticDepth::drop(p).per_batch()),
        Box::new(GaussianDropout::drop(p)),
        Box::new(GaussianNoise { std: p }),
    ]
}

#[test]
fn noise_is_on_in_training_and_sampling_alone() {
    let x = normal([64, 4, 5]);
    for layer in layers(0.5) {
        let layer = &*layer;
        assert_eq!(run(layer, Mode::Evaluation, &x), x, "{}", layer.kind());
        assert_eq!(run(layer, Mode::Population, &x), x, "{}", layer.kind());
        assert_eq!(run(layer, Mode::Sampling, &x), run(layer, Mode::Training, &x));
    }
    // All but that for the whole batch, which may happen to keep it, at twice its size.
    for layer in layers(0.5) {
        assert_ne!(run(&*layer, Mode::Training, &x), x, "{}", layer.kind());
    }
    for layer in layers(0.0) {
        assert_eq!(run(&*layer, Mode::Training, &x), x, "{}", layer.kind());
    }
    assert_eq!(run(&InMode::new(Mode::Evaluation, Dropout::drop(0.5)), Mode::Training, &x), x);
}

#[test]
fn the_papers_form_multiplies_in_evaluation() {
    let x = normal([6, 4, 5]);
    let q = 0.7;
    let scaled = x.map(|x| q * x);
    for layer in [
        &Dropout::keep(q).scaled_in_evaluation() as &dyn Forward<f64>,
        &SpatialDropout::keep(q).scaled_in_evaluation(),
        &StochasticDepth::keep(q).scaled_in_evaluation(),
    ] {
        assert_eq!(run(layer, Mode::Evaluation, &x), scaled, "{}", layer.kind());
    }
    assert_eq!(Dropout::keep(q).scaled_in_evaluation().scaling(), Scaling::Evaluation);
    assert_eq!((Dropout::drop(0.25).keep_probability(), Dropout::drop(0.25).scaling()), (0.75, Scaling::Training));
    // A linear layer after it sees q times as much in both modes, and the same mask.
    let head = Affine::<f64>::new(5, 3);
    let head = |x: &Tensor<f64>| run(&head, Mode::Evaluation, x);
    let zero = head(&Tensor::zeros([6, 4, 5]));
    for mode in [Mode::Training, Mode::Evaluation] {
        let inverted = head(&run(&Dropout::keep(q), mode, &x));
        let lecture = head(&run(&Dropout::keep(q).scaled_in_evaluation(), mode, &x));
        for ((a, b), bias) in inverted.as_slice().iter().zip(lecture.as_slice()).zip(zero.as_slice()) {
            assert!((q * (a - bias) - (b - bias)).abs() < 1e-12);
        }
    }
}

#[test]
fn whole_units_are_dropped() {
    let x = Tensor::ones([40, 6, 9]);
    let shares = |layer: &dyn Forward<f64>, share: usize| {
        let y = run(layer, Mode::Training, &x);
        let units: Vec<f64> = y.as_slice().chunks(share).map(|unit| unit[0]).collect();
        assert!(y.as_slice().chunks(share).zip(&units).all(|(unit, first)| unit.iter().all(|y| y == first)));
        // Both kinds are there, by chance all but surely, and by the seed for good.
        assert!(share == 2160 || (units.contains(&0.0) && units.contains(&2.0)));
    };
    shares(&SpatialDropout::drop(0.5), 9);
    shares(&StochasticDepth::drop(0.5), 54);
    shares(&StochasticDepth::drop(0.5).per_batch(), 2160);
    // Over steps, the batch as a whole is kept about half of the time: 200 +- 5 sqrt(100).
    let mut workspace = Workspace::<f64>::new();
    let kept = (0..400).filter(|&step| {
        let pass = workspace.begin(Mode::Training, Seed(3).at(step));
        let y = StochasticDepth::drop(0.5).per_batch().forward(&pass, pass.constant(Tensor::ones([2, 2])));
        let first = y.value()[0];
        first != 0.0
    });
    assert!((150..=250).contains(&kept.count()));
    assert_eq!(StochasticDepth::linear_decay(0, 10, 0.5).keep_probability(), 1.0);
}

#[test]
fn settings_that_make_no_sense_are_refused_in_every_mode() {
    let modes = [Mode::Training, Mode::Evaluation, Mode::Population, Mode::Sampling];
    for p in [1.0, -0.1, 1.5, f64::NAN, f64::NEG_INFINITY] {
        for layer in layers(p).iter().filter(|layer| layer.kind() != "GaussianNoise") {
            for mode in modes {
                let text = check_network(&**layer, mode, [2, 3, 4]).unwrap_err().to_string();
                assert!(text.contains("probability of keeping above 0 and at most 1"), "{text}");
            }
        }
        assert!(check_network(&DropConnect::drop(p, Affine::<f64>::new(3, 2)), Mode::Evaluation, [4, 3]).is_err());
    }
    assert!(check_network::<f64>(&StochasticDepth::linear_decay(1, 0, 0.5), Mode::Training, [2, 3]).is_err());
    for std in [-0.1, f64::NAN, f64::INFINITY] {
        for mode in modes {
            let text = check_network::<f64>(&GaussianNoise { std }, mode, [2, 3]).unwrap_err().to_string();
            assert!(text.contains("finite and not negative") && text.contains(&std.to_string()), "{text}");
        }
    }
    // Beyond the range of the float, too.
    assert!(check_network::<f32>(&GaussianNoise { std: 1e300 }, Mode::Training, [2, 3]).is_err());
    assert!(check_network::<f64>(&GaussianNoise { std: 1e300 }, Mode::Training, [2, 3]).is_ok());
    assert!(check_network::<f32>(&GaussianDropout::keep(1e-300), Mode::Training, [2, 3]).is_err());
    for mode in modes {
        assert!(check_network::<f64>(&SpatialDropout::drop(0.5), mode, [4]).unwrap_err().to_string().contains("(N, C"));
        assert!(check_network::<f64>(&StochasticDepth::drop(0.5), mode, []).is_err());
        assert!(check_network::<f64>(&StochasticDepth::drop(0.5).per_batch(), mode, []).is_ok());
        assert_eq!(check_network::<f64>(&Dropout::drop(0.5), mode, [0, 3]), Ok([0, 3].into()));
    }
}

#[test]
fn names() {
    let net = Sequential::<f32>::default()
        .with(Dropout::drop(0.25))
        .with(SpatialDropout::keep(0.5).scaled_in_evaluation())
        .with(GaussianNoise { std: 0.5 })
        .with(DropConnect::drop(0.5, Affine::new(2, 2)));
    let kinds: Vec<_> = Summary::new(&net, [2, 2]).unwrap().rows.iter().map(|row| row.kind).collect();
    assert_eq!(kinds, ["Sequential", "Dropout", "SpatialDropout", "GaussianNoise", "Affine"]);
    assert_eq!(format!("{:?}", Dropout::drop(0.25)), "Dropout { rate: keep 0.75 }");
    let text = format!("{:?}", SpatialDropout::keep(0.5).scaled_in_evaluation());
    assert_eq!(text, "SpatialDropout { rate: keep 0.5, scaled in evaluation }");
}

#[test]
fn drop_connect_drops_connections() {
    let x = normal([1, 30, 20]).reshape([30, 20]);
    let (plain, layer) = (Affine::<f64>::new(20, 8), DropConnect::drop(0.25, Affine::<f64>::new(20, 8)));
    assert_eq!(run(&layer, Mode::Evaluation, &x), run(&plain, Mode::Evaluation, &x));
    assert!(layer.state_dict().tensors.keys().eq(["bias", "weight"]));

    // Against the layer with the masked weight.
    let mut workspace = Workspace::<f64>::new();
    let pass = workspace.begin(Mode::Training, Seed(7));
    let op = MaskOp { scale: 4.0 / 3.0, ..MaskOp::new("mask", 0.75, Unit::Element, pass.next_seed()) };
    let mut masked = plain.clone();
    op.apply([8, 20], plain.weight.value().as_slice(), masked.weight.as_mut_slice()).unwrap();
    let y = run(&layer, Mode::Training, &x);
    assert_eq!(y, run(&masked, Mode::Evaluation, &x));

    // In the paper's form, q W in evaluation and m W in training.
    let lecture = DropConnect::keep(0.75, plain.clone()).scaled_in_evaluation();
    let bias = run(&plain, Mode::Evaluation, &Tensor::zeros([30, 20]));
    for mode in [Mode::Training, Mode::Evaluation] {
        let (a, b) = (run(&layer, mode, &x), run(&lecture, mode, &x));
        for ((a, b), bias) in a.as_slice().iter().zip(b.as_slice()).zip(bias.as_slice()) {
            assert!((0.75 * (a - bias) - (b - bias)).abs() < 1e-12);
        }
    }
    assert_eq!(layer.into_layer().weight.value(), plain.weight.value());
}

#[test]
fn drop_connect_allocates_nothing_after_the_first_step() {
    let layer = DropConnect::drop(0.5, Affine::<f32>::new(6, 3));
    let (mut workspace, x) = (Workspace::new(), Tensor::ones([5, 6]));
    assert_repeats_without_allocating(|| {
        let pass = workspace.begin(Mode::Training, Seed(0));
        pass.backward(layer.forward(&pass, pass.constant(x.clone())).sum());
        workspace.finish();
    });
}

#[test]
fn drop_connect_gradients() {
    let (x, layer) = (normal([1, 5, 6]).reshape([5, 6]), Affine::<f64>::new(6, 3));
    let op = MaskOp { scale: 2.0, ..MaskOp::new("drop_connect", 0.5, Unit::Element, Seed(9)) };
    let inputs = [x.clone(), layer.weight.value().clone()];
    gradcheck(&inputs, |v| v[0].linear(v[0].tape().record(op, &[v[1]]), None).square()).unwrap();

    // The layer's own: what the masked weight would have, where it is kept, else 0.
    let layer = DropConnect::drop(0.5, layer);
    let mut workspace = Workspace::new();
    let seed = workspace.begin(Mode::Training, Seed(7)).next_seed();
    let pass = workspace.begin(Mode::Training, Seed(7));
    pass.backward(layer.forward(&pass, pass.constant(x.clone())).sum());
    let step = workspace.finish();
    let mut keep = vec![false; 18];
    random::bernoulli(&mut keep, 0.5, seed);
    step.with_gradient(layer.weight(), |gradient| {
        for (i, (&g, &keep)) in gradient.iter().zip(&keep).enumerate() {
            let sum: f64 = x.as_slice().iter().skip(i % 6).step_by(6).sum();
            assert!((g - if keep { 2.0 * sum } else { 0.0 }).abs() < 1e-12);
        }
    })
    .unwrap();
}
