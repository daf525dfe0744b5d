#![doc = include_str!("../README.md")]

mod activation;
mod cross_entropy;
mod flatten;
mod linear;
mod mean_squared_error;

pub use activation::{LogSoftmax, Relu, Sigmoid, Softmax, Tanh};
pub use cross_entropy::CrossEntropy;
pub use evenkeel_autograd::Reduction;
pub use flatten::Flatten;
pub use linear::Linear;
pub use mean_squared_error::MeanSquaredError;
