//! Where the values of a channel lie.

use evenkeel_tensor::{Shape, ShapeError, kernel};

/// An array as (outer, channels, inner): the channel axis is the second one, whatever the rank.
///
/// Statistics of a channel are over `outer * inner` values. With `inner == 1` (rank 2) channels are columns;
/// otherwise each channel has `outer` planes of `inner` neighbours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ChannelLayout {
    /// The number of examples.
    pub(crate) outer: usize,
    /// The number of channels.
    pub(crate) channels: usize,
    /// The number of positions an example has in each channel.
    pub(crate) inner: usize,
}

impl ChannelLayout {
    /// The layout of an input of rank 2 or more of the operation called `name`.
    ///
    /// # Errors
    /// If the rank is less than 2.
    pub(crate) fn new(name: &'static str, shape: Shape) -> Result<Self, ShapeError> {
        let [outer, channels, rest @ ..] = shape.dims() else {
            return Err(ShapeError::new(
                name,
                "an input of rank 2 or more: (examples, channels, ...)",
                shape.to_string(),
                "reshape the input so that channels are the second axis",
            ));
        };
        Ok(Self { outer: *outer, channels: *channels, inner: rest.iter().product() })
    }

    /// The number of values that a channel's statistics are taken over.
    pub(crate) fn count(&self) -> usize {
        self.outer * self.inner
    }

    /// The distance from an example to the next.
    pub(crate) fn stride(&self) -> usize {
        self.channels * self.inner
    }

    /// Neighbouring channels that one task takes from the first read to the last write: enough for the work to be worth a
    /// task, few enough for their values to stay in the second-level cache in between. Columns come in multiples of 1 KiB
    /// (f32), so that tasks share no cache line.
    pub(crate) fn channels_per_task(&self) -> usize {
        let worth = kernel::BLOCK.div_ceil(self.count().max(1));
        if self.inner == 1 { worth.next_multiple_of(512) } else { worth }
    }
}
