//! Matrix products, transposes and norms.

use crate::kernel;
use crate::kernel::matmul::{Matrix, Write, matmul, product};
use crate::{Element, Float, Shape, ShapeError, Tensor, TensorView, parallel};

/// Multiplications worth a task of their own, when a batch of products is shared among threads.
const TASK: usize = 1 << 18;

impl<T: Element> TensorView<'_, T> {
    /// The transpose of each matrix: the last two axes swapped. No copy.
    ///
    /// # Panics
    /// If there are fewer than two axes.
    #[must_use]
    #[track_caller]
    pub fn t(self) -> Self {
        let rank = self.shape().rank();
        assert!(rank >= 2, "t() of an array of shape {}: a matrix has two axes", self.shape());
        self.transpose(rank - 2, rank - 1)
    }
}

impl<F: Float> TensorView<'_, F> {
    /// The matrix product; see [`Tensor::matmul`]. Transposed and sliced operands are not copied.
    ///
    /// ```
    /// use evenkeel_tensor::Tensor;
    ///
    /// let x = Tensor::from([[1.0f32, 2.0], [3.0, 4.0], [5.0, 6.0]]);
    /// assert_eq!(x.t().matmul(x.view()), Tensor::from([[35.0, 44.0], [44.0, 56.0]]));
    /// ```
    ///
    /// # Panics
    /// Where [`try_matmul`](Self::try_matmul) gives an error.
    #[must_use]
    #[track_caller]
    pub fn matmul(self, other: TensorView<'_, F>) -> Tensor<F> {
        self.try_matmul(other).unwrap_or_else(|e| panic!("{e}"))
    }

    /// The matrix product; see [`Tensor::matmul`].
    ///
    /// # Errors
    /// If an operand has fewer than two axes, the columns of the first are not as many as the rows of the second, or
    /// the leading axes do not broadcast.
    pub fn try_matmul(self, other: TensorView<'_, F>) -> Result<Tensor<F>, ShapeError> {
        let (a, b) = (self.shape(), other.shape());
        let ([outer_a @ .., m, k], [outer_b @ .., rows, n]) = (&a[..], &b[..]) else {
            return Err(matmul_error(a, b, "give a vector a second axis with insert_axis, or use dot"));
        };
        if k != rows {
            return Err(matmul_error(a, b, "transpose one of them with t(), or check their order"));
        }
        let cure = "only equal extents and 1 broadcast in the leading axes";
        let batch = Shape::from(outer_a).broadcast(&Shape::from(outer_b)).map_err(|_| matmul_error(a, b, cure))?;
        let stack = |rows: usize, columns: usize| Shape::try_new(&[&batch[..], &[rows, columns]].concat());
        let shape = stack(*m, *n)?;
        if shape.numel() == 0 || *k == 0 {
            return Ok(Tensor::zeros(shape));
        }
        // Many matrices times one are one tall matrix times it.
        if outer_b.is_empty()
            && let Some(data) = self.as_slice()
        {
            return Tensor::from_vec(shape, product(Matrix::new(data, batch.numel() * m, *k), other.matrix()));
        }
        let mut out = Tensor::zeros(shape);
        let (a, b) = (self.broadcast_to(stack(*m, *k)?)?, other.broadcast_to(stack(*k, *n)?)?);
        let products = (TASK / (m * k * n)).max(1);
        parallel::chunks_mut(out.as_mut_slice(), products * m * n, |chunk, out| {
            for (i, c) in out.chunks_exact_mut(m * n).enumerate() {
                let index = chunk * products + i;
                matmul(a.inner(batch, index).matrix(), b.inner(batch, index).matrix(), c, Write::Overwrite);
            }
        });
        Ok(out)
    }

    /// The matrix at the row-major position `index` of the leading axes.
    fn inner(self, batch: Shape, mut index: usize) -> Self {
        let mut out = self;
        for axis in (0..batch.rank()).rev() {
            out = out.select(axis, index % batch[axis]);
            index /= batch[axis];
        }
        out
    }

    fn matrix(&self) -> Matrix<'_, F> {
        let (shape, strides) = (self.shape(), self.strides());
        Matrix {
            data: self.data(),
            rows: shape[0],
            columns: shape[1],
            row_stride: strides[0] as usize,
            column_stride: strides[1] as usize,
        }
    }
}

fn matmul_error(a: Shape, b: Shape, cure: &str) -> ShapeError {
    ShapeError::new("matmul", "shapes [.., m, k] and [.., k, n]", format!("{a} and {b}"), cure)
}

impl<T: Element> Tensor<T> {
    /// A view with the last two axes swapped: the transpose of each matrix. No copy.
    ///
    /// # Panics
    /// If there are fewer than two axes.
    #[track_caller]
    pub fn t(&self) -> TensorView<'_, T> {
        self.view().t()
    }
}

