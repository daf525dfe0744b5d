//! Weight decay with its own rate: what it equals, and what it touches.

use evenkeel_module::ModuleExt;
use evenkeel_optim::{Adam, AdamW, Optimizer, RmsProp, Rule, Schedule, Sgd};
use evenkeel_tensor::Float;
use proptest::prelude::*;

use crate::common::{Net, Single, rough, run, run_with};

fn close(a: &[f64], b: &[f64], tolerance: f64) -> Result<(), TestCaseError> {
    for (i, (a, b)) in a.iter().zip(b).enumerate() {
        prop_assert!((a - b).abs() <= tolerance * (1.0 + b.abs()), "value {}: {} {}", i, a, b);
    }
    Ok(())
}

/// A start, and a least-squares problem of as many directions as values: w and the rows of A in 1/2 |A w - b|^2 / N.
fn problem() -> impl Strategy<Value = (Vec<f64>, Vec<f64>, Vec<f64>)> {
    (1usize..20, 1usize..12).prop_flat_map(|(n, rows)| {
        let values = |len| prop::collection::vec(-1.0..1.0, len);
        (values(n), values(n * rows), values(rows))
    })
}

/// Gradient descent on a least-squares problem with an optimiser of one's choice.
fn descend(optimizer: Optimizer<f64>, (w, a, b): &(Vec<f64>, Vec<f64>, Vec<f64>), steps: usize) -> Vec<f64> {
    let (mut net, mut optimizer, n) = (Single::<f64>::new(w), optimizer, w.len());
    for _ in 0..steps {
        let w = net.values();
        let mut gradient = vec![0.0; n];
        for (row, b) in a.chunks(n).zip(b) {
            let error = row.iter().zip(&w).map(|(a, w)| a * w).sum::<f64>() - b;
            gradient.iter_mut().zip(row).for_each(|(g, a)| *g += error * a / (n * n) as f64);
        }
        net.step(&mut optimizer, &gradient).unwrap();
    }
    net.values()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// The law of L2: for plain gradient descent the penalty lambda/N w^2, of gradient 2 lambda/N w, is decay with the rate
    /// w = 2 alpha lambda/N; under a schedule, too.
    #[test]
    fn l2_is_decay_for_plain_sgd(
        problem in problem(), alpha in 0.001..0.5, lambda in 0.0..10.0, examples in 20.0..1000.0, cosine: bool,
    ) {
        let schedule = || if cosine { Schedule::cosine(150, 0.1).warm_up(10) } else { Schedule::constant() };
        let coupled = Optimizer::new(Sgd::new(alpha).with_weight_decay(2.0 * lambda / examples)).schedule(schedule());
        let decoupled = Optimizer::new(Sgd::new(alpha)).decay(2.0 * alpha * lambda / examples).schedule(schedule());
        close(&descend(decoupled, &problem, 200), &descend(coupled, &problem, 200), 1e-12)?;
    }

    /// AdamW's decay, scaled by the learning rate, is an own rate of lr times it.
    #[test]
    fn adamw_is_adam_with_the_rate_lr_lambda(problem in problem(), lr in 0.001..0.1, lambda in 0.0..1.0, scale in 0.1..1.0) {
        let schedule = || Schedule::cosine(50, 0.1);
        let mut adamw = Optimizer::new(AdamW::new(lr).with_weight_decay(lambda)).schedule(schedule());
        let mut adam = Optimizer::new(Adam::new(lr)).decay(lr * lambda).schedule(schedule());
        adamw.set_learning_rate_scale(scale);
        adam.set_learning_rate_scale(scale);
        // Adam divides by the size of gradients, so that rounding differences near a minimum may grow: well above 1e-12.
        close(&descend(adam, &problem, 60), &descend(adamw, &problem, 60), 1e-9)?;
    }

    /// The same factor for every rule, whatever the learning rate, before a step that the decay does not change.
    #[test]
    fn the_rate_is_its_own(w in prop::collection::vec(-2.0..2.0, 1..40), lr in 0.001..0.5, rate in 0.0..1.0) {
        fn shrinks(rule: impl Rule<f64>, w: &[f64], rate: f64) -> Result<(), TestCaseError> {
            // Without gradient nothing but decay moves a value.
            let decayed = run_with(Optimizer::<f64>::new(rule).decay(rate), w, &[vec![0.0; w.len()]]);
            close(&decayed, &w.iter().map(|w| (1.0 - rate) * w).collect::<Vec<_>>(), 1e-15)
        }
        shrinks(Sgd::new(lr), &w, rate)?;
        shrinks(Sgd::new(lr).with_momentum(0.9).nesterov(), &w, rate)?;
        shrinks(Adam::new(lr), &w, rate)?;
        shrinks(RmsProp::new(lr), &w, rate)?;
        let g = vec![vec![0.5; w.len()]];
        let plain = run::<f64>(Adam::new(lr), &w, &g);
        let decayed = run_with(Optimizer::<f64>::new(Adam::new(lr)).decay(rate), &w, &g);
        let expected: Vec<_> = plain.iter().zip(&w).map(|(plain, w)| plain - rate * w).collect();
        close(&decayed, &expected, 1e-14)?;
    }
}

