//! A data set in batches, epoch by epoch.

use std::marker::PhantomData;

use evenkeel_tensor::{Float, Seed};

use crate::{Batch, Dataset, Order, Prefetch};

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
    seed: Option<Seed>,
    drop_last: bool,
    float: PhantomData<F>,
}

impl<F: Float> Batches<F> {
    #[track_caller]
    pub(crate) fn new(dataset: Dataset, batch_size: usize) -> Self {
        assert!(batch_size > 0, "batches of at least one sample");
        Self { dataset, batch_size, seed: None, drop_last: false, float: PhantomData }
    }

    /// Visits the samples in an order that is shuffled anew for each epoch, from `seed` (see [`Order`]).
    /// Without this, in their own order.
    #[must_use]
    pub fn shuffled(mut self, seed: Seed) -> Self {
        self.seed = Some(seed);
        self
    }

    /// Whether to leave out the last batch of an epoch if it is not full. Default: `false`.
    ///
    /// A data set smaller than one batch then has none; see [`per_epoch`](Self::per_epoch).
    #[must_use]
    pub fn drop_last(mut self, drop_last: bool) -> Self {
        self.drop_last = drop_last;
        self
    }

    /// The number of batches in an epoch.
    pub fn per_epoch(&self) -> usize {
        if self.drop_last { self.dataset.len() / self.batch_size } else { self.dataset.len().div_ceil(self.batch_size) }
    }

    /// The batches of an epoch, numbered from 0.
    pub fn epoch(&self, epoch: u64) -> Epoch<F> {
        let mut this = Epoch { order: Order::sequential(self.dataset.len()), batches: self.clone(), next: 0 };
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
    /// buffers are large enough and nobody else holds them.
    ///
    /// # Panics
    /// If there is no such batch.
    #[track_caller]
    pub fn fill(&self, position: usize, batch: &mut Batch<F>) {
        self.batches.dataset.fill_batch(self.indices(position), batch);
    }

    /// Becomes another epoch, at its first batch. Allocates nothing.
    pub fn restart(&mut self, epoch: u64) {
        self.next = 0;
        if let Some(seed) = self.batches.seed {
            self.order.reshuffle(seed, epoch);
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
