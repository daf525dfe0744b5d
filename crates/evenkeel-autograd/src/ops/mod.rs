//! The operations that come with the tape. Each file has the kernels, the operation, and the method on
//! [`Var`](crate::Var) that records it.

mod activation;
mod binary;
mod binary_cross_entropy;
mod cross_entropy;
mod focal_cross_entropy;
mod index;
mod linear;
mod log_sigmoid;
mod matmul;
mod pointwise;
mod reduce;
mod soft_cross_entropy;
mod softmax;
mod transpose;

pub use activation::{Elu, Gelu, GeluTanh, LeakyRelu, Relu, Selu, Sigmoid, Silu, Softplus, Tanh};
pub use binary_cross_entropy::BinaryCrossEntropyOp;
pub use cross_entropy::{CrossEntropyOp, Reduction};
pub use focal_cross_entropy::FocalCrossEntropyOp;
pub use pointwise::{Abs, Exp, Ln, Pointwise, Sqrt, Square};
pub use soft_cross_entropy::SoftCrossEntropyOp;
