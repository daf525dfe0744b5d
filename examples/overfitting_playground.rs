//! Four groups of points in the plane, few of them to learn from, and a net of five ReLUs: without a penalty on its weights, with
//! L2, and with L1. Who overfits, whose weights are large, and whose are exactly 0.
//!
//! `cargo run --release --example overfitting_playground`

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use clap::Parser;
use evenkeel::prelude::*;
use evenkeel::train::diagnosis::{BiasVariance, Diagnosis, ErrorRate};
use evenkeel::train::report::{Chart, Panels, Report, Table};
use evenkeel_examples::playground::{Method, Net, Penalty, Plane, Training, norm};
use evenkeel_examples::{Failure, at_least_one, create_folder, median, percent, run, seeds, side_by_side};
use serde_json::{Value, json};

#[derive(Parser)]
#[command(about = "Overfitting in the plane: no penalty, L2 and L1")]
struct Arguments {
    /// The law of the points
    #[arg(long, value_enum, default_value_t = Plane::FourGroups)]
    data: Plane,
    /// Points to learn from
    #[arg(long, default_value_t = 40, value_parser = at_least_one::<usize>())]
    points: usize,
    /// Points to validate with
    #[arg(long, default_value_t = 1000, value_parser = at_least_one::<usize>())]
    validation: usize,
    /// Spread of the groups, or the noise of another law; what suits the law without it
    #[arg(long)]
    noise: Option<f64>,
    /// Strength of L2
    #[arg(long, default_value_t = 0.2)]
    l2: f64,
    /// Strength of L1
    #[arg(long, default_value_t = 0.5)]
    l1: f64,
    /// ReLUs in the hidden layer
    #[arg(long, default_value_t = 5, value_parser = at_least_one::<usize>())]
    hidden: usize,
    /// Steps of gradient descent, each on all points
    #[arg(long, default_value_t = 5000, value_parser = at_least_one::<u64>())]
    steps: u64,
    /// Learning rate; 0.5 for the four groups, 0.1 for the others, whose points lie farther out
    #[arg(long)]
    learning_rate: Option<f64>,
    /// Number of seeds; each draws its own points and trains with every penalty
    #[arg(long, default_value_t = 20, value_parser = at_least_one::<u64>())]
    seeds: u64,
    /// The first seed
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Folder for the figures and the report
    #[arg(long, default_value = "overfitting_playground")]
    out: PathBuf,
    /// Print one JSON object as the last line
    #[arg(long)]
    json: bool,
}

impl Arguments {
    fn noise(&self) -> f64 {
        self.noise.unwrap_or(self.data.usual_noise())
    }

    fn learning_rate(&self) -> f64 {
        self.learning_rate.unwrap_or(if self.data == Plane::FourGroups { 0.5 } else { 0.1 })
    }

    fn penalties(&self) -> [(Penalty, f64); 3] {
        [(Penalty::None, 0.0), (Penalty::L2, self.l2), (Penalty::L1, self.l1)]
    }

    /// Judges errors by the best that can be had on this law.
    fn judge(&self) -> Result<BiasVariance, Failure> {
        Ok(BiasVariance::default().attainable(self.data.attainable(self.noise())?))
    }

    /// The points of a seed: to learn from, and to validate with.
    fn draw(&self, seed: u64) -> Result<[Dataset; 2], Failure> {
        Ok(self.data.draw_split(self.points, self.validation, self.noise(), Seed(seed))?)
    }
}

/// One training.
struct Run {
    penalty: Penalty,
    lambda: f64,
    seed: u64,
    train: ErrorRate,
    validation: ErrorRate,
    train_loss: f64,
    validation_loss: f64,
    weights: Vec<(String, f64)>,
    net: Net,
}

impl Run {
    fn gap(&self) -> f64 {
        self.validation.share() - self.train.share()
    }

    fn loss_gap(&self) -> f64 {
        self.validation_loss - self.train_loss
    }

    fn norm(&self) -> f64 {
        norm(self.weights.iter().map(|(_, w)| *w))
    }

    fn exact_zeros(&self) -> usize {
        self.weights.iter().filter(|(_, w)| *w == 0.0).count()
    }

