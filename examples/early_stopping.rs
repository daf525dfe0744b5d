//! Early stopping where labels are noisy: the training loss falls to the end, while the loss on held-out data turns up as soon as
//! the network begins to learn the wrong labels by heart. The run is stopped, and its best weights are given back.
//!
//! After Goodfellow, Bengio & Courville, *Deep Learning*, 2016, section 7.8.
//!
//! `cargo run --release --example early_stopping` on the embedded 8 x 8 digits; `-- --data DIR` on MNIST.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use clap::Parser;
use evenkeel::data::{Mnist, Order};
use evenkeel::module::Sequential;
use evenkeel::prelude::*;
use evenkeel::train::report::{Chart, Panels, Report, Table};
use evenkeel::train::{Callback, evaluate};
use evenkeel_examples::{
    Failure, accuracy, at_least_one, create_folder, distinct, median, percent, run, seeds, side_by_side, spread,
};
use serde_json::{Value, json};

#[derive(Parser)]
#[command(about = "Training on noisy labels with and without early stopping, judged on clean ones")]
struct Arguments {
    /// Folder of MNIST's four IDX files; the embedded 8 x 8 digits without it
    #[arg(long)]
    data: Option<PathBuf>,
    /// Images taken from MNIST, a quarter of them for validation
    #[arg(long, default_value_t = 4000, value_parser = at_least_one::<usize>())]
    examples: usize,
    /// Share of wrong labels in the training and the validation data
    #[arg(long, default_value_t = 0.4)]
    noise: f64,
    /// Evaluations without improvement after which a run is stopped; there is one after each epoch
    #[arg(long, value_delimiter = ',', default_values_t = [1, 5, 20], value_parser = at_least_one::<u64>())]
    patience: Vec<u64>,
    /// Epochs of a run that is not stopped
    #[arg(long, default_value_t = 120, value_parser = at_least_one::<u64>())]
    epochs: u64,
    /// Hidden units
    #[arg(long, default_value_t = 256, value_parser = at_least_one::<usize>())]
    width: usize,
    /// Learning rate of Adam
    #[arg(long, default_value_t = 0.001)]
    learning_rate: f64,
    /// Number of seeds; each draws its own three parts of the data
    #[arg(long, default_value_t = 10, value_parser = at_least_one::<u64>())]
    seeds: u64,
    /// The first seed
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Folder for the figures and the report
    #[arg(long, default_value = "early_stopping")]
    out: PathBuf,
    /// Print one JSON object as the last line
    #[arg(long)]
    json: bool,
}

const BATCH: usize = 50;

/// The data of a seed.
struct Parts {
    train: Dataset,
    /// With as many wrong labels as the training data: whoever collects such data cannot tell which these are.
    validation: Dataset,
    /// With the right labels. It decides nothing.
    test: Dataset,
}

impl Parts {
    fn of(arguments: &Arguments, mnist: Option<&Mnist>, seed: Seed) -> Result<Self, Failure> {
        let (learn, test) = match mnist {
            Some(Mnist { train, test }) => {
                let order = Order::shuffled(train.len(), seed.stream("examples"), 0);
                let learn = train.subset(&order.indices()[..arguments.examples.min(train.len())])?;
                (learn.reshape_samples([784])?, test.reshape_samples([784])?)
            }
            None => Digits::embedded().split_stratified(0.8, seed)?,
        };
        let (train, validation) = learn.with_label_noise(arguments.noise, seed)?.split_stratified(0.75, seed)?;
        Ok(Self { train, validation, test })
    }
}

/// Adds to each evaluation, which is on the validation data, the loss on all training data and the accuracy on the test data.
struct Watch<'a>(&'a Parts);

impl Callback<f32, Sequential> for Watch<'_> {
    fn measure(&mut self, net: &Sequential, metrics: &mut Vec<(&'static str, f64)>) {
        let of = |data| evaluate(net, &CrossEntropy::default(), data).expect("the training fits them");
        metrics.push(("train_loss", of(&self.0.train).loss));
        metrics.push(("clean_accuracy", of(&self.0.test).accuracy.expect("digits are classes")));
    }
}

