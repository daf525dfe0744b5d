//! What the experiments share.

use evenkeel::module::{Module, Sequential};
use evenkeel::nn::{Linear, Sigmoid};
use evenkeel::norm::BatchNorm;
use evenkeel::prelude::ModuleExt;

/// Fully connected layers of sigmoids over `widths` (inputs, hidden layers, outputs). With `batch_norm`, each sigmoid's input is
/// normalised and the bias before it, which the shift replaces, is dropped.
pub fn sigmoid_net(widths: &[usize], batch_norm: bool) -> Sequential {
    let (last, hidden) = widths.split_last().expect("inputs and outputs");
    let mut net = Sequential::default();
    for pair in hidden.windows(2) {
        let linear = Linear::new(pair[0], pair[1]);
        net = match batch_norm {
            true => net.with(linear.without_bias()).with(BatchNorm::new(pair[1])),
            false => net.with(linear),
        };
        net = net.with(Sigmoid);
    }
    net.with(Linear::new(hidden[hidden.len() - 1], *last))
}

/// A fingerprint of every bit of a network: 64-bit FNV-1a of its state dictionary's file.
pub fn weights_hash(network: &impl Module) -> String {
    let bytes = network.state_dict().to_bytes().expect("floats and counts can be stored");
    let hash = bytes.iter().fold(0xcbf2_9ce4_8422_2325u64, |h, &b| (h ^ u64::from(b)).wrapping_mul(0x100_0000_01b3));
    format!("{hash:016x}")
}

/// 0.9731 as "97.31 %".
pub fn percent(share: f64) -> String {
    format!("{:.2} %", 100.0 * share)
}

/// The middle value; of an even number, the mean of the two in the middle. NaN of none.
pub fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    match sorted.len() {
        0 => f64::NAN,
        n => (sorted[(n - 1) / 2] + sorted[n / 2]) / 2.0,
    }
}

/// The code in the repository's README and CONTRIBUTING runs as tests.
#[cfg(doctest)]
mod papers {
    #[doc = include_str!("../README.md")]
    struct Readme;
    #[doc = include_str!("../CONTRIBUTING.md")]
    struct Contributing;
}
