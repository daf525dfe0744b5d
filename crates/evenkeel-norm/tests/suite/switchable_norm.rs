//! Switchable normalisation against its definition, its limits, and the ends of the range.

use evenkeel_autograd::{Tape, Var, gradcheck};
use evenkeel_module::{Forward, Mode, ModuleExt, Origin, Role, Workspace, check_network};
use evenkeel_norm::{BatchPart, Normalizer, SwitchableNorm, batch_norm, population_statistics, switchable_norm};
use evenkeel_tensor::{Float, Seed, Shape, Tensor};
use proptest::prelude::*;
use rand::RngExt;

const EPS: f64 = 1e-3;

fn random(shape: impl Into<Shape>, seed: u64, low: f64, high: f64) -> Tensor<f64> {
    let mut rng = Seed(seed).rng();
    Tensor::from_fn(shape, |_| rng.random_range(low..high))
}

/// x, the logits of means and variances, gamma and beta.
fn inputs(shape: &[usize], logits: usize, seed: u64) -> [Tensor<f64>; 5] {
    let c = shape[1];
    [
        random(shape, seed, -2.0, 2.0),
        random([logits], seed ^ 1, -1.0, 1.0),
        random([logits], seed ^ 2, -1.0, 1.0),
        random([c], seed ^ 3, 0.5, 2.0),
        random([c], seed ^ 4, -1.0, 1.0),
    ]
}

fn fused<'t>(v: &[Var<'t, f64>], batch: &BatchPart<f64>) -> Var<'t, f64> {
    switchable_norm(v[0], (v[1], v[2]), Some((v[3], v[4])), batch.clone(), EPS)
}

/// The definition, in primitives: each statistic from the values themselves.
fn composed<'t>(v: &[Var<'t, f64>], batch: &BatchPart<f64>, parts: [bool; 3]) -> Var<'t, f64> {
    let shape = v[0].shape();
    let (n, c) = (shape[0], shape[1]);
    let x = v[0].reshape([n, c, shape[2..].iter().product()]);
    let over = |x: Var<'t, f64>, of: usize| match of {
        0 => x.mean_axis(2).reshape([n, c, 1]),
        1 => x.flatten(1).mean_axis(1).reshape([n, 1, 1]),
        _ => x.mean_axis(2).mean_axis(0).reshape([1, c, 1]),
    };
    let moments = |of: usize| match (of, batch) {
        (2, BatchPart::Stored { mean, variance }) => {
            let stored = |t: &Tensor<f64>| x.tape().constant(t.clone()).reshape([1, c, 1]);
            (stored(mean), stored(variance))
        }
        _ => {
            let mean = over(x, of);
            (mean, over((x - mean).square(), of))
        }
    };
    let (w, u) = (v[1].softmax(0), v[2].softmax(0));
    let (mut mean, mut variance) = (x * 0.0, x * 0.0);
    for (slot, of) in (0..3).filter(|&of| parts[of]).enumerate() {
        let (m, s) = moments(of);
        mean = mean + m * w.narrow(0, slot..slot + 1);
        variance = variance + s * u.narrow(0, slot..slot + 1);
    }
    let [gamma, beta] = [v[3], v[4]].map(|p| p.reshape([c, 1]));
    ((x - mean) / (variance + EPS).sqrt() * gamma + beta).reshape(shape)
}

fn shapes() -> impl Strategy<Value = Vec<usize>> {
    prop_oneof![
        (1usize..4, 1usize..5, 2usize..9).prop_map(|(n, c, l)| vec![n, c, l]),
        (1usize..4, 1usize..4, 1usize..5, 2usize..5).prop_map(|(n, c, h, w)| vec![n, c, h, w]),
        Just(vec![2, 2, 2, 1, 3]),
        Just(vec![2, 3, 4100]),
    ]
}

