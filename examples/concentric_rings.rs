//! Two rings of points and a net of 2-5-3-2 units: with all weights 0 it never learns, however long it trains, because its units
//! are equal and stay so. Xavier's, He's and orthogonal starts learn; the regions they find are drawn.
//!
//! `cargo run --release --example concentric_rings`

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use clap::Parser;
use evenkeel::data::synthetic::concentric_rings;
use evenkeel::init::{Gain, Orthogonal, Policy, Zeros};
use evenkeel::module::{Mode, Sequential, Workspace};
use evenkeel::prelude::*;
use evenkeel::tensor::parallel;
use evenkeel::train::report::{Chart, Grid, Panels, Point, Report, Table};
use evenkeel::train::signal::{SignalProbe, SignalReport, Verdict};
use evenkeel_examples::{Failure, accuracy, at_least_one, create_folder, has_diverged, median, percent, run, seeds};
use serde_json::{Value, json};

#[derive(Parser)]
#[command(about = "Concentric rings and four starts of the weights: zeros, Xavier, He, orthogonal")]
struct Arguments {
    /// Number of seeds; each draws its own rings and trains every start
    #[arg(long, default_value_t = 20, value_parser = at_least_one::<u64>())]
    seeds: u64,
    /// The first seed
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Points, half on each ring; a fifth is held out
    #[arg(long, default_value_t = 5000)]
    points: usize,
    /// Deviation of the noise; the rings' radii are 0.5 and 1
    #[arg(long, default_value_t = 0.08)]
    noise: f64,
    /// Passes over the training points
    #[arg(long, default_value_t = 30, value_parser = at_least_one::<u64>())]
    epochs: u64,
    /// Points in a step
    #[arg(long, default_value_t = 20, value_parser = at_least_one::<usize>())]
    batch_size: usize,
    /// Learning rate of Adam
    #[arg(long, default_value_t = 0.01)]
    learning_rate: f64,
    /// Folder for the figures and the report
    #[arg(long, default_value = "concentric_rings")]
    out: PathBuf,
    /// Print one JSON object as the last line
    #[arg(long)]
    json: bool,
}

/// A rule for the first weights. Biases begin at 0.
#[derive(Clone, Copy, PartialEq)]
enum Start {
    Zeros,
    Xavier,
    He,
    Orthogonal,
}

impl Start {
    const ALL: [Self; 4] = [Self::Zeros, Self::Xavier, Self::He, Self::Orthogonal];

    fn name(self) -> &'static str {
        match self {
            Self::Zeros => "zeros",
            Self::Xavier => "Xavier",
            Self::He => "He",
            Self::Orthogonal => "orthogonal",
        }
    }

    fn policy(self) -> Policy {
        match self {
            Self::Zeros => Zeros.into(),
            Self::Xavier => XavierUniform::default().into(),
            Self::He => HeNormal::default().into(),
            Self::Orthogonal => Orthogonal::default().with_gain(Gain::RELU).into(),
        }
    }
}

/// One training.
struct Run {
    start: Start,
    seed: u64,
    test_accuracy: f64,
    /// Whether it broke off; the accuracy is that of the net as it was then.
    diverged: bool,
    symmetric: bool,
    /// What the probe says of the net before training.
    before: SignalReport,
    /// Whether, after training, no unit of some hidden layer depends on the input any more.
    dead_layer: bool,
    net: Sequential,
}

impl Run {
    /// Half-way between chance and what a trained net reaches.
    fn has_failed(&self) -> bool {
        self.test_accuracy < 0.75
    }

    fn to_json(&self) -> Value {
        json!({
            "init": self.start.name().to_lowercase(),
            "seed": self.seed,
            "test_accuracy": self.test_accuracy,
            "diverged": self.diverged,
            "symmetric": self.symmetric,
            "verdict_before_training": self.before.verdict().to_string(),
            "dead_layer": self.dead_layer,
        })
    }
}

fn main() -> ExitCode {
    run(experiment)
}

