//! Where the values of a channel lie.

use evenkeel_tensor::{Float, Shape, ShapeError, kernel, parallel};

use crate::{columns, planes};

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
    /// The layout of an array of rank 2 or more.
    ///
    /// # Errors
    /// If the rank is less than 2.
    pub(crate) fn new(shape: Shape) -> Result<Self, ShapeError> {
        let [outer, channels, rest @ ..] = shape.dims() else {
            return Err(ShapeError::new(
                "batch_norm",
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

    /// Writes the mean and the sum of squared deviations of each channel.
    pub(crate) fn moments<F: Float>(&self, x: &[F], mean: &mut [F], m2: &mut [F]) {
        let group = self.channels_per_task();
        parallel::chunks_mut2(mean, group, m2, group, |task, mean, m2| {
            self.group_moments(x, task * group, mean, m2);
        });
    }

    /// Writes the mean and the sum of squared deviations of the channels from `first` on.
    ///
    /// Means and deviations of a few neighbours are taken in two passes and merged with those before by
    /// Chan, Golub & LeVeque's formula (1979): one read of the data, and no cancellation however large the
    /// common offset.
    pub(crate) fn group_moments<F: Float>(&self, x: &[F], first: usize, mean: &mut [F], m2: &mut [F]) {
        if self.inner == 1 {
            columns::moments(x, self.channels, first, mean, m2);
        } else {
            for (c, (mean, m2)) in mean.iter_mut().zip(&mut *m2).enumerate() {
                (*mean, *m2) = planes::moments(self.planes(x, first + c));
            }
        }
        for (c, (mean, m2)) in mean.iter_mut().zip(m2).enumerate().filter(|(_, (_, m2))| !m2.is_finite()) {
            (*mean, *m2) = self.overflowed_moments(x, first + c, *mean);
        }
    }

    /// The planes of channel `c`.
    fn planes<'a, F: Float>(&self, x: &'a [F], c: usize) -> impl Iterator<Item = &'a [F]> {
        let Self { outer, inner, .. } = *self;
        let (start, stride) = (c * inner, self.stride());
        (0..outer).map(move |n| &x[n * stride + start..][..inner])
    }

    /// The moments of a channel whose squared deviations came out infinite or NaN. If the values themselves are finite,
    /// the squares overflowed, and perhaps differences of values and with them the mean, which is taken again without any.
    fn overflowed_moments<F: Float>(&self, x: &[F], c: usize, mean: F) -> (F, F) {
        if self.planes(x, c).flatten().any(|v| !v.is_finite()) {
            return (mean, F::NAN);
        }
        let n = F::from_usize(self.count());
        (self.planes(x, c).flatten().map(|&v| v / n).sum(), F::INFINITY)
    }

    /// Writes, for each channel from `first` on, the sum of dy and of dy (x - mean).
    pub(crate) fn group_gradient_sums<F: Float>(
        &self,
        (x, dy): (&[F], &[F]),
        first: usize,
        mean: &[F],
        sum: &mut [F],
        product: &mut [F],
    ) {
        if self.inner == 1 {
            return columns::gradient_sums((x, dy), self.channels, first, mean, sum, product);
        }
        for (c, (sum, product)) in sum.iter_mut().zip(product).enumerate() {
            let start = (first + c) * self.inner;
            let plane = |n: usize| n * self.stride() + start..n * self.stride() + start + self.inner;
            let planes = (0..self.outer).map(|n| (&x[plane(n)], &dy[plane(n)]));
            (*sum, *product) = planes::gradient_sums(planes, mean[c]);
        }
    }
}
