//! Gathering, joining and splitting.

use crate::{Element, Float, Shape, ShapeError, Tensor, TensorView, memory};

fn position_error(operation: &'static str, extent: usize, axis: usize, position: usize) -> ShapeError {
    ShapeError::new(
        operation,
        format!("positions below {extent} along axis {axis}"),
        format!("position {position}"),
        "positions count from 0; check them against the extent",
    )
}

/// [`Shape::around`], or an error if there is no such axis.
fn try_around(operation: &'static str, shape: Shape, axis: usize) -> Result<(usize, usize, usize), ShapeError> {
    if axis < shape.rank() {
        return Ok(shape.around(axis));
    }
    Err(ShapeError::new(
        operation,
        format!("an axis below {}", shape.rank()),
        format!("axis {axis} of an array of shape {shape}"),
        "axes count from 0, outermost first",
    ))
}

/// # Gathering and joining
impl<T: Element> Tensor<T> {
    /// The parts of an axis at `positions`, in that order; positions may repeat.
    ///
    /// ```
    /// use evenkeel_tensor::Tensor;
    ///
    /// let images = Tensor::from([[1u8, 2], [3, 4], [5, 6]]);
    /// let batch = images.index_select(0, &[2, 0]);
    /// assert_eq!(batch, Tensor::from([[5, 6], [1, 2]]));
    /// ```
    ///
    /// # Panics
    /// Where [`try_index_select`](Self::try_index_select) gives an error.
    #[must_use]
    #[track_caller]
    pub fn index_select(&self, axis: usize, positions: &[usize]) -> Self {
        self.try_index_select(axis, positions).unwrap_or_else(|e| panic!("{e}"))
    }

    /// The parts of an axis at `positions`, in that order; positions may repeat.
    ///
    /// # Errors
    /// If there is no such axis or position.
    pub fn try_index_select(&self, axis: usize, positions: &[usize]) -> Result<Self, ShapeError> {
        let (outer, n, inner) = try_around("index_select", self.shape(), axis)?;
        if let Some(&position) = positions.iter().find(|&&p| p >= n) {
            return Err(position_error("index_select", n, axis, position));
        }
        let mut dims = self.shape().dims().to_vec();
        dims[axis] = positions.len();
        let shape = Shape::try_new(&dims)?;
        let mut data = memory::with_capacity(shape.numel());
        for o in 0..outer {
            for &p in positions {
                data.extend_from_slice(&self.as_slice()[(o * n + p) * inner..][..inner]);
            }
        }
        Self::from_vec(shape, data)
    }

    /// One value per entry of `positions`, taken along `axis`: for axis 1 of rank 2,
    /// out\[i, j\] = self\[i, positions\[i, j\]\].
    ///
    /// ```
    /// use evenkeel_tensor::Tensor;
    ///
    /// let scores = Tensor::from([[0.1, 0.9], [0.7, 0.3]]);
    /// let labels = Tensor::from([[1usize], [0]]);
    /// assert_eq!(scores.gather(1, &labels).as_slice(), [0.9, 0.7]);
    /// ```
    ///
    /// # Panics
    /// Where [`try_gather`](Self::try_gather) gives an error.
    #[must_use]
    #[track_caller]
    pub fn gather(&self, axis: usize, positions: &Tensor<usize>) -> Self {
        self.try_gather(axis, positions).unwrap_or_else(|e| panic!("{e}"))
    }

    /// One value per entry of `positions`, taken along `axis`; see [`gather`](Self::gather).
    ///
    /// # Errors
    /// If there is no such axis or position, or the shapes differ in another axis.
    pub fn try_gather(&self, axis: usize, positions: &Tensor<usize>) -> Result<Self, ShapeError> {
        let (_, n, inner) = try_around("gather", self.shape(), axis)?;
        let shape = positions.shape();
        if shape.rank() != self.shape().rank() || shape.without_axis(axis) != self.shape().without_axis(axis) {
            return Err(ShapeError::new(
                "gather",
                format!("positions of shape {} but for axis {axis}", self.shape()),
                shape.to_string(),
                "give one line of positions for each line of the array, or use index_select",
            ));
        }
        if let Some(&position) = positions.as_slice().iter().find(|&&p| p >= n) {
            return Err(position_error("gather", n, axis, position));
        }
        let slab = (shape[axis] * inner).max(1);
        let at = |(i, &p): (usize, &usize)| self.as_slice()[(i / slab * n + p) * inner + i % inner];
        Self::from_vec(shape, positions.as_slice().iter().enumerate().map(at).collect())
    }

