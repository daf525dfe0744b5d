//! An affine map of rows.

use evenkeel_tensor::kernel::matmul::{Matrix, Write, matmul};
use evenkeel_tensor::{Float, Tensor, kernel, parallel};

use crate::scale::block_rows;

/// y = (x - before) matrix + after, for each row x.
pub(super) struct RowMap {
    pub(super) before: Vec<f64>,
    /// As many rows as x has columns, and as many columns as y.
    pub(super) matrix: Vec<f64>,
    pub(super) after: Vec<f64>,
}

impl RowMap {
    /// Each row in the place of its image; there have to be as many columns as before.
    pub(super) fn replace<F: Float>(&self, x: &mut Tensor<F>) {
        let to = self.after.len();
        parallel::chunks_mut(x.as_mut_slice(), self.block_rows() * to, |_, rows| {
            self.write(&self.products(rows), rows)
        });
    }

    /// The images of the rows of a matrix.
    pub(super) fn images<F: Float>(&self, x: &Tensor<F>) -> Tensor<F> {
        let (from, to, height) = (self.before.len(), self.after.len(), self.block_rows());
        let (mut y, x_rows) = (Tensor::zeros([x.shape()[0], to]), x.as_slice());
        parallel::chunks_mut(y.as_mut_slice(), height * to, |i, y| {
            self.write(&self.products(&x_rows[i * height * from..][..y.len() / to * from]), y);
        });
        y
    }

    fn block_rows(&self) -> usize {
        block_rows(self.before.len().max(self.after.len()))
    }

    /// (x - before) matrix
    fn products<F: Float>(&self, x: &[F]) -> Vec<f64> {
        let (from, to) = (self.before.len(), self.after.len());
        let rows = x.len() / from;
        let mut shifted = vec![0.0; x.len()];
        kernel::simd(
            #[inline(always)]
            || {
                let before = &self.before[..from];
                for (shifted, x) in shifted.chunks_exact_mut(from).zip(x.chunks_exact(from)) {
                    for ((shifted, x), before) in shifted.iter_mut().zip(x).zip(before) {
                        *shifted = x.to_f64() - before;
                    }
                }
            },
        );
        let mut products = vec![0.0; rows * to];
        matmul(Matrix::new(&shifted, rows, from), Matrix::new(&self.matrix, from, to), &mut products, Write::Overwrite);
        products
    }

    /// y = products + after
    fn write<F: Float>(&self, products: &[f64], y: &mut [F]) {
        let to = self.after.len();
        kernel::simd(
            #[inline(always)]
            || {
                let after = &self.after[..to];
                for (y, products) in y.chunks_exact_mut(to).zip(products.chunks_exact(to)) {
                    for ((y, product), after) in y.iter_mut().zip(products).zip(after) {
                        *y = F::from_f64(product + after);
                    }
                }
            },
        );
    }
}
