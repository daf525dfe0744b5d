//! Changing samples at random so that their labels stay right.
//!
//! An [`Augment`] changes one sample. It is composed with [`then`](Augment::then), [`or`](Augment::or) and
//! [`with_probability`](Augment::with_probability), and given to [`Batches::augmented`](crate::Batches::augmented).
//! [`image`] and [`audio`] have one for each kind of change; [`text`] works on strings, before they are samples. A [`Mix`]
//! makes a batch of mixtures of its samples, and of their targets. [`check`] holds an augmentation of one's own to the
//! contract.
//!
//! ```
//! use evenkeel_data::augment::{Augment, Cutout, Mixup};
//! use evenkeel_data::{Digits, Seed};
//!
//! let digits = Digits::embedded().reshape_samples([8, 8])?;
//! let batches = digits
//!     .batches::<f32>(60)
//!     .shuffled(Seed(7))
//!     .augmented(Cutout::new(3).with_probability(0.5), Seed(7))?
//!     .mixed(Mixup::new(0.2), Seed(7))?;
//! let batch = batches.epoch(0).next().unwrap();
//! assert_eq!(batch.inputs.shape(), [60, 8, 8].into());
//! assert_eq!(batch.targets.values().unwrap().shape(), [60, 10].into());        // a share of each class
//! # Ok::<(), evenkeel_data::DataError>(())
//! ```

pub mod audio;
pub mod check;
mod compose;
mod cutout;
pub mod image;
mod mix;
mod setting;
pub mod text;

pub use compose::{Chain, OneOf, Sometimes};
pub use cutout::Cutout;
pub use mix::{CutMix, Mix, Mixup};

use std::fmt::Debug;
use std::sync::Arc;

use evenkeel_tensor::{Float, Seed, Shape, Tensor};

use crate::DataError;

/// A change to one sample that leaves its label right: an open set.
///
/// Everything random comes from the seed, which is made of the run's seed, the epoch and the sample's position: so a sample
/// looks the same whoever prepares it, and however many work at it.
///
/// ```
/// use evenkeel_data::augment::{Augment, check::check_augment};
/// use evenkeel_data::{DataError, Seed, Shape, Tensor};
/// use rand::RngExt;
///
/// /// Changes the sign of half of the samples.
/// #[derive(Debug)]
/// struct Invert;
///
/// impl Augment for Invert {
///     fn output_shape(&self, sample: Shape) -> Result<Shape, DataError> {
///         Ok(sample)
///     }
///     fn apply(&self, sample: &mut Tensor, seed: Seed) {
///         if seed.rng().random() {
///             sample.as_mut_slice().iter_mut().for_each(|x| *x = -*x);
///         }
///     }
/// }
///
/// check_augment(&Invert, &Tensor::from_fn([5], |i| i as f32));
/// let often = Invert.or(Invert.then(Invert)).with_probability(0.9);
/// let mut sample = Tensor::ones([5]);
/// often.apply(&mut sample, Seed(3));
/// assert_eq!(sample.as_slice()[0].abs(), 1.0);
/// ```
pub trait Augment<F: Float = f32>: Debug + Send + Sync {
    /// The shape that comes out for samples of shape `sample`; asked once, before any sample is changed.
    ///
    /// # Errors
    /// If a setting is out of its range or does not suit such samples.
    fn output_shape(&self, sample: Shape) -> Result<Shape, DataError>;

    /// Changes one sample, of a shape that [`output_shape`](Augment::output_shape) has accepted.
    fn apply(&self, sample: &mut Tensor<F>, seed: Seed);

    /// This, and then `next`. A step added to the end leaves what the earlier ones do as it was.
    #[must_use]
    fn then(self, next: impl Augment<F> + 'static) -> Chain<F>
    where
        Self: Sized + 'static,
    {
        Chain::new([Arc::new(self) as Arc<dyn Augment<F>>, Arc::new(next)])
    }

    /// Either this or `other`, at equal odds, drawn for each sample.
    #[must_use]
    fn or(self, other: impl Augment<F> + 'static) -> OneOf<F>
    where
        Self: Sized + 'static,
    {
        OneOf::new([Arc::new(self) as Arc<dyn Augment<F>>, Arc::new(other)])
    }

    /// This for a share of the samples of about `probability`, from 0 to 1; the others stay as they are.
    #[must_use]
    fn with_probability(self, probability: f64) -> Sometimes<F>
    where
        Self: Sized + 'static,
    {
        Sometimes::new(Arc::new(self), probability)
    }
}

impl<F: Float, A: Augment<F> + ?Sized> Augment<F> for Arc<A> {
    fn output_shape(&self, sample: Shape) -> Result<Shape, DataError> {
        (**self).output_shape(sample)
    }

    fn apply(&self, sample: &mut Tensor<F>, seed: Seed) {
        (**self).apply(sample, seed);
    }
}
