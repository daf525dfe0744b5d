//! Where the values of a channel lie: the kernels that batch normalisation is made of.

use evenkeel_tensor::{Float, Shape, ShapeError, kernel, parallel};

/// An array as (outer, channels, inner): the channel axis is the second one, whatever the rank.
///
/// Statistics of a channel are over `outer * inner` values. With `inner == 1` (rank 2) channels are columns;
/// otherwise each channel has `outer` planes of `inner` neighbours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChannelLayout {
    /// The number of examples.
    pub outer: usize,
    /// The number of channels.
    pub channels: usize,
    /// The number of positions an example has in each channel.
    pub inner: usize,
}

/// Columns that a thread works on at a time: rows of a strip are a kibibyte, so a few dozen stay in the
/// first-level cache, and strips of different threads never share a cache line.
const STRIP: usize = 256;

/// Rows whose mean and squared deviations are taken in registers before they are merged.
const ROWS: usize = 8;

impl ChannelLayout {
    /// The layout of an array of rank 2 or more.
    ///
    /// # Errors
    /// If the rank is less than 2.
    pub fn new(shape: Shape) -> Result<Self, ShapeError> {
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
    pub fn count(&self) -> usize {
        self.outer * self.inner
    }

    /// Writes the mean and the sum of squared deviations of each channel.
    ///
    /// Means and deviations of a few neighbours are taken in two passes and merged with those before by
    /// Chan, Golub & LeVeque's formula (1979): one read of the data, and no cancellation however large the
    /// common offset.
    pub fn moments<F: Float>(&self, x: &[F], mean: &mut [F], m2: &mut [F]) {
        if self.inner == 1 {
            parallel::chunks_mut2(mean, STRIP, m2, STRIP, |strip, mean, m2| {
                kernel::simd(
                    #[inline(always)]
                    || column_moments(x, self.channels, strip * STRIP, mean, m2),
                );
            });
        } else {
            parallel::chunks_mut2(mean, 1, m2, 1, |channel, mean, m2| {
                let merged = (0..self.outer).fold((F::ZERO, F::ZERO, 0), |before, n| {
                    let plane = &x[(n * self.channels + channel) * self.inner..][..self.inner];
                    plane.chunks(kernel::BLOCK / 8).fold(before, |before, part| merge(before, plane_moments(part)))
                });
                (mean[0], m2[0]) = (merged.0, merged.1);
            });
        }
    }

    /// y = (x - mean) scale + shift, by channel.
    pub fn affine<F: Float>(&self, x: &[F], mean: &[F], scale: &[F], shift: &[F], y: &mut [F]) {
        self.for_each_part(y, |at, part, y| {
            let x = &x[at..][..y.len()];
            kernel::simd(
                #[inline(always)]
                || match part {
                    Part::Rows => {
                        for (x, y) in x.chunks_exact(self.channels).zip(y.chunks_exact_mut(self.channels)) {
                            for (j, y) in y.iter_mut().enumerate() {
                                *y = (x[j] - mean[j]) * scale[j] + shift[j];
                            }
                        }
                    }
                    Part::Plane(c) => {
                        let (m, a, b) = (mean[c], scale[c], shift[c]);
                        y.iter_mut().zip(x).for_each(|(y, &x)| *y = (x - m) * a + b);
                    }
                },
            );
        });
    }

    /// dx = a dy + b (x - mean) + c, by channel.
    pub fn affine_gradient<F: Float>(
        &self,
        (x, dy): (&[F], &[F]),
        mean: &[F],
        (a, b, c): (&[F], &[F], &[F]),
        dx: &mut [F],
    ) {
        self.for_each_part(dx, |at, part, dx| {
            let (x, dy) = (&x[at..][..dx.len()], &dy[at..][..dx.len()]);
            kernel::simd(
                #[inline(always)]
                || match part {
                    Part::Rows => {
                        let rows = x.chunks_exact(self.channels).zip(dy.chunks_exact(self.channels));
                        for ((x, dy), dx) in rows.zip(dx.chunks_exact_mut(self.channels)) {
                            for (j, dx) in dx.iter_mut().enumerate() {
                                *dx = a[j] * dy[j] + (b[j] * (x[j] - mean[j]) + c[j]);
                            }
                        }
                    }
                    Part::Plane(channel) => {
                        let (m, a, b, c) = (mean[channel], a[channel], b[channel], c[channel]);
                        dx.iter_mut().zip(x).zip(dy).for_each(|((dx, &x), &dy)| *dx = a * dy + (b * (x - m) + c));
                    }
                },
            );
        });
    }

    /// Writes, for each channel, the sum of dy and of dy (x - mean).
    pub fn gradient_sums<F: Float>(&self, x: &[F], dy: &[F], mean: &[F], sum: &mut [F], product: &mut [F]) {
        if self.inner == 1 {
            parallel::chunks_mut2(sum, STRIP, product, STRIP, |strip, sum, product| {
                kernel::simd(
                    #[inline(always)]
                    || column_sums((x, dy), self.channels, strip * STRIP, mean, sum, product),
                );
            });
        } else {
            parallel::chunks_mut2(sum, 1, product, 1, |channel, sum, product| {
                let m = mean[channel];
                (sum[0], product[0]) = (0..self.outer).fold((F::ZERO, F::ZERO), |(s, p), n| {
                    let at = (n * self.channels + channel) * self.inner;
                    let (x, dy) = (&x[at..][..self.inner], &dy[at..][..self.inner]);
                    kernel::simd(
                        #[inline(always)]
                        || (s + kernel::sum_map(dy, |dy| dy), p + kernel::sum_zip(x, dy, |x, dy| dy * (x - m))),
                    )
                });
            });
        }
    }

    /// Splits an output into blocks of whole rows or planes.
    fn for_each_part<F: Float>(&self, y: &mut [F], f: impl Fn(usize, Part, &mut [F]) + Sync) {
        if self.inner == 1 {
            let block = (kernel::BLOCK / self.channels.max(1)).max(1) * self.channels;
            parallel::chunks_mut(y, block, |i, y| f(i * block, Part::Rows, y));
        } else {
            let planes = (kernel::BLOCK / self.inner.max(1)).max(1);
            let block = planes * self.inner;
            parallel::chunks_mut(y, block, |i, y| {
                for (k, y) in y.chunks_exact_mut(self.inner.max(1)).enumerate() {
                    let plane = i * planes + k;
                    f(plane * self.inner, Part::Plane(plane % self.channels), y);
                }
            });
        }
    }
}

/// What a block of an output consists of.
enum Part {
    /// Whole rows, channels being columns.
    Rows,
    /// A plane of this channel.
    Plane(usize),
}

/// Chan's formula: the mean, squared deviations and count of two samples together.
#[inline(always)]
pub(crate) fn merge<F: Float>(a: (F, F, usize), b: (F, F, usize)) -> (F, F, usize) {
    let n = a.2 + b.2;
    if a.2 == 0 || b.2 == 0 {
        return if a.2 == 0 { b } else { a };
    }
    let share = F::from_usize(b.2) / F::from_usize(n);
    let delta = b.0 - a.0;
    (a.0 + delta * share, a.1 + b.1 + delta * delta * (F::from_usize(a.2) * share), n)
}

/// Two passes over a part that fits the first-level cache.
fn plane_moments<F: Float>(x: &[F]) -> (F, F, usize) {
    kernel::simd(
        #[inline(always)]
        || {
            let n = x.len();
            // Relative to a value of the sample, so that a large common offset costs no digits of the sum.
            let origin = x[0];
            let mean = origin + kernel::sum_map(x, |x| x - origin) / F::from_usize(n);
            (mean, kernel::sum_map(x, |x| (x - mean) * (x - mean)), n)
        },
    )
}

/// Moments of the columns `first..first + mean.len()` of rows of `channels` values.
#[inline(always)]
fn column_moments<F: Float>(x: &[F], channels: usize, first: usize, mean: &mut [F], m2: &mut [F]) {
    let width = mean.len();
    mean.fill(F::ZERO);
    m2.fill(F::ZERO);
    let rows = x.len() / channels;
    let row = |r: usize| &x[r * channels + first..][..width];
    let mut done = 0;
    while done + ROWS <= rows {
        let rows: [&[F]; ROWS] = std::array::from_fn(|k| row(done + k));
        let n = F::from_usize(done + ROWS);
        let (eighth, share) = (F::ONE / F::from_usize(ROWS), F::from_usize(ROWS) / n);
        let weight = F::from_usize(done) * share;
        let m2 = &mut m2[..width];
        for (j, mean) in mean.iter_mut().enumerate() {
            let origin = rows[0][j];
            let mut sum = F::ZERO;
            for row in &rows[1..] {
                sum += row[j] - origin;
            }
            let own = origin + sum * eighth;
            let mut squares = F::ZERO;
            for row in rows {
                squares += (row[j] - own) * (row[j] - own);
            }
            let delta = own - *mean;
            // With no rows before, the weight is 0 and the mean becomes this one exactly.
            *mean = if done == 0 { own } else { *mean + delta * share };
            m2[j] += squares + delta * delta * weight;
        }
        done += ROWS;
    }
    for r in done..rows {
        let n = F::from_usize(r + 1);
        let (share, weight) = (F::ONE / n, F::from_usize(r) / n);
        for ((mean, m2), &x) in mean.iter_mut().zip(&mut *m2).zip(row(r)) {
            let delta = x - *mean;
            *mean = if r == 0 { x } else { *mean + delta * share };
            *m2 += delta * delta * weight;
        }
    }
}

/// Sums of dy and dy (x - mean) of some columns.
#[inline(always)]
fn column_sums<F: Float>(
    (x, dy): (&[F], &[F]),
    channels: usize,
    first: usize,
    mean: &[F],
    sum: &mut [F],
    product: &mut [F],
) {
    let width = sum.len();
    let mean = &mean[first..][..width];
    sum.fill(F::ZERO);
    product.fill(F::ZERO);
    let product = &mut product[..width];
    let rows = x.len() / channels;
    let row = |r: usize| r * channels + first..r * channels + first + width;
    let mut done = 0;
    while done + 4 <= rows {
        let x: [&[F]; 4] = std::array::from_fn(|k| &x[row(done + k)]);
        let dy: [&[F]; 4] = std::array::from_fn(|k| &dy[row(done + k)]);
        for (j, sum) in sum.iter_mut().enumerate() {
            let m = mean[j];
            *sum += (dy[0][j] + dy[1][j]) + (dy[2][j] + dy[3][j]);
            product[j] += (dy[0][j] * (x[0][j] - m) + dy[1][j] * (x[1][j] - m))
                + (dy[2][j] * (x[2][j] - m) + dy[3][j] * (x[3][j] - m));
        }
        done += 4;
    }
    for r in done..rows {
        let (x, dy) = (&x[row(r)], &dy[row(r)]);
        for (j, sum) in sum.iter_mut().enumerate() {
            *sum += dy[j];
            product[j] += dy[j] * (x[j] - mean[j]);
        }
    }
}
