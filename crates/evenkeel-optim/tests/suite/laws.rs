//! What must hold of the rules whatever the numbers, in `f64`.

use evenkeel_optim::{Adagrad, Adam, AdamW, Optimizer, RmsProp, Rule, Sgd};
use proptest::prelude::*;

use crate::common::{Single, run, run_with};

/// A start and up to 8 gradients for it, of a length that is whole vectors only by chance.
fn trajectory() -> impl Strategy<Value = (Vec<f64>, Vec<Vec<f64>>)> {
    (1usize..70).prop_flat_map(|n| {
        let values = || prop::collection::vec(-2.0..2.0, n);
        (values(), prop::collection::vec(values(), 1..8))
    })
}

/// The norm of the difference.
fn distance(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| (a - b) * (a - b)).sum::<f64>().sqrt()
}

fn close(a: &[f64], b: &[f64], tolerance: f64) -> Result<(), TestCaseError> {
    for (i, (a, b)) in a.iter().zip(b).enumerate() {
        prop_assert!((a - b).abs() <= tolerance * (1.0 + b.abs()), "value {}: {} {}", i, a, b);
    }
    Ok(())
}

/// The end of the steps by `f(t, w, g, memory) -> w`, one value after another, with coupled decay.
fn naive(w: &[f64], steps: &[Vec<f64>], lambda: f64, f: impl Fn(i32, f64, f64, &mut [f64; 2]) -> f64) -> Vec<f64> {
    let end = |i: usize| {
        let mut memory = [0.0; 2];
        steps.iter().zip(1..).fold(w[i], |w, (g, t)| f(t, w, g[i] + lambda * w, &mut memory))
    };
    (0..w.len()).map(end).collect()
}

