//! Data as they should not be.

use evenkeel_data::scale::{MaxAbs, MinMax, Power, Quantile, Robust, RowNorm, Standard, Whiten};
use evenkeel_data::{DataError, Fit, TableError, Tensor, Transform};

use super::{column, column_scalers, scalers};

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
            assert!(
                matches!(error, DataError::Table(TableError::Columns { expected: 3, got: 4, .. })),
                "{name}: {error}"
            );
        }
    }
}

#[test]
fn infinite_values_are_refused_and_nothing_is_changed() {
    for (name, scaler) in scalers::<f64>() {
        let good = Tensor::from([[1.0, 2.0], [3.0, 5.0], [4.0, -1.0]]);
        let bad = Tensor::from([[1.0, f64::NAN], [3.0, 5.0], [f64::NEG_INFINITY, f64::INFINITY]]);
        let is_right = |e: DataError| matches!(e, DataError::Table(TableError::Value { row: 2, column: 0, .. }));
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
fn a_range_does_not_move_columns_without_values() {
    let nan = f64::NAN;
    let x = Tensor::from([[1.0, nan], [2.0, nan]]);
    // 1 less than this would be rounded.
    let odd = 2f64.powi(53) + 2.0;
    let new = Tensor::from([[1.5, odd], [9.0, -7.0]]);
    for (settings, beyond) in [(MinMax::to(-1.0..=3.0), 31.0), (MinMax::to(-1.0..=3.0).clipped(), 3.0)] {
        let fitted = settings.fit(&x).unwrap();
        let y = fitted.transform(&new).unwrap();
        assert_eq!(y, Tensor::from([[1.0, odd], [beyond, -7.0]]));
        let back = fitted.inverse(&y).unwrap();
        assert_eq!(column(&back, 1), [odd, -7.0]);
        let mut in_place = new.clone();
        fitted.transform_in_place(&mut in_place).unwrap();
        assert_eq!(in_place, y);
    }
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
    // Odd multiples of the smallest number, which have no halves.
    let tiniest = Tensor::from([3, 4, 5].map(|n| [f64::from_bits(n)]));
    let y = Quantile::default().with_landmarks(2).fit(&tiniest).unwrap().transform(&tiniest).unwrap();
    assert_eq!(y.as_slice(), [0.0, 0.5, 1.0]);
    let error = Standard::default().fit(&huge).unwrap_err();
    assert_eq!(
        error.to_string(),
        "Standard: column 0: expected squared deviations that an f64 holds, got inf; divide the column by a power of ten first"
    );
    assert!(matches!(Whiten::pca().fit(&huge), Err(DataError::Table(TableError::Spread { column: 0, .. }))));
    assert_eq!(Transform::<f64>::degenerate(&Standard::default().fit(&tiny).unwrap()).unwrap().constant, [0]);
    let widest = Tensor::from([[-1.5e308], [0.0], [1.5e308]]);
    assert!(matches!(MinMax::default().fit(&widest), Err(DataError::Table(TableError::Spread { .. }))));
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

/// Multiples of 2^-10, to which 1e9 can be added without rounding: so what is scaled is the same to its last digits.
#[test]
fn an_offset_of_a_billion() {
    let wave = |i: usize| ((i as f64 * 0.7).sin() * 1024.0).round() / 1024.0 + f64::from(u8::from(i.is_multiple_of(7)));
    let near = Tensor::from_fn([500, 2], wave);
    let far = near.map(|x| x + 1e9);
    for (name, scaler) in scalers::<f64>() {
        let of = |x: &Tensor<f64>| {
            let fitted = scaler.fit_boxed(x).unwrap();
            let y = fitted.transform(x).unwrap();
            (fitted.inverse(&y), y)
        };
        let ((_, y), (back, z)) = (of(&near), of(&far));
        let distance = |a: &Tensor<f64>, b: &Tensor<f64>| {
            a.as_slice().iter().zip(b.as_slice()).fold(0.0, |m: f64, (a, b)| m.max((a - b).abs()))
        };
        // A mean is rounded to 1.2e-7, those of the blocks for a covariance too; deviations of logarithms to 4e-6.
        let tolerance = match name {
            "standard" => 1.2e-7,
            "pca" | "zca" => 1e-6,
            "max_abs" | "row_norm" | "yeo_johnson" => f64::INFINITY,
            _ => 1e-12,
        };
        assert!(distance(&y, &z) <= tolerance, "{name}: {}", distance(&y, &z));
        assert!(name == "row_norm" || distance(&back.unwrap(), &far) < 1e-4, "{name}");
        if name == "yeo_johnson" {
            let n = 500.0;
            for j in 0..2 {
                let z = column(&z, j);
                let mean = z.iter().sum::<f64>() / n;
                let variance = z.iter().map(|z| (z - mean).powi(2)).sum::<f64>() / n;
                assert!(mean.abs() < 1e-6 && (variance - 1.0).abs() < 1e-6, "{mean} {variance}");
            }
        }
    }
}

#[test]
fn the_ends_of_single_precision() {
    let ends = Tensor::from([[1e30f32, -3e-45, 1e30], [2e30, 1e-45, -2e30], [4e30, 7e-45, 3e38], [8e30, 0.0, -3e38]]);
    for (name, scaler) in scalers::<f32>() {
        let fitted = scaler.fit_boxed(&ends).unwrap();
        let y = fitted.transform(&ends).unwrap();
        assert!(y.is_finite(), "{name}: {y}");
        let mut of_columns = y.as_slice().chunks(3);
        assert!(of_columns.next() != of_columns.next(), "{name}");
        // Rotations mix the columns, and so lose what is beside 1e38; powers are known by their logarithms.
        if !matches!(name, "row_norm" | "pca" | "zca" | "yeo_johnson") {
            let back = fitted.inverse(&y).unwrap();
            for j in 0..3 {
                let of = |x: &Tensor<f32>| column(&x.cast(), j);
                let largest = of(&ends).into_iter().fold(0.0, |m: f64, x| m.max(x.abs()));
                for (a, b) in of(&ends).into_iter().zip(of(&back)) {
                    // A distance of 1e-45, the smallest, is that rounding too.
                    assert!((a - b).abs() <= (1e-5 * largest).max(1.5e-45), "{name}, column {j}: {a} {b}");
                }
            }
        }
    }
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