fn batch_parts(c: usize, seed: u64) -> [BatchPart<f64>; 3] {
    let stored =
        BatchPart::Stored { mean: random([c], seed ^ 5, -1.0, 1.0), variance: random([c], seed ^ 6, 0.5, 2.0) };
    [BatchPart::Batch, stored, BatchPart::Absent]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Value and gradients, with and without each part.
    #[test]
    fn fused_is_composed(shape in shapes(), seed in any::<u64>(), instance in any::<bool>()) {
        for batch in batch_parts(shape[1], seed) {
            let parts = [instance, true, !matches!(batch, BatchPart::Absent)];
            let inputs = inputs(&shape, parts.iter().filter(|&&p| p).count(), seed);
            let dy: Vec<f64> = random(&shape[..], seed ^ 7, -1.0, 1.0).as_slice().to_vec();
            let run = |f: &dyn for<'t> Fn(&[Var<'t, f64>]) -> Var<'t, f64>| {
                let tape = Tape::new();
                let v: Vec<_> = inputs.iter().map(|t| tape.variable(t.clone())).collect();
                let y = f(&v);
                tape.backward_from(y, &dy);
                let mut all = vec![y.to_tensor()];
                all.extend(v.iter().map(|v| v.gradient().unwrap()));
                all
            };
            for (a, b) in run(&|v| fused(v, &batch)).iter().zip(run(&|v| composed(v, &batch, parts))) {
                let size = b.as_slice().iter().fold(1.0, |m: f64, x| m.max(x.abs()));
                for (a, b) in a.as_slice().iter().zip(b.as_slice()) {
                    prop_assert!((a - b).abs() < 1e-10 * size, "{a} {b}");
                }
            }
        }
    }

    /// Logits far apart choose one kind of statistics: instance, layer or batch normalisation.
    #[test]
    fn one_hot_weights_choose_a_normalisation(shape in shapes(), seed in any::<u64>(), offset in -1e3f64..1e3) {
        let (n, c, inner) = (shape[0], shape[1], shape[2..].iter().product::<usize>());
        let x = random(&shape[..], seed, -2.0, 2.0).map(|v| v + offset);
        // Groups of values in the order in which they lie: batch normalisation over one example whose channels are the groups.
        let normalized = |as_shape: [usize; 3]| {
            let tape = Tape::new();
            batch_norm(tape.constant(x.clone().reshape(as_shape)), None, Normalizer::Batch, EPS).to_tensor()
        };
        let expected = [normalized([1, n * c, inner]), normalized([1, n, c * inner]), normalized([n, c, inner])];
        for (kind, expected) in expected.iter().enumerate() {
            let tape = Tape::new();
            let logits = tape.constant(Tensor::from_fn([3], |k| if k == kind { 800.0 } else { 0.0 }));
            let y = switchable_norm(tape.constant(x.clone()), (logits, logits), None, BatchPart::Batch, EPS);
            for (a, b) in y.value().iter().zip(expected.as_slice()) {
                prop_assert!((a - b).abs() < 1e-9, "kind {kind}: {a} {b}");
            }
        }
    }

    /// Adding one number to all logits changes nothing, so their gradients add up to 0; and each example's scale and shift
    /// changes nothing where there is no batch part and no eps.
    #[test]
    fn invariances(shape in shapes(), seed in any::<u64>(), a in 0.1f64..10.0, b in -10.0f64..10.0) {
        let [x, means, variances, ..] = inputs(&shape, 3, seed);
        let dy: Vec<f64> = random(&shape[..], seed ^ 7, -1.0, 1.0).as_slice().to_vec();
        let tape = Tape::new();
        let logits = (tape.variable(means), tape.variable(variances));
        tape.backward_from(switchable_norm(tape.constant(x.clone()), logits, None, BatchPart::Batch, EPS), &dy);
        for logits in [logits.0, logits.1] {
            let gradient = logits.gradient().unwrap();
            let size: f64 = gradient.as_slice().iter().map(|g| g.abs()).sum();
            prop_assert!(gradient.as_slice().iter().sum::<f64>().abs() <= 1e-10 * (size + 1.0));
        }
        let without = |x: Tensor<f64>| {
            let tape = Tape::new();
            let logits = tape.constant(Tensor::from([0.3, -0.2]));
            switchable_norm(tape.constant(x), (logits, logits), None, BatchPart::Absent, 0.0).to_tensor()
        };
        let each = x.shape().numel() / shape[0];
        let scaled = Tensor::from_fn(&shape[..], |i| x.as_slice()[i] * (a + (i / each) as f64) + b);
        for (y, z) in without(x).as_slice().iter().zip(without(scaled).as_slice()) {
            prop_assert!((y - z).abs() < 1e-7, "{y} {z}");
        }
    }
}

#[test]
fn gradients_agree_with_finite_differences() {
    for (seed, shape) in [&[3, 2][..], &[2, 3, 4], &[3, 2, 2, 3], &[1, 2, 5], &[2, 2, 1, 2, 2]].into_iter().enumerate()
    {
        for batch in batch_parts(shape[1], seed as u64) {
            for instance in [0, 1] {
                let count = 1 + instance + usize::from(!matches!(batch, BatchPart::Absent));
                gradcheck(&inputs(shape, count, seed as u64), |v| fused(v, &batch)).unwrap();
            }
        }
    }
}

