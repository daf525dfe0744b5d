//! Layers that keep or drop values at random in training.

mod alpha_dropout;
mod drop_connect;
mod every_mask;
mod kernel;
mod layer;
mod op;
mod rate;
mod spatial_dropout;
mod stochastic_depth;

pub use alpha_dropout::AlphaDropout;
pub use drop_connect::DropConnect;
pub use every_mask::every_mask;
pub use layer::Dropout;
pub(crate) use op::check_keep;
pub use op::{MaskOp, Unit};
pub use rate::Scaling;
pub use spatial_dropout::SpatialDropout;
pub use stochastic_depth::StochasticDepth;
