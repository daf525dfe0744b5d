//! The same small classifier on 1 797 embedded digits, plain and with batch normalisation: a progress bar, a table, and a page
//! with curves.
//!
//! `cargo run --release --example quickstart`

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use evenkeel::prelude::*;
use evenkeel::train::report::{Chart, Report, Table};
use evenkeel_examples::{Failure, at_least_one, create_folder, percent, run, sigmoid_net};
use serde_json::json;

#[derive(Parser)]
#[command(about = "The same small classifier on embedded digits, plain and with batch normalisation")]
struct Arguments {
    /// Passes over the training data
    #[arg(long, default_value_t = 30, value_parser = at_least_one::<u64>())]
    epochs: u64,
    /// Seed of the split, the weights and the order of the examples
    #[arg(long, default_value_t = 7)]
    seed: u64,
    /// Folder for the report
    #[arg(long, default_value = ".")]
    out: PathBuf,
    /// Print one JSON object as the last line
    #[arg(long)]
    json: bool,
}

fn main() -> ExitCode {
    run(experiment)
}

fn experiment() -> Result<(), Failure> {
    let arguments = Arguments::parse();
    create_folder(&arguments.out)?;
    let seed = Seed(arguments.seed);
    let (train, test) = Digits::embedded().split_stratified(0.8, seed)?;
    println!("{} digits to learn from, {} held out (stratified)\n", train.len(), test.len());

    let mut table = Table::new(["network", "test accuracy", "seconds", "steps to 90 %"], Vec::<Vec<String>>::new());
    let mut accuracy = Chart::new("Accuracy on held-out digits").x_label("step").y_label("test accuracy");
    let mut loss = Chart::new("Training loss").x_label("step").y_label("cross-entropy").log_y();
    let mut accuracies = Vec::new();
    for (name, batch_norm) in [("plain", false), ("BatchNorm", true)] {
        let mut net = sigmoid_net(&[64, 100, 100, 10], batch_norm).initialize(XavierUniform::default(), seed)?;
        let history = Trainer::new(Sgd::new(0.1))
            .epochs(arguments.epochs)
            .batch_size(60)
            .seed(seed)
            .progress(true)
            .fit(&mut net, CrossEntropy::default(), &train, &test)?;

        let reached = history.last("test_accuracy").expect("evaluated at the end");
        let steps_to_90 = history.steps_to("test_accuracy", 0.9).map_or("not reached".to_owned(), |s| s.to_string());
        let seconds = history.last("seconds").unwrap_or(f64::NAN);
        table = table.row([name.to_owned(), percent(reached), format!("{seconds:.2}"), steps_to_90]);
        accuracy = accuracy.line(name, history.curve("test_accuracy"));
        loss = loss.line(name, history.curve("loss"));
        accuracies.push(reached);
    }
    println!("{table}");

    let path = arguments.out.join("quickstart.html");
    Report::new("Quickstart: batch normalisation on 8 x 8 digits")
        .paragraph(
            "A 64-100-100-10 network of sigmoids, Xavier's uniform start, plain gradient descent with learning rate 0.1 \
             on batches of 60; once plain, once with batch normalisation before each sigmoid.",
        )
        .table(table)
        .chart(accuracy.reference_line("90 %", 0.9))
        .chart(loss)
        .paragraph(
            "Data: Optical Recognition of Handwritten Digits, E. Alpaydin and C. Kaynak, UCI Machine Learning Repository, 1998 \
             (CC BY 4.0).",
        )
        .write(&path)?;
    println!("\nreport: {}", path.display());
    if arguments.json {
        println!(
            "{}",
            json!({
                "experiment": "quickstart",
                "plain": {"test_accuracy": accuracies[0]},
                "batchnorm": {"test_accuracy": accuracies[1]},
                "report": path,
            })
        );
    }
    Ok(())
}
