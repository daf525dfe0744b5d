//! The mathematics of batch normalisation, in f64.

use evenkeel_autograd::{Tape, Var, gradcheck};
use evenkeel_module::{Forward, Mode, ModuleExt, Origin, StateDict, Workspace};
use evenkeel_norm::{BatchNorm, Moments, Normalizer, Statistics, batch_norm, population_statistics};
use evenkeel_tensor::{Seed, Tensor};
use proptest::prelude::*;
use rand::RngExt;

const EPS: f64 = 1e-5;

/// Arrays of rank 2 to 4 with at least two values a channel, values of any common scale and offset.
fn input() -> impl Strategy<Value = Tensor<f64>> {
    let dims = prop_oneof![
        (2usize..40, 1usize..6).prop_map(|(n, c)| vec![n, c]),
        (1usize..4, 1usize..5, 2usize..20).prop_map(|(n, c, l)| vec![n, c, l]),
        (1usize..3, 1usize..4, 2usize..5, 1usize..5).prop_map(|(n, c, h, w)| vec![n, c, h, w]),
    ];
    (dims, any::<u64>(), -3i32..4, -1e4f64..1e4).prop_map(|(dims, seed, scale, offset)| {
        let mut rng = Seed(seed).rng();
        Tensor::from_fn(&dims[..], |_| rng.random_range(-1.0..1.0) * 10f64.powi(scale) + offset)
    })
}

fn vector(c: usize, seed: u64, low: f64, high: f64) -> Tensor<f64> {
    let mut rng = Seed(seed).rng();
    Tensor::from_fn([c], |_| rng.random_range(low..high))
}

/// The values of each channel, gathered.
fn channels(x: &Tensor<f64>) -> Vec<Vec<f64>> {
    let (c, inner) = (x.shape()[1], x.shape()[2..].iter().product::<usize>());
    let mut out = vec![Vec::new(); c];
    for (i, &v) in x.as_slice().iter().enumerate() {
        out[i / inner % c].push(v);
    }
    out
}

