//! LSUV on one layer, and on a chain of them.

use evenkeel_init::check::check_orthogonal;
use evenkeel_init::{InitError, Initializer, Lsuv, Seed, Shape, Tensor, random};
use proptest::prelude::*;

fn batch(rows: usize, columns: usize, std: f64, seed: u64) -> Tensor<f64> {
    let mut x = Tensor::zeros([rows, columns]);
    random::normal(x.as_mut_slice(), 0.0, std, Seed(seed));
    x
}

fn output(x: &Tensor<f64>, weight: &[f64], bias: f64) -> Tensor<f64> {
    let inputs = x.shape()[1];
    let weight = Tensor::from_vec([weight.len() / inputs, inputs], weight.to_vec()).unwrap();
    let mut y = x.view().matmul(weight.t());
    // A bias of its own for each unit, so that dividing the weight does not divide the variance.
    let units = y.shape()[1];
    y.as_mut_slice().iter_mut().enumerate().for_each(|(i, y)| *y += bias * (i % units) as f64 / units as f64);
    y
}

fn variance(y: &[f64]) -> f64 {
    let mean = y.iter().sum::<f64>() / y.len() as f64;
    y.iter().map(|y| (y - mean).powi(2)).sum::<f64>() / y.len() as f64
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn it_reaches_unit_variance(scale in -3.0f64..3.0, bias in 0.0f64..2.0, seed: u64) {
        let x = batch(50, 12, 10f64.powf(scale), seed);
        let lsuv = Lsuv::default().with_tolerance(1e-6).with_max_iterations(100);
        let mut weight = [0.0; 8 * 12];
        lsuv.start(&mut weight, &Shape::from([8, 12]), Seed(seed)).unwrap();
        let measure = |weight: &[f64]| variance(output(&x, weight, bias).as_slice());
        let first = measure(&weight);
        let report = lsuv.rescale(&mut weight, |weight| Ok::<_, InitError>(measure(weight))).unwrap();
        prop_assert!(report.converged && (measure(&weight) - 1.0).abs() <= 1e-6, "{report:?}");
        prop_assert_eq!((report.first_variance, report.variance), (first, measure(&weight)));
        // Without a bias the output is linear in the weight, and one division does it.
        prop_assert!(bias > 0.0 || report.iterations <= 1);
    }
}

#[test]
fn the_start_is_orthogonal_and_stays_so_up_to_a_factor() {
    struct Started;
    impl Initializer<f64> for Started {
        fn fill(&self, values: &mut [f64], shape: &Shape, seed: Seed) -> Result<(), InitError> {
            Lsuv::default().start(values, shape, seed)?;
            Lsuv::default().rescale(values, |weight| Ok(weight.iter().map(|w| w * w).sum::<f64>())).map(drop)
        }
    }
    // Scaled to a sum of squares of 1 within the tolerance: one division, exact but for rounding.
    check_orthogonal::<f64>(&Started, &[6, 9].into(), (1.0f64 / 6.0).sqrt(), 1e-12);
}

/// A tanh net of 20 layers, rescaled one after another, each on what those before it give.
#[test]
fn a_deep_chain_has_unit_variance_in_every_layer() {
    let (mut x, lsuv) = (batch(64, 32, 5.0, 1), Lsuv::default());
    for layer in 0..20 {
        let mut weight = [0.0; 32 * 32];
        lsuv.start(&mut weight, &[32, 32].into(), Seed(2).at(layer)).unwrap();
        let report =
            lsuv.rescale(&mut weight, |w| Ok::<_, InitError>(variance(output(&x, w, 0.0).as_slice()))).unwrap();
        assert!(report.converged, "layer {layer}: {report:?}");
        x = output(&x, &weight, 0.0).map(f64::tanh);
        assert!(x.as_slice().iter().any(|x| x.abs() > 0.5), "layer {layer}");
    }
}

#[test]
fn a_limit_is_kept_and_reported() {
    // A bias alone has a variance of 2: there is no way to 1, but there is one to nearer.
    let mut weight = [1.0f64; 4];
    let with_bias = |weight: &[f64]| Ok::<_, InitError>(weight[0].powi(2) + 2.0);
    let report = Lsuv::default().with_max_iterations(3).rescale(&mut weight, with_bias).unwrap();
    assert_eq!((report.iterations, report.converged, report.first_variance), (3, false, 3.0));
    assert!(report.variance < 2.1 && report.variance == with_bias(&weight).unwrap());
    let report = Lsuv::default().with_max_iterations(0).rescale(&mut weight, |_| Ok::<_, InitError>(1.0)).unwrap();
    assert_eq!((report.iterations, report.converged), (0, true));
}

