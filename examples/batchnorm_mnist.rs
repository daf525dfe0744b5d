//! Section 4.1 of Ioffe & Szegedy, *Batch Normalization*, 2015 (arXiv 1502.03167): a network of three hidden layers of 100 sigmoids
//! with and without batch normalisation, and the paper's figure 1.
//!
//! `cargo run --release --example batchnorm_mnist -- --data DIR`, with MNIST's four IDX files (plain or .gz) in DIR; without
//! `--data`, the embedded 8 x 8 digits.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use evenkeel::data::{Batch, Mnist};
use evenkeel::init::Normal;
use evenkeel::module::{Mode, Sequential, Workspace};
use evenkeel::prelude::*;
use evenkeel::train::Callback;
use evenkeel::train::report::{Chart, Report, Table};
use evenkeel_examples::{Failure, at_least_one, create_folder, percent, run, seeds, sigmoid_net, weights_hash};
use serde_json::{Value, json};

const HIDDEN: [usize; 3] = [100; 3];
const BATCH: usize = 60;

#[derive(Parser)]
#[command(about = "The batch-normalisation paper's experiment on MNIST: with and without, figure 1")]
struct Arguments {
    /// Folder of MNIST's four IDX files; the embedded 8 x 8 digits without it
    #[arg(long)]
    data: Option<PathBuf>,
    /// Steps of 60 examples
    #[arg(long, default_value_t = 50_000, value_parser = at_least_one::<u64>())]
    steps: u64,
    /// Number of seeds; each trains both networks
    #[arg(long, default_value_t = 3, value_parser = at_least_one::<u64>())]
    seeds: u64,
    /// The first seed
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Standard deviation of the Gaussian weights (the paper says "small")
    #[arg(long, default_value_t = 0.05)]
    weight_std: f64,
    /// Learning rate of plain gradient descent (the paper names none)
    #[arg(long, default_value_t = 0.1)]
    learning_rate: f64,
    /// Pixels 0 or 1, as the paper's binary images
    #[arg(long)]
    binarize: bool,
    /// Steps between evaluations
    #[arg(long, default_value_t = 100, value_parser = at_least_one::<u64>())]
    evaluate_every: u64,
    /// Folder for the figure, the report and the checkpoints
    #[arg(long, default_value = "batchnorm_mnist")]
    out: PathBuf,
    /// Steps between checkpoints, in the output folder; none without it
    #[arg(long, value_parser = at_least_one::<u64>())]
    checkpoint_every: Option<u64>,
    /// Go on from the checkpoints in the output folder, where there are any
    #[arg(long)]
    resume: bool,
    /// Print one JSON object as the last line
    #[arg(long)]
    json: bool,
}

/// One training.
struct Run {
    batch_norm: bool,
    seed: u64,
    history: History,
    weights_hash: String,
}

impl Run {
    fn name(&self) -> &'static str {
        if self.batch_norm { "BatchNorm" } else { "plain" }
    }

    /// The name in file names.
    fn kind(&self) -> &'static str {
        kind(self.batch_norm)
    }

    fn accuracy(&self) -> f64 {
        self.history.last("test_accuracy").expect("evaluated at the end")
    }

    fn seconds(&self) -> f64 {
        self.history.last("seconds").expect("evaluated at the end")
    }

    fn steps_to_90(&self) -> Option<u64> {
        self.history.steps_to("test_accuracy", 0.9)
    }

    /// (step, 15th, 50th, 85th percentile) of the sigmoid's input.
    fn percentiles(&self) -> Vec<(u64, f64, f64, f64)> {
        let curves = PERCENTILES.map(|(name, _)| self.history.curve(name));
        let [low, middle, high] = &curves;
        low.iter().zip(middle).zip(high).map(|((l, m), h)| (l.0, l.1, m.1, h.1)).collect()
    }

    fn to_json(&self, arguments: &Arguments) -> Value {
        json!({
            "batchnorm": self.batch_norm,
            "seed": self.seed,
            "weight_std": arguments.weight_std,
            "learning_rate": arguments.learning_rate,
            "curve": self.history.curve("test_accuracy"),
            "percentiles": self.percentiles(),
            "steps_to_90": self.steps_to_90(),
            "final_test_accuracy": self.accuracy(),
            "seconds": self.seconds(),
            "weights_hash": self.weights_hash,
        })
    }
}

