//! The sampling kernel: values of an image between its pixels.

use evenkeel_tensor::{Float, kernel};

use super::Border;
use super::layout::Layout;
use crate::DataError;

/// How a value between pixels is made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Interpolation {
    /// From the four pixels around, each weighed by its nearness: (1-s)(1-t) a + s (1-t) b + (1-s) t c + s t d. The default.
    #[default]
    Bilinear,
    /// The nearest pixel, so that no new value comes up; the one to the right and below at equal distance.
    Nearest,
}

/// How an image is sampled: between its pixels, and outside.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Sampling {
    pub(super) interpolation: Interpolation,
    pub(super) border: Border,
}

impl Sampling {
    pub(super) fn check<F: Float>(self, operation: &'static str) -> Result<(), DataError> {
        self.border.check::<F>(operation)
    }
}

/// The two methods by which a type with a field `sampling` is told how to sample.
macro_rules! sampled {
    () => {
        /// What is seen outside of the image. Default: the constant 0.
        #[must_use]
        pub fn border(mut self, border: crate::augment::image::Border) -> Self {
            self.sampling.border = border;
            self
        }

        /// How values between pixels are made. Default: bilinear.
        #[must_use]
        pub fn interpolation(mut self, interpolation: crate::augment::image::Interpolation) -> Self {
            self.sampling.interpolation = interpolation;
            self
        }
    };
}
pub(super) use sampled;

/// Gives each pixel (row, column) of `new` the value of `old` at \[x, y\] = `position(row, column)`, in all channels.
///
/// Positions are computed in f64 for either float. Where one falls on a pixel, the value is the pixel's, exactly; and but for rounding no
/// value lies outside of the range of those it is made from, so that large ones do not overflow. A position that is not a number counts
/// as one far outside.
#[inline(always)]
pub(super) fn resample<F: Float>(
    (old, from): (&[F], Layout),
    (new, to): (&mut [F], Layout),
    sampling: Sampling,
    position: impl Fn(usize, usize) -> [f64; 2],
) {
    let nearest = sampling.interpolation == Interpolation::Nearest;
    kernel::simd(
        #[inline(always)]
        || {
            let mut places = Places { corner: [[0; RUN]; 2], share: [[F::ZERO; RUN]; 2] };
            for row in 0..to.height {
                for start in (0..to.width).step_by(RUN) {
                    let run = RUN.min(to.width - start);
                    for k in 0..run {
                        places.set(k, position(row, start + k), nearest);
                    }
                    for channel in 0..from.channels {
                        let plane = &old[channel * from.pixels()..][..from.pixels()];
                        let out = &mut new[channel * to.pixels() + row * to.width + start..][..run];
                        for (k, out) in out.iter_mut().enumerate() {
                            *out = places.value(k, plane, from, sampling.border);
                        }
                    }
                }
            }
        },
    );
}

/// Pixels of a row that are placed in one go, in vectors, and then fetched one by one for each channel.
const RUN: usize = 64;

/// Where the pixels of a run are sampled, along x and along y.
struct Places<F> {
    /// The pixel to the left and above.
    corner: [[i32; RUN]; 2],
    /// How far beyond that pixel, from 0 to 1.
    share: [[F; RUN]; 2],
}

impl<F: Float> Places<F> {
    #[inline(always)]
    fn set(&mut self, k: usize, at: [f64; 2], nearest: bool) {
        for axis in 0..2 {
            // Beyond any image, and yet a number whose neighbours are integers.
            #[expect(clippy::manual_clamp, reason = "`clamp` would leave NaN")]
            let at = at[axis].max(-1e9).min(1e9);
            let at = if nearest { (at + 0.5).floor() } else { at };
            let floor = at.floor();
            self.corner[axis][k] = floor as i32;
            self.share[axis][k] = F::from_f64(at - floor);
        }
    }

    #[inline(always)]
    fn value(&self, k: usize, plane: &[F], image: Layout, border: Border) -> F {
        let ([x, y], [s, t]) = ([self.corner[0][k], self.corner[1][k]], [self.share[0][k], self.share[1][k]]);
        // As unsigned numbers, negative ones are beyond any extent.
        let inside = (x as u32 as usize) < image.width - 1 && (y as u32 as usize) < image.height - 1;
        let [a, b, c, d] = if inside {
            let first = y as usize * image.width + x as usize;
            let (upper, lower) = (&plane[first..first + 2], &plane[first + image.width..first + image.width + 2]);
            [upper[0], upper[1], lower[0], lower[1]]
        } else {
            around(plane, image, border, [x, y])
        };
        let mix = |a: F, b: F, share: F| (F::ONE - share) * a + share * b;
        mix(mix(a, b, s), mix(c, d, s), t)
    }
}

/// The four values around a place at the edge or outside.
#[inline(never)]
fn around<F: Float>(plane: &[F], image: Layout, border: Border, [x, y]: [i32; 2]) -> [F; 4] {
    let row = |y: i32| border.index(y.into(), image.height);
    let column = |x: i32| border.index(x.into(), image.width);
    let (upper, lower, left, right) = (row(y), row(y + 1), column(x), column(x + 1));
    let value = |row: Option<usize>, column: Option<usize>| match (row, column) {
        (Some(row), Some(column)) => plane[row * image.width + column],
        _ => F::from_f64(border.value()),
    };
    [value(upper, left), value(upper, right), value(lower, left), value(lower, right)]
}
