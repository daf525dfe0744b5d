//! Imbalanced classes: resampling, weights and sampling.

mod laws;
mod reference;
mod sampling;
