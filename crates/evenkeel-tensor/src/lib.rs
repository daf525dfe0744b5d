#![doc = include_str!("../README.md")]

mod arith;
mod convert;
mod display;
mod element;
mod erfc;
mod error;
mod extreme;
mod index;
pub mod kernel;
mod linalg;
pub mod memory;
pub mod parallel;
pub mod random;
mod reduce;
mod shape;
mod tensor;
mod view;
mod walk;

pub use element::{Element, Float};
pub use error::ShapeError;
pub use random::Seed;
pub use shape::{MAX_RANK, Shape};
pub use tensor::Tensor;
pub use view::TensorView;
