//! Few patients among many: a network on a table as it comes, and then with scaling, initialisation, class treatment, selection of
//! columns and a tuned threshold added one by one, under repeated stratified cross-validation.
//!
//! `cargo run --release --example patients` on a table drawn from a known law; `-- --table wdbc` on real tumours.

#[path = "patients/cohort.rs"]
mod cohort;
#[path = "patients/figures.rs"]
mod figures;
#[path = "patients/model.rs"]
mod model;
#[path = "patients/recipe.rs"]
mod recipe;
#[path = "patients/tables.rs"]
mod tables;
#[path = "patients/validation.rs"]
mod validation;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use clap::Parser;
use cohort::{Cohort, Source};
use evenkeel::data::metrics::{Interval, Ranking};
use evenkeel::prelude::*;
use evenkeel_examples::{Failure, at_least_one, create_folder, run, seeds};
use model::Training;
use recipe::{Columns, Recipe, STAGES, variants};
use serde_json::{Map, Value, json};
use validation::{Folds, HeldOut, Measure};

#[derive(Parser)]
#[command(
    about = "Few patients among many: what scaling, initialisation, class treatment, selection and a threshold bring"
)]
struct Arguments {
    /// The patients
    #[arg(long, value_enum, default_value_t = Source::Generated)]
    table: Source,
    /// What a missed patient costs, in false alarms
    #[arg(long, default_value_t = 20.0)]
    cost: f64,
    /// Folds of a cross-validation
    #[arg(long, default_value_t = 5)]
    folds: usize,
    /// Cross-validations of each stage, each with other folds and starts
    #[arg(long, default_value_t = 6, value_parser = at_least_one::<u64>())]
    repeats: u64,
    /// Further tables on which stages and variants are compared, one cross-validation on each; 0 leaves them out
    #[arg(long, default_value_t = 10)]
    tables: u64,
    /// Rectified units of the hidden layer
    #[arg(long, default_value_t = 16, value_parser = at_least_one::<usize>())]
    hidden: usize,
    /// Learning rate of Adam
    #[arg(long, default_value_t = 0.01)]
    learning_rate: f64,
    /// Passes over the patients to learn from
    #[arg(long, default_value_t = 30, value_parser = at_least_one::<u64>())]
    epochs: u64,
    /// Patients in a step
    #[arg(long, default_value_t = 32, value_parser = at_least_one::<usize>())]
    batch_size: usize,
    /// Strength of L2
    #[arg(long, default_value_t = 5.0)]
    l2: f64,
    /// Resamples of the patients for an interval
    #[arg(long, default_value_t = 1000)]
    resamples: usize,
    /// The seed of the table and of all trainings
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Folder for the figures and the report
    #[arg(long, default_value = "patients")]
    out: PathBuf,
    /// Print one JSON object as the last line
    #[arg(long)]
    json: bool,
}

impl Arguments {
    fn training(&self) -> Training {
        Training {
            hidden: self.hidden,
            learning_rate: self.learning_rate,
            epochs: self.epochs,
            batch_size: self.batch_size,
            l2: self.l2,
            cost: self.cost,
            inner_folds: 4,
        }
    }
}

/// A stage, and how sure it is of.
struct Stage {
    name: &'static str,
    held_out: HeldOut,
    /// As [`Measure::all`].
    intervals: [Interval; 5],
    /// Over the first stage.
    gains: [Interval; 5],
}

impl Stage {
    fn to_json(&self, cost: f64) -> Value {
        let measures = || Measure::all(cost).into_iter().zip(0..);
        let ends = |interval: Interval| json!([interval.low, interval.high]);
        let mut stage = Map::new();
        stage.insert("name".into(), self.name.into());
        for (measure, i) in measures() {
            stage.insert(measure.name().into(), self.intervals[i].estimate.into());
        }
        // That of the area, which depends on no threshold.
        stage.insert("interval".into(), ends(self.intervals[2]));
        let all = measures().map(|(measure, i)| (measure.name().to_owned(), ends(self.intervals[i])));
        stage.insert("intervals".into(), Value::Object(all.collect()));
        let gains = measures().map(|(measure, i)| {
            let Interval { estimate, low, high, .. } = self.gains[i];
            (measure.name().to_owned(), json!([estimate, low, high]))
        });
        stage.insert("gain_over_raw".into(), Value::Object(gains.collect()));
        stage.insert("columns".into(), self.held_out.columns().into());
        Value::Object(stage)
    }
}

/// Each stage, cross-validated on one table.
fn stages(arguments: &Arguments, cohort: &Cohort) -> Result<Vec<Stage>, Failure> {
    let (training, seed) = (arguments.training(), Seed(arguments.seed));
    let folds = Folds { folds: arguments.folds, repeats: arguments.repeats };
    let held_out = STAGES.iter().map(|(_, recipe)| HeldOut::run(&training, recipe, cohort, folds, seed));
    let mut held_out = held_out.collect::<Result<Vec<_>, _>>()?;
    let mut intervals = Vec::new();
    for stage in &held_out {
        let of = |gain: bool| {
            let [a, b, c, d, e] = Measure::all(arguments.cost).map(|measure| match gain {
                true => stage.gain(&held_out[0], measure, arguments.resamples, seed),
                false => stage.interval(measure, arguments.resamples, seed),
            });
            Ok::<_, Failure>([a?, b?, c?, d?, e?])
        };
        intervals.push((of(false)?, of(true)?));
    }
    let stages = STAGES.iter().zip(held_out.drain(..).zip(intervals));
    Ok(stages.map(|((name, _), (held_out, (intervals, gains)))| Stage { name, held_out, intervals, gains }).collect())
}

