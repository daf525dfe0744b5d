//! The values of channels that count: all of them, or those of padded sequences that are not padding.

use evenkeel_tensor::Float;

use crate::layout::ChannelLayout;
use crate::lengths::Lengths;
use crate::{columns, planes};

/// Where the values of channels lie, and which of them count.
#[derive(Clone, Copy)]
pub(crate) struct Sites<'a> {
    pub(crate) layout: ChannelLayout,
    pub(crate) lengths: Option<&'a Lengths>,
}

impl Sites<'_> {
    /// The number of values that a channel's statistics are taken over.
    pub(crate) fn count(&self) -> usize {
        self.lengths.map_or(self.layout.count(), Lengths::count)
    }

    /// Of the positions of example `n` in each channel, the number of those at the beginning that count.
    pub(crate) fn valid(&self, n: usize) -> usize {
        self.lengths.map_or(self.layout.inner, |lengths| lengths.valid(n))
    }

    /// The rows of columns that count, each as the place where it starts.
    fn rows(&self) -> (usize, impl Fn(usize) -> usize) {
        let (rows, channels) = (self.lengths.map(Lengths::rows), self.layout.channels);
        (rows.map_or(self.layout.outer, <[usize]>::len), move |k| rows.map_or(k, |rows| rows[k]) * channels)
    }

    /// What counts of the planes of channel `c`, as ranges.
    fn planes(&self, c: usize) -> impl Iterator<Item = std::ops::Range<usize>> {
        let ChannelLayout { outer, inner, .. } = self.layout;
        let (start, stride) = (c * inner, self.layout.stride());
        (0..outer).map(move |n| n * stride + start..n * stride + start + self.valid(n))
    }

    /// Writes the mean, as a rounded value and what rounding left out, and the sum of squared deviations of the channels from
    /// `first` on.
    ///
    /// Means and deviations of a few neighbours are taken in two passes and merged with those before by
    /// Chan, Golub & LeVeque's formula (1979): one read of the data, and no cancellation however large the
    /// common offset.
    pub(crate) fn group_moments<F: Float>(&self, x: &[F], first: usize, [mean, low, m2]: [&mut [F]; 3]) {
        if self.layout.inner == 1 {
            columns::moments(x, self.rows(), first, [&mut *mean, &mut *low, &mut *m2]);
        } else {
            for c in 0..mean.len() {
                let sample = planes::moments(self.planes(first + c).map(|plane| &x[plane]));
                (mean[c], low[c], m2[c]) = (sample.mean, sample.low, sample.m2);
            }
        }
        for c in 0..mean.len() {
            if m2[c].is_finite() {
                continue;
            }
            (mean[c], m2[c]) = planes::overflowed(|| self.planes(first + c).map(|plane| &x[plane]), mean[c]);
            low[c] = F::ZERO;
        }
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
        if self.layout.inner == 1 {
            return columns::gradient_sums((x, dy), self.rows(), first, mean, sum, product);
        }
        for c in 0..mean.len() {
            let planes = self.planes(first + c).map(|plane| (&x[plane.clone()], &dy[plane]));
            (sum[c], product[c]) = planes::gradient_sums(planes, mean[c]);
        }
    }

    /// Calls `f` with each row of a strip of the channels from `first` on, the place where the row starts in the whole array, and
    /// what counts of its channels' positions. What does not is set to 0.
    pub(crate) fn for_each_row<F: Float>(
        &self,
        mut strip: evenkeel_tensor::parallel::Strip<'_, F>,
        first: usize,
        mut f: impl FnMut(&mut [F], usize, usize),
    ) {
        let inner = self.layout.inner;
        for n in 0..strip.rows() {
            let (row, valid) = (strip.row(n), self.valid(n));
            if valid < inner {
                row.chunks_exact_mut(inner).for_each(|plane| plane[valid..].fill(F::ZERO));
            }
            if valid > 0 {
                f(row, n * self.layout.stride() + first * inner, valid);
            }
        }
    }
}
