//! What review has found: values at the ends of the range, empty batches, settings, layers that run twice.

use evenkeel_autograd::{Tape, Var};
use evenkeel_module::{Entry, Forward, Mode, Module, ModuleExt, Pass, StateDict, Workspace, check_network};
use evenkeel_norm::{BatchNorm, Moments, Normalizer, Statistics, batch_norm, population_statistics};
use evenkeel_tensor::{Float, Seed, Shape, Tensor};

/// Channels as columns and as planes, with remainders and with whole groups of rows.
fn shapes(values: usize) -> [Shape; 2] {
    [[values, 1].into(), [1, 1, 1, values].into()]
}

/// Output, and gradients of x, gamma and beta, for gamma 2 and beta 3.
fn run<F: Float>(x: Tensor<F>) -> [Tensor<F>; 4] {
    let tape = Tape::new();
    let n = x.shape().numel();
    let x = tape.variable(x);
    let (gamma, beta) =
        (tape.variable(Tensor::full([1], F::from_f64(2.0))), tape.variable(Tensor::full([1], F::from_f64(3.0))));
    let y = batch_norm(x, Some((gamma, beta)), Normalizer::Batch, 1e-5);
    let dy: Vec<F> = (0..n).map(|i| F::from_f64(1.0 + (i % 3) as f64)).collect();
    tape.backward_from(y, &dy);
    [y.to_tensor(), x.gradient().unwrap(), gamma.gradient().unwrap(), beta.gradient().unwrap()]
}

fn constant_channel<F: Float>(size: f64) {
    for n in [2, 3, 4, 8, 9, 16, 37] {
        for shape in shapes(n) {
            let x = Tensor::full(shape, F::from_f64(size));
            let moments = Moments::of(&x).unwrap();
            assert_eq!((moments.mean()[0], moments.variance(0)[0]), (F::from_f64(size), F::ZERO), "{size} {shape}");
            let [y, dx, dgamma, _] = run(x);
            assert!(y.as_slice().iter().all(|&y| y == F::from_f64(3.0)), "{size} {shape}: {y}");
            assert!(dx.is_finite() && dgamma.is_finite(), "{size} {shape}: {dx} {dgamma}");
        }
    }
}

#[test]
fn a_channel_without_spread_gives_beta_however_large_it_is() {
    for size in [1e20, -1e20, 1e30, 3e38] {
        constant_channel::<f32>(size);
    }
    for size in [1e160, -1e300] {
        constant_channel::<f64>(size);
    }
}

fn overflowing_channel<F: Float>(size: f64) {
    let pattern = [-1.0, 1.0, 0.5, 0.25];
    for n in [2, 4, 8, 11, 24] {
        for shape in shapes(n) {
            let x = Tensor::from_fn(shape, |i| F::from_f64(size * pattern[i % 4]));
            let moments = Moments::of(&x).unwrap();
            assert!(moments.mean()[0].is_finite() && moments.variance(0)[0] == F::INFINITY, "{moments:?}");
            let [y, dx, dgamma, dbeta] = run(x);
            assert!(y.as_slice().iter().all(|&y| y == F::from_f64(3.0)), "{size} {shape}: {y}");
            assert!(
                dx.as_slice().iter().chain(dgamma.as_slice()).all(|&d| d == F::ZERO),
                "{size} {shape}: {dx} {dgamma}"
            );
            let sum: usize = (0..n).map(|i| 1 + i % 3).sum();
            assert_eq!(dbeta.item(), F::from_usize(sum));
        }
    }
}

