//! Values of scikit-learn, made by `tests/reference/scale.py`.

use evenkeel_data::scale::{MaxAbs, MinMax, Power, Quantile, Robust, RowNorm, Standard, Target, Whiten};
use evenkeel_data::{FitBoxed, Tensor};
use serde_json::Value;

fn matrix(rows: &Value) -> Tensor<f64> {
    let number = |x: &Value| x.as_f64().unwrap_or(f64::NAN);
    let rows: Vec<Vec<f64>> =
        rows.as_array().unwrap().iter().map(|row| row.as_array().unwrap().iter().map(number).collect()).collect();
    Tensor::try_from(rows).unwrap()
}

/// The scaler, and how far relative to 1 its values may be away.
fn scaler(name: &str) -> (Box<dyn FitBoxed<f64>>, f64) {
    // Means beside 1e6 with a deviation of 1e-2 are known to 1e6 epsilon / 1e-2 there, and divided differently.
    let exact = 1e-7;
    // A minimum is found to the square root of its rounding, by whoever looks for it.
    let searched = 2e-6;
    match name {
        "min_max" => (Box::new(MinMax::default()), exact),
        "min_max_clip" => (Box::new(MinMax::to(-2.0..=3.0).clipped()), exact),
        "standard" => (Box::new(Standard::default()), exact),
        "robust" => (Box::new(Robust::default()), exact),
        "robust_10_60" => (Box::new(Robust::between(0.1..=0.6)), exact),
        "max_abs" => (Box::new(MaxAbs), 1e-14),
        "yeo_johnson" => (Box::new(Power::yeo_johnson()), searched),
        "box_cox" => (Box::new(Power::box_cox()), searched),
        "box_cox_plain" => (Box::new(Power::box_cox().without_standardizing()), 1e-5),
        "uniform" => (Box::new(Quantile::default()), 1e-9),
        "normal" => (Box::new(Quantile::to(Target::Normal)), 1e-8),
        "uniform_7" => (Box::new(Quantile::default().with_landmarks(7)), 1e-9),
        "row_l1" => (Box::new(RowNorm::L1), 1e-14),
        "row_l2" => (Box::new(RowNorm::L2), 1e-14),
        "row_max" => (Box::new(RowNorm::Max), 1e-14),
        "pca" => (Box::new(Whiten::pca()), 1e-9),
        "pca_2" => (Box::new(Whiten::pca().with_components(2).without_scaling()), 1e-9),
        other => panic!("{other}"),
    }
}

#[test]
fn values_are_those_of_scikit_learn() {
    let reference: Value = serde_json::from_str(include_str!("../../reference/scale.json")).unwrap();
    let cases = reference["cases"].as_array().unwrap();
    assert!(cases.len() >= 29, "{}", cases.len());
    let mut failures = Vec::new();
    for case in cases {
        let name = case["name"].as_str().unwrap();
        let (scaler, tolerance) = scaler(name);
        let got = scaler.fit_boxed(&matrix(&case["x"])).unwrap().transform(&matrix(&case["new"])).unwrap();
        let expected = matrix(&case["y"]);
        assert_eq!(got.shape(), expected.shape(), "{name}");
        for (at, (&a, &b)) in got.as_slice().iter().zip(expected.as_slice()).enumerate() {
            let close = (a.is_nan() && b.is_nan()) || (a - b).abs() <= tolerance * b.abs().max(1.0);
            if !close {
                failures.push(format!("{name}: element {at}: {a} for {b}"));
            }
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}