    /// The arrays one after another along an axis.
    ///
    /// ```
    /// use evenkeel_tensor::Tensor;
    ///
    /// let (a, b) = (Tensor::from([[1, 2], [3, 4]]), Tensor::from([[5i64], [6]]));
    /// assert_eq!(Tensor::concat(&[&a, &b], 1), Tensor::from([[1, 2, 5], [3, 4, 6]]));
    /// ```
    ///
    /// # Panics
    /// Where [`try_concat`](Self::try_concat) gives an error.
    #[must_use]
    #[track_caller]
    pub fn concat(tensors: &[&Self], axis: usize) -> Self {
        Self::try_concat(tensors, axis).unwrap_or_else(|e| panic!("{e}"))
    }

    /// The arrays one after another along an axis.
    ///
    /// # Errors
    /// If there are no arrays or no such axis, or the shapes differ in another axis.
    pub fn try_concat(tensors: &[&Self], axis: usize) -> Result<Self, ShapeError> {
        let first = first_of("concat", tensors)?;
        let (outer, ..) = try_around("concat", first, axis)?;
        let mut dims = first.dims().to_vec();
        dims[axis] = 0;
        for tensor in tensors {
            let shape = tensor.shape();
            if shape.rank() != first.rank() || shape.without_axis(axis) != first.without_axis(axis) {
                return Err(ShapeError::new(
                    "concat",
                    format!("shapes like {first} but for axis {axis}"),
                    shape.to_string(),
                    "reshape or slice it to fit",
                ));
            }
            dims[axis] = dims[axis].saturating_add(shape[axis]);
        }
        let shape = Shape::try_new(&dims)?;
        let mut data = memory::with_capacity(shape.numel());
        for o in 0..outer {
            for tensor in tensors {
                let part = tensor.as_slice().len() / outer;
                data.extend_from_slice(&tensor.as_slice()[o * part..][..part]);
            }
        }
        Self::from_vec(shape, data)
    }

    /// The arrays side by side along a new axis, before the axis that is now `axis`.
    ///
    /// ```
    /// use evenkeel_tensor::Tensor;
    ///
    /// let (a, b) = (Tensor::from([1.0, 2.0]), Tensor::from([3.0, 4.0]));
    /// assert_eq!(Tensor::stack(&[&a, &b], 0), Tensor::from([[1.0, 2.0], [3.0, 4.0]]));
    /// assert_eq!(Tensor::stack(&[&a, &b], 1), Tensor::from([[1.0, 3.0], [2.0, 4.0]]));
    /// ```
    ///
    /// # Panics
    /// Where [`try_stack`](Self::try_stack) gives an error.
    #[must_use]
    #[track_caller]
    pub fn stack(tensors: &[&Self], axis: usize) -> Self {
        Self::try_stack(tensors, axis).unwrap_or_else(|e| panic!("{e}"))
    }

    /// The arrays side by side along a new axis; see [`stack`](Self::stack).
    ///
    /// # Errors
    /// If there are no arrays, their shapes differ, `axis` is beyond their rank, or the rank is already the largest.
    pub fn try_stack(tensors: &[&Self], axis: usize) -> Result<Self, ShapeError> {
        let first = first_of("stack", tensors)?;
        if let Some(other) = tensors.iter().find(|t| t.shape() != first) {
            return Err(ShapeError::new(
                "stack",
                format!("arrays of one shape, {first}"),
                other.shape().to_string(),
                "reshape or slice it to fit",
            ));
        }
        if axis > first.rank() || first.rank() == crate::MAX_RANK {
            return Err(ShapeError::new(
                "stack",
                format!("an axis up to the rank, and a rank below {}", crate::MAX_RANK),
                format!("axis {axis} for arrays of shape {first}"),
                "axes count from 0, outermost first",
            ));
        }
        let tensors: Vec<Self> = tensors.iter().map(|t| t.insert_axis(axis)).collect();
        Self::try_concat(&tensors.iter().collect::<Vec<_>>(), axis)
    }
}

