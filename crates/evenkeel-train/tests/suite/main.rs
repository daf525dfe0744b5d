//! The crate's tests, in one program that is linked once. A part of them: `cargo test -p evenkeel-train --test suite resume::`.

mod allocation;
mod diagnosis;
mod early_stopping;
mod error_rate;
mod errors;
mod features;
mod history;
mod kill;
mod losses;
mod prior;
mod regularization;
mod report;
mod resume;
mod sampling;
mod search;
mod selection;
mod signal;