/// A training, stopped or not; the network is as it ended.
fn train(
    arguments: &Arguments,
    parts: &Parts,
    stopping: Option<EarlyStopping>,
    seed: Seed,
) -> Result<(Sequential, History), Failure> {
    let inputs = parts.train.sample_shape().numel();
    let mut net = sequential![Linear::new(inputs, arguments.width), Relu, Linear::new(arguments.width, 10)]
        .initialize(HeNormal::default(), seed)?;
    let trainer = Trainer::new(Adam::new(arguments.learning_rate))
        .epochs(arguments.epochs)
        .batch_size(BATCH)
        .seed(seed)
        .callback(Watch(parts));
    let trainer = match stopping {
        Some(stopping) => trainer.early_stopping(stopping),
        None => trainer,
    };
    let history = trainer.fit(&mut net, CrossEntropy::default(), &parts.train, &parts.validation)?;
    Ok((net, history))
}

/// A run that was stopped.
struct Stopped {
    patience: u64,
    /// The steps made.
    stopped_at: u64,
    /// The steps after which the weights were those given back.
    best_at: u64,
    /// The accuracy on clean test data of the weights given back, and of those at the stop.
    test_accuracy_best: f64,
    test_accuracy_stop: f64,
}

/// The runs of a seed: with every patience, and not stopped.
struct Runs {
    seed: u64,
    stopped: Vec<Stopped>,
    whole: History,
    test_accuracy_last: f64,
    steps_per_epoch: f64,
}

impl Runs {
    fn new(arguments: &Arguments, mnist: Option<&Mnist>, seed: u64) -> Result<Self, Failure> {
        let parts = Parts::of(arguments, mnist, Seed(seed))?;
        let (last, whole) = train(arguments, &parts, None, Seed(seed))?;
        let stopped = arguments.patience.iter().map(|&patience| {
            let (net, history) = train(arguments, &parts, Some(EarlyStopping::new(patience)), Seed(seed))?;
            Ok(Stopped {
                patience,
                stopped_at: history.steps().last_step().ok_or("a training without steps")?,
                best_at: history.restored_step().ok_or("a training without a best evaluation")?,
                test_accuracy_best: accuracy(&net, &parts.test)?,
                test_accuracy_stop: history.last("clean_accuracy").ok_or("a training without evaluations")?,
            })
        });
        Ok(Self {
            seed,
            stopped: stopped.collect::<Result<_, Failure>>()?,
            whole,
            test_accuracy_last: accuracy(&last, &parts.test)?,
            steps_per_epoch: parts.train.len().div_ceil(BATCH) as f64,
        })
    }

    /// Step, loss on the training data, loss on the validation data.
    fn curve(&self) -> Vec<(u64, f64, f64)> {
        let (train, validation) = (self.whole.curve("train_loss"), self.whole.curve("test_loss"));
        train.into_iter().zip(validation).map(|((step, train), (_, validation))| (step, train, validation)).collect()
    }

    fn to_json(&self) -> impl Iterator<Item = Value> {
        self.stopped.iter().map(|stopped| {
            json!({
                "seed": self.seed,
                "patience": stopped.patience,
                "stopped_at": stopped.stopped_at,
                "best_at": stopped.best_at,
                "test_accuracy_best": stopped.test_accuracy_best,
                "test_accuracy_stop": stopped.test_accuracy_stop,
                "test_accuracy_last": self.test_accuracy_last,
                "curve": self.curve(),
            })
        })
    }
}

fn main() -> ExitCode {
    run(experiment)
}

fn experiment() -> Result<(), Failure> {
    let mut arguments = Arguments::parse();
    arguments.patience = distinct(&arguments.patience);
    create_folder(&arguments.out)?;
    let begun = Instant::now();
    let mnist = arguments.data.as_ref().map(Mnist::load).transpose()?;
    let runs =
        side_by_side(seeds(arguments.seed, arguments.seeds), |&seed| Runs::new(&arguments, mnist.as_ref(), seed))?;
    let table = table(&arguments, &runs);
    println!("{table}\n{} seeds in {:.1} s", runs.len(), begun.elapsed().as_secs_f64());
    let report = write_report(&arguments, &runs, table)?;
    println!("report: {}", report.display());
    if arguments.json {
        let runs: Vec<_> = runs.iter().flat_map(Runs::to_json).collect();
        println!("{}", json!({"experiment": "early_stopping", "noise": arguments.noise, "runs": runs}));
    }
    Ok(())
}