fn mean_and_variance(v: &[f64]) -> (f64, f64) {
    let m = v.iter().sum::<f64>() / v.len() as f64;
    (m, v.iter().map(|x| (x - m) * (x - m)).sum::<f64>() / v.len() as f64)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Each channel of the output has mean beta and variance gamma² var / (var + eps).
    #[test]
    fn output_moments(x in input(), seed in any::<u64>()) {
        let c = x.shape()[1];
        let (gamma, beta) = (vector(c, seed, 0.5, 2.0), vector(c, seed ^ 1, -1.0, 1.0));
        let tape = Tape::new();
        let affine = (tape.constant(gamma.clone()), tape.constant(beta.clone()));
        let y = batch_norm(tape.constant(x.clone()), Some(affine), Normalizer::Batch, EPS).to_tensor();
        for (j, (before, after)) in channels(&x).iter().zip(channels(&y)).enumerate() {
            let (_, var) = mean_and_variance(before);
            let (m, v) = mean_and_variance(&after);
            let expected = gamma.as_slice()[j].powi(2) * var / (var + EPS);
            // Values up to 1e4 with spreads down to 1e-3: their rounding, 1e4 * 2^-53, is 1e-9 of the spread.
            prop_assert!((m - beta.as_slice()[j]).abs() < 1e-7, "mean {m}");
            prop_assert!((v - expected).abs() < 1e-7, "variance {v}, expected {expected}");
        }
    }

    /// With eps 0, BN(a x + b) = sign(a) BN(x).
    #[test]
    fn invariant_to_affine_changes(x in input(), a in prop_oneof![0.1f64..10.0, -10.0f64..-0.1], b in -100.0f64..100.0) {
        let run = |x: Tensor<f64>| {
            let tape = Tape::new();
            batch_norm(tape.constant(x), None, Normalizer::Batch, 0.0).to_tensor()
        };
        let (y, z) = (run(x.clone()), run(x.map(|v| a * v + b)));
        for (y, z) in y.as_slice().iter().zip(z.as_slice()) {
            prop_assert!((y * a.signum() - z).abs() < 1e-5, "{y} {z}");
        }
    }

    /// The input's gradient is orthogonal to 1 and, with eps 0, to x̂: shifts and scales of the input change nothing.
    #[test]
    fn gradient_is_orthogonal(x in input(), seed in any::<u64>()) {
        let tape = Tape::new();
        let v = tape.variable(x.clone());
        let y = batch_norm(v, None, Normalizer::Batch, 0.0);
        let mut rng = Seed(seed).rng();
        let dy: Vec<f64> = (0..y.shape().numel()).map(|_| rng.random_range(-1.0..1.0)).collect();
        tape.backward_from(y, &dy);
        let dx = v.gradient().unwrap();
        let normalized = y.to_tensor();
        let dy = Tensor::from_vec(x.shape(), dy).unwrap();
        for (j, (dx, xhat)) in channels(&dx).iter().zip(channels(&normalized)).enumerate() {
            let (_, var) = mean_and_variance(&channels(&x)[j]);
            // The gradient's terms are of the size of dy / sqrt(var); of two values nothing is left of them. x̂ carries
            // the rounding of x - mean, relative to the spread.
            let size = channels(&dy)[j].iter().map(|d| d.abs()).sum::<f64>() / var.sqrt();
            let largest = channels(&x)[j].iter().fold(0.0, |m: f64, v| m.max(v.abs()));
            let bound = size * (1e-10 + 16.0 * f64::EPSILON * largest / var.sqrt());
            let to_one = dx.iter().sum::<f64>();
            let to_xhat = dx.iter().zip(&xhat).map(|(d, h)| d * h).sum::<f64>();
            prop_assert!(to_one.abs() < bound, "{to_one}, bound {bound}");
            prop_assert!(to_xhat.abs() < bound, "{to_xhat}, bound {bound}");
        }
    }

    /// Merged statistics are those of the concatenation.
    #[test]
    fn merged_moments(x in input(), y in input()) {
        let c = x.shape()[1].min(y.shape()[1]);
        // The first channels of both, as rows.
        let rows = |t: &Tensor<f64>| {
            let channels = channels(t);
            let n = channels[0].len();
            Tensor::from_fn([n, c], |i| channels[i % c][i / c])
        };
        let (a, b) = (rows(&x), rows(&y));
        let both = Tensor::from_vec([a.shape()[0] + b.shape()[0], c], [a.as_slice(), b.as_slice()].concat()).unwrap();
        let merged = Moments::of(&a).unwrap().merge(&Moments::of(&b).unwrap());
        let whole = Moments::of(&both).unwrap();
        prop_assert_eq!(merged.count(), whole.count());
        for j in 0..c {
            let (m, w) = (merged.variance(0)[j], whole.variance(0)[j]);
            prop_assert!((merged.mean()[j] - whole.mean()[j]).abs() < 1e-8);
            prop_assert!((m - w).abs() < 1e-9 * (w + 1.0), "{m} {w}");
        }
    }

    /// The fused operation against its composition from primitives, value and gradients, and against finite differences.
    #[test]
    fn fused_is_composed(n in 2usize..12, c in 1usize..5, seed in any::<u64>()) {
        let mut rng = Seed(seed).rng();
        let x = Tensor::from_fn([n, c], |_| rng.random_range(-2.0..2.0));
        let inputs = [x, vector(c, seed, 0.5, 2.0), vector(c, seed ^ 1, -1.0, 1.0)];
        fn composed<'t>(v: &[Var<'t, f64>]) -> Var<'t, f64> {
            let centred = v[0] - v[0].mean_axis(0);
            let variance = centred.square().mean_axis(0);
            centred / (variance + EPS).sqrt() * v[1] + v[2]
        }
        let tape = Tape::new();
        let variables: Vec<_> = inputs.iter().map(|t| tape.variable(t.clone())).collect();
        let dy: Vec<f64> = (0..n * c).map(|_| rng.random_range(-1.0..1.0)).collect();
        let mut results = Vec::new();
        for fused in [true, false] {
            let y = match fused {
                true => batch_norm(variables[0], Some((variables[1], variables[2])), Normalizer::Batch, EPS),
                false => composed(&variables),
            };
            tape.backward_from(y, &dy);
            let gradients: Vec<_> = variables.iter().map(|v| v.gradient().unwrap()).collect();
            results.push((y.to_tensor(), gradients));
        }
        for (a, b) in results[0].0.as_slice().iter().zip(results[1].0.as_slice()) {
            prop_assert!((a - b).abs() < 1e-10);
        }
        // The second gradients were added to the first.
        for (once, twice) in results[0].1.iter().zip(&results[1].1) {
            for (a, b) in once.as_slice().iter().zip(twice.as_slice()) {
                prop_assert!((2.0 * a - b).abs() < 1e-8, "{a} {b}");
            }
        }
        gradcheck(&inputs, |v| batch_norm(v[0], Some((v[1], v[2])), Normalizer::Batch, 0.1))?;
    }

    #[test]
    fn gradients_at_every_rank(shape in prop_oneof![Just(vec![3, 2]), Just(vec![2, 3, 4]), Just(vec![2, 2, 3, 2]), Just(vec![1, 2, 2, 2, 2])], seed in any::<u64>()) {
        let mut rng = Seed(seed).rng();
        let c = shape[1];
        let x = Tensor::from_fn(&shape[..], |_| rng.random_range(-2.0..2.0));
        let inputs = [x, vector(c, seed, 0.5, 2.0), vector(c, seed ^ 1, -1.0, 1.0)];
        let stored = Normalizer::Stored { mean: vector(c, 3, -1.0, 1.0), variance: vector(c, 4, 0.5, 2.0) };
        for normalizer in [Normalizer::Batch, stored] {
            gradcheck(&inputs, |v| batch_norm(v[0], Some((v[1], v[2])), normalizer.clone(), 0.1))?;
            gradcheck(&inputs[..1], |v| batch_norm(v[0], None, normalizer.clone(), 0.1))?;
        }
    }

    /// Folding into the linear layer before changes no output.
    #[test]
    fn folded_is_the_same(seed in any::<u64>(), with_bias in any::<bool>()) {
        let (inputs, outputs) = (4, 3);
        let norm = trained(outputs, seed);
        let mut rng = Seed(seed).rng();
        let mut random = |shape: &[usize]| Tensor::from_fn(shape, |_| rng.random_range(-1.0..1.0));
        let (x, weight) = (random(&[5, inputs]), random(&[outputs, inputs]));
        let bias = with_bias.then(|| random(&[outputs]));
        let mut workspace = Workspace::new();
        let pass = workspace.begin(Mode::Evaluation, Seed(0));
        let xv = pass.constant(x);
        let apart = norm.forward(&pass, xv.linear(pass.constant(weight.clone()), bias.clone().map(|b| pass.constant(b))));
        let (w, b) = norm.fold(&weight, bias.as_ref()).unwrap();
        let folded = xv.linear(pass.constant(w), Some(pass.constant(b)));
        for (a, b) in apart.value().iter().zip(folded.value().iter()) {
            prop_assert!((a - b).abs() < 1e-12);
        }
    }
}

