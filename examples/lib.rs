//! What the experiments share.

pub mod playground;

use std::error::Error;
use std::path::Path;
use std::process::ExitCode;

use clap::builder::RangedU64ValueParser;
use evenkeel::data::Order;
use evenkeel::module::{Module, Sequential};
use evenkeel::nn::Sigmoid;
use evenkeel::prelude::*;
use evenkeel::tensor::parallel;
use evenkeel::train::{TrainError, evaluate};

/// What ends an experiment; it may cross threads, where trainings run side by side.
pub type Failure = Box<dyn Error + Send + Sync>;

/// Runs an experiment. What goes wrong is printed in words, with its causes.
pub fn run(experiment: impl FnOnce() -> Result<(), Failure>) -> ExitCode {
    match experiment() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {}", in_words(&*error));
            ExitCode::FAILURE
        }
    }
}

/// An error and its causes, a line each; without those that a line before already tells.
fn in_words(error: &dyn Error) -> String {
    let mut lines = vec![error.to_string()];
    let causes = std::iter::successors(error.source(), |&cause| cause.source());
    for cause in causes.map(ToString::to_string) {
        if !lines.iter().any(|line| line.contains(&cause)) {
            lines.push(cause);
        }
    }
    lines.join("\n  because: ")
}

/// Makes the folder for the figures, before any training whose results would be lost without it.
pub fn create_folder(path: &Path) -> Result<(), Failure> {
    std::fs::create_dir_all(path)
        .map_err(|error| format!("{}: {error}; give a folder that can be made with --out", path.display()).into())
}

/// For a command line: a whole number above 0.
pub fn at_least_one<T: TryFrom<u64>>() -> RangedU64ValueParser<T> {
    RangedU64ValueParser::new().range(1..)
}

/// The seeds of an experiment: `count` of them from `first` on; after the largest comes 0.
pub fn seeds(first: u64, count: u64) -> impl Iterator<Item = u64> + Clone {
    (0..count).map(move |i| first.wrapping_add(i))
}

/// Each value once, where it first came.
pub fn distinct<T: PartialEq + Clone>(values: &[T]) -> Vec<T> {
    let mut once: Vec<T> = Vec::new();
    for value in values {
        if !once.contains(value) {
            once.push(value.clone());
        }
    }
    once
}

/// What `work` makes of each job, several at a time; in the order of the jobs, or the first failure in that order.
///
/// A whole training in each: nothing but its job may decide what it does, so the results are the same at any number of threads.
pub fn side_by_side<J: Send, R: Send>(
    jobs: impl IntoIterator<Item = J>,
    work: impl Fn(&J) -> Result<R, Failure> + Sync,
) -> Result<Vec<R>, Failure> {
    let mut slots: Vec<_> = jobs.into_iter().map(|job| (job, None)).collect();
    parallel::chunks_mut(&mut slots, 1, |_, slots| {
        for (job, result) in slots {
            *result = Some(work(job));
        }
    });
    slots.into_iter().filter_map(|(_, result)| result).collect()
}

/// `n` samples of each class, drawn at random.
pub fn per_class(data: &Dataset, n: usize, seed: Seed) -> Result<Dataset, Failure> {
    let mut counts = vec![0; data.classes().ok_or("per_class: the targets are not classes")?];
    let order = Order::shuffled(data.len(), seed.stream("per class"), 0);
    let mut is_wanted = |position: &usize| {
        let count = &mut counts[data.label(*position).expect("a class") as usize];
        *count += 1;
        *count <= n
    };
    let chosen: Vec<usize> = order.indices().iter().copied().filter(&mut is_wanted).collect();
    match counts.iter().position(|&count| count < n) {
        Some(class) => {
            Err(format!("{n} samples of each class: class {class} has {}; ask for fewer", counts[class]).into())
        }
        None => Ok(data.subset(&chosen)?),
    }
}

/// Whether a training diverged, which is a result like another: the network is as it was before the step that failed.
pub fn has_diverged(outcome: Result<History, TrainError>) -> Result<bool, TrainError> {
    match outcome {
        Ok(_) => Ok(false),
        Err(TrainError::Diverged { .. }) => Ok(true),
        Err(other) => Err(other),
    }
}

/// The share of `data` that a network classifies rightly.
pub fn accuracy(net: &Sequential, data: &Dataset) -> Result<f64, TrainError> {
    Ok(evaluate(net, &CrossEntropy::default(), data)?.accuracy.expect("the targets are classes"))
}

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

/// "median (smallest to largest)" of the values, each shown so.
pub fn spread(values: &[f64], show: impl Fn(f64) -> String) -> String {
    let low = values.iter().copied().fold(f64::INFINITY, f64::min);
    let high = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    format!("{} ({} to {})", show(median(values)), show(low), show(high))
}

/// The code in the repository's README and CONTRIBUTING runs as tests.
#[cfg(doctest)]
mod papers {
    #[doc = include_str!("../README.md")]
    struct Readme;
    #[doc = include_str!("../CONTRIBUTING.md")]
    struct Contributing;
}
