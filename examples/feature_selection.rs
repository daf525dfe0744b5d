//! Which method of selection finds the columns that matter, and with how many rows: on tables of which it is known.
//!
//! `cargo run --release --example feature_selection`

#[path = "feature_selection/figures.rs"]
mod figures;
#[path = "feature_selection/law.rs"]
mod law;
#[path = "feature_selection/methods.rs"]
mod methods;
#[path = "feature_selection/moments.rs"]
mod moments;
#[path = "feature_selection/network.rs"]
mod network;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use clap::Parser;
use evenkeel::data::select::{TradeOff, Trial};
use evenkeel::prelude::*;
use evenkeel::train::report::Table;
use evenkeel_examples::{Failure, at_least_one, create_folder, distinct, run, seeds, side_by_side};
use serde_json::{Value, json};

use law::{Draw, Found, RELEVANT, draw};
use methods::{METHODS, Task, trade_offs};
use network::Training;

#[derive(Parser)]
#[command(about = "Which method of selection finds the columns that matter")]
struct Arguments {
    /// Numbers of rows
    #[arg(long, value_delimiter = ',', default_values_t = [50, 150, 500, 1500, 5000])]
    samples: Vec<usize>,
    /// Methods by the beginnings of their names; all without it
    #[arg(long, value_delimiter = ',')]
    methods: Vec<String>,
    /// ReLUs in the networks' hidden layer
    #[arg(long, default_value_t = 24, value_parser = at_least_one::<usize>())]
    hidden: usize,
    /// The most steps of a network's training
    #[arg(long, default_value_t = 500, value_parser = at_least_one::<u64>())]
    steps: u64,
    /// Rows of the table for the trade-off; 0 leaves it out
    #[arg(long, default_value_t = 1500)]
    trade_off: usize,
    /// Number of seeds; each draws its own tables
    #[arg(long, default_value_t = 20, value_parser = at_least_one::<u64>())]
    seeds: u64,
    /// The first seed
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Folder for the figures and the report
    #[arg(long, default_value = "feature_selection")]
    out: PathBuf,
    /// Print one JSON object as the last line
    #[arg(long)]
    json: bool,
}

impl Arguments {
    fn training(&self) -> Training {
        Training { hidden: self.hidden, steps: self.steps }
    }

    fn task<'a>(&self, draw: &'a Draw, seed: u64) -> Task<'a> {
        Task { draw, training: self.training(), seed: Seed(seed).stream("method") }
    }
}

/// What one method finds in one table.
struct Run {
    method: &'static str,
    samples: usize,
    seed: u64,
    found: Found,
    seconds: f64,
}

/// The methods that are asked for.
fn chosen(arguments: &Arguments) -> Result<Vec<usize>, Failure> {
    let is_chosen = |name: &str| arguments.methods.is_empty() || arguments.methods.iter().any(|m| name.starts_with(m));
    let chosen: Vec<usize> = (0..METHODS.len()).filter(|&method| is_chosen(METHODS[method].0)).collect();
    if chosen.is_empty() {
        return Err(format!("no method begins so; there are {}", METHODS.map(|(name, _)| name).join("; ")).into());
    }
    Ok(chosen)
}

/// Every method on the tables of every size and seed.
fn runs(arguments: &Arguments) -> Result<Vec<Run>, Failure> {
    let (methods, samples) = (chosen(arguments)?, distinct(&arguments.samples));
    let seeds = seeds(arguments.seed, arguments.seeds);
    let tables = samples.iter().flat_map(|&samples| seeds.clone().map(move |seed| (samples, seed)));
    let runs = side_by_side(tables, |&(samples, seed)| {
        let table = draw(samples, Seed(seed))?;
        let task = arguments.task(&table, seed);
        let of_method = |&method: &usize| {
            let (name, rank) = METHODS[method];
            let begun = Instant::now();
            let ranking = rank(&task).map_err(|error| format!("{name}, {samples} rows, seed {seed}: {error}"))?;
            let seconds = begun.elapsed().as_secs_f64();
            Ok(Run { method: name, samples, seed, found: Found::of(&table.columns, &ranking), seconds })
        };
        methods.iter().map(of_method).collect::<Result<Vec<_>, Failure>>()
    })?;
    Ok(runs.into_iter().flatten().collect())
}

/// The mean over the seeds.
fn mean(runs: &[Run], method: &str, samples: usize, value: impl Fn(&Run) -> f64) -> f64 {
    let of = runs.iter().filter(|run| run.method == method && run.samples == samples).map(value);
    let values: Vec<f64> = of.collect();
    values.iter().sum::<f64>() / values.len() as f64
}

