//! The crate's tests, in one program that is linked once. A part of them: `cargo test -p evenkeel-data --test suite select::`.
//!
//! `corpora` is a program of its own: it reads the fuzz targets' files, without which the crate is packaged.

mod allocation;
mod audit;
mod augment;
mod balance;
mod encode;
mod feature;
mod features_reference;
mod folds;
mod idx;
#[cfg(feature = "image")]
mod image_folder;
mod impute;
mod laws;
mod metrics;
mod mnist;
#[cfg(feature = "npy")]
mod npy;
mod pipeline;
mod refusals;
mod samples;
mod scale;
mod select;
mod table;
