//! Times what is done to tables, beside `data_peers.py`, and prints one JSON line for each workload.

use std::process::ExitCode;
use std::time::Instant;

use clap::Parser;
use evenkeel::data::balance::{Resample, Smote};
use evenkeel::data::scale::{MaxAbs, MinMax, Power, Quantile, Robust, RowNorm, Standard, Target, Whiten};
use evenkeel::data::select::{MutualInformation, Scores, anova_f, chi2};
use evenkeel::data::table::{Kind, Table};
use evenkeel::data::{DataError, Dataset, FitBoxed, Seed};
use evenkeel::tensor::Tensor;

/// Runs each workload on a table of its own and prints the shortest time and the most memory. For the memory of one workload
/// alone run it in a process of its own, with `--only`.
#[derive(Parser)]
struct Arguments {
    /// Only the workloads whose name contains this.
    #[arg(long, value_name = "NAME", default_value = "")]
    only: String,
    /// How often each is run; the shortest counts.
    #[arg(long, value_name = "N", default_value_t = 5)]
    rounds: usize,
    /// Rows of the table of 30 columns; of SMOTE's a tenth.
    #[arg(long, value_name = "N", default_value_t = 1_000_000)]
    rows: usize,
    /// Threads.
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = clap::value_parser!(u16).range(1..))]
    threads: u16,
    /// Prints the names of the workloads and does nothing.
    #[arg(long)]
    list: bool,
}

const COLUMNS: usize = 30;

/// What is timed. It gives back a check of what it has made, and with it what was made, so that neither the check nor letting go
/// is part of the time.
type Work = Box<dyn Fn() -> Result<Check, DataError> + Send + Sync>;
type Check = Box<dyn FnOnce() -> bool + Send>;

