//! Matrix products: C = A B and C += A B, for any strides of A and B.
//!
//! Every element of C is a sum over blocks of the inner dimension k, in order: q = ⌈k / [`DEPTH`]⌉ blocks, of
//! ⌈k / q⌉ products each but for the last. Within a block, products are added in order by fused multiply-adds.
//! That order depends on k alone. So the bits are the same for any number of threads, for any strides, and on
//! every processor with fused multiply-add (AVX2 or AVX-512 on x86-64, NEON); elsewhere products are rounded
//! before they are added.
//!
//! The work is arranged as in Goto and van de Geijn, "Anatomy of high-performance matrix multiplication"
//! (ACM TOMS 34, 2008): a panel of B is packed so that it is read in order from the nearest caches, and tiles of
//! C are kept in registers. Of the libraries that could be called instead, `private-gemm-x86` comes nearest; it was
//! up to a quarter slower at the products of small networks, and reserves twice the third-level cache in address
//! space for each thread.

mod block;
mod float;
mod pack;
mod tile;

pub use float::Gemm;

use std::mem::MaybeUninit;

use crate::{Float, memory, parallel};

/// The longest run of the inner dimension that is summed before C is updated: the deeper, the less often C is read and
/// written, while a packed panel of B is still read from the nearest caches (160 was measured 2 to 3 % slower at 1024³).
pub const DEPTH: usize = 256;

/// A multiple of the elements in any vector.
const ALIGNMENT: usize = 16;

/// A matrix on a slice, by strides: element (i, j) is `data[i * row_stride + j * column_stride]`.
///
/// A stride may be 0, which repeats a row or a column.
#[derive(Clone, Copy, Debug)]
pub struct Matrix<'a, F> {
    /// The elements.
    pub data: &'a [F],
    /// The number of rows.
    pub rows: usize,
    /// The number of columns.
    pub columns: usize,
    /// From a row to the next.
    pub row_stride: usize,
    /// From a column to the next.
    pub column_stride: usize,
}

impl<'a, F: Float> Matrix<'a, F> {
    /// A contiguous matrix, rows outermost.
    ///
    /// # Panics
    /// If `data` does not hold `rows * columns` elements.
    #[track_caller]
    pub fn new(data: &'a [F], rows: usize, columns: usize) -> Self {
        assert_eq!(data.len(), rows * columns, "a {rows} x {columns} matrix");
        Self { data, rows, columns, row_stride: columns, column_stride: 1 }
    }

    /// The transposed matrix. No copy.
    #[must_use]
    pub fn t(self) -> Self {
        Self {
            data: self.data,
            rows: self.columns,
            columns: self.rows,
            row_stride: self.column_stride,
            column_stride: self.row_stride,
        }
    }

    /// The part of `rows` x `columns` elements that starts at (i, j); not empty.
    #[inline(always)]
    fn part(self, i: usize, rows: usize, j: usize, columns: usize) -> Self {
        Self { data: &self.data[i * self.row_stride + j * self.column_stride..], rows, columns, ..self }
    }

    /// Whether all elements lie inside `data`.
    fn is_inside(&self) -> bool {
        let last = |count: usize, stride: usize| (count - 1).checked_mul(stride);
        self.rows == 0
            || self.columns == 0
            || last(self.rows, self.row_stride)
                .zip(last(self.columns, self.column_stride))
                .and_then(|(i, j)| i.checked_add(j))
                .is_some_and(|last| last < self.data.len())
    }
}

/// What is done with the former content of the destination.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Write {
    /// C = A B; the former content is not read, so a NaN in it leaves no trace.
    Overwrite,
    /// C += A B
    Accumulate,
}

