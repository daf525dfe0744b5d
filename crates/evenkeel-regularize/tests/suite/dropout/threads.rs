//! The same bits at any number of threads, and in every release.

use evenkeel_module::{Forward, Mode, Workspace};
use evenkeel_regularize::{AlphaDropout, Dropout, GaussianDropout, GaussianNoise, SpatialDropout, StochasticDepth};
use evenkeel_tensor::{Float, Seed, Tensor};

fn layers<F: Float>() -> Vec<Box<dyn Forward<F>>> {
    vec![
        Box::new(Dropout::drop(0.5)),
        Box::new(Dropout::drop(0.3).scaled_in_evaluation()),
        Box::new(SpatialDropout::drop(0.2)),
        Box::new(AlphaDropout::drop(0.1)),
        Box::new(StochasticDepth::drop(0.5)),
        Box::new(StochasticDepth::drop(0.5).per_batch()),
        Box::new(GaussianDropout::drop(0.25)),
        Box::new(GaussianNoise { std: 0.1 }),
    ]
}

/// Output and input's gradient of each layer.
fn run<F: Float>(shape: [usize; 3], seed: Seed) -> Vec<[Vec<u64>; 2]> {
    let mut workspace = Workspace::<F>::new();
    let x = Tensor::from_fn(shape, |i| F::from_f64((i % 101) as f64 * 0.1 - 5.0));
    let bits = |t: Tensor<F>| t.as_slice().iter().map(|x| x.to_bits_u64()).collect();
    layers::<F>()
        .iter()
        .map(|layer| {
            let pass = workspace.begin(Mode::Training, seed);
            let x = pass.tape().variable(x.clone());
            let y = layer.forward(&pass, x);
            pass.backward(y.square().sum());
            [bits(y.to_tensor()), bits(x.gradient().unwrap())]
        })
        .collect()
}

#[test]
fn the_number_of_threads_does_not_show() {
    fn check<F: Float>() {
        // Several tasks, with a rest.
        let shape = [37, 25, 301];
        let in_pool = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| run::<F>(shape, Seed(7)))
        };
        let one = in_pool(1);
        for threads in [2, 3, 7] {
            assert!(in_pool(threads) == one, "{threads} threads");
        }
    }
    check::<f32>();
    check::<f64>();
}

/// Each step has noise of its own, and each use within a step.
#[test]
fn masks_differ_by_step_and_by_use() {
    let (first, second) = (run::<f32>([8, 16, 16], Seed(7).at(0)), run::<f32>([8, 16, 16], Seed(7).at(1)));
    for (i, (a, b)) in first.iter().zip(&second).enumerate() {
        // Two halves for the batch as a whole may well agree.
        assert!(i == 5 || a != b, "layer {i}");
    }
    assert_eq!(first, run::<f32>([8, 16, 16], Seed(7).at(0)));
    let mut workspace = Workspace::<f32>::new();
    let pass = workspace.begin(Mode::Training, Seed(7));
    let (x, layer) = (pass.constant(Tensor::ones([1000])), Dropout::drop(0.5));
    assert_ne!(layer.forward(&pass, x).to_tensor(), layer.forward(&pass, x).to_tensor());
}

/// Pins what a seed gives: a change here changes every user's results.
#[test]
fn value_stability() {
    let mut y = [0f32; 16];
    let mask = |y: &[f32]| y.iter().map(|&y| u8::from(y != 0.0)).collect::<Vec<_>>();
    Dropout::drop(0.5).apply(&[1.0; 16], &mut y, Seed(7)).unwrap();
    assert_eq!(mask(&y), [0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 1, 1, 1, 0, 1]);
    Dropout::drop(0.1).apply(&[1.0; 16], &mut y, Seed(7)).unwrap();
    assert_eq!(mask(&y), [1, 1, 1, 1, 1, 0, 1, 1, 0, 1, 1, 1, 1, 1, 1, 1]);
}
