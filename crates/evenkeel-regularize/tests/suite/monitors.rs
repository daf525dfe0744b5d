//! Laws of early stopping and of the drop on a plateau.

use evenkeel_regularize::{Decision, EarlyStopping, Monitor, Plateau, RegularizeError};
use proptest::prelude::*;

/// Values of which some are equal, so that ties are met.
fn values() -> impl Strategy<Value = Vec<f64>> {
    proptest::collection::vec(prop_oneof![(0..12).prop_map(f64::from), -3.0..3.0], 0..60)
}

fn monitor() -> impl Strategy<Value = Monitor> {
    let changes = (prop_oneof![Just(0.0), 0.0..0.5], prop_oneof![Just(0.0), 0.0..0.2]);
    (changes, prop_oneof![Just(0.0), 0.0..0.95], 0u64..6, any::<bool>()).prop_map(
        |((change, share), smoothing, warm_up, lower)| {
            let monitor = Monitor::of("test_loss").min_change(change).min_relative_change(share);
            let monitor = monitor.smoothing(smoothing).warm_up(warm_up);
            if lower { monitor } else { monitor.higher_is_better() }
        },
    )
}

/// The decisions on all values, and the index of the best at each.
fn decisions(settings: &EarlyStopping, values: &[f64]) -> Vec<(Decision, Option<u64>)> {
    let mut run = settings.start().unwrap();
    values.iter().map(|&v| (run.observe(v).unwrap(), run.best().map(|best| best.index))).collect()
}