/// A workload: its name, and what makes its table of so many rows (of which the bytes are told) and its work.
type Workload = (&'static str, fn(usize) -> (usize, Work));

const WORKLOADS: [Workload; 17] = [
    ("read_csv", csv),
    ("scale_min_max", |rows| scaler(rows, MinMax::default())),
    ("scale_standard", |rows| scaler(rows, Standard::default())),
    ("scale_robust", |rows| scaler(rows, Robust::default())),
    ("scale_max_abs", |rows| scaler(rows, MaxAbs)),
    ("scale_row_norm", |rows| scaler(rows, RowNorm::L2)),
    ("scale_quantile_uniform", |rows| scaler(rows, Quantile::default())),
    ("scale_quantile_normal", |rows| scaler(rows, Quantile::to(Target::Normal))),
    ("scale_whiten", |rows| scaler(rows, Whiten::pca())),
    ("scale_yeo_johnson", |rows| scaler(rows, Power::default())),
    ("select_anova_f", |rows| filter(table(rows), anova_f)),
    ("select_chi2", |rows| filter(table(rows).map(f64::abs), chi2)),
    ("select_mi_neighbours", |rows| filter(table(rows), |x, y| MutualInformation::default().scores(x, y))),
    ("select_mi_counts", |rows| filter(levels(rows), |x, y| MutualInformation::counts().scores(x, y))),
    ("balance_smote", smote),
    ("split_stratified", |rows| split(rows, false)),
    ("split_stratified_copied", |rows| split(rows, true)),
];

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    if arguments.list {
        WORKLOADS.iter().for_each(|(name, _)| println!("{name}"));
        return ExitCode::SUCCESS;
    }
    let pool = match rayon::ThreadPoolBuilder::new().num_threads(arguments.threads.into()).build() {
        Ok(pool) => pool,
        Err(error) => {
            eprintln!("{} threads: {error}", arguments.threads);
            return ExitCode::FAILURE;
        }
    };
    let done = pool.install(|| {
        WORKLOADS
            .iter()
            .filter(|(name, _)| name.contains(&arguments.only))
            .all(|(name, make)| time(name, make(arguments.rows), arguments.rounds))
    });
    if done { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// A fit and a transformation into a new table.
fn scaler(rows: usize, scaler: impl FitBoxed<f64> + 'static) -> (usize, Work) {
    let x = table(rows);
    let work = move || {
        let (x, y) = (x.clone(), scaler.fit_boxed(&x)?.transform(&x)?);
        let is_another = move || y.as_slice()[..COLUMNS] != x.as_slice()[..COLUMNS] && y.shape() == x.shape();
        Ok(Box::new(is_another) as Check)
    };
    (rows * COLUMNS * size_of::<f64>(), Box::new(work))
}

/// A file of numbers as a table.
fn csv(rows: usize) -> (usize, Work) {
    let file = tempfile::NamedTempFile::new().expect("a temporary file").into_temp_path();
    let names: Vec<_> = (0..COLUMNS).map(|column| format!("c{column}")).collect();
    Table::from_tensor(&names, &table(rows)).and_then(|x| x.write_csv(&file)).expect("a file of numbers");
    let work = move || {
        let x = Table::read_csv(&file)?;
        Ok(Box::new(move || x.rows() == rows && x.names_of(Kind::Numeric).len() == COLUMNS) as Check)
    };
    (rows * COLUMNS * size_of::<f64>(), Box::new(work))
}

/// A score of each column by one of three classes, which the first column tells something of.
fn filter(x: Tensor<f64>, scores: fn(&Tensor<f64>, &[u32]) -> Result<Scores, DataError>) -> (usize, Work) {
    let rows = x.as_slice().chunks_exact(COLUMNS);
    let labels: Vec<u32> = rows.map(|row| u32::from(row[1] + row[2] > 0.5) + u32::from(row[1] > 1.0)).collect();
    let bytes = size_of_val(x.as_slice());
    let work = move || {
        let scores = scores(&x, &labels)?;
        Ok(Box::new(move || scores.score().iter().all(|&s| s <= scores.score()[1])) as Check)
    };
    (bytes, Box::new(work))
}

/// SMOTE of 1 % to as many as the others.
fn smote(rows: usize) -> (usize, Work) {
    let x = table(rows / 10);
    let labels: Vec<u32> = (0..rows / 10).map(|i| u32::from(i % 100 == 0)).collect();
    let bytes = size_of_val(x.as_slice());
    let work = move || {
        let resampled = Smote::default().resample(&x, &labels, 2, Seed(7))?;
        let others = labels.iter().filter(|&&label| label == 0).count();
        Ok(Box::new(move || resampled.inputs.shape() == [2 * others, COLUMNS].into()) as Check)
    };
    (bytes, Box::new(work))
}

/// A fifth for testing, of each of three classes; the parts share the samples, or are copied out of them.
fn split(rows: usize, copied: bool) -> (usize, Work) {
    let labels: Vec<u32> = (0..rows).map(|i| u32::from(i % 7 < 2) + u32::from(i % 50 == 0)).collect();
    let data = Dataset::classification(table(rows), labels, 3).expect("a table with labels");
    let work = move || {
        let (train, test) = data.split_stratified(0.8, Seed(7))?;
        if !copied {
            return Ok(Box::new(move || train.len() + test.len() == rows) as Check);
        }
        let parts = [train, test].map(|part| part.batch::<f64>(&Vec::from_iter(0..part.len())));
        Ok(Box::new(move || parts[0].len() + parts[1].len() == rows) as Check)
    };
    (rows * COLUMNS * size_of::<f64>(), Box::new(work))
}

/// Uniform numbers from -2 to 2, their exponentials in every third column, an offset in every fifth.
fn table(rows: usize) -> Tensor<f64> {
    let mut x: Tensor<f64> = Tensor::zeros([rows, COLUMNS]);
    let mut state = Seed(7).0;
    for (at, x) in x.as_mut_slice().iter_mut().enumerate() {
        // Knuth's linear congruences, of which the upper bits are good enough for a table.
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let uniform = (state >> 11) as f64 / (1u64 << 53) as f64 * 4.0 - 2.0;
        let value = if (at % COLUMNS).is_multiple_of(3) { uniform.exp() } else { uniform };
        *x = value + if (at % COLUMNS).is_multiple_of(5) { 1000.0 } else { 0.0 };
    }
    x
}

/// The same in steps of a quarter.
fn levels(rows: usize) -> Tensor<f64> {
    table(rows).map(|x| (4.0 * x).floor() / 4.0)
}

/// Prints the line of a workload; says whether it did its work.
fn time(name: &str, (bytes, work): (usize, Work), rounds: usize) -> bool {
    let mut shortest = f64::INFINITY;
    for _ in 0..rounds.max(1) {
        let start = Instant::now();
        let made = work();
        shortest = shortest.min(start.elapsed().as_secs_f64());
        match made.map(|is_right| is_right()) {
            Ok(true) => {}
            Ok(false) => {
                eprintln!("{name}: did not do its work");
                return false;
            }
            Err(error) => {
                eprintln!("{name}: {error}");
                return false;
            }
        }
    }
    println!(
        r#"{{"peer": "evenkeel", "version": "{}", "workload": "{name}", "min_s": {shortest:.4}, "rounds": {rounds}, "peak": {:.2}}}"#,
        env!("CARGO_PKG_VERSION"),
        peak() / bytes as f64,
    );
    true
}

/// The most bytes this process has held so far, where the system says so (Linux); 0 elsewhere.
fn peak() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let kilobytes =
        status.lines().find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix(" kB")?.trim().parse().ok());
    kilobytes.unwrap_or(0.0) * 1024.0
}
