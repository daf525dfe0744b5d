//! Weight normalisation: laws, oracle values, the ends of the range, and the layer.

use evenkeel_autograd::{Var, gradcheck};
use evenkeel_init::{HeNormal, Policy};
use evenkeel_module::{Forward, Mode, ModuleExt, Sequential, StateDict, Weighted, Workspace, check_network};
use evenkeel_norm::{WeightNorm, functional, weight_norm};
use evenkeel_tensor::{Float, Seed, Shape, Tensor};
use proptest::prelude::*;

use super::{Affine, Pointwise, assert_close, differentiate, in_every_pool, random, weight_shape};

/// The values of each unit, gathered.
fn units(x: &Tensor<f64>, dim: Option<usize>) -> Vec<Vec<f64>> {
    let Some(dim) = dim else { return vec![x.as_slice().to_vec()] };
    let inner = x.shape()[dim + 1..].iter().product::<usize>();
    let mut out = vec![Vec::new(); x.shape()[dim]];
    for (i, &v) in x.as_slice().iter().enumerate() {
        out[i / inner % x.shape()[dim]].push(v);
    }
    out
}

fn magnitude_shape(v: &Tensor<f64>, dim: Option<usize>) -> Shape {
    dim.map_or(Shape::SCALAR, |dim| {
        (0..v.shape().rank()).filter(|&a| a != dim).fold(v.shape(), |s, a| s.with_dim(a, 1))
    })
}

fn norm(x: &[f64]) -> f64 {
    x.iter().map(|x| x * x).sum::<f64>().sqrt()
}

/// v of any rank, an axis of it or none, and g.
fn case() -> impl Strategy<Value = (Tensor<f64>, Option<usize>, Tensor<f64>)> {
    (weight_shape(), any::<prop::sample::Index>(), any::<u64>()).prop_map(|(shape, dim, seed)| {
        let dim = Some(dim.index(shape.len() + 1)).filter(|&dim| dim < shape.len());
        let v = random(&shape[..], seed);
        let g = random(magnitude_shape(&v, dim), seed ^ 1);
        (v, dim, g)
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn each_unit_has_the_norm_g((v, dim, g) in case()) {
        let w = functional::weight_norm(&v, &g, dim).unwrap();
        prop_assert_eq!(w.shape(), v.shape());
        for (w, g) in units(&w, dim).iter().zip(g.as_slice()) {
            prop_assert!((norm(w) - g.abs()).abs() < 1e-13);
        }
    }

    /// The scale of v changes nothing, be it so large or small that squares leave the range.
    #[test]
    fn invariant_to_the_scale_of_v((v, dim, g) in case(), exponent in -290i32..290) {
        let w = functional::weight_norm(&v, &g, dim).unwrap();
        let scaled = functional::weight_norm(&v.map(|v| v * 10f64.powi(exponent)), &g, dim).unwrap();
        assert_close(&scaled, w.as_slice(), 1e-14);
    }

    /// What the last law says of the gradient: it has no part along v.
    #[test]
    fn gradient_of_v_is_orthogonal_to_it((v, dim, g) in case(), seed in any::<u64>()) {
        let dw: Tensor<f64> = random(v.shape(), seed);
        let (_, [dv, dg]) = differentiate([&v, &g], dw.as_slice(), |[v, g]| weight_norm(v, g, dim));
        prop_assert_eq!(dg.shape(), g.shape());
        for (u, (v, dv)) in units(&v, dim).iter().zip(units(&dv, dim)).enumerate() {
            // The gradient's terms are of the size of g dw / ||v||, which times ||v|| is at most n.
            let along: f64 = v.iter().zip(&dv).map(|(a, b)| a * b).sum();
            prop_assert!(along.abs() < 1e-14 * v.len() as f64, "unit {u}: {along}");
        }
    }

    #[test]
    fn gradients_are_those_of_finite_differences((v, dim, g) in case()) {
        // Away from 0, where the direction of a short v turns fast.
        let v = v.map(|v| v + 0.5f64.copysign(v));
        gradcheck(&[v, g], |x| weight_norm(x[0], x[1], dim))?;
    }

    /// The fused operation against its composition from primitives, values and gradients.
    #[test]
    fn fused_is_composed(rows in 1usize..8, columns in 1usize..40, seed in any::<u64>()) {
        fn composed<'t>([v, g]: [Var<'t, f64>; 2]) -> Var<'t, f64> {
            let norms = v.square().sum_axis(1).sqrt().reshape(g.shape());
            v * (g / norms)
        }
        let (v, g, dw): (Tensor<f64>, Tensor<f64>, Tensor<f64>) =
            (random([rows, columns], seed), random([rows, 1], seed ^ 1), random([rows, columns], seed ^ 2));
        // v of one value is all direction: its gradient is 0, and the composition's is what rounding leaves.
        let v = v.map(|v| v + 0.1f64.copysign(v));
        let (w, gradients) = differentiate([&v, &g], dw.as_slice(), |[v, g]| weight_norm(v, g, Some(0)));
        let (reference, expected) = differentiate([&v, &g], dw.as_slice(), composed);
        assert_close(&w, reference.as_slice(), 1e-14);
        for (a, b) in gradients.iter().zip(&expected) {
            assert_close(a, b.as_slice(), 1e-12);
        }
    }
}

