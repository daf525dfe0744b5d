//! The crate's tests, in one program that is linked once. A part of them: `cargo test -p evenkeel-autograd --test suite losses::`.

mod allocation;
mod focal;
mod gradcheck;
mod gradients;
mod losses;
mod numerics;
mod signal;
mod tape;
