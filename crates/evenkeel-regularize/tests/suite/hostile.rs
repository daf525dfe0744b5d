//! Settings and values that make no sense, and values at the ends of the range.

use std::panic::{AssertUnwindSafe, catch_unwind};

use evenkeel_module::{Mode, Module, Parameter, Role, Workspace};
use evenkeel_regularize::{
    Constraint, ElasticNet, GroupLasso, Groups, L1, L2, Lp, MaxNorm, NonNegative, Penalty, PenaltyExt, RegularizeError,
    Regularizer, UnitNorm, ValueRange, clip_global_norm, clip_value,
};
use evenkeel_tensor::{Seed, Tensor};

#[derive(Module)]
struct Net {
    weight: Parameter,
}

fn net() -> Net {
    Net { weight: Parameter::new(Tensor::from_fn([2, 3], |i| i as f32 - 2.0), Role::Weight) }
}

fn penalties() -> Vec<Box<dyn Penalty>> {
    vec![
        Box::new(L1::new(0.5)),
        Box::new(L2::new(0.5)),
        Box::new(ElasticNet::new(0.5, 0.5)),
        Box::new(Lp::new(0.5, 1.5)),
        Box::new(Lp::new(0.5, 3.0)),
        Box::new(GroupLasso::new(0.5)),
        Box::new(GroupLasso::new(0.5).over(Groups::Inputs)),
        Box::new(GroupLasso::new(0.5).over(Groups::Runs(2))),
    ]
}

fn constraints() -> Vec<Box<dyn Constraint>> {
    vec![
        Box::new(MaxNorm::new(2.0)),
        Box::new(MaxNorm::new(2.0).over(Groups::Inputs)),
        Box::new(UnitNorm::new()),
        Box::new(UnitNorm::new().over(Groups::Inputs)),
        Box::new(NonNegative),
        Box::new(ValueRange::new(-1.0, 1.0)),
    ]
}

#[test]
fn bad_settings_are_typed_errors_and_change_nothing() {
    let mut regularizers: Vec<(&str, Regularizer)> = Vec::new();
    for bad in [-1.0, f64::NAN, f64::INFINITY] {
        let mut add = |setting, penalty: Box<dyn Penalty>| {
            regularizers.push((setting, Regularizer::new().penalty("*", penalty)));
        };
        add("lambda", Box::new(L1::new(bad)));
        add("lambda", Box::new(L2::new(bad)));
        add("l1", Box::new(ElasticNet::new(bad, 1.0)));
        add("l2", Box::new(ElasticNet::new(1.0, bad)));
        add("lambda", Box::new(Lp::new(bad, 1.5)));
        add("p", Box::new(Lp::new(1.0, bad)));
        add("lambda", Box::new(GroupLasso::new(bad)));
        regularizers.push(("limit", Regularizer::new().constraint("*", MaxNorm::new(bad))));
    }
    let runs = GroupLasso::new(1.0).over(Groups::Runs(0));
    regularizers.extend([
        ("p", Regularizer::new().penalty("*", Lp::new(1.0, 0.999))),
        ("the length of runs", Regularizer::new().proximal("*", runs)),
        ("the length of runs", Regularizer::new().constraint("*", UnitNorm::new().over(Groups::Runs(0)))),
        ("limit", Regularizer::new().constraint("*", MaxNorm::new(0.0))),
        ("high", Regularizer::new().constraint("*", ValueRange::new(1.0, -1.0))),
        ("high", Regularizer::new().constraint("*", ValueRange::new(0.0, f64::NAN))),
        ("low", Regularizer::new().constraint("*", ValueRange::new(f64::NAN, 0.0))),
    ]);
    for (expected, regularizer) in regularizers {
        // A sound entry before it must not act either.
        let regularizer_after = Regularizer::new().constraint("*", NonNegative).proximal("*", L1::new(1.0));
        let mut net = net();
        let before = net.weight.value().as_slice().to_vec();
        match regularizer.validate(&net).unwrap_err() {
            RegularizeError::Setting { setting, .. } => assert_eq!(setting, expected),
            other => panic!("{other}"),
        }
        let applied = catch_unwind(AssertUnwindSafe(|| regularizer.apply(&mut net, 10, |_| 0.1)));
        assert!(applied.is_err() && net.weight.value().as_slice() == before, "{regularizer:?}");
        regularizer_after.apply(&mut net, 10, |_| 0.1);
        assert_ne!(net.weight.value().as_slice(), before);
    }
}

