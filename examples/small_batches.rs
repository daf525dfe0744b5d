//! Normalisations at small batches: a small convolutional network with each, at batches of 2, 4, 8 and 32 examples, with the
//! same number of examples seen; and what switchable normalisation chooses.
//!
//! After Wu & He, *Group Normalization*, 2018 (arXiv 1803.08494), figure 1, and Luo et al., *Differentiable
//! Learning-to-Normalize via Switchable Normalization*, 2019 (arXiv 1806.10779), figures 1 and 2.
//!
//! `cargo run --release --example small_batches` on the embedded 8 x 8 digits; `-- --data DIR` on MNIST.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use evenkeel::data::Mnist;
use evenkeel::module::Sequential;
use evenkeel::nn::{Conv2d, Flatten, MaxPool2d};
use evenkeel::norm::{Norm, Normalization};
use evenkeel::prelude::*;
use evenkeel::train::report::{Chart, Panels, Report, Table};
use evenkeel_examples::{Failure, accuracy, at_least_one, create_folder, distinct, has_diverged, median, run, seeds};
use serde_json::{Value, json};

#[derive(Parser)]
#[command(about = "Error against batch size for each normalisation of a small convolutional network")]
struct Arguments {
    /// Folder of MNIST's four IDX files; the embedded 8 x 8 digits without it
    #[arg(long)]
    data: Option<PathBuf>,
    /// Training examples taken from MNIST
    #[arg(long, default_value_t = 6000, value_parser = at_least_one::<usize>())]
    examples: usize,
    /// Batch sizes
    #[arg(long, value_delimiter = ',', default_values_t = [2, 4, 8, 32], value_parser = at_least_one::<usize>())]
    batch_sizes: Vec<usize>,
    /// Normalisations: none, batch, layer, instance, group:G, rms, switchable
    #[arg(long, value_delimiter = ',', default_value = "batch,layer,instance,group:8,switchable")]
    norms: Vec<Normalization>,
    /// Passes over the training data, the same for every batch size
    #[arg(long, default_value_t = 10, value_parser = at_least_one::<u64>())]
    epochs: u64,
    /// Learning rate at a batch of 32; others in proportion
    #[arg(long, default_value_t = 0.4)]
    learning_rate: f64,
    /// Number of seeds
    #[arg(long, default_value_t = 3, value_parser = at_least_one::<u64>())]
    seeds: u64,
    /// The first seed
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Folder for the figures and the report
    #[arg(long, default_value = "small_batches")]
    out: PathBuf,
    /// Print one JSON object as the last line
    #[arg(long)]
    json: bool,
}

/// Channels of the two convolutions.
const CHANNELS: [usize; 2] = [16, 32];

/// One training.
struct Run {
    norm: Normalization,
    batch_size: usize,
    seed: u64,
    test_error: f64,
    /// Whether it broke off; the error is that of the network as it was then.
    diverged: bool,
    /// Of each switchable layer, the weights of instance, layer and batch statistics.
    mean_weights: Vec<[f64; 3]>,
    variance_weights: Vec<[f64; 3]>,
}

/// For square images of `side` pixels.
fn network(norm: Normalization, side: usize) -> Sequential {
    let mut net = Sequential::default();
    for (inputs, outputs) in [(1, CHANNELS[0]), (CHANNELS[0], CHANNELS[1])] {
        let conv = Conv2d::new(inputs, outputs, 3).with_padding(1);
        // The shift of a normalisation takes the bias's place.
        net = net.with(if norm == Normalization::None { conv } else { conv.without_bias() });
        net = net.with(norm.layer(outputs)).with(Relu).with(MaxPool2d::new(2));
    }
    net.with(Flatten).with(Linear::new(CHANNELS[1] * (side / 4).pow(2), 10))
}

fn train(
    (train, test): (&Dataset, &Dataset),
    arguments: &Arguments,
    (norm, batch_size, seed): (Normalization, usize, u64),
) -> Result<Run, Failure> {
    let mut net = network(norm, train.sample_shape()[1]).initialize(HeNormal::default(), Seed(seed))?;
    // The linear scaling rule: as many examples move the weights as far.
    let rate = arguments.learning_rate * batch_size as f64 / 32.0;
    let outcome = Trainer::new(Sgd::new(rate))
        .epochs(arguments.epochs)
        .batch_size(batch_size)
        // A last batch of one example would have no batch statistics.
        .drop_last()
        .seed(Seed(seed))
        // At the end alone.
        .evaluate_every(u64::MAX)
        .fit(&mut net, CrossEntropy::default(), train, test);
    let diverged = has_diverged(outcome)?;
    let test_error = 1.0 - accuracy(&net, test)?;
    let layers = (0..net.len()).filter_map(|i| match net.get::<Norm>(i) {
        Some(Norm::Switchable(layer)) => Some((layer.mean_weights(), layer.variance_weights())),
        _ => None,
    });
    let (mean_weights, variance_weights) = layers.unzip();
    Ok(Run { norm, batch_size, seed, test_error, diverged, mean_weights, variance_weights })
}

impl Run {
    fn to_json(&self) -> Value {
        json!({
            "norm": self.norm.to_string(),
            "batch_size": self.batch_size,
            "seed": self.seed,
            "test_error": self.test_error,
            "diverged": self.diverged,
            "mean_weights": self.mean_weights,
            "variance_weights": self.variance_weights,
        })
    }
}