/// The values of two layers, weights before biases, after a step without gradient.
fn decayed(optimizer: Optimizer<f64>) -> Vec<f64> {
    let (mut net, mut optimizer) = (Net::<f64>::new(2), optimizer);
    let before = net.values();
    net.step(&mut optimizer, 0.0, 0.0).unwrap();
    net.values().iter().zip(before).map(|(after, before)| 1.0 - after / before).collect()
}

#[test]
fn weights_alone_decay_unless_told_otherwise() {
    let sgd = || Optimizer::new(Sgd::new(3.0)).decay(0.25);
    let layer = |weight, bias| [[weight; 6].as_slice(), &[bias; 2]].concat();
    for (optimizer, expected) in [
        (sgd(), [layer(0.25, 0.0), layer(0.25, 0.0)]),
        (sgd().decay_all(), [layer(0.25, 0.25), layer(0.25, 0.25)]),
        (sgd().group("layers.1", |g| g.decay_all()), [layer(0.25, 0.0), layer(0.25, 0.25)]),
        (sgd().group("layers.0", |g| g.decay(0.5)), [layer(0.5, 0.0), layer(0.25, 0.0)]),
        (sgd().group("layers.0", |g| g.decay(0.0)), [layer(0.0, 0.0), layer(0.25, 0.0)]),
        // A factor of the learning rate is none of the decay.
        (sgd().group("*", |g| g.learning_rate_factor(0.1)), [layer(0.25, 0.0), layer(0.25, 0.0)]),
        (Optimizer::new(Sgd::new(1.0)).group("layers.0", |g| g.decay(0.5)), [layer(0.5, 0.0), layer(0.0, 0.0)]),
        // Both forms at once, one after the other: 1 - (1 - 0.25) (1 - 0.5).
        (Optimizer::new(Sgd::new(1.0).with_weight_decay(0.5)).decay(0.25), [layer(0.625, 0.0), layer(0.625, 0.0)]),
    ] {
        for (got, expected) in decayed(optimizer).iter().zip(expected.concat()) {
            assert!((got - expected).abs() < 1e-12, "{got}, not {expected}");
        }
    }
}

