//! Kernels on slices: what operations of every crate are built from.
//!
//! A kernel is a function on slices with no shape but lengths. The instruction set is chosen at run
//! time by [`simd`]; sums use a fixed number of lanes and fixed blocks, so that the bits depend
//! neither on the processor's vector width nor on the number of threads. (Matrix products may differ
//! between instruction sets; see [`matmul`].)

pub mod matmul;

use crate::{Float, parallel};

/// Elements per block of parallel elementwise work: 32 Ki elements keep a core busy for several
/// microseconds, well beyond the cost of a split, and a block of each operand fits the second-level cache.
pub const BLOCK: usize = 32 * 1024;

/// Runs `f` compiled for the best instruction set of this processor.
///
/// Only code inlined into `f` profits: write the closure as `simd(#[inline(always)] || ...)`, and mark what it
/// calls `#[inline(always)]`. A large closure without the mark is silently compiled for the lowest instruction set.
#[inline(always)]
pub fn simd<R>(f: impl FnOnce() -> R) -> R {
    pulp::Arch::new().dispatch(f)
}

/// y = f(x), elementwise.
#[inline]
pub fn map<F: Float>(x: &[F], y: &mut [F], f: impl Fn(F) -> F + Sync) {
    assert_eq!(x.len(), y.len(), "map: lengths");
    parallel::chunks_mut(y, BLOCK, |i, y| {
        let x = &x[i * BLOCK..][..y.len()];
        simd(
            #[inline(always)]
            || y.iter_mut().zip(x).for_each(|(y, &x)| *y = f(x)),
        );
    });
}

/// y = f(a, b), elementwise.
#[inline]
pub fn zip<F: Float>(a: &[F], b: &[F], y: &mut [F], f: impl Fn(F, F) -> F + Sync) {
    assert!(a.len() == y.len() && b.len() == y.len(), "zip: lengths");
    parallel::chunks_mut(y, BLOCK, |i, y| {
        let (a, b) = (&a[i * BLOCK..][..y.len()], &b[i * BLOCK..][..y.len()]);
        simd(
            #[inline(always)]
            || y.iter_mut().zip(a).zip(b).for_each(|((y, &a), &b)| *y = f(a, b)),
        );
    });
}

/// y = f(a, b, c), elementwise.
#[inline]
pub fn zip3<F: Float>(a: &[F], b: &[F], c: &[F], y: &mut [F], f: impl Fn(F, F, F) -> F + Sync) {
    assert!(a.len() == y.len() && b.len() == y.len() && c.len() == y.len(), "zip3: lengths");
    parallel::chunks_mut(y, BLOCK, |i, y| {
        let (a, b, c) = (&a[i * BLOCK..][..y.len()], &b[i * BLOCK..][..y.len()], &c[i * BLOCK..][..y.len()]);
        simd(
            #[inline(always)]
            || y.iter_mut().zip(a).zip(b).zip(c).for_each(|(((y, &a), &b), &c)| *y = f(a, b, c)),
        );
    });
}

/// y = f(y, x), elementwise.
#[inline]
pub fn update<F: Float>(y: &mut [F], x: &[F], f: impl Fn(F, F) -> F + Sync) {
    assert_eq!(x.len(), y.len(), "update: lengths");
    parallel::chunks_mut(y, BLOCK, |i, y| {
        let x = &x[i * BLOCK..][..y.len()];
        simd(
            #[inline(always)]
            || y.iter_mut().zip(x).for_each(|(y, &x)| *y = f(*y, x)),
        );
    });
}

/// y += x
pub fn add_assign<F: Float>(y: &mut [F], x: &[F]) {
    update(y, x, |y, x| y + x);
}

/// Independent partial sums: enough for the widest vectors to hide the latency of an addition.
const LANES: usize = 32;

/// Adds the lanes pairwise.
#[inline(always)]
fn fold_lanes<F: Float>(mut lanes: [F; LANES]) -> F {
    let mut width = LANES / 2;
    while width > 0 {
        for lane in 0..width {
            let other = lanes[lane + width];
            lanes[lane] += other;
        }
        width /= 2;
    }
    lanes[0]
}

/// The sum of `f` of each element, in 32 interleaved partial sums combined pairwise. Sequential; call it inside [`simd`].
#[inline(always)]
pub fn sum_map<F: Float>(x: &[F], f: impl Fn(F) -> F) -> F {
    let mut lanes = [F::ZERO; LANES];
    let (chunks, rest) = x.as_chunks::<LANES>();
    for chunk in chunks {
        for (sum, &x) in lanes.iter_mut().zip(chunk) {
            *sum += f(x);
        }
    }
    lanes.iter_mut().zip(rest).for_each(|(sum, &x)| *sum += f(x));
    fold_lanes(lanes)
}

