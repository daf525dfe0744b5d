//! What the strength λ of a penalty does: from none at all to one that leaves nothing, cross-validated on the playground's sets of
//! points; which λ is best, which one the one-standard-error rule takes, and how far both depend on the points drawn.
//!
//! `cargo run --release --example lambda_sweep`

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use clap::{Parser, ValueEnum};
use evenkeel::prelude::*;
use evenkeel::train::report::{Chart, Panels, Report, Table};
use evenkeel::train::search::{CrossValidated, Fitted, LambdaPoint, LambdaReport, LambdaSearch, Minimum, log_range};
use evenkeel_examples::playground::{Method, Penalty, Plane, Training};
use evenkeel_examples::{Failure, at_least_one, create_folder, distinct, median, run, seeds, side_by_side};
use serde_json::{Value, json};

#[derive(Parser)]
#[command(about = "Error and weights against the strength of a penalty")]
struct Arguments {
    /// The laws of the points
    #[arg(long, value_enum, value_delimiter = ',', default_value = "circle,xor,gauss,spiral")]
    data: Vec<Plane>,
    /// The penalties
    #[arg(long, value_enum, value_delimiter = ',', default_value = "l2,l1")]
    penalties: Vec<Penalty>,
    /// Points of a set, for training and validation by turns
    #[arg(long, default_value_t = 80, value_parser = at_least_one::<usize>())]
    points: usize,
    /// Noise of the points; what suits each law without it
    #[arg(long)]
    noise: Option<f64>,
    /// What is measured
    #[arg(long, value_enum, default_value_t = Measure::Error)]
    measure: Measure,
    /// The smallest λ besides 0
    #[arg(long, default_value_t = 0.01)]
    from: f64,
    /// The largest λ
    #[arg(long, default_value_t = 100.0)]
    to: f64,
    /// How many λ from the smallest to the largest
    #[arg(long, default_value_t = 9, value_parser = at_least_one::<usize>())]
    lambdas: usize,
    /// Folds of the cross-validation
    #[arg(long, default_value_t = 5, value_parser = at_least_one::<usize>())]
    folds: usize,
    /// ReLUs in the hidden layer
    #[arg(long, default_value_t = 30, value_parser = at_least_one::<usize>())]
    hidden: usize,
    /// Steps of a training, each on all its points
    #[arg(long, default_value_t = 3000, value_parser = at_least_one::<u64>())]
    steps: u64,
    /// The rule of the steps
    #[arg(long, value_enum, default_value_t = Method::Sgd)]
    method: Method,
    /// Learning rate; 0.3 for plain gradient descent and 0.02 for Adam without it
    #[arg(long)]
    learning_rate: Option<f64>,
    /// Number of seeds; each draws its own points and makes its own search
    #[arg(long, default_value_t = 6, value_parser = at_least_one::<u64>())]
    seeds: u64,
    /// The first seed
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Folder for the figures and the report
    #[arg(long, default_value = "lambda_sweep")]
    out: PathBuf,
    /// Print one JSON object as the last line
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Measure {
    /// The share of wrong answers
    Error,
    /// The mean cross-entropy
    Loss,
}

impl Arguments {
    fn training(&self) -> Training {
        let usual = match self.method {
            Method::Sgd => 0.3,
            Method::Adam => 0.02,
        };
        let learning_rate = self.learning_rate.unwrap_or(usual);
        Training { hidden: self.hidden, method: self.method, learning_rate, steps: self.steps }
    }
}

/// All that was searched with one penalty on one law.
struct Sweep {
    data: Plane,
    penalty: Penalty,
    /// The search of each seed.
    reports: Vec<LambdaReport>,
    /// All of them.
    pooled: LambdaReport,
}

impl Sweep {
    fn name(&self) -> String {
        format!("{}, {}", self.data, self.penalty)
    }

    /// The best λ of each seed.
    fn best(&self) -> Vec<f64> {
        self.reports.iter().map(|report| report.best().lambda).collect()
    }

