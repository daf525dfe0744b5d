//! Spectral normalisation: laws against the singular value decomposition, oracle values, the ends of the range, and the layer.

use evenkeel_autograd::gradcheck;
use evenkeel_init::HeNormal;
use evenkeel_module::{Entry, Forward, Mode, ModuleExt, StateDict, Weighted, Workspace, check_network};
use evenkeel_norm::{SingularPair, SpectralNorm, functional, spectral_norm};
use evenkeel_tensor::{Float, Seed, Tensor};
use nalgebra::DMatrix;
use proptest::prelude::*;

use super::{Affine, assert_close, differentiate, in_every_pool, random};

/// The singular values of a weight (out, ...), the largest first, by nalgebra.
fn singular_values(weight: &Tensor<f64>) -> Vec<f64> {
    let rows = weight.shape()[0];
    let columns = weight.shape().numel() / rows;
    let mut values: Vec<f64> =
        DMatrix::from_row_slice(rows, columns, weight.as_slice()).singular_values().iter().copied().collect();
    values.sort_by(|a, b| b.total_cmp(a));
    values
}

fn weight() -> impl Strategy<Value = Tensor<f64>> {
    (prop::collection::vec(1usize..7, 2..5), any::<u64>(), -3i32..4)
        .prop_map(|(shape, seed, scale)| random::<f64>(&shape[..], seed).map(|w| w * 10f64.powi(scale)))
}

fn iterated(weight: &Tensor<f64>, seed: u64, iterations: usize) -> (SingularPair<f64>, f64) {
    let mut pair = SingularPair::start(weight.shape(), Seed(seed)).unwrap();
    let sigma = pair.iterate(weight, iterations, 0.0).unwrap();
    (pair, sigma)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// The estimate never exceeds the largest singular value and never falls from one iteration to the next.
    #[test]
    fn sigma_rises_to_the_largest_singular_value(w in weight(), seed in any::<u64>()) {
        let values = singular_values(&w);
        let mut before = 0.0;
        for iterations in [1, 2, 3, 5, 8] {
            let (_, sigma) = iterated(&w, seed, iterations);
            prop_assert!(sigma <= values[0] * (1.0 + 1e-13), "{} {}", sigma, values[0]);
            prop_assert!(sigma >= before * (1.0 - 1e-13), "{} {}", sigma, before);
            before = sigma;
        }
        // An iteration leaves (s2 / s1)² of the distance to the first vector: after 400, 0.95^800 < 1e-17 of it.
        prop_assume!(values.get(1).is_none_or(|s| *s < 0.95 * values[0]));
        let (pair, sigma) = iterated(&w, seed, 400);
        prop_assert!((sigma - values[0]).abs() < 1e-12 * values[0], "{} {}", sigma, values[0]);
        let w = functional::spectral_norm(&w, &pair).unwrap();
        prop_assert!((singular_values(&w)[0] - 1.0).abs() < 1e-12);
    }

    #[test]
    fn gradients_with_fixed_vectors_are_those_of_finite_differences(w in weight(), seed in any::<u64>()) {
        let w = w.map(|w| w / w.abs().max(1.0) + 0.5f64.copysign(w));
        let (pair, _) = iterated(&w, seed, 3);
        gradcheck(&[w], |w| spectral_norm(w[0], &pair))?;
    }

    /// w does not depend on the scale of W, and so the gradient is orthogonal to W.
    #[test]
    fn invariant_to_scale(w in weight(), seed in any::<u64>(), exponent in -250i32..250) {
        let (pair, _) = iterated(&w, seed, 3);
        let dw: Tensor<f64> = random(w.shape(), seed);
        let (y, [dx]) = differentiate([&w], dw.as_slice(), |[w]| spectral_norm(w, &pair));
        let along: f64 = dx.as_slice().iter().zip(w.as_slice()).map(|(d, w)| d * w).sum();
        // Terms of the size of dw w / sigma, with |w| / sigma up to 3 or so after 3 iterations.
        prop_assert!(along.abs() < 1e-12, "{}", along);
        let scaled = w.map(|w| w * 10f64.powi(exponent));
        let (pair, _) = iterated(&scaled, seed, 3);
        assert_close(&functional::spectral_norm(&scaled, &pair).unwrap(), y.as_slice(), 1e-12);
    }

    /// The fused operation against its composition from primitives, values and gradients.
    #[test]
    fn fused_is_composed(w in weight(), seed in any::<u64>()) {
        let (pair, _) = iterated(&w, seed, 3);
        let dw: Tensor<f64> = random(w.shape(), seed);
        let (y, [dx]) = differentiate([&w], dw.as_slice(), |[w]| spectral_norm(w, &pair));
        let (reference, [expected]) = differentiate([&w], dw.as_slice(), |[w]| {
            let constant = |t: &Tensor<f64>, shape: [usize; 2]| w.tape().constant(t.reshape(shape));
            let (u, v) = (constant(&pair.u, [1, pair.u.shape()[0]]), constant(&pair.v, [pair.v.shape()[0], 1]));
            w / u.matmul(w.flatten(1)).matmul(v).reshape([1])
        });
        let size = 1.0 / singular_values(&w)[0];
        assert_close(&y, reference.as_slice(), 1e-13);
        assert_close(&dx, expected.as_slice(), 1e-11 * size);
    }
}

