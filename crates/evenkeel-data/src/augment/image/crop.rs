//! A part of an image.

use evenkeel_tensor::{Float, Seed, Shape, ShapeError, Tensor};
use rand::RngExt;

use super::layout::{Layout, applied, rewrite};
use crate::DataError;
use crate::augment::Augment;

/// Cuts out a part of a given size: y\[c, i, j\] = x\[c, top + i, left + j\].
///
/// At a random place, all of which are as likely ([`new`](Self::new)); in the middle, rounded to the upper left
/// ([`centre`](Self::centre)); or where it is told ([`at`](Self::at)).
///
/// ```
/// use evenkeel_data::augment::{Augment, image::{Crop, Pad}};
/// use evenkeel_data::{Seed, Tensor};
///
/// let shift = Pad::new(4).then(Crop::new(32, 32));                // for CIFAR
/// let mut image = Tensor::<f32>::from_fn([3, 32, 32], |i| i as f32);
/// shift.apply(&mut image, Seed(7));
/// assert_eq!(image.shape(), [3, 32, 32].into());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Crop {
    height: usize,
    width: usize,
    place: Place,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Random,
    Centre,
    At([usize; 2]),
}

impl Crop {
    /// `height` x `width` pixels at a random place.
    pub fn new(height: usize, width: usize) -> Self {
        Self { height, width, place: Place::Random }
    }

    /// `height` x `width` pixels from the middle.
    pub fn centre(height: usize, width: usize) -> Self {
        Self { place: Place::Centre, ..Self::new(height, width) }
    }

    /// `height` x `width` pixels from row `top` and column `left` on.
    pub fn at(top: usize, left: usize, height: usize, width: usize) -> Self {
        Self { place: Place::At([top, left]), ..Self::new(height, width) }
    }
}

impl<F: Float> Augment<F> for Crop {
    fn output_shape(&self, sample: Shape) -> Result<Shape, DataError> {
        let image = Layout::of("Crop", sample)?;
        let [top, left] = if let Place::At(place) = self.place { place } else { [0, 0] };
        let fits = |extent: usize, size: usize, from: usize| size > 0 && extent.checked_sub(size) >= Some(from);
        if !(fits(image.height, self.height, top) && fits(image.width, self.width, left)) {
            return Err(DataError::Shape(ShapeError::new(
                "Crop",
                format!(
                    "a part of at least one pixel that lies inside of the image: {} x {} pixels from row {top} and column {left} on",
                    self.height, self.width
                ),
                format!("images of {} x {} pixels", image.height, image.width),
                "take a smaller part, or pad the images first",
            )));
        }
        Ok(image.with_size(self.height, self.width).shape())
    }

    fn apply(&self, sample: &mut Tensor<F>, seed: Seed) {
        let image = Layout::accepted(sample.shape());
        let (down, right) = (image.height - self.height, image.width - self.width);
        let [top, left] = match self.place {
            Place::Random => {
                let mut rng = seed.stream("crop").rng();
                [down, right].map(|most| rng.random_range(0..=most))
            }
            Place::Centre => [down / 2, right / 2],
            Place::At(place) => place,
        };
        rewrite(sample, image.with_size(self.height, self.width).shape(), |old, new| {
            for (old, new) in old.chunks_exact(image.pixels()).zip(new.chunks_exact_mut(self.height * self.width)) {
                let rows = old.chunks_exact(image.width).skip(top);
                new.chunks_exact_mut(self.width)
                    .zip(rows)
                    .for_each(|(new, old)| new.copy_from_slice(&old[left..left + self.width]));
            }
        });
    }
}

/// The part of `image` of size `[height, width]` from `[top, left]` on; see [`Crop`].
///
/// # Errors
/// If it is not an image, or the part does not lie inside of it.
pub fn crop<F: Float>(
    image: &Tensor<F>,
    [top, left]: [usize; 2],
    [height, width]: [usize; 2],
) -> Result<Tensor<F>, DataError> {
    applied(&Crop::at(top, left, height, width), image)
}
