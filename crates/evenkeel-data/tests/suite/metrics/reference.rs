//! Metrics against scikit-learn, by the values of `tests/reference/metrics.py`.

use evenkeel_data::Seed;
use evenkeel_data::metrics::{
    Average, BinaryCounts, Bins, Bootstrap, CalibrationCurve, ConfusionMatrix, Ranking, RegressionErrors, brier_score,
    log_loss, multiclass_brier_score, multiclass_log_loss, top_label,
};
use serde_json::Value;

fn reference(name: &str) -> Vec<Value> {
    let all: Value = serde_json::from_str(include_str!("../../reference/metrics.json")).unwrap();
    all[name].as_array().unwrap().clone()
}

fn floats(values: &Value) -> Vec<f64> {
    values.as_array().unwrap().iter().map(|value| value.as_f64().unwrap()).collect()
}

fn labels(values: &Value) -> Vec<u32> {
    values.as_array().unwrap().iter().map(|value| value.as_u64().unwrap() as u32).collect()
}

#[track_caller]
fn assert_close(got: f64, expected: &Value, what: &str) {
    let expected = expected.as_f64().unwrap();
    assert!((got - expected).abs() <= 1e-12 * expected.abs().max(1.0), "{what}: expected {expected}, got {got}");
}

/// Each row of `expected` is a point.
#[track_caller]
fn assert_curve<const N: usize>(got: &[[f64; N]], expected: &Value, what: &str) {
    let expected = expected.as_array().unwrap();
    assert_eq!(got.len(), expected.len(), "{what}");
    for (i, (got, expected)) in got.iter().zip(expected).enumerate() {
        for (k, got) in got.iter().enumerate() {
            assert_close(*got, &expected[k], &format!("{what}, point {i}, coordinate {k}"));
        }
    }
}

#[test]
fn decisions_of_two_classes() {
    for case in reference("binary") {
        let (labels, scores, weights) = (labels(&case["labels"]), floats(&case["scores"]), floats(&case["weights"]));
        let decisions: Vec<_> = scores.iter().map(|&score| score >= 0.5).collect();
        let plain = ConfusionMatrix::at_threshold(&labels, &scores, 0.5).unwrap();
        assert_eq!(plain, ConfusionMatrix::new(2, &labels, &decisions).unwrap());
        assert_eq!(Ranking::new(&labels, &scores).unwrap().at(0.5), plain.class(1));
        let weighted = ConfusionMatrix::weighted(2, &labels, &decisions, &weights).unwrap();
        for (matrix, expected) in [(plain, &case["at_half"]), (weighted, &case["at_half_weighted"])] {
            let counts = matrix.class(1);
            for (actual, predicted) in [(0, 0), (0, 1), (1, 0), (1, 1)] {
                assert_close(matrix.count(actual, predicted), &expected["matrix"][actual][predicted], "matrix");
            }
            for (name, got) in [
                ("accuracy", counts.accuracy()),
                ("accuracy", matrix.accuracy()),
                ("precision", counts.precision()),
                ("recall", counts.recall()),
                ("specificity", counts.specificity()),
                ("f1", counts.f1()),
                ("f2", counts.f_beta(2.0)),
                ("balanced_accuracy", counts.balanced_accuracy()),
                ("balanced_accuracy", matrix.balanced_accuracy()),
                ("mcc", counts.mcc()),
                ("mcc", matrix.mcc()),
                ("kappa", matrix.kappa()),
            ] {
                assert_close(got, &expected[name], name);
            }
        }
    }
}

#[test]
fn rankings() {
    for case in reference("binary") {
        let (labels, scores, weights) = (labels(&case["labels"]), floats(&case["scores"]), floats(&case["weights"]));
        let plain = Ranking::new(&labels, &scores).unwrap();
        let weighted = Ranking::weighted(&labels, &scores, &weights).unwrap();
        for (ranking, expected) in [(plain, &case["ranking"]), (weighted, &case["ranking_weighted"])] {
            assert_close(ranking.roc_auc(), &expected["roc_auc"], "roc_auc");
            assert_close(ranking.partial_roc_auc(0.3).unwrap(), &expected["partial_roc_auc_0.3"], "partial");
            assert_close(ranking.average_precision(), &expected["average_precision"], "average_precision");
            let roc: Vec<_> = ranking
                .roc_curve()
                .iter()
                .map(|p| [p.threshold, p.false_positive_rate, p.true_positive_rate])
                .collect();
            assert_eq!(roc[0], [f64::INFINITY, 0.0, 0.0]);
            assert_curve(&roc[1..], &expected["roc"], "roc");
            let curve = ranking.precision_recall_curve();
            let curve: Vec<_> = curve.iter().map(|p| [p.threshold, p.recall, p.precision]).collect();
            assert_eq!(curve[0], [f64::INFINITY, 0.0, 1.0]);
            assert_curve(&curve[1..], &expected["precision_recall"], "precision_recall");
        }
        // The scores have at most six digits; the order of f32 is the same.
        let single: Vec<_> = scores.iter().map(|&score| score as f32).collect();
        assert_close(Ranking::new(&labels, &single).unwrap().roc_auc(), &case["ranking"]["roc_auc"], "f32");
    }
}

