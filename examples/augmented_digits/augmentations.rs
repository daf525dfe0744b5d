//! The augmentations that are compared.

use std::sync::Arc;

use evenkeel::data::augment::image::{
    Affine, Brightness, Contrast, Elastic, Flip, Mirror, QuarterTurns, RandAugment, Rotate, Scale, Shear, Translate,
    WhiteNoise,
};
use evenkeel::data::augment::{Augment, Chain, CutMix, Cutout, Mix, Mixup};
use evenkeel::data::{Batches, DataError};
use evenkeel::prelude::*;

/// What an augmentation changes.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Kind {
    /// Where the pixels lie.
    Places,
    /// The values of pixels, or whole images, mixed with others.
    Values,
    /// What digit it is: some are another digit afterwards, or none.
    Labels,
}

impl Kind {
    pub(crate) const ALL: [Self; 3] = [Self::Places, Self::Values, Self::Labels];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Places => "Where the pixels lie",
            Self::Values => "Their values, and mixtures",
            Self::Labels => "Changes that do not leave the labels right",
        }
    }
}

/// What is done to the training images.
pub(crate) struct Augmentation {
    pub(crate) name: &'static str,
    /// `None` of no augmentation.
    pub(crate) kind: Option<Kind>,
    change: Change,
}

#[derive(Clone)]
enum Change {
    Each(Arc<dyn Augment>),
    Mixture(Arc<dyn Mix>),
}

impl Augmentation {
    fn each(name: &'static str, kind: impl Into<Option<Kind>>, augment: impl Augment + 'static) -> Self {
        Self { name, kind: kind.into(), change: Change::Each(Arc::new(augment)) }
    }

    fn mixture(name: &'static str, mix: impl Mix + 'static) -> Self {
        Self { name, kind: Some(Kind::Values), change: Change::Mixture(Arc::new(mix)) }
    }

    pub(crate) fn is_none(&self) -> bool {
        self.kind.is_none()
    }

    pub(crate) fn train_with(&self, trainer: Trainer) -> Trainer {
        match self.change.clone() {
            Change::Each(augment) => trainer.augment(augment),
            Change::Mixture(mix) => trainer.mix(mix),
        }
    }

    pub(crate) fn change(&self, batches: Batches, seed: Seed) -> Result<Batches, DataError> {
        match self.change.clone() {
            Change::Each(augment) => batches.augmented(augment, seed),
            Change::Mixture(mix) => batches.mixed(mix, seed),
        }
    }
}

/// None, and one after the other, for images of `side` x `side` pixels. Their strengths were chosen once, as usual values for
/// handwriting, not searched for.
pub(crate) fn augmentations(side: usize) -> Vec<Augmentation> {
    // The paper's elastic distortion is of 28 x 28 pixels: the same picture at another size has σ in proportion to the side, and
    // the displacement α / σ too.
    let size = side as f64 / 28.0;
    let elastic = Elastic::new(34.0 * size * size, 4.0 * size);
    let affine = Affine::new()
        .scale(Scale::new(0.15))
        .shear(Shear::new(0.2, 0.0))
        .rotate(Rotate::new(15.0))
        .translate(Translate::shares(0.1, 0.1));
    vec![
        Augmentation::each("none", None, Chain::new([])),
        Augmentation::each("translate", Kind::Places, Translate::shares(0.1, 0.1)),
        Augmentation::each("rotate", Kind::Places, Rotate::new(15.0)),
        Augmentation::each("scale", Kind::Places, Scale::new(0.15)),
        Augmentation::each("shear", Kind::Places, Shear::new(0.2, 0.0)),
        Augmentation::each("elastic", Kind::Places, elastic),
        Augmentation::each("combined", Kind::Places, affine.then(elastic)),
        Augmentation::each("mirror", Kind::Labels, Mirror.with_probability(0.5)),
        Augmentation::each("flip", Kind::Labels, Flip.with_probability(0.5)),
        Augmentation::each("turns", Kind::Labels, QuarterTurns::any()),
        Augmentation::each("noise", Kind::Values, WhiteNoise::new(0.1)),
        Augmentation::each("tone", Kind::Values, Brightness::new(0.3).then(Contrast::new(0.3))),
        Augmentation::each("cutout", Kind::Values, Cutout::new((0.3 * side as f64).round() as usize)),
        Augmentation::mixture("mixup", Mixup::new(0.2)),
        Augmentation::mixture("cutmix", CutMix::new(1.0)),
        Augmentation::each("randaugment", Kind::Values, RandAugment::new(2, 5.0)),
    ]
}
