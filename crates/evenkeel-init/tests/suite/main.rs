//! The crate's tests, in one program that is linked once. A part of them: `cargo test -p evenkeel-init --test suite orthogonal::`.

mod biases;
mod depth;
mod families;
mod hostile;
mod lsuv;
mod orthogonal;
mod reproducible;
mod scales;
mod statistics;
