//! Copies of parts of A and B in the order in which the tiles read them.

use super::{
    Matrix,
    float::{Gemm, SIDE},
};
use crate::Float;

/// Rows of `width` elements: the rows of `b`, followed by elements that are not used.
#[inline(always)]
pub(super) fn panel<F: Float>(b: Matrix<'_, F>, width: usize, out: &mut [F]) {
    let out = &mut out[..b.rows * width];
    if b.column_stride == 1 {
        for (p, out) in out.chunks_exact_mut(width).enumerate() {
            let row = &b.data[p * b.row_stride..];
            // Whole vectors are copied faster than what is needed of them.
            let length = if row.len() < width { b.columns } else { width };
            copy(&row[..length], &mut out[..length]);
        }
    } else {
        transpose(b, width, out);
    }
}

/// Copies short runs without a call.
#[inline(always)]
fn copy<F: Gemm>(from: &[F], to: &mut [F]) {
    const RUN: usize = 16;
    let (from, from_rest) = from.as_chunks::<RUN>();
    let (to, to_rest) = to.as_chunks_mut::<RUN>();
    to.iter_mut().zip(from).for_each(|(to, from)| *to = *from);
    to_rest.iter_mut().zip(from_rest).for_each(|(to, from)| *to = *from);
}

/// As [`panel`], for a matrix that is stored by columns: squares are turned in registers, of few rows at a time, so that what is written
/// stays in the first-level cache until its lines are full.
#[inline(always)]
fn transpose<F: Float>(b: Matrix<'_, F>, width: usize, out: &mut [F]) {
    const ROWS: usize = 16;
    let turned = |extent: usize| if b.row_stride == 1 { extent / SIDE * SIDE } else { 0 };
    let (rows, columns) = (turned(b.rows), turned(b.columns));
    for p in (0..rows).step_by(ROWS) {
        let rows = ROWS.min(rows - p);
        let out = &mut out[p * width..][..rows * width];
        for j in (0..columns).step_by(SIDE) {
            let squares = |t: usize| b.data[(j + t) * b.column_stride + p..][..rows].as_chunks::<SIDE>().0;
            let squares = squares(0).iter().zip(squares(1)).zip(squares(2)).zip(squares(3));
            for (out, (((&x0, &x1), &x2), &x3)) in out.chunks_exact_mut(SIDE * width).zip(squares) {
                let [y0, y1, y2, y3] = F::transpose([x0, x1, x2, x3]);
                out[j..][..SIDE].copy_from_slice(&y0);
                out[width + j..][..SIDE].copy_from_slice(&y1);
                out[2 * width + j..][..SIDE].copy_from_slice(&y2);
                out[3 * width + j..][..SIDE].copy_from_slice(&y3);
            }
        }
    }
    // What is left at the right and below.
    for (p, out) in out.chunks_exact_mut(width).enumerate() {
        let done = if p < rows { columns } else { 0 };
        for (j, out) in out.iter_mut().enumerate().take(b.columns).skip(done) {
            *out = b.data[p * b.row_stride + j * b.column_stride];
        }
    }
}