/// Whether all features from here to there were found, as a share.
fn all(run: &Run, features: std::ops::Range<usize>) -> f64 {
    f64::from(u8::from(run.found.features[features].iter().all(|found| *found)))
}

fn main() -> ExitCode {
    run(experiment)
}

fn experiment() -> Result<(), Failure> {
    let arguments = Arguments::parse();
    create_folder(&arguments.out)?;
    let begun = Instant::now();
    let runs = runs(&arguments)?;
    let table = (arguments.trade_off > 0).then(|| draw(arguments.trade_off, Seed(arguments.seed))).transpose()?;
    let trade_offs = match &table {
        Some(table) => trade_offs(&arguments.task(table, arguments.seed))?,
        None => Vec::new(),
    };
    let seconds = begun.elapsed().as_secs_f64();

    let tables = tables(&runs, table.as_ref(), &trade_offs);
    tables.iter().for_each(|table| println!("{table}"));
    println!("{seconds:.1} s");
    let report = figures::write_report(&arguments, &runs, &trade_offs, tables)?;
    println!("\nreport: {}", report.display());
    if arguments.json {
        let trade_off: Vec<_> = table.iter().flat_map(|table| points_to_json(table, &trade_offs)).collect();
        let runs: Vec<_> = runs.iter().map(Run::to_json).collect();
        println!("{}", json!({"experiment": "feature_selection", "runs": runs, "trade_off": trade_off}));
    }
    Ok(())
}

impl Run {
    fn to_json(&self) -> Value {
        json!({
            "method": self.method,
            "samples": self.samples,
            "seed": self.seed,
            "recall": self.found.recall,
            "precision": self.found.precision,
            "auc": self.found.auc,
            "found": self.found.features,
            "repeats": self.found.repeats,
        })
    }
}

