//! The operations that come with the tape. Each file has the kernels, the operation, and the method on
//! [`Var`](crate::Var) that records it.

mod binary;
mod cross_entropy;
mod index;
mod linear;
mod matmul;
mod pointwise;
mod reduce;
mod softmax;
mod transpose;

pub use cross_entropy::{CrossEntropyOp, Reduction};
pub use pointwise::{Abs, Exp, Ln, Pointwise, Relu, Sigmoid, Sqrt, Square, Tanh};
