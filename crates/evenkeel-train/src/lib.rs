#![doc = include_str!("../README.md")]

mod callback;
mod checkpoint;
pub mod diagnosis;
mod error;
mod evaluate;
mod fit;
pub mod history;
mod loss;
mod monitors;
mod prepare;
mod progress;
pub mod report;
pub mod search;
pub mod selection;
mod settings;
pub mod signal;
mod trainer;

pub use callback::{Callback, Event, Flow};
pub use error::TrainError;
pub use evaluate::{Evaluation, evaluate, predict};
pub use history::History;
pub use loss::Loss;
pub use trainer::Trainer;
