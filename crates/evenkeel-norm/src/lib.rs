#![doc = include_str!("../README.md")]

mod batch_norm;
mod columns;
mod fold;
mod layout;
mod moments;
mod op;
mod planes;
mod population;

pub use batch_norm::{BatchNorm, Statistics};
pub use moments::Moments;
pub use op::{BatchNormOp, Normalizer, batch_norm};
pub use population::{PopulationError, population_statistics};
