//! Runs a folder of reference cases.
fn main() {}
