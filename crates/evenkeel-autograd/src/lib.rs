#![doc = include_str!("../README.md")]

mod gradcheck;
mod op;
pub mod ops;
mod pool;
mod scope;
mod tape;
mod var;

pub use gradcheck::{GradcheckError, gradcheck};
pub use op::{Backward, Gradient, Inputs, Op};
pub use ops::{Pointwise, Reduction};
pub use scope::Segment;
pub use tape::{Fault, Tape};
pub use var::Var;