/// A layer whose scale, shift and statistics are all away from their start.
fn trained(c: usize, seed: u64) -> BatchNorm<f64> {
    let mut norm = BatchNorm::new(c).with_momentum(0.3);
    let mut workspace = Workspace::new();
    for step in 0..4 {
        let mut rng = Seed(seed).at(step).rng();
        let x = Tensor::from_fn([8, c], |_| rng.random_range(-3.0..5.0));
        let pass = workspace.begin(Mode::Training, Seed(0));
        norm.forward(&pass, pass.constant(x));
        workspace.finish().commit(&mut norm);
    }
    norm.for_each_parameter_mut(|_, p| p.as_mut_slice().iter_mut().enumerate().for_each(|(i, v)| *v += 0.3 * i as f64));
    norm
}

/// Running statistics converge to the data's: with weight m of each batch, the running mean is an average of batch means with
/// weights m (1 - m)^k. Its variance is at most m / (2 - m) times a batch mean's, sigma² / n. For n = 64, m = 0.02 and
/// sigma² = 4, six standard deviations are 6 sqrt(0.02 / 1.98 * 4 / 64) = 0.15 (failure below 1e-8; the start's weight,
/// 0.98^600, is 5e-6). A batch's unbiased variance has variance 2 sigma⁴ / (n - 1), so six are
/// 6 sqrt(0.02 / 1.98 * 2 * 16 / 63) = 0.43.
#[test]
fn running_statistics_converge_to_the_data() {
    let mut norm = BatchNorm::<f64>::new(1).with_momentum(0.02);
    let mut workspace = Workspace::new();
    for step in 0..600 {
        let mut rng = Seed(11).at(step).rng();
        // Normal with mean 3 and variance 4, by Box and Muller.
        let x = Tensor::from_fn([64, 1], |_| {
            let (u, v): (f64, f64) = (rng.random(), rng.random());
            3.0 + 2.0 * (-2.0 * (1.0 - u).ln()).sqrt() * (std::f64::consts::TAU * v).cos()
        });
        let pass = workspace.begin(Mode::Training, Seed(0));
        norm.forward(&pass, pass.constant(x));
        workspace.finish().commit(&mut norm);
    }
    assert_eq!(norm.statistics(), Statistics::Running { batches: 600 });
    assert!((norm.running_mean().item() - 3.0).abs() < 0.15, "{}", norm.running_mean());
    assert!((norm.running_var().item() - 4.0).abs() < 0.43, "{}", norm.running_var());
}

