//! The verdict on bias and variance: the lecture's cases, laws, runs and learning curves.

use std::error::Error;
use std::io;

use evenkeel_data::{Dataset, Digits, Order};
use evenkeel_init::XavierUniform;
use evenkeel_module::ModuleExt;
use evenkeel_nn::{CrossEntropy, Linear};
use evenkeel_optim::Sgd;
use evenkeel_tensor::Seed;
use evenkeel_train::diagnosis::{
    Advice, BiasVariance, Certainty, DiagnosisError, ErrorRate, LearningCurve, Thresholds, Verdict,
};
use evenkeel_train::history::{Evaluation, Step};
use evenkeel_train::report::{Chart, Report};
use evenkeel_train::{History, Trainer, evaluate};
use proptest::prelude::*;

fn rate(share: f64, examples: u64) -> ErrorRate {
    ErrorRate::from_share(share, examples).unwrap()
}

fn verdict(judge: BiasVariance, train: f64, validation: f64) -> Verdict {
    let of_losses = judge.of_losses(train, validation).unwrap();
    let of_rates = judge.of_rates(rate(train, 100), rate(validation, 100)).unwrap();
    assert_eq!(of_losses.verdict, of_rates.verdict);
    assert_eq!(of_losses.certainty, Certainty::Unknown);
    of_rates.verdict
}

#[test]
fn the_four_cases() {
    let judge = BiasVariance::default();
    let cases = [(0.16, 0.35, "bad"), (0.13, 0.17, "underfitting"), (0.03, 0.13, "overfitting"), (0.01, 0.02, "good")];
    for (train, validation, expected) in cases {
        assert_eq!(verdict(judge, train, validation).to_string(), expected);
        // On ten thousand examples there is no doubt.
        let diagnosis = judge.of_rates(rate(train, 10_000), rate(validation, 10_000)).unwrap();
        assert_eq!((diagnosis.verdict.to_string().as_str(), diagnosis.certainty), (expected, Certainty::Certain));
    }
}

#[test]
fn thresholds_and_what_is_attainable_decide() {
    // What people cannot do better is no bias.
    let judge = BiasVariance::default().attainable(0.14);
    assert_eq!(verdict(judge, 0.16, 0.35), Verdict::Overfitting);
    assert_eq!(verdict(judge, 0.13, 0.17), Verdict::Good);
    let strict = BiasVariance::default().thresholds(Thresholds { high_bias: 0.005, high_variance: 0.5 });
    assert_eq!(verdict(strict, 0.01, 0.02), Verdict::Underfitting);
    // High from the threshold on. These are exact in binary.
    let judge = BiasVariance::default().thresholds(Thresholds { high_bias: 0.25, high_variance: 0.125 });
    assert_eq!(verdict(judge, 0.25, 0.375), Verdict::Bad);
    assert_eq!(verdict(judge, 0.25 - 1e-12, 0.25), Verdict::Good);
    // And in decimals, whose differences are rounded: 0.15 - 0.1 < 0.05 < 0.2 - 0.15.
    let judge10 = BiasVariance::default().attainable(0.1);
    for (train, validation, expected) in
        [(0.15, 0.2, Verdict::Bad), (0.15, 0.15, Verdict::Underfitting), (0.1, 0.15, Verdict::Overfitting)]
    {
        assert_eq!(verdict(judge10, train, validation), expected);
        assert_eq!(verdict(judge10, train - 1e-12, validation - 2e-12), Verdict::Good);
    }
    let mut history = History::new();
    let metrics = [("train_error", 0.1), ("test_error", 0.15)];
    history.record_evaluation(Evaluation { step: 1, epoch: 0, seconds: 0.0, metrics: &metrics });
    let run = BiasVariance::default().of_run(&history, "train_error", "test_error").unwrap();
    assert_eq!((run.opened, run.last.verdict), (Some(1), Verdict::Bad));
    // Right on it, no number of examples helps.
    let certainty = judge.of_rates(rate(0.25, 8), rate(0.25, 8)).unwrap().certainty;
    assert_eq!(certainty, Certainty::Uncertain { examples: None });
}

