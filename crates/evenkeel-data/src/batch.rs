//! What a training step is given.

use std::fmt;

use evenkeel_tensor::{Float, Tensor};

/// Several samples, stacked along the first axis.
///
/// A batch can be filled again and again ([`Dataset::fill_batch`](crate::Dataset::fill_batch)); its
/// buffers are reused as long as nobody else holds them.
#[derive(Clone, PartialEq)]
pub struct Batch<F: Float = f32> {
    /// The inputs, of shape `[samples, ...]`: the axis of samples, then those of a sample.
    pub inputs: Tensor<F>,
    /// The targets, as many as samples.
    pub targets: Targets<F>,
}

impl<F: Float> Batch<F> {
    /// The number of samples.
    pub fn len(&self) -> usize {
        self.targets.len()
    }

    /// Whether there is no sample: so before it is first filled.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl<F: Float> Default for Batch<F> {
    fn default() -> Self {
        Self { inputs: Tensor::zeros([0]), targets: Targets::default() }
    }
}

impl<F: Float> fmt::Debug for Batch<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Batch").field("inputs", &self.inputs.shape()).field("targets", &self.targets).finish()
    }
}

/// What a network should answer.
#[derive(Clone, PartialEq)]
pub enum Targets<F: Float = f32> {
    /// The class of each sample, from 0, of shape `[samples]`.
    Classes(Tensor<u32>),
    /// Real values, of shape `[samples, ...]`.
    Values(Tensor<F>),
}

impl<F: Float> Targets<F> {
    /// The number of samples.
    pub fn len(&self) -> usize {
        match self {
            Self::Classes(labels) => labels.shape()[0],
            Self::Values(values) => values.shape()[0],
        }
    }

    /// Whether there is no sample.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The class of each sample, unless the targets are real values.
    pub fn classes(&self) -> Option<&[u32]> {
        match self {
            Self::Classes(labels) => Some(labels.as_slice()),
            Self::Values(_) => None,
        }
    }

    /// The real values, unless the targets are classes.
    pub fn values(&self) -> Option<&Tensor<F>> {
        match self {
            Self::Classes(_) => None,
            Self::Values(values) => Some(values),
        }
    }
}

impl<F: Float> Default for Targets<F> {
    fn default() -> Self {
        Self::Classes(Tensor::full([0], 0))
    }
}

impl<F: Float> fmt::Debug for Targets<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Classes(labels) => f.debug_tuple("Classes").field(&labels.shape()).finish(),
            Self::Values(values) => f.debug_tuple("Values").field(&values.shape()).finish(),
        }
    }
}
