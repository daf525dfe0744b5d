//! What every scaler promises, over random tables.

use evenkeel_data::scale::{MaxAbs, MinMax, Power, Quantile, Robust, RowNorm, Standard, Whiten};
use evenkeel_data::{Fit, FitBoxed, Tensor, Transform};
use proptest::prelude::*;

use super::{column, column_scalers, scalers};

/// Tables of a few columns with units and offsets of their own, of which about one value in eight is missing.
fn table(missing: bool) -> impl Strategy<Value = Tensor<f64>> {
    (2usize..60, 1usize..6).prop_flat_map(move |(rows, columns)| {
        let value = (prop::option::weighted(0.875, Just(())), -1f64..1.0)
            .prop_map(move |(here, x)| (here.is_some() || !missing).then_some(x));
        let values = prop::collection::vec(value, rows * columns);
        let units = prop::collection::vec((-3i32..4, -10f64..10.0), columns);
        (values, units).prop_map(move |(values, units)| {
            let in_units = |(at, value): (usize, Option<f64>)| {
                let (unit, offset) = units[at % columns];
                value.map_or(f64::NAN, |x| (x + offset) * 10f64.powi(unit))
            };
            Tensor::from_vec([rows, columns], values.into_iter().enumerate().map(in_units).collect()).unwrap()
        })
    })
}

fn close(a: f64, b: f64, tolerance: f64) -> bool {
    (a.is_nan() && b.is_nan()) || (a - b).abs() <= tolerance * (1.0 + b.abs())
}

fn present(x: &Tensor<f64>, j: usize) -> Vec<f64> {
    column(x, j).into_iter().filter(|x| !x.is_nan()).collect()
}

