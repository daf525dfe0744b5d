#![doc = include_str!("../README.md")]

pub mod audit;
pub mod augment;
pub mod balance;
mod batch;
mod batches;
mod changes;
mod dataset;
mod digits;
pub mod encode;
mod error;
pub mod feature;
mod file;
mod fingerprint;
mod fit;
pub mod idx;
#[cfg(feature = "image")]
mod image_folder;
pub mod impute;
mod inputs;
mod label_noise;
pub mod metrics;
mod mnist;
#[cfg(feature = "npy")]
pub mod npy;
mod order;
pub mod pipeline;
mod prefetch;
mod samples;
mod sampling;
pub mod scale;
pub mod select;
pub mod split;
pub mod synthetic;
pub mod table;
mod wdbc;

pub use batch::{Batch, Targets};
pub use batches::{Batches, Epoch};
pub use dataset::Dataset;
pub use digits::Digits;
pub use error::{DataError, FileError, TableError};
pub use evenkeel_tensor::{Float, Seed, Shape, Tensor};
pub use fit::{Degenerate, Fit, FitBoxed, PartialFit, Transform};
#[cfg(feature = "image")]
pub use image_folder::ImageFolder;
pub use inputs::Inputs;
pub use mnist::Mnist;
pub use order::Order;
pub use prefetch::Prefetch;
pub use samples::Samples;
pub use sampling::Sampling;
pub use table::Table;
pub use wdbc::Wdbc;