const PERCENTILES: [(&str, f64); 3] = [("p15", 0.15), ("p50", 0.50), ("p85", 0.85)];

/// Measures how the input of one sigmoid of the last hidden layer is distributed over held-out examples.
struct SigmoidInput {
    workspace: Workspace,
    examples: Batch,
    /// The number of layers before the sigmoid.
    depth: usize,
}

impl SigmoidInput {
    fn new(net: &Sequential, test: &Dataset) -> Self {
        let some: Vec<usize> = (0..test.len().min(1000)).collect();
        // The last two layers are the sigmoid and the output layer.
        Self { workspace: Workspace::new(), examples: test.batch(&some), depth: net.len() - 2 }
    }
}

impl Callback<f32, Sequential> for SigmoidInput {
    fn measure(&mut self, net: &Sequential, metrics: &mut Vec<(&'static str, f64)>) {
        let pass = self.workspace.begin(Mode::Evaluation, Seed(0));
        let inputs = net.forward_until(self.depth, &pass, pass.constant(self.examples.inputs.clone()));
        let units = inputs.shape()[1];
        // The first unit is as typical as any: all start alike.
        let mut values: Vec<f32> = inputs.value().iter().step_by(units).copied().collect();
        values.sort_unstable_by(f32::total_cmp);
        let at = |share: f64| f64::from(values[((values.len() - 1) as f64 * share).round() as usize]);
        metrics.extend(PERCENTILES.map(|(name, share)| (name, at(share))));
    }
}

fn main() -> ExitCode {
    run(experiment)
}

fn experiment() -> Result<(), Failure> {
    let arguments = Arguments::parse();
    let (train, test, data) = load(&arguments)?;
    create_folder(&arguments.out)?;
    let mut runs = Vec::new();
    for seed in seeds(arguments.seed, arguments.seeds) {
        for batch_norm in [false, true] {
            let run = train_one(&arguments, batch_norm, seed, &train, &test)?;
            println!("{:9} seed {seed}: {} in {:.1} s", run.name(), percent(run.accuracy()), run.seconds());
            runs.push(run);
        }
    }
    let table = table(&runs);
    println!("\n{table}");
    let path = write_report(&arguments, &runs, table, data)?;
    println!("\nreport: {}", path.display());
    if arguments.json {
        let runs: Vec<_> = runs.iter().map(|run| run.to_json(&arguments)).collect();
        println!("{}", json!({"experiment": "batchnorm_mnist", "steps": arguments.steps, "runs": runs}));
    }
    Ok(())
}

/// The training and test parts, and what they are.
fn load(arguments: &Arguments) -> Result<(Dataset, Dataset, &'static str), Failure> {
    let binarize = |data: Dataset| if arguments.binarize { data.binarize(0.5) } else { Ok(data) };
    match &arguments.data {
        Some(folder) => {
            let mnist = Mnist::load(folder)?;
            let flat = |data: Dataset| binarize(data)?.reshape_samples([784]);
            Ok((flat(mnist.train)?, flat(mnist.test)?, "MNIST (60 000 to learn from, 10 000 held out)"))
        }
        None => {
            let (train, test) = binarize(Digits::embedded())?.split_stratified(0.8, Seed(arguments.seed))?;
            Ok((train, test, "the embedded 8 x 8 digits (a stratified fifth of 1 797 held out)"))
        }
    }
}

fn kind(batch_norm: bool) -> &'static str {
    if batch_norm { "batchnorm" } else { "plain" }
}

fn train_one(
    arguments: &Arguments,
    batch_norm: bool,
    seed: u64,
    train: &Dataset,
    test: &Dataset,
) -> Result<Run, Failure> {
    let widths = [&[train.sample_shape().numel()][..], &HIDDEN, &[10]].concat();
    let mut net = sigmoid_net(&widths, batch_norm).initialize(Normal::with_std(arguments.weight_std), Seed(seed))?;
    let mut trainer = Trainer::new(Sgd::new(arguments.learning_rate))
        .steps(arguments.steps)
        .batch_size(BATCH)
        .seed(Seed(seed))
        .evaluate_every(arguments.evaluate_every)
        .progress(true)
        .callback(SigmoidInput::new(&net, test));
    let checkpoint = arguments.out.join(format!("{}-seed{seed}.safetensors", kind(batch_norm)));
    if let Some(every) = arguments.checkpoint_every {
        trainer = trainer.checkpoint_every(every, &checkpoint);
    }
    if arguments.resume && checkpoint.exists() {
        trainer = trainer.resume_from(&checkpoint);
    }
    let history = trainer.fit(&mut net, CrossEntropy::default(), train, test)?;
    Ok(Run { batch_norm, seed, history, weights_hash: weights_hash(&net) })
}

