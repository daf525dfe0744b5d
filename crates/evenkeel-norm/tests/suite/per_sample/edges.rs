//! Layer, RMS, group and instance normalisation at the ends of the range, on empty inputs, and with settings that make no sense.

use evenkeel_autograd::{Tape, Var};
use evenkeel_module::{Forward, Mode, Module, ModuleExt, Workspace, check_network};
use evenkeel_norm::{GroupNorm, InstanceNorm, LayerNorm, RmsNorm, functional, group_norm, layer_norm, rms_norm};
use evenkeel_tensor::{Float, Seed, Shape, Tensor};

/// Output, and gradients of x, scale and shift, of one group as a row and as runs; scale 2, shift 3.
fn both_kernels<F: Float>(values: &[f64], eps: f64) -> [[Vec<F>; 4]; 2] {
    let n = values.len();
    let x: Vec<F> = values.iter().map(|&v| F::from_f64(v)).collect();
    let dy: Vec<F> = (0..n).map(|i| F::from_f64(1.0 + (i % 3) as f64)).collect();
    let run = |x: Shape, parameters: Shape, values: &[F], f: &dyn for<'t> Fn([Var<'t, F>; 3]) -> Var<'t, F>| {
        let tape = Tape::new();
        let inputs = [
            tape.variable(Tensor::from_vec(x, values.to_vec()).unwrap()),
            tape.variable(Tensor::full(parameters, F::from_f64(2.0))),
            tape.variable(Tensor::full(parameters, F::from_f64(3.0))),
        ];
        let y = f(inputs);
        tape.backward_from(y, &dy);
        let [dx, dscale, dshift] = inputs.map(|v| v.gradient().unwrap().into_vec());
        [y.to_tensor().into_vec(), dx, dscale, dshift]
    };
    [
        run([1, n].into(), [n].into(), &x, &|[x, w, b]| layer_norm(x, [n], Some((w, b)), eps)),
        run([1, 1, n].into(), [1].into(), &x, &|[x, w, b]| group_norm(x, 1, Some((w, b)), eps)),
    ]
}

fn is<F: Float>(values: &[F], expected: f64) -> bool {
    values.iter().all(|&v| v == F::from_f64(expected))
}

fn degenerate<F: Float>(values: &[f64], eps: f64) {
    for [y, dx, dscale, dshift] in both_kernels::<F>(values, eps) {
        assert!(is(&y, 3.0), "{values:?}: {y:?}");
        assert!(is(&dx, 0.0) && is(&dscale, 0.0), "{values:?}: {dx:?} {dscale:?}");
        let sum: f64 = (0..values.len()).map(|i| 1.0 + (i % 3) as f64).sum();
        assert_eq!(dshift.iter().copied().sum::<F>(), F::from_f64(sum));
    }
}

#[test]
fn a_group_without_spread_gives_the_shift() {
    for n in [2, 3, 31, 32, 33, 70] {
        for size in [0.0, 7.5, 1e-40, 1e20, -1e30, 3e38] {
            degenerate::<f32>(&vec![size; n], 0.0);
            for [y, dx, ..] in both_kernels::<f32>(&vec![size; n], 1e-5) {
                assert!(is(&y, 3.0) && dx.iter().all(|d| d.is_finite()), "{size}: {y:?} {dx:?}");
            }
        }
    }
}

#[test]
fn squares_that_overflow_give_the_shift_and_no_gradient() {
    let pattern = [-1.0, 1.0, 0.5, 0.25];
    for n in [2, 4, 33, 64] {
        for size in [1e20, 1e30, 3.4e38] {
            degenerate::<f32>(&(0..n).map(|i| size * pattern[i % 4]).collect::<Vec<_>>(), 1e-5);
        }
        for size in [1e160, 1.7e308] {
            degenerate::<f64>(&(0..n).map(|i| size * pattern[i % 4]).collect::<Vec<_>>(), 1e-5);
        }
    }
    // Just below, all is well.
    for [y, dx, ..] in both_kernels::<f32>(&[-1e18, 1e18, 2e18, 3e18], 1e-5) {
        let along: f32 = dx.iter().zip(&y).map(|(d, y)| d * 1e18 * (y - 3.0)).sum();
        let size: f32 = dx.iter().map(|d| d.abs() * 1e18).sum();
        assert!(size > 0.1 && along.abs() < 1e-5 * size, "{along} of {size}");
    }
}

#[test]
fn what_is_not_finite_stays_in_its_group() {
    for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
        let x = Tensor::from([[bad, 1.0, 2.0], [3.0, 4.0, 8.0]]);
        for y in [functional::layer_norm(&x, [3], None, None, 1e-5), functional::rms_norm(&x, [3], None, 1e-5)] {
            let y = y.unwrap();
            assert!(y.as_slice()[..3].iter().any(|v| v.is_nan()), "{y}");
            assert!(y.as_slice()[3..].iter().all(|v| v.is_finite()), "{y}");
        }
    }
}

