//! Features: their laws, and data as they should not be.

use std::f64::consts::TAU;

use evenkeel_data::feature::{Bins, Cyclic, DatePart, Dates, Elementwise, Extrapolation, Polynomial, Splines};
use evenkeel_data::{DataError, Fit, FitBoxed, Float, TableError, Tensor, Transform};
use proptest::prelude::*;

const NAN: f64 = f64::NAN;

/// Every kind of feature, with the columns that come out of two; the data are positive.
fn every<F: Float>() -> Vec<(&'static str, usize, Box<dyn FitBoxed<F>>)> {
    vec![
        ("polynomial", 5, Box::new(Polynomial::degree(2))),
        ("uniform bins", 2, Box::new(Bins::uniform(3))),
        ("quantile bins", 2, Box::new(Bins::quantile(3))),
        ("k-means bins", 2, Box::new(Bins::k_means(3))),
        ("given bins", 6, Box::new(Bins::at([2.0, 5.0]).one_hot())),
        ("splines", 14, Box::new(Splines::default())),
        ("linear splines", 14, Box::new(Splines::default().extrapolated(Extrapolation::Linear).by_quantiles())),
        ("periodic splines", 8, Box::new(Splines::default().extrapolated(Extrapolation::Periodic))),
        ("cyclic", 4, Box::new(Cyclic::period(7.0))),
        ("dates", 10, Box::new(Dates::of([DatePart::Year, DatePart::Days, DatePart::Hour]).cyclic([DatePart::Day]))),
        ("log1p", 2, Box::new(Elementwise::Log1p)),
        ("signed log", 2, Box::new(Elementwise::SignedLog)),
        ("sqrt", 2, Box::new(Elementwise::Sqrt)),
    ]
}

fn rows<F: Float>(n: usize) -> Tensor<F> {
    Tensor::from_fn([n, 2], |i| F::from_f64(5.0 + 4.9 * (i as f64 * 12.9898).sin()))
}

fn numbers(range: std::ops::Range<f64>) -> impl Strategy<Value = Vec<f64>> {
    prop::collection::vec(range, 2..50)
}

fn matrix(values: &[f64]) -> Tensor<f64> {
    Tensor::from_vec([values.len(), 1], values.to_vec()).unwrap()
}