#[test]
fn schedule_and_scale_multiply_the_rate() {
    let mut net = Single::<f64>::new(&[1.0]);
    let mut optimizer = Optimizer::new(Sgd::new(0.0)).decay(0.5).schedule(Schedule::step_decay(1, 0.5));
    let mut expected = 1.0;
    for factor in [1.0, 0.5, 0.25] {
        net.step(&mut optimizer, &[0.0]).unwrap();
        expected *= 1.0 - 0.5 * factor;
        assert!((net.values()[0] - expected).abs() < 1e-15);
    }
    optimizer.set_learning_rate_scale(0.0);
    net.step(&mut optimizer, &[0.0]).unwrap();
    assert_eq!(net.values(), [expected]);
    // A value decays to 0 and not beyond.
    optimizer.set_learning_rate_scale(1e3);
    net.step(&mut optimizer, &[0.0]).unwrap();
    assert_eq!(net.values(), [0.0]);
}

/// Below 1 the values of f32 lie 6e-8 apart, so that a factor 1 - 1e-7 would be 1 - 1.19e-7, 19 % too much for every value.
/// Taken from w itself, w in [1, 2) loses one unit in the last place of 1.19e-7 where 1e-7 w is below 1.5 of them (w < 1.79), and
/// two above: on the average over w, 1.19e-7 (ln 1.79 + 2 ln(2 / 1.79)) = 0.957e-7 of it.
#[test]
fn small_rates_are_kept_in_single_precision() {
    let w: Vec<f64> = (0..10_000).map(|i| f64::from(1.0 + i as f32 / 10_000.0)).collect();
    let decayed = run_with(Optimizer::<f32>::new(Sgd::new(0.1)).decay(1e-7), &w, &[vec![0.0; w.len()]]);
    let mean = w.iter().zip(&decayed).map(|(w, d)| (w - d) / w).sum::<f64>() / 1e4;
    assert!((mean - 0.957e-7).abs() < 0.01e-7, "{mean:e}");
}

#[test]
fn frozen_parameters_do_not_decay() {
    let (mut net, mut optimizer) = (Net::<f64>::new(2), Optimizer::new(Sgd::new(0.1)).decay(0.5));
    net.freeze("layers.0");
    let before = net.values();
    net.step(&mut optimizer, 0.0, 0.0).unwrap();
    assert_eq!(net.values()[..8], before[..8]);
    assert_ne!(net.values()[8..], before[8..]);
}

#[test]
fn rates_out_of_range_are_refused() {
    fn refused<F: Float>(optimizer: Optimizer<F>, message: &str) {
        let error = optimizer.validate().unwrap_err().to_string();
        assert!(error.contains(message), "{error}");
    }
    for rate in [-1e-4, 1.5, f64::NAN, f64::INFINITY] {
        refused(Optimizer::<f32>::new(Sgd::new(0.1)).decay(rate), "Optimizer: expected decay in [0, 1]");
        refused(Optimizer::<f64>::new(Sgd::new(0.1)).group("*", |g| g.decay(rate)), "Group: expected decay in [0, 1]");
    }
}

/// With a learning rate of 0 a factor below 0 shows in no learning rate, but decay would grow the weights.
#[test]
fn factors_below_zero_are_refused() {
    let mut net = Single::<f64>::new(&[1.0]);
    let mut optimizer = Optimizer::new(Sgd::new(0.0)).decay(0.5).schedule(Schedule::custom(|_| -1.0));
    let error = net.step(&mut optimizer, &[0.0]).unwrap_err().to_string();
    assert!(error.contains("Schedule: expected factor finite and not negative, got -1"), "{error}");
    assert_eq!(net.values(), [1.0]);
}

/// Several blocks, with an odd rest.
#[test]
fn the_same_bits_at_any_number_of_threads() {
    let n = 100_003;
    let (w, g) = ((0..n).map(rough).collect::<Vec<_>>(), (n..2 * n).map(rough).collect::<Vec<_>>());
    let run = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let optimizer = Optimizer::<f32>::new(Adam::new(0.01)).decay(1e-3).clip_norm(1.0);
        pool.install(|| run_with(optimizer, &w, &[g.clone(), g.clone()]))
    };
    assert_eq!(run(1), run(2));
    assert_eq!(run(1), run(7));
}