/// Rows 1e4, 1e4 + 1, 1e4 + 2 and an offset of 1e6 in f32 are as without it in f64, forward and backward, to f32's rounding.
#[test]
fn offsets_cost_no_digits() {
    for (offset, n) in [(1e4, 3), (1e6, 3), (1e6, 100), (-1e6, 1000), (8e6, 4097)] {
        // Whole and half numbers are exact beside the offset.
        let small: Vec<f64> =
            (0..n).map(|i| ((i * 7 + i / 3) % 13) as f64 * if offset == 8e6 { 1.0 } else { 0.5 }).collect();
        let large: Vec<f64> = small.iter().map(|x| x + offset).collect();
        let (exact, offset_ones) = (both_kernels::<f64>(&small, 1e-5), both_kernels::<f32>(&large, 1e-5));
        for (exact, got) in exact.iter().zip(&offset_ones) {
            for (part, (exact, got)) in exact.iter().zip(got).enumerate() {
                // The gradients of the runs' scale and shift are sums of n terms of size 1 to 5.
                let sum = if part >= 2 && exact.len() == 1 { 0.1 * n as f64 } else { 1.0 };
                let size = exact.iter().fold(sum.max(1.0), |m: f64, v| m.max(v.abs()));
                for (e, g) in exact.iter().zip(got) {
                    assert!((e - f64::from(*g)).abs() < 3e-6 * size, "{offset} {n} part {part}: {e} {g}");
                }
            }
        }
    }
}

#[test]
fn rms_of_extremes() {
    let rms = |values: &[f32], eps| {
        let tape = Tape::new();
        let x = tape.variable(Tensor::from_vec([1, values.len()], values.to_vec()).unwrap());
        let y = rms_norm(x, [values.len()], None, eps);
        tape.backward_from(y, &vec![1.0; values.len()]);
        (y.to_tensor().into_vec(), x.gradient().unwrap().into_vec())
    };
    assert_eq!(rms(&[0.0, 0.0], 0.0), (vec![0.0; 2], vec![0.0; 2]));
    assert_eq!(rms(&[1e30, -1e30], 0.0), (vec![0.0; 2], vec![0.0; 2]));
    // One value is its sign, and does not change with its size.
    assert_eq!(rms(&[-5.0], 0.0), (vec![-1.0], vec![0.0]));
    let (y, dx) = rms(&[1e18, 2e18, -2e18], 1e-6);
    assert!((y[1] - 2.0 / 3f32.sqrt()).abs() < 1e-6 && dx.iter().all(|d| d.is_finite() && *d != 0.0), "{y:?} {dx:?}");
}

/// Without any values, outputs are empty and gradients 0.
#[test]
fn empty_axes() {
    fn run(norm: &impl Forward<f64>, shape: &[usize]) {
        let mut workspace = Workspace::new();
        let pass = workspace.begin(Mode::Training, Seed(0));
        let x = pass.tape().variable(Tensor::zeros(shape));
        let y = norm.forward(&pass, x);
        assert_eq!(y.shape(), shape.into());
        pass.backward(y.sum());
        let step = workspace.finish();
        norm.for_each_parameter(|path, p| {
            step.with_gradient(p, |g| assert!(g.iter().all(|&g| g == 0.0), "{path} {shape:?}")).unwrap();
        });
    }
    run(&LayerNorm::new([3]), &[0, 3]);
    run(&LayerNorm::new([2, 0]), &[4, 2, 0]);
    run(&RmsNorm::new([3]), &[0, 3]);
    run(&RmsNorm::per_channel(3), &[2, 3, 0]);
    run(&GroupNorm::new(2, 4), &[0, 4, 3]);
    run(&GroupNorm::new(2, 4), &[3, 4, 0]);
    run(&GroupNorm::new(2, 4), &[0, 4]);
    run(&GroupNorm::new(1, 0), &[3, 0, 2]);
    run(&InstanceNorm::new(4), &[2, 4, 0]);
    run(&InstanceNorm::new(0), &[2, 0, 3]);
}