fn experiment() -> Result<(), Failure> {
    let arguments = Arguments::parse();
    create_folder(&arguments.out)?;
    let begun = Instant::now();
    let seeds = seeds(arguments.seed, arguments.seeds);
    let mut runs: Vec<_> =
        Start::ALL.into_iter().flat_map(|start| seeds.clone().map(move |seed| (start, seed, None))).collect();
    // Trainings on several threads: each depends on its own start and seed alone.
    parallel::chunks_mut(&mut runs, 1, |_, chunk| {
        for (start, seed, run) in chunk {
            *run = Some(train(&arguments, *start, *seed));
        }
    });
    let runs: Vec<Run> = runs.into_iter().filter_map(|(_, _, run)| run).collect::<Result<_, _>>()?;
    let seconds = begun.elapsed().as_secs_f64();

    println!("Before any training, the net of zeros:\n\n{}", runs[0].before);
    let table = table(&runs);
    println!("{table}\n{} trainings in {seconds:.1} s", runs.len());
    for run in runs.iter().filter(|run| run.has_failed() && run.start != Start::Zeros) {
        let (name, accuracy, verdict) = (run.start.name(), percent(run.test_accuracy), run.before.verdict());
        let after = match (run.diverged, run.dead_layer) {
            (true, _) => "diverged",
            (false, true) => "a layer all of dead units",
            (false, false) => "no layer all of dead units",
        };
        println!("{name}, seed {}: {accuracy}; {verdict} before training, {after} after", run.seed);
    }
    let report = write_report(&arguments, &runs, table)?;
    println!("\nreport: {}", report.display());
    if arguments.json {
        let runs: Vec<_> = runs.iter().map(Run::to_json).collect();
        println!("{}", json!({"experiment": "concentric_rings", "runs": runs}));
    }
    Ok(())
}

/// The rings of a seed: to learn from, and held out.
fn rings(arguments: &Arguments, seed: Seed) -> Result<(Dataset, Dataset), Failure> {
    Ok(concentric_rings(arguments.points, arguments.noise, seed)?.split_stratified(0.8, seed)?)
}

fn train(arguments: &Arguments, start: Start, seed: u64) -> Result<Run, Failure> {
    let (train, test) = rings(arguments, Seed(seed))?;
    let mut net = sequential![Linear::new(2, 5), Relu, Linear::new(5, 3), Relu, Linear::new(3, 2)]
        .initialize(start.policy(), Seed(seed))?;
    let loss = CrossEntropy::default();
    let all = train.batch::<f32>(&Vec::from_iter(0..train.len()));
    let probe =
        |net: &Sequential| SignalProbe::batch(all.inputs.clone()).with_loss(&loss, all.targets.clone()).run(net);
    let before = probe(&net)?;
    let outcome = Trainer::new(Adam::new(arguments.learning_rate))
        .epochs(arguments.epochs)
        .batch_size(arguments.batch_size)
        .seed(Seed(seed))
        .evaluate_every(u64::MAX)
        .fit(&mut net, CrossEntropy::default(), &train, &test);
    let diverged = has_diverged(outcome)?;
    let test_accuracy = accuracy(&net, &test)?;
    let dead_layer = probe(&net)?.layers.iter().any(|layer| layer.operation == "relu" && layer.dead == 1.0);
    Ok(Run { start, seed, test_accuracy, diverged, symmetric: is_symmetric(&net), before, dead_layer, net })
}

/// Whether the units of each hidden layer have the same weights and biases, to the last bit.
fn is_symmetric(net: &Sequential) -> bool {
    let hidden = (0..net.len() - 1).filter_map(|i| net.get::<Linear>(i));
    hidden.into_iter().all(|layer| {
        let weight = layer.weight().value();
        let mut rows = weight.as_slice().chunks_exact(weight.shape()[1]);
        let biases = layer.bias().map_or(&[][..], |bias| bias.value().as_slice());
        let first = rows.next();
        rows.all(|row| Some(row) == first) && biases.iter().all(|bias| *bias == biases[0])
    })
}

fn table(runs: &[Run]) -> Table {
    let rows = Start::ALL.map(|start| {
        let of: Vec<&Run> = runs.iter().filter(|run| run.start == start).collect();
        let accuracies: Vec<f64> = of.iter().map(|run| run.test_accuracy).collect();
        let count = |of_interest: fn(&Run) -> bool| of.iter().filter(|run| of_interest(run)).count().to_string();
        [
            start.name().to_owned(),
            percent(median(&accuracies)),
            percent(accuracies.iter().copied().fold(f64::INFINITY, f64::min)),
            percent(accuracies.iter().copied().fold(f64::NEG_INFINITY, f64::max)),
            count(Run::has_failed),
            count(|run| run.symmetric),
            count(|run| run.before.verdict() != Verdict::Healthy),
        ]
    });
    Table::new(
        ["start", "median test accuracy", "lowest", "highest", "below 75 %", "units equal", "ill at first"],
        rows,
    )
    .caption(format!("{} seeds each", runs.len() / Start::ALL.len()))
}

