#![doc = include_str!("../README.md")]

mod callback;
mod checkpoint;
mod error;
mod evaluate;
mod fit;
pub mod history;
mod loss;
mod progress;
pub mod report;
pub mod signal;
mod trainer;

pub use callback::{Callback, Event, Flow};
pub use error::TrainError;
pub use evaluate::{Evaluation, evaluate, predict};
pub use history::History;
pub use loss::Loss;
pub use trainer::Trainer;
