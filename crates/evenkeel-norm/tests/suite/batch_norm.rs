//! Batch normalisation: cumulative averages, parts in a mode of their own, folding into the next layer, large offsets.

use evenkeel_autograd::{Tape, Var};
use evenkeel_module::{Forward, InMode, Mode, Module, ModuleExt, Pass, Workspace, check_network};
use evenkeel_norm::{BatchNorm, Moments, Normalizer, Statistics, batch_norm};
use evenkeel_tensor::{Float, Seed, Tensor};
use proptest::prelude::*;
use rand::RngExt;

fn random(shape: &[usize], seed: u64, low: f64, high: f64) -> Tensor<f64> {
    let mut rng = Seed(seed).rng();
    Tensor::from_fn(shape, |_| rng.random_range(low..high))
}

/// A step of training without gradients.
fn train<N: Forward<f64>>(net: &mut N, x: Tensor<f64>) {
    let mut workspace = Workspace::new();
    let pass = workspace.begin(Mode::Training, Seed(0));
    net.forward(&pass, pass.constant(x));
    assert_eq!(workspace.finish().commit(net), 0);
}

/// A layer whose scale, shift and statistics are all away from their start.
fn trained(c: usize, seed: u64) -> BatchNorm<f64> {
    let mut norm = BatchNorm::new(c).with_momentum(0.3);
    (0..3).for_each(|step| train(&mut norm, random(&[8, c], seed ^ step, -3.0, 5.0)));
    norm.for_each_parameter_mut(|_, p| {
        p.as_mut_slice().iter_mut().enumerate().for_each(|(i, v)| *v += 0.3 * (i + 1) as f64);
    });
    norm
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    /// The plain averages of the batches' means and unbiased variances, also where training goes on after loading.
    #[test]
    fn cumulative_averages(sizes in proptest::collection::vec(2usize..6, 1..6), seed in any::<u64>()) {
        let mut norm = BatchNorm::<f64>::new(2).with_cumulative_average();
        let mut sums = [vec![0.0; 2], vec![0.0; 2]];
        for (step, &n) in sizes.iter().enumerate() {
            let x = random(&[n, 2], seed ^ step as u64, -3.0, 5.0);
            let moments = Moments::of(&x).unwrap();
            train(&mut norm, x);
            for (sums, of_batch) in sums.iter_mut().zip([moments.mean(), &moments.variance(1)]) {
                sums.iter_mut().zip(of_batch).for_each(|(sum, value)| *sum += value);
            }
            let mut resumed = BatchNorm::new(2).with_cumulative_average();
            resumed.load_state_dict(&norm.state_dict()).unwrap();
            norm = resumed;
        }
        let batches = sizes.len();
        prop_assert_eq!(norm.statistics(), Statistics::Running { batches: batches as u64 });
        for (stored, sums) in [norm.running_mean(), norm.running_var()].into_iter().zip(sums) {
            for (stored, sum) in stored.as_slice().iter().zip(sums) {
                prop_assert!((stored - sum / batches as f64).abs() < 1e-12, "{stored} {sum}");
            }
        }
    }

    /// Folding into the linear layer after it changes no output.
    #[test]
    fn folded_into_a_linear_layer_is_the_same(seed in any::<u64>(), with_bias in any::<bool>()) {
        let norm = trained(4, seed);
        let (x, weight) = (random(&[5, 4], seed ^ 9, -1.0, 1.0), random(&[3, 4], seed ^ 10, -1.0, 1.0));
        let bias = with_bias.then(|| random(&[3], seed ^ 11, -1.0, 1.0));
        let (w, b) = norm.fold_into_next(&weight, bias.as_ref(), 1, false).unwrap();
        let mut workspace = Workspace::new();
        let pass = workspace.begin(Mode::Evaluation, Seed(0));
        let x = pass.constant(x);
        let apart = norm.forward(&pass, x).linear(pass.constant(weight), bias.map(|b| pass.constant(b)));
        let folded = x.linear(pass.constant(w), Some(pass.constant(b)));
        for (a, b) in apart.to_tensor().as_slice().iter().zip(folded.value().iter()) {
            prop_assert!((a - b).abs() < 1e-11 * (1.0 + a.abs()), "{a} {b}");
        }
    }

    /// And into a convolution with groups on either side; into the next one only without padding.
    #[test]
    fn folded_into_a_convolution_is_the_same(seed in any::<u64>(), groups in 1usize..4, each in 1usize..3, outs in 1usize..3) {
        let (inputs, outputs) = (groups * each, groups * outs);
        let x = random(&[2, inputs, 6], seed ^ 9, -1.0, 1.0);
        let (weight, bias) = (random(&[outputs, each, 3], seed ^ 10, -1.0, 1.0), random(&[outputs], seed ^ 11, -1.0, 1.0));
        let evaluate = |norm: &BatchNorm<f64>, x: &Tensor<f64>| {
            let mut workspace = Workspace::new();
            let pass = workspace.begin(Mode::Evaluation, Seed(0));
            norm.forward(&pass, pass.constant(x.clone())).to_tensor()
        };
        let close = |a: &Tensor<f64>, b: &Tensor<f64>| {
            a.as_slice().iter().zip(b.as_slice()).all(|(a, b)| (a - b).abs() < 1e-11 * (1.0 + a.abs()))
        };
        let before = trained(inputs, seed);
        let (w, b) = before.fold_into_next(&weight, Some(&bias), groups, false).unwrap();
        let apart = convolve(&evaluate(&before, &x), &weight, &bias, 0);
        prop_assert!(close(&apart, &convolve(&x, &w, &b, 0)));
        // The border shows that a padded one is another function, and it is refused.
        let padded = convolve(&evaluate(&before, &x), &weight, &bias, 1);
        prop_assert!(!close(&padded, &convolve(&x, &w, &b, 1)));
        let text = before.fold_into_next(&weight, Some(&bias), groups, true).unwrap_err().to_string();
        prop_assert!(text.contains("maps 0 to"), "{}", text);

        let after = trained(outputs, seed);
        let (w, b) = after.fold(&weight, Some(&bias)).unwrap();
        for padding in [0, 1] {
            let apart = evaluate(&after, &convolve(&x, &weight, &bias, padding));
            prop_assert!(close(&apart, &convolve(&x, &w, &b, padding)));
        }
    }
}

