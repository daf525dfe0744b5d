//! Augmentations made of others.
//!
//! Each part gets a seed of its own, so that what one draws tells nothing of what another draws.

use std::sync::Arc;

use evenkeel_tensor::{Float, Seed, Shape, ShapeError, Tensor};
use rand::RngExt;

use super::Augment;
use super::setting::check_probability;
use crate::DataError;

/// One augmentation after the other; made by [`Augment::then`], or of a list.
///
/// Step i is given the seed's part i: a step added to the end, or exchanged for another, leaves the others as they were.
/// A chain without steps changes nothing.
///
/// ```
/// use evenkeel_data::augment::audio::{Gain, Noise, Shift};
/// use evenkeel_data::augment::{Augment, Chain};
///
/// let speech: Chain<f32> = Shift::samples(-800..=800).then(Gain::db(-6.0..=6.0)).then(Noise::snr_db(10.0..=30.0));
/// assert_eq!(speech.len(), 3);
/// ```
#[derive(Clone, Debug)]
pub struct Chain<F: Float = f32> {
    steps: Vec<Arc<dyn Augment<F>>>,
}

impl<F: Float> Chain<F> {
    /// The augmentations `steps`, in this order.
    pub fn new(steps: impl IntoIterator<Item = Arc<dyn Augment<F>>>) -> Self {
        Self { steps: steps.into_iter().collect() }
    }

    /// These steps, and then `next` as one more.
    #[must_use]
    pub fn then(mut self, next: impl Augment<F> + 'static) -> Self {
        self.steps.push(Arc::new(next));
        self
    }

    /// The number of steps.
    pub fn len(&self) -> usize {
        self.steps.len()
    }

    /// Whether there is no step.
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }
}

impl<F: Float> Augment<F> for Chain<F> {
    fn output_shape(&self, sample: Shape) -> Result<Shape, DataError> {
        self.steps.iter().try_fold(sample, |shape, step| step.output_shape(shape))
    }

    fn apply(&self, sample: &mut Tensor<F>, seed: Seed) {
        let seed = seed.stream("step");
        for (step, i) in self.steps.iter().zip(0..) {
            step.apply(sample, seed.at(i));
        }
    }
}

/// One of several augmentations, at equal odds, drawn for each sample; made by [`Augment::or`], or of a list.
///
/// All must give the same shape, so that the samples can be stacked.
#[derive(Clone, Debug)]
pub struct OneOf<F: Float = f32> {
    choices: Vec<Arc<dyn Augment<F>>>,
}

impl<F: Float> OneOf<F> {
    /// One of `choices`.
    pub fn new(choices: impl IntoIterator<Item = Arc<dyn Augment<F>>>) -> Self {
        Self { choices: choices.into_iter().collect() }
    }

    /// One of these, or `other`: all at equal odds.
    #[must_use]
    pub fn or(mut self, other: impl Augment<F> + 'static) -> Self {
        self.choices.push(Arc::new(other));
        self
    }
}

impl<F: Float> Augment<F> for OneOf<F> {
    fn output_shape(&self, sample: Shape) -> Result<Shape, DataError> {
        let Some((first, others)) = self.choices.split_first() else {
            return Err(DataError::Setting { operation: "OneOf", expected: "at least one choice", got: 0.0 });
        };
        let shape = first.output_shape(sample)?;
        for other in others {
            let got = other.output_shape(sample)?;
            if got != shape {
                return Err(DataError::Shape(ShapeError::new(
                    "OneOf",
                    format!("choices that give one shape, {shape} as {first:?} does"),
                    format!("{got} from {other:?}"),
                    "crop or pad all of them to one shape",
                )));
            }
        }
        Ok(shape)
    }

    fn apply(&self, sample: &mut Tensor<F>, seed: Seed) {
        let choice = seed.stream("choice").rng().random_range(0..self.choices.len());
        self.choices[choice].apply(sample, seed.stream("chosen"));
    }
}

/// An augmentation of a share of the samples; made by [`Augment::with_probability`].
///
/// What happens to a sample that is changed does not depend on the probability. Unless that is 1 the shape must stay.
#[derive(Clone, Debug)]
pub struct Sometimes<F: Float = f32> {
    augment: Arc<dyn Augment<F>>,
    probability: f64,
}

impl<F: Float> Sometimes<F> {
    pub(super) fn new(augment: Arc<dyn Augment<F>>, probability: f64) -> Self {
        Self { augment, probability }
    }
}

impl<F: Float> Augment<F> for Sometimes<F> {
    fn output_shape(&self, sample: Shape) -> Result<Shape, DataError> {
        check_probability("with_probability", self.probability)?;
        let shape = self.augment.output_shape(sample)?;
        if shape != sample && self.probability < 1.0 {
            return Err(DataError::Shape(ShapeError::new(
                "with_probability",
                format!("samples to stay of shape {sample}, as those that are not changed do"),
                format!("{shape} from {:?}", self.augment),
                "use what changes the shape with probability 1",
            )));
        }
        Ok(shape)
    }

    fn apply(&self, sample: &mut Tensor<F>, seed: Seed) {
        // Uniform on [0, 1): never for 0, always for 1.
        if seed.stream("whether").rng().random::<f64>() < self.probability {
            self.augment.apply(sample, seed.stream("what"));
        }
    }
}
