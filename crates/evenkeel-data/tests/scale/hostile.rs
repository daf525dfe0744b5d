//! Data as they should not be.

use evenkeel_data::scale::{MaxAbs, MinMax, Power, Quantile, Robust, RowNorm, Standard, Whiten};
use evenkeel_data::{DataError, Fit, Tensor, Transform};

use crate::{column, column_scalers, scalers};

#[test]
fn shapes() {
    for (name, scaler) in scalers::<f64>() {
        assert!(matches!(scaler.fit_boxed(&Tensor::zeros([0, 3])), Err(DataError::Empty { .. })), "{name}: no rows");
        assert!(matches!(scaler.fit_boxed(&Tensor::zeros([3])), Err(DataError::Shape(_))), "{name}: a vector");
        let nothing = Tensor::zeros([3, 0]);
        let fitted = scaler.fit_boxed(&nothing).unwrap_or_else(|e| panic!("{name}: {e}"));
        assert_eq!(fitted.transform(&nothing).unwrap(), nothing, "{name}: no columns");
        let one = Tensor::from([[3.0, -2.0, 0.0]]);
        let fitted = scaler.fit_boxed(&one).unwrap();
        assert!(fitted.transform(&one).unwrap().is_finite(), "{name}: one row");
        assert_eq!(fitted.transform(&Tensor::zeros([0, 3])).unwrap().shape()[0], 0, "{name}: nothing to transform");
        if name != "row_norm" {
            let error = fitted.transform(&Tensor::zeros([2, 4])).unwrap_err();
            assert!(matches!(error, DataError::Columns { expected: 3, got: 4, .. }), "{name}: {error}");
        }
    }
}

#[test]
fn infinite_values_are_refused_and_nothing_is_changed() {
    for (name, scaler) in scalers::<f64>() {
        let good = Tensor::from([[1.0, 2.0], [3.0, 5.0], [4.0, -1.0]]);
        let bad = Tensor::from([[1.0, f64::NAN], [3.0, 5.0], [f64::NEG_INFINITY, f64::INFINITY]]);
        let is_right = |e: DataError| matches!(e, DataError::Value { row: 2, column: 0, .. });
        assert!(is_right(scaler.fit_boxed(&bad).unwrap_err()), "{name}");
        let fitted = scaler.fit_boxed(&good).unwrap();
        let mut x = bad.clone();
        assert!(is_right(fitted.transform_in_place(&mut x).unwrap_err()), "{name}");
        assert!(name == "row_norm" || is_right(fitted.inverse_in_place(&mut x).unwrap_err()), "{name}");
        assert!(x.as_slice().iter().zip(bad.as_slice()).all(|(a, b)| a.to_bits() == b.to_bits()), "{name}");
    }
}

#[test]
fn constant_and_missing_columns_are_reported() {
    let nan = f64::NAN;
    let x = Tensor::from([[0.1, nan, 0.0, 1.0], [0.1, nan, 0.0, 2.0], [nan, nan, 0.0, 4.0]]);
    let new = Tensor::from([[0.1, 7.0, 0.0, 1.0], [5.1, -7.0, 1.0, nan]]);
    for (name, scaler) in column_scalers::<f64>() {
        let fitted = scaler.fit_boxed(&x).unwrap();
        let degenerate = fitted.degenerate().unwrap();
        let constant: &[usize] = if name == "max_abs" { &[2] } else { &[0, 2] };
        assert_eq!((&degenerate.constant[..], &degenerate.missing[..]), (constant, &[1][..]), "{name}");
        let y = fitted.transform(&new).unwrap();
        assert_eq!(column(&y, 1), [7.0, -7.0], "{name}: left alone");
        assert_eq!(column(&y, 0)[0], if name == "max_abs" { 1.0 } else { 0.0 }, "{name}: constant");
        assert_eq!(column(&y, 2)[0], 0.0, "{name}: zeros");
        let moved = match name {
            "max_abs" => 51.0,
            "uniform" | "normal" => 0.0,
            _ => 5.0,
        };
        assert!((column(&y, 0)[1] - moved).abs() < 1e-12, "{name}: {}", column(&y, 0)[1]);
    }
    let whitened = Whiten::pca().fit(&Tensor::from([[1.0, 5.0], [2.0, 5.0], [4.0, 5.0]])).unwrap();
    assert_eq!(whitened.rank(), 1);
    assert_eq!(column(&whitened.transform(&Tensor::from([[1.0, 9.0]])).unwrap(), 1), [0.0]);
    assert!(matches!(Whiten::zca().fit(&x), Err(DataError::Empty { .. })), "every row misses a value");
}

