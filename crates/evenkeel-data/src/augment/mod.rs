//! Changing samples at random so that their labels stay right.

use std::fmt::Debug;

use evenkeel_tensor::{Float, Seed, Shape, Tensor};

use crate::DataError;

/// A change to one sample that leaves its label right: an open set.
///
/// Everything random comes from the seed, which is made of the run's seed, the epoch and the sample's position: so a sample
/// looks the same whoever prepares it, and however many work at it.
pub trait Augment<F: Float = f32>: Debug + Send + Sync {
    /// The shape that comes out for samples of shape `sample`; asked once, before any sample is changed.
    ///
    /// # Errors
    /// If a setting is out of its range or does not suit such samples.
    fn output_shape(&self, sample: Shape) -> Result<Shape, DataError>;

    /// Changes one sample, of a shape that [`output_shape`](Augment::output_shape) has accepted.
    fn apply(&self, sample: &mut Tensor<F>, seed: Seed);
}