/// The shape of the first array.
fn first_of<T: Element>(operation: &'static str, tensors: &[&Tensor<T>]) -> Result<Shape, ShapeError> {
    let none = || ShapeError::new(operation, "at least one array", "none", "an empty list has no shape");
    tensors.first().map(|t| t.shape()).ok_or_else(none)
}

impl<F: Float> Tensor<F> {
    /// A row per label with 1 at the label and 0 elsewhere: shape \[labels, classes\].
    ///
    /// ```
    /// use evenkeel_tensor::Tensor;
    ///
    /// assert_eq!(Tensor::one_hot(&[2, 0], 3)?, Tensor::from([[0.0f32, 0.0, 1.0], [1.0, 0.0, 0.0]]));
    /// assert!(Tensor::<f32>::one_hot(&[3], 3).is_err());
    /// # Ok::<(), evenkeel_tensor::ShapeError>(())
    /// ```
    ///
    /// # Errors
    /// If a label is not below `classes`, or the array would be too large.
    pub fn one_hot(labels: &[usize], classes: usize) -> Result<Self, ShapeError> {
        if let Some(&label) = labels.iter().find(|&&l| l >= classes) {
            return Err(position_error("one_hot", classes, 1, label));
        }
        let mut out = Self::zeros(Shape::try_new(&[labels.len(), classes])?);
        let data = out.as_mut_slice();
        labels.iter().enumerate().for_each(|(row, label)| data[row * classes + label] = F::ONE);
        Ok(out)
    }
}

/// # Splitting
impl<'a, T: Element> TensorView<'a, T> {
    /// Parts of `sizes` along an axis. No copy.
    ///
    /// ```
    /// use evenkeel_tensor::Tensor;
    ///
    /// let gates = Tensor::from([[1, 2, 3], [4, 5, 6i64]]);
    /// let parts = gates.view().split(1, &[1, 2]);
    /// assert_eq!(parts[1].to_tensor(), Tensor::from([[2, 3], [5, 6]]));
    /// ```
    ///
    /// # Panics
    /// Where [`try_split`](Self::try_split) gives an error.
    #[track_caller]
    pub fn split(self, axis: usize, sizes: &[usize]) -> Vec<Self> {
        self.try_split(axis, sizes).unwrap_or_else(|e| panic!("{e}"))
    }

    /// Parts of `sizes` along an axis. No copy.
    ///
    /// # Errors
    /// If there is no such axis, or the sizes do not add up to its extent.
    pub fn try_split(self, axis: usize, sizes: &[usize]) -> Result<Vec<Self>, ShapeError> {
        let (_, n, _) = try_around("split", self.shape(), axis)?;
        if sizes.iter().try_fold(0usize, |sum, &s| sum.checked_add(s)) != Some(n) {
            return Err(ShapeError::new(
                "split",
                format!("sizes that add up to {n}, the extent of axis {axis}"),
                format!("{sizes:?}"),
                "cover the axis; to leave a part out, slice first",
            ));
        }
        let mut start = 0;
        let part = |&size: &usize| {
            start += size;
            self.slice(axis, start - size..start)
        };
        Ok(sizes.iter().map(part).collect())
    }

    /// Parts of `size` along an axis, the last one shorter if need be. No copy.
    ///
    /// ```
    /// use evenkeel_tensor::Tensor;
    ///
    /// let x = Tensor::from([1u8, 2, 3, 4, 5]);
    /// let sums: Vec<u8> = x.view().chunks(0, 2).map(|part| part.to_tensor().as_slice().iter().sum()).collect();
    /// assert_eq!(sums, [3, 7, 5]);
    /// ```
    ///
    /// # Panics
    /// If there is no such axis, or `size` is 0.
    #[track_caller]
    pub fn chunks(self, axis: usize, size: usize) -> impl ExactSizeIterator<Item = Self> + use<'a, T> {
        let (_, n, _) = self.shape().around(axis);
        assert!(size > 0, "chunks of 0 along axis {axis} of an array of shape {}", self.shape());
        (0..n.div_ceil(size)).map(move |i| self.slice(axis, i * size..n.min((i + 1).saturating_mul(size))))
    }
}
