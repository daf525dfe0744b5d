//! Masks and time warping of spectrograms.

use evenkeel_tensor::{Float, Seed, Shape, Tensor};
use rand::RngExt;

use crate::DataError;
use crate::augment::Augment;
use crate::augment::setting::{accepted_planes, check, check_finite, check_probability, planes};

/// Spectrograms warped in time, with bands of frequencies and stretches of time masked.
///
/// D. S. Park et al., *SpecAugment*, arXiv 1904.08779, whose symbols are given. In this order, the same in all channels:
///
/// 1. Time warp (`W`): a frame, more than W from both ends, moves by a distance drawn from -W to W, the first and the last
///    frame stay, and what is between is interpolated linearly.
/// 2. Frequency masks (`m_F`, `F`): each of f rows, f drawn from 0 to F, at a place where it fits.
/// 3. Time masks (`m_T`, `T`, `p`): each of t columns, t drawn from 0 to T but at most a share p of the frames.
///
/// For samples of shape `[frequencies, frames]` or `[channels, frequencies, frames]`. Nothing happens unless asked for;
/// the paper's policies are F = 27, T = 100, p = 1 with one mask each (LibriSpeech basic, LB) or two (LD) and W = 80, and
/// F = 15 (SM) or 27 (SS), T = 70, p = 0.2 with two masks each and W = 40. Masks are filled with 0, the mean of
/// standardised features, unless told otherwise.
///
/// ```
/// use evenkeel_data::augment::{Augment, audio::SpecAugment};
/// use evenkeel_data::{Seed, Tensor};
///
/// let basic = SpecAugment::new().time_warp(80).frequency_masks(1, 27).time_masks(1, 100, 1.0);
/// let mut spectrogram = Tensor::<f32>::ones([80, 400]);
/// basic.apply(&mut spectrogram, Seed(7));
/// let masked = spectrogram.as_slice().iter().filter(|&&x| x == 0.0).count();
/// assert!(masked <= 27 * 400 + 80 * 100);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SpecAugment {
    warp: usize,
    frequency_masks: usize,
    frequencies: usize,
    time_masks: usize,
    frames: usize,
    share: f64,
    fill: f64,
}

impl SpecAugment {
    /// Nothing yet.
    pub fn new() -> Self {
        Self { warp: 0, frequency_masks: 0, frequencies: 0, time_masks: 0, frames: 0, share: 1.0, fill: 0.0 }
    }

    /// Moves a frame by up to `frames` (`W`); 2 W + 3 frames are needed at least. Default: 0, none.
    #[must_use]
    pub fn time_warp(mut self, frames: usize) -> Self {
        self.warp = frames;
        self
    }

    /// As many as `masks` (`m_F`), each of up to `rows` (`F`), which may not be more than there are frequencies. Default: none.
    #[must_use]
    pub fn frequency_masks(mut self, masks: usize, rows: usize) -> Self {
        (self.frequency_masks, self.frequencies) = (masks, rows);
        self
    }

    /// As many as `masks` (`m_T`), each of up to `columns` (`T`) and of up to the share `p` of all frames. Default: none.
    #[must_use]
    pub fn time_masks(mut self, masks: usize, columns: usize, p: f64) -> Self {
        (self.time_masks, self.frames, self.share) = (masks, columns, p);
        self
    }

    /// The value that masks get. Default: 0.
    #[must_use]
    pub fn fill(mut self, fill: f64) -> Self {
        self.fill = fill;
        self
    }
}

impl Default for SpecAugment {
    fn default() -> Self {
        Self::new()
    }
}

impl<F: Float> Augment<F> for SpecAugment {
    fn output_shape(&self, sample: Shape) -> Result<Shape, DataError> {
        const OPERATION: &str = "SpecAugment";
        let (_, rows, columns) = planes(OPERATION, &sample)?;
        check_probability(OPERATION, self.share)?;
        check_finite::<F>(OPERATION, "a finite value to fill with", self.fill)?;
        let fits = self.frequencies <= rows;
        check(OPERATION, "frequency masks of at most all frequencies", self.frequencies as f64, fits)?;
        let fits = self.warp == 0 || self.warp <= columns.saturating_sub(3) / 2;
        check(OPERATION, "a time warp W for which there are 2 W + 3 frames", self.warp as f64, fits)?;
        Ok(sample)
    }

    fn apply(&self, sample: &mut Tensor<F>, seed: Seed) {
        let (_, rows, columns) = accepted_planes(&sample.shape());
        let fill = F::from_f64(self.fill);
        if self.warp > 0 {
            let mut rng = seed.stream("warp").rng();
            let from = rng.random_range(self.warp + 1..columns - 1 - self.warp);
            let to = rng.random_range(from - self.warp..=from + self.warp);
            warp(sample.as_mut_slice(), columns, from, to);
        }
        let mut rng = seed.stream("frequencies").rng();
        for _ in 0..self.frequency_masks {
            let extent = rng.random_range(0..=self.frequencies);
            let first = rng.random_range(0..=rows - extent);
            for plane in sample.as_mut_slice().chunks_exact_mut(rows * columns) {
                plane[first * columns..(first + extent) * columns].fill(fill);
            }
        }
        let mut rng = seed.stream("frames").rng();
        let longest = self.frames.min((self.share * columns as f64) as usize);
        for _ in 0..self.time_masks {
            let extent = rng.random_range(0..=longest);
            let first = rng.random_range(0..=columns - extent);
            for row in sample.as_mut_slice().chunks_exact_mut(columns) {
                row[first..first + extent].fill(fill);
            }
        }
    }
}

/// Moves what is in each row at position `from` to `to`, neither of them an end, and what lies between in proportion.
fn warp<F: Float>(values: &mut [F], columns: usize, from: usize, to: usize) {
    let (last, from, to) = ((columns - 1) as f64, from as f64, to as f64);
    // Where each column comes from: a column, and the weight of the next one.
    let source = |column: usize| {
        let x = column as f64;
        let place = if x <= to { x * from / to } else { last - (last - x) * (last - from) / (last - to) };
        let left = (place as usize).min(columns - 1);
        (left, (left + 1).min(columns - 1), F::from_f64(place - left as f64))
    };
    let sources: Vec<_> = (0..columns).map(source).collect();
    let mut row = vec![F::ZERO; columns];
    for warped in values.chunks_exact_mut(columns) {
        row.copy_from_slice(warped);
        for (x, &(left, right, weight)) in warped.iter_mut().zip(&sources) {
            *x = row[left] * (F::ONE - weight) + row[right] * weight;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_warp_moves_a_frame_and_holds_the_ends() {
        for columns in [3, 8, 31] {
            for from in 1..columns - 1 {
                for to in 1..columns - 1 {
                    let mut row: Vec<f64> = (0..columns).map(|i| i as f64).collect();
                    warp(&mut row, columns, from, to);
                    // The row held positions, so it now says where each column came from.
                    assert!((row[to] - from as f64).abs() < 1e-9, "{from} to {to} of {columns}");
                    assert_eq!((row[0], row[columns - 1]), (0.0, (columns - 1) as f64));
                    assert!(row.is_sorted());
                    assert!(from != to || row.iter().enumerate().all(|(i, x)| (x - i as f64).abs() < 1e-9));
                }
            }
        }
    }
}
