//! Times the reference workloads, checks that each does its work, and prints one JSON line for each.

mod check;
mod timing;
mod workloads;

use std::process::ExitCode;

use clap::Parser;

use timing::Timer;
use workloads::{Run, WORKLOADS, Workload};

/// Times the reference workloads; prints one JSON line for each, and fails if one does not do its work.
#[derive(Parser)]
struct Arguments {
    /// Only the workloads whose name contains this.
    #[arg(long, value_name = "NAME", default_value = "")]
    only: String,
    /// Iterations; 0 for about 1.5 s, between 10 and 500.
    #[arg(long, value_name = "N", default_value_t = 0)]
    iters: usize,
    /// Threads.
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = clap::value_parser!(u16).range(1..))]
    threads: u16,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let chosen: Vec<&Workload> = WORKLOADS.iter().filter(|w| w.name.contains(&arguments.only)).collect();
    if chosen.is_empty() {
        let names: Vec<_> = WORKLOADS.iter().map(|w| w.name).collect();
        eprintln!("no workload is called {:?}; there are {}", arguments.only, names.join(", "));
        return ExitCode::FAILURE;
    }
    let pool = match rayon::ThreadPoolBuilder::new().num_threads(arguments.threads.into()).build() {
        Ok(pool) => pool,
        Err(error) => {
            eprintln!("{} threads: {error}", arguments.threads);
            return ExitCode::FAILURE;
        }
    };
    // Inside the pool, as a training runs, a split of work costs nanoseconds.
    let failures = pool.install(|| chosen.into_iter().filter(|workload| !run(workload, arguments.iters)).count());
    if failures == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Prints the line of `workload`; says whether it did its work.
fn run(workload: &Workload, iters: usize) -> bool {
    let head =
        format!(r#"{{"peer": "evenkeel", "version": "{}", "workload": "{}""#, env!("CARGO_PKG_VERSION"), workload.name);
    match workload.run {
        Run::Missing(why) => println!(r#"{head}, "unsupported": "{why}"}}"#),
        Run::Timed(run) => match run(&Timer { iters }) {
            Ok(timing) => println!("{head}, {timing}}}"),
            Err(failure) => {
                eprintln!("{}: {failure}", workload.name);
                return false;
            }
        },
    }
    true
}
