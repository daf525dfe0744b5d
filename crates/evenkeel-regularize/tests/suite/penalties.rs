//! Laws of the penalties: gradients, proximal steps, groups, threads.

use std::sync::Arc;

use evenkeel_autograd::gradcheck;
use evenkeel_regularize::{ElasticNet, GroupLasso, Groups, L1, L2, Lp, Penalty, PenaltyExt, PenaltyOp};
use evenkeel_tensor::{Float, Tensor};
use proptest::prelude::*;

/// One of each kind, and of each kind of group.
fn each<F: Float>() -> Vec<Box<dyn Penalty<F>>> {
    vec![
        Box::new(L1::new(0.3)),
        Box::new(L2::new(0.4)),
        Box::new(ElasticNet::new(0.2, 0.3)),
        Box::new(Lp::new(0.3, 1.0)),
        Box::new(Lp::new(0.3, 1.2)),
        Box::new(Lp::new(0.3, 1.5)),
        Box::new(Lp::new(0.4, 2.0)),
        Box::new(Lp::new(0.1, 3.5)),
        Box::new(GroupLasso::new(0.3)),
        Box::new(GroupLasso::new(0.5).over(Groups::Inputs)),
        Box::new(GroupLasso::new(0.7).over(Groups::Runs(5)).unweighted()),
    ]
}

/// Of 24 weights: a matrix, and a kernel.
const SHAPES: [&[usize]; 3] = [&[4, 6], &[2, 3, 2, 2], &[24, 1]];

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn minus(a: &[f64], b: &[f64]) -> Vec<f64> {
    a.iter().zip(b).map(|(a, b)| a - b).collect()
}

fn prox(penalty: &dyn Penalty<f64>, shape: &[usize], step: f64, v: &[f64]) -> Vec<f64> {
    let mut x = v.to_vec();
    penalty.prox(&mut x, shape, step);
    x
}

prop_compose! {
    /// Away from the kinks at 0.
    fn smooth()(magnitudes in prop::collection::vec(0.1..2.0, 24), signs in prop::collection::vec(any::<bool>(), 24)) -> Vec<f64> {
        magnitudes.iter().zip(signs).map(|(m, s): (&f64, _)| if s { *m } else { -m }).collect()
    }
}

/// Some exactly 0.
fn weights() -> impl Strategy<Value = Vec<f64>> {
    prop::collection::vec(prop_oneof![4 => -2.0..2.0f64, 1 => Just(0.0)], 24)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn gradients_are_those_of_the_value(w in smooth(), shape in prop::sample::select(&SHAPES[..])) {
        for penalty in each::<f64>() {
            let name = format!("{penalty:?}");
            let penalty: Arc<dyn Penalty<f64>> = Arc::new(penalty);
            let input = Tensor::from_vec(shape, w.clone()).unwrap();
            let check = gradcheck(&[input], |x| x[0].tape().record(PenaltyOp::new(penalty.clone(), 0.7), x));
            prop_assert!(check.is_ok(), "{name} {shape:?}: {check:?}");
        }
    }

    /// 0 in (x - v) / t + the subdifferential of p at x: for all y, p(y) >= p(x) + (v - x) (y - x) / t.
    #[test]
    fn proximal_steps_minimise(
        v in weights(), y in weights(), t in 0.05..4.0, near in 0.0..1.0f64, shape in prop::sample::select(&SHAPES[..]),
    ) {
        for penalty in each::<f64>() {
            let x = prox(&penalty, shape, t, &v);
            // Far from x, near it, and along single axes, where kinks are.
            let mut others = vec![y.clone(), x.iter().zip(&y).map(|(x, y)| x + 1e-3 * near * y).collect()];
            others.extend((0..24).map(|i| { let mut o = x.clone(); o[i] += 1e-2 * y[i]; o }));
            for y in others {
                let below = penalty.value(&x, shape) + dot(&minus(&v, &x), &minus(&y, &x)) / t;
                let value = penalty.value(&y, shape);
                prop_assert!(value >= below - 1e-12 * (1.0 + value), "{penalty:?} {shape:?}: {value} < {below}");
            }
        }
    }

    #[test]
    fn proximal_steps_bring_points_no_further_apart(
        u in weights(), v in weights(), t in 0.05..4.0, shape in prop::sample::select(&SHAPES[..]),
    ) {
        for penalty in each::<f64>() {
            let moved = minus(&prox(&penalty, shape, t, &u), &prox(&penalty, shape, t, &v));
            let before = minus(&u, &v);
            prop_assert!(dot(&moved, &moved) <= dot(&before, &before) * (1.0 + 1e-12), "{penalty:?}");
        }
    }

    /// x + c p x^(p-1) = v for the result x. Where x is a high power of its term, one rounding of v moves it by 1 / (p - 1)
    /// roundings, so it is the equation that is checked.
    #[test]
    fn powers_are_solved_to_precision(
        p in prop_oneof![1.01..2.0f64, 2.0..8.0f64], c in -4.0..4.0f64, v in -6.0..6.0f64,
    ) {
        let (c, v) = (10f64.powf(c), 10f64.powf(v));
        let mut x = [v];
        Lp::new(c, p).prox_of(&mut x, 1.0);
        prop_assert!(x[0] >= 0.0 && x[0] <= v);
        let got = x[0] + c * p * x[0].powf(p - 1.0);
        // x^(p-1) turns one rounding of x into p - 1 of the term.
        prop_assert!((got - v).abs() <= 8.0 * p * f64::EPSILON * v, "{got} {v}, x {}", x[0]);
    }
}

