//! The crate's tests, in one program that is linked once. A part of them: `cargo test -p evenkeel-conformance --test suite runner::`.

mod cases;
mod runner;
