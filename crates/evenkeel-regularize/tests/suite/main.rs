//! The crate's tests, in one program that is linked once. A part of them: `cargo test -p evenkeel-regularize --test suite dropout::`.

mod closed_forms;
mod constraints;
mod dropout;
mod hostile;
mod monitors;
mod monte_carlo;
mod penalties;
mod regularizer;