/// Finite numbers that are none in `f32`: an infinite strength would make the gradient of zeros NaN.
#[test]
fn settings_beyond_single_precision() {
    let penalties: [Box<dyn Penalty>; 6] = [
        Box::new(L1::new(1e300)),
        Box::new(L2::new(1e300)),
        Box::new(ElasticNet::new(0.0, 1e300)),
        Box::new(Lp::new(1e300, 1.5)),
        Box::new(Lp::new(1.0, 1e300)),
        Box::new(GroupLasso::new(1e300)),
    ];
    for penalty in penalties {
        let text = format!("{penalty:?}");
        assert!(Regularizer::new().penalty("*", penalty).validate(&net()).is_err(), "{text}");
    }
    for range in [ValueRange::new(1e39, 1e40), ValueRange::new(-1e40, -1e39)] {
        assert!(Regularizer::new().constraint("*", range).validate(&net()).is_err(), "{range:?}");
    }
    Regularizer::new().constraint("*", ValueRange::new(-1e39, 1e39)).validate(&net()).unwrap();
    assert!(clip_value(&mut [1f32], 1e-300).is_err() && clip_value(&mut [1f64], 1e-300).is_ok());
    // In double precision the largest strengths work, a step of size 0 included.
    for penalty in [Box::new(L2::new(f64::MAX)) as Box<dyn Penalty<f64>>, Box::new(ElasticNet::new(0.0, f64::MAX))] {
        let (mut w, mut g) = ([1.0, 0.0], [0.0; 2]);
        penalty.prox(&mut w, &[2], 0.0);
        penalty.add_gradient(&w, &[2], 0.25, &mut g);
        assert_eq!((w, g), ([1.0, 0.0], [0.5 * f64::MAX, 0.0]), "{penalty:?}");
    }
}

#[test]
fn learning_rates_that_make_no_sense() {
    for rate in [-0.1, f64::NAN, f64::INFINITY] {
        let mut net = net();
        let apply = || Regularizer::new().proximal("*", L1::new(0.1)).apply(&mut net, 10, |_| rate);
        let panic = catch_unwind(AssertUnwindSafe(apply)).unwrap_err();
        let text = panic.downcast_ref::<String>().unwrap();
        assert!(text.starts_with("Regularizer: `weight`: expected a learning rate"), "{text}");
    }
}

#[test]
#[should_panic(expected = "L1: expected lambda finite and not negative, got -1; 0 switches the penalty off")]
fn the_loss_names_a_bad_setting() {
    let mut workspace = Workspace::new();
    let pass = workspace.begin(Mode::Training, Seed(0));
    let _ = Regularizer::new().penalty("*", L1::new(-1.0)).loss(&pass, &net(), 10);
}

#[test]
#[should_panic(
    expected = "GroupLasso: expected weights (out, in, ...), since groups are those of inputs, got shape [4]"
)]
fn a_vector_has_no_inputs() {
    GroupLasso::new(1.0).over(Groups::Inputs).value_of(&[1.0f32; 4]);
}

#[test]
fn clipping_refuses() {
    let before = [1.0, -2.0];
    for limit in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        let mut g = before;
        assert!(matches!(clip_value(&mut g, limit), Err(RegularizeError::Setting { of: "clip_value", .. })));
        assert!(matches!(clip_global_norm(&mut [&mut g], limit), Err(RegularizeError::Setting { .. })));
        assert_eq!(g, before);
    }
    for bad in [f32::NAN, f32::INFINITY] {
        let (mut a, mut b) = ([5.0f32; 3], [bad, 1.0]);
        let refusal = clip_global_norm(&mut [&mut a, &mut b], 1.0);
        assert!(matches!(refusal, Err(RegularizeError::GradientNorm { norm }) if !norm.is_finite()));
        assert_eq!((a, b[1]), ([5.0; 3], 1.0));
    }
    assert_eq!(clip_global_norm::<f32>(&mut [], 1.0), Ok(0.0));
    assert_eq!(clip_global_norm::<f32>(&mut [&mut [], &mut []], 1.0), Ok(0.0));
}

