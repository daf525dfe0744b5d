//! The crate's tests, in one program that is linked once. A part of them: `cargo test -p evenkeel-tensor --test suite laws::`.

mod hostile;
mod laws;
