#![doc = include_str!("../README.md")]

// So that the derive macro's paths also work inside this crate.
extern crate self as evenkeel_module;

mod check;
mod in_mode;
mod initialize;
mod leaf;
mod load;
mod lsuv;
mod module;
mod parts;
mod pass;
mod path;
mod sequential;
mod state_dict;
mod summary;
mod weight_use;
mod weighted;

pub use check::{NetworkError, check_network};
/// The trait without the derive macro of the same name, for crates that re-export it with a macro of their own.
pub mod traits {
    pub use crate::module::Module;
}
pub use evenkeel_derive::Module;
pub use in_mode::InMode;
pub use leaf::{Buffer, Identity, Origin, Parameter, Role};
pub use load::{LoadError, LoadReport, Mismatch};
pub use lsuv::{LsuvError, lsuv};
pub use module::{Forward, Module, ModuleExt, Visitor, VisitorMut};
pub use pass::{Change, Fault, Mode, Pass, Step, Workspace};
pub use path::Path;
pub use sequential::{Layer, Sequential};
pub use state_dict::{Entry, StateDict, StateDictError};
pub use summary::Summary;
pub use weight_use::{WeightUse, weight_uses};
pub use weighted::Weighted;