proptest! {
    #[test]
    fn polynomials_are_the_products_of_their_names(x in prop::collection::vec(-2.0f64..2.0, 1..5), degree in 1usize..5, only: bool, bias: bool) {
        let mut settings = Polynomial::degree(degree);
        if only { settings = settings.interactions_only(); }
        if bias { settings = settings.with_bias(); }
        let data = Tensor::from_vec([1, x.len()], x.clone()).unwrap();
        let fitted = settings.fit(&data).unwrap();
        let y = fitted.transform(&data).unwrap();
        let names: Vec<String> = (0..x.len()).map(|j| format!("x{j}")).collect();
        let made = Transform::<f64>::names(&fitted, &names).unwrap();
        prop_assert_eq!(made.len(), y.shape()[1]);
        let mut different = made.clone();
        different.sort();
        different.dedup();
        prop_assert_eq!(different.len(), made.len());
        for (name, &value) in made.iter().zip(y.as_slice()) {
            let (mut product, mut powers) = (1.0, 0);
            for factor in name.split(' ').filter(|_| name != "1") {
                let (column, power) = factor.split_once('^').unwrap_or((factor, "1"));
                let (column, power): (usize, usize) = (column[1..].parse().unwrap(), power.parse().unwrap());
                prop_assert!(!only || power == 1);
                product *= x[column].powi(power as i32);
                powers += power;
            }
            prop_assert!(powers <= degree);
            prop_assert!((product - value).abs() <= 1e-13 * product.abs().max(1e-3), "{name}: {value} for {product}");
        }
        // (n + d choose d), or the sum of (n choose k).
        let choose = |n: usize, k: usize| (0..k).fold(1, |c, i| c * (n - i) / (i + 1));
        let n = x.len();
        let all = if only { (0..=degree.min(n)).map(|k| choose(n, k)).sum() } else { choose(n + degree, degree) };
        prop_assert_eq!(made.len(), all - 1 + usize::from(bias));
    }

    /// Splines are a partition of unity, none below 0, and Greville's abscissae (means of neighbouring knots) make the straight line.
    #[test]
    fn splines_sum_to_one_and_make_lines(x in numbers(-3.0..9.0), knots in 2usize..9, degree in 1usize..6, quantiles: bool, place in 0.0f64..1.0) {
        let settings = Splines::default().with_knots(knots).with_degree(degree);
        let settings = if quantiles { settings.by_quantiles() } else { settings };
        let fitted = settings.fit(&matrix(&x)).unwrap();
        let base = fitted.knots()[0].clone();
        prop_assume!(base.windows(2).all(|pair| pair[1] - pair[0] > 1e-3));
        let (low, high) = (base[0], base[knots - 1]);
        let at = low + place * (high - low);
        let y = fitted.transform(&matrix(&[at, low - 5.0, low, high, high + 1.0])).unwrap();
        let width = y.shape()[1];
        prop_assert_eq!(width, knots + degree - 1);
        for row in y.as_slice().chunks(width) {
            prop_assert!((row.iter().sum::<f64>() - 1.0).abs() < 1e-12);
            prop_assert!(row.iter().all(|b| *b >= -1e-15));
            prop_assert!(row.iter().filter(|b| **b != 0.0).count() <= degree + 1);
        }
        let row = |i: usize| &y.as_slice()[i * width..][..width];
        prop_assert_eq!(row(1), row(2), "constant below");
        prop_assert_eq!(row(3), row(4), "constant above");
        let knot = |i: i64| match i {
            i if i < 0 => low + i as f64 * (base[1] - low),
            i if i >= knots as i64 => high + (i - knots as i64 + 1) as f64 * (high - base[knots - 2]),
            i => base[i as usize],
        };
        // Spline j is over the knots j - degree to j + 1.
        let line = |row: &[f64]| -> f64 {
            let mean = |j: i64| (j - degree as i64 + 1..=j).map(knot).sum::<f64>() / degree as f64;
            row.iter().enumerate().map(|(j, b)| b * mean(j as i64)).sum()
        };
        prop_assert!((line(row(0)) - at).abs() < 1e-11 * (1.0 + high - low), "{} for {at}", line(row(0)));
        let linear = settings.extrapolated(Extrapolation::Linear).fit(&matrix(&x)).unwrap();
        let y = linear.transform(&matrix(&[low - 5.0, high + 7.0])).unwrap();
        prop_assert!((line(&y.as_slice()[..width]) - (low - 5.0)).abs() < 1e-9);
        prop_assert!((line(&y.as_slice()[width..]) - (high + 7.0)).abs() < 1e-9);
    }

    #[test]
    fn periodic_splines_and_circles_repeat(x in numbers(0.0..10.0), at in -3.0f64..13.0, periods in -4i32..4) {
        let splines = Splines::default().with_knots(6).extrapolated(Extrapolation::Periodic).fit(&matrix(&x)).unwrap();
        let base = &splines.knots()[0];
        let period = base[5] - base[0];
        prop_assume!(period > 0.1);
        let near = |y: Tensor<f64>, n: usize| (0..n).all(|i| (y.as_slice()[i] - y.as_slice()[n + i]).abs() < 1e-9);
        let both = matrix(&[at, at + f64::from(periods) * period]);
        let y = splines.transform(&both).unwrap();
        prop_assert!((y.as_slice()[..5].iter().sum::<f64>() - 1.0).abs() < 1e-12);
        prop_assert!(near(y, 5));
        let circle = Cyclic::period(period).transform(&both).unwrap();
        let (sin, cos) = (circle.get(&[0, 0]), circle.get(&[0, 1]));
        prop_assert!((sin * sin + cos * cos - 1.0).abs() < 1e-15);
        prop_assert!((sin - (at / period * TAU).sin()).abs() < 1e-12);
        prop_assert!(near(circle, 2));
    }

    #[test]
    fn a_value_lies_in_its_bin(x in numbers(-9.0..9.0), new in -12.0f64..12.0, bins in 2usize..8) {
        let data = matrix(&x);
        for settings in [Bins::uniform(bins), Bins::quantile(bins), Bins::k_means(bins), Bins::at([-1.0, 0.5, 3.0])] {
            let fitted = settings.clone().fit(&data).unwrap();
            let edges = &fitted.edges()[0];
            prop_assert!(edges.windows(2).all(|pair| pair[0] < pair[1]));
            prop_assert!(edges.len() < bins.max(4));
            let bin = fitted.transform(&matrix(&[new])).unwrap().item() as usize;
            prop_assert!(bin == 0 || edges[bin - 1] <= new);
            prop_assert!(bin == edges.len() || new < edges[bin]);
            let hot = settings.one_hot().fit(&data).unwrap();
            let row = hot.transform(&matrix(&[new])).unwrap();
            let expected: Vec<f64> = (0..=edges.len()).map(|i| f64::from(u8::from(i == bin))).collect();
            prop_assert_eq!(row.as_slice(), &expected[..]);
            prop_assert_eq!(Transform::<f64>::names(&hot, &["x".into()]).unwrap().len(), edges.len() + 1);
        }
    }

    /// The ends of k-means: each edge is in the middle of the means of its sides, and no value is better elsewhere.
    #[test]
    fn k_means_has_come_to_rest(x in numbers(-9.0..9.0), bins in 2usize..6) {
        let fitted = Bins::k_means(bins).fit(&matrix(&x)).unwrap();
        let y = fitted.transform(&matrix(&x)).unwrap();
        let edges = &fitted.edges()[0];
        let means: Vec<f64> = (0..=edges.len()).map(|bin| {
            let of: Vec<f64> = x.iter().zip(y.as_slice()).filter(|(_, b)| **b == bin as f64).map(|(x, _)| *x).collect();
            of.iter().sum::<f64>() / of.len() as f64
        }).collect();
        prop_assert_eq!(edges.len() + 1, bins.min(x.len()));
        for (edge, pair) in edges.iter().zip(means.windows(2)) {
            prop_assert!((edge - 0.5 * (pair[0] + pair[1])).abs() < 1e-12, "{edge} of {means:?}");
        }
    }

    #[test]
    fn elementwise_functions_are_undone(x in numbers(0.0..1e6)) {
        let x = matrix(&x);
        for f in [Elementwise::Log1p, Elementwise::SignedLog, Elementwise::Sqrt] {
            let back = f.inverse(&f.transform(&x).unwrap()).unwrap();
            // A logarithm of up to 14 has lost 14 units of the value.
            let is_near = |(a, b): (&f64, &f64)| (a - b).abs() <= 32.0 * f64::EPSILON * (1.0 + b);
            prop_assert!(back.as_slice().iter().zip(x.as_slice()).all(is_near));
        }
        let signed = Elementwise::SignedLog;
        prop_assert_eq!(signed.transform(&(&x * -1.0)).unwrap(), &signed.transform(&x).unwrap() * -1.0);
    }
}