#[test]
fn powers_one_and_two_are_l1_and_l2() {
    let v: Vec<f32> = (0..100).map(|i| (i as f32 * 0.7).sin()).collect();
    let same = |lp: Lp, other: &dyn Penalty<f32>| {
        let run = |p: &dyn Penalty<f32>| {
            let (mut x, mut g) = (v.clone(), vec![0.5; 100]);
            p.prox(&mut x, &[100], 0.7);
            p.add_gradient(&v, &[100], 0.9, &mut g);
            (p.value(&v, &[100]), x, g)
        };
        assert_eq!(run(&lp), run(other));
    };
    same(Lp::new(0.3, 1.0), &L1::new(0.3));
    same(Lp::new(0.3, 2.0), &L2::new(0.3));
}

#[test]
fn l1_gives_exact_zeros_and_sign_form_has_sign_zero_zero() {
    let mut w = [0.3f32, -0.3, 0.2, -0.2, 0.0, -0.0, 1.0, -1.0];
    let mut g = [0.0; 8];
    L1::new(2.0).add_gradient_of(&w, 1.0, &mut g);
    assert_eq!(g, [2.0, -2.0, 2.0, -2.0, 0.0, 0.0, 2.0, -2.0]);
    L1::new(2.0).prox_of(&mut w, 0.125);
    assert_eq!(w.map(f32::to_bits)[2..6], [0; 4], "0, not -0");
    assert_eq!([w[0], w[1], w[6], w[7]], [0.3 - 0.25, 0.25 - 0.3, 0.75, -0.75]);
}

/// The indices of each group, written out.
fn members(groups: Groups, shape: &[usize]) -> Vec<Vec<usize>> {
    let n: usize = shape.iter().product();
    let number = |i: usize| match groups {
        Groups::Units => i / shape[1..].iter().product::<usize>(),
        Groups::Inputs => i / shape[2..].iter().product::<usize>() % shape[1],
        Groups::Runs(length) => i / length,
    };
    let count = (0..n).map(number).max().map_or(0, |last| last + 1);
    (0..count).map(|g| (0..n).filter(|&i| number(i) == g).collect()).collect()
}

#[test]
fn groups_are_those_written_out() {
    // More inputs than one strip, kernels of one and of several values, a last run that is shorter.
    for shape in [&[3usize, 300][..], &[2, 130, 3], &[4, 5, 1, 2], &[1, 1], &[7, 3]] {
        let n = shape.iter().product();
        let w: Vec<f64> = (0..n).map(|i| ((i as f64 + 0.5) * 12.9898).sin()).collect();
        for groups in [Groups::Units, Groups::Inputs, Groups::Runs(4)] {
            let (penalty, t) = (GroupLasso::new(0.5).over(groups), 0.8);
            let (mut value, mut gradient, mut moved) = (0.0, vec![1.0; n], w.clone());
            for group in members(groups, shape) {
                let norm = group.iter().map(|&i| w[i] * w[i]).sum::<f64>().sqrt();
                let strength = 0.5 * (group.len() as f64).sqrt();
                value += strength * norm;
                for i in group {
                    gradient[i] += 0.3 * strength * w[i] / norm;
                    moved[i] *= (1.0 - t * strength / norm).max(0.0);
                }
            }
            let mut g = vec![1.0; n];
            penalty.add_gradient(&w, shape, 0.3, &mut g);
            let close = |a: &[f64], b: &[f64]| a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-13);
            assert!((penalty.value(&w, shape) / value - 1.0).abs() < 1e-13, "{groups:?} {shape:?}");
            assert!(close(&g, &gradient), "{groups:?} {shape:?}");
            assert!(close(&prox(&penalty, shape, t, &w), &moved), "{groups:?} {shape:?}");
        }
    }
}

