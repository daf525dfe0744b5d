//! Laws of constraints and clipping.

use evenkeel_regularize::{
    Constraint, Groups, MaxNorm, NonNegative, UnitNorm, ValueRange, clip_global_norm, clip_value,
};
use evenkeel_tensor::Float;
use proptest::prelude::*;

const SHAPES: [&[usize]; 3] = [&[4, 6], &[2, 3, 2, 2], &[24, 1]];

/// Those of convex sets.
fn convex<F: Float>() -> Vec<Box<dyn Constraint<F>>> {
    vec![
        Box::new(NonNegative),
        Box::new(ValueRange::new(-0.5, 1.0)),
        Box::new(ValueRange::new(f64::NEG_INFINITY, 0.25)),
        Box::new(MaxNorm::new(1.5)),
        Box::new(MaxNorm::new(0.7).over(Groups::Inputs)),
        Box::new(MaxNorm::new(1.0).over(Groups::Runs(5))),
    ]
}

fn project(constraint: &dyn Constraint<f64>, shape: &[usize], v: &[f64]) -> Vec<f64> {
    let mut x = v.to_vec();
    constraint.project(&mut x, shape);
    x
}

fn weights() -> impl Strategy<Value = Vec<f64>> {
    prop::collection::vec(-2.0..2.0f64, 24)
}

fn norm(x: &[f64]) -> f64 {
    x.iter().map(|x| x * x).sum::<f64>().sqrt()
}

fn distance(a: &[f64], b: &[f64]) -> f64 {
    norm(&a.iter().zip(b).map(|(a, b)| a - b).collect::<Vec<_>>())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// x is the nearest point of a convex set to v exactly if (v - x) (y - x) <= 0 for all y in the set.
    #[test]
    fn projections_are_the_nearest_point(v in weights(), y in weights(), shape in prop::sample::select(&SHAPES[..])) {
        for constraint in convex::<f64>() {
            let (x, y) = (project(&constraint, shape, &v), project(&constraint, shape, &y));
            let product: f64 = v.iter().zip(&x).zip(&y).map(|((v, x), y)| (v - x) * (y - x)).sum();
            prop_assert!(product <= 1e-13, "{constraint:?} {shape:?}: {product}");
        }
    }

    #[test]
    fn projecting_again_changes_nothing(v in weights(), shape in prop::sample::select(&SHAPES[..])) {
        let mut all = convex::<f64>();
        all.push(Box::new(UnitNorm::new()));
        all.push(Box::new(UnitNorm::new().over(Groups::Inputs)));
        for constraint in all {
            let once = project(&constraint, shape, &v);
            let twice = project(&constraint, shape, &once);
            // A norm of the limit but for rounding may be scaled once more.
            prop_assert!(once.iter().zip(&twice).all(|(a, b)| (a - b).abs() <= 4.0 * f64::EPSILON * a.abs()));
        }
    }

    #[test]
    fn unit_norm_is_the_nearest_direction(v in weights(), y in weights()) {
        let (x, y) = (project(&UnitNorm::new(), &[4, 6], &v), project(&UnitNorm::new(), &[4, 6], &y));
        for row in x.chunks(6) {
            // A norm of six values is off by up to 4 roundings; the scaled values by that and 2 more, and their norm here again by 4.
            prop_assert!((norm(row) - 1.0).abs() <= 10.0 * f64::EPSILON / 2.0);
        }
        prop_assert!(distance(&v, &x) <= distance(&v, &y) + 1e-13);
    }

    #[test]
    fn global_norms_are_at_most_the_limit(v in weights(), limit in 0.1..12.0f64, cut in 0usize..24) {
        let mut g = v.clone();
        let (first, second) = g.split_at_mut(cut);
        let before = clip_global_norm(&mut [first, second], limit).unwrap();
        prop_assert!((before - norm(&v)).abs() < 1e-14 * before);
        let factor = (limit / before).min(1.0);
        prop_assert!(g.iter().zip(&v).all(|(g, v)| (g - factor * v).abs() <= 4.0 * f64::EPSILON * v.abs()));
        if before <= limit {
            prop_assert_eq!(g, v);
        }
    }
}

#[test]
fn norms_of_other_axes() {
    let mut w = [3.0, 0.1, 4.0, 0.2];
    MaxNorm::new(1.0).over(Groups::Inputs).project(&mut w, &[2, 2]);
    assert!((w[0] - 0.6).abs() < 1e-15 && (w[2] - 0.8).abs() < 1e-15 && (w[1], w[3]) == (0.1, 0.2), "{w:?}");
}

#[test]
fn zeros_have_no_direction() {
    let mut w = [0.0f32, -0.0, 0.0, 3.0, 0.0, 4.0];
    UnitNorm::new().project(&mut w, &[2, 3]);
    assert_eq!(w, [0.0, 0.0, 0.0, 0.6, 0.0, 0.8]);
}

#[test]
fn values_are_cut() {
    let mut g = [0.5f32, -7.0, f32::INFINITY, f32::NEG_INFINITY, -0.25];
    clip_value(&mut g, 1.0).unwrap();
    assert_eq!(g, [0.5, -1.0, 1.0, -1.0, -0.25]);
}

#[test]
fn same_bits_at_any_number_of_threads() {
    let shape = [300usize, 701];
    let w: Vec<f32> = (0..300 * 701).map(|i| ((i as f32 + 0.5) * 0.37).sin() * 10f32.powi(i % 9 - 4)).collect();
    let run = || {
        let mut all = Vec::new();
        for constraint in convex::<f32>() {
            let mut x = w.clone();
            constraint.project(&mut x, &shape);
            all.extend(x.into_iter().map(f32::to_bits));
        }
        let mut g = w.clone();
        clip_global_norm(&mut [&mut g], 1.0).unwrap();
        all.extend(g.into_iter().map(f32::to_bits));
        all
    };
    let in_pool = |n| rayon::ThreadPoolBuilder::new().num_threads(n).build().unwrap().install(run);
    let one = in_pool(1);
    for threads in [2, 3, 7] {
        assert!(in_pool(threads) == one, "{threads} threads");
    }
}