#[test]
fn quantile_bins_hold_equally_many() {
    let x = matrix(&(0..103).map(|i| f64::from(i * 37 % 103).exp2()).collect::<Vec<_>>());
    let bins = Bins::quantile(5).fit(&x).unwrap().transform(&x).unwrap();
    let counts: Vec<usize> =
        (0..5).map(|bin| bins.as_slice().iter().filter(|b| **b == f64::from(bin)).count()).collect();
    assert!(counts.iter().all(|count| [20, 21].contains(count)), "{counts:?}");
    let ties = matrix(&[1.0, 1.0, 1.0, 1.0, 2.0, 3.0, 3.0, 3.0]);
    assert_eq!(Bins::quantile(4).fit(&ties).unwrap().edges()[0], [1.5]);
}

#[test]
fn k_means_moves_centres_without_values() {
    // From equal distances the centre in the gap has nothing.
    let x = matrix(&[0.0, 0.1, 0.2, 5.0, 5.1, 100.0, 100.1]);
    let fitted = Bins::k_means(3).fit(&x).unwrap();
    assert_eq!(fitted.transform(&x).unwrap().as_slice(), [0.0, 0.0, 0.0, 1.0, 1.0, 2.0, 2.0]);
}

#[test]
fn parts_of_dates_on_the_circle_meet_at_the_ends() {
    let day = 86_400.0;
    let at = |part, seconds: f64| Dates::default().cyclic([part]).transform(&matrix(&[seconds])).unwrap();
    let angle = |part, seconds| {
        let y = at(part, seconds);
        y.get(&[0, 0]).atan2(y.get(&[0, 1])).rem_euclid(TAU) / TAU
    };
    // 2024-02-29 is the last of 29 days of its month, and the 60th of 366.
    let leap = 1_709_164_800.0;
    for (part, seconds, expected) in [
        (DatePart::Day, leap, 28.0 / 29.0),
        (DatePart::DayOfYear, leap, 59.0 / 366.0),
        (DatePart::Month, leap, 1.0 / 12.0),
        (DatePart::Day, leap - 365.0 * day, 0.0),
        (DatePart::Weekday, 3.0 * day, 6.0 / 7.0),
        (DatePart::Weekday, 4.0 * day, 0.0),
        (DatePart::Hour, -0.5, 23.0 / 24.0),
    ] {
        assert!((angle(part, seconds) - expected).abs() < 1e-14, "{part} {seconds}: {}", angle(part, seconds));
    }
    let days = Dates::of([DatePart::Days]).transform(&matrix(&[-0.5 * day])).unwrap();
    assert_eq!(days.item(), -0.5);
}