fn thresholds() -> impl Strategy<Value = BiasVariance> {
    (0.0..0.5, 0.001..0.5, 0.001..0.5).prop_map(|(attainable, high_bias, high_variance)| {
        BiasVariance::default().attainable(attainable).thresholds(Thresholds { high_bias, high_variance })
    })
}

proptest! {
    #[test]
    fn verdicts_are_monotone(judge in thresholds(), t in 0.0..1.0, v in 0.0..1.0, up in 0.0..0.5, n in 1u64..10_000) {
        let of = |t: f64, v: f64| judge.of_losses(t, v).unwrap().verdict;
        let before = of(t, v);
        // A higher training error never takes a bias away, nor brings variance.
        let after = of(t + up, v);
        prop_assert!(!before.is_biased() || after.is_biased());
        prop_assert!(before.is_variable() || !after.is_variable());
        prop_assert!(before != Verdict::Underfitting || after == Verdict::Underfitting);
        // A higher validation error never takes variance away, and says nothing about bias.
        let after = of(t, v + up);
        prop_assert!(!before.is_variable() || after.is_variable());
        prop_assert_eq!(before.is_biased(), after.is_biased());
        prop_assert_eq!(before, Verdict::of(before.is_biased(), before.is_variable()));
        // The number of examples decides on the certainty, not on the verdict.
        prop_assert_eq!(judge.of_rates(rate(t, n), rate(v, n)).unwrap().verdict, before);
    }

    /// So many examples settle it, and one fewer would not.
    #[test]
    fn the_examples_asked_for_are_enough_and_needed(
        judge in thresholds(), t in 0.0..1.0, v in 0.0..1.0, n in 1u64..1000, m in 1u64..1000,
    ) {
        let certainty = |n: u64, m: u64| judge.of_rates(rate(t, n), rate(v, m)).unwrap().certainty;
        match certainty(n, m) {
            Certainty::Certain => prop_assert_eq!(certainty(2 * n, 2 * m), Certainty::Certain),
            Certainty::Uncertain { examples: Some(needed) } => {
                prop_assert!(needed > n.min(m));
                prop_assert_eq!(certainty(n.max(needed), m.max(needed)), Certainty::Certain);
                prop_assert_ne!(certainty(n.max(needed - 1), m.max(needed - 1)), Certainty::Certain);
            }
            other => prop_assert!(false, "{:?}", other),
        }
    }
}

#[test]
fn advice_is_in_order_of_cost() {
    for verdict in [Verdict::Good, Verdict::Underfitting, Verdict::Overfitting, Verdict::Bad] {
        let advice = verdict.advice();
        assert!(advice.is_sorted_by_key(Advice::cost) && !advice.is_empty(), "{advice:?}");
        assert!(advice.iter().all(|one| !one.to_string().is_empty() && !one.reason().is_empty()));
    }
    assert_eq!(Verdict::Good.advice(), [Advice::Stop]);
    assert_eq!(Verdict::Overfitting.advice().last(), Some(&Advice::MoreData));
    assert_eq!(Verdict::Underfitting.advice().first(), Some(&Advice::RegularizeLess));
    let bad = Verdict::Bad.advice();
    let has = |one: &Advice| bad.contains(one);
    assert!(has(&Advice::EnlargeNetwork) && has(&Advice::MoreData));
    assert!(!has(&Advice::ShrinkNetwork) && !has(&Advice::RegularizeLess));
}