#[test]
fn bad_shapes_and_settings_are_errors_before_training() {
    fn message(norm: &impl Forward<f32>, shape: &[usize]) -> String {
        check_network(norm, Mode::Training, shape).unwrap_err().to_string()
    }
    let cases = [
        (message(&LayerNorm::new([3]), &[2, 4]), "last axes are [3]"),
        (message(&LayerNorm::new([2, 3]), &[3]), "last axes are [2, 3]"),
        (message(&LayerNorm::new([1]), &[5, 1]), "more than one value"),
        (message(&RmsNorm::new([3]), &[2, 4]), "rms_norm"),
        (message(&RmsNorm::per_channel(3), &[2, 4, 5]), "3 channels"),
        (message(&GroupNorm::new(3, 4), &[2, 4, 5]), "divides 4 channels, got 3 groups"),
        (message(&GroupNorm::new(0, 4), &[2, 4, 5]), "got 0 groups"),
        (message(&GroupNorm::new(8, 4), &[2, 4, 5]), "got 8 groups"),
        (message(&GroupNorm::new(2, 4), &[2, 6, 5]), "4 channels"),
        (message(&GroupNorm::new(2, 4), &[4]), "4 channels"),
        (message(&GroupNorm::new(4, 4), &[2, 4]), "LayerNorm"),
        (message(&InstanceNorm::new(4), &[16, 4]), "LayerNorm"),
        (message(&InstanceNorm::new(4), &[16, 4, 1, 1]), "instance_norm"),
    ];
    for (message, words) in cases {
        assert!(message.contains(words), "{words}: {message}");
    }
    for eps in [-1e-5, f64::NAN, f64::INFINITY] {
        for message in [
            message(&LayerNorm::new([3]).with_eps(eps), &[2, 3]),
            message(&RmsNorm::new([3]).with_eps(eps), &[2, 3]),
            message(&GroupNorm::new(1, 3).with_eps(eps), &[2, 3]),
            message(&InstanceNorm::new(3).with_eps(eps), &[2, 3, 4]),
        ] {
            assert!(message.contains(&format!("eps {eps}")), "{message}");
        }
    }
    assert!(check_network(&LayerNorm::<f32>::new([3]).with_eps(0.0), Mode::Training, [2, 3]).is_ok());
    let x = Tensor::<f32>::ones([2, 4, 3]);
    let wrong = Tensor::ones([3]);
    for error in [
        functional::group_norm(&x, 2, Some(&wrong), None, 1e-5).unwrap_err(),
        functional::layer_norm(&x, [5], None, None, 1e-5).unwrap_err(),
        functional::instance_norm(&x, None, Some(&wrong), 1e-5).unwrap_err(),
        functional::batch_norm(&Tensor::<f32>::ones([1, 4]), None, None, 1e-5).unwrap_err(),
    ] {
        assert!(!error.cure.is_empty(), "{error}");
    }
}

/// The names and shapes that PyTorch stores.
#[test]
fn state_dicts() {
    fn entries(norm: &impl Module<f32>) -> Vec<(String, Shape)> {
        let mut out = Vec::new();
        norm.for_each_parameter(|path, p| out.push((path.to_string(), p.shape())));
        out
    }
    let entry = |name: &str, shape: Shape| (name.to_owned(), shape);
    assert_eq!(entries(&LayerNorm::new([2, 3])), [entry("weight", [2, 3].into()), entry("bias", [2, 3].into())]);
    assert_eq!(entries(&LayerNorm::new([3]).without_bias()), [entry("weight", [3].into())]);
    assert_eq!(entries(&RmsNorm::new([3])), [entry("weight", [3].into())]);
    assert_eq!(entries(&GroupNorm::new(2, 4)), [entry("weight", [4].into()), entry("bias", [4].into())]);
    assert_eq!(entries(&InstanceNorm::new(4)), [entry("weight", [4].into()), entry("bias", [4].into())]);
    assert_eq!(entries(&InstanceNorm::new(4).without_affine()), []);
}

/// Only what is asked for: constants get no gradient, and the others' are what they are with all.
#[test]
fn gradients_that_nobody_wants() {
    let x = Tensor::from_fn([4, 6], |i| ((i * 5) % 7) as f64);
    let ones = Tensor::from_fn([6], |i| 1.0 + i as f64);
    let run = |wanted: [bool; 3], rows: bool| {
        let tape = Tape::new();
        let leaf =
            |i: usize, t: &Tensor<f64>| if wanted[i] { tape.variable(t.clone()) } else { tape.constant(t.clone()) };
        let inputs = [leaf(0, &if rows { x.clone() } else { x.reshape([1, 6, 4]) }), leaf(1, &ones), leaf(2, &ones)];
        let [x, w, b] = inputs;
        let y = if rows { layer_norm(x, [6], Some((w, b)), 1e-5) } else { group_norm(x, 2, Some((w, b)), 1e-5) };
        tape.backward((y * y).sum());
        inputs.map(|v| v.gradient())
    };
    for rows in [true, false] {
        let all = run([true; 3], rows);
        for wanted in [[true, false, false], [false, true, false], [false, false, true], [false, true, true]] {
            for ((got, all), wanted) in run(wanted, rows).iter().zip(&all).zip(wanted) {
                assert_eq!(got.as_ref(), all.as_ref().filter(|_| wanted));
            }
        }
    }
}
