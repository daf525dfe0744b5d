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
    let mut weight = [1.0f32; 4];
    let report = Lsuv::default().with_max_iterations(3).rescale(&mut weight, |_| Ok::<_, InitError>(4.0)).unwrap();
    assert_eq!((report.iterations, report.converged, report.variance), (3, false, 4.0));
    assert_eq!(weight, [0.125; 4]);
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
                Ok::<_, InitError>(if calls > good_before { bad } else { 9.0 })
            });
            let error = result.unwrap_err();
            assert!(matches!(error, InitError::OutputVariance { .. }) && error.to_string().contains(&bad.to_string()));
            assert_eq!(weight, [1.0; 4], "an error leaves the weight alone");
        }
    }
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