proptest! {
    /// The first `Stop` comes exactly `patience` evaluations after an improvement, and no run of that length without one is passed over.
    #[test]
    fn stops_exactly_patience_after_the_last_improvement(values in values(), monitor in monitor(), patience in 1u64..8) {
        let decisions = decisions(&EarlyStopping::new(patience).on(monitor), &values);
        let mut last = None;
        for (i, (decision, best)) in (0u64..).zip(&decisions) {
            match (decision, last) {
                (Decision::Improved, _) => last = Some(i),
                (Decision::Waiting { left }, None) => prop_assert_eq!(*left, patience, "warm-up"),
                (Decision::Waiting { left }, Some(last)) => prop_assert_eq!(left + (i - last), patience),
                (Decision::Stop, last) => prop_assert!(i - last.unwrap() >= patience),
            }
            prop_assert_eq!(*best, last, "the best is the last improvement");
        }
    }

    /// Without margins the best is the first of the best values after the warm-up, smoothed or not, by a direct computation.
    #[test]
    fn the_best_is_the_extreme_of_the_average(values in values(), a in 0.0..0.95, warm_up in 0usize..6, lower in any::<bool>()) {
        let monitor = Monitor::of("test_loss").smoothing(a).warm_up(warm_up as u64);
        let monitor = if lower { monitor } else { monitor.higher_is_better() };
        let mut run = EarlyStopping::new(1).on(monitor).start().unwrap();
        for &v in &values {
            run.observe(v).unwrap();
        }
        // s_t = a^t v_0 + (1 - a) sum over k = 1..t of a^(t - k) v_k
        let counted = values.get(warm_up..).unwrap_or(&[]);
        let average = |t: usize| -> f64 {
            let weight = |k: usize| if k == 0 { a.powi(t as i32) } else { (1.0 - a) * a.powi((t - k) as i32) };
            (0..=t).map(|k| weight(k) * counted[k]).sum()
        };
        let averages: Vec<f64> = (0..counted.len()).map(average).collect();
        let sign = if lower { 1.0 } else { -1.0 };
        let extreme = averages.iter().map(|s| sign * s).fold(f64::INFINITY, f64::min);
        match run.best() {
            None => prop_assert!(counted.is_empty()),
            Some(best) => {
                prop_assert!((sign * best.value - extreme).abs() < 1e-12, "{} {extreme}", best.value);
                prop_assert!((averages[best.index as usize - warm_up] - best.value).abs() < 1e-12);
            }
        }
    }

    #[test]
    fn what_gets_better_is_never_stopped(steps in proptest::collection::vec(0.11..1.0, 1..50), patience in 1u64..4, smoothing in 0.0..0.9) {
        // Each step beats the least change; so do the smoothed ones if the values fall and the change is none.
        let falling = steps.iter().scan(0.0, |v, d| { *v -= d; Some(*v) });
        let values: Vec<f64> = falling.collect();
        for monitor in [Monitor::default().min_change(0.1), Monitor::default().smoothing(smoothing)] {
            let decisions = decisions(&EarlyStopping::new(patience).on(monitor), &values);
            prop_assert!(decisions.iter().all(|(d, _)| *d == Decision::Improved));
        }
        let rising: Vec<f64> = values.iter().map(|v| -v).collect();
        let decisions = decisions(&EarlyStopping::new(patience).on("test_accuracy"), &rising);
        prop_assert!(decisions.iter().all(|(d, _)| *d == Decision::Improved));
    }

    /// The warm-up only shifts: what comes in it changes nothing.
    #[test]
    fn a_warm_up_is_passed_over(values in values(), head in proptest::collection::vec(-1e9..1e9, 0..6), patience in 1u64..5) {
        let plain = decisions(&EarlyStopping::new(patience), &values);
        let warm = EarlyStopping::new(patience).on(Monitor::default().warm_up(head.len() as u64));
        let late: Vec<f64> = head.iter().chain(&values).copied().collect();
        let after = &decisions(&warm, &late)[head.len()..];
        let shifted = plain.iter().map(|&(d, best)| (d, best.map(|b| b + head.len() as u64)));
        prop_assert!(after.iter().copied().eq(shifted));
    }

    /// A run interrupted anywhere and told the recorded values again is where it was; a NaN in between leaves no trace.
    #[test]
    fn replay_equals_live(values in values(), monitor in monitor(), patience in 1u64..5, at in any::<prop::sample::Index>()) {
        let stopping = EarlyStopping::new(patience).on(monitor.clone());
        let plateau = Plateau::new(0.5, patience).cooldown(2).min_factor(0.01).on(monitor);
        let at = at.index(values.len() + 1);
        let (mut a, mut b) = (stopping.start().unwrap(), plateau.start().unwrap());
        for v in &values[..at] {
            a.observe(*v).unwrap();
            b.observe(*v).unwrap();
        }
        prop_assert!(a.observe(f64::NAN).is_err() && b.observe(f64::INFINITY).is_err());
        let (mut c, mut d) = (stopping.start().unwrap(), plateau.start().unwrap());
        for v in &values[..at] {
            c.observe(*v).unwrap();
            d.observe(*v).unwrap();
        }
        prop_assert!(a == c && b == d);
        for v in &values[at..] {
            prop_assert_eq!(a.observe(*v), c.observe(*v));
            prop_assert_eq!(b.observe(*v), d.observe(*v));
        }
    }

    /// Without an improvement after the first value, there is a drop every `patience` evaluations, and after a cooldown.
    #[test]
    fn the_factor_after_k_plateaus(factor in 0.05..0.95, patience in 1u64..6, cooldown in 0u64..4, least in 0.0..0.5) {
        let mut run = Plateau::new(factor, patience).cooldown(cooldown).min_factor(least).start().unwrap();
        prop_assert_eq!(run.observe(0.0), Ok(1.0));
        for i in 1..60 {
            let got = run.observe(0.0).unwrap();
            let plateaus = if i < patience { 0 } else { 1 + (i - patience) / (patience + cooldown) };
            let expected = factor.powi(plateaus as i32).max(least);
            prop_assert!((got - expected).abs() <= 1e-12 * expected, "{i}: {got} {expected}");
        }
        prop_assert_eq!(run.best().unwrap().index, 0);
    }
}

/// torch.optim.lr_scheduler.ReduceLROnPlateau of PyTorch 2.15, whose patience is one less.
#[test]
fn as_pytorch() {
    let values = [
        1.0, 0.9, 0.95, 0.91, 0.92, 0.85, 0.86, 0.87, 0.80, 0.81, 0.82, 0.83, 0.84, 0.85, 0.86, 0.87, 0.88, 0.79, 0.80,
        0.81, 0.82, 0.83, 0.84, 0.85,
    ];
    let check = |plateau: Plateau, expected: &[(f64, usize)]| {
        let mut run = plateau.start().unwrap();
        let got: Vec<f64> = values.iter().map(|&v| run.observe(v).unwrap()).collect();
        let expected: Vec<f64> = expected.iter().flat_map(|&(rate, times)| [rate].repeat(times)).collect();
        assert_eq!(got, expected);
    };
    check(
        Plateau::new(0.5, 2).cooldown(2),
        &[(1.0, 3), (0.5, 4), (0.25, 4), (0.125, 4), (0.0625, 4), (0.03125, 4), (0.015625, 1)],
    );
    check(
        Plateau::new(0.5, 2).min_factor(0.1).on(Monitor::default().min_relative_change(0.06)),
        &[(1.0, 3), (0.5, 2), (0.25, 2), (0.125, 3), (0.1, 14)],
    );
    check(
        Plateau::new(0.25, 3).cooldown(1).on(Monitor::default().higher_is_better().min_change(0.02)),
        &[(1.0, 3), (0.25, 4), (0.0625, 4), (0.015625, 4), (0.00390625, 4), (0.0009765625, 4), (0.000244140625, 1)],
    );
}

