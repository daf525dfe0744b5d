#![doc = include_str!("../README.md")]

pub use evenkeel_autograd as autograd;
pub use evenkeel_data as data;
pub use evenkeel_init as init;
pub use evenkeel_module as module;
pub use evenkeel_nn as nn;
pub use evenkeel_norm as norm;
pub use evenkeel_optim as optim;
pub use evenkeel_regularize as regularize;
pub use evenkeel_tensor as tensor;
pub use evenkeel_train as train;

pub mod prelude;
