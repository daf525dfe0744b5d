//! What most programs need: `use evenkeel::prelude::*;`.
//!
//! Everything here stands in a crate of its own too; other names are reached through the umbrella's modules, e.g.
//! [`evenkeel::optim::Schedule`](crate::optim::Schedule).
//!
//! ```
//! use evenkeel::prelude::*;
//!
//! let digits = Digits::embedded();
//! let (train, test) = digits.split_stratified(0.8, Seed(7))?;
//! let mut net = sequential![
//!     Linear::new(64, 32).without_bias(), BatchNorm::new(32), Sigmoid,
//!     Linear::new(32, 10),
//! ].initialize(&XavierUniform::default(), Seed(7))?;
//! let history = Trainer::new(Sgd::new(0.5)).epochs(3).fit(&mut net, CrossEntropy::default(), &train, &test)?;
//! assert!(history.last("test_accuracy").unwrap() > 0.8);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

#[doc(no_inline)]
pub use crate::{
    autograd::Var,
    data::{Dataset, Digits, Fit, Table, Transform, pipeline::Pipeline},
    init::{HeNormal, XavierUniform},
    module::{Forward, ModuleExt, Parameter, Pass, Role, sequential, traits::Module},
    nn::{Conv2d, CrossEntropy, Linear, Relu, Sigmoid},
    norm::BatchNorm,
    optim::{Adam, Sgd},
    regularize::{Dropout, EarlyStopping, L1, L2, Regularizer},
    tensor::{Seed, Tensor},
    train::{History, Trainer},
};
/// Lists a layer's parts; see [`Module`](trait@crate::module::Module).
#[doc(no_inline)]
pub use evenkeel_derive::UmbrellaModule as Module;