proptest! {
    /// For plain gradient descent, a penalty of lambda/2 w^2 shrinks each value by 1 - lr lambda a step.
    #[test]
    fn l2_is_decay_for_sgd((w, steps) in trajectory(), lr in 0.0..0.5, lambda in 0.0..0.5) {
        let mut expected = w.clone();
        for g in &steps {
            expected.iter_mut().zip(g).for_each(|(w, g)| *w = (1.0 - lr * lambda) * *w - lr * g);
        }
        close(&run::<f64>(Sgd::new(lr).with_weight_decay(lambda), &w, &steps), &expected, 1e-12)?;
    }

    /// Heavy ball: w(t+1) = w(t) - lr g(t) + mu (w(t) - w(t-1)), without a buffer.
    #[test]
    fn momentum_is_the_heavy_ball((w, steps) in trajectory(), lr in 0.01..0.5, mu in 0.01..0.99) {
        let (mut before, mut now) = (w.clone(), w.clone());
        for g in &steps {
            let next: Vec<_> = (0..w.len()).map(|i| now[i] - lr * g[i] + mu * (now[i] - before[i])).collect();
            (before, now) = (now, next);
        }
        close(&run::<f64>(Sgd::new(lr).with_momentum(mu), &w, &steps), &now, 1e-11)?;
    }

    /// Sutskever et al. 2013, eqs. 3 and 4, on w^2 / 2: their gradient is taken at the point looked ahead to, which is
    /// the value here.
    #[test]
    fn nesterov_looks_ahead(w in -2.0..2.0, lr in 0.01..0.5, mu in 0.01..0.95) {
        let (mut theta, mut velocity) = (w, 0.0);
        let mut net = Single::<f64>::new(&[w]);
        let mut optimizer = Optimizer::new(Sgd::new(lr).with_momentum(mu).nesterov());
        for _ in 0..20 {
            let ahead = theta + mu * velocity;
            prop_assert!((net.values()[0] - ahead).abs() < 1e-12);
            velocity = mu * velocity - lr * ahead;
            theta += velocity;
            let g = net.values();
            net.step(&mut optimizer, &g).unwrap();
        }
    }

    /// A factor on all gradients cancels, once eps is negligible.
    #[test]
    fn adam_is_invariant_to_scale((w, steps) in trajectory(), exponent in -20i32..20) {
        let scaled: Vec<Vec<f64>> =
            steps.iter().map(|g| g.iter().map(|g| g * 2f64.powi(exponent)).collect()).collect();
        for rule in [Adam::new(0.1).with_epsilon(1e-100), Adam::new(0.1).with_epsilon(1e-100).with_betas(0.5, 0.9)] {
            close(&run::<f64>(rule, &w, &scaled), &run::<f64>(rule, &w, &steps), 1e-12)?;
        }
    }

    /// Adam's first step is lr times the sign, whatever the betas: both bias corrections are exact.
    #[test]
    fn adam_starts_at_full_length(w in -2.0..2.0f64, g in 0.01..2.0f64, b1 in 0.0..0.99, b2 in 0.0..0.999) {
        let rule = Adam::new(0.1).with_betas(b1, b2).with_epsilon(1e-100);
        prop_assert!((run::<f64>(rule, &[w], &[vec![-g]])[0] - (w + 0.1)).abs() < 1e-12);
    }

    /// Decoupled decay multiplies, coupled decay does not.
    #[test]
    fn adamw_decays_by_a_factor((w, steps) in trajectory(), lambda in 0.0..1.0) {
        let zeros = vec![vec![0.0; w.len()]; steps.len()];
        let decayed = run::<f64>(AdamW::new(0.1).with_weight_decay(lambda), &w, &zeros);
        let factor = (1.0 - 0.1 * lambda).powi(steps.len() as i32);
        close(&decayed, &w.iter().map(|w| factor * w).collect::<Vec<_>>(), 1e-12)?;
        let plain = AdamW::new(0.1).with_weight_decay(0.0);
        prop_assert_eq!(run::<f64>(plain, &w, &steps), run::<f64>(Adam::new(0.1), &w, &steps));
    }

    /// The loops that run in vectors, against the formula for one value at a time.
    #[test]
    fn kernels_equal_the_formulas((w, steps) in trajectory(), lr in 0.001..0.1, mu in 0.1..0.9f64, lambda in 0.0..0.1) {
        let adam = naive(&w, &steps, lambda, |t, w, g, [m, v]| {
            *m = mu * *m + (1.0 - mu) * g;
            *v = 0.99 * *v + 0.01 * g * g;
            w - lr * (*m / (1.0 - mu.powi(t))) / ((*v / (1.0 - 0.99f64.powi(t))).sqrt() + 1e-8)
        });
        let rule = Adam::new(lr).with_betas(mu, 0.99).with_weight_decay(lambda);
        close(&run::<f64>(rule, &w, &steps), &adam, 1e-11)?;
        let rms_prop = naive(&w, &steps, lambda, |_, w, g, [v, b]| {
            *v = 0.9 * *v + 0.1 * g * g;
            *b = mu * *b + g / (v.sqrt() + 1e-8);
            w - lr * *b
        });
        let rule = RmsProp::new(lr).with_alpha(0.9).with_momentum(mu).with_weight_decay(lambda);
        close(&run::<f64>(rule, &w, &steps), &rms_prop, 1e-11)?;
        let adagrad = naive(&w, &steps, lambda, |_, w, g, [s, _]| {
            *s += g * g;
            w - lr * g / (s.sqrt() + 1e-10)
        });
        close(&run::<f64>(Adagrad::new(lr).with_weight_decay(lambda), &w, &steps), &adagrad, 1e-11)?;
    }

    /// Clipping by norm: the same direction, and no longer than told.
    #[test]
    fn clipped_norm_keeps_the_direction((w, steps) in trajectory(), limit in 0.1..3.0) {
        let g = &steps[0];
        let norm = distance(g, &vec![0.0; g.len()]);
        let mut net = Single::<f64>::new(&w);
        let mut optimizer = Optimizer::new(Sgd::new(1.0)).clip_norm(limit);
        let report = net.step(&mut optimizer, g).unwrap();
        prop_assert!((report.gradient_norm.unwrap() - norm).abs() <= 1e-12 * norm);
        prop_assert_eq!(report.clipped, norm > limit);
        let moved = distance(&w, &net.values());
        prop_assert!((moved - norm.min(limit)).abs() < 1e-12);
        let expected: Vec<_> = w.iter().zip(g).map(|(w, g)| w - g * (limit / norm).min(1.0)).collect();
        close(&net.values(), &expected, 1e-12)?;
    }

    /// Clipping by value: each gradient is cut by itself.
    #[test]
    fn clipped_values_are_cut((w, steps) in trajectory(), limit in 0.1..3.0f64) {
        let expected: Vec<_> = w.iter().zip(&steps[0]).map(|(w, g): (&f64, &f64)| w - g.clamp(-limit, limit)).collect();
        let optimizer = Optimizer::<f64>::new(Sgd::new(1.0)).clip_value(limit);
        close(&run_with(optimizer, &w, &steps[..1]), &expected, 1e-15)?;
    }
}

/// The minimum of a convex quadratic with curvatures from 0.1 to 1 is found.
#[test]
fn each_converges_on_a_quadratic() {
    fn converges(rule: impl Rule<f64> + Clone, steps: usize) {
        let curvature = [0.1, 0.3, 1.0];
        let mut net = Single::<f64>::new(&[1.0, -2.0, 0.5]);
        let mut optimizer = Optimizer::new(rule.clone());
        for _ in 0..steps {
            let g: Vec<_> = net.values().iter().zip(curvature).map(|(w, c)| c * (w - 0.25)).collect();
            net.step(&mut optimizer, &g).unwrap();
        }
        let error = distance(&net.values(), &[0.25; 3]);
        assert!(error < 1e-2, "{rule:?}: {error}");
    }
    converges(Sgd::new(0.5), 200);
    converges(Sgd::new(0.2).with_momentum(0.8), 200);
    converges(Sgd::new(0.2).with_momentum(0.8).nesterov(), 200);
    converges(Adam::new(0.05), 400);
    converges(AdamW::new(0.05).with_weight_decay(0.0), 400);
    // Its steps stay about lr long near the minimum.
    converges(RmsProp::new(0.005), 1000);
    converges(Adagrad::new(0.5), 1000);
}
