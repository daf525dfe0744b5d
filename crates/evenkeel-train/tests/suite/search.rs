//! The search for a penalty's weight: ridge regression in closed form, choices on constructed tables, refusals.

use std::io;

use evenkeel_data::{DataError, Dataset};
use evenkeel_init::{InitializerExt, Normal};
use evenkeel_tensor::{Seed, Tensor};
use evenkeel_train::report::Report;
use evenkeel_train::search::{Fitted, LambdaReport, LambdaSearch, Minimum, SearchError, log_range};
use nalgebra::{DMatrix, DVector};
use proptest::prelude::*;

const FEATURES: usize = 20;
const NOISE: f64 = 2.0;

/// y = x . w + noise, with x and w standard normal: the posterior mean is ridge regression with λ n = noise² / 1.
fn linear(samples: usize, seed: u64) -> Dataset {
    let gaussian = |shape: [usize; 2], name: &str| {
        Normal::new(0.0, 1.0).tensor::<f64>(shape, Seed(seed).stream(name)).expect("a standard deviation above 0")
    };
    let (x, w) = (gaussian([samples, FEATURES], "x"), gaussian([1, FEATURES], "w"));
    let dot = |row: &[f64]| row.iter().zip(w.as_slice()).map(|(x, w)| x * w).sum::<f64>();
    let noise = gaussian([samples, 1], "noise");
    let rows = x.as_slice().chunks(FEATURES).zip(noise.as_slice());
    let y: Vec<f64> = rows.map(|(row, noise)| dot(row) + NOISE * noise).collect();
    Dataset::regression(x, Tensor::from_vec([samples, 1], y).unwrap()).unwrap()
}

fn matrices(data: &Dataset) -> (DMatrix<f64>, DVector<f64>) {
    let batch = data.batch::<f64>(&Vec::from_iter(0..data.len()));
    let x = DMatrix::from_row_slice(data.len(), FEATURES, batch.inputs.as_slice());
    (x, DVector::from_row_slice(batch.targets.values().unwrap().as_slice()))
}

/// The minimum of |y - X w|² / n + λ |w|², and its errors.
fn ridge(lambda: f64, train: &Dataset, validation: &Dataset) -> Result<Fitted, &'static str> {
    let (x, y) = matrices(train);
    let system = x.transpose() * &x + DMatrix::identity(FEATURES, FEATURES) * (lambda * x.nrows() as f64);
    let w = system.cholesky().ok_or("not positive definite")?.solve(&(x.transpose() * &y));
    let error = |(x, y): &(DMatrix<f64>, DVector<f64>)| (y - x * &w).norm_squared() / y.len() as f64;
    let weights = w.iter().enumerate().map(|(i, &w)| (format!("w{i}"), w));
    Ok(Fitted::new(error(&(x, y)), error(&matrices(validation))).weights(weights))
}

#[test]
fn ridge_regression_has_its_best_lambda_inside() {
    // Bayes: λ = noise² / n = 4 / 32 = 0.125 for a training part of 4/5 of 40, were the data many. Of a single draw the minimum is
    // elsewhere, but well inside of four decades on both sides.
    let search = LambdaSearch::new(log_range(1e-5, 1e3, 25).unwrap()).seeds((0..5).map(Seed)).with_zero();
    let mut logs = Vec::new();
    for seed in 0..6 {
        let data = linear(40, seed);
        let report = search.run(&data, |lambda, train, validation, _| ridge(lambda, train, validation)).unwrap();
        assert_eq!(report.minimum(), Minimum::Inside, "{report}");
        assert!(report.one_standard_error().lambda >= report.best().lambda);
        logs.push(report.best().lambda.ln());
        let points = report.points();
        assert_eq!((points.len(), points[0].lambda), (26, 0.0));
        // The training error of a ridge rises with λ in every fold, and so its mean.
        assert!(points.is_sorted_by(|a, b| a.train.mean <= b.train.mean), "{report}");
        // A U: much worse at the largest, worse at none.
        let best = report.best().validation.mean;
        assert!(points[25].validation.mean > 1.5 * best && points[0].validation.mean > 1.02 * best, "{report}");
        // The norm of the weights falls.
        let norm = |at: usize| report.weight_paths().iter().map(|(_, path)| path[at].1.powi(2)).sum::<f64>();
        assert!((1..26).all(|at| norm(at) <= norm(at - 1)));
        assert_eq!(report.weight_paths().len(), FEATURES);
    }
    let typical = (logs.iter().sum::<f64>() / logs.len() as f64).exp();
    assert!((0.0125..1.25).contains(&typical), "the geometric mean of the best λ is {typical}");
}

