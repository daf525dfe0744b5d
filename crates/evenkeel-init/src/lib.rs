#![doc = include_str!("../README.md")]

pub mod check;
mod constant;
mod error;
mod fans;
mod gain;
mod he;
mod initializer;
mod normal;
mod policy;
pub mod random;
mod uniform;
mod xavier;

pub use constant::{Constant, Zeros};
pub use error::InitError;
pub use evenkeel_tensor::{Float, Seed, Shape, ShapeError, Tensor};
pub use fans::{FanMode, Fans};
pub use gain::Gain;
pub use he::{HeNormal, HeUniform};
pub use initializer::{Initializer, InitializerExt};
pub use normal::Normal;
pub use policy::{BiasInitializer, Policy};
pub use uniform::{Uniform, UniformFanIn};
pub use xavier::{XavierNormal, XavierUniform};
