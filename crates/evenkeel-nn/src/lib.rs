#![doc = include_str!("../README.md")]

mod activation;
mod bce_with_logits;
mod both;
mod container;
mod conv;
mod cross_entropy;
mod extents;
mod flatten;
mod focal;
mod focal_cross_entropy;
mod global_pool;
mod linear;
mod mean_squared_error;
mod pool;
mod window;

pub use activation::{Elu, Gelu, GeluTanh, LeakyRelu, LogSoftmax, Relu, Selu, Sigmoid, Silu, Softmax, Softplus, Tanh};
pub use bce_with_logits::BceWithLogits;
pub use container::{Parallel, Residual};
pub use conv::{Conv, Conv1d, Conv2d};
pub use cross_entropy::CrossEntropy;
pub use evenkeel_autograd::Reduction;
pub use extents::Extents;
pub use flatten::Flatten;
pub use focal::Focal;
pub use focal_cross_entropy::FocalCrossEntropy;
pub use global_pool::{GlobalAvgPool, GlobalMaxPool};
pub use linear::Linear;
pub use mean_squared_error::MeanSquaredError;
pub use pool::{AvgPool, AvgPool1d, AvgPool2d, MaxPool, MaxPool1d, MaxPool2d};
