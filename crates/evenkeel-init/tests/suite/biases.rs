//! The rules for biases against their formulas, and what they refuse.

use evenkeel_init::{BiasInitializer, ClassPrior, ForgetGate, InitError, ReluOffset, Seed, Shape};
use proptest::prelude::*;

const WEIGHT: [usize; 2] = [8, 5];

fn filled(rule: &impl BiasInitializer<f64>, len: usize) -> Result<Vec<f64>, InitError> {
    let mut bias = vec![f64::NAN; len];
    rule.fill_bias(&mut bias, &WEIGHT.into(), Seed(7))?;
    Ok(bias)
}

#[track_caller]
fn refused(rule: &impl BiasInitializer<f32>, len: usize, words: &[&str]) {
    let mut bias = vec![42.0; len];
    let message = rule.fill_bias(&mut bias, &Shape::from(WEIGHT), Seed(7)).expect_err("refused").to_string();
    for word in words {
        assert!(message.contains(word), "{word:?} in {message}");
    }
    assert!(bias.iter().all(|&b| b == 42.0), "an error leaves the bias alone");
}

proptest! {
    /// What a net that outputs its bias predicts.
    #[test]
    fn softmax_of_the_prior_is_the_frequency(counts in prop::collection::vec(1usize..1000, 1..10)) {
        let bias = filled(&ClassPrior::softmax(counts.clone()), counts.len()).unwrap();
        let total: f64 = bias.iter().map(|b| b.exp()).sum();
        prop_assert!((total - 1.0).abs() < 1e-12, "ln p, so that the exponentials already sum to 1");
        let all = counts.iter().sum::<usize>() as f64;
        for (b, n) in bias.iter().zip(counts) {
            prop_assert!((b.exp() - n as f64 / all).abs() < 1e-12);
        }
    }

    #[test]
    fn sigmoid_of_the_prior_is_the_frequency(counts in prop::collection::vec(1usize..1000, 1..10)) {
        let bias = filled(&ClassPrior::sigmoid(counts.clone(), 1000), counts.len()).unwrap();
        for (b, n) in bias.iter().zip(counts) {
            prop_assert!((1.0 / (1.0 + (-b).exp()) - n as f64 / 1000.0).abs() < 1e-12);
        }
    }
}

#[test]
fn smoothing_counts_more_examples() {
    let bias = filled(&ClassPrior::softmax([0, 3, 5]).with_smoothing(1.0), 3).unwrap();
    for (b, p) in bias.iter().zip([1.0 / 11.0, 4.0 / 11.0, 6.0f64 / 11.0]) {
        assert!((b - p.ln()).abs() < 1e-15);
    }
    let bias = filled(&ClassPrior::sigmoid([0, 10], 10).with_smoothing(0.5), 2).unwrap();
    assert!((bias[0] - (0.5f64 / 10.5).ln()).abs() < 1e-15 && (bias[0] + bias[1]).abs() < 1e-15);
}

#[test]
fn weights_count_examples_so_many_times() {
    // Whole weights are as good as copies.
    let copied = filled(&ClassPrior::softmax([4, 30, 5]), 3).unwrap();
    let weighted = filled(&ClassPrior::softmax([4, 10, 5]).with_weights([1.0, 3.0, 1.0]), 3).unwrap();
    assert_eq!(weighted, copied);
    let smoothed = filled(&ClassPrior::softmax([0, 3]).with_weights([2.0, 1.0]).with_smoothing(1.0), 2).unwrap();
    assert!(smoothed.iter().zip([2.0 / 6.0, 4.0f64 / 6.0]).all(|(b, p)| (b - p.ln()).abs() < 1e-15));
    // Only ratios matter for classes, the size for labels; one weight is for all labels.
    let small = filled(&ClassPrior::softmax([4, 10]).with_weights([1e-290, 3e-290]), 2).unwrap();
    assert!((small[0] - (4.0f64 / 34.0).ln()).abs() < 1e-14);
    let labels = filled(&ClassPrior::sigmoid([4, 10], 20).with_weights([2.0]), 2).unwrap();
    assert_eq!(labels, [(8.0f64 / 16.0).ln(), (20.0f64 / 10.0).ln()]);

    assert_eq!(filled(&ClassPrior::softmax([4, 10, 300, 1]).balanced(), 4).unwrap(), [0.25f64.ln(); 4]);
    assert_eq!(filled(&ClassPrior::sigmoid([4, 10], 20).balanced(), 2).unwrap(), [0.0; 2]);
    assert_eq!(filled(&ClassPrior::softmax([4, 0]).with_smoothing(1.0).balanced(), 2).unwrap(), [0.5f64.ln(); 2]);
}

