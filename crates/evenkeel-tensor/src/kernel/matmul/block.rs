//! The loops around the tiles, on one thread.

use std::mem::MaybeUninit;

use pulp::{Simd, WithSimd};

use super::{
    ALIGNMENT, DEPTH, Matrix, Write,
    float::lanes,
    pack,
    tile::{self, Panel},
};
use crate::Float;

/// Rows of A and columns of B in a block: with [`DEPTH`], blocks that fit the second-level cache together.
const BLOCK_ROWS: usize = 120;
const BLOCK_COLUMNS: usize = 512;

/// C = A B, of which every element is written, or C += A B, on this thread; no extent is 0.
///
/// # Safety
/// To accumulate, all of `c` must be initialised.
#[allow(unsafe_code)]
pub(super) unsafe fn product<F: Float>(
    arch: pulp::Arch,
    a: Matrix<'_, F>,
    b: Matrix<'_, F>,
    c: &mut [MaybeUninit<F>],
    write: Write,
) {
    let depth = a.columns.div_ceil(a.columns.div_ceil(DEPTH));
    let rows = a.rows.min(BLOCK_ROWS);
    let columns = b.columns.next_multiple_of(ALIGNMENT).min(BLOCK_COLUMNS);
    F::with_scratch((rows + columns) * depth, |scratch| {
        let (b_scratch, a_scratch) = scratch.split_at_mut(columns * depth);
        arch.dispatch(Product { a, b, c, write, depth, rows, columns, a_scratch, b_scratch });
    });
}

struct Product<'a, F> {
    a: Matrix<'a, F>,
    b: Matrix<'a, F>,
    /// Initialised if `write` accumulates.
    c: &'a mut [MaybeUninit<F>],
    write: Write,
    depth: usize,
    rows: usize,
    columns: usize,
    a_scratch: &'a mut [F],
    b_scratch: &'a mut [F],
}

impl<F: Float> WithSimd for Product<'_, F> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { a, b, c, write, a_scratch, b_scratch, .. } = self;
        let (m, k, n) = (a.rows, a.columns, b.columns);
        for j in (0..n).step_by(self.columns) {
            let columns = self.columns.min(n - j);
            for p in (0..k).step_by(self.depth) {
                let depth = self.depth.min(k - p);
                let write = if p == 0 { write } else { Write::Accumulate };
                let panels = Panels::new::<S>(b.part(p, depth, j, columns), m, b_scratch);
                for i in (0..m).step_by(self.rows) {
                    let rows = self.rows.min(m - i);
                    let a = by_rows(a.part(i, rows, p, depth), panels.count, a_scratch);
                    // SAFETY: the first block of the depth has written what the others add to.
                    #[allow(unsafe_code)]
                    unsafe {
                        panels.times(simd, a, &mut c[i * n + j..], n, write);
                    }
                }
            }
        }
    }
}

/// `a` with the elements of each row side by side: itself, or a copy where they are not, or where its rows lie far apart and are read
/// sufficiently often.
#[inline(always)]
fn by_rows<'a, F: Float>(a: Matrix<'a, F>, reads: usize, scratch: &'a mut [F]) -> Matrix<'a, F> {
    const WORTH: usize = 4;
    const FAR: usize = 2048;
    if a.column_stride == 1 && (a.row_stride <= FAR || reads < WORTH) {
        a
    } else {
        pack::panel(a, a.columns, scratch);
        Matrix { data: scratch, row_stride: a.columns, column_stride: 1, ..a }
    }
}

/// A block of B as panels of whole vectors, packed or where it lies.
struct Panels<'a, F> {
    b: Matrix<'a, F>,
    packed: &'a [F],
    count: usize,
    vectors: usize,
    direct: bool,
}

impl<'a, F: Float> Panels<'a, F> {
    #[inline(always)]
    fn new<S: Simd>(b: Matrix<'a, F>, m: usize, scratch: &'a mut [F]) -> Self {
        // Few rows of A do not repay a copy; rows of B far apart defeat the caches.
        const FEW: usize = 3 * tile::ROWS;
        const SOME: usize = 128;
        const NEAR: usize = 512;
        let near = m <= FEW || (m <= SOME && b.row_stride <= NEAR);
        let vectors = b.columns.div_ceil(lanes::<F, S>());
        let count = vectors.div_ceil(tile::widest::<S>());
        let mut panels = Self { b, packed: &[], count, vectors, direct: b.column_stride == 1 && near };
        for q in 0..count {
            let (start, width, columns) = panels.extent::<S>(q);
            if !panels.is_direct(start, width) {
                pack::panel(b.part(0, b.rows, start, columns), width, &mut scratch[start * b.rows..]);
            }
        }
        panels.packed = scratch;
        panels
    }

    /// Where panel `q` starts, its width in whole vectors, and how many columns of B are in it.
    #[inline(always)]
    fn extent<S: Simd>(&self, q: usize) -> (usize, usize, usize) {
        let at = |q: usize| self.vectors * q / self.count * lanes::<F, S>();
        let (start, end) = (at(q), at(q + 1));
        (start, end - start, end.min(self.b.columns) - start)
    }

    /// Whether the tiles read the panel that starts there where it lies: its last vector may take elements of the
    /// next row along.
    #[inline(always)]
    fn is_direct(&self, start: usize, width: usize) -> bool {
        self.direct && (self.b.rows - 1) * self.b.row_stride + start + width <= self.b.data.len()
    }

    /// C = A B or C += A B for this block of B.
    ///
    /// # Safety
    /// To accumulate, the block's columns of `c` must be initialised.
    #[inline(always)]
    #[allow(unsafe_code)]
    unsafe fn times<S: Simd>(
        &self,
        simd: S,
        a: Matrix<'_, F>,
        c: &mut [MaybeUninit<F>],
        c_row_stride: usize,
        write: Write,
    ) {
        for q in 0..self.count {
            let (start, width, columns) = self.extent::<S>(q);
            let (b, b_row_stride) = if self.is_direct(start, width) {
                (&self.b.data[start..], self.b.row_stride)
            } else {
                (&self.packed[start * self.b.rows..], width)
            };
            let c = &mut c[start..];
            let panel = Panel { a, b, b_row_stride, c, c_row_stride, columns, write };
            // SAFETY: by the caller's promise.
            unsafe { tile::product(simd, width / lanes::<F, S>(), panel) };
        }
    }
}
