#![doc = include_str!("../README.md")]

mod case;
mod compare;
mod error;
mod layer;
mod manifest;
mod ops;
mod run;

pub use compare::Precision;
pub use error::{CaseError, FolderError};
pub use manifest::Spec;
pub use run::{Tally, Verdict, run};
