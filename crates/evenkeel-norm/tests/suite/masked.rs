//! Batch normalisation of padded sequences: as if they stood one after another without their padding.

use evenkeel_autograd::{Tape, Var, gradcheck};
use evenkeel_module::{Forward, Mode, Module, ModuleExt, Pass, Workspace, check_network};
use evenkeel_norm::{
    BatchNorm, BatchNormOp, Lengths, LengthsError, MaskedBatchNormOp, Normalizer, SequenceLayout, batch_norm,
};
use evenkeel_tensor::{Seed, Shape, Tensor};
use proptest::prelude::*;
use rand::RngExt;

use SequenceLayout::{BatchFeatureTime, BatchTimeFeature, TimeBatchFeature};

const LAYOUTS: [SequenceLayout; 3] = [BatchTimeFeature, TimeBatchFeature, BatchFeatureTime];

fn shape(layout: SequenceLayout, [n, t, f]: [usize; 3]) -> Shape {
    match layout {
        BatchTimeFeature => [n, t, f].into(),
        TimeBatchFeature => [t, n, f].into(),
        BatchFeatureTime => [n, f, t].into(),
    }
}

/// Where feature `f` at step `t` of sequence `n` is.
fn place(layout: SequenceLayout, [batch, steps, features]: [usize; 3], [n, t, f]: [usize; 3]) -> usize {
    match layout {
        BatchTimeFeature => (n * steps + t) * features + f,
        TimeBatchFeature => (t * batch + n) * features + f,
        BatchFeatureTime => (n * features + f) * steps + t,
    }
}

/// The places of what is not padding, row by row of features.
fn places(layout: SequenceLayout, dims: [usize; 3], lengths: &[usize]) -> Vec<usize> {
    let steps = lengths.iter().enumerate().flat_map(|(n, &length)| (0..length).map(move |t| (n, t)));
    steps.flat_map(|(n, t)| (0..dims[2]).map(move |f| place(layout, dims, [n, t, f]))).collect()
}

fn masked<'t>(v: &[Var<'t, f64>], lengths: &Lengths, normalizer: Normalizer<f64>) -> Var<'t, f64> {
    let norm = BatchNormOp { eps: 0.1, normalizer, momentum: None };
    v[0].tape().record(MaskedBatchNormOp { norm, lengths: lengths.clone() }, v)
}

fn batch() -> impl Strategy<Value = ([usize; 3], Vec<usize>, u64)> {
    (1usize..6, 1usize..12, 1usize..5, any::<u64>())
        .prop_flat_map(|(n, t, f, seed)| (Just([n, t, f]), proptest::collection::vec(0..=t, n), Just(seed)))
        .prop_filter("two values a channel", |(_, lengths, _)| lengths.iter().sum::<usize>() > 1)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Value and gradients, with the batch's statistics and with stored ones, whatever stands in the padding.
    #[test]
    fn masked_is_the_concatenation((dims, lengths, seed) in batch()) {
        let c = dims[2];
        let mut rng = Seed(seed).rng();
        let mut random = |n: usize| Tensor::<f64>::from_fn([n], |_| rng.random_range(-2.0..2.0));
        let count = lengths.iter().sum::<usize>();
        let (x, dy, gamma, beta) = (random(count * c), random(count * c), random(c), random(c));
        let stored = Normalizer::Stored { mean: random(c), variance: random(c).map(|v| v * v) };
        for normalizer in [Normalizer::Batch, stored] {
            let tape = Tape::new();
            let [flat, g, b] = [x.clone().reshape([count, c]), gamma.clone(), beta.clone()].map(|t| tape.variable(t));
            let y = batch_norm(flat, Some((g, b)), normalizer.clone(), 0.1);
            tape.backward_from(y, dy.as_slice());
            let expected = [y.to_tensor(), flat.gradient().unwrap(), g.gradient().unwrap(), b.gradient().unwrap()];
            for layout in LAYOUTS {
                let places = places(layout, dims, &lengths);
                let padded = |values: &Tensor<f64>, padding: f64| {
                    let mut all = Tensor::full(shape(layout, dims), padding);
                    places.iter().zip(values.as_slice()).for_each(|(&i, &v)| all.as_mut_slice()[i] = v);
                    all
                };
                let tape = Tape::new();
                let v = [padded(&x, 1e9), gamma.clone(), beta.clone()].map(|t| tape.variable(t));
                let kept = Lengths::new(lengths.clone(), dims[1], layout).unwrap();
                let y = masked(&v, &kept, normalizer.clone());
                tape.backward_from(y, padded(&dy, 7.0).as_slice());
                // The padding's output and gradient are 0.
                let got = [y.to_tensor(), v[0].gradient().unwrap(), v[1].gradient().unwrap(), v[2].gradient().unwrap()];
                let expected = [padded(&expected[0], 0.0), padded(&expected[1], 0.0), expected[2].clone(), expected[3].clone()];
                for (got, expected) in got.iter().zip(&expected) {
                    for (a, b) in got.as_slice().iter().zip(expected.as_slice()) {
                        prop_assert!((a - b).abs() < 1e-10 * (1.0 + b.abs()), "{layout:?}: {a} {b}");
                    }
                }
            }
        }
    }
}