/// A point for each set of columns.
fn points_to_json(table: &Draw, trade_offs: &[(&'static str, TradeOff)]) -> Vec<Value> {
    let of = |(method, report): &(&str, TradeOff)| {
        let chosen = report.within_one_standard_error();
        let point = |trial: &Trial| {
            json!({
                "method": method,
                "features": trial.columns.len(),
                "score": trial.mean(),
                "standard_error": trial.standard_error(),
                "columns": names(table, &trial.columns),
                "within_one_standard_error": std::ptr::eq(trial, chosen),
                "seconds": trial.seconds,
            })
        };
        report.trials().iter().map(point).collect::<Vec<_>>()
    };
    trade_offs.iter().flat_map(of).collect()
}

fn names(table: &Draw, columns: &[usize]) -> Vec<String> {
    columns.iter().map(|&column| table.columns[column].name.clone()).collect()
}

fn methods_of(runs: &[Run]) -> Vec<&'static str> {
    distinct(&runs.iter().map(|run| run.method).collect::<Vec<_>>())
}

fn samples_of(runs: &[Run]) -> Vec<usize> {
    distinct(&runs.iter().map(|run| run.samples).collect::<Vec<_>>())
}

fn tables(runs: &[Run], table: Option<&Draw>, trade_offs: &[(&'static str, TradeOff)]) -> Vec<Table> {
    let samples = samples_of(runs);
    let by_size = |caption: &str, value: fn(&Run) -> f64| {
        let row = |method: &'static str| {
            let values = samples.iter().map(move |&samples| format!("{:.2}", mean(runs, method, samples, value)));
            std::iter::once(method.to_owned()).chain(values)
        };
        let header = std::iter::once("method".to_owned()).chain(samples.iter().map(|n| format!("{n} rows")));
        Table::new(header, methods_of(runs).into_iter().map(row)).caption(caption)
    };
    let mut tables = vec![
        by_size(
            &format!("Recall: share of the {RELEVANT} relevant features among the first {RELEVANT} columns"),
            |run| run.found.recall,
        ),
        by_size(&format!("Precision: share of the first {RELEVANT} columns that are relevant or a copy"), |run| {
            run.found.precision
        }),
        by_size("AUC of the ranking, relevant against irrelevant", |run| run.found.auc),
        by_size("Share of the seeds in which both linear features are found", |run| all(run, 0..2)),
        by_size("Share of the seeds in which the symmetric feature is found", |run| all(run, 2..3)),
        by_size("Share of the seeds in which the whole pair is found", |run| all(run, 3..5)),
        by_size("Copies of what is there already, among the first five columns", |run| run.found.repeats as f64),
    ];
    let row = |method: &'static str| {
        let values =
            samples.iter().map(move |&samples| format!("{:.4}", mean(runs, method, samples, |run| run.seconds)));
        std::iter::once(method.to_owned()).chain(values)
    };
    let header = std::iter::once("method".to_owned()).chain(samples.iter().map(|n| format!("{n} rows")));
    tables.push(Table::new(header, methods_of(runs).into_iter().map(row)).caption("Seconds, mean over the seeds"));
    if let Some(table) = table {
        let rows = trade_offs.iter().map(|(method, report)| {
            let (best, chosen) = (report.best(), report.within_one_standard_error());
            [
                (*method).to_owned(),
                best.columns.len().to_string(),
                format!("{:.3} ± {:.3}", best.mean(), best.standard_error()),
                chosen.columns.len().to_string(),
                format!("{:.3}", chosen.mean()),
                names(table, &chosen.columns).join(", "),
                report.evaluations().to_string(),
                format!("{:.3}", report.seconds()),
            ]
        });
        let header =
            ["method", "best size", "score", "chosen size", "score", "chosen columns", "sets tried", "seconds"];
        tables.push(Table::new(header, rows).caption(format!(
            "Trade-off, {} rows: the best set and the smallest within one standard error of it",
            table.labels.len()
        )));
    }
    tables
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(line: &str) -> Vec<Run> {
        runs(&Arguments::parse_from(format!("_ {line}").split_whitespace())).unwrap()
    }

    /// Five seeds, of which at least four have to agree.
    #[test]
    fn each_method_finds_what_it_can_see() {
        let runs = of("--samples 2000 --seeds 5 --methods ANOVA,Pearson,mutual,mRMR,forward,elimination");
        let share =
            |method, features: std::ops::Range<usize>| mean(&runs, method, 2000, |run| all(run, features.clone()));
        for method in
            ["Pearson", "ANOVA F", "mutual information", "mRMR, information", "forward, linear", "forward, quadratic"]
        {
            assert_eq!(share(method, 0..2), 1.0, "{method}");
        }
        for method in ["Pearson", "ANOVA F", "mutual information", "mRMR, information", "forward, linear"] {
            assert!(share(method, 3..5) <= 0.2, "{method} finds the pair");
        }
        for method in ["mutual information", "mRMR, information", "forward, quadratic"] {
            assert!(share(method, 2..3) >= 0.8, "{method}");
        }
        // Neither of the two gets in without the other, but neither goes either.
        assert!(share("forward, quadratic", 3..5) <= 0.4 && share("elimination, quadratic", 0..5) >= 0.8);
        let repeats = |method| mean(&runs, method, 2000, |run| run.found.repeats as f64);
        assert!(repeats("ANOVA F") >= 2.0 && repeats("mRMR, information") <= 0.4);
    }

    #[test]
    fn a_networks_methods_find_the_pair() {
        let mut runs = of("--samples 2000 --seeds 1 --methods permutation");
        runs.extend(of("--samples 1000 --seeds 2 --steps 200 --methods group"));
        for run in &runs {
            assert_eq!(run.found.features[3..], [true, true], "{}", run.to_json());
        }
    }

    #[test]
    fn rankings_are_judged_by_features_not_by_columns() {
        let table = draw(50, Seed(3)).unwrap();
        let place = |name: &str| table.columns.iter().position(|column| column.name == name).unwrap();
        let mut ranking: Vec<usize> = ["copy of a", "a", "s", "b", "coin 1"].map(place).to_vec();
        let rest: Vec<usize> = (0..table.columns.len()).filter(|column| !ranking.contains(column)).collect();
        ranking.extend(rest);
        let found = Found::of(&table.columns, &ranking);
        assert_eq!((found.recall, found.precision, found.repeats), (0.6, 0.8, 1));
        assert_eq!(found.features, [true, true, true, false, false]);
        assert_eq!(table.columns.iter().filter(|column| column.feature.is_none()).count(), 12);
    }

    #[test]
    fn the_same_seed_gives_the_same_numbers() {
        let json =
            || -> Vec<Value> { of("--samples 60 --seeds 2 --steps 20 --seed 4").iter().map(Run::to_json).collect() };
        assert_eq!(json(), json());
    }

    #[test]
    fn what_cannot_be_run_is_told() {
        let fails = |line: &str| runs(&Arguments::parse_from(format!("_ {line}").split_whitespace())).is_err();
        assert!(fails("--methods none") && fails("--samples 1 --seeds 1"));
    }
}