#[test]
fn the_same_search_gives_the_same_report_at_any_number_of_threads() {
    let data = linear(30, 1);
    let search = LambdaSearch::new([0.1, 1.0]).seeds([Seed(3), Seed(4)]);
    let run = || search.run(&data, |lambda, train, validation, _| ridge(lambda, train, validation)).unwrap();
    let expected = run();
    for threads in [1, 3] {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        assert_eq!(pool.install(run), expected);
    }
}

/// A search whose fold errors are given: each λ with its errors.
fn of_table(table: &[(f64, &[f64])]) -> LambdaReport {
    let folds = table[0].1.len();
    let data = Dataset::regression(Tensor::<f64>::zeros([folds, 1]), Tensor::<f64>::zeros([folds, 1])).unwrap();
    let mut calls = 0;
    let search = LambdaSearch::new(table.iter().map(|row| row.0)).folds(folds);
    let report = search.run(&data, |lambda, _, _, _| {
        let (_, errors) = table.iter().find(|row| row.0 == lambda).unwrap();
        calls += 1;
        Ok::<_, io::Error>(Fitted::new(0.0, errors[(calls - 1) % folds]))
    });
    report.unwrap()
}

#[test]
fn the_largest_within_one_standard_error_is_chosen() {
    // Means 6, 4, 4.5, 4.9, 5.1 and 9; of the best the deviation is 2 and the standard error 2 / √4 = 1.
    let deviate = |mean: f64, by: f64| [mean - by, mean + by, mean - by, mean + by];
    let best = deviate(4.0, 3f64.sqrt());
    let rows =
        [(1.0, 6.0), (3.0, 4.5), (4.0, 5.0), (5.0, 5.1), (6.0, 9.0)].map(|(lambda, mean)| (lambda, deviate(mean, 0.1)));
    let mut table: Vec<(f64, &[f64])> = rows.iter().map(|(lambda, errors)| (*lambda, &errors[..])).collect();
    table.push((2.0, &best));
    let report = of_table(&table);
    let validation = report.best().validation;
    assert_eq!((report.best().lambda, validation.mean), (2.0, 4.0));
    assert!((validation.standard_error - 1.0).abs() < 1e-15);
    assert_eq!((report.one_standard_error().lambda, report.minimum()), (4.0, Minimum::Inside));
    assert!(report.points().is_sorted_by(|a, b| a.lambda < b.lambda));
    let text = report.to_string();
    assert!(text.contains("2.00e0  0.0000 ± 0.0000  4.0000 ± 1.0000  best\n"), "{text}");
    assert!(text.contains("within one standard error: λ = 4.00e0"), "{text}");
}

#[test]
fn the_ends_of_the_range_are_told() {
    let falling = of_table(&[(1.0, &[3.0, 3.1]), (2.0, &[2.0, 2.1]), (3.0, &[1.0, 1.1])]);
    assert_eq!((falling.minimum(), falling.best().lambda), (Minimum::AtLargest, 3.0));
    assert!(falling.to_string().contains("widen the range upwards"));
    let rising = of_table(&[(1.0, &[1.0, 1.1]), (2.0, &[2.0, 2.1])]);
    assert_eq!(rising.minimum(), Minimum::AtSmallest);
    assert!(rising.to_string().contains("widen the range downwards"));
    let none = of_table(&[(0.0, &[1.0, 1.1]), (2.0, &[2.0, 2.1])]);
    assert!(none.minimum() == Minimum::AtSmallest && none.to_string().contains("without a penalty"));
    // Of equal errors the larger λ.
    let flat = of_table(&[(1.0, &[1.0, 2.0]), (2.0, &[1.0, 2.0]), (3.0, &[1.1, 2.0])]);
    assert_eq!((flat.minimum(), flat.best().lambda, flat.one_standard_error().lambda), (Minimum::Flat, 2.0, 3.0));
    assert_eq!(of_table(&[(1.0, &[1.0, 2.0])]).minimum(), Minimum::Flat);
}

