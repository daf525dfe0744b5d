//! Weight standardisation: laws, the ends of the range, and the layer.

use evenkeel_autograd::gradcheck;
use evenkeel_init::HeNormal;
use evenkeel_module::{Forward, Mode, ModuleExt, Weighted, Workspace, check_network};
use evenkeel_norm::{WeightScaling, WeightStandardization, functional, weight_standardization};
use evenkeel_tensor::{Float, Seed, Shape, Tensor};
use proptest::prelude::*;

use super::{Affine, assert_close, differentiate, in_every_pool, random};

const SCALINGS: [WeightScaling; 2] = [WeightScaling::Unit, WeightScaling::FanIn { gamma: 1.7 }];

fn deviation(scaling: WeightScaling, fan_in: usize) -> f64 {
    match scaling {
        WeightScaling::Unit => 1.0,
        WeightScaling::FanIn { gamma } => gamma / (fan_in as f64).sqrt(),
    }
}

/// Weights of rank 2 to 4 with a fan-in of at least 3, of any scale and offset.
fn weight() -> impl Strategy<Value = Tensor<f64>> {
    (1usize..6, 3usize..9, prop::collection::vec(1usize..4, 0..3), any::<u64>(), -3i32..4, -1e3f64..1e3).prop_map(
        |(units, inputs, kernel, seed, scale, offset)| {
            let shape = [&[units, inputs], &kernel[..]].concat();
            random::<f64>(&shape[..], seed).map(|w| w * 10f64.powi(scale) + offset)
        },
    )
}

fn rows(w: &Tensor<f64>) -> impl Iterator<Item = &[f64]> {
    w.as_slice().chunks(w.shape().numel() / w.shape()[0])
}

fn mean_and_variance(x: &[f64]) -> (f64, f64) {
    let mean = x.iter().sum::<f64>() / x.len() as f64;
    (mean, x.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / x.len() as f64)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn units_have_mean_0_and_the_wanted_deviation(w in weight(), seed in any::<u64>()) {
        let units = w.shape()[0];
        let gain: Tensor<f64> = random([units], seed);
        for scaling in SCALINGS {
            let deviation = deviation(scaling, w.shape().numel() / units);
            for gain in [None, Some(&gain)] {
                let out = functional::weight_standardization(&w, gain, scaling, 0.0).unwrap();
                prop_assert_eq!(out.shape(), w.shape());
                for (u, row) in rows(&out).enumerate() {
                    let (mean, variance) = mean_and_variance(row);
                    let wanted = (gain.map_or(1.0, |g| g.as_slice()[u]) * deviation).powi(2);
                    // Offsets of up to 1e3 on spreads from 1e-3: the rounding of the weights themselves is 1e-10 of the spread.
                    prop_assert!(mean.abs() < 1e-8 && (variance - wanted).abs() < 1e-8, "{} {} {}", mean, variance, wanted);
                }
            }
        }
    }

    /// Scale and shift of a unit's weights change nothing.
    #[test]
    fn invariant_to_affine_changes(w in weight(), a in 0.1f64..10.0, b in -10.0f64..10.0) {
        for scaling in SCALINGS {
            let before = functional::weight_standardization(&w, None, scaling, 0.0).unwrap();
            let after = functional::weight_standardization(&w.map(|w| a * w + b), None, scaling, 0.0).unwrap();
            assert_close(&after, before.as_slice(), 1e-7);
        }
    }

    /// What the last law says of the gradient: with eps 0 it is orthogonal to 1 and to the weights.
    #[test]
    fn gradient_is_orthogonal_to_ones_and_weights(w in weight(), seed in any::<u64>()) {
        let dy: Tensor<f64> = random(w.shape(), seed);
        let (out, [dw]) = differentiate([&w], dy.as_slice(), |[w]| weight_standardization(w, None, WeightScaling::Unit, 0.0));
        for ((row, dw), standard) in rows(&w).zip(rows(&dw)).zip(rows(&out)) {
            let (_, variance) = mean_and_variance(row);
            // In units of the gradient's terms, dy / sqrt(var), n of them.
            let size = row.len() as f64 / variance.sqrt();
            let to_ones: f64 = dw.iter().sum();
            let to_weights: f64 = dw.iter().zip(standard).map(|(d, w)| d * w).sum();
            prop_assert!(to_ones.abs() < 1e-9 * size && to_weights.abs() < 1e-8 * size, "{} {} {}", to_ones, to_weights, size);
        }
    }

    #[test]
    fn gradients_are_those_of_finite_differences(units in 1usize..4, inputs in 2usize..6, kernel in 1usize..4, seed in any::<u64>()) {
        let inputs = [random([units, inputs, kernel], seed), random([units, 1, 1], seed ^ 1)];
        for scaling in SCALINGS {
            gradcheck(&inputs, |v| weight_standardization(v[0], Some(v[1]), scaling, 0.1))?;
            gradcheck(&inputs[..1], |v| weight_standardization(v[0], None, scaling, 0.1))?;
        }
    }

    /// The operation against its composition from primitives, values and gradients.
    #[test]
    fn fused_is_composed(units in 1usize..6, inputs in 2usize..50, seed in any::<u64>()) {
        let (w, gain, dy): (Tensor<f64>, Tensor<f64>, Tensor<f64>) =
            (random([units, inputs], seed), random([units, 1], seed ^ 1), random([units, inputs], seed ^ 2));
        for scaling in SCALINGS {
            let factor = deviation(scaling, inputs);
            let (out, gradients) =
                differentiate([&w, &gain], dy.as_slice(), |[w, g]| weight_standardization(w, Some(g), scaling, 1e-2));
            let (reference, expected) = differentiate([&w, &gain], dy.as_slice(), |[w, g]| {
                let centred = w - w.mean_axis(1).reshape([units, 1]);
                let variance = centred.square().mean_axis(1).reshape([units, 1]);
                centred / (variance + 1e-2).sqrt() * (g * factor)
            });
            assert_close(&out, reference.as_slice(), 1e-13);
            for (a, b) in gradients.iter().zip(&expected) {
                assert_close(a, b.as_slice(), 1e-11);
            }
        }
    }
}

