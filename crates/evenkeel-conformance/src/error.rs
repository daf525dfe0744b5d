//! What can be wrong with a folder, and with one case of it.

use std::path::PathBuf;
use std::sync::Arc;

use evenkeel_data::DataError;
use evenkeel_init::InitError;
use evenkeel_module::{LoadError, StateDictError};
use evenkeel_optim::OptimError;
use evenkeel_tensor::ShapeError;
use thiserror::Error;

use crate::Precision;

/// A folder of which no case can be run.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum FolderError {
    /// The manifest cannot be read.
    #[error("manifest {}: {source}; give a folder that holds manifest.json", .path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: std::io::Error,
    },
    /// The manifest is not JSON.
    #[error("manifest {}: expected JSON, got {source}", .path.display())]
    Json {
        /// The file.
        path: PathBuf,
        /// Where it stops to be.
        source: serde_json::Error,
    },
    /// A field of the manifest is missing or of another type.
    #[error("manifest: {place}: expected `{field}` to be {expected}, got {got}; correct the manifest")]
    Field {
        /// The case, by its id or number.
        place: String,
        /// The field.
        field: &'static str,
        /// What it should be.
        expected: &'static str,
        /// What it is.
        got: String,
    },
    /// Two cases have the same id, so that they would read the same arrays.
    #[error("manifest: expected ids that differ, got `{id}` twice; rename one")]
    Duplicate {
        /// The id.
        id: String,
    },
}

/// Why a case did not pass.
#[derive(Clone, Debug, Error)]
#[non_exhaustive]
pub enum CaseError {
    /// The case asks for something that evenkeel does not have, or the runner does not know.
    #[error("{what}")]
    Unsupported {
        /// What it asks for.
        what: String,
    },
    /// The file of arrays cannot be read.
    #[error("file `{file}`: {source}")]
    File {
        /// The file, as the manifest names it.
        file: String,
        /// The cause.
        source: Arc<StateDictError>,
    },
    /// The manifest does not list an input that the operation needs.
    #[error("expected an input `{name}`, got none; list it in the manifest's `inputs`")]
    MissingInput {
        /// The input.
        name: String,
    },
    /// The file does not hold an array that the manifest lists.
    #[error("expected a tensor `{name}` in `{file}`, got none; add it, or take it off the manifest")]
    MissingTensor {
        /// The name in the file.
        name: String,
        /// The file.
        file: String,
    },
    /// An array is of another type than its use asks for.
    #[error("tensor `{name}`: expected {expected}, got {got}; store it in that type")]
    Dtype {
        /// The name in the file.
        name: String,
        /// The type that would be right.
        expected: &'static str,
        /// The type it has.
        got: &'static str,
    },
    /// A class index is no index.
    #[error("tensor `{name}`: expected class indices from 0, got {got}; number the classes from 0")]
    Label {
        /// The name in the file.
        name: String,
        /// The value.
        got: i64,
    },
    /// An attribute is missing or of another type.
    #[error("attribute `{name}`: expected {expected}, got {got}; correct the manifest's `attrs`")]
    Attribute {
        /// The attribute.
        name: String,
        /// What it should be.
        expected: &'static str,
        /// What it is.
        got: String,
    },
    /// The library refused what the case gives it, with a typed error.
    #[error(transparent)]
    Refused(Arc<dyn std::error::Error + Send + Sync>),
    /// The operation panicked, which it does for shapes that do not fit.
    #[error("{precision}: panicked: {message}")]
    Panic {
        /// The precision it ran in.
        precision: Precision,
        /// The panic's message.
        message: String,
    },
    /// A result is of another shape than the reference.
    #[error("{precision}: {array}: expected shape {expected}, got {got}")]
    Shape {
        /// The precision it ran in.
        precision: Precision,
        /// `out:NAME` or `grad:NAME`.
        array: String,
        /// The reference's shape.
        expected: String,
        /// The result's shape.
        got: String,
    },
    /// A result is too far from the reference.
    #[error(
        "{precision}: {array}: largest error {error:.3e} where {allowed:.3e} is allowed: element {element}, \
         expected {expected:e}, got {got:e}"
    )]
    Deviation {
        /// The precision it ran in.
        precision: Precision,
        /// `out:NAME` or `grad:NAME`.
        array: String,
        /// The element, counted row-major.
        element: usize,
        /// The reference's value.
        expected: f64,
        /// The value that came.
        got: f64,
        /// |got - expected|
        error: f64,
        /// The largest error that passes.
        allowed: f64,
    },
}

impl CaseError {
    pub(crate) fn unsupported(what: impl Into<String>) -> Self {
        Self::Unsupported { what: what.into() }
    }
}

macro_rules! refusal {
    ($($error:ty),*) => {$(
        impl From<$error> for CaseError {
            fn from(error: $error) -> Self {
                Self::Refused(Arc::new(error))
            }
        }
    )*};
}
refusal!(DataError, InitError, LoadError, OptimError, ShapeError);
