//! Matrix products: C = A B and C += A B, for any strides of A and B.

use crate::Float;

/// A matrix on a slice, by strides: element (i, j) is `data[i * row_stride + j * column_stride]`.
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
}

/// What is done with the former content of the destination.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Write {
    /// C = A B
    Overwrite,
    /// C += A B
    Accumulate,
}

/// The single-threaded product kernel of a float type; sealed with [`Float`].
pub trait Gemm: Sized {
    /// # Safety
    /// Pointers and strides must stay inside the three matrices, and `c` must not overlap the others.
    #[doc(hidden)]
    #[allow(unsafe_code, clippy::too_many_arguments)]
    unsafe fn gemm(
        m: usize,
        k: usize,
        n: usize,
        a: *const Self,
        rsa: isize,
        csa: isize,
        b: *const Self,
        rsb: isize,
        csb: isize,
        beta: Self,
        c: *mut Self,
        rsc: isize,
        csc: isize,
    );
}

macro_rules! gemm {
    ($f:ty, $portable:path) => {
        impl Gemm for $f {
            #[allow(unsafe_code)]
            unsafe fn gemm(
                m: usize,
                k: usize,
                n: usize,
                a: *const Self,
                rsa: isize,
                csa: isize,
                b: *const Self,
                rsb: isize,
                csb: isize,
                beta: Self,
                c: *mut Self,
                rsc: isize,
                csc: isize,
            ) {
                // SAFETY: the caller's.
                unsafe { $portable(m, k, n, 1.0, a, rsa, csa, b, rsb, csb, beta, c, rsc, csc) }
            }
        }
    };
}
gemm!(f32, matrixmultiply::sgemm);
gemm!(f64, matrixmultiply::dgemm);

/// C = A B or C += A B, with C contiguous, rows outermost.
///
/// # Panics
/// If the extents do not match.
#[track_caller]
#[allow(unsafe_code)]
pub fn matmul<F: Float>(a: Matrix<'_, F>, b: Matrix<'_, F>, c: &mut [F], write: Write) {
    let (m, k, n) = (a.rows, a.columns, b.columns);
    assert!(b.rows == k && c.len() == m * n, "matmul: {m} x {k} times {} x {n} into {} elements", b.rows, c.len());
    let beta = if write == Write::Accumulate { F::ONE } else { F::ZERO };
    // SAFETY: extents checked; Matrix::new and the views keep strides inside their slices.
    unsafe {
        F::gemm(
            m,
            k,
            n,
            a.data.as_ptr(),
            a.row_stride as isize,
            a.column_stride as isize,
            b.data.as_ptr(),
            b.row_stride as isize,
            b.column_stride as isize,
            beta,
            c.as_mut_ptr(),
            n as isize,
            1,
        );
    }
}