#[test]
fn a_channel_whose_variance_overflows_gives_beta_and_no_gradient() {
    for size in [1e20, 1e30, 3.4e38] {
        overflowing_channel::<f32>(size);
    }
    for size in [1e160, 1.7e308] {
        overflowing_channel::<f64>(size);
    }
    // The neighbouring channels do not notice, and what is not finite itself stays visible.
    let tape = Tape::<f32>::new();
    let rows = vec![1e20, 1.0, f32::INFINITY, f32::NAN, -1e20, 3.0, 1.0, 1.0];
    let y = batch_norm(tape.constant(Tensor::from_vec([2, 4], rows).unwrap()), None, Normalizer::Batch, 0.0);
    let value = y.value();
    assert_eq!((&value[..2], &value[4..6]), (&[0.0, -1.0][..], &[0.0, 1.0][..]));
    assert!([2, 3, 6, 7].iter().all(|&i| value[i].is_nan()), "{value:?}");
}

/// Spreads whose inverse square underflows: the gradient is orthogonal to x̂ all the same, and of the size of dy / spread.
#[test]
fn gradients_of_large_spreads_keep_all_their_terms() {
    for shape in shapes(8) {
        let [y, dx, ..] = run(Tensor::from_fn(shape, |i| [-1e18f32, 1e18, 2e18, 3e18][i % 4]));
        let along: f32 = dx.as_slice().iter().zip(y.as_slice()).map(|(d, y)| d * 1e18 * (y - 3.0)).sum();
        let size: f32 = dx.as_slice().iter().map(|d| d.abs() * 1e18).sum();
        assert!(size > 0.1 && along.abs() < 1e-5 * size, "{along} of {size}");
    }
}

#[test]
fn running_statistics_of_an_overflow_are_not_nan() {
    for momentum in [0.0, 0.1, 1.0] {
        let mut norm = BatchNorm::<f32>::new(1).with_momentum(momentum);
        let mut workspace = Workspace::new();
        for size in [1e20, 1e20, 1.0] {
            let pass = workspace.begin(Mode::Training, Seed(0));
            norm.forward(&pass, pass.constant(Tensor::from_vec([2, 1], vec![-size, size]).unwrap()));
            workspace.finish().commit(&mut norm);
        }
        assert!(norm.running_mean().is_finite() && !norm.running_var().item().is_nan(), "{}", norm.running_var());
        population_statistics(&mut norm, [Tensor::from_vec([2, 1], vec![1.0, 3.0]).unwrap()]).unwrap();
        assert_eq!(norm.running_var().item(), 2.0);
    }
}

#[test]
fn empty_batches_are_refused_where_statistics_are_taken() {
    let mut norm = BatchNorm::<f32>::new(3);
    for shape in [Shape::from([0, 3]), Shape::from([2, 3, 0]), Shape::from([1, 3])] {
        for mode in [Mode::Training, Mode::Population] {
            let text = check_network(&norm, mode, shape).unwrap_err().to_string();
            assert!(text.contains("more than one value a channel") && text.contains(&shape.to_string()), "{text}");
        }
        // Evaluation takes none.
        assert_eq!(check_network(&norm, Mode::Evaluation, shape).unwrap(), shape);
        let mut workspace = Workspace::new();
        let pass = workspace.begin(Mode::Evaluation, Seed(0));
        assert_eq!(norm.forward(&pass, pass.constant(Tensor::zeros(shape))).shape(), shape);
    }
    let before = norm.state_dict();
    for shape in [Shape::from([0, 3]), Shape::from([2, 3, 0])] {
        for batches in [vec![shape], vec![[4, 3].into(), shape]] {
            let batch = batches.len() - 1;
            let error = population_statistics(&mut norm, batches.into_iter().map(Tensor::ones)).unwrap_err();
            assert!(error.to_string().contains(&format!("batch {batch}: expected examples")), "{error}");
            assert_eq!((norm.state_dict(), norm.statistics()), (before.clone(), Statistics::Initial));
        }
    }
}

/// Stored statistics need no values: gradients over none are 0.
#[test]
fn an_empty_batch_has_gradients_of_zero() {
    for shape in [Shape::from([0, 2]), Shape::from([2, 2, 0])] {
        let tape = Tape::<f64>::new();
        let (gamma, beta) = (tape.variable(Tensor::ones([2])), tape.variable(Tensor::ones([2])));
        let stored = Normalizer::Stored { mean: Tensor::zeros([2]), variance: Tensor::ones([2]) };
        let y = batch_norm(tape.variable(Tensor::ones(shape)), Some((gamma, beta)), stored, 1e-5);
        tape.backward(y.sum());
        assert_eq!((gamma.gradient().unwrap(), beta.gradient().unwrap()), (Tensor::zeros([2]), Tensor::zeros([2])));
    }
}

