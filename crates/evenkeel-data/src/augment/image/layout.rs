//! What an image is, and how one is rewritten.

use evenkeel_tensor::{Float, Seed, Shape, ShapeError, Tensor};
use rand::RngExt;
use rand::rngs::ChaCha8Rng;

use crate::DataError;
use crate::augment::Augment;
use crate::augment::setting::extents;

/// The most rows or columns that an augmentation may ask for: more is a mistake, not an image.
pub(super) const MAX_SIDE: usize = 1 << 16;

/// The extents of an image: at least one pixel, one to four channels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Layout {
    pub(super) channels: usize,
    pub(super) height: usize,
    pub(super) width: usize,
    /// Whether the shape names the channels.
    with_channels: bool,
}

impl Layout {
    /// The image that a sample of `shape` is.
    pub(super) fn of(operation: &'static str, shape: Shape) -> Result<Self, DataError> {
        match extents(&shape) {
            Some((channels @ 1..=4, height, width)) => {
                Ok(Self { channels, height, width, with_channels: shape.rank() == 3 })
            }
            _ => Err(DataError::Shape(ShapeError::new(
                operation,
                "an image of shape [height, width], or [channels, height, width] with 1 to 4 channels, of at least one pixel",
                shape.to_string(),
                "reshape the samples first, as `Dataset::reshape_samples` does",
            ))),
        }
    }

    /// The image that a sample is whose shape `output_shape` has accepted.
    #[track_caller]
    pub(super) fn accepted(shape: Shape) -> Self {
        Self::of("Augment::apply", shape).unwrap_or_else(|error| panic!("{error}"))
    }

    /// The same channels with other extents.
    pub(super) fn with_size(self, height: usize, width: usize) -> Self {
        Self { height, width, ..self }
    }

    /// The number of pixels of a channel.
    pub(super) fn pixels(&self) -> usize {
        self.height * self.width
    }

    /// Where the middle of the image lies, \[x, y\].
    pub(super) fn centre(&self) -> [f64; 2] {
        [self.width, self.height].map(|extent| (extent - 1) as f64 / 2.0)
    }

    /// The shape, with as many axes as that which this layout was made of.
    pub(super) fn shape(&self) -> Shape {
        if self.with_channels {
            [self.channels, self.height, self.width].into()
        } else {
            [self.height, self.width].into()
        }
    }
}

/// Gives `sample` another shape, and lets `write` make its values from the old ones.
pub(super) fn rewrite<F: Float>(sample: &mut Tensor<F>, shape: Shape, write: impl FnOnce(&[F], &mut [F])) {
    let old = sample.clone();
    sample.refill(shape, |new| write(old.as_slice(), new));
}

/// What an augmentation in which nothing is random makes of `image`.
pub(super) fn applied<F: Float>(augment: &impl Augment<F>, image: &Tensor<F>) -> Result<Tensor<F>, DataError> {
    augment.output_shape(image.shape())?;
    let mut image = image.clone();
    augment.apply(&mut image, Seed(0));
    Ok(image)
}

/// A number uniform between `low` and `high`.
pub(super) fn uniform(rng: &mut ChaCha8Rng, low: f64, high: f64) -> f64 {
    let share: f64 = rng.random();
    ((1.0 - share) * low + share * high).clamp(low, high)
}