fn table(arguments: &Arguments, runs: &[Runs]) -> Table {
    // Patience by its place, to which each seed has a run.
    let of = |i: usize, value: fn(&Runs, &Stopped) -> f64| -> Vec<f64> {
        runs.iter().map(|runs| value(runs, &runs.stopped[i])).collect()
    };
    let rows = arguments.patience.iter().enumerate().map(|(i, patience)| {
        let epochs = |steps| format!("{:.0}", median(&of(i, steps)));
        let better = of(i, |runs, run| run.test_accuracy_best - runs.test_accuracy_last);
        [
            patience.to_string(),
            epochs(|runs, run| run.stopped_at as f64 / runs.steps_per_epoch),
            epochs(|runs, run| run.best_at as f64 / runs.steps_per_epoch),
            spread(&of(i, |_, run| run.test_accuracy_best), percent),
            percent(median(&of(i, |_, run| run.test_accuracy_stop))),
            format!("{} of {}", better.iter().filter(|gain| **gain > 0.0).count(), runs.len()),
        ]
    });
    let last: Vec<f64> = runs.iter().map(|runs| runs.test_accuracy_last).collect();
    let header = ["patience", "epochs run", "best epoch", "given back", "at the stop", "better than the last"];
    Table::new(header, rows.collect::<Vec<_>>())
        .row(["not stopped".to_owned(), arguments.epochs.to_string(), String::new(), spread(&last, percent)])
        .caption("Accuracy on clean test data. Median over seeds (smallest to largest).")
}

/// The first seed's run that is not stopped, with the places where the largest patience stops it and whose weights it gives back.
fn curves(arguments: &Arguments, runs: &Runs) -> Option<Panels> {
    let run = runs.stopped.iter().max_by_key(|run| run.patience)?;
    let curve = runs.curve();
    let highest = curve.iter().flat_map(|(_, train, validation)| [*train, *validation]).fold(0.0, f64::max);
    let lowest = runs.whole.curve("clean_accuracy").iter().fold(1.0, |low: f64, (_, accuracy)| low.min(*accuracy));
    let marked = |chart: Chart, name: &str, (low, high): (f64, f64)| {
        let values = runs.whole.curve(name);
        let at = |step: u64| values.iter().copied().filter(move |(other, _)| *other == step);
        let upright = |step: u64| [(step as f64, low), (step as f64, high)];
        chart
            .x_label("step")
            .y_range(low, high)
            .dashed_line("weights given back", upright(run.best_at))
            .bold_points("weights given back", at(run.best_at))
            .dashed_line("stop", upright(run.stopped_at))
            .bold_points("stop", at(run.stopped_at))
    };
    let losses = Chart::new("Loss")
        .y_label("cross-entropy")
        .line("training, noisy labels", curve.iter().map(|(step, train, _)| (*step, *train)))
        .line("validation, noisy labels", curve.iter().map(|(step, _, validation)| (*step, *validation)));
    let clean = Chart::new("Accuracy")
        .y_label("share of right answers")
        .line("test, clean labels", runs.whole.curve("clean_accuracy"));
    let charts =
        [marked(losses, "test_loss", (0.0, 1.05 * highest)), marked(clean, "clean_accuracy", (0.98 * lowest, 1.0))];
    Some(Panels::new("A run that is not stopped, and where it would have been", charts).caption(format!(
        "Seed {}, {} of the labels wrong, patience {}.",
        runs.seed,
        percent(arguments.noise),
        run.patience
    )))
}

/// Every seed's accuracy with each patience and without stopping, a dot each.
fn accuracies(arguments: &Arguments, runs: &[Runs]) -> Chart {
    let names = arguments.patience.iter().map(|patience| format!("patience {patience}"));
    let mut chart = Chart::new("Accuracy of the weights given back and of the last ones")
        .caption("A dot is a seed, in the same order everywhere.")
        .y_label("accuracy on clean test data")
        .categories(names.chain(["not stopped".to_owned()]));
    for (i, seed) in runs.iter().enumerate() {
        let place = |category: usize| category as f64 + 0.7 * (i as f64 + 0.5) / runs.len() as f64 - 0.35;
        let best = seed.stopped.iter().enumerate().map(|(k, run)| (place(k), run.test_accuracy_best));
        chart = chart
            .bold_points("given back", best)
            .bold_points("last", [(place(arguments.patience.len()), seed.test_accuracy_last)]);
    }
    chart
}