#[test]
fn a_momentum_that_is_no_weight_is_refused() {
    for momentum in [f64::NAN, -0.1, 1.5, f64::INFINITY] {
        let norm = BatchNorm::<f32>::new(3).with_momentum(momentum);
        for mode in [Mode::Training, Mode::Evaluation, Mode::Population] {
            let text = check_network(&norm, mode, [4, 3]).unwrap_err().to_string();
            assert!(text.contains(&format!("momentum {momentum}")), "{text}");
        }
    }
    for momentum in [0.0, 1.0] {
        assert!(check_network(&BatchNorm::<f32>::new(3).with_momentum(momentum), Mode::Training, [4, 3]).is_ok());
    }
}

#[test]
fn negative_variances_and_counts_are_not_loaded() {
    let mut norm = BatchNorm::<f32>::new(2);
    let before = norm.state_dict();
    let mut dict = before.clone();
    dict.tensors.insert("running_var".into(), Entry::F32(Tensor::from([1.0, -1.0])));
    dict.tensors.insert("running_mean".into(), Entry::F32(Tensor::from([1.0, -1.0])));
    dict.tensors.insert("num_batches_tracked".into(), Entry::I64(Tensor::scalar(-5)));
    let error = norm.load_state_dict(&dict).unwrap_err();
    assert_eq!(error.report.out_of_range, ["running_var", "num_batches_tracked"]);
    assert!(error.to_string().contains("negative: running_var, num_batches_tracked"), "{error}");
    assert_eq!(norm.state_dict(), before);
}

#[test]
fn batches_are_counted_beyond_the_floats_integers() {
    let mut norm = BatchNorm::<f32>::new(1);
    let mut dict: StateDict = norm.state_dict();
    dict.tensors.insert("num_batches_tracked".into(), Entry::I64(Tensor::scalar(1 << 24)));
    dict.metadata.clear();
    norm.load_state_dict(&dict).unwrap();
    let mut workspace = Workspace::new();
    for _ in 0..3 {
        let pass = workspace.begin(Mode::Training, Seed(0));
        norm.forward(&pass, pass.constant(Tensor::ones([2, 1])));
        workspace.finish().commit(&mut norm);
    }
    assert_eq!(norm.statistics(), Statistics::Running { batches: (1 << 24) + 3 });
    assert_eq!(norm.state_dict().tensors["num_batches_tracked"], Entry::I64(Tensor::scalar((1 << 24) + 3)));
}

/// One layer on both halves of a network.
#[derive(Clone, Module)]
struct Twice<F: Float> {
    norm: BatchNorm<F>,
}

impl<F: Float> Forward<F> for Twice<F> {
    fn forward<'t>(&self, pass: &Pass<'t, F>, x: Var<'t, F>) -> Var<'t, F> {
        let y = self.norm.forward(pass, x);
        self.norm.forward(pass, x + x + x) + y
    }
}

#[test]
fn population_statistics_of_a_layer_used_twice_are_plain_averages() {
    let mut net = Twice { norm: BatchNorm::<f64>::new(1) };
    let batches = [vec![1.0, 3.0], vec![5.0, 9.0]].map(|v| Tensor::from_vec([2, 1], v).unwrap());
    population_statistics(&mut net, batches).unwrap();
    // Means 2, 6, 7 and 21; unbiased variances 2, 18, 8 and 72.
    assert!((net.norm.running_mean().item() - 9.0).abs() < 1e-12, "{}", net.norm.running_mean());
    assert!((net.norm.running_var().item() - 25.0).abs() < 1e-12, "{}", net.norm.running_var());
}