#[test]
fn clipping_at_the_ends_of_the_range() {
    let (mut a, mut b) = ([3e30f32, 0.0], [4e30f32]);
    let norm = clip_global_norm(&mut [&mut a, &mut b], 1.0).unwrap();
    assert!((norm / 5e30 - 1.0).abs() < 1e-6 && (a[0] - 0.6).abs() < 1e-6 && (b[0] - 0.8).abs() < 1e-6);
    let mut all = [f32::MAX; 4];
    assert!((clip_global_norm(&mut [&mut all], 1.0).unwrap() / 2.0 / f64::from(f32::MAX) - 1.0).abs() < 1e-6);
    assert!(all.iter().all(|g| (g - 0.5).abs() < 1e-6), "{all:?}");
    let mut large = [3e300f64, 4e300];
    assert!((clip_global_norm(&mut [&mut large], 5.0).unwrap() / 5e300 - 1.0).abs() < 1e-15);
    assert!((large[0] - 3.0).abs() < 1e-14 && (large[1] - 4.0).abs() < 1e-14);
    let mut small = [3e-40f32, 4e-40];
    assert!((clip_global_norm(&mut [&mut small], 1.0).unwrap() / 5e-40 - 1.0).abs() < 1e-4);
    assert_eq!(small, [3e-40, 4e-40]);
}

#[test]
fn no_weights_are_no_penalty() {
    for shape in [&[0usize][..], &[0, 3], &[3, 0], &[2, 0, 3], &[2, 3, 0]] {
        for penalty in penalties() {
            if penalty.check_shape(shape).is_ok() {
                assert_eq!(penalty.value(&[], shape), 0.0, "{penalty:?}");
                penalty.add_gradient(&[], shape, 1.0, &mut []);
                penalty.prox(&mut [], shape, 1.0);
            }
        }
        for constraint in constraints() {
            if constraint.check_shape(shape).is_ok() {
                constraint.project(&mut [], shape);
            }
        }
    }
    // And a single number is a vector of one.
    for penalty in penalties() {
        if penalty.check_shape(&[]).is_ok() {
            assert!(penalty.value(&[2.0], &[]) > 0.0);
        }
    }
}

#[test]
fn nan_stays_nan() {
    for penalty in penalties() {
        let w = [1.0f32, f32::NAN, 3.0, -2.0];
        let (mut x, mut g) = (w, [0.0; 4]);
        penalty.prox(&mut x, &[2, 2], 0.1);
        penalty.add_gradient(&w, &[2, 2], 1.0, &mut g);
        assert!(penalty.value(&w, &[2, 2]).is_nan() && x[1].is_nan() && g[1].is_nan(), "{penalty:?} {x:?} {g:?}");
        // What is in no group with it is as it would be.
        assert!(x[2].is_finite() && g[2].is_finite(), "{penalty:?}");
    }
    for constraint in constraints() {
        let mut x = [1.0f32, f32::NAN, 3.0, -2.0];
        constraint.project(&mut x, &[2, 2]);
        assert!(x[1].is_nan() && x[2].is_finite(), "{constraint:?} {x:?}");
    }
}

#[test]
fn infinite_weights_stay_visible() {
    for penalty in penalties() {
        let w = [f32::INFINITY, 1.0, 1.0, f32::NEG_INFINITY];
        assert_eq!(penalty.value(&w, &[2, 2]), f64::INFINITY, "{penalty:?}");
        let mut x = w;
        penalty.prox(&mut x, &[2, 2], 0.1);
        assert!(!x[0].is_finite() && !x[3].is_finite(), "{penalty:?} {x:?}");
    }
    let mut x = [f32::INFINITY, 1.0];
    MaxNorm::new(1.0).project(&mut x, &[1, 2]);
    assert!(x[0].is_nan() && x[1] == 0.0);
}

