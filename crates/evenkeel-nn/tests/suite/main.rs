//! The crate's tests, in one program that is linked once. A part of them: `cargo test -p evenkeel-nn --test suite convolution::`.

mod activations;
mod allocation;
mod common;
mod containers;
mod convolution;
mod oracle;
mod pooling;