/// A large common offset costs nothing in f32, forward and backward.
#[test]
fn large_offsets() {
    for offset in [1e4f32, 1e6] {
        let w = Tensor::from_fn([2, 6], |i| offset + (i % 3) as f32);
        let exact = Tensor::from_fn([2, 6], |i| (i % 3) as f64);
        let dy: Vec<f64> = (0..12).map(|i| 0.25 * (i as f64) - 1.0).collect();
        let single: Vec<f32> = dy.iter().map(|&d| d as f32).collect();
        let (out, [dw]) =
            differentiate([&w], &single, |[w]| weight_standardization(w, None, WeightScaling::Unit, 1e-5));
        let (reference, [expected]) =
            differentiate([&exact], &dy, |[w]| weight_standardization(w, None, WeightScaling::Unit, 1e-5));
        assert_close(&out.cast(), reference.as_slice(), 1e-6);
        assert_close(&dw.cast(), expected.as_slice(), 1e-5);
    }
}

#[test]
fn units_without_spread_or_beyond_the_range() {
    let standardize = |w: &Tensor<f32>, eps| {
        differentiate([w], &vec![1.0; w.shape().numel()], |[w]| {
            weight_standardization(w, None, WeightScaling::Unit, eps)
        })
    };
    for eps in [0.0, 1e-5] {
        for size in [0.0, 7.5, 1e30, 1e-42] {
            let (out, [dw]) = standardize(&Tensor::full([2, 5], size), eps);
            assert!(out.as_slice().iter().chain(dw.as_slice()).all(|&v| v == 0.0), "{size} {eps}: {out} {dw}");
        }
    }
    let (out, [dw]) = standardize(&Tensor::from([[1e30, -1e30, 0.0], [1e-42, 2e-42, 3e-42]]), 1e-5);
    assert!(out.is_finite() && dw.is_finite(), "{out} {dw}");
    // NaN stays in its unit.
    let (out, _) = standardize(&Tensor::from([[f32::NAN, 1.0], [1.0, 3.0]]), 0.0);
    assert!(out.as_slice()[..2].iter().all(|w| w.is_nan()));
    assert_eq!(out.as_slice()[2..], [-1.0, 1.0]);
}

