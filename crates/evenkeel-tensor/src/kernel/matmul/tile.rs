//! The innermost loops: tiles of C in registers, one below the other.

use pulp::{Simd, WithSimd, bytemuck};

use super::{Matrix, Write, float::lanes};
use crate::Float;

/// Rows of the widest tile: with 32 registers 8 rows of 3 vectors, with 16 registers 6 rows of 2. A panel of B as wide as that (48
/// columns of f32) just fits the first-level cache; 6 rows of 4 vectors were measured 3 to 8 % slower.
pub(super) const ROWS: usize = 8;
const FEWER_ROWS: usize = 6;
/// Rows of a narrow tile, so that enough additions are in flight.
const TALL: usize = 12;

/// Vectors across the widest tile.
pub(super) const fn widest<S: Simd>() -> usize {
    if S::REGISTER_COUNT >= 32 { 3 } else { 2 }
}

/// A strip of the product, as wide as a tile: C (rows x columns) from A (rows x depth) and B (depth x whole vectors).
pub(super) struct Strip<'a, F> {
    pub(super) a: Matrix<'a, F>,
    /// Rows of whole vectors; what stands beyond `columns` is read, but not used.
    pub(super) b: &'a [F],
    pub(super) b_row_stride: usize,
    pub(super) c: &'a mut [F],
    pub(super) c_row_stride: usize,
    pub(super) columns: usize,
    pub(super) write: Write,
}

/// Computes a strip of `vectors` across.
#[inline(always)]
pub(super) fn product<F: Float, S: Simd>(simd: S, vectors: usize, strip: Strip<'_, F>) {
    let rows = strip.a.rows;
    if const { S::REGISTER_COUNT >= 32 } {
        match (vectors, rows > ROWS) {
            (1, true) => run::<F, S, TALL, 1>(simd, strip),
            (1, false) => run::<F, S, ROWS, 1>(simd, strip),
            (2, true) => run::<F, S, TALL, 2>(simd, strip),
            (2, false) => run::<F, S, ROWS, 2>(simd, strip),
            _ => run::<F, S, ROWS, 3>(simd, strip),
        }
    } else {
        match (vectors, rows > FEWER_ROWS) {
            (1, true) => run::<F, S, TALL, 1>(simd, strip),
            (1, false) => run::<F, S, FEWER_ROWS, 1>(simd, strip),
            _ => run::<F, S, FEWER_ROWS, 2>(simd, strip),
        }
    }
}

/// Not inlined: alone in its function, the loop gets the registers it needs.
#[inline(never)]
fn run<F: Float, S: Simd, const R: usize, const V: usize>(simd: S, strip: Strip<'_, F>) {
    simd.vectorize(Tiles::<F, R, V>(strip));
}

struct Tiles<'a, F, const R: usize, const V: usize>(Strip<'a, F>);

impl<F: Float, const R: usize, const V: usize> WithSimd for Tiles<'_, F, R, V> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Strip { a, b, b_row_stride, c, c_row_stride, columns, write } = self.0;
        let width = V * lanes::<F, S>();
        let end = (a.columns - 1).checked_mul(b_row_stride).and_then(|last| last.checked_add(width));
        assert!(a.is_inside() && end.is_some_and(|end| end <= b.len()), "a strip reaches out of its operands");
        for (i, c) in (0..a.rows).step_by(R).zip(c.chunks_mut(R * c_row_stride)) {
            let rows = R.min(a.rows - i);
            // SAFETY: just asserted for all rows of A, and there are rows from i on.
            #[allow(unsafe_code)]
            let sums = unsafe { sums::<F, S, R, V>(simd, a, i, rows, b, b_row_stride) };
            // Counting to a constant leaves the sums in registers.
            for (r, sums) in sums.into_iter().enumerate() {
                if r < rows {
                    add(simd, sums, &mut c[r * c_row_stride..][..columns], write);
                }
            }
        }
    }
}

/// The sums of products over the depth, for `rows` rows (the last one repeated to make R) and V vectors.
///
/// # Safety
/// Rows i..i + rows of A lie inside its slice, and so do V vectors in each row of B.
#[inline(always)]
#[allow(unsafe_code)]
unsafe fn sums<F: Float, S: Simd, const R: usize, const V: usize>(
    simd: S,
    a: Matrix<'_, F>,
    i: usize,
    rows: usize,
    b: &[F],
    b_row_stride: usize,
) -> [[F::Vector<S>; V]; R] {
    let mut sums = [[F::splat(simd, F::ZERO); V]; R];
    // SAFETY: what is read lies inside, by the caller's promise; pointers that step beyond the last product are
    // formed by wrapping arithmetic and not used.
    unsafe {
        let a_rows: [*const F; R] = std::array::from_fn(|r| a.data.as_ptr().add((i + r.min(rows - 1)) * a.row_stride));
        let (mut a_offset, mut b) = (0_usize, b.as_ptr());
        for _ in 0..a.columns {
            let b_row: [F::Vector<S>; V] = std::array::from_fn(|v| b.cast::<F::Vector<S>>().add(v).read_unaligned());
            for (sums, a_row) in sums.iter_mut().zip(a_rows) {
                let a = F::splat(simd, *a_row.add(a_offset));
                for (sum, b) in sums.iter_mut().zip(b_row) {
                    *sum = F::multiply_add(simd, a, b, *sum);
                }
            }
            a_offset = a_offset.wrapping_add(a.column_stride);
            b = b.wrapping_add(b_row_stride);
        }
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
