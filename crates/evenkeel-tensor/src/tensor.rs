//! The array itself: a shape and a shared, contiguous, row-major buffer.

use std::sync::Arc;

use crate::{Element, Float, Shape, ShapeError, TensorView, memory};

/// A row-major n-dimensional array.
///
/// Cloning shares the buffer; writing to a shared one copies it first (copy on write), so a tensor
/// behaves as a value and costs a pointer to pass on. Strided access without copies is
/// [`TensorView`]'s.
///
/// ```
/// use evenkeel_tensor::Tensor;
///
/// let a = Tensor::from_vec([2, 3], vec![1.0f32, 2.0, 3.0, 4.0, 5.0, 6.0])?;
/// let b = &a * &a + 1.0;
/// assert_eq!(b.as_slice(), [2.0, 5.0, 10.0, 17.0, 26.0, 37.0]);
/// # Ok::<(), evenkeel_tensor::ShapeError>(())
/// ```
#[derive(Clone, PartialEq)]
pub struct Tensor<T: Element = f32> {
    shape: Shape,
    data: Arc<Vec<T>>,
}

impl<T: Element> Tensor<T> {
    /// An array of `shape` with the values `data`, in row-major order. No copy.
    ///
    /// # Errors
    /// If the number of values is not the shape's.
    pub fn from_vec(shape: impl Into<Shape>, data: Vec<T>) -> Result<Self, ShapeError> {
        let shape = shape.into();
        if shape.numel() != data.len() {
            return Err(ShapeError::new(
                "Tensor::from_vec",
                format!("{} values for shape {shape}", shape.numel()),
                format!("{} values", data.len()),
                "give the shape of the data, outermost axis first",
            ));
        }
        Ok(Self { shape, data: Arc::new(data) })
    }

    /// `value` everywhere.
    pub fn full(shape: impl Into<Shape>, value: T) -> Self {
        let shape = shape.into();
        Self { shape, data: Arc::new(vec![value; shape.numel()]) }
    }

    /// An array of rank 0.
    pub fn scalar(value: T) -> Self {
        Self::full(Shape::SCALAR, value)
    }

    /// The value of `f` at each row-major position.
    pub fn from_fn(shape: impl Into<Shape>, f: impl FnMut(usize) -> T) -> Self {
        let shape = shape.into();
        Self { shape, data: Arc::new((0..shape.numel()).map(f).collect()) }
    }

    /// The extents.
    #[inline]
    pub fn shape(&self) -> Shape {
        self.shape
    }

    /// The values in row-major order.
    #[inline]
    pub fn as_slice(&self) -> &[T] {
        &self.data
    }

    /// The values in row-major order, to write to. Copies first if the buffer is shared.
    #[inline]
    pub fn as_mut_slice(&mut self) -> &mut [T] {
        Arc::<Vec<T>>::make_mut(&mut self.data)
    }

    /// The values as a vector; copies only if the buffer is shared.
    pub fn into_vec(self) -> Vec<T> {
        Arc::unwrap_or_clone(self.data)
    }

    /// Gives the array another shape and lets `fill` write the values, reusing the buffer where it
    /// is not shared and large enough. What `fill` finds there is unspecified (but initialised).
    pub fn refill(&mut self, shape: impl Into<Shape>, fill: impl FnOnce(&mut [T])) {
        self.shape = shape.into();
        if Arc::get_mut(&mut self.data).is_none() {
            self.data = Arc::new(Vec::new());
        }
        let data = Arc::get_mut(&mut self.data).expect("unique: just checked or made");
        data.resize(self.shape.numel(), T::default());
        fill(data);
    }

    /// The value at `index`, one position per axis.
    ///
    /// # Panics
    /// If the index is not inside the array.
    #[track_caller]
    pub fn get(&self, index: &[usize]) -> T {
        self.view().get(index)
    }

    /// The only value of an array of one element.
    ///
    /// # Panics
    /// If there is not exactly one.
    #[track_caller]
    pub fn item(&self) -> T {
        assert!(self.data.len() == 1, "item() of an array of shape {}", self.shape);
        self.data[0]
    }

    /// The same values under another shape. No copy.
    ///
    /// # Panics
    /// If the number of elements differs; [`try_reshape`](Self::try_reshape) gives an error instead.
    #[track_caller]
    pub fn reshape(&self, shape: impl Into<Shape>) -> Self {
        self.try_reshape(shape).unwrap_or_else(|e| panic!("{e}"))
    }

    /// The same values under another shape. No copy.
    ///
    /// # Errors
    /// If the number of elements differs.
    pub fn try_reshape(&self, shape: impl Into<Shape>) -> Result<Self, ShapeError> {
        let shape = shape.into();
        if shape.numel() != self.shape.numel() {
            return Err(ShapeError::new(
                "reshape",
                format!("a shape of {} elements", self.shape.numel()),
                format!("{shape} for {}", self.shape),
                "keep the product of the extents",
            ));
        }
        Ok(Self { shape, data: Arc::clone(&self.data) })
    }

    /// The same values with a new axis of extent 1 before the axis that is now `axis`. No copy.
    ///
    /// It undoes what a reduction takes away: `&x - x.mean_axis(1).insert_axis(1)` has rows of mean 0.
    ///
    /// # Panics
    /// If `axis` is beyond the rank.
    #[must_use]
    #[track_caller]
    pub fn insert_axis(&self, axis: usize) -> Self {
        Self { shape: self.shape.with_axis(axis, 1), data: Arc::clone(&self.data) }
    }

    /// The values to write to, if the buffer is not shared.
    pub(crate) fn unshared(&mut self) -> Option<&mut [T]> {
        Arc::get_mut(&mut self.data).map(Vec::as_mut_slice)
    }

    /// A view of the whole array, to be sliced, permuted or broadcast without copies.
    #[inline]
    pub fn view(&self) -> TensorView<'_, T> {
        TensorView::contiguous(&self.data, self.shape)
    }

    /// `f` of each value.
    pub fn map<U: Element>(&self, f: impl FnMut(T) -> U) -> Tensor<U> {
        Tensor { shape: self.shape, data: Arc::new(self.data.iter().copied().map(f).collect()) }
    }
}

impl<F: Float> Tensor<F> {
    /// 0 everywhere.
    pub fn zeros(shape: impl Into<Shape>) -> Self {
        let shape = shape.into();
        Self { shape, data: Arc::new(memory::zeros(shape.numel())) }
    }

    /// 1 everywhere.
    pub fn ones(shape: impl Into<Shape>) -> Self {
        Self::full(shape, F::ONE)
    }

    /// The identity matrix of size `n`.
    pub fn eye(n: usize) -> Self {
        Self::from_fn([n, n], |i| if i / n == i % n { F::ONE } else { F::ZERO })
    }

    /// The same values in another float type, rounded to nearest.
    pub fn cast<G: Float>(&self) -> Tensor<G> {
        self.map(|x| G::from_f64(x.to_f64()))
    }

    /// Whether every value is neither infinite nor NaN.
    pub fn is_finite(&self) -> bool {
        crate::kernel::all_finite(self.as_slice())
    }
}