/// Of an input (N, C) an instance is one value: the softmax is over the layer's and the batch's logits.
#[test]
fn columns_have_no_instance_part() {
    let inputs = inputs(&[5, 4], 3, 1);
    let tape = Tape::new();
    let v: Vec<_> = inputs.iter().map(|t| tape.variable(t.clone())).collect();
    let y = fused(&v, &BatchPart::Batch);
    let [means, variances] = [v[1], v[2]].map(|l| l.narrow(0, 1..3));
    let without = composed(&[v[0], means, variances, v[3], v[4]], &BatchPart::Batch, [false, true, true]);
    for (a, b) in y.value().iter().zip(without.value().iter()) {
        assert!((a - b).abs() < 1e-12);
    }
    tape.backward(y.square().sum());
    assert_eq!(v[1].gradient().unwrap().as_slice()[0], 0.0);
    // A layer built for it has the authors' two logits, and gives the same.
    let layer = SwitchableNorm::<f64>::new(4).without_instance();
    assert_eq!((layer.mean_logits().shape(), layer.mean_weights()), ([2].into(), [0.0, 0.5, 0.5]));
    let mut workspace = Workspace::new();
    let pass = workspace.begin(Mode::Training, Seed(0));
    let x = pass.constant(inputs[0].clone());
    let (a, b) = (layer.forward(&pass, x), SwitchableNorm::new(4).forward(&pass, x));
    assert_eq!(*a.value(), *b.value());
}

#[test]
fn weights_are_read_as_shares() {
    let mut norm = SwitchableNorm::<f32>::new(2);
    norm.for_each_parameter_mut(|path, p| {
        if path.to_string() == "mean_weight" {
            p.as_mut_slice().copy_from_slice(&[0.0, 2f32.ln(), 5f32.ln()]);
        }
    });
    let weights = norm.mean_weights();
    for (weight, expected) in weights.into_iter().zip([0.125, 0.25, 0.625]) {
        assert!((weight - expected).abs() < 1e-7, "{weights:?}");
    }
    assert_eq!(norm.variance_weights(), [1.0 / 3.0; 3]);
    assert_eq!(norm.clone().without_batch().without_instance().variance_weights(), [0.0, 1.0, 0.0]);
    assert!((norm.mean_weights().iter().sum::<f64>() - 1.0).abs() < 1e-15);
}

#[test]
fn names_and_roles() {
    let mut names = Vec::new();
    let norm = SwitchableNorm::<f32>::new(3);
    norm.for_each_parameter(|path, p| names.push((path.to_string(), p.shape(), p.role())));
    assert_eq!(
        names,
        [
            ("weight".to_owned(), [3].into(), Role::Scale),
            ("bias".to_owned(), [3].into(), Role::Shift),
            ("mean_weight".to_owned(), [3].into(), Role::Scale),
            ("var_weight".to_owned(), [3].into(), Role::Scale),
        ]
    );
    let paths: Vec<_> = norm.state_dict().tensors.into_keys().collect();
    assert_eq!(paths, ["bias", "mean_weight", "running_mean", "running_var", "var_weight", "weight"]);
    let paths: Vec<_> = norm.without_batch().without_affine().state_dict().tensors.into_keys().collect();
    assert_eq!(paths, ["mean_weight", "var_weight"]);
}

/// Means 2 and 6, biased variances 1 and 4.
fn batches() -> [Tensor<f64>; 2] {
    [vec![1.0, 3.0, 1.0, 3.0], vec![4.0, 8.0, 4.0, 8.0]].map(|v| Tensor::from_vec([2, 1, 2], v).unwrap())
}