#[test]
fn shapes() {
    for (name, width, feature) in every::<f64>() {
        assert!(matches!(feature.fit_boxed(&Tensor::zeros([0, 2])), Err(DataError::Empty { .. })), "{name}: no rows");
        assert!(matches!(feature.fit_boxed(&Tensor::zeros([2])), Err(DataError::Shape(_))), "{name}: a vector");
        for rows in [Tensor::from([[1.0, 2.0]]), Tensor::from([[3.0, 3.0], [3.0, 3.0]]), rows::<f64>(30)] {
            let fitted = feature.fit_boxed(&rows).unwrap_or_else(|error| panic!("{name}: {error}"));
            let y = fitted.transform(&rows).unwrap();
            assert!(y.is_finite(), "{name}: one row, or constant columns");
            assert_eq!(y.shape()[0], rows.shape()[0]);
            let names = fitted.names(&["a".into(), "b".into()]).unwrap();
            assert_eq!(names.len(), y.shape()[1], "{name}");
            assert_eq!(fitted.transform(&Tensor::zeros([0, 2])).unwrap().shape(), [0, names.len()].into(), "{name}");
        }
        let fitted = feature.fit_boxed(&rows(30)).unwrap();
        assert_eq!(fitted.transform(&rows(30)).unwrap().shape()[1], width, "{name}");
        if fitted.columns().is_some() {
            assert!(
                matches!(fitted.transform(&Tensor::zeros([2, 3])), Err(DataError::Table(TableError::Columns { .. }))),
                "{name}"
            );
            assert!(matches!(fitted.names(&[]), Err(DataError::Table(TableError::Columns { .. }))), "{name}");
        }
    }
}

#[test]
fn nothing_comes_of_no_columns() {
    let nothing = Tensor::zeros([3, 0]);
    for (name, _, feature) in every::<f64>() {
        let fitted = feature.fit_boxed(&nothing).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(fitted.transform(&nothing).unwrap(), nothing, "{name}");
    }
    let bias = Polynomial::degree(2).with_bias().fit(&nothing).unwrap();
    assert_eq!(bias.transform(&nothing).unwrap(), Tensor::ones([3, 1]));
}

#[test]
fn single_precision_is_double_precision_rounded() {
    let x = rows::<f32>(50);
    for ((name, _, single), (_, _, double)) in every::<f32>().into_iter().zip(every::<f64>()) {
        let single = single.fit_boxed(&x).unwrap().transform(&x).unwrap();
        let double = double.fit_boxed(&x.cast()).unwrap().transform(&x.cast()).unwrap();
        // Products of two, and what is computed in f64 and rounded once.
        let is_near =
            |(a, b): (&f32, &f64)| (f64::from(*a) - b).abs() <= 4.0 * f64::from(f32::EPSILON) * b.abs().max(1.0);
        assert!(single.as_slice().iter().zip(double.as_slice()).all(is_near), "{name}");
    }
}

#[test]
fn missing_values_stay_and_infinite_ones_are_refused() {
    for (name, _, feature) in every::<f64>() {
        let fitted = feature.fit_boxed(&Tensor::from([[1.0, NAN], [2.0, NAN], [NAN, NAN], [4.0, NAN]])).unwrap();
        let y = fitted.transform(&Tensor::from([[3.0, NAN]])).unwrap();
        let of_first = if name == "polynomial" { 1 } else { y.shape()[1] / 2 };
        let of_first = if name.ends_with("bins") && name != "given bins" { 1 } else { of_first };
        assert!(y.as_slice()[0].is_finite(), "{name}: {y:?}");
        let missing = y.as_slice().iter().filter(|y| y.is_nan()).count();
        // Of the polynomial's five, a and a² are known.
        let expected = if name == "polynomial" { 3 } else { y.as_slice().len() - of_first };
        assert_eq!(missing, expected, "{name}: {y:?}");
        let mut bad = Tensor::from([[1.0, 1.0], [1.0, f64::NEG_INFINITY]]);
        assert!(
            matches!(feature.fit_boxed(&bad), Err(DataError::Table(TableError::Value { row: 1, column: 1, .. }))),
            "{name}"
        );
        let before = bad.clone();
        assert!(
            matches!(
                fitted.transform_in_place(&mut bad),
                Err(DataError::Table(TableError::Value { row: 1, column: 1, .. }))
            ),
            "{name}"
        );
        assert_eq!(bad, before, "{name}: after an error nothing is changed");
    }
}

