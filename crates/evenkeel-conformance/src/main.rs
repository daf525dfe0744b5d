//! `evenkeel-conformance DIR`: runs every case of a folder and says what does not pass.

use std::path::Path;
use std::process::ExitCode;

use evenkeel_conformance::{Verdict, run};

const USAGE: &str = "usage: evenkeel-conformance DIR

Runs every case of DIR/manifest.json, prints a line for each that fails or is not supported, and last
`N passed, N failed, N unsupported`. Exits with 0 if all passed, 1 if not, 2 if the folder cannot be read.";

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args_os().skip(1).collect();
    let folder = match arguments.as_slice() {
        [flag] if flag == "--help" || flag == "-h" => {
            println!("{USAGE}");
            return ExitCode::SUCCESS;
        }
        [folder] => Path::new(folder),
        _ => {
            eprintln!("{USAGE}");
            return ExitCode::from(2);
        }
    };
    let tally = run(folder, |spec, verdict| match verdict {
        Verdict::Passed => {}
        Verdict::Failed(error) => println!("failed       {}: {error}", spec.id),
        Verdict::Unsupported(what) => println!("unsupported  {}: {what}", spec.id),
    });
    match tally {
        Ok(tally) => {
            println!("{tally}");
            if tally.all_passed() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::from(2)
        }
    }
}