proptest! {
    #[test]
    fn the_inverse_gives_the_data_back(x in table(true)) {
        for (name, scaler) in column_scalers::<f64>() {
            let fitted = scaler.fit_boxed(&x).unwrap();
            let back = fitted.inverse(&fitted.transform(&x).unwrap()).unwrap();
            for j in 0..x.shape()[1] {
                let (x, back) = (column(&x, j), column(&back, j));
                let size = x.iter().filter(|x| !x.is_nan()).fold(0.0, |m: f64, x| m.max(x.abs()));
                // A power's asymptote takes digits, and Φ those of what is near 1: 1e-10 of the slope's 1e7 in the worst case.
                let tolerance = match name { "yeo_johnson" => 1e-7, "normal" => 1e-8, _ => 1e-13 };
                for (a, b) in x.iter().zip(&back) {
                    prop_assert!(a.is_nan() && b.is_nan() || (a - b).abs() <= tolerance * size, "{name}: {a} {b}");
                }
            }
        }
    }

    #[test]
    fn missing_values_are_left_out_and_stay(x in table(true)) {
        for (name, scaler) in column_scalers::<f64>() {
            let y = scaler.fit_boxed(&x).unwrap().transform(&x).unwrap();
            for j in 0..x.shape()[1] {
                let kept = present(&x, j);
                let missing = |x: &Tensor<f64>| column(x, j).into_iter().map(f64::is_nan).collect::<Vec<_>>();
                prop_assert_eq!(missing(&x), missing(&y), "{}", name);
                if !kept.is_empty() && name != "uniform" && name != "normal" {
                    // Where quantiles are taken, the number of landmarks is that of all rows.
                    let alone = Tensor::from_vec([kept.len(), 1], kept).unwrap();
                    let alone = scaler.fit_boxed(&alone).unwrap().transform(&alone).unwrap();
                    for (a, b) in alone.as_slice().iter().zip(present(&y, j)) {
                        prop_assert!(close(*a, b, 1e-6), "{name}: {a} {b}");
                    }
                }
            }
        }
    }

    #[test]
    fn columns_may_be_permuted(x in table(true)) {
        let columns = x.shape()[1];
        let turned = |x: &Tensor<f64>| Tensor::from_fn(x.shape(), |at| x.as_slice()[at / columns * columns + columns - 1 - at % columns]);
        for (name, scaler) in column_scalers::<f64>() {
            let straight = scaler.fit_boxed(&x).unwrap().transform(&x).unwrap();
            let other = scaler.fit_boxed(&turned(&x)).unwrap().transform(&turned(&x)).unwrap();
            let bits = |x: &Tensor<f64>| x.as_slice().iter().map(|x| x.to_bits()).collect::<Vec<_>>();
            prop_assert_eq!(bits(&turned(&straight)), bits(&other), "{}", name);
        }
    }

    #[test]
    fn units_do_not_matter(x in table(true), unit in -6i32..6, offset in -5f64..5.0) {
        // A power of two changes no digit; an offset rounds those that it takes.
        let scaled = x.map(|x| x * 2f64.powi(unit));
        for (name, scaler) in column_scalers::<f64>().into_iter().filter(|(name, _)| *name != "yeo_johnson") {
            let (y, z) = (scaler.fit_boxed(&x).unwrap().transform(&x).unwrap(), scaler.fit_boxed(&scaled).unwrap().transform(&scaled).unwrap());
            for (a, b) in y.as_slice().iter().zip(z.as_slice()) {
                prop_assert!(close(*a, *b, 1e-12), "{name}: {a} {b}");
            }
        }
        let moved = x.map(|x| x + offset);
        for scaler in [&MinMax::default() as &dyn evenkeel_data::FitBoxed<f64>, &Standard::default()] {
            let (y, z) = (scaler.fit_boxed(&x).unwrap(), scaler.fit_boxed(&moved).unwrap());
            let size = x.as_slice().iter().filter(|x| !x.is_nan()).fold(10.0, |m: f64, x| m.max(x.abs()));
            for j in 0..x.shape()[1] {
                let values = present(&x, j);
                let spread = values.iter().fold(f64::MIN, |m, x| m.max(*x)) - values.iter().fold(f64::MAX, |m, x| m.min(*x));
                let (y, z) = (y.transform(&x).unwrap(), z.transform(&moved).unwrap());
                for (a, b) in column(&y, j).iter().zip(column(&z, j)) {
                    // n epsilons of the offset, in units of the spread.
                    prop_assert!(spread < 1e-9 || close(*a, b, 100.0 * size * f64::EPSILON / spread), "{a} {b}");
                }
            }
        }
    }

    #[test]
    fn ranges_and_moments_are_those_promised(x in table(true)) {
        let min_max = MinMax::to(-2.0..=5.0).fit(&x).unwrap().transform(&x).unwrap();
        let standard = Standard::default().fit(&x).unwrap().transform(&x).unwrap();
        let robust = Robust::default().fit(&x).unwrap().transform(&x).unwrap();
        let power = Power::default().fit(&x).unwrap().transform(&x).unwrap();
        let uniform = Quantile::default().fit(&x).unwrap().transform(&x).unwrap();
        for j in 0..x.shape()[1] {
            let raw = present(&x, j);
            let distinct = raw.iter().any(|x| *x != raw[0]);
            if !distinct { continue; }
            let ends = |y: &Tensor<f64>| {
                let y = present(y, j);
                (y.iter().copied().fold(f64::MAX, f64::min), y.iter().copied().fold(f64::MIN, f64::max))
            };
            let (low, high) = ends(&min_max);
            prop_assert_eq!((low, high), (-2.0, 5.0));
            prop_assert_eq!(ends(&uniform), (0.0, 1.0));
            for (y, tolerance) in [(&standard, 1e-11), (&power, 1e-6)] {
                let y = present(y, j);
                let n = y.len() as f64;
                let mean = y.iter().sum::<f64>() / n;
                let variance = y.iter().map(|y| (y - mean).powi(2)).sum::<f64>() / n;
                prop_assert!(mean.abs() < tolerance && (variance - 1.0).abs() < tolerance, "{mean} {variance}");
            }
            let mut y = present(&robust, j);
            y.sort_by(f64::total_cmp);
            let (below, above) = (y.iter().filter(|y| **y < -1e-12).count(), y.iter().filter(|y| **y > 1e-12).count());
            prop_assert!(below.abs_diff(above) <= 1, "a median of 0: {below} below, {above} above");
        }
    }

    /// Both ends are exact, whatever their difference is rounded to.
    #[test]
    fn a_range_is_kept_to_the_bit(x in table(true), ends in (-1e3f64..1e3, -1e3f64..1e3)) {
        let (low, high) = (ends.0.min(ends.1), ends.0.max(ends.1));
        prop_assume!(low < high);
        let x = x.cast::<f32>();
        let fitted = MinMax::to(low..=high).fit(&x).unwrap();
        let (single, double) = (fitted.transform(&x).unwrap(), fitted.transform(&x.cast::<f64>()).unwrap());
        let (low32, high32) = (low as f32, high as f32);
        prop_assert!(single.as_slice().iter().all(|y| y.is_nan() || (low32..=high32).contains(y)));
        for j in 0..x.shape()[1] {
            let (raw, y) = (present(&x.cast(), j), present(&double, j));
            prop_assert!(y.iter().all(|y| (low..=high).contains(y)));
            if raw.iter().any(|x| *x != raw[0]) {
                prop_assert!(y.contains(&low) && y.contains(&high), "{y:?}");
            }
        }
    }

    /// In single precision the law holds to its rounding of the largest value, and of the deviation times what is lost in y.
    #[test]
    fn the_inverse_gives_single_precision_back(x in table(true)) {
        let x = x.cast::<f32>();
        let affine: [(&str, Box<dyn FitBoxed<f32>>); 4] = [
            ("min_max", Box::new(MinMax::to(-1.0..=1.0))),
            ("standard", Box::new(Standard::default())),
            ("robust", Box::new(Robust::default())),
            ("max_abs", Box::new(MaxAbs)),
        ];
        for (name, scaler) in affine {
            let fitted = scaler.fit_boxed(&x).unwrap();
            let y = fitted.transform(&x).unwrap();
            let back = fitted.inverse(&y).unwrap();
            for j in 0..x.shape()[1] {
                let largest = |x: &Tensor<f32>| present(&x.cast(), j).into_iter().fold(0.0, |m: f64, x| m.max(x.abs()));
                // The outer values of a robustly scaled column may be large; y's rounding comes back times the scale.
                let bound = f64::from(f32::EPSILON) * largest(&x) * 4.0;
                let (x, back) = (column(&x.cast(), j), column(&back.cast(), j));
                prop_assert!(x.iter().zip(&back).all(|(a, b)| a.is_nan() && b.is_nan() || (a - b).abs() <= bound), "{name}");
            }
        }
    }

    #[test]
    fn whitened_columns_are_uncorrelated(x in table(false)) {
        let (rows, d) = (x.shape()[0], x.shape()[1]);
        // Units apart, as the page says, so that every direction is far from rounding.
        let x = Standard::default().fit(&x).unwrap().transform(&x).unwrap();
        for settings in [Whiten::pca(), Whiten::zca()] {
            let fitted = settings.fit(&x).unwrap();
            prop_assume!(fitted.explained_variance().iter().all(|v| *v > 1e-6));
            let y = fitted.transform(&x).unwrap();
            let product = y.t().matmul(y.view());
            for i in 0..d {
                for j in 0..d {
                    let expected = if i == j { (rows - 1) as f64 } else { 0.0 };
                    prop_assert!((product.get(&[i, j]) - expected).abs() < 1e-7 * rows as f64);
                }
            }
            let back = fitted.inverse(&y).unwrap();
            prop_assert!((back - &x).norm() < 1e-9 * (1.0 + x.norm()));
            let shares: f64 = fitted.explained_variance_ratio().iter().sum();
            prop_assert!((shares - 1.0).abs() < 1e-12);
        }
    }

    #[test]
    fn rows_have_the_norm_1(x in table(true)) {
        let d = x.shape()[1];
        for kind in [RowNorm::L1, RowNorm::L2, RowNorm::Max] {
            let y = kind.transform(&x).unwrap();
            for (x, y) in x.as_slice().chunks(d).zip(y.as_slice().chunks(d)) {
                let present = || y.iter().filter(|y| !y.is_nan()).map(|y| y.abs());
                let norm = match kind {
                    RowNorm::L1 => present().sum(),
                    RowNorm::L2 => present().map(|y| y * y).sum::<f64>().sqrt(),
                    RowNorm::Max => present().fold(0.0, f64::max),
                };
                let zero = x.iter().all(|x| x.is_nan() || *x == 0.0);
                let expected = if zero { 0.0 } else { 1.0 };
                prop_assert!((norm - expected).abs() < 1e-14, "{norm}");
            }
            prop_assert!(kind.inverse(&y).is_err());
        }
    }
}

#[test]
fn names_of_columns() {
    let x = Tensor::from([[1.0, 2.0, 1.0], [2.0, 5.0, 0.0], [4.0, 1.0, 7.0]]);
    let names: Vec<String> = ["age", "height", "dose"].map(str::to_owned).into();
    for (name, scaler) in scalers::<f64>() {
        let fitted = scaler.fit_boxed(&x).unwrap();
        let expected = if name == "pca" { vec!["pca0", "pca1", "pca2"] } else { vec!["age", "height", "dose"] };
        assert_eq!(fitted.names(&names).unwrap(), expected, "{name}");
        assert_eq!(fitted.names(&names[..2]).is_err(), name != "row_norm", "{name}");
    }
}