    fn to_json(&self, judge: &BiasVariance) -> Result<Value, Failure> {
        Ok(json!({
            "penalty": self.penalty.to_string().to_lowercase(),
            "lambda": self.lambda,
            "seed": self.seed,
            "train_error": self.train.share(),
            "validation_error": self.validation.share(),
            "train_loss": self.train_loss,
            "validation_loss": self.validation_loss,
            "verdict": judge.of_rates(self.train, self.validation)?.verdict.to_string(),
            "weights": self.weights.iter().map(|(_, w)| w).collect::<Vec<_>>(),
            "exact_zeros": self.exact_zeros(),
        }))
    }
}

fn train(arguments: &Arguments, (penalty, lambda): (Penalty, f64), seed: u64) -> Result<Run, Failure> {
    let [learn, held_out] = arguments.draw(seed)?;
    let training = Training {
        hidden: arguments.hidden,
        method: Method::Sgd,
        learning_rate: arguments.learning_rate(),
        steps: arguments.steps,
    };
    let net = training.fit((penalty, lambda), &learn, Seed(seed))?;
    let ((train, train_loss), (validation, validation_loss)) = (net.errors(&learn)?, net.errors(&held_out)?);
    Ok(Run {
        penalty,
        lambda,
        seed,
        train: ErrorRate::from_share(train, learn.len() as u64)?,
        validation: ErrorRate::from_share(validation, held_out.len() as u64)?,
        train_loss,
        validation_loss,
        weights: net.weights(),
        net,
    })
}

/// Every seed with every penalty, seed by seed.
fn train_all(arguments: &Arguments) -> Result<Vec<[Run; 3]>, Failure> {
    side_by_side(seeds(arguments.seed, arguments.seeds), |&seed| {
        let [none, l2, l1] = arguments.penalties().map(|penalty| train(arguments, penalty, seed));
        Ok([none?, l2?, l1?])
    })
}

fn main() -> ExitCode {
    run(experiment)
}

fn experiment() -> Result<(), Failure> {
    let arguments = Arguments::parse();
    create_folder(&arguments.out)?;
    let begun = Instant::now();
    let runs = train_all(&arguments)?;
    let seconds = begun.elapsed().as_secs_f64();

    let judge = arguments.judge()?;
    let [none, l2, l1] = [0, 1, 2].map(|penalty| pooled(&judge, &runs, penalty));
    let diagnoses = [none?, l2?, l1?];
    let tables = [summary(&runs, &diagnoses), claims(&runs), weights_table(&runs[0])];
    tables.iter().for_each(|table| println!("{table}"));
    println!("Without penalty, all seeds together:\n\n{}", diagnoses[0]);
    println!("{} trainings in {seconds:.1} s", 3 * runs.len());
    let report = write_report(&arguments, &runs, tables, &diagnoses)?;
    println!("\nreport: {}", report.display());
    if arguments.json {
        let runs = runs.iter().flatten().map(|run| run.to_json(&judge)).collect::<Result<Vec<_>, _>>()?;
        println!(
            "{}",
            json!({"experiment": "overfitting_playground", "data": arguments.data.to_string(), "runs": runs})
        );
    }
    Ok(())
}

/// The verdict on one penalty by the examples of all seeds.
fn pooled(judge: &BiasVariance, runs: &[[Run; 3]], penalty: usize) -> Result<Diagnosis, Failure> {
    let pool = |of: fn(&Run) -> ErrorRate| {
        let rates = || runs.iter().map(|seed| of(&seed[penalty]));
        let examples: u64 = rates().map(|rate| rate.examples()).sum();
        let wrong: f64 = rates().map(|rate| rate.share() * rate.examples() as f64).sum();
        ErrorRate::from_share(wrong / examples as f64, examples)
    };
    Ok(judge.of_rates(pool(|run| run.train)?, pool(|run| run.validation)?)?)
}