#[test]
fn what_is_no_error_is_refused() {
    assert!(matches!(ErrorRate::new(3, 2), Err(DiagnosisError::Wrong { wrong: 3, examples: 2 })));
    assert!(matches!(ErrorRate::new(0, 0), Err(DiagnosisError::NoExamples)));
    assert!(matches!(ErrorRate::from_share(0.5, 0), Err(DiagnosisError::NoExamples)));
    for share in [f64::NAN, -0.01, 1.01, 16.0, f64::INFINITY] {
        let error = ErrorRate::from_share(share, 10).unwrap_err();
        assert!(matches!(error, DiagnosisError::Share { .. }) && error.to_string().contains("not percent"));
    }
    let judge = BiasVariance::default();
    for value in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        assert!(matches!(judge.of_losses(value, 0.0), Err(DiagnosisError::NotFinite { .. })));
        assert!(matches!(judge.of_losses(0.0, value), Err(DiagnosisError::NotFinite { .. })));
        assert!(matches!(judge.attainable(value).of_losses(0.0, 0.0), Err(DiagnosisError::NotFinite { .. })));
    }
    let half = rate(0.5, 10);
    for attainable in [-0.1, 1.1] {
        assert!(matches!(judge.attainable(attainable).of_rates(half, half), Err(DiagnosisError::Share { .. })));
    }
    for confidence in [0.0, 1.0, 95.0, f64::NAN] {
        let errors =
            [judge.confidence(confidence).of_rates(half, half).map(|_| ()), half.interval(confidence).map(|_| ())];
        for error in errors {
            assert!(matches!(error, Err(DiagnosisError::Setting { setting: "confidence", .. })));
        }
    }
    for bad in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        for thresholds in [
            Thresholds { high_bias: bad, ..Thresholds::default() },
            Thresholds { high_variance: bad, ..Thresholds::default() },
        ] {
            let judge = judge.thresholds(thresholds);
            assert!(matches!(judge.of_losses(0.0, 0.0), Err(DiagnosisError::Setting { .. })));
        }
    }
}

#[test]
fn a_diagnosis_is_a_table_with_a_verdict() {
    let diagnosis = BiasVariance::default().of_rates(rate(0.03, 1000), rate(0.13, 200)).unwrap();
    let text = diagnosis.to_string();
    assert!(text.contains("validation      13.0 %"), "{text}");
    assert!(text.contains("95 % interval") && text.contains("overfitting: high variance; certain"), "{text}");
    assert!(text.contains("1. stop early") && text.contains("\n6. get more training data, because "), "{text}");
    let losses = BiasVariance::default().of_losses(0.5, 0.9).unwrap().to_string();
    assert!(
        losses.contains("0.9000") && losses.contains("of unknown certainty") && !losses.contains("NaN"),
        "{losses}"
    );
}

/// A run whose training goes on as the validation error turns.
fn run() -> History {
    let mut history = History::new();
    for step in 1..=1000u64 {
        let t = step as f64 / 1000.0;
        let wobble = if step % 2 == 0 { 0.05 } else { -0.05 };
        let accuracy = 1.0 - 0.5 * (-8.0 * t).exp() - 0.05 + wobble;
        history.record_step(Step {
            step,
            epoch: 0,
            loss: 1.0 - t,
            learning_rate: 0.1,
            metrics: &[("accuracy", accuracy)],
        });
        if step % 100 == 0 {
            let metrics = [("test_accuracy", 0.95 - 0.5 * (-8.0 * t).exp() - 0.2 * t * t), ("test_loss", 1.0 - t)];
            history.record_evaluation(Evaluation { step, epoch: 0, seconds: 0.0, metrics: &metrics });
        }
    }
    history
}

#[test]
fn a_run_says_where_the_gap_opened() {
    let judge = BiasVariance::default();
    let diagnosis = judge.of_run(&run(), "accuracy", "test_accuracy").unwrap();
    assert_eq!(diagnosis.last.verdict, Verdict::Bad);
    assert_eq!(diagnosis.points.len(), 10);
    // 0.95 - 0.5 e^(-8 t) - 0.2 t² is largest where 4 e^(-8 t) = 0.4 t, at t = 0.41. The gap is 0.2 t² less what the mean lags
    // behind: it passes 0.05 between 0.5 and 0.6.
    assert_eq!((diagnosis.best.step, diagnosis.opened), (400, Some(600)));
    assert!((diagnosis.risen() - (diagnosis.points[9].validation - diagnosis.points[3].validation)).abs() < 1e-15);
    // The mean of batches: the wobble is gone.
    let exact = (901..=1000).map(|step| 0.05 + 0.5 * (-8.0 * f64::from(step) / 1000.0).exp()).sum::<f64>() / 100.0;
    assert!((diagnosis.last.train.value - exact).abs() < 1e-12);
    assert!(diagnosis.to_string().contains("with a gap that opened at step 600"), "{diagnosis}");
    // Losses are errors already.
    let losses = judge.of_run(&run(), "loss", "test_loss").unwrap();
    assert!(losses.opened.is_none() && losses.last.verdict == Verdict::Good, "{losses}");
}