#[test]
fn huge_and_tiny_values() {
    let huge = Tensor::from([[1e300f64], [2e300], [3e300]]);
    let tiny = Tensor::from([[1e-310f64], [2e-310], [3e-310]]);
    for x in [&huge, &tiny] {
        let y = MinMax::default().fit(x).unwrap().transform(x).unwrap();
        assert!(y.as_slice().iter().zip([0.0, 0.5, 1.0]).all(|(a, b)| (a - b).abs() < 1e-12), "{y:?}");
        let y = Robust::default().fit(x).unwrap().transform(x).unwrap();
        assert!(y.as_slice().iter().zip([-1.0, 0.0, 1.0]).all(|(a, b)| (a - b).abs() < 1e-12), "{y:?}");
        let y = MaxAbs.fit(x).unwrap().transform(x).unwrap();
        assert!((y.as_slice()[0] - 1.0 / 3.0).abs() < 1e-12);
        let y = Quantile::default().fit(x).unwrap().transform(x).unwrap();
        assert_eq!(y.as_slice(), [0.0, 0.5, 1.0]);
        let rows = x.reshape([1, 3]);
        let y = RowNorm::L2.transform(&rows).unwrap();
        assert!((y.as_slice()[2] - 3.0 / 14f64.sqrt()).abs() < 1e-12);
        assert!(Power::default().fit(x).unwrap().transform(x).unwrap().is_finite());
    }
    let error = Standard::default().fit(&huge).unwrap_err();
    assert_eq!(
        error.to_string(),
        "Standard: column 0: expected squared deviations that an f64 holds, got inf; divide the column by a power of ten first"
    );
    assert!(matches!(Whiten::pca().fit(&huge), Err(DataError::Spread { column: 0, .. })));
    assert_eq!(Transform::<f64>::degenerate(&Standard::default().fit(&tiny).unwrap()).unwrap().constant, [0]);
    let widest = Tensor::from([[-1.5e308], [0.0], [1.5e308]]);
    assert!(matches!(MinMax::default().fit(&widest), Err(DataError::Spread { .. })));
    assert!(Robust::default().fit(&widest).is_ok());
    assert_eq!(Quantile::default().fit(&widest).unwrap().transform(&widest).unwrap().as_slice(), [0.0, 0.5, 1.0]);
}

#[test]
fn columns_beside_an_offset_keep_their_digits() {
    // E[x²] - E[x]² would be 0, or negative, in f32.
    let x = Tensor::from_fn([1000, 1], |i| 1e6f32 + (i % 5) as f32);
    let expected = [-1.0, -0.5, 0.0, 0.5, 1.0].map(|x: f64| x * 2f64.sqrt());
    let y = Standard::default().fit(&x).unwrap().transform(&x).unwrap();
    assert!(y.as_slice().iter().zip(expected.iter().cycle()).all(|(y, e)| (f64::from(*y) - e).abs() < 1e-6));
    let y = Whiten::pca().fit(&x).unwrap().transform(&x).unwrap();
    assert!(y.as_slice().iter().zip(expected.iter().cycle()).all(|(y, e)| (f64::from(*y) - e).abs() < 1e-3));
    let x = Tensor::from([[1e15], [1e15 + 1.0], [1e15 + 2.0]]);
    let y = Standard::default().fit(&x).unwrap().transform(&x).unwrap();
    assert!(y.as_slice().iter().zip([-1.5f64.sqrt(), 0.0, 1.5f64.sqrt()]).all(|(y, e)| (y - e).abs() < 1e-12));
}

#[test]
fn settings_outside_of_their_ranges() {
    let x = Tensor::from([[1.0, 2.0], [3.0, 1.0]]);
    for (low, high) in [(1.0, 1.0), (2.0, 1.0), (f64::NAN, 1.0), (0.0, f64::INFINITY)] {
        assert!(matches!(MinMax::to(low..=high).fit(&x), Err(DataError::Setting { .. })));
        assert!(matches!(Robust::between(low..=high).fit(&x), Err(DataError::Setting { .. })));
    }
    assert!(matches!(Robust::between(-0.1..=0.5).fit(&x), Err(DataError::Setting { .. })));
    assert!(Quantile::default().with_landmarks(1).fit(&x).is_err());
    for whiten in [Whiten::pca().with_components(0), Whiten::pca().with_components(3), Whiten::zca().with_epsilon(-1.0)]
    {
        assert!(matches!(whiten.fit(&x), Err(DataError::Setting { .. })));
    }
    assert!(Whiten::zca().with_shrinkage(f64::NAN).fit(&x).is_err());
}

#[test]
fn quantiles_of_ties_and_beyond() {
    let x = Tensor::from([[0.0], [0.0], [0.0], [1.0], [2.0], [2.0], [2.0], [3.0], [4.0]]);
    let fitted = Quantile::default().fit(&x).unwrap();
    let new = Tensor::from([[-1.0], [0.0], [1.0], [2.0], [2.5], [4.0], [5.0]]);
    // As scikit-learn: an extreme is 0 or 1, a tie between them the mean of its landmarks.
    assert_eq!(fitted.transform(&new).unwrap().as_slice(), [0.0, 0.0, 0.375, 0.625, 0.8125, 1.0, 1.0]);
}

#[test]
fn a_power_that_would_overflow_is_not_taken() {
    // Beside an offset the likelihood hardly depends on the power; a far one would overflow.
    let x = Tensor::from_fn([50, 2], |i| {
        if i % 2 == 0 { 1e6 + (i as f64).sin() } else { (i as f64 * 0.3).sin().exp() * 1e200 }
    });
    for power in [Power::yeo_johnson(), Power::box_cox()] {
        let fitted = power.fit(&x).unwrap();
        let y = fitted.transform(&x).unwrap();
        assert!(y.is_finite(), "{:?}", fitted.lambda());
        let back = fitted.inverse(&y).unwrap();
        assert!(
            back.as_slice().iter().zip(x.as_slice()).all(|(a, b)| (a / b - 1.0).abs() < 1e-3),
            "{:?}",
            fitted.lambda()
        );
    }
}
