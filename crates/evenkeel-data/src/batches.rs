//! A data set in batches, epoch by epoch.

use std::sync::Arc;

use evenkeel_tensor::{Float, Seed, Shape};

use crate::augment::{Augment, Mix};
use crate::balance::Alias;
use crate::changes::Changes;
use crate::{Batch, DataError, Dataset, Order, Prefetch};

/// How a data set is cut into batches; made by [`Dataset::batches`].
///
/// ```
/// use evenkeel_data::{Digits, Seed};
///
/// let digits = Digits::embedded();
/// let batches = digits.batches::<f32>(60).shuffled(Seed(7));
/// assert_eq!(batches.per_epoch(), 30);                 // 29 of 60, and one of 57
/// for epoch in 0..2 {
///     for batch in batches.epoch(epoch) {
///         assert_eq!(batch.inputs.shape(), [batch.len(), 64].into());
///     }
/// }
/// ```
#[derive(Clone, Debug)]
pub struct Batches<F: Float = f32> {
    dataset: Dataset,
    batch_size: usize,
    visit: Visit,
    drop_last: bool,
    changes: Changes<F>,
}

/// How an epoch's order is made.
#[derive(Clone, Debug)]
enum Visit {
    Sequential,
    Shuffled(Seed),
    Drawn(Arc<Alias>, Seed),
}

impl<F: Float> Batches<F> {
    #[track_caller]
    pub(crate) fn new(dataset: Dataset, batch_size: usize) -> Self {
        assert!(batch_size > 0, "batches of at least one sample");
        let changes = Changes::none(&dataset);
        Self { dataset, batch_size, visit: Visit::Sequential, drop_last: false, changes }
    }

    /// Visits the samples in an order that is shuffled anew for each epoch, from `seed` (see [`Order`]).
    /// Without this, in their own order. The ways to draw as one value: [`sampled`](Self::sampled).
    #[must_use]
    pub fn shuffled(mut self, seed: Seed) -> Self {
        self.visit = Visit::Shuffled(seed);
        self
    }

    /// Draws the samples with replacement, in proportion to `weights`: one weight for each sample of the data set, finite and
    /// not negative. An epoch is still as long as the data set, and resumes at (epoch, position) as a shuffled one does.
    ///
    /// Sample i fills each place with probability wᵢ / Σw, so it is expected n wᵢ / Σw times in an epoch, and a sample of
    /// weight 0 never comes. This is PyTorch's `WeightedRandomSampler` with as many draws as samples. Replaces
    /// [`shuffled`](Self::shuffled).
    ///
    /// # Errors
    /// If the weights are not as many as the samples, one is negative or not finite, or all are 0.
    pub fn weighted(mut self, weights: impl AsRef<[f64]>, seed: Seed) -> Result<Self, DataError> {
        const OPERATION: &str = "Batches::weighted";
        let (weights, samples) = (weights.as_ref(), self.dataset.len());
        if weights.len() != samples {
            return Err(DataError::Weights { operation: OPERATION, samples, weights: weights.len() });
        }
        self.visit = Visit::Drawn(Arc::new(Alias::new(OPERATION, weights)?), seed);
        Ok(self)
    }

