//! A policy with two numbers: how many changes, and how strong.

use evenkeel_tensor::{Float, Seed, Shape, Tensor};
use rand::RngExt;

use super::layout::Layout;
use super::resample::{Sampling, sampled};
use super::tone::Tones;
use super::warp::move_pixels;
use super::{AffineMap, AutoContrast, Brightness, Contrast, Invert, Posterize, Sharpness, Solarize};
use crate::DataError;
use crate::augment::Augment;
use crate::augment::setting::check;

/// One of the changes that [`RandAugment`] chooses from. At magnitude M, with m = M / 10:
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Operation {
    /// Nothing.
    Identity,
    /// [`AutoContrast`], at any magnitude.
    AutoContrast,
    /// [`Invert`], at any magnitude. Not in the default list.
    Invert,
    /// [`Solarize`] from high - m (high - low) on.
    Solarize,
    /// [`Posterize`] to 8 - 4 m bits, rounded.
    Posterize,
    /// [`Contrast`] by 1 ± 0.9 m.
    Contrast,
    /// [`Brightness`] by 1 ± 0.9 m.
    Brightness,
    /// [`Sharpness`] by 1 ± 0.9 m.
    Sharpness,
    /// A turn by ± 30 m degrees.
    Rotate,
    /// A horizontal shear by ± 0.3 m.
    ShearX,
    /// A vertical shear by ± 0.3 m.
    ShearY,
    /// A shift to the side by ± 0.45 m of the width.
    TranslateX,
    /// A shift up or down by ± 0.45 m of the height.
    TranslateY,
}

impl Operation {
    /// What [`RandAugment`] chooses from by default: the paper's list without `color` and `equalize`, of which the first needs
    /// colours and the second bytes.
    pub const DEFAULT: [Self; 12] = [
        Self::Identity,
        Self::AutoContrast,
        Self::Solarize,
        Self::Posterize,
        Self::Contrast,
        Self::Brightness,
        Self::Sharpness,
        Self::Rotate,
        Self::ShearX,
        Self::ShearY,
        Self::TranslateX,
        Self::TranslateY,
    ];
}

/// N changes of magnitude M, each drawn from a list: two numbers to search for in place of a learnt policy.
///
/// Each of the N is drawn anew with equal odds and applied at magnitude M, the same for all, with a random sign where there are two
/// directions ([`Operation`] says how strong that is). Values are cut off at the range, as those of bytes are; it is 0 to 1 unless told
/// otherwise. Defaults: N = 2, M = 9 of 10, [`Operation::DEFAULT`], bilinear, with 0 outside. For one channel as for more.
///
/// E. D. Cubuk, B. Zoph, J. Shlens, Q. V. Le, *RandAugment: Practical automated data augmentation with a reduced search space*,
/// arXiv 1909.13719.
///
/// ```
/// use evenkeel_data::augment::{Augment, image::{Operation, RandAugment}};
/// use evenkeel_data::{Seed, Tensor};
///
/// let mut image = Tensor::<f32>::from_fn([3, 32, 32], |i| i as f32 / 3072.0);
/// RandAugment::default().apply(&mut image, Seed(7));
/// let for_digits = RandAugment::new(1, 5.0).operations([Operation::Rotate, Operation::ShearX, Operation::Contrast]);
/// for_digits.apply(&mut image, Seed(7));
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct RandAugment {
    count: usize,
    magnitude: f64,
    operations: Vec<Operation>,
    tones: Tones,
    sampling: Sampling,
}

impl Default for RandAugment {
    fn default() -> Self {
        Self::new(2, 9.0)
    }
}

impl RandAugment {
    /// `count` changes (N) of `magnitude` (M), from 0 to 10.
    pub fn new(count: usize, magnitude: f64) -> Self {
        Self {
            count,
            magnitude,
            operations: Operation::DEFAULT.to_vec(),
            tones: Tones::default(),
            sampling: Sampling::default(),
        }
    }

    /// What to choose from; one that is listed twice has twice the odds.
    #[must_use]
    pub fn operations(mut self, operations: impl IntoIterator<Item = Operation>) -> Self {
        self.operations = operations.into_iter().collect();
        self
    }

    /// The range from black to white. Default: 0 to 1.
    #[must_use]
    pub fn range(mut self, range: std::ops::RangeInclusive<f64>) -> Self {
        self.tones = range.into();
        self
    }

    sampled!();

    fn perform<F: Float>(&self, operation: Operation, sign: f64, sample: &mut Tensor<F>, seed: Seed) {
        let Tones { low, high } = self.tones;
        let share = self.magnitude / 10.0;
        let factor = 1.0 + sign * 0.9 * share;
        let factors = factor..=factor;
        let extents = Layout::accepted(sample.shape());
        let shift = |extent: usize| sign * 0.45 * share * extent as f64;
        let map = match operation {
            Operation::Identity => return,
            Operation::AutoContrast => return AutoContrast::default().range(low..=high).apply(sample, seed),
            Operation::Invert => return Invert::default().range(low..=high).apply(sample, seed),
            Operation::Solarize => {
                return Solarize::new(high - share * (high - low)).range(low..=high).apply(sample, seed);
            }
            Operation::Posterize => {
                let bits = (8.0 - 4.0 * share).round() as u32;
                return Posterize::new(bits).range(low..=high).apply(sample, seed);
            }
            Operation::Contrast => return Contrast::within(factors).range(low..=high).clamped().apply(sample, seed),
            Operation::Brightness => {
                return Brightness::within(factors).range(low..=high).clamped().apply(sample, seed);
            }
            Operation::Sharpness => {
                return Sharpness::within(factors).range(low..=high).clamped().apply(sample, seed);
            }
            Operation::Rotate => AffineMap::rotation(sign * 30.0 * share),
            Operation::ShearX => AffineMap::shearing(sign * 0.3 * share, 0.0),
            Operation::ShearY => AffineMap::shearing(0.0, sign * 0.3 * share),
            Operation::TranslateX => AffineMap::translation(shift(extents.width), 0.0),
            Operation::TranslateY => AffineMap::translation(0.0, shift(extents.height)),
        };
        move_pixels(sample, map, self.sampling);
    }
}

impl<F: Float> Augment<F> for RandAugment {
    fn output_shape(&self, sample: Shape) -> Result<Shape, DataError> {
        Layout::of("RandAugment", sample)?;
        self.sampling.check::<F>("RandAugment")?;
        self.tones.check::<F>("RandAugment")?;
        check("RandAugment", "a magnitude from 0 to 10", self.magnitude, (0.0..=10.0).contains(&self.magnitude))?;
        check("RandAugment", "at least one operation to choose from", 0.0, !self.operations.is_empty())?;
        Ok(sample)
    }

    fn apply(&self, sample: &mut Tensor<F>, seed: Seed) {
        let seed = seed.stream("rand_augment");
        for step in 0..self.count {
            let seed = seed.at(step as u64);
            let mut rng = seed.rng();
            let operation = self.operations[rng.random_range(0..self.operations.len())];
            let sign = if rng.random() { 1.0 } else { -1.0 };
            self.perform(operation, sign, sample, seed);
        }
    }
}