#[test]
fn running_and_batch_averages_are_of_biased_variances() {
    let mut norm = SwitchableNorm::<f64>::new(1).with_momentum(0.25);
    let mut workspace = Workspace::new();
    for x in batches() {
        let pass = workspace.begin(Mode::Training, Seed(0));
        norm.forward(&pass, pass.constant(x));
        workspace.finish().commit(&mut norm);
    }
    let stored = |norm: &SwitchableNorm<f64>| (norm.running_mean().unwrap().item(), norm.running_var().unwrap().item());
    assert_eq!(stored(&norm), (0.375 + 1.5, 0.75 * (0.75 + 0.25) + 1.0));
    assert_eq!(norm.origin(), Some(Origin::Running));
    // The batch average.
    population_statistics(&mut norm, batches()).unwrap();
    assert_eq!((stored(&norm), norm.origin()), ((4.0, 2.5), Some(Origin::Population)));

    // Evaluation mixes the stored statistics with the example's own, and so does a frozen layer in training.
    let x = batches()[1].clone();
    let expected = {
        let tape = Tape::new();
        let logits = tape.constant(Tensor::ones([3]));
        let affine = (tape.constant(Tensor::ones([1])), tape.constant(Tensor::zeros([1])));
        let batch = BatchPart::Stored { mean: Tensor::from([4.0]), variance: Tensor::from([2.5]) };
        composed(&[tape.constant(x.clone()), logits, logits, affine.0, affine.1], &batch, [true; 3]).to_tensor()
    };
    norm = norm.with_eps(EPS);
    for (mode, frozen) in
        [(Mode::Evaluation, false), (Mode::Sampling, false), (Mode::Training, true), (Mode::Population, true)]
    {
        if frozen {
            norm.freeze("running_*");
        }
        let before = norm.state_dict();
        let pass = workspace.begin(mode, Seed(0));
        let y = norm.forward(&pass, pass.constant(x.clone())).to_tensor();
        workspace.finish().commit(&mut norm);
        assert_eq!(norm.state_dict(), before);
        for (a, b) in y.as_slice().iter().zip(expected.as_slice()) {
            assert!((a - b).abs() < 1e-12, "{mode:?}: {a} {b}");
        }
    }
}

#[test]
fn without_a_batch_part_the_mode_makes_no_difference() {
    let norm = SwitchableNorm::<f64>::new(3).without_batch();
    let x = random([1, 3, 2, 2], 1, -1.0, 1.0);
    let run = |mode| {
        let mut workspace = Workspace::new();
        let pass = workspace.begin(mode, Seed(0));
        let y = norm.forward(&pass, pass.constant(x.clone())).to_tensor();
        assert_eq!(workspace.finish().commit(&mut norm.clone()), 0, "nothing is recorded");
        y
    };
    assert_eq!(run(Mode::Training), run(Mode::Evaluation));
}

/// Far from 0, in f32, forward and backward: as f64 computes it from the same numbers. The bound is some roundings of the
/// result; with means rounded to f32 it would be 0.03 at 10⁶.
#[test]
fn large_offsets_cost_no_digits() {
    for (shape, offset) in [([3, 2, 5, 7], 1e6), ([2, 4, 3, 1], 1e4), ([2, 2, 100, 90], 1e6)] {
        let mut rng = Seed(7).rng();
        let x = Tensor::<f32>::from_fn(shape, |_| offset + rng.random_range(-8i32..9) as f32 * 0.25);
        let dy = Tensor::<f32>::from_fn(shape, |_| rng.random_range(-1.0..1.0));
        fn run<F: Float>(x: Tensor<F>, dy: &Tensor<f32>) -> [Tensor<f64>; 4] {
            let tape = Tape::new();
            let x = tape.variable(x);
            let logits = [1, 2].map(|i| tape.variable(Tensor::from_fn([3], |k| F::from_f64(0.1 * (k * i) as f64))));
            let y = switchable_norm(x, (logits[0], logits[1]), None, BatchPart::Batch, 1e-5);
            tape.backward_from(y, dy.cast::<F>().as_slice());
            [y.to_tensor(), x.gradient().unwrap(), logits[0].gradient().unwrap(), logits[1].gradient().unwrap()]
                .map(|t| t.cast())
        }
        let (single, double) = (run(x.clone(), &dy), run(x.cast::<f64>(), &dy));
        for (i, (a, b)) in single.iter().zip(&double).enumerate() {
            let size = b.as_slice().iter().fold(0.0, |m: f64, v| m.max(v.abs()));
            // Gradients of logits are small differences of sums over all values, of the size of 1.
            let bound = if i < 2 { 4e-6 * size } else { 2e-5 * (size + 1.0) };
            for (a, b) in a.as_slice().iter().zip(b.as_slice()) {
                assert!((a - b).abs() < bound, "{shape:?} {i}: {a} {b}");
            }
        }
    }
}

