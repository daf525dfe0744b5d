//! Exact turns: the pixels keep their values and change places.

use evenkeel_tensor::{Float, Seed, Shape, ShapeError, Tensor};
use rand::RngExt;

use super::layout::{Layout, applied, rewrite};
use crate::DataError;
use crate::augment::Augment;

/// Turns the image upside down: y\[c, i, j\] = x\[c, height - 1 - i, j\].
///
/// Always; `with_probability` makes it happen at times. Which labels stay right is for the data's owner to know: a digit 6
/// upside down is none.
///
/// ```
/// use evenkeel_data::{Tensor, augment::image::flip};
///
/// let image = Tensor::from_vec([2, 2], vec![1.0f32, 2.0, 3.0, 4.0])?;
/// assert_eq!(flip(&image)?.as_slice(), [3.0, 4.0, 1.0, 2.0]);
/// # Ok::<(), evenkeel_data::DataError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Flip;

impl<F: Float> Augment<F> for Flip {
    fn output_shape(&self, sample: Shape) -> Result<Shape, DataError> {
        Layout::of("Flip", sample).map(|_| sample)
    }

    fn apply(&self, sample: &mut Tensor<F>, _: Seed) {
        let image = Layout::accepted(sample.shape());
        for plane in sample.as_mut_slice().chunks_exact_mut(image.pixels()) {
            let (upper, lower) = plane.split_at_mut(image.height / 2 * image.width);
            let lower = lower.chunks_exact_mut(image.width).rev();
            upper.chunks_exact_mut(image.width).zip(lower).for_each(|(a, b)| a.swap_with_slice(b));
        }
    }
}

/// Exchanges left and right: y\[c, i, j\] = x\[c, i, width - 1 - j\].
///
/// Always; `with_probability` makes it happen at times.
///
/// ```
/// use evenkeel_data::{Tensor, augment::image::mirror};
///
/// let image = Tensor::from_vec([2, 2], vec![1.0f32, 2.0, 3.0, 4.0])?;
/// assert_eq!(mirror(&image)?.as_slice(), [2.0, 1.0, 4.0, 3.0]);
/// # Ok::<(), evenkeel_data::DataError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Mirror;

impl<F: Float> Augment<F> for Mirror {
    fn output_shape(&self, sample: Shape) -> Result<Shape, DataError> {
        Layout::of("Mirror", sample).map(|_| sample)
    }

    fn apply(&self, sample: &mut Tensor<F>, _: Seed) {
        let image = Layout::accepted(sample.shape());
        sample.as_mut_slice().chunks_exact_mut(image.width).for_each(<[F]>::reverse);
    }
}

/// Turns the image by multiples of 90 degrees counter-clockwise, as NumPy's `rot90`.
///
/// One turn makes a height x width image a width x height one: y\[c, i, j\] = x\[c, j, width - 1 - i\].
///
/// ```
/// use evenkeel_data::{Tensor, augment::image::quarter_turns};
///
/// let image = Tensor::from_vec([2, 3], vec![1.0f32, 2.0, 3.0, 4.0, 5.0, 6.0])?;
/// let turned = quarter_turns(&image, 1)?;
/// assert_eq!(turned.shape(), [3, 2].into());
/// assert_eq!(turned.as_slice(), [3.0, 6.0, 2.0, 5.0, 1.0, 4.0]);
/// # Ok::<(), evenkeel_data::DataError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QuarterTurns {
    /// 0 to 3, or by chance.
    turns: Option<u8>,
}

impl QuarterTurns {
    /// By `turns` times 90 degrees; negative turns go clockwise.
    pub fn new(turns: i32) -> Self {
        Self { turns: Some(turns.rem_euclid(4) as u8) }
    }

    /// By 0, 90, 180 or 270 degrees, each as likely. For square images, whose shape is the same after any turn.
    pub fn any() -> Self {
        Self { turns: None }
    }
}

impl<F: Float> Augment<F> for QuarterTurns {
    fn output_shape(&self, sample: Shape) -> Result<Shape, DataError> {
        let image = Layout::of("QuarterTurns", sample)?;
        match self.turns {
            None if image.height != image.width => Err(DataError::Shape(ShapeError::new(
                "QuarterTurns::any",
                "square images, whose shape is the same after any turn",
                sample.to_string(),
                "crop or pad to a square first, or take `QuarterTurns::new(2)`",
            ))),
            Some(1 | 3) => Ok(image.with_size(image.width, image.height).shape()),
            _ => Ok(sample),
        }
    }

    fn apply(&self, sample: &mut Tensor<F>, seed: Seed) {
        let image = Layout::accepted(sample.shape());
        let turns = self.turns.unwrap_or_else(|| seed.stream("quarter_turns").rng().random_range(0..4));
        match turns {
            0 => {}
            2 => sample.as_mut_slice().chunks_exact_mut(image.pixels()).for_each(<[F]>::reverse),
            _ => {
                let turned = image.with_size(image.width, image.height);
                rewrite(sample, turned.shape(), |old, new| {
                    let planes = old.chunks_exact(image.pixels()).zip(new.chunks_exact_mut(image.pixels()));
                    planes.for_each(|(old, new)| quarter_turn(old, new, image.width, turns == 1));
                });
            }
        }
    }
}

/// Turns a plane whose rows are `width` pixels long.
fn quarter_turn<F: Float>(old: &[F], new: &mut [F], width: usize, counter_clockwise: bool) {
    let height = old.len() / width;
    for (i, row) in new.chunks_exact_mut(height).enumerate() {
        let column = if counter_clockwise { width - 1 - i } else { i };
        let pixels = old[column..].iter().step_by(width);
        if counter_clockwise {
            row.iter_mut().zip(pixels).for_each(|(new, &old)| *new = old);
        } else {
            row.iter_mut().rev().zip(pixels).for_each(|(new, &old)| *new = old);
        }
    }
}

/// `image` upside down; see [`Flip`].
///
/// # Errors
/// If it is not an image.
pub fn flip<F: Float>(image: &Tensor<F>) -> Result<Tensor<F>, DataError> {
    applied(&Flip, image)
}

/// `image` with left and right exchanged; see [`Mirror`].
///
/// # Errors
/// If it is not an image.
pub fn mirror<F: Float>(image: &Tensor<F>) -> Result<Tensor<F>, DataError> {
    applied(&Mirror, image)
}

/// `image` turned by `turns` times 90 degrees counter-clockwise; see [`QuarterTurns`].
///
/// # Errors
/// If it is not an image.
pub fn quarter_turns<F: Float>(image: &Tensor<F>, turns: i32) -> Result<Tensor<F>, DataError> {
    applied(&QuarterTurns::new(turns), image)
}
