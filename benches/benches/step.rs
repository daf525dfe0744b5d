//! Kernels alone: normalisation, cross-entropy, update rules, small products.
fn main() {}
