//! Batch normalisation of padded sequences: statistics of what is not padding.

use evenkeel_autograd::{Backward, Gradient, Inputs, Op};
use evenkeel_tensor::{Float, Shape, ShapeError};

use crate::op::{BatchNormOp, kept};
use crate::sites::Sites;
use crate::{Lengths, SequenceLayout};

/// [`BatchNormOp`] on a batch of padded sequences. Statistics and gradients are those of the concatenation of the sequences without
/// their padding; on padding the result is 0, and so is the input's gradient.
#[derive(Clone, Debug)]
pub struct MaskedBatchNormOp<F: Float> {
    /// The normalisation.
    pub norm: BatchNormOp<F>,
    /// What is not padding.
    pub lengths: Lengths,
}

const NAME: &str = "masked_batch_norm";

impl<F: Float> MaskedBatchNormOp<F> {
    fn sites(&self, shape: Shape) -> Sites<'_> {
        let layout = self.lengths.channels(NAME, shape).expect("checked when recorded");
        Sites { layout, lengths: Some(&self.lengths) }
    }
}

impl<F: Float> Op<F> for MaskedBatchNormOp<F> {
    fn name(&self) -> &'static str {
        NAME
    }

    fn shape(&self, inputs: &[Shape]) -> Result<Shape, ShapeError> {
        let layout = self.lengths.channels(NAME, inputs[0])?;
        self.norm.check(NAME, inputs, Sites { layout, lengths: Some(&self.lengths) })?;
        Ok(inputs[0])
    }

    fn saved(&self, inputs: &[Shape]) -> usize {
        kept(inputs[0][self.lengths.layout().channel_axis()])
    }

    fn forward(&mut self, x: &Inputs<'_, F>, y: &mut [F], saved: &mut [F]) {
        self.norm.run(self.sites(x.shape(0)), x, y, saved);
    }

    fn backward(&self, at: Backward<'_, F>, dx: &mut [Gradient<F>]) {
        self.norm.differentiate(self.sites(at.shape), at, dx);
    }
}

impl SequenceLayout {
    /// The axis of channels.
    pub(crate) fn channel_axis(self) -> usize {
        match self {
            Self::BatchTimeFeature | Self::TimeBatchFeature => 2,
            Self::BatchFeatureTime => 1,
        }
    }
}