/// Values and gradients of PyTorch 2.15 (`torch._weight_norm`) for dw = -0.5, -0.4, ..., 0.6.
#[test]
fn pytorchs_values() {
    let v = [0.5, -1.0, 2.0, 0.25, -1.5, 0.75, 1.0, 3.0, 0.1, 0.2, -0.3, 0.4];
    let v = Tensor::from_vec([3, 2, 2], v.to_vec()).unwrap();
    let dw: Vec<f64> = (0..12).map(|i| i as f64 * 0.1 - 0.5).collect();
    type Values<'a> = &'a [f64];
    let cases: [(Option<usize>, Values, Values, Values, Values); 3] = [
        (
            Some(0),
            &[3.4573291714848327, 3.5794552658190883, 0.2738612787525831],
            &[0.75, -1.5, 3.0, 0.375, -1.5, 0.75, 1.0, 3.0, 0.05, 0.1, -0.15, 0.2],
            &[
                -0.6794117647058824,
                -0.7411764705882353,
                -0.16764705882352937,
                -0.2647058823529411,
                -0.00048780487804871153,
                -0.04975609756097563,
                0.03365853658536591,
                0.0009756097560975341,
                0.11666666666666668,
                0.13333333333333333,
                0.35000000000000003,
                0.16666666666666669,
            ],
            &[-0.21693045781865616, 0.23746630056165668, 0.3651483716701108],
        ),
        (
            Some(1),
            &[3.041894968600987, 1.8915932438026946],
            &[0.75, -1.5, 1.0, 0.125, -2.25, 1.125, 0.5, 1.5, 0.15, 0.3, -0.15, 0.2],
            &[
                -0.8247720364741641,
                -0.4504559270516718,
                -0.1597816593886463,
                -0.10122270742358076,
                0.0743161094224924,
                -0.11215805471124618,
                0.045109170305676884,
                0.08532751091703056,
                0.43504559270516724,
                0.5700911854103344,
                0.25146724890829697,
                0.2980436681222708,
            ],
            &[0.20217660581583055, 0.03700584162548514],
        ),
        (
            None,
            &[6.438652809400425],
            &[0.75, -1.5, 3.0, 0.375, -2.25, 1.125, 1.5, 4.5, 0.15, 0.3, -0.45, 0.6],
            &[
                -0.7723880597014926,
                -0.555223880597015,
                -0.5395522388059701,
                -0.31119402985074623,
                -0.0828358208955223,
                -0.033582089552238834,
                0.10522388059701501,
                0.16567164179104477,
                0.44552238805970157,
                0.5910447761194031,
                0.7634328358208955,
                0.8820895522388061,
            ],
            &[0.128132394216924],
        ),
    ];
    for (dim, g, w, dv, dg) in cases {
        let g = Tensor::from_vec(magnitude_shape(&v, dim), g.to_vec()).unwrap();
        let (got, [got_dv, got_dg]) = differentiate([&v, &g], &dw, |[v, g]| weight_norm(v, g, dim));
        assert_close(&got, w, 1e-14);
        assert_close(&got_dv, dv, 1e-14);
        assert_close(&got_dg, dg, 1e-14);
    }
}

