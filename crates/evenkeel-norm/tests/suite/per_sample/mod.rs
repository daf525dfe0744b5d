//! Layer, RMS, group and instance normalisation.

mod allocation;
mod edges;
mod laws;
