//! What happens to samples between the data set and the batch.

use std::sync::Arc;

use evenkeel_tensor::{Float, MAX_RANK, Seed, Shape, ShapeError, Tensor, parallel};

use crate::augment::{Augment, Mix};
use crate::dataset::stacked;
use crate::{Batch, DataError, Dataset};

/// Values per block of parallel work: augmentations take from a nanosecond to a hundred for each.
const BLOCK: usize = 4096;

/// Augmentations and mixtures, each with its seed, in their order.
#[derive(Clone, Debug)]
pub(crate) struct Changes<F: Float> {
    augment: Vec<(Arc<dyn Augment<F>>, Seed)>,
    mix: Vec<(Arc<dyn Mix<F>>, Seed)>,
    sample_shape: Shape,
}

impl<F: Float> Changes<F> {
    pub(crate) fn none(dataset: &Dataset) -> Self {
        Self { augment: Vec::new(), mix: Vec::new(), sample_shape: dataset.sample_shape() }
    }

    /// The extents of one sample after the changes.
    pub(crate) fn sample_shape(&self) -> Shape {
        self.sample_shape
    }

    pub(crate) fn augment(
        &mut self,
        augment: impl Augment<F> + 'static,
        seed: Seed,
        classes: Option<usize>,
    ) -> Result<(), DataError> {
        let shape = augment.output_shape(self.sample_shape)?;
        if shape.numel() == 0 || shape.rank() == MAX_RANK {
            return Err(DataError::Shape(ShapeError::new(
                "augmented",
                format!("samples of at least one value and at most {} axes", MAX_RANK - 1),
                format!("{shape} from {augment:?}"),
                "have it leave something of the sample",
            )));
        }
        self.mix.iter().try_for_each(|(mix, _)| mix.check(shape, classes))?;
        self.sample_shape = shape;
        self.augment.push((Arc::new(augment), seed.stream("augment").at(self.augment.len() as u64)));
        Ok(())
    }

    pub(crate) fn mix(
        &mut self,
        mix: impl Mix<F> + 'static,
        seed: Seed,
        classes: Option<usize>,
    ) -> Result<(), DataError> {
        mix.check(self.sample_shape, classes)?;
        self.mix.push((Arc::new(mix), seed.stream("mix").at(self.mix.len() as u64)));
        Ok(())
    }

    /// Fills `batch` with the samples at `positions`: the batch numbered `number` of `epoch`.
    #[track_caller]
    pub(crate) fn fill(&self, dataset: &Dataset, positions: &[usize], batch: &mut Batch<F>, epoch: u64, number: usize) {
        if self.augment.is_empty() {
            dataset.fill_batch(positions, batch);
        } else {
            let shape = stacked(positions.len(), &self.sample_shape);
            batch.inputs.refill(shape, |out| self.fill_inputs(dataset, positions, out, epoch));
            dataset.fill_targets(positions, &mut batch.targets);
        }
        if let (Some(classes), false) = (dataset.classes(), self.mix.is_empty()) {
            batch.targets = batch.targets.one_hot(classes).expect("labels are checked when a data set is made");
        }
        for (mix, seed) in &self.mix {
            mix.apply(batch, seed.at(epoch).at(number as u64));
        }
    }

    /// Writes the inputs of the samples at `positions` to `out`, augmented.
    fn fill_inputs(&self, dataset: &Dataset, positions: &[usize], out: &mut [F], epoch: u64) {
        let width = self.sample_shape.numel();
        let block = BLOCK.div_ceil(width.max(dataset.sample_shape().numel()));
        parallel::chunks_mut(out, block * width, |b, out| {
            let mut sample = Tensor::zeros([0]);
            for (position, out) in positions[b * block..].iter().zip(out.chunks_exact_mut(width)) {
                sample.refill(dataset.sample_shape(), |out| dataset.fill_inputs(&[*position], out));
                for (augment, seed) in &self.augment {
                    augment.apply(&mut sample, seed.at(epoch).at(*position as u64));
                }
                let (got, promised) = (sample.shape(), self.sample_shape);
                assert!(got == promised, "augmented samples of shape {got}, where {promised} was promised");
                out.copy_from_slice(sample.as_slice());
            }
        });
    }
}