#[test]
fn curves_that_say_nothing_are_refused() {
    let judge = BiasVariance::default();
    let error = judge.of_run(&run(), "accuracy", "validation_accuracy").unwrap_err();
    assert!(matches!(error, DiagnosisError::Metric { .. }) && error.to_string().contains("test_accuracy, test_loss"));
    let mut history = History::new();
    let record = |history: &mut History, step: u64, metric: (&str, f64)| {
        history.record_evaluation(Evaluation { step, epoch: 0, seconds: 0.0, metrics: &[metric] });
    };
    record(&mut history, 1, ("test_accuracy", 0.5));
    record(&mut history, 2, ("accuracy", 0.5));
    let error = judge.of_run(&history, "accuracy", "test_accuracy").unwrap_err();
    assert!(matches!(error, DiagnosisError::NoEvaluation { .. }), "{error}");
    record(&mut history, 3, ("perplexity", f64::NAN));
    record(&mut history, 3, ("r2", -3.0));
    let error = judge.of_run(&history, "accuracy", "perplexity").unwrap_err();
    assert!(error.to_string().contains("`perplexity` at step 3: expected a finite number, got NaN"), "{error}");
    assert!(matches!(judge.of_run(&history, "accuracy", "r2"), Err(DiagnosisError::Share { .. })));
}

/// A power law c + b n^-a between training and validation, with a spread over seeds.
fn power_law(bias: f64, coefficient: f64, exponent: f64) -> LearningCurve {
    LearningCurve::measure([100, 200, 400, 800], (0..4).map(Seed), |size, seed| {
        let wobble = 0.001 * (seed.0 as f64 - 1.5);
        Ok::<_, io::Error>((bias + wobble, bias + 2.0 * wobble + coefficient * (size as f64).powf(-exponent)))
    })
    .unwrap()
}

#[test]
fn a_learning_curve_finds_its_power_law() {
    let curve = power_law(0.02, 5.0, 0.6);
    let trend = curve.trend().unwrap();
    assert!((trend.exponent - 0.6).abs() < 1e-12 && (trend.coefficient - 5.0).abs() < 1e-10, "{trend}");
    assert!(trend.exponent_error < 1e-12 && (trend.gap_at(1e4) - 5.0 * 1e4f64.powf(-0.6)).abs() < 1e-12);
    let diagnosis = BiasVariance::default().of_curve(&curve).unwrap();
    assert_eq!(diagnosis.verdict(), Verdict::Overfitting);
    // 5 n^-0.6 = 0.05 at n = 100^(1 / 0.6).
    assert!((diagnosis.examples_to_meet().unwrap() / 100f64.powf(1.0 / 0.6) - 1.0).abs() < 1e-9);
    assert!(!diagnosis.have_met() && diagnosis.sizes().iter().all(|size| (size.agreeing, size.seeds) == (4, 4)));
    // 0.001 times the deviation of -1.5, -0.5, 0.5 and 1.5.
    assert!((curve.points()[0].train().deviation - 0.001 * (5.0f64 / 3.0).sqrt()).abs() < 1e-15);
    let text = diagnosis.to_string();
    assert!(text.contains("would no longer be high from about 2154 examples on"), "{text}");
}

#[test]
fn curves_that_have_met_need_no_more_data() {
    let judge = BiasVariance::default();
    let diagnosis = judge.of_curve(&power_law(0.2, 1.0, 1.0)).unwrap();
    assert_eq!(diagnosis.verdict(), Verdict::Underfitting);
    assert!(diagnosis.have_met() && diagnosis.to_string().contains("more data would change little"));
    assert!(!diagnosis.advice().contains(&Advice::MoreData));
    // A gap that does not fall has no end.
    let stuck = judge.of_curve(&power_law(0.0, 0.2, -0.01)).unwrap();
    assert!(stuck.examples_to_meet().is_none() && stuck.to_string().contains("does not fall with more data"));
    // Two sizes are no trend, and a single seed has no deviation.
    let short = LearningCurve::measure([10, 20], [Seed(1)], |_, _| Ok::<_, io::Error>((0.0, 0.5))).unwrap();
    assert!(short.trend().is_none() && short.points()[0].gap().deviation.is_nan());
    let text = judge.of_curve(&short).unwrap().to_string();
    assert!(text.contains("too few sizes, or gaps above 0, for a trend") && !text.contains("NaN"), "{text}");
}

