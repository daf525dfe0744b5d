//! The innermost loops: tiles of C in registers, one below the other.

use std::mem::MaybeUninit;

use pulp::{Simd, WithSimd, bytemuck};

use super::{Matrix, Write, float::lanes};
use crate::Float;

/// Rows of the widest tile: with 32 registers of 4 vectors, with 16 registers of 2. That takes the fewest loads for each multiply-add:
/// 10 for 24 (8 rows of 3 vectors take 11, 12 rows of 2 take 14).
pub(super) const ROWS: usize = 6;
/// Rows of narrower tiles, so that enough additions are in flight.
const MORE_ROWS: usize = 8;
const MOST_ROWS: usize = 12;

/// Vectors across the widest tile.
pub(super) const fn widest<S: Simd>() -> usize {
    if S::REGISTER_COUNT >= 32 { 4 } else { 2 }
}

/// A panel of the product, as wide as a tile: C (rows x columns) from A (rows x depth) and B (depth x whole vectors).
pub(super) struct Panel<'a, F> {
    /// The elements of a row are neighbours.
    pub(super) a: Matrix<'a, F>,
    /// Rows of whole vectors; what stands beyond `columns` is read, but not used.
    pub(super) b: &'a [F],
    pub(super) b_row_stride: usize,
    pub(super) c: &'a mut [MaybeUninit<F>],
    pub(super) c_row_stride: usize,
    pub(super) columns: usize,
    pub(super) write: Write,
}

/// Computes a panel of `vectors` across.
///
/// # Safety
/// To accumulate, the panel's columns of C must be initialised.
#[inline(always)]
#[allow(unsafe_code)]
pub(super) unsafe fn product<F: Float, S: Simd>(simd: S, vectors: usize, panel: Panel<'_, F>) {
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

/// What [`product`] asks for. Not inlined: alone in its function, the loop gets the registers it needs.
#[inline(never)]
fn run<F: Float, S: Simd, const R: usize, const V: usize>(simd: S, panel: Panel<'_, F>) {
    simd.vectorize(Tiles::<F, R, V>(panel));
}

struct Tiles<'a, F, const R: usize, const V: usize>(Panel<'a, F>);

impl<F: Float, const R: usize, const V: usize> WithSimd for Tiles<'_, F, R, V> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Panel { a, b, b_row_stride, c, c_row_stride, columns, write } = self.0;
        let width = V * lanes::<F, S>();
        let end = (a.columns - 1).checked_mul(b_row_stride).and_then(|last| last.checked_add(width));
        assert!(
            a.column_stride == 1 && a.is_inside() && end.is_some_and(|end| end <= b.len()),
            "a panel reaches out of its operands"
        );
        for (i, c) in (0..a.rows).step_by(R).zip(c.chunks_mut(R * c_row_stride)) {
            let rows = R.min(a.rows - i);
            // SAFETY: just asserted for all rows of A, and there are rows from i on.
            #[allow(unsafe_code)]
            let sums = unsafe { sums::<F, S, R, V>(simd, a, i, rows, b, b_row_stride) };
            // Counting to a constant leaves the sums in registers.
            for (r, sums) in sums.into_iter().enumerate() {
                if r < rows {
                    // SAFETY: by the promise of who asked for the panel.
                    #[allow(unsafe_code)]
                    unsafe {
                        add(simd, sums, &mut c[r * c_row_stride..][..columns], write);
                    }
                }
            }
        }
    }
}

/// The sums of products over the depth, for `rows` rows (the last one repeated to make R) and V vectors.
///
/// # Safety
/// Rows i..i + rows of A lie inside its slice, and so do V vectors in each row of B. The elements of a row of A are neighbours.
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
    /// Products in a turn of the loop: B then streams from the second-level cache as fast as from the first.
    const TURN: usize = 4;
    let mut sums = [[F::splat(simd, F::ZERO); V]; R];
    // SAFETY: what is read lies inside, by the caller's promise; pointers that step beyond the last row of B are formed by wrapping
    // arithmetic and not used.
    unsafe {
        let a_rows: [*const F; R] = std::array::from_fn(|r| a.data.as_ptr().add((i + r.min(rows - 1)) * a.row_stride));
        let mut b = b.as_ptr();
        let mut p = 0;
        while p + TURN <= a.columns {
            for p in p..p + TURN {
                add_product(simd, &mut sums, a_rows, p, b);
                b = b.wrapping_add(b_row_stride);
            }
            p += TURN;
        }
        for p in p..a.columns {
            add_product(simd, &mut sums, a_rows, p, b);
            b = b.wrapping_add(b_row_stride);
        }
    }
    sums
}

/// Adds the products of element `p` of each row of A and V vectors at `b`.
///
/// # Safety
/// These lie inside.
#[inline(always)]
#[allow(unsafe_code)]
unsafe fn add_product<F: Float, S: Simd, const R: usize, const V: usize>(
    simd: S,
    sums: &mut [[F::Vector<S>; V]; R],
    a_rows: [*const F; R],
    p: usize,
    b: *const F,
) {
    // SAFETY: by the caller's promise.
    let b: [F::Vector<S>; V] = std::array::from_fn(|v| unsafe { b.cast::<F::Vector<S>>().add(v).read_unaligned() });
    for (sums, a_row) in sums.iter_mut().zip(a_rows) {
        // SAFETY: as before.
        let a = F::splat(simd, unsafe { *a_row.add(p) });
        for (sum, b) in sums.iter_mut().zip(b) {
            *sum = F::multiply_add(simd, a, b, *sum);
        }
    }
}

/// Writes or adds a row of sums to a row of C, which may end within the last vector.
///
/// # Safety
/// To add, the row must be initialised.
#[inline(always)]
#[allow(unsafe_code)]
unsafe fn add<F: Float, S: Simd, const V: usize>(
    simd: S,
    sums: [F::Vector<S>; V],
    c: &mut [MaybeUninit<F>],
    write: Write,
) {
    let lanes = lanes::<F, S>();
    for (v, sum) in sums.into_iter().enumerate() {
        if let Some(c) = c.get_mut(v * lanes..(v + 1) * lanes) {
            let c = c.as_mut_ptr().cast::<F::Vector<S>>();
            // SAFETY: these are the elements of a vector; they are initialised where they are read.
            unsafe {
                c.write_unaligned(if write == Write::Overwrite { sum } else { F::plus(simd, c.read_unaligned(), sum) })
            };
        } else if let Some(c) = c.get_mut(v * lanes..) {
            let sum = [sum];
            for (c, &sum) in c.iter_mut().zip(bytemuck::cast_slice::<F::Vector<S>, F>(&sum)) {
                c.write(match write {
                    Write::Overwrite => sum,
                    // SAFETY: by the caller's promise.
                    Write::Accumulate => sum + unsafe { c.assume_init() },
                });
            }
        }
    }
}
