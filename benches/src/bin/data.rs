//! Times what is done to tables, beside `data_peers.py`, and prints one JSON line for each workload.

use std::process::ExitCode;
use std::time::Instant;

use clap::Parser;
use evenkeel::data::scale::{MaxAbs, MinMax, Power, Quantile, Robust, RowNorm, Standard, Target, Whiten};
use evenkeel::data::{FitBoxed, Seed};
use evenkeel::tensor::Tensor;

/// Fits each scaler to a table and transforms it into a new one.
#[derive(Parser)]
struct Arguments {
    /// Only the workloads whose name contains this.
    #[arg(long, value_name = "NAME", default_value = "")]
    only: String,
    /// How often each is run; the shortest counts.
    #[arg(long, value_name = "N", default_value_t = 5)]
    rounds: usize,
    /// Rows of the table of 30 columns.
    #[arg(long, value_name = "N", default_value_t = 1_000_000)]
    rows: usize,
    /// Threads.
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = clap::value_parser!(u16).range(1..))]
    threads: u16,
}

const COLUMNS: usize = 30;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let pool = match rayon::ThreadPoolBuilder::new().num_threads(arguments.threads.into()).build() {
        Ok(pool) => pool,
        Err(error) => {
            eprintln!("{} threads: {error}", arguments.threads);
            return ExitCode::FAILURE;
        }
    };
    let x = table(arguments.rows);
    let done = pool.install(|| {
        scalers()
            .iter()
            .filter(|(name, _)| name.contains(&arguments.only))
            .all(|(name, scaler)| time(name, &**scaler, &x, arguments.rounds))
    });
    if done { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn scalers() -> Vec<(&'static str, Box<dyn FitBoxed<f64>>)> {
    vec![
        ("scale_min_max", Box::new(MinMax::default())),
        ("scale_standard", Box::new(Standard::default())),
        ("scale_robust", Box::new(Robust::default())),
        ("scale_max_abs", Box::new(MaxAbs)),
        ("scale_row_norm", Box::new(RowNorm::L2)),
        ("scale_quantile", Box::new(Quantile::default())),
        ("scale_quantile_normal", Box::new(Quantile::to(Target::Normal))),
        ("scale_whiten", Box::new(Whiten::pca())),
        ("scale_yeo_johnson", Box::new(Power::default())),
    ]
}

/// Uniform numbers, their exponentials in every third column, an offset in every fifth.
fn table(rows: usize) -> Tensor<f64> {
    let mut x: Tensor<f64> = Tensor::zeros([rows, COLUMNS]);
    let mut state = Seed(7).0;
    for (at, x) in x.as_mut_slice().iter_mut().enumerate() {
        // SplitMix64 by its step alone is too regular, and by a multiplication good enough for a table.
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let uniform = (state >> 11) as f64 / (1u64 << 53) as f64 * 4.0 - 2.0;
        let value = if (at % COLUMNS).is_multiple_of(3) { uniform.exp() } else { uniform };
        *x = value + if (at % COLUMNS).is_multiple_of(5) { 1000.0 } else { 0.0 };
    }
    x
}

/// Prints the line of a scaler; says whether it did its work.
fn time(name: &str, scaler: &dyn FitBoxed<f64>, x: &Tensor<f64>, rounds: usize) -> bool {
    let mut shortest = f64::INFINITY;
    for _ in 0..rounds.max(1) {
        let start = Instant::now();
        let y = scaler.fit_boxed(x).and_then(|fitted| fitted.transform(x));
        shortest = shortest.min(start.elapsed().as_secs_f64());
        match y {
            Ok(y) if y.shape() == x.shape() && y.is_finite() && y.as_slice()[..COLUMNS] != x.as_slice()[..COLUMNS] => {}
            Ok(_) => {
                eprintln!("{name}: expected another table of the same shape");
                return false;
            }
            Err(error) => {
                eprintln!("{name}: {error}");
                return false;
            }
        }
    }
    println!(
        r#"{{"peer": "evenkeel", "version": "{}", "workload": "{name}", "min_s": {shortest:.4}, "rounds": {rounds}, "rows": {}, "peak": {:.2}}}"#,
        env!("CARGO_PKG_VERSION"),
        x.shape()[0],
        peak() / size_of_val(x.as_slice()) as f64,
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