#[test]
fn whole_groups_become_zero() {
    let w = [0.1, 0.2, 3.0, 0.1, -0.1, 4.0];
    let norms = |x: &[f64]| [x[0] * x[0] + x[3] * x[3], x[1] * x[1] + x[4] * x[4], x[2] * x[2] + x[5] * x[5]];
    let by_input = prox(&GroupLasso::new(1.0).over(Groups::Inputs).unweighted(), &[2, 3], 1.0, &w);
    assert_eq!(norms(&by_input)[..2], [0.0; 2]);
    assert!((norms(&by_input)[2].sqrt() - 4.0).abs() < 1e-15);
    // Of units neither: each has a large weight, which keeps its small ones from 0.
    let by_unit = prox(&GroupLasso::new(1.0), &[2, 3], 1.0, &w);
    assert!(by_unit.iter().all(|&x| x != 0.0));
}

#[test]
fn single_precision_is_close_to_double() {
    let n = 3 * 40_000;
    let w: Vec<f64> = (0..n).map(|i| ((i as f64 + 0.5) * 12.9898).sin()).collect();
    let single: Vec<f32> = w.iter().map(|&w| w as f32).collect();
    let shape = [3, 40_000];
    for (f32s, f64s) in each::<f32>().iter().zip(each::<f64>()) {
        let (a, b) = (f32s.value(&single, &shape), f64s.value(&w, &shape));
        // 1024 additions in a row within a block, at half a unit in the last place each.
        assert!((a / b - 1.0).abs() < 1024.0 * f64::from(f32::EPSILON) / 2.0, "{f32s:?}: {a} {b}");
    }
}

#[test]
fn same_bits_at_any_number_of_threads() {
    for shape in [&[300usize, 701][..], &[40, 300, 3, 3]] {
        let n: usize = shape.iter().product();
        let w: Vec<f32> = (0..n).map(|i| ((i as f32 + 0.5) * 0.37).sin() * 10f32.powi((i % 9) as i32 - 4)).collect();
        for penalty in each::<f32>() {
            let run = || {
                let (mut x, mut g) = (w.clone(), vec![1.0; n]);
                penalty.prox(&mut x, shape, 0.1);
                penalty.add_gradient(&w, shape, 0.9, &mut g);
                let bits = |x: Vec<f32>| x.into_iter().map(f32::to_bits).collect::<Vec<_>>();
                (penalty.value(&w, shape).to_bits(), bits(x), bits(g))
            };
            let in_pool = |n| rayon::ThreadPoolBuilder::new().num_threads(n).build().unwrap().install(run);
            let one = in_pool(1);
            for threads in [2, 3, 7] {
                assert!(in_pool(threads) == one, "{penalty:?}, {threads} threads");
            }
        }
    }
}

/// Value, and a small and a large weight after a step. (Powers other than 1 and 2 are the standard library's, which may differ in the
/// last bit from platform to platform.)
#[test]
fn value_stability() {
    let w = [0.5f32, -0.25, 2.0, 0.125, -3.0, 0.75];
    let pinned = [
        (1.9875, -0.099999994, -2.85),
        (5.55625, -0.17857143, -2.142857),
        (5.4921875, -0.11538462, -2.2307694),
        (1.9875, -0.099999994, -2.85),
        (5.55625, -0.17857143, -2.142857),
        (2.6871958, -0.21872284, -2.748155),
        (4.0034885, -0.22063899, -2.647668),
        (3.0805392, -0.22603245, -2.7123895),
    ];
    let portable = each::<f32>().into_iter().enumerate().filter(|(i, _)| ![4, 5, 7].contains(i));
    for ((_, penalty), pinned) in portable.zip(pinned) {
        let mut x = w;
        penalty.prox(&mut x, &[2, 3], 0.5);
        assert_eq!((penalty.value(&w, &[2, 3]) as f32, x[1], x[4]), pinned, "{penalty:?}");
    }
}
