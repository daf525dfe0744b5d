//! Conversions from and to nested arrays, nested vectors, and nalgebra.

use crate::{Element, Shape, ShapeError, Tensor, TensorView};

impl<T: Element> From<Vec<T>> for Tensor<T> {
    /// A vector. No copy.
    fn from(values: Vec<T>) -> Self {
        Self::from_vec(values.len(), values).expect("as many values as the shape has")
    }
}

impl<T: Element> FromIterator<T> for Tensor<T> {
    /// A vector of the iterator's values.
    fn from_iter<I: IntoIterator<Item = T>>(values: I) -> Self {
        values.into_iter().collect::<Vec<_>>().into()
    }
}

// Nested arrays have a shape by their type, so nothing can be wrong with them.
macro_rules! from_array {
    ($array:ty, [$($n:ident),*], $flat:expr) => {
        impl<T: Element, $(const $n: usize),*> From<$array> for Tensor<T> {
            fn from(nested: $array) -> Self {
                let flat: fn(&$array) -> &[T] = $flat;
                Self::from_vec([$($n),*], flat(&nested).to_vec()).expect("as many values as the shape has")
            }
        }
    };
}
from_array!([T; A], [A], |x| x);
from_array!([[T; B]; A], [A, B], |x| x.as_flattened());
from_array!([[[T; C]; B]; A], [A, B, C], |x| x.as_flattened().as_flattened());
from_array!([[[[T; D]; C]; B]; A], [A, B, C, D], |x| x.as_flattened().as_flattened().as_flattened());

/// A value, or a vector of nested ones.
trait Nested<T: Element>: Sized {
    /// Appends the values to `data`; `extents` hold what is known of the shape so far.
    fn flatten(&self, extents: &mut [Option<usize>], data: &mut Vec<T>) -> Result<(), ShapeError>;
    /// The values of a view of as many axes as there are vectors.
    fn nest(view: TensorView<'_, T>) -> Self;
}

impl<T: Element> Nested<T> for T {
    fn flatten(&self, _: &mut [Option<usize>], data: &mut Vec<T>) -> Result<(), ShapeError> {
        data.push(*self);
        Ok(())
    }

    fn nest(view: TensorView<'_, T>) -> Self {
        view.get(&[])
    }
}

impl<T: Element, N: Nested<T>> Nested<T> for Vec<N> {
    fn flatten(&self, extents: &mut [Option<usize>], data: &mut Vec<T>) -> Result<(), ShapeError> {
        let (extent, inner) = extents.split_first_mut().expect("an extent for each vector");
        let expected = *extent.get_or_insert(self.len());
        if self.len() != expected {
            return Err(ShapeError::new(
                "Tensor::try_from nested vectors",
                format!("{expected} entries in each, as in the first"),
                format!("a vector of {}", self.len()),
                "pad or cut the rows to one length",
            ));
        }
        self.iter().try_for_each(|x| x.flatten(inner, data))
    }

    fn nest(view: TensorView<'_, T>) -> Self {
        (0..view.shape()[0]).map(|i| N::nest(view.select(0, i))).collect()
    }
}

macro_rules! from_nested {
    ($nested:ty, $rank:literal) => {
        impl<T: Element> TryFrom<$nested> for Tensor<T> {
            type Error = ShapeError;

            /// The array of these rows. Extents that no row tells are 0.
            ///
            /// # Errors
            /// If rows differ in length.
            fn try_from(nested: $nested) -> Result<Self, ShapeError> {
                let (mut extents, mut data) = ([None; $rank], Vec::new());
                nested.flatten(&mut extents, &mut data)?;
                Self::from_vec(Shape::try_new(&extents.map(Option::unwrap_or_default))?, data)
            }
        }
    };
}
from_nested!(Vec<Vec<T>>, 2);
from_nested!(Vec<Vec<Vec<T>>>, 3);
from_nested!(Vec<Vec<Vec<Vec<T>>>>, 4);

macro_rules! to_nested {
    ($nested:ty, $rank:literal) => {
        impl<T: Element> TryFrom<&Tensor<T>> for $nested {
            type Error = ShapeError;

            /// The values, nested as the axes are.
            ///
            /// # Errors
            /// If the array has another rank.
            fn try_from(tensor: &Tensor<T>) -> Result<Self, ShapeError> {
                check_rank(tensor.shape(), $rank, "Vec::try_from a tensor")?;
                Ok(<$nested>::nest(tensor.view()))
            }
        }
    };
}
to_nested!(Vec<T>, 1);
to_nested!(Vec<Vec<T>>, 2);
to_nested!(Vec<Vec<Vec<T>>>, 3);
to_nested!(Vec<Vec<Vec<Vec<T>>>>, 4);

fn check_rank(shape: Shape, rank: usize, operation: &'static str) -> Result<(), ShapeError> {
    if shape.rank() == rank {
        return Ok(());
    }
    Err(ShapeError::new(
        operation,
        format!("an array of rank {rank}"),
        format!("shape {shape}"),
        "reshape it, or select along the other axes",
    ))
}

#[cfg(feature = "nalgebra")]
mod interop {
    use nalgebra::{DMatrix, DVector};

    use super::*;

    impl<T: Element> From<&DMatrix<T>> for Tensor<T> {
        /// The matrix of shape \[rows, columns\], brought from column-major to row-major order.
        fn from(matrix: &DMatrix<T>) -> Self {
            // nalgebra's column-major memory is the row-major memory of the transpose.
            let transposed = TensorView::from_slice(matrix.as_slice(), [matrix.ncols(), matrix.nrows()]);
            transposed.expect("as many values as the matrix has").t().to_tensor()
        }
    }

