//! The operations that can be run, a file for each family.

mod activation;
mod init_scale;
mod linear;
mod loss;
mod softmax;

use crate::case::Case;
use crate::graph::Results;
use crate::{CaseError, Spec};

/// How an operation of the manifest is run.
pub(crate) struct Operation {
    /// Its name in the manifest.
    pub(crate) name: &'static str,
    /// The inputs it knows; not every case has them all.
    pub(crate) inputs: &'static [&'static str],
    /// The attributes it knows. A case with another one means something that would not be computed.
    pub(crate) attributes: &'static [&'static str],
    /// In f64.
    pub(crate) double: fn(&Case<'_>) -> Result<Results, CaseError>,
    /// In f32.
    pub(crate) single: fn(&Case<'_>) -> Result<Results, CaseError>,
}

static OPERATIONS: &[Operation] =
    &[activation::ACTIVATION, init_scale::INIT_SCALE, linear::LINEAR, loss::CROSS_ENTROPY, loss::MSE, softmax::SOFTMAX];

/// The operation of a case, if it knows all that the case asks for.
pub(crate) fn find(spec: &Spec) -> Result<&'static Operation, CaseError> {
    let operation = OPERATIONS.iter().find(|operation| operation.name == spec.op);
    let operation = operation.ok_or_else(|| CaseError::unsupported(format!("operation `{}`", spec.op)))?;
    if let Some(input) = spec.inputs.iter().find(|name| !operation.inputs.contains(&name.as_str())) {
        return Err(CaseError::unsupported(format!("input `{input}` of `{}`", spec.op)));
    }
    let known = |name: &str| operation.attributes.contains(&name) || is_remark(name);
    if let Some(attribute) = spec.attrs.keys().find(|name| !known(name)) {
        return Err(CaseError::unsupported(format!("attribute `{attribute}` of `{}`", spec.op)));
    }
    Ok(operation)
}

/// Attributes that are written for the reader.
fn is_remark(attribute: &str) -> bool {
    attribute == "note" || attribute == "layout" || attribute.ends_with("convention")
}