/// Both forms of the kernels (units as rows and as columns), for rows at the ends of the range of f32.
#[test]
fn the_whole_range_of_the_float() {
    let rows: [[f32; 3]; 6] = [
        [3e30, -4e30, 0.0],
        [3e-41, 4e-41, 0.0],
        [3e38, 3e38, 3e38],
        [1e-45, 0.0, 0.0],
        [1e6, 1e6 + 1.0, 1e6 + 2.0],
        [1e-30, 1e10, 1e-45],
    ];
    let expected: [[f64; 3]; 6] = rows.map(|row| {
        let row = row.map(f64::from);
        let length = norm(&row);
        row.map(|v| 2.0 * v / length)
    });
    for transposed in [false, true] {
        let shape = if transposed { [3, 6] } else { [6, 3] };
        let at = |i: usize| if transposed { (i % 6, i / 6) } else { (i / 3, i % 3) };
        let v = Tensor::from_fn(shape, |i| rows[at(i).0][at(i).1]);
        let dim = usize::from(transposed);
        let g = Tensor::full(if transposed { [1, 6] } else { [6, 1] }, 2.0f32);
        let dw: Vec<f32> = (0..18).map(|i| 0.25 * (at(i).1 as f32 + 1.0)).collect();
        let (w, [dv, dg]) = differentiate([&v, &g], &dw, |[v, g]| weight_norm(v, g, Some(dim)));
        for (i, &w) in w.as_slice().iter().enumerate() {
            let (row, column) = at(i);
            assert!((f64::from(w) - expected[row][column]).abs() < 1e-6, "row {row}: {w}");
            // dv = g / ||v|| (dw - v̂ (v̂ dw)), in f64; with v of 1e-40 it is beyond f32, and infinite then.
            let direction = expected[row].map(|w| w / 2.0);
            let along: f64 = (0..3).map(|k| direction[k] * 0.25 * (k as f64 + 1.0)).sum();
            let length = norm(&rows[row].map(f64::from));
            let share = f64::from(dw[i]) - direction[column] * along;
            let (got, exact) = (f64::from(dv.as_slice()[i]), 2.0 / length * share);
            let close =
                (got - exact).abs() <= 1e-5 * 2.0 / length || exact.abs() > f64::from(f32::MAX) && got.is_infinite();
            assert!(close, "row {row}: {got:e} {exact:e}");
            assert!((f64::from(dg.as_slice()[row]) - along).abs() < 1e-6, "row {row}");
        }
    }
}

#[test]
fn a_unit_of_zeros_gives_zeros_and_no_gradient() {
    let v = Tensor::from([[0.0f32, 0.0], [3.0, 4.0]]);
    let (w, [dv, dg]) =
        differentiate([&v, &Tensor::ones([2, 1])], &[1.0, 2.0, 3.0, 4.0], |[v, g]| weight_norm(v, g, Some(0)));
    assert_eq!(w.as_slice(), [0.0, 0.0, 0.6, 0.8]);
    assert_eq!(dv.as_slice()[..2], [0.0, 0.0]);
    assert_eq!(dg.as_slice(), [0.0, 5.0]);
}

#[test]
fn what_is_not_finite_stays_in_its_unit() {
    for bad in [f32::NAN, f32::INFINITY] {
        for (shape, dim, g) in [([2, 2], 0, [2, 1]), ([2, 2], 1, [1, 2])] {
            let v = Tensor::from_fn(shape, |i| if i == 0 { bad } else { 1.0 });
            let w = functional::weight_norm(&v, &Tensor::ones(g), Some(dim)).unwrap();
            assert!(w.as_slice()[0].is_nan());
            let other = if dim == 0 { [2, 3] } else { [1, 3] };
            assert!(other.iter().all(|&i| (w.as_slice()[i] - 0.5f32.sqrt()).abs() < 1e-6), "{w}");
        }
    }
}

#[test]
fn empty_weights_and_misfits() {
    for shape in [[0, 3], [3, 0]] {
        let (v, g) = (Tensor::<f64>::zeros(shape), Tensor::ones([shape[0], 1]));
        let (w, [_, dg]) = differentiate([&v, &g], &[], |[v, g]| weight_norm(v, g, Some(0)));
        assert_eq!(w.shape(), shape.into());
        assert!(dg.as_slice().iter().all(|&g| g == 0.0));
    }
    let v = Tensor::<f64>::ones([2, 3]);
    for (g, dim, word) in [
        (Tensor::ones([2]), Some(0), "[2, 1]"),
        (Tensor::ones([1, 3]), Some(0), "[2, 1]"),
        (Tensor::ones([2, 1]), None, "[]"),
        (Tensor::ones([2, 1]), Some(2), "dim 2"),
    ] {
        let error = functional::weight_norm(&v, &g, dim).unwrap_err().to_string();
        assert!(error.contains(word), "{error}");
    }
    let layer = WeightNorm::new(Affine::new(v)).with_dim(Some(5));
    let error = check_network(&layer, Mode::Training, [4, 3]).unwrap_err().to_string();
    assert!(error.contains("dim 5"), "{error}");
}

