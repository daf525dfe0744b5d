//! Times the reference workloads.
fn main() {}