/// A row for each penalty, of medians over the seeds.
fn summary(runs: &[[Run; 3]], diagnoses: &[Diagnosis; 3]) -> Table {
    let rows = [0, 1, 2].map(|penalty| {
        let of = |value: fn(&Run) -> f64| median(&runs.iter().map(|seed| value(&seed[penalty])).collect::<Vec<_>>());
        let Run { penalty: name, lambda, .. } = &runs[0][penalty];
        [
            name.to_string(),
            lambda.to_string(),
            percent(of(|run| run.train.share())),
            percent(of(|run| run.validation.share())),
            percent(of(Run::gap)),
            format!("{:.3}", of(|run| run.validation_loss)),
            format!("{:.2}", of(Run::norm)),
            format!("{:.1}", of(|run| run.exact_zeros() as f64)),
            diagnoses[penalty].verdict.to_string(),
        ]
    });
    let header = [
        "penalty",
        "λ",
        "training error",
        "validation error",
        "gap",
        "validation loss",
        "length of weights",
        "weights at 0",
        "verdict",
    ];
    let attainable = percent(diagnoses[0].train.value - diagnoses[0].bias.value);
    Table::new(header, rows).caption(format!(
        "Medians over {} seeds; the verdict is on the errors of all of them, where {attainable} is the best that can be had",
        runs.len()
    ))
}