/// Seeds fold anew, but the standard error stays that of the folds.
#[test]
fn seeds_are_paired_and_fold_anew() {
    let data = linear(20, 2);
    let mut seen = Vec::new();
    let search = LambdaSearch::new([2.0, 1.0, 2.0]).folds(4).seeds([Seed(1), Seed(2)]);
    let report = search
        .run(&data, |lambda, train, validation, seed| {
            seen.push((lambda, train.fingerprint(), validation.fingerprint(), seed));
            Ok::<_, io::Error>(Fitted::new(0.0, (seen.len() % 4) as f64))
        })
        .unwrap();
    assert_eq!(seen.len(), 2 * 2 * 4);
    let (first, second) = seen.split_at(8);
    assert!(first.iter().zip(second).all(|(a, b)| (a.1, a.2, a.3) == (b.1, b.2, b.3) && (a.0, b.0) == (1.0, 2.0)));
    for part in 0..8 {
        assert!((0..part).all(|other| first[part].3 != first[other].3 && first[part].2 != first[other].2));
    }
    // Errors 0, 1, 2, 3 in each seed: variance 5/3, over 4 folds.
    assert!((report.best().validation.standard_error - (5.0f64 / 12.0).sqrt()).abs() < 1e-15);
    assert_eq!((report.best().fits.len(), report.best().fits[0].len()), (2, 4));
}

/// Means over data sets, and how much those differ from set to set: not how much the folds do.
#[test]
fn pooled_reports_are_of_data_sets() {
    let sets = [[1.0, 7.0, 5.0], [2.0, 7.0, 6.0], [6.0, 7.0, 4.0]];
    let reports = sets.map(|[a, b, c]| {
        let rows = [(0.0, [a - 9.0, a + 9.0]), (1.0, [b - 9.0, b + 9.0]), (2.0, [c, c])];
        of_table(&rows.each_ref().map(|(lambda, errors)| (*lambda, &errors[..])))
    });
    let pooled = LambdaReport::pooled(reports.clone()).unwrap();
    let means: Vec<f64> = pooled.points().iter().map(|point| point.validation.mean).collect();
    assert_eq!(means, [3.0, 7.0, 5.0]);
    // 1, 2 and 6 have the variance (4 + 1 + 9) / 2 = 7, and 5, 6 and 4 the variance 1.
    let errors: Vec<f64> = pooled.points().iter().map(|point| point.validation.standard_error).collect();
    assert!(errors.iter().zip([7f64 / 3.0, 0.0, 1.0 / 3.0]).all(|(got, square)| (got - square.sqrt()).abs() < 1e-15));
    assert_eq!((pooled.best().lambda, pooled.one_standard_error().lambda), (0.0, 0.0));
    assert_eq!(pooled.best().fits, reports.each_ref().map(|report| report.points()[0].fits[0].clone()));

    let [first, ..] = reports;
    assert_eq!(LambdaReport::pooled([first.clone()]).unwrap(), first);
    let other = of_table(&[(0.0, &[1.0, 2.0])]);
    for reports in [vec![], vec![first, other]] {
        assert!(matches!(LambdaReport::pooled(reports), Err(SearchError::Pooled { .. })));
    }
}

#[test]
fn zeros_are_counted_exactly() {
    let data = linear(6, 3);
    let report = LambdaSearch::new([1.0, 10.0])
        .folds(2)
        .run(&data, |lambda, _, _, _| {
            let small = if lambda > 5.0 { 0.0 } else { 1e-300 };
            Ok::<_, io::Error>(Fitted::new(0.0, lambda).weights([("a", small), ("b", -0.0), ("c", 1.0)]))
        })
        .unwrap();
    assert_eq!(report.points().iter().map(|p| p.exact_zeros()).collect::<Vec<_>>(), [Some(1.0), Some(2.0)]);
    assert_eq!(report.weight_paths()[0], ("a", vec![(1.0, 1e-300), (10.0, 0.0)]));
    assert!(report.to_string().contains("weights at 0"));
    assert_eq!(of_table(&[(1.0, &[1.0, 2.0])]).best().exact_zeros(), None);
}

proptest! {
    #[test]
    fn a_log_range_has_equal_steps(from in 1e-12f64..1e3, factor in 1.001f64..1e12, count in 2usize..60) {
        let to = from * factor;
        let range = log_range(from, to, count).unwrap();
        prop_assert_eq!((range.len(), range[0], range[count - 1]), (count, from, to));
        let step = factor.powf(1.0 / (count - 1) as f64);
        prop_assert!(range.windows(2).all(|pair| (pair[1] / pair[0] / step - 1.0).abs() < 1e-9 && pair[0] < pair[1]));
    }

    /// The choice is the largest λ within one standard error of the best, and never below the best.
    #[test]
    fn the_choice_follows_its_definition(errors in prop::collection::vec(prop::array::uniform4(0.0..1.0), 1..8)) {
        let table: Vec<(f64, &[f64])> = errors.iter().enumerate().map(|(i, row)| (i as f64, &row[..])).collect();
        let report = of_table(&table);
        let (best, choice) = (report.best(), report.one_standard_error());
        let limit = best.validation.mean + best.validation.standard_error;
        prop_assert!(report.points().iter().all(|point| point.validation.mean >= best.validation.mean));
        prop_assert!(choice.lambda >= best.lambda && choice.validation.mean <= limit);
        prop_assert!(report.points().iter().all(|p| p.lambda <= choice.lambda || p.validation.mean > limit));
    }
}