/// Where the net sees each ring, with the held-out points of the run's seed.
fn regions(arguments: &Arguments, run: &Run) -> Result<Chart, Failure> {
    const CLASSES: [&str; 2] = ["inner ring", "outer ring"];
    const EDGE: f64 = 1.35;
    let (_, test) = rings(arguments, Seed(run.seed))?;
    let shown = test.batch::<f64>(&Vec::from_iter(0..test.len().min(500)));
    let labels = shown.targets.classes().expect("rings are classes");
    let of = |class: u32| {
        let points = shown.inputs.as_slice().as_chunks().0.iter().zip(labels);
        points.filter(move |(_, label)| **label == class).map(|([x, y], _)| Point { x: *x, y: *y })
    };

    let grid = Grid::new((-EDGE, EDGE), (-EDGE, EDGE), 135, 135);
    let inputs: Vec<f32> = grid.points().flat_map(|point| [point.x as f32, point.y as f32]).collect();
    let mut workspace = Workspace::new();
    let pass = workspace.begin(Mode::Evaluation, Seed(0));
    let outputs = run.net.forward(&pass, pass.constant(Tensor::from_vec([inputs.len() / 2, 2], inputs)?));
    let outputs = outputs.value();
    let said = outputs.as_chunks().0.iter().map(|&[inner, outer]| {
        // The softmax of two outputs: p of the likelier one is 1 / (1 + exp(-d)), and 2p - 1 is tanh(d / 2).
        let sure = f64::from(0.5 * (outer - inner)).tanh();
        (CLASSES[usize::from(sure > 0.0)], sure.abs())
    });
    Ok(Chart::new(format!("{}: {}", run.start.name(), percent(run.test_accuracy)))
        .equal_axes()
        .points(CLASSES[0], of(0))
        .points(CLASSES[1], of(1))
        .regions(&grid, said))
}

/// The figures, in a page and as SVG files.
fn write_report(arguments: &Arguments, runs: &[Run], table: Table) -> Result<PathBuf, Failure> {
    let first: Vec<Chart> = runs
        .iter()
        .filter(|run| run.seed == arguments.seed)
        .map(|run| regions(arguments, run))
        .collect::<Result<_, _>>()?;
    let regions = Panels::new("What each start learns", first).caption(format!(
        "Colour: the class the net sees, the paler the less sure. Dots: held-out points. Seed {}.",
        arguments.seed
    ));
    let mut accuracies = Chart::new("Test accuracy of every training")
        .caption("A dot is a seed.")
        .y_label("test accuracy")
        .categories(Start::ALL.map(Start::name));
    for (i, start) in Start::ALL.into_iter().enumerate() {
        let of = runs.iter().filter(|run| run.start == start);
        // Beside each other in the order of seeds, so that equal accuracies are all seen.
        let place = |seed: u64| {
            i as f64 + 0.7 * (seed.wrapping_sub(arguments.seed) as f64 + 0.5) / arguments.seeds as f64 - 0.35
        };
        accuracies = accuracies.bold_points("", of.map(|run| (place(run.seed), run.test_accuracy)));
    }
    regions.write_svg(arguments.out.join("regions.svg"))?;
    accuracies.write_svg(arguments.out.join("accuracy.svg"))?;
    let path = arguments.out.join("report.html");
    Report::new("Concentric rings: why weights do not begin at zero")
        .paragraph(format!(
            "{} points on two rings (radii 0.5 and 1, noise {}), a fifth held out; 2-5-3-2 units, ReLU, softmax and cross-entropy; \
             Adam with learning rate {}, {} points a step, {} epochs.",
            arguments.points, arguments.noise, arguments.learning_rate, arguments.batch_size, arguments.epochs
        ))
        .preformatted(runs[0].before.to_string())
        .table(table)
        .panels(regions)
        .chart(accuracies)
        .write(&path)?;
    Ok(path)
}