/// The sum of `f` of each pair of elements; as [`sum_map`]. The shorter slice decides.
#[inline(always)]
pub fn sum_zip<F: Float>(x: &[F], y: &[F], f: impl Fn(F, F) -> F) -> F {
    let n = x.len().min(y.len());
    let mut lanes = [F::ZERO; LANES];
    let ((xs, x_rest), (ys, y_rest)) = (x[..n].as_chunks::<LANES>(), y[..n].as_chunks::<LANES>());
    for (x, y) in xs.iter().zip(ys) {
        for (sum, (&x, &y)) in lanes.iter_mut().zip(x.iter().zip(y)) {
            *sum += f(x, y);
        }
    }
    lanes.iter_mut().zip(x_rest.iter().zip(y_rest)).for_each(|(sum, (&x, &y))| *sum += f(x, y));
    fold_lanes(lanes)
}

/// The sum of `x`, over fixed blocks and a fixed tree.
pub fn sum<F: Float>(x: &[F]) -> F {
    let block = |x: &[F]| {
        simd(
            #[inline(always)]
            move || {
                sum_map(
                    x,
                    #[inline(always)]
                    |x| x,
                )
            },
        )
    };
    parallel::reduce(x.len(), BLOCK, |r| block(&x[r]), |a, b| a + b).unwrap_or(F::ZERO)
}

/// The sum of products of `x` and `y`, over fixed blocks and a fixed tree.
pub fn dot<F: Float>(x: &[F], y: &[F]) -> F {
    assert_eq!(x.len(), y.len(), "dot: lengths");
    let block = |x: &[F], y: &[F]| {
        simd(
            #[inline(always)]
            move || {
                sum_zip(
                    x,
                    y,
                    #[inline(always)]
                    |x, y| x * y,
                )
            },
        )
    };
    parallel::reduce(x.len(), BLOCK, |r| block(&x[r.clone()], &y[r]), |a, b| a + b).unwrap_or(F::ZERO)
}

/// out\[c\] += the sum over rows of x\[r, c\], for `x` of rows of `out.len()` elements.
///
/// Columns are independent, so they may be split among threads; within a column the rows are added
/// in order in four partial sums.
pub fn add_column_sums<F: Float>(x: &[F], out: &mut [F]) {
    let columns = out.len();
    if columns == 0 {
        return;
    }
    let rows = x.len() / columns;
    assert_eq!(x.len(), rows * columns, "add_column_sums: whole rows");
    // A strip of columns stays in the first-level cache while the rows stream by.
    let strip = if rows * columns > BLOCK { 256.min(columns.div_ceil(2)) } else { columns };
    parallel::chunks_mut(out, strip, |i, out| {
        let first = i * strip;
        let width = out.len();
        simd(
            #[inline(always)]
            || {
                let mut r = 0;
                while r + 4 <= rows {
                    let row = |k: usize| &x[(r + k) * columns + first..][..width];
                    let (a, b, c, d) = (row(0), row(1), row(2), row(3));
                    for (j, o) in out.iter_mut().enumerate() {
                        *o += (a[j] + b[j]) + (c[j] + d[j]);
                    }
                    r += 4;
                }
                while r < rows {
                    let row = &x[r * columns + first..][..width];
                    out.iter_mut().zip(row).for_each(|(o, &v)| *o += v);
                    r += 1;
                }
            },
        );
    });
}

/// The largest of `x`, disregarding NaN; -infinity if there are none. Sequential.
#[inline(always)]
pub fn max_value<F: Float>(x: &[F]) -> F {
    let mut lanes = [-F::INFINITY; LANES];
    let mut chunks = x.chunks_exact(LANES);
    for chunk in &mut chunks {
        for (lane, &x) in lanes.iter_mut().zip(chunk) {
            *lane = if x > *lane { x } else { *lane };
        }
    }
    chunks.remainder().iter().chain(&lanes).fold(-F::INFINITY, |m, &x| if x > m { x } else { m })
}

/// Whether every value is neither infinite nor NaN.
#[allow(clippy::eq_op)]
pub fn all_finite<F: Float>(x: &[F]) -> bool {
    // x - x is 0 for finite x and NaN otherwise; a sum keeps the NaN.
    let block = |x: &[F]| {
        simd(
            #[inline(always)]
            move || {
                sum_map(
                    x,
                    #[inline(always)]
                    |x| x - x,
                ) == F::ZERO
            },
        )
    };
    parallel::reduce(x.len(), BLOCK, |r| block(&x[r]), |a, b| a && b).unwrap_or(true)
}