/// Shapes that are split among tasks, in each form: rows, columns, planes apart.
#[test]
fn same_bits_at_any_thread_count() {
    in_every_pool(|| {
        [([300, 400], 0, [300, 1]), ([200, 1500], 1, [1, 1500])].map(|(shape, dim, g)| {
            let (v, g, dw): (Tensor<f32>, Tensor<f32>, Tensor<f32>) =
                (random(shape, 1), random(g, 2), random(shape, 3));
            differentiate([&v, &g], dw.as_slice(), |[v, g]| weight_norm(v, g, Some(dim)))
        })
    });
}

fn run<F: Float>(layer: &impl Forward<F>, x: &Tensor<F>) -> Tensor<F> {
    let mut workspace = Workspace::new();
    let pass = workspace.begin(Mode::Evaluation, Seed(0));
    layer.forward(&pass, pass.constant(x.clone())).to_tensor()
}

#[test]
fn the_layer_starts_as_it_would_without() {
    let x: Tensor<f64> = random([5, 6], 1);
    let policy = || Policy::from(HeNormal::default());
    let plain = Affine::uninitialized([3, 2, 3]).initialize(policy(), Seed(7)).unwrap();
    for dim in [Some(0), Some(1), None] {
        let after = WeightNorm::new(plain.clone()).with_dim(dim);
        let before =
            WeightNorm::new(Affine::uninitialized([3, 2, 3])).with_dim(dim).initialize(policy(), Seed(7)).unwrap();
        assert_eq!(before.weight_v().value(), plain.weight().value());
        for layer in [&after, &before] {
            assert_close(&run(layer, &x), run(&plain, &x).as_slice(), 1e-14);
            assert!(check_network(layer, Mode::Training, [5, 6]).is_ok());
        }
    }
    assert!(check_network(&WeightNorm::new(Affine::<f64>::uninitialized([3, 6])), Mode::Training, [5, 6]).is_err());
}

#[test]
fn into_layer_bakes_the_weight() {
    let x: Tensor<f64> = random([5, 4], 1);
    let mut layer = WeightNorm::new(Affine::new(random([3, 4], 2)));
    layer
        .for_each_parameter_mut(|_, p| p.as_mut_slice().iter_mut().enumerate().for_each(|(i, v)| *v += 0.3 + i as f64));
    let expected = run(&layer, &x);
    let plain = layer.into_layer();
    assert_close(&run(&plain, &x), expected.as_slice(), 1e-13);
    assert!(plain.state_dict().tensors.keys().eq(["bias", "weight"]));
    // What has no value has none afterwards.
    let plain = WeightNorm::new(Affine::<f64>::uninitialized([3, 4])).into_layer();
    assert!(check_network(&plain, Mode::Training, [5, 4]).is_err());
}

/// The names and shapes of `torch.nn.utils.weight_norm(torch.nn.Linear(3, 2))`, inside a network too.
#[test]
fn state_dict_is_pytorchs() {
    let net = Sequential::<f64>::default().with(WeightNorm::new(Affine::new(random::<f64>([2, 3], 1))));
    let dict = net.state_dict();
    let shapes: Vec<_> = dict.tensors.iter().map(|(name, entry)| (name.as_str(), entry.shape().to_vec())).collect();
    assert_eq!(shapes, [("0.bias", vec![2]), ("0.weight_g", vec![2, 1]), ("0.weight_v", vec![2, 3])]);

    let mut other = WeightNorm::new(Affine::<f64>::uninitialized([2, 3]));
    let mut layer = WeightNorm::new(Affine::new(random::<f64>([2, 3], 1)));
    layer.for_each_parameter_mut(|_, p| p.as_mut_slice().iter_mut().for_each(|v| *v *= 1.5));
    let dict = StateDict::from_bytes(&layer.state_dict().to_bytes().unwrap()).unwrap();
    other.load_state_dict(&dict).unwrap();
    assert_eq!(other.state_dict(), layer.state_dict());
    assert_eq!(other.weight(), layer.weight());
    // Freezing goes by the same names.
    assert_eq!(other.freeze("weight_v"), 1);
    assert!(other.weight_v().is_frozen() && !other.weight_g().is_frozen());
}