#[test]
fn large_and_small_weights() {
    for scale in [1e30f32, 1e-30, 1e-40] {
        let w = [3.0 * scale, 4.0 * scale, 0.0, 0.0];
        // 1e-40 itself has 17 bits in f32.
        let close = |a: f32, b: f32| (a - b).abs() <= 1e-4 * b.abs();
        for groups in [Groups::Units, Groups::Runs(2)] {
            let lasso = GroupLasso::new(1.0).over(groups).unweighted();
            assert!((lasso.value(&w, &[2, 2]) / f64::from(scale) / 5.0 - 1.0).abs() < 1e-4);
            let mut g = [0.0; 4];
            lasso.add_gradient(&w, &[2, 2], 1.0, &mut g);
            assert!(close(g[0], 0.6) && close(g[1], 0.8) && g[2..] == [0.0; 2], "{scale} {g:?}");
            let mut x = w;
            lasso.prox(&mut x, &[2, 2], f64::from(scale));
            assert!(close(x[0], 0.8 * w[0]) && close(x[1], 0.8 * w[1]), "{scale} {x:?}");
            let mut x = w;
            UnitNorm::new().over(groups).project(&mut x, &[2, 2]);
            assert!(close(x[0], 0.6) && close(x[1], 0.8) && x[2..] == [0.0; 2], "{scale} {x:?}");
        }
        let mut x = [3.0 * scale, 1.0, 4.0 * scale, 0.0];
        UnitNorm::new().over(Groups::Inputs).project(&mut x, &[2, 2]);
        assert!(close(x[0], 0.6) && close(x[2], 0.8) && x[1] == 1.0, "{scale} {x:?}");
        assert!((L1::new(1.0).value_of(&w) / f64::from(scale) / 7.0 - 1.0).abs() < 1e-4);
        assert!((L2::new(1.0).value_of(&w) / f64::from(scale).powi(2) / 25.0 - 1.0).abs() < 1e-3);
    }
    let lasso = GroupLasso::new(1.0).unweighted();
    for scale in [1e200, 1e-200, 1e-310] {
        let w: [f64; 2] = [3.0 * scale, 4.0 * scale];
        for groups in [Groups::Runs(2), Groups::Inputs] {
            let shape: &[usize] = if groups == Groups::Inputs { &[2, 1] } else { &[2] };
            let (lasso, mut g) = (lasso.over(groups), [0.0f64; 2]);
            assert!((lasso.value(&w, shape) / scale / 5.0 - 1.0).abs() < 1e-12);
            lasso.add_gradient(&w, shape, 1.0, &mut g);
            assert!((g[0] - 0.6).abs() < 1e-12 && (g[1] - 0.8).abs() < 1e-12, "{scale} {g:?}");
        }
    }
}

#[test]
fn powers_at_the_ends_of_the_range() {
    for p in [1.0 + f64::EPSILON, 1.001, 1.5, 1.999, 2.001, 3.0, 100.0, 1e300] {
        for c in [1e-300, 1e-10, 1.0, 1e10, 1e300] {
            for v in [5e-324, 1e-300, 1e-5, 1.0, 1e5, 1e300] {
                let mut x = [v, -v];
                Lp::new(c, p).prox_of(&mut x, 1.0);
                assert!((0.0..=v).contains(&x[0]) && x[1] == -x[0], "p {p}, c {c}, v {v}: {x:?}");
            }
        }
    }
}

#[test]
fn a_step_of_zero_or_strength_zero_changes_nothing() {
    let w = [3.0f32, -4.0, 0.0, 1e-40];
    for penalty in penalties() {
        let mut x = w;
        penalty.prox(&mut x, &[2, 2], 0.0);
        assert_eq!(x, w, "{penalty:?}");
    }
    let none = Regularizer::<f32>::new().proximal("*", Lp::new(0.0, 1.3)).penalty("*", GroupLasso::new(0.0));
    let mut net = net();
    none.apply(&mut net, 0, |_| 1.0);
    assert_eq!(net.weight.value().as_slice()[..2], [-2.0, -1.0]);
    assert_eq!(none.value(&net, 0), 0.0);
}