/// For how many seeds each claim holds.
fn claims(runs: &[[Run; 3]]) -> Table {
    type Claim = (&'static str, fn(&[Run; 3]) -> bool);
    let claims: [Claim; 10] = [
        ("weights are longer without penalty than with L2", |[none, l2, _]| none.norm() > l2.norm()),
        ("weights are longer without penalty than with L1", |[none, _, l1]| none.norm() > l1.norm()),
        ("the gap is wider without penalty than with L2", |[none, l2, _]| none.gap() > l2.gap()),
        ("the gap is wider without penalty than with L1", |[none, _, l1]| none.gap() > l1.gap()),
        ("so is the gap of the losses with L2", |[none, l2, _]| none.loss_gap() > l2.loss_gap()),
        ("so is the gap of the losses with L1", |[none, _, l1]| none.loss_gap() > l1.loss_gap()),
        ("the validation error is lower with L2 than without", |[none, l2, _]| {
            l2.validation.share() < none.validation.share()
        }),
        ("the validation error is lower with L1 than without", |[none, _, l1]| {
            l1.validation.share() < none.validation.share()
        }),
        ("L1 makes weights exactly 0", |[_, _, l1]| l1.exact_zeros() > 0),
        ("neither L2 nor no penalty does", |[none, l2, _]| none.exact_zeros() + l2.exact_zeros() == 0),
    ];
    let rows = claims.map(|(claim, holds)| {
        let count = runs.iter().filter(|seed| holds(seed)).count();
        [claim.to_owned(), format!("{count} of {}", runs.len())]
    });
    Table::new(["claim", "seeds"], rows)
}

/// The weights of one seed's three nets, side by side.
fn weights_table(seed: &[Run; 3]) -> Table {
    let show = |w: f64| if w == 0.0 { "0".to_owned() } else { format!("{w:.3}") };
    let rows = (0..seed[0].weights.len()).map(|i| {
        let weights = seed.iter().map(|run| show(run.weights[i].1));
        std::iter::once(seed[0].weights[i].0.clone()).chain(weights).collect::<Vec<_>>()
    });
    let header = std::iter::once("weight".to_owned()).chain(seed.iter().map(|run| run.penalty.to_string()));
    Table::new(header, rows.collect::<Vec<_>>())
        .caption(format!("Weights of the three nets of seed {}; 0 is exactly 0", seed[0].seed))
}

/// A dot for each seed, beside each other in the order of seeds.
fn dots(runs: &[[Run; 3]], title: &str, value: fn(&Run) -> f64) -> Chart {
    let chart = Chart::new(title).categories(runs[0].iter().map(|run| run.penalty.to_string()));
    (0..3).fold(chart, |chart, penalty| {
        let place = |i: usize| penalty as f64 + 0.7 * (i as f64 + 0.5) / runs.len() as f64 - 0.35;
        let name = runs[0][penalty].penalty.to_string();
        chart.bold_points(name, runs.iter().enumerate().map(|(i, seed)| (place(i), value(&seed[penalty]))))
    })
}

/// The figures, in a page and as SVG files.
fn write_report(
    arguments: &Arguments,
    runs: &[[Run; 3]],
    tables: [Table; 3],
    diagnoses: &[Diagnosis; 3],
) -> Result<PathBuf, Failure> {
    /// Of the points to validate with, as many as leave the regions to be seen.
    const SHOWN: usize = 40;
    let [learn, held_out] = arguments.draw(arguments.seed)?;
    let points = [learn, held_out.take(SHOWN.min(held_out.len()))?];
    let regions = runs[0].each_ref().map(|run| {
        let (train, validation) = (percent(run.train.share()), percent(run.validation.share()));
        run.net.regions(format!("{}: {train}, {validation}", run.penalty), arguments.data, &points)
    });
    let regions = Panels::new("What each net learns", regions.into_iter().collect::<Result<Vec<_>, _>>()?)
        .columns(3)
        .caption(format!(
            "Colour: the class the net sees, the paler the less sure. Small: points learnt from; bold: some of those validated \
             with. In the titles the training and the validation error. Seed {}.",
            arguments.seed
        ));
    let charts = [
        dots(runs, "Length of the weights", Run::norm),
        dots(runs, "Gap of the errors", Run::gap),
        dots(runs, "Weights that are exactly 0", |run| run.exact_zeros() as f64),
    ];
    let over_seeds = Panels::new("All seeds", charts).columns(3).caption("A dot is a seed.");
    regions.write_svg(arguments.out.join("regions.svg"))?;
    over_seeds.write_svg(arguments.out.join("seeds.svg"))?;
    let path = arguments.out.join("report.html");
    let report = Report::new("Overfitting in the plane").paragraph(format!(
        "{} points of {} (noise {}) to learn from, {} to validate with; 2-{}-1 units, ReLU, binary cross-entropy; gradient \
         descent with learning rate {}, {} steps on all points. Penalties are on weights, not on biases.",
        arguments.points,
        arguments.data,
        arguments.noise(),
        arguments.validation,
        arguments.hidden,
        arguments.learning_rate(),
        arguments.steps
    ));
    let [summary, claims, weights] = tables;
    let report = report.table(summary).panels(regions).table(claims).panels(over_seeds).table(weights);
    let verdicts = runs[0].iter().zip(diagnoses);
    let add = |report: Report, (run, diagnosis): (&Run, &Diagnosis)| {
        report.heading(format!("All seeds together, {}", run.penalty)).preformatted(diagnosis.to_string())
    };
    verdicts.fold(report, add).write(&path)?;
    Ok(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(line: &str) -> Vec<[Run; 3]> {
        train_all(&Arguments::parse_from(line.split_whitespace())).unwrap()
    }

    #[test]
    fn penalties_shrink_weights_and_gap_and_l1_alone_makes_zeros() {
        let runs = of("_ --seeds 6 --steps 3000 --validation 500");
        let medians = |value: fn(&Run) -> f64| {
            [0, 1, 2].map(|penalty| median(&runs.iter().map(|seed| value(&seed[penalty])).collect::<Vec<_>>()))
        };
        for [none, l2, l1] in &runs {
            assert!(none.norm() > l2.norm() && none.norm() > l1.norm(), "seed {}", none.seed);
            assert!(l1.exact_zeros() > 0 && none.exact_zeros() + l2.exact_zeros() == 0, "seed {}", none.seed);
        }
        for value in [Run::gap, Run::loss_gap] {
            let [none, l2, l1] = medians(value);
            assert!(none > l2 && none > l1, "{none}, {l2}, {l1}");
        }
        assert!(pooled(&BiasVariance::default(), &runs, 0).unwrap().verdict.is_variable());
    }

    #[test]
    fn the_same_seed_gives_the_same_numbers() {
        for data in ["four-groups", "circle", "xor", "gauss", "spiral"] {
            let line = format!("_ --data {data} --seeds 1 --seed 5 --steps 20 --validation 50");
            let json = |runs: &[[Run; 3]]| runs[0].each_ref().map(|run| run.to_json(&BiasVariance::default()).unwrap());
            assert_eq!(json(&of(&line)), json(&of(&line)));
        }
    }

    #[test]
    fn what_cannot_be_trained_is_told() {
        let fails = |line: &str| train_all(&Arguments::parse_from(line.split_whitespace())).is_err();
        assert!(fails("_ --seeds 1 --l2=-1"));
        assert!(fails("_ --seeds 1 --noise NaN"));
    }
}