#[test]
fn initialising_again_leaves_a_frozen_g() {
    let mut layer = WeightNorm::new(Affine::new(random::<f64>([2, 3], 1)));
    layer.freeze("weight_g");
    let g = layer.weight_g().value().clone();
    let layer = layer.initialize(HeNormal::default(), Seed(3)).unwrap();
    assert_eq!(layer.weight_g().value(), &g);
}

/// The paper's start: outputs of mean 0 and variance 1 for each unit, of linear layers and of convolutions.
#[test]
fn initialize_on_standardises_the_outputs() {
    let mut layer = WeightNorm::new(Affine::new(random::<f64>([3, 4], 1)));
    let x = random::<f64>([50, 2, 4], 2).map(|x| 5.0 * x + 3.0);
    layer.initialize_on(&x).unwrap();
    let y = run(&layer, &x).reshape([100, 3]);
    let mut convolution = WeightNorm::new(Pointwise::new(random::<f64>([3, 4, 1], 3)));
    let x = random::<f64>([7, 4, 9], 4).map(|x| 0.1 * x - 2.0);
    convolution.initialize_on(&x).unwrap();
    for y in [y, run(&convolution, &x)] {
        for unit in units(&y, Some(1)) {
            let mean = unit.iter().sum::<f64>() / unit.len() as f64;
            let variance = unit.iter().map(|y| (y - mean) * (y - mean)).sum::<f64>() / unit.len() as f64;
            assert!(mean.abs() < 1e-12 && (variance - 1.0).abs() < 1e-12, "{mean} {variance}");
        }
    }
}

#[test]
fn initialize_on_at_the_edges() {
    let x = random::<f64>([10, 4], 2);
    // Without a bias the mean stays.
    let mut layer = WeightNorm::new(Affine::new(random([3, 4], 1)).without_bias());
    layer.initialize_on(&x).unwrap();
    // A unit without spread keeps its g, and its mean goes to the bias.
    let mut constant = WeightNorm::new(Affine::new(random::<f64>([3, 4], 1)));
    let g = constant.weight_g().value().clone();
    let ones = Tensor::ones([10, 4]);
    constant.initialize_on(&ones).unwrap();
    assert_eq!(constant.weight_g().value(), &g);
    assert!(run(&constant, &ones).as_slice().iter().all(|y| y.abs() < 1e-14));
    // One example has no spread; norms along another axis are not the units'; a layer without values has no outputs.
    let errors = [
        constant.initialize_on(&Tensor::ones([1, 4])),
        constant.clone().with_dim(Some(1)).initialize_on(&x),
        constant.initialize_on(&Tensor::ones([10, 5])),
        WeightNorm::new(Affine::uninitialized([3, 4])).initialize_on(&x),
    ];
    for (error, word) in errors.into_iter().zip(["two outputs", "axis 0", "linear", "weight_v"]) {
        let message = error.unwrap_err().to_string();
        assert!(message.contains(word), "{message}");
    }
}

/// Gradient steps on v and g fit a linear map.
#[test]
fn it_trains() {
    let target: Tensor<f64> = random([2, 3], 5);
    let mut layer = WeightNorm::new(Affine::new(random([2, 3], 6)));
    let mut workspace = Workspace::new();
    let mut losses = Vec::new();
    for step in 0..300 {
        let x: Tensor<f64> = random([16, 3], step);
        let pass = workspace.begin(Mode::Training, Seed(0));
        let x = pass.constant(x);
        let wanted = x.linear(pass.constant(target.clone()), None);
        let loss = (layer.forward(&pass, x) - wanted).square().mean();
        losses.push(loss.item());
        pass.backward(loss);
        let done = workspace.finish();
        layer.for_each_parameter_mut(|_, p| {
            done.update(p, |values, gradient| values.iter_mut().zip(gradient).for_each(|(v, g)| *v -= 0.3 * g));
        });
    }
    assert!(losses[299] < 1e-4 * losses[0], "{} {}", losses[0], losses[299]);
}