#[test]
fn misfits_and_settings_are_errors() {
    let error = |weight: &[usize], gain: Option<&[usize]>, scaling, eps| {
        let gain = gain.map(Tensor::<f64>::ones);
        functional::weight_standardization(&Tensor::ones(weight), gain.as_ref(), scaling, eps).unwrap_err().to_string()
    };
    let unit = WeightScaling::Unit;
    for (message, word) in [
        (error(&[3, 1, 1], None, unit, 0.0), "1 for each of 3 units"),
        (error(&[3], None, unit, 0.0), "1 for each of 3 units"),
        (error(&[], None, unit, 0.0), "1 for each of 1 units"),
        (error(&[3, 2], Some(&[2]), unit, 0.0), "[2]"),
        (error(&[3, 2], None, unit, -1.0), "eps"),
        (error(&[3, 2], None, unit, f64::NAN), "eps"),
        (error(&[3, 2], None, WeightScaling::FanIn { gamma: f64::NAN }, 0.0), "gamma"),
    ] {
        assert!(message.contains(word), "{message}");
    }
    let layer = WeightStandardization::scaled(Affine::new(Tensor::<f64>::ones([2, 3])), f64::INFINITY);
    let message = check_network(&layer, Mode::Training, [4, 3]).unwrap_err().to_string();
    assert!(message.contains("gamma"), "{message}");
    let layer = WeightStandardization::new(Affine::new(Tensor::<f64>::ones([2, 1])));
    assert!(check_network(&layer, Mode::Training, [4, 1]).is_err());
    // No inputs: no weights, and no gradient but 0.
    let (out, [_, dg]) = differentiate([&Tensor::<f64>::zeros([3, 0]), &Tensor::ones([3, 1])], &[], |[w, g]| {
        weight_standardization(w, Some(g), SCALINGS[1], 1e-5)
    });
    assert_eq!(out.shape(), [3, 0].into());
    assert!(dg.as_slice().iter().all(|&g| g == 0.0));
}

fn run<F: Float>(layer: &impl Forward<F>, x: &Tensor<F>) -> Tensor<F> {
    let mut workspace = Workspace::new();
    let pass = workspace.begin(Mode::Training, Seed(0));
    layer.forward(&pass, pass.constant(x.clone())).to_tensor()
}

#[test]
fn the_layer_and_its_state() {
    let x: Tensor<f64> = random([4, 6], 1);
    let layer = WeightStandardization::scaled(Affine::uninitialized([2, 3, 2]), 1.0);
    assert!(check_network(&layer, Mode::Training, [4, 6]).is_err());
    let mut layer = layer.initialize(HeNormal::default(), Seed(7)).unwrap();
    let plain = Affine::<f64>::uninitialized([2, 3, 2]).initialize(HeNormal::default(), Seed(7)).unwrap();
    assert_eq!(layer.layer().weight().value(), plain.weight().value());
    let shapes: Vec<_> = layer.state_dict().tensors.iter().map(|(k, e)| (k.clone(), e.shape())).collect();
    let expected = [("bias", vec![2]), ("gain", vec![2, 1, 1]), ("weight", vec![2, 3, 2])];
    assert_eq!(shapes, expected.map(|(k, s)| (k.to_owned(), Shape::from(&s[..]))));

    layer
        .for_each_parameter_mut(|_, p| p.as_mut_slice().iter_mut().enumerate().for_each(|(i, v)| *v += 0.1 * i as f64));
    let expected = run(&layer, &x);
    assert_close(&run(&layer.clone().into_layer(), &x), expected.as_slice(), 1e-14);
    // Without the gain, the weights are those with a gain of 1.
    let plain = layer.clone().without_gain();
    assert!(plain.gain().is_none());
    let gain = layer.gain().unwrap().value().as_slice();
    let (with, without) = (layer.weight(), plain.weight());
    for (i, (a, b)) in with.as_slice().iter().zip(without.as_slice()).enumerate() {
        assert!((a - b * gain[i / 6]).abs() < 1e-14);
    }
    // Qiao et al.'s has no gain and no scaling.
    let unit = WeightStandardization::new(layer.into_layer());
    assert!(unit.state_dict().tensors.keys().eq(["bias", "weight"]));
    let (_, variance) = mean_and_variance(&unit.weight().as_slice()[..6]);
    assert!((variance - 1.0).abs() < 1e-3, "{variance}");
}

#[test]
fn same_bits_at_any_thread_count() {
    in_every_pool(|| {
        let (w, gain, dy): (Tensor<f32>, Tensor<f32>, Tensor<f32>) =
            (random([300, 40, 9], 1), random([300], 2), random([300, 40, 9], 3));
        differentiate([&w, &gain], dy.as_slice(), |[w, g]| weight_standardization(w, Some(g), SCALINGS[1], 1e-5))
    });
}
