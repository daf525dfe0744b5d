//! Strided access to an array without copies.

use crate::walk::Walk;
use crate::{Element, MAX_RANK, Shape, ShapeError, Tensor, memory};

/// A view of an array by strides: slices, transposes and broadcasts without copies.
///
/// ```
/// use evenkeel_tensor::Tensor;
///
/// let a = Tensor::from_fn([2, 3], |i| i as f32);
/// let t = a.view().transpose(0, 1);
/// assert_eq!(t.shape(), [3, 2].into());
/// assert_eq!(t.to_tensor().as_slice(), [0.0, 3.0, 1.0, 4.0, 2.0, 5.0]);
/// assert_eq!(a.view().slice(1, 1..3).to_tensor().as_slice(), [1.0, 2.0, 4.0, 5.0]);
/// ```
#[derive(Clone, Copy)]
pub struct TensorView<'a, T: Element = f32> {
    // Starts at the view's first element; every reachable offset is inside.
    data: &'a [T],
    shape: Shape,
    strides: [isize; MAX_RANK],
}

impl<'a, T: Element> TensorView<'a, T> {
    pub(crate) fn contiguous(data: &'a [T], shape: Shape) -> Self {
        debug_assert_eq!(data.len(), shape.numel());
        Self { data, shape, strides: shape.row_major_strides() }
    }

    /// A view of a slice as a contiguous array.
    ///
    /// # Errors
    /// If the number of values is not the shape's.
    pub fn from_slice(data: &'a [T], shape: impl Into<Shape>) -> Result<Self, ShapeError> {
        let shape = shape.into();
        if data.len() != shape.numel() {
            return Err(ShapeError::new(
                "TensorView::from_slice",
                format!("{} values for shape {shape}", shape.numel()),
                format!("{} values", data.len()),
                "give the shape of the data, outermost axis first",
            ));
        }
        Ok(Self::contiguous(data, shape))
    }

    /// The extents.
    pub fn shape(&self) -> Shape {
        self.shape
    }

    /// The distance in memory between neighbours along each axis.
    pub fn strides(&self) -> &[isize] {
        &self.strides[..self.shape.rank()]
    }

    /// The values, if the view is contiguous and row-major.
    pub fn as_slice(&self) -> Option<&'a [T]> {
        let expected = self.shape.row_major_strides();
        let contiguous = (0..self.shape.rank()).all(|a| self.shape[a] <= 1 || self.strides[a] == expected[a]);
        (contiguous || self.shape.numel() == 0).then(|| &self.data[..self.shape.numel()])
    }

    /// The value at `index`, one position per axis.
    ///
    /// # Panics
    /// If the index is not inside the view.
    #[track_caller]
    pub fn get(&self, index: &[usize]) -> T {
        let inside = index.len() == self.shape.rank() && index.iter().zip(self.shape.iter()).all(|(i, d)| i < d);
        assert!(inside, "index {index:?} of a view of shape {}", self.shape);
        let offset: isize = index.iter().zip(self.strides).map(|(&i, s)| i as isize * s).sum();
        self.data[offset as usize]
    }

    /// Swaps two axes.
    ///
    /// # Panics
    /// If there is no such axis.
    #[must_use]
    #[track_caller]
    pub fn transpose(mut self, a: usize, b: usize) -> Self {
        self.shape = self.shape.swapped(a, b);
        self.strides.swap(a, b);
        self
    }

    /// Reorders the axes: axis `i` of the result is axis `axes[i]` of this view.
    ///
    /// # Panics
    /// If `axes` is not a permutation of the axes.
    #[must_use]
    #[track_caller]
    pub fn permute(self, axes: &[usize]) -> Self {
        let mut seen = [false; MAX_RANK];
        let valid = axes.len() == self.shape.rank()
            && axes.iter().all(|&a| a < axes.len() && !std::mem::replace(&mut seen[a], true));
        assert!(valid, "permute: {axes:?} of an array of shape {}", self.shape);
        let (mut dims, mut strides) = ([0; MAX_RANK], [0; MAX_RANK]);
        for (i, &a) in axes.iter().enumerate() {
            (dims[i], strides[i]) = (self.shape[a], self.strides[a]);
        }
        Self { data: self.data, shape: Shape::from(&dims[..axes.len()]), strides }
    }

    /// The part `range` of an axis.
    ///
    /// # Panics
    /// If there is no such axis or the range is not inside it.
    #[must_use]
    #[track_caller]
    pub fn slice(mut self, axis: usize, range: std::ops::Range<usize>) -> Self {
        assert!(
            range.start <= range.end && range.end <= self.shape[axis],
            "slice {range:?} of axis {axis} of an array of shape {}",
            self.shape
        );
        let first = range.start as isize * self.strides[axis];
        self.shape = self.shape.with_dim(axis, range.len());
        self.data = if self.shape.numel() == 0 { &[] } else { &self.data[first as usize..] };
        self
    }

    /// The view at one position of an axis, without that axis.
    ///
    /// # Panics
    /// If there is no such position.
    #[must_use]
    #[track_caller]
    pub fn select(self, axis: usize, position: usize) -> Self {
        let mut out = self.slice(axis, position..position + 1);
        out.strides[axis..].rotate_left(1);
        out.shape = out.shape.without_axis(axis);
        out
    }

    /// The view stretched to `shape`: extents of 1 repeat, missing outer axes are added.
    ///
    /// # Errors
    /// If the view's shape does not broadcast to `shape`.
    pub fn broadcast_to(self, shape: impl Into<Shape>) -> Result<Self, ShapeError> {
        let shape = shape.into();
        if self.shape.broadcast(&shape)? != shape {
            return Err(ShapeError::new(
                "broadcast_to",
                format!("a shape that broadcasts to {shape}"),
                self.shape.to_string(),
                "only extents of 1 stretch",
            ));
        }
        let added = shape.rank() - self.shape.rank();
        let mut strides = [0; MAX_RANK];
        for axis in 0..self.shape.rank() {
            if self.shape[axis] == shape[axis + added] {
                strides[axis + added] = self.strides[axis];
            }
        }
        Ok(Self { data: self.data, shape, strides })
    }

    /// The slice in which the view's first element is the first.
    pub(crate) fn data(&self) -> &'a [T] {
        self.data
    }

    /// Calls `f` with each value in row-major order.
    pub fn for_each(&self, mut f: impl FnMut(T)) {
        self.for_each_run(|run, step, n| {
            if step == 1 {
                run[..n].iter().copied().for_each(&mut f);
            } else {
                (0..n).for_each(|i| f(run[i * step]));
            }
        });
    }

    /// A contiguous copy.
    pub fn to_tensor(&self) -> Tensor<T> {
        let mut data = memory::with_capacity(self.shape.numel());
        self.for_each_run(|run, step, n| {
            if step == 1 {
                data.extend_from_slice(&run[..n]);
            } else {
                data.extend((0..n).map(|i| run[i * step]));
            }
        });
        Tensor::from_vec(self.shape, data).expect("as many values as the shape has")
    }

    /// Calls `f(run, step, n)` with runs of `n` values, `step` apart from the start of the slice on.
    #[inline(always)]
    fn for_each_run(&self, mut f: impl FnMut(&'a [T], usize, usize)) {
        let walk = Walk::new(self.shape, [self.strides()]);
        let [step] = walk.steps();
        walk.runs(0..self.shape.numel(), |n, [start]| f(&self.data[start..], step, n));
    }
}
