//! The crate's tests, in one program that is linked once. A part of them: `cargo test -p evenkeel-norm --test suite weight::`.

mod batch_norm;
mod batch_renorm;
mod edges;
mod laws;
mod local_response_norm;
mod masked;
mod per_sample;
mod range;
mod switchable_norm;
mod weight;
