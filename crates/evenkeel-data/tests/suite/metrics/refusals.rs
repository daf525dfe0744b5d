//! What metrics refuse, and what they give at the edges.

use evenkeel_data::metrics::{
    Average, BinaryCounts, Bins, Bootstrap, CalibrationCurve, ConfusionMatrix, Ranking, RegressionErrors, Threshold,
    brier_score, log_loss, multiclass_brier_score, multiclass_log_loss, top_label,
};
use evenkeel_data::{DataError, Seed};

const NONE: [f64; 0] = [];
const NO_LABELS: [bool; 0] = [];
const BOTH: [bool; 2] = [true, false];

#[test]
fn lengths_and_empty_input() {
    let lengths = |error| matches!(error, DataError::Lengths { .. });
    let empty = |error| matches!(error, DataError::Empty { .. });
    let three = [0.1, 0.2, 0.3];
    assert!(lengths(ConfusionMatrix::new(2, &BOTH, &[true]).unwrap_err()));
    assert!(lengths(ConfusionMatrix::from_scores(3, &BOTH, &three).unwrap_err()));
    assert!(lengths(Ranking::new(&BOTH, &three).unwrap_err()));
    assert!(lengths(Ranking::one_vs_rest(3, &BOTH, &three).unwrap_err()));
    assert!(lengths(CalibrationCurve::new(&BOTH, &three, Bins::Uniform(3)).unwrap_err()));
    assert!(lengths(brier_score(&BOTH, &three).unwrap_err()));
    assert!(lengths(RegressionErrors::new(&three, &[1.0]).unwrap_err()));
    let count = |rows: &[usize]| Some(rows.len() as f64);
    assert!(lengths(Bootstrap::new().stratified(&BOTH).interval(3, Seed(0), count).unwrap_err()));

    assert!(empty(ConfusionMatrix::new(2, &NO_LABELS, &NO_LABELS).unwrap_err()));
    assert!(empty(ConfusionMatrix::at_threshold(&NO_LABELS, &NONE, 0.5).unwrap_err()));
    assert!(empty(ConfusionMatrix::from_scores(2, &NO_LABELS, &NONE).unwrap_err()));
    assert!(empty(Ranking::new(&NO_LABELS, &NONE).unwrap_err()));
    assert!(empty(CalibrationCurve::new(&NO_LABELS, &NONE, Bins::Quantile(3)).unwrap_err()));
    assert!(empty(log_loss(&NO_LABELS, &NONE).unwrap_err()));
    assert!(empty(multiclass_log_loss(2, &NO_LABELS, &NONE).unwrap_err()));
    assert!(empty(top_label(2, &NO_LABELS, &NONE).unwrap_err()));
    assert!(empty(RegressionErrors::new(&NONE, &NONE).unwrap_err()));
}

#[test]
fn values_that_are_not_finite() {
    for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        let scores = [0.5, bad];
        let error = Ranking::new(&BOTH, &scores).unwrap_err().to_string();
        assert!(error.starts_with("score of sample 1: expected a finite number"), "{error}");
        let refused = |error| matches!(error, DataError::NotFinite { .. });
        assert!(refused(ConfusionMatrix::at_threshold(&BOTH, &scores, 0.5).unwrap_err()));
        assert!(refused(ConfusionMatrix::from_scores(1, &[0u32, 0], &scores).unwrap_err()));
        assert!(refused(Ranking::new(&BOTH, &[0.5, bad as f32]).unwrap_err()));
        assert!(refused(CalibrationCurve::new(&BOTH, &scores, Bins::Uniform(2)).unwrap_err()));
        assert!(refused(RegressionErrors::new(&scores, &[0.0, 0.0]).unwrap_err()));
        assert!(refused(RegressionErrors::new(&[0.0, 0.0], &scores).unwrap_err()));
        let threshold = Threshold::youden_j(&Ranking::new(&BOTH, &[0.5, 0.1]).unwrap());
        assert!(refused(threshold.apply(&scores).unwrap_err()));
    }
}

#[test]
fn labels_beyond_the_classes() {
    let label = |error| matches!(error, DataError::Label { sample: 1, label: 2, classes: 2 });
    assert!(label(ConfusionMatrix::new(2, &[0u32, 2], &[0u32, 1]).unwrap_err()));
    assert!(label(ConfusionMatrix::new(2, &[0u32, 1], &[0u32, 2]).unwrap_err()));
    assert!(label(ConfusionMatrix::at_threshold(&[1u32, 2], &[0.1, 0.2], 0.5).unwrap_err()));
    assert!(label(Ranking::new(&[1u8, 2], &[0.1, 0.2]).unwrap_err()));
    assert!(label(Ranking::one_vs_rest(2, &[1u8, 2], &[0.1, 0.2, 0.3, 0.4]).unwrap_err()));
    assert!(label(brier_score(&[1u16, 2], &[0.1, 0.2]).unwrap_err()));
    assert!(label(multiclass_brier_score(2, &[1u32, 2], &[0.5; 4]).unwrap_err()));
}