fn run<F: Float>(layer: &impl Forward<F>, mode: Mode, x: &Tensor<F>) -> Tensor<F> {
    let mut workspace = Workspace::new();
    let pass = workspace.begin(mode, Seed(0));
    layer.forward(&pass, pass.constant(x.clone())).to_tensor()
}

/// A training pass, committed.
fn train<F: Float>(layer: &mut SpectralNorm<Affine<F>, F>, x: &Tensor<F>) {
    let mut workspace = Workspace::new();
    let pass = workspace.begin(Mode::Training, Seed(0));
    layer.forward(&pass, pass.constant(x.clone()));
    assert_eq!(workspace.finish().commit(layer), 0);
}

/// Weight, vectors and gradient after one training pass of PyTorch 2.15's `torch.nn.utils.spectral_norm`.
#[test]
fn pytorchs_values() {
    let mut dict = StateDict::default();
    for (name, values, shape) in [
        ("weight_orig", &[1.0, -2.0, 0.5, 0.3, 0.7, -1.1][..], &[2usize, 3][..]),
        ("weight_u", &[0.6, 0.8], &[2]),
        ("weight_v", &[1.0, 0.0, 0.0], &[3]),
    ] {
        dict.tensors.insert(name.to_owned(), Entry::F64(Tensor::from_vec(shape, values.to_vec()).unwrap()));
    }
    let mut layer = SpectralNorm::new(Affine::<f64>::uninitialized([2, 3]).without_bias(), Seed(1));
    layer.load_state_dict(&dict).unwrap();
    // In evaluation the stored vectors say that sigma is 0.6 * 1 + 0.8 * 0.3.
    assert!((layer.sigma() - 0.84).abs() < 1e-15);

    let mut workspace = Workspace::new();
    let pass = workspace.begin(Mode::Training, Seed(0));
    // On the unit vectors the output is the transposed weight.
    let y = layer.forward(&pass, pass.constant(Tensor::eye(3))).t();
    let w = [
        0.6399712261015201,
        -1.2799424522030403,
        0.31998561305076006,
        0.191991367830456,
        0.447979858271064,
        -0.7039683487116721,
    ];
    assert_close(&y.to_tensor(), &w, 1e-14);
    let dw = pass.constant(Tensor::from([[0.1, 0.2, 0.3], [-0.4, 0.5, 0.6]]));
    pass.backward((y * dw).sum());
    let step = workspace.finish();
    let gradient = step.with_gradient(layer.weight_orig(), |g| Tensor::from_vec([2, 3], g.to_vec()).unwrap()).unwrap();
    let expected = [
        0.22498484414632675,
        0.005336933573694719,
        0.08083317915071626,
        -0.21710511726083248,
        0.29036018586616913,
        0.3571346922748765,
    ];
    assert_close(&gradient, &expected, 1e-14);
    assert_eq!(step.commit(&mut layer), 0);
    let pair = layer.pair();
    assert_close(&pair.u, &[0.9720487765153969, 0.23477899410918351], 1e-14);
    assert_close(&pair.v, &[0.6971974761497045, -0.5311980770664415, -0.4813982573414628], 1e-14);
    // Evaluation goes on with these.
    assert_close(&layer.weight(), &w, 1e-14);
}

/// Training follows the weight; evaluation changes nothing and records nothing.
#[test]
fn training_iterates_and_evaluation_does_not() {
    let x: Tensor<f64> = random([4, 5], 1);
    let mut layer = SpectralNorm::new(Affine::new(random([6, 5], 2)), Seed(3));
    let largest = singular_values(layer.weight_orig().value())[0];
    // Before any step, 15 iterations, the same each time.
    assert!(layer.sigma() > 0.9 * largest && layer.sigma() == layer.sigma());
    let start = layer.pair();
    for mode in [Mode::Evaluation, Mode::Population, Mode::Sampling] {
        let mut workspace = Workspace::new();
        let pass = workspace.begin(mode, Seed(0));
        layer.forward(&pass, pass.constant(x.clone()));
        workspace.finish().commit(&mut layer);
        assert_eq!(layer.pair(), start);
    }
    for _ in 0..300 {
        train(&mut layer, &x);
    }
    assert!((layer.sigma() - largest).abs() < 1e-9, "{} {largest}", layer.sigma());
    assert!((singular_values(&layer.weight())[0] - 1.0).abs() < 1e-9);

    // Frozen vectors stay; what follows the weight no longer stretches by 1.
    assert_eq!(layer.freeze("weight_u"), 1);
    let pair = layer.pair();
    train(&mut layer, &x);
    assert_eq!(layer.pair(), pair);
    // Initialising again starts again, where nothing is frozen.
    layer.unfreeze("*");
    let layer = layer.initialize(HeNormal::default(), Seed(9)).unwrap();
    assert_eq!(layer.pair(), start);
}