#[test]
fn variances_that_no_division_mends_are_errors() {
    for bad in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        for good_before in [0, 2] {
            let (mut weight, mut calls) = ([1.0f32; 4], 0);
            let result = Lsuv::default().rescale(&mut weight, |_| {
                calls += 1;
                Ok::<_, InitError>(if calls > good_before { bad } else { 9.0 / calls as f64 })
            });
            let error = result.unwrap_err();
            assert!(matches!(error, InitError::OutputVariance { .. }) && error.to_string().contains(&bad.to_string()));
            assert_eq!(weight, [1.0; 4], "an error leaves the weight alone");
        }
    }
    let error = Lsuv::default().rescale(&mut [1.0f32], |_| Ok::<_, InitError>(1e-100)).unwrap_err().to_string();
    assert!(error.contains("deviation") && error.contains("range of f32"), "{error}");
    // An error of the closure's own comes back as it is.
    #[derive(Debug)]
    struct Own(&'static str);
    impl From<InitError> for Own {
        fn from(_: InitError) -> Self {
            Self("init")
        }
    }
    let result = Lsuv::default().rescale(&mut [1.0f32], |_| Err(Own("mine")));
    assert_eq!(result.unwrap_err().0, "mine");
    assert!(Lsuv::default().start(&mut [0f32; 3], &[3].into(), Seed(7)).is_err());
}

/// Layers that divide by the size of their weight, or add to what they make of it: further divisions would only wreck
/// the weight.
#[test]
fn an_output_that_does_not_follow_its_weight_is_an_error() {
    let x = batch(50, 12, 3.0, 1);
    let normalised = |scale: f64| {
        let x = &x;
        move |weight: &[f64]| {
            let norm = weight.iter().map(|w| w * w).sum::<f64>().sqrt();
            let weight: Vec<f64> = weight.iter().map(|w| scale * w / norm).collect();
            Ok::<_, InitError>(variance(output(x, &weight, 0.0).as_slice()))
        }
    };
    let added = |weight: &[f64]| Ok::<_, InitError>(9.0 + weight[0].powi(2));
    let mut start = [0.0; 8 * 12];
    Lsuv::default().start(&mut start, &[8, 12].into(), Seed(7)).unwrap();
    let refused = |variance: &dyn Fn(&[f64]) -> Result<f64, InitError>| {
        let mut weight = start;
        let error = Lsuv::default().rescale(&mut weight, variance).unwrap_err();
        assert!(matches!(error, InitError::UnresponsiveOutput { .. }), "{error}");
        assert!(error.to_string().contains("wrap it afterwards"), "{error}");
        assert_eq!(weight, start, "an error leaves the weight alone");
    };
    refused(&normalised(10.0));
    refused(&normalised(0.1));
    refused(&added);
    // One that happens to have its variance needs no division.
    let mut weight = start;
    let one = normalised(1.0)(&start).unwrap().sqrt();
    assert!(Lsuv::default().rescale(&mut weight, normalised(1.0 / one)).unwrap().converged);
}

#[test]
fn a_tolerance_is_a_number_and_a_weight_is_finite() {
    for tolerance in [f64::NAN, f64::INFINITY, -0.1] {
        let (rule, mut weight) = (Lsuv::default().with_tolerance(tolerance), [1.0f32; 2]);
        let error = rule.rescale(&mut weight, |w| Ok::<_, InitError>(4.0 * f64::from(w[0]).powi(2))).unwrap_err();
        assert!(error.to_string().contains("Lsuv: expected tolerance finite and not negative"), "{error}");
        assert_eq!(weight, [1.0; 2]);
    }
    let rule = Lsuv::default().with_tolerance(0.0);
    let report = rule.rescale(&mut [1.0f64], |w| Ok::<_, InitError>(4.0 * w[0] * w[0])).unwrap();
    assert!(report.converged && report.variance == 1.0);

    for bad in [f32::NAN, f32::INFINITY] {
        let mut weight = [1.0, bad];
        let error = Lsuv::default().rescale(&mut weight, |_| Ok::<_, InitError>(1.0)).unwrap_err().to_string();
        assert!(error.contains("Lsuv: expected weight finite"), "{error}");
    }
    // A second weight that the division makes infinite, whatever the variance says.
    let mut weight = [1e-3f32, 1e38];
    let result = Lsuv::default().rescale(&mut weight, |w| Ok::<_, InitError>(f64::from(w[0]).powi(2)));
    assert!(result.unwrap_err().to_string().contains("expected weight finite"));
    assert_eq!(weight, [1e-3, 1e38]);
}