#[test]
fn one_class_alone() {
    for label in [false, true] {
        let class = usize::from(label);
        let one = |error| matches!(error, DataError::OneClass { class: c, .. } if c == class);
        assert!(one(Ranking::new(&[label; 3], &[0.1, 0.2, 0.3]).unwrap_err()));
        let weights = [f64::from(label), 1.0 - f64::from(label)];
        assert!(one(Ranking::weighted(&BOTH, &[0.1, 0.2], &weights).unwrap_err()));
    }
    assert!(Ranking::one_vs_rest(3, &[0u32, 1], &[0.1; 6]).is_err());
}

#[test]
fn settings_outside_of_their_range() {
    let setting = |error| matches!(error, DataError::Setting { .. });
    let ranking = Ranking::new(&BOTH, &[0.2, 0.1]).unwrap();
    for bad in [f64::NAN, -0.1, 1.1] {
        assert!(setting(ranking.partial_roc_auc(bad).unwrap_err()));
        assert!(setting(Threshold::for_recall(&ranking, bad).unwrap_err()));
        assert!(setting(Threshold::for_precision(&ranking, bad).unwrap_err()));
        let bootstrap = Bootstrap::new().with_confidence(bad);
        assert!(setting(bootstrap.interval(2, Seed(0), |_| Some(1.0)).unwrap_err()));
    }
    for bad in [f64::NAN, -1.0, f64::INFINITY] {
        assert!(setting(Threshold::for_cost(&ranking, bad, 1.0).unwrap_err()));
        assert!(setting(Threshold::for_cost(&ranking, 1.0, bad).unwrap_err()));
        assert!(setting(Threshold::best_f(&ranking, bad).unwrap_err()));
        assert!(setting(ConfusionMatrix::weighted(2, &BOTH, &BOTH, &[1.0, bad]).unwrap_err()));
    }
    assert!(setting(Threshold::for_cost(&ranking, 0.0, 0.0).unwrap_err()));
    for weights in [&[1.0][..], &[0.0, 0.0], &[f64::MAX, f64::MAX]] {
        assert!(setting(Ranking::weighted(&BOTH, &[0.1, 0.2], weights).unwrap_err()));
    }
    assert!(setting(ConfusionMatrix::at_threshold(&BOTH, &[0.1, 0.2], f64::NAN).unwrap_err()));
    for classes in [0, 10_001, usize::MAX] {
        assert!(setting(ConfusionMatrix::new(classes, &BOTH, &BOTH).unwrap_err()));
    }
    assert!(setting(ConfusionMatrix::from_scores(0, &BOTH, &[0.1]).unwrap_err()));
    assert!(setting(Ranking::one_vs_rest(2, &BOTH, &[0.1; 3]).unwrap_err()));
    for bins in [Bins::Uniform(0), Bins::Quantile(0), Bins::Uniform(usize::MAX)] {
        assert!(setting(CalibrationCurve::new(&BOTH, &[0.1, 0.2], bins).unwrap_err()));
    }
    for bad in [-0.1, 1.1] {
        assert!(setting(log_loss(&BOTH, &[bad, 0.5]).unwrap_err()));
        assert!(setting(top_label(1, &BOTH, &[bad, 0.5]).unwrap_err()));
    }
    assert!(setting(multiclass_log_loss(2, &BOTH, &[0.5, 0.5, 0.5, 0.4]).unwrap_err()));
    for resamples in [0, 1, usize::MAX] {
        let bootstrap = Bootstrap::new().with_resamples(resamples);
        assert!(setting(bootstrap.interval(2, Seed(0), |_| Some(1.0)).unwrap_err()));
    }
    assert!(setting(Bootstrap::new().interval(1, Seed(0), |_| Some(1.0)).unwrap_err()));
    let mut matrix = ConfusionMatrix::new(2, &BOTH, &BOTH).unwrap();
    assert!(setting(matrix.merge(&ConfusionMatrix::new(3, &BOTH, &BOTH).unwrap()).unwrap_err()));
}