/// x (n, in, t) with weight (out, in / groups, k), bias and zeros around.
fn convolve(x: &Tensor<f64>, weight: &Tensor<f64>, bias: &Tensor<f64>, padding: usize) -> Tensor<f64> {
    let ([n, c, t], [out, each, k]) = ([0, 1, 2].map(|a| x.shape()[a]), [0, 1, 2].map(|a| weight.shape()[a]));
    let steps = t + 2 * padding + 1 - k;
    let per_group = out / (c / each);
    Tensor::from_fn([n, out, steps], |i| {
        let (n, o, s) = (i / (out * steps), i / steps % out, i % steps);
        let entries = (0..each).flat_map(|i| (0..k).map(move |j| (i, j)));
        let terms = entries
            .filter(|(_, j)| (padding..padding + t).contains(&(s + j)))
            .map(|(i, j)| weight.get(&[o, i, j]) * x.get(&[n, o / per_group * each + i, s + j - padding]));
        terms.sum::<f64>() + bias.as_slice()[o]
    })
}

#[test]
fn what_cannot_be_folded_is_an_error() {
    let norm = trained(6, 1);
    let weight = |shape: &[usize]| Tensor::ones(shape);
    let misfits: [(&[usize], usize); 6] =
        [(&[4, 5], 1), (&[6], 1), (&[4, 3, 2], 1), (&[3, 3, 2], 2), (&[4, 6], 0), (&[4, 6], 2)];
    for (shape, groups) in misfits {
        let text = norm.fold_into_next(&weight(shape), None, groups, false).unwrap_err().to_string();
        assert!(text.contains("BatchNorm::fold_into_next") && text.contains("groups"), "{text}");
    }
    assert!(norm.fold_into_next(&weight(&[4, 3, 2]), None, 2, false).is_ok());
    assert!(norm.fold_into_next(&weight(&[4, 3, 2]), Some(&weight(&[3])), 2, false).is_err());
    // A layer that maps 0 to 0 may come before padding.
    let centred = BatchNorm::<f64>::new(6);
    assert!(centred.fold_into_next(&weight(&[4, 6, 3]), None, 1, true).is_ok());
}

#[derive(Module)]
struct Pair<F: Float> {
    first: InMode<BatchNorm<F>>,
    second: BatchNorm<F>,
}

impl<F: Float> Forward<F> for Pair<F> {
    fn forward<'t>(&self, pass: &Pass<'t, F>, x: Var<'t, F>) -> Var<'t, F> {
        self.second.forward(pass, self.first.forward(pass, x))
    }
}

/// A part in evaluation while the rest trains: it uses its stored statistics, records none, and learns.
#[test]
fn a_part_in_evaluation_keeps_its_statistics_and_learns() {
    let mut net = Pair { first: InMode::new(Mode::Evaluation, trained(2, 3)), second: BatchNorm::new(2) };
    let before = net.state_dict().tensors;
    let x = random(&[6, 2], 5, -1.0, 1.0);
    let mut workspace = Workspace::new();
    let pass = workspace.begin(Mode::Training, Seed(0));
    let input = pass.constant(x.clone());
    let first = net.first.forward(&pass, input).to_tensor();
    pass.backward(net.forward(&pass, input).powf(3.0).sum());
    let step = workspace.finish();
    let mut learnt = Vec::new();
    net.for_each_parameter(|path, p| {
        if step.with_gradient(p, |g| g.iter().any(|&g| g != 0.0)) == Some(true) {
            learnt.push(path.to_string());
        }
    });
    assert_eq!(learnt, ["first.weight", "first.bias", "second.weight", "second.bias"]);
    step.commit(&mut net);
    let after = net.state_dict().tensors;
    for (name, value) in &after {
        let moves = name.starts_with("second.") && !name.ends_with("weight") && !name.ends_with("bias");
        assert_eq!(before[name] != *value, moves, "{name}");
    }
    // The stored statistics were those that evaluation uses.
    let pass = workspace.begin(Mode::Evaluation, Seed(0));
    assert_eq!(first, trained(2, 3).forward(&pass, pass.constant(x)).to_tensor());
    // A batch of one is no error for the part in evaluation.
    assert!(check_network(&InMode::new(Mode::Evaluation, BatchNorm::<f64>::new(2)), Mode::Training, [1, 2]).is_ok());
}