#[test]
fn huge_values() {
    let x = Tensor::from([[1e200, 1.0], [2e200, 2.0]]);
    let error = Polynomial::degree(2).fit(&x).unwrap().transform(&x).unwrap_err();
    assert_eq!(
        error.to_string(),
        "Polynomial: row 0, new column 2: expected a finite value, got inf; scale the columns first"
    );
    let single = Tensor::from([[1e30f32], [2e30]]);
    assert!(matches!(
        Polynomial::degree(2).fit(&single).unwrap().transform(&single),
        Err(DataError::Table(TableError::Overflow { .. }))
    ));
    assert!(Splines::default().fit(&single).unwrap().transform(&single).unwrap().is_finite());
    assert_eq!(Bins::uniform(2).fit(&single).unwrap().transform(&single).unwrap().as_slice(), [0.0, 1.0]);
    for settings in [Bins::uniform(3), Bins::k_means(3)] {
        let widest = Tensor::from([[-1.5e308], [0.0], [1.5e308]]);
        assert!(matches!(settings.fit(&widest), Err(DataError::Table(TableError::Spread { .. }))));
    }
    // The knots beyond the extremes are what an f64 does not hold.
    let wide = Tensor::from([[-8e307], [0.0], [8e307]]);
    assert!(matches!(Splines::default().with_knots(2).fit(&wide), Err(DataError::Table(TableError::Spread { .. }))));
    let error = Dates::of([DatePart::Year]).fit(&Tensor::from([[1e30]])).unwrap_err();
    assert!(error.to_string().contains("seconds within 100 million days of 1970"), "{error}");
    // An offset of 1e6 in f32 leaves 1/16 of a unit.
    let offset = Tensor::from_fn([100, 1], |i| 1e6 + i as f32);
    let bins = Bins::uniform(4).fit(&offset).unwrap().transform(&offset).unwrap();
    assert!((0..4).all(|bin| bins.as_slice().iter().filter(|b| **b == bin as f32).count() == 25));
}

#[test]
fn settings_outside_of_their_ranges() {
    let x = rows::<f64>(10);
    let is_setting = |result: Result<_, DataError>| matches!(result, Err(DataError::Setting { .. }));
    for degree in [2_000, 1_000_000_000, usize::MAX] {
        assert!(is_setting(Polynomial::degree(degree).fit(&x).map(drop)));
        assert!(is_setting(
            Polynomial::degree(degree).interactions_only().fit(&Tensor::<f64>::zeros([1, 60])).map(drop)
        ));
    }
    assert!(is_setting(Polynomial::degree(0).fit(&x).map(drop)));
    assert_eq!(Polynomial::degree(0).with_bias().fit(&x).unwrap().transform(&x).unwrap(), Tensor::ones([10, 1]));
    // More degrees than columns make no more interactions.
    assert_eq!(
        Polynomial::degree(usize::MAX).interactions_only().fit(&x).unwrap().transform(&x).unwrap().shape(),
        [10, 3].into()
    );
    for bins in [0, 1, usize::MAX] {
        for settings in [Bins::uniform(bins), Bins::quantile(bins), Bins::k_means(bins)] {
            assert!(is_setting(settings.one_hot().fit(&x).map(drop)));
        }
    }
    for edges in [vec![1.0, 1.0], vec![2.0, 1.0], vec![NAN], vec![0.0, f64::INFINITY]] {
        assert!(is_setting(Bins::at(edges).fit(&x).map(drop)));
    }
    for (knots, degree) in [(0, 3), (1, 3), (5, 9), (usize::MAX, 3), (1 << 20, 3), (5, usize::MAX)] {
        assert!(
            is_setting(Splines::default().with_knots(knots).with_degree(degree).fit(&x).map(drop)),
            "{knots} {degree}"
        );
    }
    let periodic = Splines::default().extrapolated(Extrapolation::Periodic);
    assert!(is_setting(periodic.with_knots(3).with_degree(3).fit(&x).map(drop)));
    for period in [0.0, -1.0, NAN, f64::INFINITY] {
        assert!(is_setting(Cyclic::period(period).fit(&x).map(drop)));
        assert!(is_setting(Cyclic::period(period).transform(&x).map(drop)));
    }
    assert!(matches!(Dates::default().fit(&x), Err(DataError::Table(TableError::NoColumnsLeft { .. }))));
    assert!(matches!(
        Dates::default().cyclic([DatePart::Year]).fit(&x),
        Err(DataError::Table(TableError::Column { .. }))
    ));
    for (f, bad) in [(Elementwise::Log1p, -1.0), (Elementwise::Sqrt, -1e-300)] {
        let bad = Tensor::from([[0.0, 1.0], [bad, 0.0]]);
        assert!(matches!(f.fit(&bad), Err(DataError::Table(TableError::Value { row: 1, column: 0, .. }))));
        assert!(matches!(f.transform(&bad), Err(DataError::Table(TableError::Value { row: 1, column: 0, .. }))));
    }
    assert!(matches!(
        Elementwise::Log1p.inverse(&Tensor::from([[1e4]])),
        Err(DataError::Table(TableError::Overflow { .. }))
    ));
}

