#![doc = include_str!("../README.md")]

pub mod augment;
pub mod balance;
mod batch;
mod batches;
mod changes;
mod dataset;
mod digits;
mod error;
mod fit;
pub mod idx;
mod label_noise;
pub mod metrics;
mod mnist;
mod order;
mod prefetch;
mod samples;
pub mod scale;
pub mod select;
mod split;
pub mod synthetic;

pub use batch::{Batch, Targets};
pub use batches::{Batches, Epoch};
pub use dataset::Dataset;
pub use digits::Digits;
pub use error::DataError;
pub use evenkeel_tensor::{Float, Seed, Shape, Tensor};
pub use fit::{Degenerate, Fit, FitBoxed, PartialFit, Transform};
pub use mnist::Mnist;
pub use order::Order;
pub use prefetch::Prefetch;
pub use samples::Inputs;