/// # Linear algebra
impl<F: Float> Tensor<F> {
    /// The matrix product: \[.., m, k\] times \[.., k, n\] gives \[.., m, n\], where the leading axes broadcast.
    ///
    /// C\[i, j\] = Σ A\[i, l\] B\[l, j\], 0 where k is 0. For transposed or sliced operands take views:
    /// `a.t().matmul(b.view())`.
    ///
    /// ```
    /// use evenkeel_tensor::Tensor;
    ///
    /// let a = Tensor::from([[1.0f32, 2.0], [3.0, 4.0]]);
    /// assert_eq!(a.matmul(&a), Tensor::from([[7.0, 10.0], [15.0, 22.0]]));
    ///
    /// let batch = Tensor::<f32>::ones([5, 3, 2]);
    /// assert_eq!(batch.matmul(&a).shape(), [5, 3, 2].into());
    /// ```
    ///
    /// # Panics
    /// Where [`try_matmul`](Self::try_matmul) gives an error.
    #[must_use]
    #[track_caller]
    pub fn matmul(&self, other: &Self) -> Self {
        self.view().matmul(other.view())
    }

    /// The matrix product; see [`matmul`](Self::matmul).
    ///
    /// # Errors
    /// If an operand has fewer than two axes, the columns of the first are not as many as the rows of the second, or
    /// the leading axes do not broadcast.
    pub fn try_matmul(&self, other: &Self) -> Result<Self, ShapeError> {
        self.view().try_matmul(other.view())
    }

    /// The inner product Σ a b of two arrays of one shape; for matrices the Frobenius inner product.
    ///
    /// # Panics
    /// If the shapes differ.
    #[track_caller]
    pub fn dot(&self, other: &Self) -> F {
        assert!(self.shape() == other.shape(), "dot: arrays of shapes {} and {}", self.shape(), other.shape());
        kernel::dot(self.as_slice(), other.as_slice())
    }

    /// The outer product of two vectors: shape \[m, n\], C\[i, j\] = a\[i\] b\[j\].
    ///
    /// ```
    /// use evenkeel_tensor::Tensor;
    ///
    /// let (a, b) = (Tensor::from([1.0, 2.0]), Tensor::from([3.0, 4.0, 5.0]));
    /// assert_eq!(a.outer(&b), Tensor::from([[3.0, 4.0, 5.0], [6.0, 8.0, 10.0]]));
    /// assert_eq!(a.dot(&a), 5.0);
    /// assert_eq!(Tensor::from([[3.0, 0.0], [0.0, 4.0]]).norm(), 5.0);
    /// ```
    ///
    /// # Panics
    /// If an array is not a vector.
    #[must_use]
    #[track_caller]
    pub fn outer(&self, other: &Self) -> Self {
        let vectors = self.shape().rank() == 1 && other.shape().rank() == 1;
        assert!(vectors, "outer: two vectors, not arrays of shapes {} and {}", self.shape(), other.shape());
        self.insert_axis(1) * other
    }

    /// The Frobenius (Euclidean) norm √Σ a², 0 if there are no values. Where the squares would overflow or underflow,
    /// the values are scaled by the largest magnitude first.
    pub fn norm(&self) -> F {
        let squares = self.dot(self);
        // Below, squares that matter may have lost bits to underflow: 2^-100 is 2^26 times the smallest normal f32.
        let smallest = F::from_f64(2f64.powi(-100));
        if (squares.is_finite() && squares > smallest) || self.as_slice().is_empty() || squares.is_nan() {
            return squares.sqrt();
        }
        let largest = self.max().max(-self.min());
        if largest == F::ZERO || !largest.is_finite() {
            return largest;
        }
        let scaled = self / largest;
        largest * scaled.dot(&scaled).sqrt()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn norms_neither_overflow_nor_underflow() {
        assert_eq!(Tensor::from([3e30f32, 4e30]).norm(), 5e30);
        assert_eq!(Tensor::from([3e-30f32, 4e-30]).norm(), 5e-30);
        assert_eq!(Tensor::<f32>::zeros([3]).norm(), 0.0);
        assert_eq!(Tensor::<f32>::zeros([0, 3]).norm(), 0.0);
        assert_eq!(Tensor::from([1.0, f64::NEG_INFINITY]).norm(), f64::INFINITY);
        assert!(Tensor::from([f64::INFINITY, f64::NAN]).norm().is_nan());
    }

    #[test]
    fn shapes_that_do_not_multiply() {
        let of = |a: &[usize], b: &[usize]| Tensor::<f32>::zeros(a).try_matmul(&Tensor::zeros(b));
        for (a, b) in [(&[2, 3][..], &[2, 3][..]), (&[3], &[3, 2]), (&[2, 3], &[3]), (&[2, 1, 1], &[3, 1, 1])] {
            let error = of(a, b).unwrap_err().to_string();
            assert!(error.contains(&format!("{a:?} and {b:?}")), "{error}");
        }
        assert_eq!(of(&[2, 0], &[0, 3]).unwrap(), Tensor::zeros([2, 3]));
        assert_eq!(of(&[0, 2], &[2, 3]).unwrap().shape(), [0, 3].into());
        assert_eq!(of(&[4, 0, 2], &[1, 2, 3]).unwrap().shape(), [4, 0, 3].into());
        assert_eq!(of(&[0, 1, 2], &[2, 3]).unwrap().shape(), [0, 1, 3].into());
    }
}