    /// What the validation error looks like along λ, where a difference counts from one standard error of the lowest on.
    fn curve(&self) -> &'static str {
        let (points, best) = (self.pooled.points(), self.pooled.best().validation);
        let is_above = |end: Option<&LambdaPoint>| {
            end.is_some_and(|point| point.validation.mean > best.mean + best.standard_error)
        };
        match (is_above(points.first()), is_above(points.last())) {
            (true, true) => "U",
            (false, true) => "rises only",
            (true, false) => "falls only",
            (false, false) if self.pooled.minimum() == Minimum::Flat => "flat",
            (false, false) => "neither",
        }
    }

    fn to_json(&self, first_seed: u64) -> Value {
        let points = self.pooled.points();
        let errors = |of: fn(&LambdaPoint) -> CrossValidated| {
            let list =
                |value: fn(CrossValidated) -> f64| points.iter().map(|point| value(of(point))).collect::<Vec<_>>();
            json!({"mean": list(|error| error.mean), "standard_error": list(|error| error.standard_error)})
        };
        let best = self.best();
        let by_seed = seeds(first_seed, best.len() as u64).zip(&self.reports).map(|(seed, report)| {
            json!({
                "seed": seed,
                "best": report.best().lambda,
                "one_standard_error": report.one_standard_error().lambda,
            })
        });
        json!({
            "data": self.data.to_string(),
            "penalty": self.penalty.to_string().to_lowercase(),
            "lambdas": points.iter().map(|point| point.lambda).collect::<Vec<_>>(),
            "train_error": errors(|point| point.train),
            "validation_error": errors(|point| point.validation),
            "exact_zeros": points.iter().map(LambdaPoint::exact_zeros).collect::<Vec<_>>(),
            "best": self.pooled.best().lambda,
            "one_standard_error": self.pooled.one_standard_error().lambda,
            "curve": self.curve(),
            "best_over_seeds": {
                "lowest": best.iter().copied().fold(f64::INFINITY, f64::min),
                "median": median(&best),
                "highest": best.iter().copied().fold(0.0, f64::max),
            },
            "seeds": by_seed.collect::<Vec<_>>(),
        })
    }
}

/// The search of one seed.
fn search(arguments: &Arguments, data: Plane, penalty: Penalty, seed: u64) -> Result<LambdaReport, Failure> {
    let noise = arguments.noise.unwrap_or(data.usual_noise());
    let points = data.draw(arguments.points, noise, Seed(seed))?;
    let training = arguments.training();
    let report = LambdaSearch::new(log_range(arguments.from, arguments.to, arguments.lambdas)?)
        .with_zero()
        .folds(arguments.folds)
        .seeds([Seed(seed)])
        .run(&points, |lambda, train, validation, seed| {
            let net = training.fit((penalty, lambda), train, seed)?;
            let measure = |data| {
                let (error, loss) = net.errors(data)?;
                Ok::<_, Failure>(if arguments.measure == Measure::Error { error } else { loss })
            };
            Ok::<_, Failure>(Fitted::new(measure(train)?, measure(validation)?).weights(net.weights()))
        })?;
    Ok(report)
}

/// Each penalty on each law, over all seeds.
fn sweep(arguments: &Arguments) -> Result<Vec<Sweep>, Failure> {
    let (data, penalties) = (distinct(&arguments.data), distinct(&arguments.penalties));
    let pairs: Vec<_> = data.iter().flat_map(|&data| penalties.iter().map(move |&penalty| (data, penalty))).collect();
    let seeds = seeds(arguments.seed, arguments.seeds);
    let jobs = pairs.iter().flat_map(|&pair| seeds.clone().map(move |seed| (pair, seed)));
    let reports = side_by_side(jobs, |&((data, penalty), seed)| search(arguments, data, penalty, seed))?;
    let of_pairs = pairs.into_iter().zip(reports.chunks(arguments.seeds as usize));
    let sweeps = of_pairs.map(|((data, penalty), reports)| {
        Ok(Sweep { data, penalty, reports: reports.to_vec(), pooled: LambdaReport::pooled(reports.iter().cloned())? })
    });
    sweeps.collect()
}

fn main() -> ExitCode {
    run(experiment)
}

