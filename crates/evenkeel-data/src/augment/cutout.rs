//! Squares of an image, blanked.

use evenkeel_tensor::{Float, Seed, Shape, Tensor};
use rand::RngExt;

use super::Augment;
use super::setting::{accepted_planes, check, check_finite, planes};
use crate::DataError;

/// Squares of an image set to one value, in all its channels.
///
/// T. DeVries, G. W. Taylor, *Improved Regularization of Convolutional Neural Networks with Cutout*, arXiv 1708.04552. A
/// square's centre is drawn among all pixels, so it may reach over the edge and then covers less: the paper found this
/// to matter. Squares may overlap.
///
/// For samples of shape `[height, width]` or `[channels, height, width]`, which they keep. Defaults: one square, filled
/// with 0 (the mean of standardised images).
///
/// ```
/// use evenkeel_data::augment::{Augment, Cutout};
/// use evenkeel_data::{Seed, Tensor};
///
/// let mut image = Tensor::<f32>::ones([3, 8, 8]);
/// Cutout::new(4).apply(&mut image, Seed(1));
/// let blank = image.as_slice().iter().filter(|&&x| x == 0.0).count();
/// assert!((3 * 2 * 2..=3 * 4 * 4).contains(&blank));
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cutout {
    size: usize,
    squares: usize,
    fill: f64,
}

impl Cutout {
    /// Squares of `size` by `size` pixels, at least 1.
    pub fn new(size: usize) -> Self {
        Self { size, squares: 1, fill: 0.0 }
    }

    /// How many squares. Default: 1.
    #[must_use]
    pub fn squares(mut self, squares: usize) -> Self {
        self.squares = squares;
        self
    }

    /// The value that the squares get. Default: 0.
    #[must_use]
    pub fn fill(mut self, fill: f64) -> Self {
        self.fill = fill;
        self
    }
}

impl<F: Float> Augment<F> for Cutout {
    fn output_shape(&self, sample: Shape) -> Result<Shape, DataError> {
        check("Cutout", "a size of at least 1", self.size as f64, self.size > 0)?;
        check_finite::<F>("Cutout", "a finite value to fill with", self.fill)?;
        planes("Cutout", &sample)?;
        Ok(sample)
    }

    fn apply(&self, sample: &mut Tensor<F>, seed: Seed) {
        let (_, height, width) = accepted_planes(&sample.shape());
        let (mut rng, fill) = (seed.rng(), F::from_f64(self.fill));
        for _ in 0..self.squares {
            let mut span = |extent: usize| span(rng.random_range(0..extent), self.size, extent);
            let (rows, columns) = (span(height), span(width));
            for plane in sample.as_mut_slice().chunks_exact_mut(height * width) {
                for row in plane[rows.start * width..rows.end * width].chunks_exact_mut(width) {
                    row[columns.clone()].fill(fill);
                }
            }
        }
    }
}

/// The positions `center - size / 2` to as many as `size` further, as far as they are below `extent`.
pub(super) fn span(center: usize, size: usize, extent: usize) -> std::ops::Range<usize> {
    let half = size / 2;
    center.saturating_sub(half)..center.saturating_add(size - half).min(extent)
}

#[cfg(test)]
mod tests {
    use super::span;

    #[test]
    fn spans_have_their_size_unless_cut_by_an_edge() {
        assert_eq!(span(5, 4, 10), 3..7);
        assert_eq!(span(5, 5, 10), 3..8);
        assert_eq!(span(5, 1, 10), 5..6);
        assert_eq!(span(5, 0, 10), 5..5);
        assert_eq!(span(0, 4, 10), 0..2);
        assert_eq!(span(9, 4, 10), 7..10);
        assert_eq!(span(0, usize::MAX, 10), 0..10);
    }
}