/// A recipe on further tables.
struct Across {
    recipe: Recipe,
    /// For each table, as [`Measure::all`].
    values: Vec<[f64; 5]>,
    columns: f64,
    seconds: f64,
}

/// Each recipe on each of the further tables, one cross-validation a table.
fn across(arguments: &Arguments, cohorts: &[Cohort], recipes: &[Recipe]) -> Result<Vec<Across>, Failure> {
    let (training, folds) = (arguments.training(), Folds { folds: arguments.folds, repeats: 1 });
    let one = |recipe: &Recipe| {
        let begun = Instant::now();
        let (mut values, mut columns) = (Vec::new(), 0.0);
        for cohort in cohorts {
            let held_out = HeldOut::run(&training, recipe, cohort, folds, Seed(arguments.seed))?;
            let [a, b, c, d, e] = Measure::all(arguments.cost).map(|measure| held_out.value(measure));
            values.push([a?, b?, c?, d?, e?]);
            columns += held_out.columns() / cohorts.len() as f64;
        }
        Ok(Across { recipe: *recipe, values, columns, seconds: begun.elapsed().as_secs_f64() })
    };
    recipes.iter().map(one).collect()
}

/// All that was measured.
struct Results {
    cohort: Cohort,
    stages: Vec<Stage>,
    /// Average precision of the true log-odds on the table.
    ideal: Option<f64>,
    /// The mean of that on the further tables.
    further_ideal: Option<f64>,
    /// The stages on further tables.
    across: Vec<Across>,
    /// [`variants`] there.
    variants: Vec<(&'static str, Across)>,
    /// So many columns by each of three filters, there.
    trade_off: Vec<Across>,
}

/// Average precision of the true log-odds, where they are known.
fn ideal(cohort: &Cohort) -> Result<Option<f64>, Failure> {
    let Some(log_odds) = &cohort.log_odds else { return Ok(None) };
    Ok(Some(Ranking::new(&cohort.ill, log_odds)?.average_precision()))
}

fn measure(arguments: &Arguments) -> Result<Results, Failure> {
    let cohort = arguments.table.cohort(Seed(arguments.seed))?;
    let ideal = ideal(&cohort)?;
    let stages = stages(arguments, &cohort)?;
    let further = seeds(arguments.seed.wrapping_add(1), arguments.tables);
    let further = further.map(|seed| arguments.table.cohort(Seed(seed))).collect::<Result<Vec<_>, _>>()?;
    let further_ideal = further.iter().map(crate::ideal).collect::<Result<Option<Vec<f64>>, _>>()?;
    let further_ideal =
        further_ideal.filter(|all| !all.is_empty()).map(|all| all.iter().sum::<f64>() / all.len() as f64);
    let (mut across_stages, mut across_variants, mut trade_off) = (Vec::new(), Vec::new(), Vec::new());
    if !further.is_empty() {
        across_stages = across(arguments, &further, &STAGES.map(|(_, recipe)| recipe))?;
        let (names, recipes): (Vec<_>, Vec<_>) = variants().into_iter().unzip();
        across_variants = names.into_iter().zip(across(arguments, &further, &recipes)?).collect();
        trade_off = across(arguments, &further, &filters(arguments.table, stages[2].held_out.kept.len()))?;
    }
    Ok(Results { cohort, stages, ideal, further_ideal, across: across_stages, variants: across_variants, trade_off })
}

/// The stage of selection with so many columns by each filter, and with the true ones where they are known.
fn filters(source: Source, columns: usize) -> Vec<Recipe> {
    const SIZES: [usize; 9] = [1, 2, 3, 4, 6, 8, 12, 16, 24];
    let sizes = SIZES.into_iter().filter(|&size| size < columns);
    let filters: [fn(usize) -> Columns; 3] = [Columns::AnovaTop, Columns::Information, Columns::Mrmr];
    let by_filter = filters.into_iter().flat_map(|filter| sizes.clone().map(filter));
    let others = [Columns::All].into_iter().chain((source == Source::Generated).then_some(Columns::True));
    by_filter.chain(others).map(|columns| Recipe { columns, ..STAGES[4].1 }).collect()
}

fn main() -> ExitCode {
    run(experiment)
}

fn experiment() -> Result<(), Failure> {
    let arguments = Arguments::parse();
    create_folder(&arguments.out)?;
    let begun = Instant::now();
    let results = measure(&arguments)?;
    let tables = tables::all(&arguments, &results)?;
    tables.iter().for_each(|table| println!("{table}"));
    match results.stages.iter().map(|stage| stage.held_out.diverged).sum::<usize>() {
        0 => {}
        diverged => println!("{diverged} trainings of the stages diverged; their networks are as they were before"),
    }
    println!("{:.1} s", begun.elapsed().as_secs_f64());
    let report = figures::write(&arguments, &results, tables)?;
    println!("\nreport: {}", report.display());
    if arguments.json {
        let stages: Vec<_> = results.stages.iter().map(|stage| stage.to_json(arguments.cost)).collect();
        let further = results.across.iter().zip(STAGES).map(|(stage, (name, _))| {
            let means = Measure::all(arguments.cost).into_iter().enumerate();
            let means = means.map(|(i, measure)| (measure.name().to_owned(), stage.mean(i).into()));
            Value::Object([("name".to_owned(), Value::from(name))].into_iter().chain(means).collect())
        });
        let further: Vec<_> = further.collect();
        println!(
            "{}",
            json!({
                "experiment": "patients",
                "table": arguments.table.to_string(),
                "stages": stages,
                "ideal_pr_auc": results.ideal,
                "further_tables": further,
            })
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use recipe::{Decision, Treatment};

    use super::*;

    const SMALL: &str = "--tables 0";

    fn arguments(line: &str) -> Arguments {
        let line = format!("_ {SMALL} {line}");
        let resamples = if line.contains("--resamples") { "" } else { " --resamples 200" };
        Arguments::parse_from((line + resamples).split_whitespace())
    }

    #[test]
    fn the_last_stage_beats_the_raw_one_beyond_its_interval() {
        for table in ["generated", "wdbc"] {
            let results = measure(&arguments(&format!("--table {table} --repeats 3"))).unwrap();
            let [raw, .., last] = &results.stages[..] else { panic!() };
            let area = 2;
            assert!(last.gains[area].low > 0.0, "{table}: {}", last.gains[area]);
            assert!(last.intervals[area].estimate > raw.intervals[area].high, "{table}: {}", last.intervals[area]);
            let cost = 4;
            assert!(last.gains[cost].high < 0.0, "{table}: {}", last.gains[cost]);
        }
    }

    #[test]
    fn the_same_seed_gives_the_same_numbers() {
        let of = |line: &str| measure(&arguments(line)).unwrap().stages[5].to_json(20.0);
        let line = "--table wdbc --repeats 1 --epochs 3 --seed 3";
        assert_eq!(of(line), of(line));
        assert_ne!(of(line), of("--table wdbc --repeats 1 --epochs 3 --seed 4"));
    }

    #[test]
    fn thinning_keeps_the_benign_and_18_malignant_ones() {
        let [a, b] = [1, 2].map(|seed| Source::Wdbc.cohort(Seed(seed)).unwrap());
        for cohort in [&a, &b] {
            assert_eq!((cohort.len(), cohort.ill.iter().sum::<u32>(), cohort.table.names().len()), (375, 18, 30));
        }
        assert_ne!(a.table, b.table);
    }

    /// Weights, copies and synthetic rows up to the number of the healthy all raise the odds of being ill by the ratio of the classes.
    #[test]
    fn thresholds_by_the_costs_undo_what_was_done_to_the_classes() {
        let cohort = Source::Generated.cohort(Seed(1)).unwrap();
        let training = arguments("--epochs 1").training();
        let threshold = |treatment| {
            let recipe = Recipe { treatment, decision: Decision::Elkan, ..STAGES[2].1 };
            training.fit(&recipe, &cohort, Seed(1)).unwrap().threshold()
        };
        assert_eq!(threshold(Treatment::None), 1.0 / 21.0);
        let ratio = 1502.0 / 18.0;
        for treatment in [Treatment::Weights(1.0), Treatment::Copies(1.0), Treatment::Smote(1.0)] {
            assert!((threshold(treatment) - ratio / (ratio + 20.0)).abs() < 1e-12, "{treatment}");
        }
    }

    /// What a model says does not depend on patients that it was not fitted to.
    #[test]
    fn held_out_patients_leave_no_trace() {
        let cohort = Source::Generated.cohort(Seed(2)).unwrap();
        let (train, held_out) = cohort.folds(5, Seed(2)).unwrap().swap_remove(0);
        let probe = cohort.subset(&held_out).unwrap();
        let training = arguments("--epochs 2").training();
        let of = |cohort: &Cohort| {
            training.fit(&STAGES[5].1, &cohort.subset(&train).unwrap(), Seed(2)).unwrap().probabilities(&probe).unwrap()
        };
        // Other patients in the place of those held out, with other labels.
        let mut rows: Vec<usize> = (0..cohort.len()).collect();
        held_out.iter().for_each(|&row| rows[row] = train[0]);
        assert_eq!(of(&cohort), of(&cohort.subset(&rows).unwrap()));
    }

    #[test]
    fn what_cannot_be_run_is_told() {
        for line in ["--folds 1", "--folds 19", "--cost=-1", "--l2=-1", "--resamples 1"] {
            assert!(measure(&arguments(&format!("--table wdbc --repeats 1 --epochs 1 {line}"))).is_err(), "{line}");
        }
    }
}