fn experiment() -> Result<(), Failure> {
    let arguments = Arguments::parse();
    create_folder(&arguments.out)?;
    let begun = Instant::now();
    let sweeps = sweep(&arguments)?;
    let seconds = begun.elapsed().as_secs_f64();
    let trainings = sweeps.len() * arguments.seeds as usize * arguments.folds * (arguments.lambdas + 1);

    let summary = summary(&sweeps);
    println!("{summary}\n{trainings} trainings in {seconds:.1} s");
    let report = write_report(&arguments, &sweeps, summary)?;
    println!("\nreport: {}", report.display());
    if arguments.json {
        let runs: Vec<_> = sweeps.iter().map(|sweep| sweep.to_json(arguments.seed)).collect();
        println!("{}", json!({"experiment": "lambda_sweep", "runs": runs}));
    }
    Ok(())
}

/// λ to two digits.
fn short(lambda: f64) -> String {
    let digits = format!("{lambda:.1e}").parse::<f64>().unwrap_or(lambda);
    digits.to_string()
}

/// A row for each sweep.
fn summary(sweeps: &[Sweep]) -> Table {
    let rows = sweeps.iter().map(|sweep| {
        let (points, best, simple) = (sweep.pooled.points(), sweep.pooled.best(), sweep.pooled.one_standard_error());
        let mut of_seeds = sweep.best();
        of_seeds.sort_by(f64::total_cmp);
        let validation = |point: &LambdaPoint| format!("{:.3}", point.validation.mean);
        let (first, last) = (&points[0], &points[points.len() - 1]);
        [
            sweep.name(),
            validation(first),
            format!("{:.3} ± {:.3}", best.validation.mean, best.validation.standard_error),
            validation(last),
            format!("{:.3}", last.train.mean),
            short(best.lambda),
            short(simple.lambda),
            of_seeds.iter().map(|&lambda| short(lambda)).collect::<Vec<_>>().join(" "),
            sweep.curve().to_owned(),
        ]
    });
    let header = [
        "data, penalty",
        "at λ = 0",
        "at the best λ",
        "at the largest λ",
        "(training)",
        "best λ",
        "one standard error",
        "best λ of each seed",
        "curve",
    ];
    Table::new(header, rows).caption("Validation error, cross-validated, mean over seeds ± standard error")
}

/// How many seeds find which λ best, for one penalty.
fn choices(sweeps: &[Sweep], penalty: Penalty) -> Chart {
    let of: Vec<&Sweep> = sweeps.iter().filter(|sweep| sweep.penalty == penalty).collect();
    let lambdas: Vec<f64> = of[0].pooled.points().iter().map(|point| point.lambda).collect();
    let chart = Chart::new(penalty.to_string()).x_label("λ").y_label("seeds that find it best");
    of.into_iter().fold(chart.categories(lambdas.iter().map(|&lambda| short(lambda))).stacked(), |chart, sweep| {
        let best = sweep.best();
        let count = |lambda: &f64| best.iter().filter(|best| *best == lambda).count() as f64;
        chart.bars(sweep.data.to_string(), lambdas.iter().map(count))
    })
}