#[test]
fn the_layer_and_its_state() {
    let layer = SpectralNorm::new(Affine::<f32>::uninitialized([2, 3, 2]), Seed(1));
    assert!(check_network(&layer, Mode::Training, [4, 6]).is_err());
    let layer = layer.initialize(HeNormal::default(), Seed(7)).unwrap();
    let shapes: Vec<_> = layer.state_dict().tensors.iter().map(|(k, e)| (k.clone(), e.shape().to_vec())).collect();
    let expected = [("bias", vec![2]), ("weight_orig", vec![2, 3, 2]), ("weight_u", vec![2]), ("weight_v", vec![6])];
    assert_eq!(shapes, expected.map(|(k, s)| (k.to_owned(), s)));
    assert_eq!(check_network(&layer, Mode::Training, [4, 6]).unwrap(), [4, 2].into());
    let plain = Affine::<f32>::uninitialized([2, 3, 2]).initialize(HeNormal::default(), Seed(7)).unwrap();
    assert_eq!(layer.weight_orig().value(), plain.weight().value());
    let x: Tensor<f32> = random([4, 6], 8);
    let expected = run(&layer, Mode::Evaluation, &x);
    assert_eq!(run(&layer.clone().into_layer(), Mode::Evaluation, &x), expected);
    // What has no value has none afterwards.
    let plain = SpectralNorm::new(Affine::<f32>::uninitialized([2, 3]), Seed(1)).into_layer();
    assert!(check_network(&plain, Mode::Training, [4, 3]).is_err());

    for eps in [-1.0, f64::NAN, f64::INFINITY] {
        let error = check_network(&layer.clone().with_eps(eps), Mode::Training, [4, 6]).unwrap_err().to_string();
        assert!(error.contains("eps"), "{error}");
    }
    let pair = SingularPair::start([3, 2], Seed(0)).unwrap();
    let error = functional::spectral_norm(&Tensor::<f64>::ones([2, 2]), &pair).unwrap_err().to_string();
    assert!(error.contains("(2)"), "{error}");
    assert!(SingularPair::<f64>::start(evenkeel_tensor::Shape::SCALAR, Seed(0)).is_err());
    let empty = SingularPair::start([0, 2], Seed(0)).unwrap();
    assert!(functional::spectral_norm(&Tensor::<f64>::ones([0, 2]), &empty).unwrap().as_slice().is_empty());
}

/// Weights of zeros, of the ends of f32's range, and with NaN: finite where the mathematics is, and vectors that stay finite.
#[test]
fn the_range_of_the_float() {
    let x: Tensor<f32> = random([4, 3], 1);
    let good: Tensor<f32> = random([2, 3], 2);
    let reference = SpectralNorm::new(Affine::new(good.clone()), Seed(3)).weight();
    for scale in [1e-30f32, 1e30] {
        let mut layer = SpectralNorm::new(Affine::new(good.map(|w| w * scale)), Seed(3)).with_eps(0.0);
        let w = layer.weight();
        assert!(w.as_slice().iter().zip(reference.as_slice()).all(|(a, b)| (a - b).abs() < 1e-5), "{scale}: {w}");
        train(&mut layer, &x);
        assert!(layer.pair().u.is_finite() && layer.pair().v.is_finite());
    }
    for (bad, finite) in [(Tensor::zeros([2, 3]), true), (Tensor::full([2, 3], f32::NAN), false)] {
        let mut layer = SpectralNorm::new(Affine::new(bad.clone()), Seed(3));
        let start = layer.pair();
        train(&mut layer, &x);
        assert_eq!(layer.pair(), start, "a weight without direction leaves the vectors");
        assert_eq!(layer.weight().is_finite(), finite);
    }
    let pair = SingularPair::start([2, 3], Seed(0)).unwrap();
    let (w, [dw]) = differentiate([&Tensor::<f32>::zeros([2, 3])], &[1.0; 6], |[w]| spectral_norm(w, &pair));
    assert!(w.as_slice().iter().chain(dw.as_slice()).all(|&v| v == 0.0));
}

/// Products that are split among tasks by rows and by columns.
#[test]
fn same_bits_at_any_thread_count() {
    in_every_pool(|| {
        [[300, 700], [40, 5000]].map(|shape| {
            let (w, dw): (Tensor<f32>, Tensor<f32>) = (random(shape, 1), random(shape, 2));
            let mut pair = SingularPair::start(shape, Seed(4)).unwrap();
            let sigma = pair.iterate(&w, 3, 1e-12).unwrap();
            (differentiate([&w], dw.as_slice(), |[w]| spectral_norm(w, &pair)), sigma, pair)
        })
    });
}

/// Pins what a seed gives.
#[test]
fn value_stability() {
    let pair = SingularPair::<f64>::start([2, 2], Seed(7)).unwrap();
    assert_close(&pair.u, &[0.7783771380762279, -0.6277969663197338], 1e-15);
    assert_close(&pair.v, &[0.7486517747049186, 0.6629634380802428], 1e-15);
}