    /// Draws the samples with replacement so that each place has each class with the same probability: the class uniformly
    /// of those that have members, then a member uniformly. As [`weighted`](Self::weighted) by 1 / n_c.
    ///
    /// A network trained on balanced batches takes the classes to be equally likely; where the shares of the real
    /// data matter, shift its output biases by the logarithm of the shares ([`balance::log_prior`](crate::balance::log_prior)) or
    /// tune the threshold on data with the real shares.
    ///
    /// ```
    /// use evenkeel_data::{Dataset, Seed, Tensor};
    ///
    /// let inputs = Tensor::from_fn([1000, 1], |i| i as f32);
    /// let labels: Vec<u32> = (0..1000).map(|i| u32::from(i < 20)).collect();       // 20 of 1000
    /// let patients = Dataset::classification(inputs, labels, 2)?;
    /// let batches = patients.batches::<f32>(100).balanced(Seed(7))?;
    /// let ill: u32 = batches.epoch(0).map(|batch| batch.targets.classes().unwrap().iter().sum::<u32>()).sum();
    /// assert!((450..550).contains(&ill));
    /// # Ok::<(), evenkeel_data::DataError>(())
    /// ```
    ///
    /// # Errors
    /// If the targets are not classes.
    pub fn balanced(self, seed: Seed) -> Result<Self, DataError> {
        let cure = "use `weighted`, or bin the values into classes";
        let not_classes = DataError::NotClasses { operation: "Batches::balanced", cure };
        let counts = self.dataset.class_counts().ok_or(not_classes)?;
        let weight = |i| 1.0 / counts[self.dataset.label(i).expect("a data set with classes") as usize] as f64;
        let weights: Vec<_> = (0..self.dataset.len()).map(weight).collect();
        self.weighted(weights, seed)
    }

    /// Whether to leave out the last batch of an epoch if it is not full. Default: `false`.
    ///
    /// A data set smaller than one batch then has none; see [`per_epoch`](Self::per_epoch).
    #[must_use]
    pub fn drop_last(mut self, drop_last: bool) -> Self {
        self.drop_last = drop_last;
        self
    }

    /// Changes each sample with `augment`, anew in each epoch.
    ///
    /// The change depends on the seed, the epoch and the sample's position in the data set alone: not on the batch it falls
    /// into, the number of threads or loading ahead, so a resumed run goes on with the same. Called again, it adds
    /// another change after those before. Samples are changed in parallel.
    ///
    /// ```
    /// use evenkeel_data::augment::Cutout;
    /// use evenkeel_data::{Digits, Seed};
    ///
    /// let digits = Digits::embedded().reshape_samples([8, 8])?;
    /// let batches = digits.batches::<f32>(60).augmented(Cutout::new(3), Seed(7))?;
    /// assert_ne!(batches.epoch(0).next(), batches.epoch(1).next());
    /// assert_eq!(batches.epoch(1).next(), batches.epoch(1).next());
    /// # Ok::<(), evenkeel_data::DataError>(())
    /// ```
    ///
    /// # Errors
    /// If a setting is out of its range, or does not suit the samples.
    pub fn augmented(mut self, augment: impl Augment<F> + 'static, seed: Seed) -> Result<Self, DataError> {
        self.changes.augment(augment, seed, self.dataset.classes())?;
        Ok(self)
    }

    /// Mixes the samples of each batch with each other, and their targets, after they are augmented.
    ///
    /// Where the targets are classes they become [`Values`](crate::Targets::Values) of shape `[samples, classes]`: each row
    /// the shares of the classes, which sum to 1. What is mixed depends on the seed, the epoch, the batch's position in it
    /// and the samples in the batch. Called again, it mixes the mixtures.
    ///
    /// ```
    /// use evenkeel_data::augment::Mixup;
    /// use evenkeel_data::{Digits, Seed};
    ///
    /// let batches = Digits::embedded().batches::<f32>(60).shuffled(Seed(7)).mixed(Mixup::new(0.2), Seed(7))?;
    /// let batch = batches.epoch(0).next().unwrap();
    /// assert_eq!(batch.targets.values().unwrap().shape(), [60, 10].into());
    /// # Ok::<(), evenkeel_data::DataError>(())
    /// ```
    ///
    /// # Errors
    /// If a setting is out of its range, or does not suit the samples or their targets.
    pub fn mixed(mut self, mix: impl Mix<F> + 'static, seed: Seed) -> Result<Self, DataError> {
        self.changes.mix(mix, seed, self.dataset.classes())?;
        Ok(self)
    }

