//! The innermost loops: tiles of C in registers, one below the other.

use pulp::{Simd, WithSimd, bytemuck};

use super::{Matrix, Write, float::lanes};
use crate::{Float, parallel::Strip};

/// Rows of the widest tile: with 32 registers of 4 vectors, with 16 registers of 2. That takes the fewest loads for each multiply-add:
/// 10 for 24 (8 rows of 3 vectors take 11, 12 rows of 2 take 14).
pub(super) const ROWS: usize = 6;
/// Rows of narrower tiles, so that enough additions are in flight.
const MORE_ROWS: usize = 8;
pub(super) const MOST_ROWS: usize = 12;

/// Vectors across the widest tile.
pub(super) const fn widest<S: Simd>() -> usize {
    if S::REGISTER_COUNT >= 32 { 4 } else { 2 }
}

/// A panel of the product, as wide as a tile: C (rows x columns) from A (rows x depth) and B (depth x whole vectors).
pub(super) struct Panel<'a, 'c, F> {
    /// Its slice holds at least [`MOST_ROWS`] rows.
    pub(super) a: Matrix<'a, F>,
    /// Rows of whole vectors; what stands beyond `columns` is read, but not used.
    pub(super) b: &'a [F],
    pub(super) b_row_stride: usize,
    pub(super) c: &'a mut Strip<'c, F>,
    /// Row and column of C where the panel starts.
    pub(super) at: (usize, usize),
    pub(super) columns: usize,
    pub(super) write: Write,
}

/// Computes a panel of `vectors` across.
#[inline(always)]
pub(super) fn product<F: Float, S: Simd>(simd: S, vectors: usize, panel: Panel<'_, '_, F>) {
    let tall = panel.a.rows > MORE_ROWS;
    if const { S::REGISTER_COUNT >= 32 } {
        match (vectors, tall) {
            (1, true) => run::<F, S, MOST_ROWS, 1>(simd, panel),
            (1, false) => run::<F, S, MORE_ROWS, 1>(simd, panel),
            (2, true) => run::<F, S, MOST_ROWS, 2>(simd, panel),
            (2, false) => run::<F, S, MORE_ROWS, 2>(simd, panel),
            (3, _) => run::<F, S, MORE_ROWS, 3>(simd, panel),
            _ => run::<F, S, ROWS, 4>(simd, panel),
        }
    } else {
        match (vectors, tall) {
            (1, true) => run::<F, S, MOST_ROWS, 1>(simd, panel),
            (1, false) => run::<F, S, ROWS, 1>(simd, panel),
            _ => run::<F, S, ROWS, 2>(simd, panel),
        }
    }
}

/// Not inlined: alone in its function, the loop gets the registers it needs.
#[inline(never)]
fn run<F: Float, S: Simd, const R: usize, const V: usize>(simd: S, panel: Panel<'_, '_, F>) {
    simd.vectorize(Tiles::<F, R, V>(panel));
}

struct Tiles<'a, 'c, F, const R: usize, const V: usize>(Panel<'a, 'c, F>);

impl<F: Float, const R: usize, const V: usize> WithSimd for Tiles<'_, '_, F, R, V> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Panel { a, b, b_row_stride, c, at: (top, left), columns, write } = self.0;
        let width = V * lanes::<F, S>();
        let end = (a.columns - 1).checked_mul(b_row_stride).and_then(|last| last.checked_add(width));
        let read = Matrix { rows: a.rows.max(R), ..a };
        assert!(read.is_inside() && end.is_some_and(|end| end <= b.len()), "a panel reaches out of its operands");
        for i in (0..a.rows).step_by(R) {
            // The last tile takes rows of the one before along; what those give is not used.
            let first = i.min(read.rows - R);
            // SAFETY: just asserted for all rows that are read.
            #[allow(unsafe_code)]
            let sums = unsafe { sums::<F, S, R, V>(simd, a, first, b, b_row_stride) };
            // Counting to a constant leaves the sums in registers.
            for (r, sums) in sums.into_iter().enumerate() {
                if (i..a.rows).contains(&(first + r)) {
                    add(simd, sums, &mut c.row(top + first + r)[left..][..columns], write);
                }
            }
        }
    }
}

/// The sums of products over the depth, for R rows from `first` on and V vectors.
///
/// # Safety
/// The rows of A lie inside its slice, and so do V vectors in each row of B.
#[inline(always)]
#[allow(unsafe_code)]
unsafe fn sums<F: Float, S: Simd, const R: usize, const V: usize>(
    simd: S,
    a: Matrix<'_, F>,
    first: usize,
    b: &[F],
    b_row_stride: usize,
) -> [[F::Vector<S>; V]; R] {
    /// Steps of the depth in a turn of the loop: B then streams from the second-level cache as fast as from the first.
    const STEPS: usize = 4;
    let mut sums = [[F::splat(simd, F::ZERO); V]; R];
    // SAFETY: what is read lies inside, by the caller's promise; pointers that step beyond the last product are
    // formed by wrapping arithmetic and not used.
    unsafe {
        let (mut a_data, mut b) = (a.data.as_ptr().add(first * a.row_stride), b.as_ptr());
        let mut step = |sums: &mut [[F::Vector<S>; V]; R], steps| {
            for _ in 0..steps {
                let b_row: [F::Vector<S>; V] =
                    std::array::from_fn(|v| b.cast::<F::Vector<S>>().add(v).read_unaligned());
                for (r, sums) in sums.iter_mut().enumerate() {
                    let a = F::splat(simd, *a_data.add(r * a.row_stride));
                    for (sum, b) in sums.iter_mut().zip(b_row) {
                        *sum = F::multiply_add(simd, a, b, *sum);
                    }
                }
                a_data = a_data.wrapping_add(a.column_stride);
                b = b.wrapping_add(b_row_stride);
            }
        };
        for _ in 0..a.columns / STEPS {
            step(&mut sums, STEPS);
        }
        step(&mut sums, a.columns % STEPS);
    }
    sums
}

/// Writes or adds a row of sums to a row of C, which may end within the last vector.
#[inline(always)]
fn add<F: Float, S: Simd, const V: usize>(simd: S, sums: [F::Vector<S>; V], c: &mut [F], write: Write) {
    let lanes = lanes::<F, S>();
    for (v, sum) in sums.into_iter().enumerate() {
        if let Some(c) = c.get_mut(v * lanes..(v + 1) * lanes) {
            let c = &mut bytemuck::cast_slice_mut::<F, F::Vector<S>>(c)[0];
            *c = if write == Write::Overwrite { sum } else { F::plus(simd, *c, sum) };
        } else if let Some(c) = c.get_mut(v * lanes..) {
            let sum = [sum];
            for (c, &sum) in c.iter_mut().zip(bytemuck::cast_slice::<F::Vector<S>, F>(&sum)) {
                *c = if write == Write::Overwrite { sum } else { *c + sum };
            }
        }
    }
}
