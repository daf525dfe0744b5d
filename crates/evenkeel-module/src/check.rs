//! Whether a network fits the data, before any training.

use evenkeel_tensor::{Float, Shape, ShapeError, Tensor};
use thiserror::Error;

use crate::{Forward, Mode, ModuleExt, Workspace};

/// A network that cannot run on the data.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum NetworkError {
    /// A layer's input does not have the shape it needs.
    #[error("layer `{layer}`: {source}")]
    Misfit {
        /// The path of the layer.
        layer: String,
        /// What was expected and what came.
        source: ShapeError,
    },
    /// A parameter has no value yet.
    #[error(
        "parameter `{path}` (shape {shape}): expected a value, got none; call initialize(..) or load a state dictionary"
    )]
    Uninitialized {
        /// The path of the parameter.
        path: String,
        /// Its shape.
        shape: Shape,
    },
}

/// The shape of the network's output for an input of shape `input` in this mode, computed without running a kernel.
///
/// # Errors
/// If a parameter has no value yet, or the first layer whose input does not fit.
pub fn check_network<F: Float>(
    network: &(impl Forward<F> + ?Sized),
    mode: Mode,
    input: impl Into<Shape>,
) -> Result<Shape, NetworkError> {
    let mut uninitialized = None;
    network.for_each_parameter(|path, parameter| {
        if !parameter.is_initialized() && uninitialized.is_none() {
            uninitialized = Some(NetworkError::Uninitialized { path: path.to_string(), shape: parameter.shape() });
        }
    });
    match uninitialized {
        Some(error) => Err(error),
        None => Ok(output_shapes(network, mode, input.into())?.0),
    }
}

/// The output's shape, and path and shape of each named part's output.
#[allow(clippy::type_complexity)]
pub(crate) fn output_shapes<F: Float>(
    network: &(impl Forward<F> + ?Sized),
    mode: Mode,
    input: Shape,
) -> Result<(Shape, Vec<(String, Shape)>), NetworkError> {
    let mut workspace = Workspace::new();
    let pass = workspace.begin_dry(mode);
    // A dry run looks at shapes only; the values are never read.
    let output = network.forward(&pass, pass.constant(Tensor::zeros(input)));
    match pass.tape().take_error() {
        Some((layer, source)) => Err(NetworkError::Misfit { layer, source }),
        None => Ok((output.shape(), pass.part_shapes())),
    }
}