#[test]
fn calibration() {
    for case in reference("binary") {
        let (labels, scores, expected) = (labels(&case["labels"]), floats(&case["scores"]), &case["calibration"]);
        assert_close(brier_score(&labels, &scores).unwrap(), &expected["brier"], "brier");
        assert_close(log_loss(&labels, &scores).unwrap(), &expected["log_loss"], "log_loss");
        for (name, bins) in [("uniform", Bins::Uniform(10)), ("quantile", Bins::Quantile(10))] {
            let curve = CalibrationCurve::new(&labels, &scores, bins).unwrap();
            let points: Vec<_> = curve.bins().iter().map(|bin| [bin.mean_probability, bin.positive_share]).collect();
            assert_curve(&points, &expected[name], name);
            assert_eq!(curve.bins().iter().map(|bin| bin.samples).sum::<usize>(), labels.len());
            if name == "uniform" {
                assert_close(curve.expected_error(), &expected["expected_error_10"], "expected_error");
            }
        }
    }
}

#[test]
fn several_classes() {
    for case in reference("multiclass") {
        let classes = case["classes"].as_u64().unwrap() as usize;
        let (labels, probabilities) = (labels(&case["labels"]), floats(&case["probabilities"]));
        let matrix = ConfusionMatrix::from_scores(classes, &labels, &probabilities).unwrap();
        assert_close(matrix.accuracy(), &case["accuracy"], "accuracy");
        assert_close(matrix.balanced_accuracy(), &case["balanced_accuracy"], "balanced_accuracy");
        assert_close(matrix.mcc(), &case["mcc"], "mcc");
        assert_close(matrix.kappa(), &case["kappa"], "kappa");
        for (name, average) in [("macro", Average::Macro), ("micro", Average::Micro), ("weighted", Average::Weighted)] {
            let expected = &case["averages"][name];
            assert_close(matrix.average(average, BinaryCounts::precision), &expected["precision"], name);
            assert_close(matrix.average(average, BinaryCounts::recall), &expected["recall"], name);
            assert_close(matrix.average(average, BinaryCounts::f1), &expected["f1"], name);
            assert_close(matrix.average(average, |counts| counts.f_beta(0.5)), &expected["f0.5"], name);
        }
        let rankings = Ranking::one_vs_rest(classes, &labels, &probabilities).unwrap();
        let mean = |measure: fn(&Ranking) -> f64| rankings.iter().map(measure).sum::<f64>() / classes as f64;
        assert_close(mean(Ranking::roc_auc), &case["roc_auc_macro"], "roc_auc_macro");
        assert_close(mean(Ranking::average_precision), &case["average_precision_macro"], "average_precision_macro");
        assert_close(multiclass_log_loss(classes, &labels, &probabilities).unwrap(), &case["log_loss"], "log_loss");
        assert_close(multiclass_brier_score(classes, &labels, &probabilities).unwrap(), &case["brier"], "brier");
        let (is_right, confidence) = top_label(classes, &labels, &probabilities).unwrap();
        let curve = CalibrationCurve::new(&is_right, &confidence, Bins::Uniform(15)).unwrap();
        assert_close(curve.expected_error(), &case["expected_error_15"], "expected_error");
        assert!(curve.maximum_error() >= curve.expected_error());
    }
}

#[test]
fn real_values() {
    for case in reference("regression") {
        let errors = RegressionErrors::new(&floats(&case["targets"]), &floats(&case["predictions"])).unwrap();
        assert_close(errors.mean_squared, &case["mean_squared"], "mean_squared");
        assert_close(errors.root_mean_squared(), &case["root_mean_squared"], "root_mean_squared");
        assert_close(errors.mean_absolute, &case["mean_absolute"], "mean_absolute");
        assert_close(errors.median_absolute, &case["median_absolute"], "median_absolute");
        assert_close(errors.largest, &case["largest"], "largest");
        assert_close(errors.r_squared.unwrap(), &case["r_squared"], "r_squared");
    }
}

/// SciPy's interval of the same mean from 10 000 resamples by its own generator. Its standard error is 0.21; an end at a share of
/// 0.02 of 10 000 resamples is known to about sqrt(0.02 · 0.98 / 10 000) / density = 0.0014 / (0.048 / 0.21) = 0.006 at either side:
/// five deviations of the difference are 5 · sqrt(2) · 0.006 = 0.043.
#[test]
fn bias_corrected_interval() {
    let all: Value = serde_json::from_str(include_str!("../../reference/metrics.json")).unwrap();
    let (values, expected) = (floats(&all["bias_corrected"]["values"]), floats(&all["bias_corrected"]["scipy"]));
    let mean = |rows: &[usize]| Some(rows.iter().map(|&row| values[row]).sum::<f64>() / rows.len() as f64);
    let bootstrap = Bootstrap::new().with_resamples(10_000).bias_corrected();
    let interval = bootstrap.interval(values.len(), Seed(7), mean).unwrap();
    assert!(
        (interval.low - expected[0]).abs() < 0.043 && (interval.high - expected[1]).abs() < 0.043,
        "{interval}, {expected:?}"
    );
}