    impl<T: Element> From<DMatrix<T>> for Tensor<T> {
        /// The matrix of shape \[rows, columns\], brought from column-major to row-major order.
        fn from(matrix: DMatrix<T>) -> Self {
            Self::from(&matrix)
        }
    }

    impl<T: Element> From<DVector<T>> for Tensor<T> {
        /// A vector. No copy.
        fn from(vector: DVector<T>) -> Self {
            let values: Vec<T> = vector.data.into();
            values.into()
        }
    }

    impl<T: Element> From<&DVector<T>> for Tensor<T> {
        /// A vector.
        fn from(vector: &DVector<T>) -> Self {
            vector.iter().copied().collect()
        }
    }

    impl<T: Element> TryFrom<TensorView<'_, T>> for DMatrix<T> {
        type Error = ShapeError;

        /// The matrix, brought to column-major order; no more than a copy where the view is a transpose.
        ///
        /// # Errors
        /// If the view is not of rank 2.
        fn try_from(view: TensorView<'_, T>) -> Result<Self, ShapeError> {
            check_rank(view.shape(), 2, "DMatrix::try_from a tensor")?;
            Ok(Self::from_vec(view.shape()[0], view.shape()[1], view.t().to_tensor().into_vec()))
        }
    }

    impl<T: Element> TryFrom<&Tensor<T>> for DMatrix<T> {
        type Error = ShapeError;

        /// The matrix, brought to column-major order.
        ///
        /// # Errors
        /// If the array is not of rank 2.
        fn try_from(tensor: &Tensor<T>) -> Result<Self, ShapeError> {
            tensor.view().try_into()
        }
    }

    impl<T: Element> TryFrom<TensorView<'_, T>> for DVector<T> {
        type Error = ShapeError;

        /// The vector.
        ///
        /// # Errors
        /// If the view is not of rank 1.
        fn try_from(view: TensorView<'_, T>) -> Result<Self, ShapeError> {
            check_rank(view.shape(), 1, "DVector::try_from a tensor")?;
            Ok(Self::from_vec(view.to_tensor().into_vec()))
        }
    }

    impl<T: Element> TryFrom<&Tensor<T>> for DVector<T> {
        type Error = ShapeError;

        /// The vector.
        ///
        /// # Errors
        /// If the array is not of rank 1.
        fn try_from(tensor: &Tensor<T>) -> Result<Self, ShapeError> {
            tensor.view().try_into()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nested_vectors_go_both_ways() {
        let nested =
            vec![vec![vec![1u8, 2], vec![3, 4]], vec![vec![5, 6], vec![7, 8]], vec![vec![9, 10], vec![11, 12]]];
        let tensor = Tensor::try_from(nested.clone()).unwrap();
        assert_eq!(tensor.shape(), [3, 2, 2].into());
        assert_eq!(tensor.as_slice(), (1..=12).collect::<Vec<u8>>());
        assert_eq!(Vec::<Vec<Vec<u8>>>::try_from(&tensor).unwrap(), nested);
        assert_eq!(tensor, Tensor::from([[[1, 2], [3, 4]], [[5, 6], [7, 8]], [[9, 10], [11, 12]]]));
        let error = Vec::<Vec<u8>>::try_from(&tensor).unwrap_err().to_string();
        assert!(error.contains("rank 2") && error.contains("[3, 2, 2]"), "{error}");
    }

    #[test]
    fn ragged_rows_are_an_error_and_empty_ones_a_shape() {
        let error = Tensor::try_from(vec![vec![1.0, 2.0], vec![3.0]]).unwrap_err().to_string();
        assert!(error.contains("2 entries") && error.contains("a vector of 1"), "{error}");
        assert!(Tensor::try_from(vec![vec![vec![1.0], vec![2.0]], vec![vec![1.0, 2.0], vec![3.0, 4.0]]]).is_err());
        assert_eq!(Tensor::try_from(Vec::<Vec<f32>>::new()).unwrap().shape(), [0, 0].into());
        assert_eq!(Tensor::try_from(vec![Vec::<f32>::new(); 2]).unwrap().shape(), [2, 0].into());
        assert_eq!(Vec::<Vec<f32>>::try_from(&Tensor::zeros([2, 0])).unwrap(), vec![vec![]; 2]);
    }

    #[cfg(feature = "nalgebra")]
    #[test]
    fn nalgebra_keeps_rows_and_columns() {
        use nalgebra::{DMatrix, DVector};

        let matrix = DMatrix::from_row_slice(2, 3, &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
        let tensor = Tensor::from([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]);
        assert_eq!(Tensor::from(&matrix), tensor);
        assert_eq!(DMatrix::try_from(&tensor).unwrap(), matrix);
        assert_eq!(DMatrix::try_from(tensor.t()).unwrap(), matrix.transpose());
        assert!(DVector::try_from(&tensor).is_err());

        let vector = DVector::from_vec(vec![1.0f32, 2.0]);
        assert_eq!(DVector::try_from(&Tensor::from(&vector)).unwrap(), vector);
        assert_eq!(Tensor::from(vector).as_slice(), [1.0, 2.0]);
        assert_eq!(Tensor::from(DMatrix::<f32>::zeros(0, 3)).shape(), [0, 3].into());
    }
}
