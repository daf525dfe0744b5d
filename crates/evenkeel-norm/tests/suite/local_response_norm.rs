//! Local response normalisation: laws, oracle values, and the ends of the range.

use evenkeel_autograd::{Tape, Var, gradcheck};
use evenkeel_module::{Forward, Mode, Workspace, check_network};
use evenkeel_norm::{LocalResponseNorm, functional, local_response_norm};
use evenkeel_tensor::{Float, Seed, Tensor};
use proptest::prelude::*;
use rand::RngExt;

fn random<F: Float>(shape: &[usize], seed: u64) -> Tensor<F> {
    let mut rng = Seed(seed).rng();
    Tensor::from_fn(shape, |_| F::from_f64(rng.random_range(-2.0..2.0)))
}

fn settings() -> impl Strategy<Value = LocalResponseNorm> {
    let beta = prop_oneof![Just(0.75), 0.0f64..2.0];
    (1usize..12, 0.0f64..2.0, beta, 0.3f64..3.0)
        .prop_map(|(size, alpha, beta, k)| LocalResponseNorm::new(size).with_alpha(alpha).with_beta(beta).with_k(k))
}

fn shape() -> impl Strategy<Value = Vec<usize>> {
    prop::collection::vec(1usize..6, 2..5)
}

fn differentiate<F: Float>(
    x: &Tensor<F>,
    dy: &[F],
    f: impl for<'t> Fn(Var<'t, F>) -> Var<'t, F>,
) -> (Tensor<F>, Tensor<F>) {
    let tape = Tape::new();
    let x = tape.variable(x.clone());
    let y = f(x);
    tape.backward_from(y, dy);
    (y.to_tensor(), x.gradient().unwrap())
}