/// The same from inside a forward function, and the other way round: batch statistics within an evaluation, recorded.
#[test]
fn a_forward_function_chooses_modes() {
    #[derive(Clone, Module)]
    struct Adapting {
        norm: BatchNorm,
    }
    impl Forward for Adapting {
        fn forward<'t>(&self, pass: &Pass<'t>, x: Var<'t>) -> Var<'t> {
            self.norm.forward(&pass.in_mode(Mode::Population), x)
        }
    }
    let mut net = Adapting { norm: BatchNorm::new(1).with_eps(0.0) };
    let mut workspace = Workspace::new();
    let pass = workspace.begin(Mode::Evaluation, Seed(0));
    let y = net.forward(&pass, pass.constant(Tensor::from_vec([2, 1], vec![4.0, 6.0]).unwrap()));
    assert_eq!(*y.value(), [-1.0, 1.0]);
    assert!(!y.is_tracked());
    workspace.finish().commit(&mut net);
    assert_eq!(net.norm.statistics(), Statistics::Running { batches: 1 });
}

/// Far from 0 in f32, forward and backward, in columns and planes: as f64 computes it from the same numbers, to some roundings
/// of the result. With means rounded to f32 the error would be 0.03 at 10⁶.
#[test]
fn large_offsets_cost_no_digits() {
    fn run<F: Float>(x: Tensor<F>, dy: &Tensor<f32>) -> [Tensor<f64>; 3] {
        let tape = Tape::new();
        let c = x.shape()[1];
        let (x, gamma) = (tape.variable(x), tape.variable(Tensor::ones([c])));
        let y = batch_norm(x, Some((gamma, tape.constant(Tensor::zeros([c])))), Normalizer::Batch, 1e-5);
        tape.backward_from(y, dy.cast::<F>().as_slice());
        [y.to_tensor(), x.gradient().unwrap(), gamma.gradient().unwrap()].map(|t| t.cast())
    }
    for (shape, offset) in
        [(&[45, 3][..], 1e6f32), (&[300, 2], -1e6), (&[3, 2, 41], 1e6), (&[2, 1, 90, 99], 1e6), (&[5, 2], 1e4)]
    {
        let mut rng = Seed(7).rng();
        let x = Tensor::<f32>::from_fn(shape, |_| offset + rng.random_range(-8i32..9) as f32 * 0.25);
        let dy = Tensor::<f32>::from_fn(shape, |_| rng.random_range(-1.0..1.0));
        for (single, double) in run(x.clone(), &dy).iter().zip(&run(x.cast::<f64>(), &dy)) {
            let size = double.as_slice().iter().fold(1.0, |m: f64, v| m.max(v.abs()));
            for (a, b) in single.as_slice().iter().zip(double.as_slice()) {
                assert!((a - b).abs() < 8e-6 * size, "{shape:?}: {a} {b}");
            }
        }
    }
}

/// Of two values a channel, nothing is left of the gradient but what eps leaves: f32 has to find it beside terms a thousand
/// times as large.
#[test]
fn gradients_of_a_few_values_keep_their_digits() {
    fn gradient<F: Float>(n: usize) -> Vec<f64> {
        let tape = Tape::<F>::new();
        let x = tape.variable(Tensor::from_fn([n, 3, 1], |i| F::from_f64((i as f64 * 1.7).sin())));
        let y = batch_norm(x, None, Normalizer::Batch, 1e-4);
        let dy: Vec<F> = (0..3 * n).map(|i| F::from_f64((i as f64 * 0.9).cos())).collect();
        tape.backward_from(y, &dy);
        x.gradient().unwrap().as_slice().iter().map(|v| v.to_f64()).collect()
    }
    for n in 2..=8 {
        let (single, double) = (gradient::<f32>(n), gradient::<f64>(n));
        let largest = double.iter().fold(0.0, |m: f64, d| m.max(d.abs()));
        for (s, d) in single.iter().zip(&double) {
            assert!((s - d).abs() < 2e-6 * largest, "{n}: {s}, expected {d}");
        }
    }
}
