//! Batch renormalisation: between batch normalisation and its own evaluation.

use evenkeel_autograd::{Tape, gradcheck};
use evenkeel_module::{Forward, Mode, ModuleExt, Workspace, check_network};
use evenkeel_norm::{BatchNorm, BatchRenorm, Normalizer, Ramp, Statistics, batch_norm, population_statistics};
use evenkeel_tensor::{Seed, Tensor};
use proptest::prelude::*;
use rand::RngExt;

const EPS: f64 = 1e-3;

fn random(shape: &[usize], seed: u64, low: f64, high: f64) -> Tensor<f64> {
    let mut rng = Seed(seed).rng();
    Tensor::from_fn(shape, |_| rng.random_range(low..high))
}

fn corrected(c: usize, seed: u64, r_max: f64, d_max: f64) -> Normalizer<f64> {
    let (mean, deviation) = (random(&[c], seed ^ 5, -1.0, 1.0), random(&[c], seed ^ 6, 0.5, 2.0));
    Normalizer::Corrected { mean, deviation, r_max, d_max }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    /// With r_max 1 and d_max 0 batch normalisation, without limits what the given statistics make of x.
    #[test]
    fn limits_at_their_ends(n in 2usize..6, c in 1usize..4, inner in 1usize..5, seed in any::<u64>()) {
        let tape = Tape::new();
        let x = tape.variable(random(&[n, c, inner], seed, -2.0, 2.0));
        let affine = (tape.variable(random(&[c], seed ^ 1, 0.5, 2.0)), tape.variable(random(&[c], seed ^ 2, -1.0, 1.0)));
        let run = |normalizer| batch_norm(x, Some(affine), normalizer, EPS).to_tensor();
        let (plain, closed) = (run(Normalizer::Batch), run(corrected(c, seed, 1.0, 0.0)));
        prop_assert_eq!(plain, closed);

        let open = corrected(c, seed, 1e12, 1e12);
        let Normalizer::Corrected { mean, deviation, .. } = open.clone() else { unreachable!() };
        let stored = Normalizer::Stored { mean, variance: deviation.map(|d| d * d - EPS) };
        for (a, b) in run(open).as_slice().iter().zip(run(stored).as_slice()) {
            prop_assert!((a - b).abs() < 1e-10, "{a} {b}");
        }
    }

    /// Value and gradients against primitives in which r and d are constants.
    #[test]
    fn fused_is_composed(n in 2usize..12, c in 1usize..4, seed in any::<u64>()) {
        let inputs = [random(&[n, c], seed, -2.0, 2.0), random(&[c], seed ^ 1, 0.5, 2.0), random(&[c], seed ^ 2, -1.0, 1.0)];
        let dy = random(&[n * c], seed ^ 3, -1.0, 1.0);
        let normalizer = corrected(c, seed, 1.3, 0.4);
        let Normalizer::Corrected { mean, deviation, .. } = normalizer.clone() else { unreachable!() };
        let results = [true, false].map(|fused| {
            let tape = Tape::new();
            let v = inputs.clone().map(|t| tape.variable(t));
            let y = if fused {
                batch_norm(v[0], Some((v[1], v[2])), normalizer.clone(), EPS)
            } else {
                let of_batch = v[0].mean_axis(0);
                let centred = v[0] - of_batch;
                let sigma = (centred.square().mean_axis(0) + EPS).sqrt();
                let (sigmas, means) = (sigma.to_tensor(), of_batch.to_tensor());
                let by_channel = |f: &dyn Fn(usize) -> f64| tape.constant(Tensor::from_fn([c], f));
                let r = by_channel(&|j| (sigmas.as_slice()[j] / deviation.as_slice()[j]).clamp(1.0 / 1.3, 1.3));
                let d = by_channel(&|j| {
                    ((means.as_slice()[j] - mean.as_slice()[j]) / deviation.as_slice()[j]).clamp(-0.4, 0.4)
                });
                (centred / sigma * r + d) * v[1] + v[2]
            };
            tape.backward_from(y, dy.as_slice());
            let gradients = v.map(|v| v.gradient().unwrap());
            (y.to_tensor(), gradients)
        });
        let both = [&results[0].0].into_iter().chain(&results[0].1).zip([&results[1].0].into_iter().chain(&results[1].1));
        for (a, b) in both.flat_map(|(a, b)| a.as_slice().iter().zip(b.as_slice())) {
            prop_assert!((a - b).abs() < 1e-9 * (1.0 + b.abs()), "{a} {b}");
        }
    }
}