#[test]
fn impossible_weights_are_refused() {
    let prior = || ClassPrior::softmax([3, 5]);
    for weight in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        refused(&prior().with_weights([1.0, weight]), 2, &["ClassPrior", "weight", "above 0"]);
    }
    refused(&prior().with_weights([1.0]), 2, &["ClassPrior", "2 weights", "got 1"]);
    refused(&prior().with_weights([1.0; 3]), 2, &["ClassPrior", "2 weights", "got 3"]);
    refused(&prior().with_weights([]), 2, &["ClassPrior", "2 weights", "got 0"]);
    refused(&prior().with_weights([f64::MAX; 2]), 2, &["ClassPrior", "weights", "powers of ten"]);
    refused(&prior().with_weights([1e-320, 1e300]), 2, &["ClassPrior", "weights", "powers of ten"]);
    refused(&ClassPrior::softmax([3, 0]).balanced(), 2, &["ClassPrior", "count", "got 0"]);
    refused(&ClassPrior::sigmoid([9], 9).balanced(), 1, &["ClassPrior", "below 9"]);
}

#[test]
fn impossible_priors_are_refused() {
    refused(&ClassPrior::softmax([3, 0]), 2, &["ClassPrior", "count", "above 0", "got 0", "with_smoothing"]);
    refused(&ClassPrior::sigmoid([0], 9), 1, &["ClassPrior", "above 0 and below 9", "with_smoothing"]);
    refused(&ClassPrior::sigmoid([9], 9), 1, &["ClassPrior", "below 9", "got 9"]);
    refused(&ClassPrior::sigmoid([10], 9), 1, &["ClassPrior", "at most 9", "got 10"]);
    refused(&ClassPrior::softmax([1, 2]), 3, &["ClassPrior", "2 values", "3 values", "for_path"]);
    refused(&ClassPrior::softmax([]), 3, &["ClassPrior", "0 values"]);
    // So much, or so little, that a share is rounded to 0.
    refused(&ClassPrior::softmax([1, 2]).with_smoothing(f64::MAX), 2, &["ClassPrior", "smoothing", "Laplace"]);
    refused(&ClassPrior::softmax([0, 100_000]).with_smoothing(1e-320), 2, &["ClassPrior", "smoothing"]);
    refused(&ClassPrior::sigmoid([9], 9).with_smoothing(5e-324), 1, &["ClassPrior", "smoothing"]);
    assert!(ClassPrior::softmax([1, 2]).with_smoothing(f64::MAX).biases().is_err());
    for smoothing in [-1.0, f64::NAN] {
        refused(&ClassPrior::softmax([1, 2]).with_smoothing(smoothing), 2, &["ClassPrior", "smoothing"]);
    }
}

#[test]
fn forget_gate() {
    let bias = filled(&ForgetGate::new(2.0), 12).unwrap();
    assert_eq!(bias, [0.0, 0.0, 0.0, 2.0, 2.0, 2.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]);
    refused(&ForgetGate::default(), 10, &["ForgetGate", "4 hidden", "10 values", "LSTM"]);
    refused(&ForgetGate::new(f64::NAN), 8, &["ForgetGate", "value"]);
}

#[test]
fn relu_offset() {
    assert_eq!(filled(&ReluOffset::default(), 3).unwrap(), [0.01; 3]);
    for offset in [0.0, -0.1, f64::NAN, f64::INFINITY, 1e300] {
        refused(&ReluOffset(offset), 3, &["ReluOffset", "offset"]);
    }
}

#[test]
fn rules_in_boxes() {
    let rules: [Box<dyn BiasInitializer<f64>>; 2] = [Box::new(ReluOffset(0.5)), Box::new(ForgetGate::default())];
    assert_eq!(filled(&rules[0], 4).unwrap(), [0.5; 4]);
    assert_eq!(filled(&rules[1], 4).unwrap(), [0.0, 1.0, 0.0, 0.0]);
}