fn data(arguments: &Arguments) -> Result<(Dataset, Dataset), Failure> {
    Ok(match &arguments.data {
        Some(folder) => {
            let mnist = Mnist::load(folder)?;
            let train = mnist.train.take(arguments.examples.min(mnist.train.len()))?;
            (train.reshape_samples([1, 28, 28])?, mnist.test.reshape_samples([1, 28, 28])?)
        }
        None => Digits::embedded().reshape_samples([1, 8, 8])?.split_stratified(0.8, Seed(arguments.seed))?,
    })
}

fn main() -> ExitCode {
    run(experiment)
}

fn experiment() -> Result<(), Failure> {
    let mut arguments = Arguments::parse();
    arguments.norms = distinct(&arguments.norms);
    arguments.batch_sizes = distinct(&arguments.batch_sizes);
    create_folder(&arguments.out)?;
    let (learn, test) = data(&arguments)?;
    println!("{} examples to learn from, {} held out, {} epochs\n", learn.len(), test.len(), arguments.epochs);

    let mut runs = Vec::new();
    for &norm in &arguments.norms {
        for &batch_size in &arguments.batch_sizes {
            for seed in seeds(arguments.seed, arguments.seeds) {
                runs.push(train((&learn, &test), &arguments, (norm, batch_size, seed))?);
            }
        }
    }

    let errors = |norm: Normalization, batch_size: usize| {
        let of = runs.iter().filter(|r| r.norm == norm && r.batch_size == batch_size);
        of.map(|r| r.test_error).collect::<Vec<_>>()
    };
    let header = std::iter::once("batch size".to_owned()).chain(arguments.norms.iter().map(ToString::to_string));
    let rows = arguments.batch_sizes.iter().map(|&size| {
        let cells = arguments.norms.iter().map(|&norm| {
            let of = errors(norm, size);
            let (low, high) = of.iter().fold((1f64, 0f64), |(low, high), &e| (low.min(e), high.max(e)));
            format!("{:.2} ({:.2} to {:.2})", 100.0 * median(&of), 100.0 * low, 100.0 * high)
        });
        std::iter::once(size.to_string()).chain(cells).collect::<Vec<_>>()
    });
    let table = Table::new(header, rows.collect::<Vec<_>>())
        .caption("Test error in percent: median (smallest to largest) over seeds");
    println!("{table}");
    match runs.iter().filter(|run| run.diverged).count() {
        0 => {}
        diverged => println!("{diverged} of {} trainings diverged", runs.len()),
    }

    let mut chart = Chart::new("Error against batch size").x_label("examples in a batch").y_label("test error").log_x();
    for &norm in &arguments.norms {
        let points = arguments.batch_sizes.iter().map(|&size| (size as f64, median(&errors(norm, size))));
        chart = chart.line(norm.to_string(), points);
    }
    let mut report = Report::new("Normalisations at small batches")
        .paragraph(format!(
            "Two 3 x 3 convolutions ({} and {} channels), each followed by the normalisation, a rectifier and max-pooling over \
             2 x 2; a linear layer. He's start, plain gradient descent with learning rate {} x batch / 32, {} epochs: every \
             network sees the same number of examples.",
            CHANNELS[0], CHANNELS[1], arguments.learning_rate, arguments.epochs
        ))
        .table(table)
        .chart(chart.clone());
    chart.write_svg(arguments.out.join("small_batches_error.svg"))?;
    if arguments.norms.contains(&Normalization::Switchable) {
        let panels = Panels::new("What switchable normalisation chose", weight_charts(&runs, &arguments.batch_sizes))
            .caption(
                "The weights of instance, layer and batch statistics for each normalised layer: averages over seeds",
            );
        panels.write_svg(arguments.out.join("small_batches_weights.svg"))?;
        report = report.panels(panels);
    }
    let path = arguments.out.join("small_batches.html");
    report.write(&path)?;
    println!("\nreport: {}", path.display());
    if arguments.json {
        let runs: Vec<_> = runs.iter().map(Run::to_json).collect();
        println!("{}", json!({"experiment": "small_batches", "epochs": arguments.epochs, "runs": runs}));
    }
    Ok(())
}

/// For means and for variances, a bar for each layer and batch size: the shares of the three statistics.
fn weight_charts(runs: &[Run], batch_sizes: &[usize]) -> [Chart; 2] {
    let of = |batch_size: usize| {
        runs.iter().filter(move |r| r.norm == Normalization::Switchable && r.batch_size == batch_size)
    };
    let places: Vec<(usize, usize)> =
        (0..CHANNELS.len()).flat_map(|layer| batch_sizes.iter().map(move |&size| (layer, size))).collect();
    let chart = |title: &str, weights: fn(&Run) -> &[[f64; 3]]| {
        let names = places.iter().map(|(layer, size)| format!("layer {}, {size}", layer + 1));
        let chart = Chart::new(title).x_label("layer, batch size").y_label("weight").y_range(0.0, 1.0);
        ["instance", "layer", "batch"].into_iter().enumerate().fold(
            chart.categories(names).stacked(),
            |chart, (part, name)| {
                let share = |&(layer, size): &(usize, usize)| {
                    let (sum, count) =
                        of(size).fold((0.0, 0.0), |(sum, n), run| (sum + weights(run)[layer][part], n + 1.0));
                    sum / count
                };
                chart.bars(name, places.iter().map(share))
            },
        )
    };
    [chart("Weights of means", |run| &run.mean_weights), chart("Weights of variances", |run| &run.variance_weights)]
}
