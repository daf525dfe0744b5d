//! Which positions of padded sequences count.

use std::sync::Arc;

use evenkeel_tensor::{Shape, ShapeError};
use thiserror::Error;

use crate::layout::ChannelLayout;

/// How a batch of padded sequences lies in an array.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SequenceLayout {
    /// (batch, time, feature)
    BatchTimeFeature,
    /// (time, batch, feature)
    TimeBatchFeature,
    /// (batch, feature, time)
    BatchFeatureTime,
}

/// The lengths of the sequences in a padded batch: positions from a sequence's length on are padding.
///
/// [`BatchNorm::forward_masked`](crate::BatchNorm::forward_masked) takes statistics of the positions that are not padding.
///
/// ```
/// use evenkeel_norm::{Lengths, LengthsError, SequenceLayout};
///
/// // Three sequences of 5, 2 and 0 values, padded to 5.
/// let lengths = Lengths::new(vec![5, 2, 0], 5, SequenceLayout::BatchTimeFeature)?;
/// assert_eq!(lengths.count(), 7);
/// let beyond = Lengths::new(vec![5, 6], 5, SequenceLayout::BatchTimeFeature).unwrap_err();
/// assert_eq!(beyond, LengthsError::Beyond { sequence: 1, length: 6, steps: 5 });
/// # Ok::<(), LengthsError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lengths {
    layout: SequenceLayout,
    steps: usize,
    lengths: Arc<[usize]>,
    /// The rows of features that count, in the order in which they lie.
    rows: Arc<[usize]>,
    count: usize,
}

/// Lengths that no batch has.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum LengthsError {
    /// A sequence is longer than the padded array.
    #[error(
        "Lengths: sequence {sequence}: expected at most {steps} steps, got length {length}; pad the batch to its longest \
         sequence"
    )]
    Beyond {
        /// Which sequence, from 0.
        sequence: usize,
        /// Its length.
        length: usize,
        /// The steps of the padded array.
        steps: usize,
    },
    /// The padded array has more positions than can be counted.
    #[error(
        "Lengths: expected an array that fits in memory, got {sequences} sequences of {steps} steps; split the batch"
    )]
    TooLarge {
        /// The number of sequences.
        sequences: usize,
        /// The steps of the padded array.
        steps: usize,
    },
    /// There is no position that counts.
    #[error(
        "Lengths: expected at least one sequence that is not empty, got {sequences} of length 0; leave the batch out"
    )]
    Empty {
        /// The number of sequences.
        sequences: usize,
    },
}

impl Lengths {
    /// The lengths of the sequences of a batch that is padded to `steps`.
    ///
    /// # Errors
    /// If a length is more than `steps`, all are 0, or there are too many positions.
    pub fn new(lengths: impl Into<Arc<[usize]>>, steps: usize, layout: SequenceLayout) -> Result<Self, LengthsError> {
        let lengths: Arc<[usize]> = lengths.into();
        if let Some((sequence, &length)) = lengths.iter().enumerate().find(|&(_, &length)| length > steps) {
            return Err(LengthsError::Beyond { sequence, length, steps });
        }
        let batch = lengths.len();
        if batch.checked_mul(steps).is_none_or(|positions| isize::try_from(positions).is_err()) {
            return Err(LengthsError::TooLarge { sequences: batch, steps });
        }
        let count = lengths.iter().sum();
        if count == 0 {
            return Err(LengthsError::Empty { sequences: lengths.len() });
        }
        let rows = match layout {
            SequenceLayout::BatchTimeFeature => {
                lengths.iter().enumerate().flat_map(|(n, length)| n * steps..n * steps + length).collect()
            }
            SequenceLayout::TimeBatchFeature => {
                let mut open: Vec<usize> = (0..batch).collect();
                let mut rows = Vec::with_capacity(count);
                for step in 0.. {
                    open.retain(|&n| step < lengths[n]);
                    if open.is_empty() {
                        break;
                    }
                    rows.extend(open.iter().map(|n| step * batch + n));
                }
                rows.into()
            }
            // A row for each sequence, of which there is only use where it has one step.
            SequenceLayout::BatchFeatureTime => (0..batch).filter(|&n| lengths[n] > 0).collect(),
        };
        Ok(Self { layout, steps, lengths, rows, count })
    }

    /// The length of each sequence.
    pub fn lengths(&self) -> &[usize] {
        &self.lengths
    }

    /// The number of steps of the padded array.
    pub fn steps(&self) -> usize {
        self.steps
    }

    /// How the sequences lie.
    pub fn layout(&self) -> SequenceLayout {
        self.layout
    }

    /// The number of positions that count.
    pub fn count(&self) -> usize {
        self.count
    }

    /// Where the channels of such a batch are.
    ///
    /// # Errors
    /// If the shape is not that of these sequences.
    pub(crate) fn channels(&self, operation: &'static str, shape: Shape) -> Result<ChannelLayout, ShapeError> {
        let (batch, steps) = (self.lengths.len(), self.steps);
        let (fits, axes, features) = match (self.layout, shape.dims()) {
            (SequenceLayout::BatchTimeFeature, &[n, t, f]) => ((n, t) == (batch, steps), "(batch, time, feature)", f),
            (SequenceLayout::TimeBatchFeature, &[t, n, f]) => ((n, t) == (batch, steps), "(time, batch, feature)", f),
            (SequenceLayout::BatchFeatureTime, &[n, f, t]) => ((n, t) == (batch, steps), "(batch, feature, time)", f),
            _ => (false, "rank 3", 0),
        };
        if !fits {
            return Err(ShapeError::new(
                operation,
                format!("{axes} with {batch} sequences of {steps} steps"),
                shape.to_string(),
                "give the lengths of this batch, with the steps that it is padded to and its layout",
            ));
        }
        Ok(match self.layout {
            SequenceLayout::BatchFeatureTime => ChannelLayout { outer: batch, channels: features, inner: steps },
            _ => ChannelLayout { outer: batch * steps, channels: features, inner: 1 },
        })
    }

    /// The rows of features that count.
    pub(crate) fn rows(&self) -> &[usize] {
        &self.rows
    }

    /// Of the positions that row `r` of the channel layout has in each channel, the number of those at its beginning that count.
    pub(crate) fn valid(&self, r: usize) -> usize {
        let (step, sequence) = match self.layout {
            SequenceLayout::BatchTimeFeature => (r % self.steps, r / self.steps),
            SequenceLayout::TimeBatchFeature => (r / self.lengths.len(), r % self.lengths.len()),
            SequenceLayout::BatchFeatureTime => return self.lengths[r],
        };
        usize::from(step < self.lengths[sequence])
    }
}