/// Where both corrections are at their limits they are constants, and finite differences agree.
#[test]
fn gradients_agree_with_finite_differences() {
    for shape in [&[5, 2][..], &[3, 2, 4]] {
        let normalizer = Normalizer::Corrected {
            mean: Tensor::from([9.0, -9.0]),
            deviation: Tensor::from([0.01, 50.0]),
            r_max: 2.0,
            d_max: 0.1,
        };
        let inputs = [random(shape, 1, -2.0, 2.0), Tensor::from([0.7, 1.5]), Tensor::from([0.2, -0.4])];
        gradcheck(&inputs, |v| batch_norm(v[0], Some((v[1], v[2])), normalizer.clone(), EPS)).unwrap();
        gradcheck(&inputs[..1], |v| batch_norm(v[0], None, normalizer.clone(), EPS)).unwrap();
    }
}

fn step(norm: &mut BatchRenorm<f64>, mode: Mode, x: Tensor<f64>) -> Tensor<f64> {
    let mut workspace = Workspace::new();
    let pass = workspace.begin(mode, Seed(0));
    let y = norm.forward(&pass, pass.constant(x)).to_tensor();
    assert_eq!(workspace.finish().commit(norm), 0);
    y
}

#[test]
fn limits_follow_the_steps() {
    let ramp = |from, to| Ramp { from, to, begin: 1, end: 3 };
    let mut norm = BatchRenorm::new(1).with_r_max(ramp(1.0, 3.0)).with_d_max(ramp(0.0, 5.0));
    let mut limits = Vec::new();
    for _ in 0..5 {
        limits.push(norm.limits());
        step(&mut norm, Mode::Training, random(&[4, 1], 1, 0.0, 1.0));
        step(&mut norm, Mode::Evaluation, random(&[4, 1], 1, 0.0, 1.0));
    }
    assert_eq!(limits, [(1.0, 0.0), (1.0, 0.0), (2.0, 2.5), (3.0, 5.0), (3.0, 5.0)]);
    assert_eq!(norm.statistics(), Statistics::Running { batches: 5 });
    let paper = BatchRenorm::<f32>::new(1);
    assert_eq!(paper.limits(), (1.0, 0.0));
    // Before its ramps a new layer is batch normalisation.
    let x = random(&[6, 2], 3, 5.0, 9.0);
    let mut workspace = Workspace::new();
    let pass = workspace.begin(Mode::Training, Seed(0));
    let x = pass.constant(x);
    let (a, b) = (BatchRenorm::new(2).forward(&pass, x), BatchNorm::new(2).forward(&pass, x));
    assert_eq!(*a.value(), *b.value());
}

