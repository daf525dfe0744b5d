//! Switchable normalisation as one fused operation: a sweep over the planes for their statistics, one for the output.

mod op;
mod statistics;

pub use op::{BatchPart, SwitchableNormOp, switchable_norm};
pub(crate) use statistics::{Parts, softmax};