/// The figures, in a page and as SVG files.
fn write_report(arguments: &Arguments, runs: &[Runs], table: Table) -> Result<PathBuf, Failure> {
    let accuracies = accuracies(arguments, runs);
    accuracies.write_svg(arguments.out.join("accuracy.svg"))?;
    let mut report = Report::new("Early stopping on noisy labels")
        .paragraph(format!(
            "A hidden layer of {} rectified units, Adam with learning rate {}, {BATCH} images a step, {} epochs unless stopped. {} of \
             the labels of the training and the validation data are wrong. A run is stopped when the validation loss has not \
             fallen for some evaluations (the patience), one after each epoch; the test data have the right labels, and decide nothing.",
            arguments.width,
            arguments.learning_rate,
            arguments.epochs,
            percent(arguments.noise)
        ))
        .table(table)
        .chart(accuracies);
    if let Some(curves) = runs.first().and_then(|runs| curves(arguments, runs)) {
        curves.write_svg(arguments.out.join("curves.svg"))?;
        report = report.panels(curves);
    }
    let path = arguments.out.join("report.html");
    report.write(&path)?;
    Ok(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn small(epochs: &str, options: &[&str]) -> Arguments {
        let small = ["early_stopping", "--width", "128", "--learning-rate", "0.003", "--epochs", epochs];
        Arguments::parse_from([&small[..], options].concat())
    }

    /// The curve turns, the weights given back are those of its least validation loss, and right more often than the last ones.
    #[test]
    fn the_best_weights_come_back() {
        let arguments = small("80", &[]);
        side_by_side(0..3, |&seed| {
            let parts = Parts::of(&arguments, None, Seed(seed))?;
            let (last, whole) = train(&arguments, &parts, None, Seed(seed))?;
            let (best, stopped) = train(&arguments, &parts, Some(EarlyStopping::new(5)), Seed(seed))?;

            let of = |net: &Sequential, data: &Dataset| evaluate(net, &CrossEntropy::default(), data).unwrap();
            let (step, least) = stopped.best("test_loss").unwrap();
            assert_eq!(stopped.restored_step(), Some(step));
            assert_eq!(of(&best, &parts.validation).loss, least);
            // Five epochs later it stopped, as the beginning of the whole run.
            let per_epoch = parts.train.len().div_ceil(BATCH) as u64;
            assert_eq!(stopped.steps().last_step(), Some(step + 5 * per_epoch));
            let (short, long) = (stopped.curve("test_loss"), whole.curve("test_loss"));
            assert_eq!(short, long[..short.len()]);

            let falls = whole.curve("train_loss");
            assert!(falls.last().unwrap().1 < falls[short.len() - 1].1);
            assert!(whole.last("test_loss").unwrap() > 1.2 * least);
            let accuracy = |net| of(net, &parts.test).accuracy.unwrap();
            assert!(accuracy(&best) > accuracy(&last) + 0.05, "{} and {}", accuracy(&best), accuracy(&last));
            Ok(())
        })
        .unwrap();
    }

    /// The share of wrong labels is that asked for, in the parts to learn from, and the test labels are right.
    #[test]
    fn test_labels_are_right() {
        let parts = |noise: &str| Parts::of(&small("1", &["--noise", noise]), None, Seed(1)).unwrap();
        let (clean, noisy) = (parts("0"), parts("0.4"));
        assert_eq!(clean.test.fingerprint(), noisy.test.fingerprint());
        assert_eq!(noisy.train.len() + noisy.validation.len() + noisy.test.len(), Digits::embedded().len());
        assert!(Parts::of(&small("1", &["--noise", "1.5"]), None, Seed(1)).is_err());
    }

    #[test]
    fn runs_repeat() {
        let arguments = small("3", &["--patience", "1,2"]);
        let runs = side_by_side([7; 3], |&seed| Runs::new(&arguments, None, seed)).unwrap();
        let json = |runs: &Runs| runs.to_json().collect::<Vec<_>>();
        assert_eq!(json(&runs[0]).len(), 2);
        assert!(runs.windows(2).all(|pair| json(&pair[0]) == json(&pair[1])));
    }
}