#[test]
fn evaluation_and_sampling_leave_the_bits_alone() {
    let norm = trained(3, 5);
    let before = norm.state_dict();
    let mut copy = norm.clone();
    let mut workspace = Workspace::new();
    for mode in [Mode::Evaluation, Mode::Sampling] {
        let pass = workspace.begin(mode, Seed(0));
        copy.forward(&pass, pass.constant(Tensor::full([4, 3], 9.0)));
        workspace.finish().commit(&mut copy);
    }
    assert_eq!(copy.state_dict(), before);
}

#[test]
fn population_statistics_are_the_weighted_averages_of_the_batches() {
    let mut norm = BatchNorm::<f64>::new(1);
    let batches = [vec![1.0, 2.0, 3.0], vec![10.0, 20.0]].map(|v| Tensor::from_vec([v.len(), 1], v).unwrap());
    assert_eq!(population_statistics(&mut norm, batches).unwrap(), 5);
    assert!((norm.running_mean().item() - (3.0 * 2.0 + 2.0 * 15.0) / 5.0).abs() < 1e-12);
    assert!((norm.running_var().item() - (3.0 * 1.0 + 2.0 * 50.0) / 5.0).abs() < 1e-12);
    assert_eq!(norm.statistics(), Statistics::Population);
    let dict = StateDict::from_bytes(&norm.state_dict().to_bytes().unwrap()).unwrap();
    let mut other = BatchNorm::<f64>::new(1);
    other.load_state_dict(&dict).unwrap();
    assert_eq!(other.statistics(), Statistics::Population);
    let empty: [Tensor<f64>; 0] = [];
    assert!(population_statistics(&mut other, empty).is_err());
    // An error in the middle changes nothing.
    let before = norm.state_dict();
    let bad = [Tensor::ones([4, 1]), Tensor::ones([1, 1])];
    let message = population_statistics(&mut norm, bad).unwrap_err().to_string();
    assert!(message.contains("batch 1") && message.contains("GroupNorm"), "{message}");
    assert_eq!(norm.state_dict(), before);
}

#[test]
fn a_frozen_layer_keeps_and_uses_its_statistics() {
    let mut norm = trained(2, 9);
    assert_eq!(norm.freeze("*"), 5);
    let before = norm.state_dict();
    let mut workspace = Workspace::new();
    let x = Tensor::from_fn([6, 2], |i| i as f64);
    let mut outputs = Vec::new();
    for mode in [Mode::Training, Mode::Evaluation, Mode::Sampling] {
        let pass = workspace.begin(mode, Seed(0));
        outputs.push(norm.forward(&pass, pass.constant(x.clone())).to_tensor());
        workspace.finish().commit(&mut norm);
    }
    assert!(outputs.iter().all(|output| *output == outputs[0]));
    assert_eq!(norm.state_dict(), before);
}