#[test]
fn directions_follow_the_name_unless_told() {
    let improves = |monitor: Monitor| {
        let mut run = EarlyStopping::new(1).on(monitor).start().unwrap();
        run.observe(0.5).unwrap();
        run.observe(0.6).unwrap() == Decision::Improved
    };
    assert!(improves("test_accuracy".into()) && improves("score".into()) && !improves("test_loss".into()));
    assert!(!improves("test_error_rate".into()) && !improves("cross_entropy".into()));
    assert!(improves(Monitor::of("test_loss").higher_is_better()));
    assert!(!improves(Monitor::of("score").lower_is_better()));
}

#[test]
fn small_steps_add_up_to_an_improvement() {
    let mut run = EarlyStopping::new(5).on(Monitor::default().min_change(0.25)).start().unwrap();
    let improved: Vec<bool> =
        [1.0, 0.875, 0.75, 0.625, 0.5, 0.375].map(|v| run.observe(v).unwrap() == Decision::Improved).into();
    assert_eq!(improved, [true, false, false, true, false, false], "a change of exactly 0.25 is not enough");
    assert_eq!(run.best().unwrap().value, 0.625);
}

#[test]
fn settings_out_of_range() {
    let said = |error: RegularizeError| error.to_string();
    let patience = "expected patience at least 1, got 0";
    assert!(said(EarlyStopping::new(0).start().unwrap_err()).contains(patience));
    assert!(said(Plateau::new(0.5, 0).start().unwrap_err()).contains(patience));
    for factor in [0.0, 1.0, -0.5, 1.5, f64::NAN, f64::INFINITY] {
        assert!(said(Plateau::new(factor, 1).start().unwrap_err()).contains("expected factor in (0, 1)"));
    }
    for least in [-0.1, 1.1, f64::NAN] {
        assert!(Plateau::new(0.5, 1).min_factor(least).start().is_err());
    }
    for (monitor, word) in [
        (Monitor::default().smoothing(1.0), "smoothing"),
        (Monitor::default().smoothing(-0.1), "smoothing"),
        (Monitor::default().smoothing(f64::NAN), "smoothing"),
        (Monitor::default().min_change(-1.0), "min_change"),
        (Monitor::default().min_change(f64::NAN), "min_change"),
        (Monitor::default().min_relative_change(f64::INFINITY), "min_relative_change"),
    ] {
        assert!(said(EarlyStopping::new(1).on(monitor.clone()).start().unwrap_err()).contains(word));
        assert!(said(Plateau::new(0.5, 1).on(monitor).start().unwrap_err()).contains(word));
    }
}

#[test]
fn values_that_are_not_finite() {
    let mut run = EarlyStopping::new(1).on("test_error").start().unwrap();
    for value in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        let error = run.observe(value).unwrap_err();
        assert!(matches!(&error, RegularizeError::NotFinite { metric, .. } if metric == "test_error"));
        assert!(error.to_string().contains(&format!("expected a finite `test_error`, got {value}")), "{error}");
    }
    assert_eq!(run, EarlyStopping::new(1).on("test_error").start().unwrap());
}

/// Extreme values neither panic nor stick.
#[test]
fn extreme_values() {
    let mut run = EarlyStopping::new(u64::MAX).on(Monitor::default().smoothing(0.5).warm_up(1)).start().unwrap();
    for value in [f64::MAX, f64::MAX, -f64::MAX, 5e-324, 0.0] {
        assert_ne!(run.observe(value).unwrap(), Decision::Stop);
    }
    assert_eq!(run.best().unwrap().index, 2);
    let mut run = Plateau::new(f64::MIN_POSITIVE, 1).cooldown(u64::MAX).start().unwrap();
    assert_eq!([1.0, 1.0, 1.0].map(|v| run.observe(v).unwrap()), [1.0, f64::MIN_POSITIVE, f64::MIN_POSITIVE]);
}