#[test]
fn degenerate_columns_are_reported() {
    let x = Tensor::from([[1.0, NAN, 5.0], [2.0, NAN, 5.0], [4.0, NAN, 5.0]]);
    let settings: [Box<dyn FitBoxed<f64>>; 4] = [
        Box::new(Bins::uniform(2)),
        Box::new(Bins::quantile(2)),
        Box::new(Bins::k_means(2)),
        Box::new(Splines::default()),
    ];
    for settings in settings {
        let fitted = settings.fit_boxed(&x).unwrap();
        let degenerate = fitted.degenerate().unwrap();
        assert_eq!((&degenerate.constant[..], &degenerate.missing[..]), (&[2][..], &[1][..]));
        let y = fitted.transform(&Tensor::from([[1.0, 7.0, 9.0]])).unwrap();
        let width = y.shape()[1] / 3;
        assert!(y.as_slice()[width..].iter().all(|y| *y == 0.0), "{y:?}");
    }
}

#[test]
fn the_same_bits_at_any_number_of_threads() {
    let bits = |feature: &dyn FitBoxed<f64>| {
        let x = rows(20_000);
        let fitted = feature.fit_boxed(&x).unwrap();
        let y = fitted.transform(&x).unwrap();
        (format!("{fitted:?}"), y.as_slice().iter().map(|y| y.to_bits()).collect::<Vec<_>>())
    };
    let pool = |n| rayon::ThreadPoolBuilder::new().num_threads(n).build().unwrap();
    let pools = [1, 3].map(pool);
    for (name, _, feature) in every::<f64>() {
        let [one, three] = pools.each_ref().map(|pool| pool.install(|| bits(&*feature)));
        assert!(one == three, "{name}");
    }
}

/// A distance of 1.8e308 from the first knot is more than an f64 holds, the place on the circle is not.
#[test]
fn periodic_splines_have_a_place_for_any_value() {
    let splines =
        Splines::default().extrapolated(Extrapolation::Periodic).fit(&matrix(&[1e307, 2e307, 3e307])).unwrap();
    let y = splines.transform(&matrix(&[-1.75e308, -1e300, 1.2e308])).unwrap();
    for row in y.as_slice().chunks(y.shape()[1]) {
        assert!((row.iter().sum::<f64>() - 1.0).abs() < 1e-12, "{row:?}");
    }
}

#[test]
fn a_square_root_is_not_negative() {
    let back = Elementwise::Sqrt.inverse(&matrix(&[2.0, -4.4e-16, -3.0, -0.0])).unwrap();
    assert_eq!(back, matrix(&[4.0, 0.0, 0.0, 0.0]));
    assert!(Elementwise::Sqrt.inverse(&matrix(&[NAN])).unwrap().as_slice()[0].is_nan());
    assert_eq!(Elementwise::SignedLog.inverse(&matrix(&[0.0])).unwrap(), matrix(&[0.0]));
    for degree in [65, 100_000, usize::MAX] {
        assert!(matches!(Polynomial::degree(degree).fit(&matrix(&[2.0])), Err(DataError::Setting { .. })), "{degree}");
    }
}