#[track_caller]
fn assert_close(a: &Tensor<f64>, b: &[f64], bound: f64) {
    for (i, (a, b)) in a.as_slice().iter().zip(b).enumerate() {
        assert!((a - b).abs() <= bound, "{i}: {a} {b}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn gradients_are_those_of_finite_differences(shape in shape(), norm in settings(), seed in any::<u64>()) {
        gradcheck(&[random(&shape, seed)], |x| local_response_norm(x[0], norm))?;
    }

    /// The fused operation against the formula from primitives, window by window.
    #[test]
    fn fused_is_composed(n in 1usize..3, channels in 1usize..8, inner in 1usize..5, size in 1usize..10, seed in any::<u64>()) {
        let shape = [n, channels, inner];
        let (x, dy): (Tensor<f64>, Tensor<f64>) = (random(&shape, seed), random(&shape, seed ^ 1));
        let norm = LocalResponseNorm::new(size).with_alpha(0.7).with_k(1.5);
        let (y, dx) = differentiate(&x, dy.as_slice(), |x| local_response_norm(x, norm));
        let (reference, expected) = differentiate(&x, dy.as_slice(), |x| {
            let squares = x.square();
            let parts: Vec<_> = (0..channels)
                .map(|c| {
                    let window = c.saturating_sub(size / 2)..(c + (size - 1) / 2 + 1).min(channels);
                    let sum = squares.narrow(1, window).sum_axis(1).reshape([n, 1, inner]);
                    x.narrow(1, c..c + 1) * sum.affine(0.7 / size as f64, 1.5).powf(-0.75)
                })
                .collect();
            Var::concat(&parts, 1)
        });
        assert_close(&y, reference.as_slice(), 1e-14);
        assert_close(&dx, expected.as_slice(), 1e-13);
    }

    /// Positions know nothing of each other: the channels of one, as a row, give the same bits.
    #[test]
    fn positions_are_independent(n in 1usize..3, channels in 1usize..7, inner in 1usize..6, norm in settings(), seed in any::<u64>()) {
        let x: Tensor<f64> = random(&[n, channels, inner], seed);
        let y = functional::local_response_norm(&x, norm).unwrap();
        let row = |t: &Tensor<f64>, i: usize, p: usize| Tensor::from_fn([1, channels], |c| t.get(&[i, c, p]));
        for (i, p) in (0..n).flat_map(|i| (0..inner).map(move |p| (i, p))) {
            prop_assert_eq!(functional::local_response_norm(&row(&x, i, p), norm).unwrap(), row(&y, i, p));
        }
    }

    /// Outputs keep their sign and shrink: |y| is at most |x| k^-beta, and more so the larger alpha is.
    #[test]
    fn responses_shrink(shape in shape(), norm in settings(), k in 1.0f64..3.0, seed in any::<u64>()) {
        let x: Tensor<f64> = random(&shape, seed);
        let norm = norm.with_k(k);
        let y = functional::local_response_norm(&x, norm).unwrap();
        let more = functional::local_response_norm(&x, norm.with_alpha(5.0)).unwrap();
        let none = functional::local_response_norm(&x, norm.with_alpha(0.0)).unwrap();
        for i in 0..x.shape().numel() {
            let [x, y, more, none] = [&x, &y, &more, &none].map(|t| t.as_slice()[i]);
            prop_assert!(y * x >= 0.0 && more.abs() <= y.abs() * (1.0 + 1e-14) && y.abs() <= none.abs() * (1.0 + 1e-14));
        }
    }
}

/// Values and gradients of PyTorch 2.15's `local_response_norm` for dy = -0.9, -0.8, ..., 1.0.
#[test]
fn pytorchs_values() {
    let x =
        [0.5, -2.0, 3.0, 1.0, -1.5, 0.25, 4.0, -0.75, 1.0, 2.5, 1.5, 0.0, -0.5, 2.0, 0.75, -3.0, 2.25, 1.25, -4.0, 0.5];
    let x = Tensor::from_vec([2, 5, 2], x.to_vec()).unwrap();
    let dy: Vec<f64> = (0..20).map(|i| i as f64 * 0.1 - 0.9).collect();
    let norm = |size, alpha, beta, k| LocalResponseNorm::new(size).with_alpha(alpha).with_beta(beta).with_k(k);
    let cases: [(LocalResponseNorm, [f64; 20], [f64; 20]); 4] = [
        (
            norm(3, 0.5, 0.75, 1.0),
            [
                0.24838825666926773,
                -1.2694012440024238,
                1.3441760591217733,
                0.6320093088002106,
                -0.4152990709949721,
                0.20886879462430682,
                1.3613738126585133,
                -0.42302328446127635,
                0.36502075645160204,
                1.4152332961669032,
                1.15515563915084,
                0.0,
                -0.3669842513230886,
                0.8425161465507693,
                0.4494687348109707,
                -1.1910438639344811,
                0.7158454038531085,
                0.5771639909405986,
                -1.2924016203484132,
                0.41019552614038474,
            ],
            [
                -0.39577934591943814,
                -0.3336356391395813,
                -0.03382692860407982,
                -0.4498324372289078,
                -0.2817505579875476,
                -0.3196909637662888,
                -0.03300291800871029,
                -0.11774025222848393,
                -0.009859397942058949,
                -0.024642133075414154,
                0.07376672608064157,
                0.13634632397609997,
                0.23546551693511567,
                0.21955327373291894,
                0.271615745942215,
                0.28521975030954594,
                0.24267562471669357,
                0.28460733693840135,
                0.14174140709976202,
                0.7604146077451596,
            ],
        ),
        (
            norm(4, 0.3, 0.6, 2.0),
            [
                0.27590249753452817,
                -1.1902325617458231,
                1.5961509381632668,
                0.594412648760752,
                -0.646867355304273,
                0.14704456406290797,
                1.7108058717974197,
                -0.42366104397118076,
                0.47619083256105,
                1.437316686178575,
                0.9378263308724295,
                0.0,
                -0.30904634014125165,
                1.03977127092452,
                0.42183184754574043,
                -1.523918574633328,
                1.0362796025883336,
                0.6326670862312811,
                -1.8479912763015445,
                0.26894240903233513,
            ],
            [
                -0.4784943754806546,
                -0.43527572697369404,
                -0.23000951495828287,
                -0.37999989024575787,
                -0.2762576220290665,
                -0.23208866780632695,
                -0.10713369631203681,
                -0.11240784901772269,
                -0.035159597302234474,
                -0.007359130317472861,
                0.0514354814628199,
                0.12133701146570787,
                0.1980894934436003,
                0.2067304533326992,
                0.29611906772873825,
                0.33245223904031873,
                0.3586713391902502,
                0.40910601614344433,
                0.3222134564253222,
                0.5262580770412493,
            ],
        ),
        (
            norm(5, 0.0005, 0.75, 2.0),
            [
                0.2971736318309688,
                -1.188981401455979,
                1.7819733281763968,
                0.5944781641716033,
                -0.8909532994244087,
                0.14858472764839978,
                2.375897707512126,
                -0.44582101808552344,
                0.5941746892313072,
                1.4861257684144984,
                0.891802920220641,
                0.0,
                -0.29721122680281015,
                1.188558109904455,
                0.44554964567780797,
                -1.7828204631019027,
                1.3367615919869726,
                0.7428418596257929,
                -2.3764873076828756,
                0.2971812891660154,
            ],
            [
                -0.5348724824823802,
                -0.47551231670513444,
                -0.4153933008065329,
                -0.35673370512476776,
                -0.297191349063092,
                -0.23774726589289108,
                -0.1777207430433174,
                -0.11890399047970336,
                -0.059392997808269246,
                -5.574466106914805e-06,
                0.05942849160065419,
                0.11886277060640693,
                0.178370133207081,
                0.23771162042320448,
                0.29708818115606966,
                0.35663092461718754,
                0.4160616831565444,
                0.4753909434951712,
                0.5344158508516741,
                0.5943692550657069,
            ],
        ),
        (
            norm(9, 0.1, 1.5, 0.5),
            [
                0.6774897981703937,
                -3.98117845682522,
                4.064938789022362,
                1.99058922841261,
                -2.032469394511181,
                0.4976473071031525,
                5.419918385363149,
                -1.4929419213094575,
                1.3549795963407874,
                4.976473071031525,
                2.2284469855857534,
                0.0,
                -0.7428156618619177,
                3.6915251123207597,
                1.1142234927928767,
                -5.53728766848114,
                3.34267047837863,
                2.307203195200475,
                -5.942525294895342,
                0.9228812780801899,
            ],
            [
                -1.1337584377545364,
                -1.3719753451213064,
                -0.43414652372551754,
                -1.3046015558519568,
                -0.9346593950269104,
                -0.8237976960661416,
                0.27929171271514197,
                -0.3154318315792288,
                0.03594843827026581,
                -0.27562004701097687,
                0.30814089119552246,
                0.3691525112320761,
                0.39249681084277127,
                0.6457275901802458,
                0.8226045412734875,
                1.246323682122087,
                1.279308564841393,
                1.4187491497508629,
                0.911527501156415,
                1.8226181980894032,
            ],
        ),
    ];
    for (norm, y, expected) in cases {
        let (got, dx) = differentiate(&x, &dy, |x| local_response_norm(x, norm));
        assert_close(&got, &y, 1e-13);
        assert_close(&dx, &expected, 1e-13);
    }
}

/// The paper's formula, without the division by the size.
#[test]
fn alexnet_is_the_papers() {
    let x: Tensor<f64> = random::<f64>(&[1, 7], 1).map(|x| 30.0 * x);
    let y = functional::local_response_norm(&x, LocalResponseNorm::alexnet()).unwrap();
    for (i, &y) in y.as_slice().iter().enumerate() {
        let window = &x.as_slice()[i.saturating_sub(2)..(i + 3).min(7)];
        let sum: f64 = window.iter().map(|x| x * x).sum();
        assert!((y - x.as_slice()[i] / (2.0 + 1e-4 * sum).powf(0.75)).abs() < 1e-13);
    }
}

/// A large value leaves nothing behind once it has left the window, forward and backward.
#[test]
fn no_drift() {
    let norm = LocalResponseNorm::new(3).with_alpha(0.5);
    let x = |first: f32| Tensor::from_fn([1, 40, 3], |i| if i < 3 { first } else { (i as f32 * 0.7).sin() });
    let dy: Vec<f32> = (0..120).map(|i| (i as f32 * 0.3).cos()).collect();
    let (y, dx) = differentiate(&x(1e15), &dy, |x| local_response_norm(x, norm));
    let (calm, calm_dx) = differentiate(&x(1.0), &dy, |x| local_response_norm(x, norm));
    // Channel 0 is in the windows of channels 0 and 1, whose gradients reach channel 2.
    assert_eq!(y.as_slice()[6..], calm.as_slice()[6..]);
    assert_eq!(dx.as_slice()[9..], calm_dx.as_slice()[9..]);
}

#[test]
fn the_range_of_the_float() {
    let norm = LocalResponseNorm::new(5);
    for size in [1e30f32, 1e20, 1e6, 1e-30, 1e-42, 0.0] {
        for shape in [&[2usize, 7][..], &[2, 7, 3]] {
            let x = random::<f32>(shape, 1).map(|x| x * size);
            let dy = vec![1.0; x.shape().numel()];
            let (y, dx) = differentiate(&x, &dy, |x| local_response_norm(x, norm));
            assert!(y.is_finite() && dx.is_finite(), "{size}: {y} {dx}");
            // Against f64, except where squares are beyond f32.
            if size < 1e18 {
                let (exact, exact_dx) =
                    differentiate(&x.cast::<f64>(), &vec![1.0; dy.len()], |x| local_response_norm(x, norm));
                let largest = |t: &Tensor<f64>| t.as_slice().iter().fold(0.0, |m: f64, x| f64::max(m, x.abs()));
                assert_close(&y.cast(), exact.as_slice(), 1e-6 * largest(&exact) + 1e-44);
                assert_close(&dx.cast(), exact_dx.as_slice(), 2e-6 * largest(&exact_dx));
            }
        }
    }
    // NaN stays in its windows.
    let mut x: Tensor<f32> = Tensor::ones([1, 9]);
    x.as_mut_slice()[2] = f32::NAN;
    let y = functional::local_response_norm(&x, LocalResponseNorm::new(3)).unwrap();
    let nan: Vec<_> = (0..9).filter(|&i| y.as_slice()[i].is_nan()).collect();
    assert_eq!(nan, [1, 2, 3]);
}

#[test]
fn misfits_settings_and_empty_arrays() {
    let norm = LocalResponseNorm::new(5);
    for (norm, shape, word) in [
        (norm, &[4usize][..], "channels"),
        (LocalResponseNorm::new(0), &[4, 3], "size 0"),
        (norm.with_k(0.0), &[4, 3], "k 0"),
        (norm.with_k(1e-60), &[4, 3], "k "),
        (norm.with_k(f64::NAN), &[4, 3], "k NaN"),
        (norm.with_alpha(-1.0), &[4, 3], "alpha -1"),
        (norm.with_alpha(f64::INFINITY), &[4, 3], "alpha inf"),
        (norm.with_beta(-0.5), &[4, 3], "beta -0.5"),
        (norm.with_beta(f64::NAN), &[4, 3], "beta NaN"),
    ] {
        let error = check_network::<f32>(&norm, Mode::Training, shape).unwrap_err().to_string();
        assert!(error.contains(word), "{error}");
        assert!(functional::local_response_norm(&Tensor::<f32>::ones(shape), norm).is_err());
    }
    for shape in [[0, 3, 2], [2, 0, 2], [2, 3, 0]] {
        let (y, dx) = differentiate(&Tensor::<f64>::zeros(shape), &[], |x| local_response_norm(x, norm));
        assert!(y.shape() == shape.into() && dx.shape() == shape.into());
    }
    // A window beyond all channels, however far.
    let x: Tensor<f64> = random(&[2, 3], 1);
    let wide = functional::local_response_norm(&x, LocalResponseNorm::new(usize::MAX).with_alpha(0.0)).unwrap();
    assert_eq!(wide, x);
}

/// The layer is the same in training and evaluation, and has no parts.
#[test]
fn the_layer() {
    let norm = LocalResponseNorm::new(3);
    let x: Tensor<f32> = random(&[2, 4, 5, 5], 1);
    let mut workspace = Workspace::new();
    for mode in [Mode::Training, Mode::Evaluation, Mode::Population] {
        let pass = workspace.begin(mode, Seed(0));
        let y = norm.forward(&pass, pass.constant(x.clone())).to_tensor();
        assert_eq!(y, functional::local_response_norm(&x, norm).unwrap());
    }
}

/// Examples that are split among tasks in the middle, and tiles that end in the middle of a channel.
#[test]
fn same_bits_at_any_thread_count() {
    let run = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| {
            [&[3usize, 50, 31, 29][..], &[700, 120]].map(|shape| {
                let (x, dy): (Tensor<f32>, Tensor<f32>) = (random(shape, 1), random(shape, 2));
                differentiate(&x, dy.as_slice(), |x| local_response_norm(x, LocalResponseNorm::new(5)))
            })
        })
    };
    let one = run(1);
    for threads in [2, 3, 7] {
        assert!(run(threads) == one, "{threads} threads");
    }
}

/// Examples that span many tiles and tasks, against the formula.
#[test]
fn large_arrays() {
    let (channels, inner) = (37, 1301);
    let x: Tensor<f64> = random(&[2, channels, inner], 3);
    let y = functional::local_response_norm(&x, LocalResponseNorm::new(4).with_alpha(1.0)).unwrap();
    for (i, c, p) in (0..2).flat_map(|i| (0..channels).flat_map(move |c| (0..inner).step_by(7).map(move |p| (i, c, p))))
    {
        let window = c.saturating_sub(2)..(c + 2).min(channels);
        let sum: f64 = window.map(|c| x.get(&[i, c, p]).powi(2)).sum();
        assert!((y.get(&[i, c, p]) - x.get(&[i, c, p]) / (1.0 + sum / 4.0).powf(0.75)).abs() < 1e-13);
    }
}
