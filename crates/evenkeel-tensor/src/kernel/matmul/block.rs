//! The loops around the tiles, on one thread.

use pulp::{Simd, WithSimd};

use super::{
    ALIGNMENT, DEPTH, Matrix, Write,
    float::lanes,
    pack,
    tile::{self, Panel},
};
use crate::{Float, parallel::Strip};

/// Rows of A and columns of B in a block: with [`DEPTH`], blocks that fit the second-level cache together.
const BLOCK_ROWS: usize = 120;
const BLOCK_COLUMNS: usize = 1024;
/// Columns of a tile, or few more.
const WIDEST: usize = 64;

/// C = A B or C += A B on this thread; no extent is 0.
pub(super) fn product<F: Float>(arch: pulp::Arch, a: Matrix<'_, F>, b: Matrix<'_, F>, c: Strip<'_, F>, write: Write) {
    let depth = a.columns.div_ceil(a.columns.div_ceil(DEPTH));
    let rows = a.rows.clamp(tile::MOST_ROWS, BLOCK_ROWS);
    let columns = b.columns.next_multiple_of(ALIGNMENT).min(BLOCK_COLUMNS);
    F::with_scratch((rows + columns) * depth, |scratch| {
        let (b_scratch, a_scratch) = scratch.split_at_mut(columns * depth);
        arch.dispatch(Product { a, b, c, write, depth, rows, columns, a_scratch, b_scratch });
    });
}

struct Product<'a, F> {
    a: Matrix<'a, F>,
    b: Matrix<'a, F>,
    c: Strip<'a, F>,
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
        let Self { a, b, mut c, write, a_scratch, b_scratch, .. } = self;
        let (m, k, n) = (a.rows, a.columns, b.columns);
        for j in (0..n).step_by(self.columns) {
            let columns = self.columns.min(n - j);
            for p in (0..k).step_by(self.depth) {
                let depth = self.depth.min(k - p);
                let write = if p == 0 { write } else { Write::Accumulate };
                let panels = Panels::new::<S>(b.part(p, depth, j, columns), m, b_scratch);
                for i in (0..m).step_by(self.rows) {
                    let rows = self.rows.min(m - i);
                    let a = near(a.part(i, rows, p, depth), panels.count, a_scratch);
                    panels.times(simd, a, &mut c, (i, j), write);
                }
            }
        }
    }
}

/// Whether A is copied so that its rows follow one another, if each of its elements is read `reads` times: not where they already lie
/// near one another.
fn is_copied<F: Float>(a: Matrix<'_, F>, reads: usize) -> bool {
    const WORTH: usize = 4;
    const SHORT: usize = 32;
    const NEAR: usize = 2048;
    reads >= WORTH && a.columns >= SHORT && (a.column_stride > 1 || a.row_stride > NEAR)
}

/// Whether B, of which `a_rows` rows of A make use, is copied panel by panel. Few rows of A do not repay that; rows of B far apart
/// defeat the caches.
fn is_packed<F: Float>(b: Matrix<'_, F>, a_rows: usize) -> bool {
    const FEW: usize = 128;
    const NEAR: usize = 512;
    b.column_stride > 1 || a_rows > 2 * tile::ROWS && (a_rows > FEW || b.row_stride > NEAR)
}

/// Whether a product that takes `rows` rows of A at a time copies more of B than of A.
pub(super) fn copies_more_of_b<F: Float>(a: Matrix<'_, F>, b: Matrix<'_, F>, rows: usize) -> bool {
    is_packed(b, rows) && (b.columns > a.rows || !is_copied(a, b.columns / WIDEST))
}

/// `a`, or a copy of it where that is worth it or a tile reads more rows than there are.
#[inline(always)]
fn near<'a, F: Float>(a: Matrix<'a, F>, reads: usize, scratch: &'a mut [F]) -> Matrix<'a, F> {
    if a.rows >= tile::MOST_ROWS && !is_copied(a, reads) {
        a
    } else if a.row_stride == 1 {
        pack::rows(a.t(), scratch);
        Matrix { data: scratch, row_stride: 1, column_stride: a.rows, ..a }
    } else {
        pack::rows(a, scratch);
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
        let vectors = b.columns.div_ceil(lanes::<F, S>());
        let count = vectors.div_ceil(tile::widest::<S>());
        let mut panels = Self { b, packed: &[], count, vectors, direct: !is_packed(b, m) };
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

    /// C = A B or C += A B for this block of B, with the first product at `top` and `left` of C.
    #[inline(always)]
    fn times<S: Simd>(
        &self,
        simd: S,
        a: Matrix<'_, F>,
        c: &mut Strip<'_, F>,
        (top, left): (usize, usize),
        write: Write,
    ) {
        for q in 0..self.count {
            let (start, width, columns) = self.extent::<S>(q);
            let (b, b_row_stride) = if self.is_direct(start, width) {
                (&self.b.data[start..], self.b.row_stride)
            } else {
                (&self.packed[start * self.b.rows..], width)
            };
            let panel = Panel { a, b, b_row_stride, c, at: (top, left + start), columns, write };
            tile::product(simd, width / lanes::<F, S>(), panel);
        }
    }
}
