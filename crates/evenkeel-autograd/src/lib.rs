#![doc = include_str!("../README.md")]

mod backward;
mod fault;
mod gradcheck;
mod node;
mod op;
pub mod ops;
mod pool;
mod scope;
mod signal;
mod tape;
mod var;

pub use fault::Fault;
pub use gradcheck::{GradcheckError, gradcheck};
pub use op::{Backward, Gradient, Inputs, Op};
pub use ops::{Pointwise, Reduction};
pub use scope::Segment;
pub use signal::{Incoming, Propagation, Recorded, Signal};
pub use tape::Tape;
pub use var::Var;
