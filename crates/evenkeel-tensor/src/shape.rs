//! The extents of an array, stored inline so that a shape is `Copy` and a step allocates nothing.

use std::fmt;
use std::ops::Deref;

use crate::ShapeError;

/// The largest number of axes.
pub const MAX_RANK: usize = 8;

/// The extents of an array, outermost axis first. Dereferences to a slice of extents.
///
/// ```
/// use evenkeel_tensor::Shape;
///
/// let shape = Shape::from([2, 3, 4]);
/// assert_eq!(shape.rank(), 3);
/// assert_eq!(shape.numel(), 24);
/// assert_eq!(shape[1], 3);
/// assert_eq!(shape.to_string(), "[2, 3, 4]");
/// ```
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Shape {
    // Extents beyond `rank` are 0, so that derived equality and hashing are right.
    dims: [usize; MAX_RANK],
    rank: u8,
}

impl Shape {
    /// The shape of a single number, of rank 0.
    pub const SCALAR: Self = Self { dims: [0; MAX_RANK], rank: 0 };

    /// The extents `dims`.
    ///
    /// # Errors
    /// If there are more than [`MAX_RANK`] axes, or the product of the extents other than 0 is beyond `isize::MAX`.
    pub fn try_new(dims: &[usize]) -> Result<Self, ShapeError> {
        // Zeros are left out, so that strides and partial products cannot overflow in any order of the axes.
        let product = dims.iter().filter(|&&d| d > 0).try_fold(1usize, |n, &d| n.checked_mul(d));
        if dims.len() > MAX_RANK || product.is_none_or(|n| n > isize::MAX as usize) {
            return Err(ShapeError::new(
                "shape",
                format!("at most {MAX_RANK} axes and isize::MAX elements"),
                format!("{dims:?}"),
                "merge axes, or split the array",
            ));
        }
        let mut shape = Self { dims: [0; MAX_RANK], rank: dims.len() as u8 };
        shape.dims[..dims.len()].copy_from_slice(dims);
        Ok(shape)
    }

    /// The number of axes.
    #[inline]
    pub fn rank(&self) -> usize {
        self.rank as usize
    }

    /// The number of elements; 1 for a scalar.
    #[inline]
    pub fn numel(&self) -> usize {
        self.iter().product()
    }

    /// The extents.
    #[inline]
    pub fn dims(&self) -> &[usize] {
        &self.dims[..self.rank()]
    }

    /// The distance in memory between neighbours along each axis of a contiguous row-major array.
    #[inline]
    pub fn row_major_strides(&self) -> [isize; MAX_RANK] {
        let mut strides = [0; MAX_RANK];
        let mut step = 1isize;
        for axis in (0..self.rank()).rev() {
            strides[axis] = step;
            step *= self.dims[axis] as isize;
        }
        strides
    }

    /// The shape with `axis` set to `extent`.
    ///
    /// # Panics
    /// If there is no such axis, or the shape becomes too large.
    #[must_use]
    #[track_caller]
    pub fn with_dim(self, axis: usize, extent: usize) -> Self {
        self.assert_axis(axis);
        let mut dims = self.dims;
        dims[axis] = extent;
        Self::from(&dims[..self.rank()])
    }

    /// The shape without `axis`.
    ///
    /// # Panics
    /// If there is no such axis.
    #[must_use]
    #[track_caller]
    pub fn without_axis(mut self, axis: usize) -> Self {
        self.assert_axis(axis);
        self.dims[axis] = 0;
        self.dims[axis..].rotate_left(1);
        self.rank -= 1;
        self
    }

    /// The shape with a new axis of `extent` before the axis that is now `axis` (or last, if `axis` is the rank).
    ///
    /// ```
    /// use evenkeel_tensor::Shape;
    ///
    /// assert_eq!(Shape::from([2, 3]).with_axis(1, 5), [2, 5, 3].into());
    /// ```
    ///
    /// # Panics
    /// If `axis` is beyond the rank, or the shape becomes too large.
    #[must_use]
    #[track_caller]
    pub fn with_axis(self, axis: usize, extent: usize) -> Self {
        assert!(axis <= self.rank(), "a new axis {axis} of the shape {self} of rank {}", self.rank());
        let dims = self.dims();
        Self::from(&[&dims[..axis], &[extent], &dims[axis..]].concat()[..])
    }

    /// The shape with two axes swapped.
    #[track_caller]
    pub(crate) fn swapped(mut self, a: usize, b: usize) -> Self {
        self.assert_axis(a);
        self.assert_axis(b);
        self.dims.swap(a, b);
        self
    }

    /// The numbers of elements outside, along, and inside of `axis`: element (o, k, i) lies at (o * along + k) * inside + i.
    #[track_caller]
    pub(crate) fn around(&self, axis: usize) -> (usize, usize, usize) {
        self.assert_axis(axis);
        (self.dims[..axis].iter().product(), self.dims[axis], self[axis + 1..].iter().product())
    }