/// A large common offset costs no digits: f32 rows of 1e4, 1e4 + 1, 1e4 + 2.
#[test]
fn large_offsets() {
    for inner in [1, 3] {
        let n = 9 / inner;
        let x = Tensor::from_fn([n, 2, inner], |i| 1e4f32 + (if inner == 1 { i / 2 } else { i } % 3) as f32);
        let x = if inner == 1 { x.reshape([n, 2]) } else { x };
        let moments = Moments::of(&x).unwrap();
        for c in 0..2 {
            assert!((moments.mean()[c] - 10_001.0).abs() < 1e-3, "{:?}", moments);
            assert!((moments.variance(0)[c] - 2.0 / 3.0).abs() < 1e-3, "{:?}", moments);
        }
    }
}

#[test]
fn extreme_inputs_stay_finite_where_the_mathematics_is() {
    let tape = Tape::<f32>::new();
    let run = |values: Vec<f32>, eps: f64| {
        let x = tape.variable(Tensor::from_vec([values.len(), 1], values).unwrap());
        let y = batch_norm(x, None, Normalizer::Batch, eps);
        tape.backward_from(y, &vec![1.0; y.shape().numel()]);
        (y.to_tensor(), x.gradient().unwrap())
    };
    // Constant channels give beta, also with eps 0; so do subnormal spreads.
    for eps in [0.0, 1e-5] {
        let (y, dx) = run(vec![7.5; 5], eps);
        assert!(y.as_slice().iter().chain(dx.as_slice()).all(|v| *v == 0.0), "{y} {dx}");
    }
    let (y, _) = run(vec![1e-40, 2e-40, 3e-40], 1e-5);
    assert!(y.is_finite());
    let (y, _) = run(vec![1e15, -1e15, 2e15], 1e-5);
    assert!(y.is_finite());
    // NaN in a channel stays there.
    let x = tape.variable(Tensor::from_vec([2, 2], vec![f32::NAN, 1.0, 2.0, 3.0]).unwrap());
    let y = batch_norm(x, None, Normalizer::Batch, 1e-5).to_tensor();
    assert!(y.get(&[0, 0]).is_nan() && y.get(&[0, 1]).is_finite() && y.get(&[1, 1]).is_finite());
}

#[test]
fn bad_shapes_and_settings_are_errors_before_training() {
    let cases: [(&BatchNorm<f32>, &[usize], &str); 5] = [
        (&BatchNorm::new(3), &[1, 3], "GroupNorm"),
        (&BatchNorm::new(3), &[4, 5], "3"),
        (&BatchNorm::new(3), &[4], "rank 2"),
        (&BatchNorm::new(3).with_eps(-1.0), &[4, 3], "eps"),
        (&BatchNorm::new(3).with_eps(f64::NAN), &[4, 3], "eps"),
    ];
    for (norm, shape, word) in cases {
        let error = evenkeel_module::check_network(norm, Mode::Training, shape).unwrap_err().to_string();
        assert!(error.contains(word), "{error}");
    }
    assert!(evenkeel_module::check_network(&BatchNorm::<f32>::new(3), Mode::Evaluation, [1, 3]).is_ok());
}

#[test]
fn state_dict_has_pytorchs_names() {
    let norm = BatchNorm::<f32>::new(2);
    let names: Vec<_> = norm.state_dict().tensors.into_keys().collect();
    assert_eq!(names, ["bias", "num_batches_tracked", "running_mean", "running_var", "weight"]);
    let mut buffers = Vec::new();
    BatchNorm::<f32>::new(1).for_each_buffer_mut(|p, b| buffers.push((p.to_string(), b.origin())));
    assert!(buffers.iter().all(|(_, o)| *o == Origin::Initial) && buffers.len() == 3);
}

/// Same bits in pools of any size, over blocks and strips.
#[test]
fn same_bits_at_any_thread_count() {
    let run = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| {
            [&[700usize, 600][..], &[4, 6, 40, 50]]
                .map(|shape| {
                    let mut rng = Seed(3).rng();
                    let tape = Tape::<f32>::new();
                    let x = tape.variable(Tensor::from_fn(shape, |_| rng.random_range(-1.0..1.0)));
                    let y = batch_norm(x, None, Normalizer::Batch, EPS);
                    tape.backward(y.square().sigmoid().mean());
                    (y.to_tensor(), x.gradient().unwrap())
                })
                .to_vec()
        })
    };
    let one = run(1);
    for threads in [2, 3, 7] {
        assert!(run(threads) == one, "{threads} threads");
    }
}
