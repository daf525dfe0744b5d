#![doc = include_str!("../README.md")]

mod adagrad;
mod adam;
mod checkpoint;
mod decay;
mod error;
mod gradient;
mod group;
mod learning_rate;
mod optimizer;
mod rms_prop;
mod rule;
mod schedule;
mod sgd;
mod slot;

pub use adagrad::Adagrad;
pub use adam::{Adam, AdamW};
pub use error::{Bounds, OptimError};
pub use group::Group;
pub use optimizer::{Optimizer, StepReport};
pub use rms_prop::RmsProp;
pub use rule::{Rule, StepInfo, each};
pub use schedule::Schedule;
pub use sgd::Sgd;