    /// The extents of one sample as it is batched: those of the data set, unless an augmentation changes them.
    pub fn sample_shape(&self) -> Shape {
        self.changes.sample_shape()
    }

    /// The number of batches in an epoch.
    pub fn per_epoch(&self) -> usize {
        if self.drop_last { self.dataset.len() / self.batch_size } else { self.dataset.len().div_ceil(self.batch_size) }
    }

    /// The batches of an epoch, numbered from 0.
    pub fn epoch(&self, epoch: u64) -> Epoch<F> {
        let mut this =
            Epoch { order: Order::sequential(self.dataset.len()), batches: self.clone(), number: epoch, next: 0 };
        this.restart(epoch);
        this
    }
}

/// The batches of one epoch: an iterator, or filled by position without allocating.
///
/// ```
/// use evenkeel_data::{Batch, Digits, Seed};
///
/// let mut epoch = Digits::embedded().batches::<f32>(60).shuffled(Seed(7)).epoch(0);
/// let mut batch = Batch::default();
/// for number in 0..3 {
///     epoch.restart(number);
///     for position in 0..epoch.per_epoch() {
///         epoch.fill(position, &mut batch);       // (number, position) is all that a checkpoint needs
///     }
/// }
/// ```
#[derive(Clone, Debug)]
pub struct Epoch<F: Float = f32> {
    batches: Batches<F>,
    order: Order,
    number: u64,
    next: usize,
}

impl<F: Float> Epoch<F> {
    /// The number of batches in an epoch.
    pub fn per_epoch(&self) -> usize {
        self.batches.per_epoch()
    }

    /// The positions in the data set of the samples of a batch.
    ///
    /// # Panics
    /// If there is no such batch.
    #[track_caller]
    pub fn indices(&self, position: usize) -> &[usize] {
        assert!(position < self.per_epoch(), "batch {position} of an epoch of {}", self.per_epoch());
        let (size, all) = (self.batches.batch_size, self.order.indices());
        &all[position * size..all.len().min((position + 1) * size)]
    }

    /// Fills `batch` with the batch at `position` of this epoch. Allocates nothing if the batch's
    /// buffers are large enough and nobody else holds them, and samples are neither augmented nor mixed.
    ///
    /// # Panics
    /// If there is no such batch.
    #[track_caller]
    pub fn fill(&self, position: usize, batch: &mut Batch<F>) {
        let Batches { dataset, changes, .. } = &self.batches;
        changes.fill(dataset, self.indices(position), batch, self.number, position);
    }

    /// Becomes another epoch, at its first batch. Allocates nothing.
    pub fn restart(&mut self, epoch: u64) {
        (self.number, self.next) = (epoch, 0);
        match &self.batches.visit {
            Visit::Sequential => {}
            Visit::Shuffled(seed) => self.order.reshuffle(*seed, epoch),
            Visit::Drawn(table, seed) => self.order.redraw(table, *seed, epoch),
        }
    }

    /// The iterator from the batch at `position` on, such as after a resumed checkpoint.
    #[must_use]
    pub fn starting_at(mut self, position: usize) -> Self {
        self.next = position;
        self
    }

    /// The same batches in the same order, loaded ahead on a second thread, at most `depth` of them.
    pub fn prefetch(self, depth: usize) -> Prefetch<Batch<F>> {
        Prefetch::new(depth, self.next..self.per_epoch(), move |position, batch| self.fill(position, batch))
    }
}

impl<F: Float> Iterator for Epoch<F> {
    type Item = Batch<F>;

    fn next(&mut self) -> Option<Batch<F>> {
        let position = self.next;
        (position < self.per_epoch()).then(|| {
            self.next += 1;
            let mut batch = Batch::default();
            self.fill(position, &mut batch);
            batch
        })
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = self.per_epoch().saturating_sub(self.next);
        (left, Some(left))
    }
}

impl<F: Float> ExactSizeIterator for Epoch<F> {}