#[test]
fn measurements_that_fail_are_told_by_size_and_seed() {
    let measure = |sizes: &[usize], seeds: u64, errors: (f64, f64)| {
        LearningCurve::measure(sizes.iter().copied(), (0..seeds).map(Seed), |size, seed| {
            if size == 3 { Err(format!("no {size}, {}", seed.0)) } else { Ok(errors) }
        })
    };
    for sizes in [&[][..], &[0, 1], &[2, 2], &[2, 1]] {
        assert!(matches!(measure(sizes, 1, (0.0, 0.0)), Err(DiagnosisError::Sizes { .. })), "{sizes:?}");
    }
    assert!(matches!(measure(&[1], 0, (0.0, 0.0)), Err(DiagnosisError::NoSeeds)));
    let error = measure(&[2, 3], 2, (0.0, 0.0)).unwrap_err();
    assert_eq!(error.to_string(), "LearningCurve: size 3, seed 0: no 3, 0");
    let error = measure(&[1], 1, (0.0, f64::NAN)).unwrap_err();
    assert!(error.to_string().contains("validation error of size 1, seed 0"), "{error}");
}

/// Ten digits from few images: a linear classifier knows its 40 images by heart and errs on others, and with more the gap closes.
#[test]
fn networks_are_judged() {
    let (train, test) = Digits::embedded().split_stratified(0.8, Seed(7)).unwrap();
    let fit = |data: &Dataset, seed: Seed| -> Result<_, Box<dyn Error + Send + Sync>> {
        let mut net = Linear::<f32>::new(64, 10).initialize(XavierUniform::default(), seed)?;
        let trainer = Trainer::new(Sgd::new(0.5)).steps(300).batch_size(32).seed(seed).evaluate_every(50);
        let history = trainer.fit(&mut net, CrossEntropy::default(), data, &test)?;
        let error = |data: &Dataset| -> Result<f64, Box<dyn Error + Send + Sync>> {
            Ok(1.0 - evaluate(&net, &CrossEntropy::default(), data)?.accuracy.ok_or("a classifier has an accuracy")?)
        };
        Ok((error(data)?, error(&test)?, history))
    };
    let judge = BiasVariance::default();
    let curve = LearningCurve::measure([40, 200, 1000], [Seed(1), Seed(2)], |size, seed| {
        let order = Order::shuffled(train.len(), seed, 0);
        fit(&train.subset(&order.indices()[..size])?, seed).map(|(train, test, _)| (train, test))
    })
    .unwrap();
    let diagnosis = judge.of_curve(&curve).unwrap();
    let verdicts: Vec<_> = diagnosis.sizes().iter().map(|size| size.diagnosis.verdict).collect();
    assert_eq!((verdicts[0], verdicts[2]), (Verdict::Overfitting, Verdict::Good), "{diagnosis}");
    assert!(curve.trend().unwrap().exponent > 0.3, "{diagnosis}");
    let (_, _, history) = fit(&train.subset(&Vec::from_iter(0..40)).unwrap(), Seed(1)).unwrap();
    let run = judge.of_run(&history, "accuracy", "test_accuracy").unwrap();
    assert_eq!((run.points.len(), run.last.verdict), (6, Verdict::Overfitting), "{run}");
    assert!(run.opened.is_some());
}

#[test]
fn charts_are_pictures() {
    let judge = BiasVariance::default();
    let curve = power_law(0.02, 5.0, 0.6);
    let charts: [Chart; 3] = [
        judge.of_rates(rate(0.16, 100), rate(0.35, 60)).unwrap().chart(),
        judge.of_run(&run(), "accuracy", "test_accuracy").unwrap().chart(),
        curve.chart(),
    ];
    for chart in &charts {
        let svg = chart.to_svg();
        let document = roxmltree::Document::parse(&svg).unwrap();
        assert!(document.descendants().any(|node| node.is_text() && node.text() == Some("error")), "{svg}");
        assert!(!svg.contains("NaN"));
    }
    let table = judge.of_curve(&curve).unwrap().table();
    let html = charts.into_iter().fold(Report::new("Bias and variance").table(table), Report::chart).to_html();
    assert_eq!(html.matches("<figure>").count(), 3);
    assert!(html.contains("4 of 4"));
}