#[test]
fn finite_inputs_give_finite_results() {
    let run = |values: &[f32], shape: [usize; 3], eps: f64| {
        let tape = Tape::<f32>::new();
        let x = tape.variable(Tensor::from_vec(shape, values.to_vec()).unwrap());
        let logits = tape.variable(Tensor::ones([3]));
        let affine = (tape.variable(Tensor::full([shape[1]], 2.0)), tape.variable(Tensor::full([shape[1]], 3.0)));
        let y = switchable_norm(x, (logits, logits), Some(affine), BatchPart::Batch, eps);
        let dy: Vec<f32> = (0..values.len()).map(|i| 1.0 + (i % 3) as f32).collect();
        tape.backward_from(y, &dy);
        let all = [x, logits, affine.0, affine.1].map(|v| v.gradient().unwrap());
        (y.to_tensor(), all)
    };
    for eps in [0.0, 1e-5] {
        for size in [0.0, 7.5, 1e-40, 1e30, 3e38] {
            let (y, gradients) = run(&[size; 8], [2, 2, 2], eps);
            assert!(y.as_slice().iter().all(|&y| y == 3.0), "{size}: {y}");
            assert!(gradients.iter().all(Tensor::is_finite), "{size}: {gradients:?}");
        }
        for size in [1e15f32, 1e20, 3.4e38] {
            let values: Vec<f32> = [1.0, -1.0, 0.5, 0.25, -0.5, 0.0, 1.0, 0.75].iter().map(|v| v * size).collect();
            let (y, gradients) = run(&values, [2, 2, 2], eps);
            assert!(y.is_finite() && gradients.iter().all(Tensor::is_finite), "{size}: {y} {gradients:?}");
        }
    }
    // What is not finite itself stays visible: in its example by the layer's statistics, in its channel by the batch's.
    let (y, _) = run(&[f32::NAN, 1.0, 2.0, 3.0, 1.0, 2.0, 5.0, 4.0], [2, 2, 2], 1e-5);
    assert!(y.as_slice()[..6].iter().all(|y| y.is_nan()) && y.as_slice()[6..].iter().all(|y| y.is_finite()), "{y}");
    let (y, _) = run(&[f32::INFINITY; 8], [2, 2, 2], 1e-5);
    assert!(y.as_slice().iter().all(|y| y.is_nan()), "{y}");
}

#[test]
fn bad_shapes_and_settings_are_errors_before_training() {
    let new = SwitchableNorm::<f32>::new;
    let cases: [(SwitchableNorm, &[usize], &str); 6] = [
        (new(3), &[1, 3], "without_batch"),
        (new(3), &[0, 3, 4], "without_batch"),
        (new(3), &[4, 5, 2], "[3]"),
        (new(3), &[4], "rank 2"),
        (new(3).with_eps(f64::NAN), &[4, 3, 2], "eps NaN"),
        (new(3).with_momentum(-0.5), &[4, 3, 2], "momentum -0.5"),
    ];
    for (norm, shape, word) in cases {
        let error = check_network(&norm, Mode::Training, shape).unwrap_err().to_string();
        assert!(error.contains(word) && error.contains("switchable_norm"), "{error}");
    }
    for shape in [&[1, 3, 2][..], &[1, 3, 1, 1], &[0, 3, 2], &[2, 3, 0], &[1, 3]] {
        for (norm, mode) in [(new(3).without_batch(), Mode::Training), (new(3), Mode::Evaluation)] {
            let mut workspace = Workspace::new();
            let pass = workspace.begin(mode, Seed(0));
            let x = pass.tape().variable(Tensor::ones(shape));
            let y = norm.forward(&pass, x);
            assert!(y.to_tensor().is_finite());
            pass.tape().backward(y.sum());
            assert!(x.gradient().unwrap().is_finite());
        }
    }
}

#[test]
#[should_panic(expected = "as many logits of means as of variances, 2 or 3")]
fn logits_have_to_fit_the_parts() {
    let tape = Tape::<f32>::new();
    let logits = (tape.constant(Tensor::ones([3])), tape.constant(Tensor::ones([1])));
    switchable_norm(tape.constant(Tensor::ones([2, 2, 2])), logits, None, BatchPart::Batch, 1e-5);
}

#[test]
fn same_bits_at_any_thread_count() {
    let run = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| {
            let mut rng = Seed(3).rng();
            let tape = Tape::<f32>::new();
            let x = tape.variable(Tensor::from_fn([6, 9, 50, 50], |_| rng.random_range(-1.0..1.0)));
            let logits = tape.variable(Tensor::from([0.1, 0.2, 0.3]));
            let y = switchable_norm(x, (logits, logits), None, BatchPart::Batch, 1e-5);
            tape.backward(y.square().sigmoid().mean());
            (y.to_tensor(), x.gradient().unwrap(), logits.gradient().unwrap())
        })
    };
    let one = run(1);
    for threads in [2, 3, 7] {
        assert!(run(threads) == one, "{threads} threads");
    }
}