    #[track_caller]
    fn assert_axis(&self, axis: usize) {
        assert!(axis < self.rank(), "axis {axis} of an array of shape {self}");
    }

    /// The shape to which arrays of shapes `self` and `other` broadcast: axes are matched from the
    /// last, and an extent of 1 stretches to the other's.
    ///
    /// # Errors
    /// If two matched extents differ and neither is 1, or the result is too large for [`Shape::try_new`].
    pub fn broadcast(&self, other: &Self) -> Result<Self, ShapeError> {
        let rank = self.rank().max(other.rank());
        let mut dims = [0; MAX_RANK];
        for back in 1..=rank {
            let at = |s: &Self| if back <= s.rank() { s.dims[s.rank() - back] } else { 1 };
            dims[rank - back] = match (at(self), at(other)) {
                (a, b) if a == b => a,
                (1, b) => b,
                (a, 1) => a,
                _ => {
                    return Err(ShapeError::new(
                        "broadcast",
                        "extents that are equal or 1, matched from the last axis",
                        format!("{self} and {other}"),
                        "reshape or transpose one of them",
                    ));
                }
            };
        }
        Self::try_new(&dims[..rank])
    }
}

impl Deref for Shape {
    type Target = [usize];

    #[inline]
    fn deref(&self) -> &[usize] {
        self.dims()
    }
}

impl<const N: usize> From<[usize; N]> for Shape {
    fn from(dims: [usize; N]) -> Self {
        const { assert!(N <= MAX_RANK) };
        Self::from(&dims[..])
    }
}

impl From<&[usize]> for Shape {
    /// # Panics
    /// Where [`Shape::try_new`] gives an error.
    #[track_caller]
    fn from(dims: &[usize]) -> Self {
        match Self::try_new(dims) {
            Ok(shape) => shape,
            Err(e) => panic!("{e}"),
        }
    }
}

impl From<usize> for Shape {
    fn from(extent: usize) -> Self {
        Self::from([extent])
    }
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.dims())
    }
}

impl fmt::Debug for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn axes_are_set_removed_and_added() {
        let shape = Shape::from([2, 3, 4]);
        assert_eq!(shape.with_dim(1, 7), [2, 7, 4].into());
        assert_eq!(shape.without_axis(0), [3, 4].into());
        assert_eq!(shape.without_axis(2), [2, 3].into());
        assert_eq!(shape.with_axis(0, 1), [1, 2, 3, 4].into());
        assert_eq!(shape.with_axis(3, 9).without_axis(3), shape);
        assert_eq!(shape.swapped(0, 2), [4, 3, 2].into());
        assert_eq!(shape.around(1), (2, 3, 4));
        assert_eq!(Shape::from(5).without_axis(0), Shape::SCALAR);
        assert_eq!(Shape::SCALAR.numel(), 1);
        assert_eq!(shape.row_major_strides()[..3], [12, 4, 1]);
    }

    #[test]
    fn broadcasting_matches_from_the_last_axis() {
        let of = |a: &[usize], b: &[usize]| Shape::from(a).broadcast(&Shape::from(b));
        assert_eq!(of(&[4, 1, 3], &[2, 1]).unwrap(), [4, 2, 3].into());
        assert_eq!(of(&[], &[2]).unwrap(), [2].into());
        assert_eq!(of(&[1], &[0]).unwrap(), [0].into());
        let error = of(&[2, 3], &[2]).unwrap_err().to_string();
        assert!(error.contains("[2, 3]") && error.contains("[2]"), "{error}");
        assert!(of(&[2], &[0]).is_err());
    }

    #[test]
    fn too_large_shapes_are_errors_wherever_they_come_from() {
        let big = 1usize << (usize::BITS / 2);
        assert!(Shape::try_new(&[big, big]).is_err());
        // A zero hides an overflow from the product, but not from the strides: refused in every order.
        assert!(Shape::try_new(&[0, big, big]).is_err());
        assert!(Shape::try_new(&[big, big, 0]).is_err());
        assert!(Shape::try_new(&[1; MAX_RANK + 1]).is_err());
        assert!(Shape::from([big, 1]).broadcast(&Shape::from([1, big])).is_err());
        assert_eq!(Shape::try_new(&[0, big]).unwrap().numel(), 0);
        // Only the intermediate step of swapping axis by axis would be too large.
        assert_eq!(Shape::from([1, big << 4]).swapped(0, 1), [big << 4, 1].into());
    }

    #[test]
    #[should_panic(expected = "axis 2 of an array of shape [2, 3]")]
    fn a_missing_axis_panics_with_the_shape() {
        let _ = Shape::from([2, 3]).without_axis(2);
    }
}