#[test]
fn gradients_agree_with_finite_differences() {
    let dims = [3, 4, 2];
    for layout in LAYOUTS {
        let lengths = Lengths::new(vec![2, 4, 0], 4, layout).unwrap();
        let mut rng = Seed(5).rng();
        let x = Tensor::from_fn(shape(layout, dims), |_| rng.random_range(-1.0..1.0));
        let inputs = [x, Tensor::from([0.7, 1.5]), Tensor::from([0.2, -0.4])];
        gradcheck(&inputs, |v| masked(v, &lengths, Normalizer::Batch)).unwrap();
        gradcheck(&inputs[..1], |v| masked(v, &lengths, Normalizer::Batch)).unwrap();
    }
}

/// A layer that is told the lengths.
#[derive(Module)]
struct Padded {
    norm: BatchNorm,
    lengths: Known,
}

struct Known(Lengths);

impl Module for Known {
    fn visit(&self, _: &evenkeel_module::Path<'_>, _: &mut dyn evenkeel_module::Visitor<f32>) {}
    fn visit_mut(&mut self, _: &evenkeel_module::Path<'_>, _: &mut dyn evenkeel_module::VisitorMut<f32>) {}
}

impl Forward for Padded {
    fn forward<'t>(&self, pass: &Pass<'t>, x: Var<'t>) -> Var<'t> {
        self.norm.forward_masked(pass, x, &self.lengths.0)
    }
}

fn padded(lengths: &[usize], steps: usize, layout: SequenceLayout) -> Padded {
    Padded { norm: BatchNorm::new(2), lengths: Known(Lengths::new(lengths, steps, layout).unwrap()) }
}

#[test]
fn running_statistics_are_of_what_counts() {
    let mut layer = padded(&[1, 3], 3, BatchFeatureTime);
    // Channel 0: 1, 4 5 6; channel 1: 2, 0 0 2.
    let x = vec![1.0, 1e9, f32::NAN, 2.0, 1e9, 0.0, 4.0, 5.0, 6.0, 0.0, 0.0, 2.0];
    let mut workspace = Workspace::new();
    let pass = workspace.begin(Mode::Training, Seed(0));
    let y = layer.forward(&pass, pass.constant(Tensor::from_vec([2, 2, 3], x).unwrap())).to_tensor();
    assert!(y.is_finite() && [1, 2, 4, 5].iter().all(|&i| y.as_slice()[i] == 0.0), "{y}");
    workspace.finish().commit(&mut layer);
    let (mean, variance) = (layer.norm.running_mean().as_slice(), layer.norm.running_var().as_slice());
    // Unbiased variances 14/3 and 4/3.
    for (got, expected) in
        [(mean[0], 0.4), (mean[1], 0.1), (variance[0], 0.9 + 1.4 / 3.0), (variance[1], 0.9 + 0.4 / 3.0)]
    {
        assert!((got - expected).abs() < 1e-6, "{got} {expected}");
    }
    let before = layer.state_dict();
    let pass = workspace.begin(Mode::Evaluation, Seed(0));
    let y = layer.forward(&pass, pass.constant(Tensor::ones([2, 2, 3]))).to_tensor();
    assert!(y.as_slice()[1] == 0.0 && y.as_slice()[0] != 0.0);
    workspace.finish().commit(&mut layer);
    assert_eq!(layer.state_dict(), before);
}

#[test]
fn lengths_that_no_batch_has_are_errors() {
    for layout in LAYOUTS {
        let new = |lengths: &[usize], steps| Lengths::new(lengths, steps, layout).unwrap_err();
        assert_eq!(new(&[1, 2, 7], 6), LengthsError::Beyond { sequence: 2, length: 7, steps: 6 });
        assert_eq!(new(&[0, 0], 6), LengthsError::Empty { sequences: 2 });
        assert_eq!(new(&[], 6), LengthsError::Empty { sequences: 0 });
        assert_eq!(new(&[1], 0), LengthsError::Beyond { sequence: 0, length: 1, steps: 0 });
        // One value has no spread.
        let layer = padded(&[1, 0], 4, layout);
        let text = check_network(&layer, Mode::Training, shape(layout, [2, 4, 2])).unwrap_err().to_string();
        assert!(text.contains("more than one value a channel") && text.contains("got 1 in"), "{text}");
        assert!(check_network(&layer, Mode::Evaluation, shape(layout, [2, 4, 2])).is_ok());
        // Another batch, other steps, another rank, other channels.
        let layer = padded(&[4, 2], 4, layout);
        for misfit in [shape(layout, [3, 4, 2]), shape(layout, [2, 5, 2]), shape(layout, [2, 4, 3]), [2, 4].into()] {
            let text = check_network(&layer, Mode::Training, misfit).unwrap_err().to_string();
            assert!(text.contains("masked_batch_norm") && text.contains(&misfit.to_string()), "{text}");
        }
    }
}

#[test]
fn same_bits_at_any_thread_count() {
    let run = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| {
            LAYOUTS.map(|layout| {
                let mut rng = Seed(3).rng();
                let tape = Tape::new();
                let dims = [40, 50, 600];
                let x = tape.variable(Tensor::from_fn(shape(layout, dims), |_| rng.random_range(-1.0..1.0)));
                let lengths = Lengths::new((0..40).map(|n| n + 5).collect::<Vec<_>>(), 50, layout).unwrap();
                let y = masked(&[x], &lengths, Normalizer::Batch);
                tape.backward(y.square().sigmoid().mean());
                (y.to_tensor(), x.gradient().unwrap())
            })
        })
    };
    let one = run(1);
    for threads in [2, 3] {
        assert!(run(threads) == one, "{threads} threads");
    }
}