fn table(runs: &[Run]) -> Table {
    let mut table = Table::new(
        ["network", "seed", "final test accuracy", "steps to 90 %", "seconds"],
        runs.iter().map(|run| {
            let steps = run.steps_to_90().map_or("not reached".to_owned(), |s| s.to_string());
            [
                run.name().to_owned(),
                run.seed.to_string(),
                percent(run.accuracy()),
                steps,
                format!("{:.1}", run.seconds()),
            ]
        }),
    );
    let seeds = runs.len() / 2;
    for batch_norm in [false, true].into_iter().filter(|_| seeds > 1) {
        let of: Vec<&Run> = runs.iter().filter(|run| run.batch_norm == batch_norm).collect();
        let mean = |f: &dyn Fn(&Run) -> f64| of.iter().map(|run| f(run)).sum::<f64>() / of.len() as f64;
        let Some(first) = of.first() else { continue };
        let steps = mean(&|run| run.steps_to_90().map_or(f64::NAN, |s| s as f64));
        table = table.row([
            first.name().to_owned(),
            "mean".to_owned(),
            percent(mean(&Run::accuracy)),
            if steps.is_nan() { "not reached".to_owned() } else { format!("{steps:.0}") },
            format!("{:.1}", mean(&Run::seconds)),
        ]);
    }
    table
}

/// The paper's figure 1 as two charts, in a page and as SVG files.
fn write_report(arguments: &Arguments, runs: &[Run], table: Table, data: &str) -> Result<PathBuf, Failure> {
    let curves = |batch_norm: bool| {
        runs.iter().filter(move |run| run.batch_norm == batch_norm).map(|run| run.history.curve("test_accuracy"))
    };
    let accuracy = Chart::new("Test accuracy against training steps")
        .caption("Figure 1 (a) of the paper. Thin: each seed; bold: their mean.")
        .x_label("step")
        .y_label("test accuracy")
        .runs("plain", curves(false))
        .runs("BatchNorm", curves(true));
    // One scale for both networks, as in the paper.
    let first: Vec<&Run> = runs.iter().take(2).collect();
    let extremes = first.iter().flat_map(|run| run.percentiles()).flat_map(|(_, low, _, high)| [low, high]);
    let (low, high) = extremes.fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), v| (l.min(v), h.max(v)));
    let inputs: Vec<Chart> = first
        .iter()
        .map(|run| {
            let percentiles = run.percentiles();
            Chart::new(format!("Input of one sigmoid of the last hidden layer, {}", run.name()))
                .caption(format!(
                    "Figure 1 ({}) of the paper: 15th, 50th and 85th percentile over held-out examples, seed {}.",
                    if run.batch_norm { "c" } else { "b" },
                    run.seed
                ))
                .x_label("step")
                .y_label("input of the sigmoid")
                .y_range(low, high)
                .band(run.name(), percentiles.iter().map(|&(step, low, _, high)| (step, low, high)))
                .line(run.name(), percentiles.iter().map(|&(step, _, middle, _)| (step, middle)))
        })
        .collect();
    accuracy.write_svg(arguments.out.join("accuracy.svg"))?;
    for (run, chart) in first.iter().zip(&inputs) {
        chart.write_svg(arguments.out.join(format!("sigmoid_input_{}.svg", run.kind())))?;
    }
    let path = arguments.out.join("report.html");
    let report = Report::new("Batch normalisation accelerates training")
        .paragraph(format!(
            "Section 4.1 of Ioffe & Szegedy 2015 (arXiv 1502.03167) on {data}{}: three hidden layers of 100 sigmoids, cross-entropy, \
             {BATCH} examples a step, {} steps of plain gradient descent. The paper prints neither the learning rate nor the \
             deviation of its small Gaussian weights nor the accuracies reached; here they are {} and {}, and what is claimed \
             is the order and the shape of the curves.",
            if arguments.binarize { ", pixels 0 or 1" } else { "" },
            arguments.steps, arguments.learning_rate, arguments.weight_std,
        ))
        .table(table)
        .chart(accuracy);
    inputs.into_iter().fold(report, Report::chart).write(&path)?;
    Ok(path)
}