/// C = A B or C += A B, with C contiguous, rows outermost.
///
/// The rows of C are divided among the threads of the current rayon pool where that is worth it. The bits do
/// not depend on that (see the [module](self)). After the first calls of a thread, nothing is allocated but what a
/// [`join`](parallel::join) may.
///
/// ```
/// use evenkeel_tensor::kernel::matmul::{Matrix, Write, matmul};
///
/// let (x, w) = ([1.0, 2.0, 3.0], [4.0, 5.0, 6.0, 7.0, 8.0, 9.0]);
/// let mut y = [0.0; 2];
/// matmul(Matrix::new(&x, 1, 3), Matrix::new(&w, 2, 3).t(), &mut y, Write::Overwrite);
/// assert_eq!(y, [32.0, 50.0]);
/// ```
///
/// # Panics
/// If the extents do not match, or the strides of A or B lead out of their slices.
#[track_caller]
pub fn matmul<F: Float>(a: Matrix<'_, F>, b: Matrix<'_, F>, c: &mut [F], write: Write) {
    // SAFETY: all elements are there.
    #[allow(unsafe_code)]
    unsafe {
        into(a, b, as_uninit(c), write);
    }
}

/// A B as a new array, rows outermost: as [`matmul`] into one, which is not filled with zeros first.
///
/// ```
/// use evenkeel_tensor::kernel::matmul::{Matrix, product};
///
/// let (x, w) = ([1.0, 2.0, 3.0], [4.0, 5.0, 6.0, 7.0, 8.0, 9.0]);
/// assert_eq!(product(Matrix::new(&x, 1, 3), Matrix::new(&w, 2, 3).t()), [32.0, 50.0]);
/// ```
///
/// # Panics
/// As [`matmul`].
#[track_caller]
#[must_use]
pub fn product<F: Float>(a: Matrix<'_, F>, b: Matrix<'_, F>) -> Vec<F> {
    let len = a.rows.checked_mul(b.columns).expect("a product that fits memory");
    let mut c = memory::with_capacity(len);
    // SAFETY: overwriting reads nothing of what was there, and writes every element.
    #[allow(unsafe_code)]
    unsafe {
        into(a, b, &mut c.spare_capacity_mut()[..len], Write::Overwrite);
        c.set_len(len);
    }
    c
}

/// # Safety
/// No element may be made uninitialised.
#[allow(unsafe_code)]
unsafe fn as_uninit<F>(c: &mut [F]) -> &mut [MaybeUninit<F>] {
    // SAFETY: the layout is the same, and the caller's promise keeps the elements.
    unsafe { &mut *(std::ptr::from_mut(c) as *mut [MaybeUninit<F>]) }
}

/// C = A B, of which every element is written, or C += A B.
///
/// # Safety
/// To accumulate, all of `c` must be initialised.
#[track_caller]
#[allow(unsafe_code)]
unsafe fn into<F: Float>(a: Matrix<'_, F>, b: Matrix<'_, F>, c: &mut [MaybeUninit<F>], write: Write) {
    let (m, k, n) = (a.rows, a.columns, b.columns);
    assert!(
        b.rows == k && m.checked_mul(n) == Some(c.len()),
        "matmul: {m} x {k} times {} x {n} into {} elements",
        b.rows,
        c.len()
    );
    assert!(a.is_inside() && b.is_inside(), "matmul: strides lead out of the slice");
    if c.is_empty() {
        return;
    }
    if k == 0 {
        if write == Write::Overwrite {
            c.fill(MaybeUninit::new(F::ZERO));
        }
        return;
    }
    let arch = pulp::Arch::new();
    let rows = rows_per_task(m, k, n);
    parallel::chunks_mut(c, rows * n, |task, c| {
        let a = a.part(task * rows, c.len() / n, 0, k);
        // SAFETY: by the caller's promise.
        unsafe { block::product(arch, a, b, c, write) };
    });
}

/// Rows of C that one thread takes.
fn rows_per_task(m: usize, k: usize, n: usize) -> usize {
    // A thread does about 100 multiply-adds in a nanosecond; waking one costs some microseconds, entering the
    // pool from outside some more. Each task packs B for itself: fetching what another core has just written
    // was measured to cost more.
    let least = if rayon::current_thread_index().is_some() { 1 << 20 } else { 1 << 22 };
    let work = m.saturating_mul(k).saturating_mul(n);
    if work < 2 * least {
        return m;
    }
    let tasks = rayon::current_num_threads().min(work / least);
    m.div_ceil(tasks).next_multiple_of(tile::ROWS)
}

#[cfg(test)]
mod tests;
