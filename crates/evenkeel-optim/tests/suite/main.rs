//! The crate's tests, in one program that is linked once. A part of them: `cargo test -p evenkeel-optim --test suite decay::`.

mod allocation;
mod common;
mod conformance;
mod decay;
mod driver;
mod laws;
mod resume;
mod threads;