#[test]
fn what_cannot_be_searched_is_refused() {
    for (from, to, count) in [
        (0.0, 1.0, 5),
        (-1.0, 1.0, 5),
        (1.0, 1.0, 5),
        (2.0, 1.0, 5),
        (1.0, 2.0, 1),
        (1.0, 2.0, 0),
        (f64::NAN, 1.0, 5),
        (1.0, f64::NAN, 5),
        (1.0, f64::INFINITY, 5),
    ] {
        assert!(matches!(log_range(from, to, count), Err(SearchError::Range { .. })), "{from} to {to}");
    }
    let data = linear(10, 0);
    let run = |search: LambdaSearch| search.run(&data, |lambda, train, validation, _| ridge(lambda, train, validation));
    for lambda in [-1.0, f64::NAN, f64::INFINITY] {
        let error = run(LambdaSearch::new([1.0, lambda])).unwrap_err();
        assert!(matches!(error, SearchError::Lambda { .. }), "{error}");
    }
    assert!(matches!(run(LambdaSearch::new([])), Err(SearchError::NoLambda)));
    assert!(matches!(run(LambdaSearch::new([1.0]).seeds([])), Err(SearchError::NoSeed)));
    for folds in [0, 1, 11] {
        let error = run(LambdaSearch::new([1.0]).folds(folds)).unwrap_err();
        assert!(matches!(error, SearchError::Folds(DataError::Folds { samples: 10, .. })), "{error}");
    }
    let classes = Dataset::classification(Tensor::<f32>::zeros([5, 1]), vec![0, 0, 0, 0, 1], 2).unwrap();
    let error = LambdaSearch::new([1.0]).folds(2).run(&classes, |_, _, _, _| Ok::<_, io::Error>(Fitted::new(0.0, 0.0)));
    assert!(matches!(error, Err(SearchError::Folds(DataError::ClassTooSmall { class: 1, .. }))));
}

#[test]
fn a_failing_fit_is_told_by_lambda_fold_and_seed() {
    let data = linear(10, 0);
    let mut calls = 0;
    let mut fail = |errors: Option<(f64, f64)>| {
        calls = 0;
        LambdaSearch::new([0.5, 1e-3]).folds(2).seeds([Seed(7)]).run(&data, |_, _, _, _| {
            calls += 1;
            match errors {
                _ if calls < 4 => Ok(Fitted::new(0.0, 0.0)),
                Some((train, validation)) => Ok(Fitted::new(train, validation)),
                None => Err("it broke"),
            }
        })
    };
    assert_eq!(fail(None).unwrap_err().to_string(), "LambdaSearch: λ = 5e-1, fold 1, seed 7: it broke");
    let error = fail(Some((0.0, f64::NAN))).unwrap_err();
    assert!(
        error.to_string().contains("λ = 5e-1, fold 1, seed 7: expected a finite validation error, got NaN"),
        "{error}"
    );
    let error = fail(Some((f64::INFINITY, 0.0))).unwrap_err();
    assert!(matches!(error, SearchError::NotFinite { what: "training", .. }), "{error}");
}

#[test]
fn charts_are_pictures() {
    let data = linear(40, 1);
    let search = LambdaSearch::new(log_range(1e-4, 1e2, 13).unwrap()).with_zero();
    let report = search.run(&data, |lambda, train, validation, _| ridge(lambda, train, validation)).unwrap();
    for chart in [report.chart(), report.weights_chart()] {
        let svg = chart.to_svg();
        roxmltree::Document::parse(&svg).unwrap();
        assert!(svg.contains(">λ<") && !svg.contains("NaN"), "{svg}");
    }
    assert!(report.chart().to_svg().contains("λ = 0"));
    let html = Report::new("Ridge").table(report.table()).chart(report.chart()).chart(report.weights_chart()).to_html();
    assert!(html.matches("<figure>").count() == 2 && html.contains("one standard error"));
}