/// The figures, in a page and as SVG files.
fn write_report(arguments: &Arguments, sweeps: &[Sweep], summary: Table) -> Result<PathBuf, Failure> {
    let measure = match arguments.measure {
        Measure::Error => "error",
        Measure::Loss => "loss",
    };
    let errors = sweeps.iter().map(|sweep| {
        let chart = sweep.pooled.chart().title(sweep.name()).y_label(measure);
        if arguments.measure == Measure::Error { chart.y_range(0.0, 0.6) } else { chart }
    });
    let errors = Panels::new("Too small and too large: error against λ", errors)
        .caption("Cross-validated, means over seeds with bands of one standard error; dotted: validation at λ = 0.");
    let weights = sweeps.iter().map(|sweep| sweep.reports[0].weights_chart().title(sweep.name()));
    let weights = Panels::new("Weights against λ", weights)
        .caption(format!("Each line is a weight. The first fold of seed {}.", arguments.seed));
    let zeros = Chart::new("Weights that are exactly 0").x_label("λ").y_label("share of the weights").log_x();
    let zeros = zeros.caption("Solid: L1; dashed: L2.");
    let zeros = sweeps.iter().fold(zeros, |chart, sweep| {
        let all = sweep.pooled.points()[0].fits[0][0].weights.len() as f64;
        let share = |point: &LambdaPoint| point.exact_zeros().map(|zeros| (point.lambda, zeros / all));
        let line = sweep.pooled.points().iter().filter_map(share);
        match sweep.penalty {
            Penalty::L1 => chart.line(sweep.data.to_string(), line),
            _ => chart.dashed_line(sweep.data.to_string(), line),
        }
    });
    let penalties = distinct(&arguments.penalties);
    let choices = Panels::new("The best λ", penalties.iter().map(|&penalty| choices(sweeps, penalty)))
        .caption("How many seeds, each with points of its own, find which λ best.");
    errors.write_svg(arguments.out.join("errors.svg"))?;
    weights.write_svg(arguments.out.join("weights.svg"))?;
    zeros.write_svg(arguments.out.join("zeros.svg"))?;
    choices.write_svg(arguments.out.join("choices.svg"))?;

    let path = arguments.out.join("report.html");
    let Training { learning_rate, .. } = arguments.training();
    let report = Report::new("What λ does")
        .paragraph(format!(
            "{} points a seed, {} seeds, {} folds; 2-{}-1 units, ReLU, binary cross-entropy; {} with learning rate {}, {} steps \
             on all points. Penalties are on weights, not on biases.",
            arguments.points,
            arguments.seeds,
            arguments.folds,
            arguments.hidden,
            if arguments.method == Method::Sgd { "gradient descent" } else { "Adam" },
            learning_rate,
            arguments.steps
        ))
        .table(summary)
        .panels(errors)
        .panels(choices)
        .chart(zeros)
        .panels(weights)
        .heading("All numbers");
    let tables = sweeps.iter().map(|sweep| sweep.pooled.table().caption(sweep.name()));
    tables.fold(report, Report::table).write(&path)?;
    Ok(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SMALL: &str = "--points 60 --hidden 12 --folds 3 --lambdas 4 --from 0.1 --seeds 2";

    fn of(line: &str) -> Result<Vec<Sweep>, Failure> {
        sweep(&Arguments::parse_from(format!("_ {line}").split_whitespace()))
    }

    #[test]
    fn too_small_overfits_and_too_large_leaves_chance() {
        let sweeps = of(&format!("{SMALL} --steps 1000 --data circle,xor,gauss --penalties l2")).unwrap();
        for sweep in &sweeps {
            let points = sweep.pooled.points();
            let (none, most) = (&points[0], &points[points.len() - 1]);
            assert!(none.train.mean < 0.15 && none.validation.mean > none.train.mean + 0.03, "{}", sweep.pooled);
            // At least the share of the rarer class: of 60 circles with this noise about 40 %.
            assert!(most.train.mean > 0.35, "{}", sweep.pooled);
        }
        assert!(sweeps.iter().any(|sweep| sweep.curve() == "U" && sweep.pooled.minimum() == Minimum::Inside));
    }

    #[test]
    fn l1_makes_more_zeros_the_larger_lambda_is_and_l2_makes_none() {
        let sweeps = of(&format!("{SMALL} --steps 1000 --data gauss")).unwrap();
        let [l2, l1] = &sweeps[..] else { panic!() };
        let zeros = |sweep: &Sweep, i: usize| sweep.pooled.points()[i].exact_zeros().unwrap();
        // λ = 0, 0.1, 1, 10 and 100. By the gradient of L2 weights go towards 0 and end there only by underflow.
        assert!((0..4).all(|i| zeros(l2, i) == 0.0));
        assert_eq!(zeros(l1, 0), 0.0);
        assert!((1..4).all(|i| zeros(l1, i) > zeros(l1, i - 1)), "{}", l1.pooled);
        assert_eq!(zeros(l1, 4), 36.0);
    }

    #[test]
    fn the_same_seed_gives_the_same_numbers() {
        let line = format!("{SMALL} --steps 20 --data spiral --measure loss --method adam");
        let json = || of(&line).unwrap()[0].to_json(0);
        assert_eq!(json(), json());
    }

    #[test]
    fn what_cannot_be_searched_is_told() {
        for line in ["--from 0", "--lambdas 1", "--folds 1", "--points 4 --folds 5", "--noise=-1"] {
            assert!(of(&format!("--data gauss --seeds 1 --steps 1 {line}")).is_err(), "{line}");
        }
    }
}