#[test]
fn measures_that_are_not_defined() {
    let never = Bootstrap::new().interval(5, Seed(0), |_| None).unwrap_err().to_string();
    assert!(never.contains("defined on the samples as they are"), "{never}");
    let whole = |rows: &[usize]| rows.is_sorted_by(|a, b| a < b).then_some(1.0);
    let rarely = Bootstrap::new().interval(9, Seed(0), whole).unwrap_err().to_string();
    assert!(rarely.contains("at least half of the resamples"), "{rarely}");
    assert!(Bootstrap::new().interval(5, Seed(0), |_| Some(f64::NAN)).is_err());
}

#[test]
fn a_precision_that_is_not_reached() {
    let ranking = Ranking::new(&[false, true, false], &[0.9, 0.5, 0.1]).unwrap();
    let error = Threshold::for_precision(&ranking, 0.9).unwrap_err();
    assert_eq!(
        error.to_string(),
        "Threshold::for_precision: expected a precision that a threshold reaches, at most 0.5 on these samples, got 0.9; \
         ask for less, or train further"
    );
}

#[test]
fn nothing_over_nothing_is_zero() {
    let empty = BinaryCounts::default();
    for measure in [
        BinaryCounts::accuracy,
        BinaryCounts::precision,
        BinaryCounts::recall,
        BinaryCounts::specificity,
        BinaryCounts::f1,
        BinaryCounts::balanced_accuracy,
        BinaryCounts::mcc,
        BinaryCounts::youden_j,
    ] {
        assert_eq!(measure(&empty), 0.0);
    }
    let silent = ConfusionMatrix::new(3, &[0u32, 1, 1], &[0u32, 0, 0]).unwrap();
    assert_eq!((silent.class(1).precision(), silent.mcc(), silent.kappa()), (0.0, 0.0, 0.0));
    // Class 2 is nowhere: it is left out, where as a class of recall 0 it would make a third.
    assert_eq!(silent.average(Average::Macro, BinaryCounts::recall), 0.5);
    assert_eq!(silent.balanced_accuracy(), 0.5);
    assert!(silent.to_string().contains("precision          0.3333 - - 0.3333"), "{silent}");
    assert_eq!(RegressionErrors::new(&[0.1f32; 3], &[0.1f32, 0.2, 0.3]).unwrap().r_squared, None);
}

#[test]
fn extreme_scores_keep_their_order() {
    let labels = [true, true, false, false, true, false];
    let scores = [f64::MAX, 1e-310, 0.0, -0.0, -f64::MIN_POSITIVE, f64::MIN];
    let ranking = Ranking::new(&labels, &scores).unwrap();
    assert_eq!(ranking.roc_auc(), 7.0 / 9.0);
    let thresholds: Vec<_> = ranking.cuts().map(|(threshold, _)| threshold).collect();
    assert_eq!(thresholds, [f64::INFINITY, f64::MAX, 1e-310, 0.0, -f64::MIN_POSITIVE, f64::MIN]);
    let close = [1e4f32, 1e4 + 1.0, 1e4 + 2.0, 1e4 + 3.0];
    assert_eq!(Ranking::new(&[false, true, false, true], &close).unwrap().roc_auc(), 0.75);
}

#[test]
fn offsets_do_not_harm_regression() {
    let targets: Vec<f64> = (0..100).map(|i| 1e9 + f64::from(i % 10)).collect();
    let predictions: Vec<_> = targets.iter().map(|target| target + 0.5).collect();
    let errors = RegressionErrors::new(&targets, &predictions).unwrap();
    assert_eq!((errors.mean_squared, errors.median_absolute), (0.25, 0.5));
    assert!((errors.r_squared.unwrap() - (1.0 - 0.25 / 8.25)).abs() < 1e-9);
}

#[test]
fn certain_and_wrong_is_bounded() {
    for (loss, expected) in [
        (log_loss(&[true], &[0.0f32]).unwrap(), -f64::from(f32::EPSILON).ln()),
        (log_loss(&[false], &[1.0f64]).unwrap(), -f64::EPSILON.ln()),
        (multiclass_log_loss(2, &[1u32], &[1.0, 0.0]).unwrap(), -f64::EPSILON.ln()),
    ] {
        assert_eq!(loss, expected);
    }
}

#[test]
fn no_labels_are_no_strata() {
    let bootstrap = Bootstrap::new().stratified::<u32>(&[]);
    let error = bootstrap.interval(4, Seed(1), |rows| Some(rows.len() as f64)).unwrap_err();
    assert!(matches!(error, DataError::Lengths { samples: 4, targets: 0, .. }), "{error}");
}

/// 49 times 1/49 is below 1, which a probability may be.
#[test]
fn bins_end_at_one() {
    for count in 1..200 {
        let curve = CalibrationCurve::new(&[true, false], &[1.0, 0.0], Bins::Uniform(count)).unwrap();
        assert_eq!(curve.bins().last().unwrap().high, 1.0, "{count} bins");
    }
}
