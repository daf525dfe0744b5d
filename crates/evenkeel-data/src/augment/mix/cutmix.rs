//! CutMix: a box of one image in another.

use std::ops::Range;

use evenkeel_tensor::{Float, Seed, Shape};

use super::targets::mix_with;
use super::{Draw, Mix, below, check_alpha, partners, share};
use crate::augment::cutout::span;
use crate::augment::setting::planes;
use crate::{Batch, DataError};

/// A box of a random partner's image pasted into an image, in all channels; the targets are mixed by the areas.
///
/// S. Yun et al., *CutMix*, arXiv 1905.04899. With λ from Beta(α, α) the box has sqrt(1 - λ) of the height and of the width,
/// rounded down, and its centre is drawn among all pixels; what reaches over an edge is cut off. The share of a sample's
/// own target is that of the pixels that it keeps. The paper's α is 1. For classes, and samples of shape
/// `[height, width]` or `[channels, height, width]`. The partners are a permutation of the batch. α is from 0.001 to 1e6.
///
/// ```
/// use evenkeel_data::augment::CutMix;
/// use evenkeel_data::{Digits, Seed};
///
/// let images = Digits::embedded().reshape_samples([1, 8, 8])?;
/// let batches = images.batches::<f32>(60).shuffled(Seed(7)).mixed(CutMix::new(1.0), Seed(7))?;
/// let batch = batches.epoch(0).next().unwrap();
/// for share in batch.targets.values().unwrap().as_slice() {
///     assert_eq!((share * 64.0).fract(), 0.0);                     // whole pixels of 8 x 8
/// }
/// # Ok::<(), evenkeel_data::DataError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CutMix {
    alpha: f64,
    draw: Draw,
}

impl CutMix {
    /// Boxes of areas from Beta(`alpha`, `alpha`).
    pub fn new(alpha: f64) -> Self {
        Self { alpha, draw: Draw::PerBatch }
    }

    /// Draws a box for each sample. Default: one for a batch, as in the paper's code.
    #[must_use]
    pub fn per_sample(mut self) -> Self {
        self.draw = Draw::PerSample;
        self
    }

    /// The rows and the columns of a box.
    fn cut(&self, height: usize, width: usize, seed: Seed) -> (Range<usize>, Range<usize>) {
        let side = (1.0 - share(self.alpha, seed.stream("share"))).sqrt();
        let cut = |name, extent: usize| span(below(extent, seed.stream(name)), (side * extent as f64) as usize, extent);
        (cut("row", height), cut("column", width))
    }
}

impl<F: Float> Mix<F> for CutMix {
    fn check(&self, sample: Shape, classes: Option<usize>) -> Result<(), DataError> {
        check_alpha("CutMix", self.alpha)?;
        planes("CutMix", &sample)?;
        if classes.is_none() {
            return Err(DataError::NotClasses { operation: "CutMix", cure: "use `Mixup`" });
        }
        Ok(())
    }

    fn apply(&self, batch: &mut Batch<F>, seed: Seed) {
        let shape = batch.inputs.shape();
        let (height, width) = match shape[1..] {
            [.., height, width] => (height, width),
            _ => panic!("CutMix of a batch of shape {shape}: images are needed"),
        };
        let partners = partners(batch.len(), seed);
        let boxes = self.draw.of(batch.len(), seed.stream("box"), |seed| self.cut(height, width, seed));
        mix_with(batch, &partners, |row, image, other| {
            let (rows, columns) = &boxes[row];
            let planes = image.chunks_exact_mut(height * width).zip(other.chunks_exact(height * width));
            for (plane, other) in planes {
                for row in rows.clone() {
                    let pixels = row * width + columns.start..row * width + columns.end;
                    plane[pixels.clone()].copy_from_slice(&other[pixels]);
                }
            }
            let kept = height * width - rows.len() * columns.len();
            F::from_f64(kept as f64 / (height * width) as f64)
        });
    }
}
