//! The crate's tests, in one program that is linked once. A part of them: `cargo test -p evenkeel-module --test suite state_dict::`.

mod common;
mod initialize;
mod load;
mod lsuv;
mod pass;
mod state_dict;
mod structure;