#[test]
fn running_statistics_are_of_deviations() {
    let mut norm = BatchRenorm::new(1).with_momentum(0.25).with_eps(0.0);
    let batch = |v: [f64; 4]| Tensor::from_vec([4, 1], v.to_vec()).unwrap();
    // Means 2 and 6, biased deviations 1 and 2.
    step(&mut norm, Mode::Training, batch([1.0, 3.0, 1.0, 3.0]));
    step(&mut norm, Mode::Training, batch([4.0, 8.0, 4.0, 8.0]));
    assert_eq!((norm.running_mean().item(), norm.running_std().item()), (0.375 + 1.5, 0.75 + 0.5));
    // Evaluation and sampling divide by that deviation, frozen training too.
    for mode in [Mode::Evaluation, Mode::Sampling, Mode::Training] {
        if mode == Mode::Training {
            norm.freeze("running_*");
            norm.freeze("num_batches_tracked");
        }
        let before = norm.state_dict();
        let y = step(&mut norm, mode, batch([1.875, 4.375, 0.625, 1.875]));
        assert_eq!(y.as_slice(), [0.0, 2.0, -1.0, 0.0]);
        assert_eq!(norm.state_dict(), before);
    }
    norm.unfreeze("*");
    population_statistics(&mut norm, [batch([1.0, 3.0, 1.0, 3.0]), batch([4.0, 8.0, 4.0, 8.0])]).unwrap();
    assert_eq!((norm.running_mean().item(), norm.running_std().item()), (4.0, 1.5));
    assert_eq!(norm.statistics(), Statistics::Population);
    let names: Vec<_> = norm.state_dict().tensors.into_keys().collect();
    assert_eq!(names, ["bias", "num_batches_tracked", "running_mean", "running_std", "weight"]);
}

#[test]
fn ends_of_the_range() {
    // Constant channels, a deviation of 0, and both.
    for (size, deviation) in [(3.0, 1.0), (0.0, 0.0), (1e30, 0.0), (1e30, 1.0)] {
        let tape = Tape::<f32>::new();
        let x = tape.variable(Tensor::full([4, 1], size));
        let given = (Tensor::zeros([1]), Tensor::full([1], deviation));
        let normalizer = Normalizer::Corrected { mean: given.0, deviation: given.1, r_max: 3.0, d_max: 5.0 };
        let y = batch_norm(x, None, normalizer, 0.0);
        tape.backward(y.square().sum());
        let d = if size == 0.0 { 0.0 } else { 5.0f32.min(size / deviation) };
        assert_eq!(*y.value(), [d; 4], "{size} {deviation}");
        assert!(x.gradient().unwrap().is_finite());
    }
    for (r_max, d_max) in [(0.5, 0.0), (f64::NAN, 0.0), (1.0, -1.0), (1.0, f64::NAN), (f64::INFINITY, 0.0), (1.0, 1e39)]
    {
        let norm = BatchRenorm::<f32>::new(3).with_r_max(Ramp::constant(r_max)).with_d_max(Ramp::constant(d_max));
        let text = check_network(&norm, Mode::Training, [4, 3]).unwrap_err().to_string();
        assert!(text.contains(&format!("r_max {r_max}, d_max {d_max}")), "{text}");
    }
}

/// A population pass is plain batch normalisation: the order of the batches changes nothing, in deeper layers either, and the
/// limits stay where training has left them.
#[test]
fn population_statistics_do_not_depend_on_the_order_of_batches() {
    let layer = || BatchRenorm::<f64>::new(1).with_r_max(Ramp::constant(3.0)).with_d_max(Ramp::constant(5.0));
    let batches = [[1.0, 3.0, 2.0, 9.0], [5.0, 7.0, 8.0, 1.0], [100.0, 130.0, 90.0, 70.0]]
        .map(|v| Tensor::from_vec([4, 1], v.to_vec()).unwrap());
    let statistics = |order: [usize; 3]| {
        let mut net = evenkeel_module::Sequential::default().with(layer()).with(layer());
        population_statistics(&mut net, order.map(|i| batches[i].clone())).unwrap();
        let of = |i: usize| net.get::<BatchRenorm<f64>>(i).unwrap();
        [0, 1].map(|i| [of(i).running_mean().item(), of(i).running_std().item()])
    };
    let first = statistics([0, 1, 2]);
    for order in [[2, 1, 0], [1, 2, 0]] {
        for (a, b) in statistics(order).as_flattened().iter().zip(first.as_flattened()) {
            assert!((a - b).abs() < 1e-12 * (1.0 + b.abs()), "{order:?}: {a} {b}");
        }
    }
    let mut norm = layer().with_r_max(Ramp { from: 1.0, to: 3.0, begin: 1, end: 3 });
    for _ in 0..4 {
        population_statistics(&mut norm, batches.clone()).unwrap();
    }
    assert_eq!(norm.limits().0, 1.0);
}
