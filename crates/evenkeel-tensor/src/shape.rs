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
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
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
    /// If there are more than [`MAX_RANK`] axes, or their product is beyond `isize::MAX`.
    pub fn try_new(dims: &[usize]) -> Result<Self, ShapeError> {
        let numel = dims.iter().try_fold(1usize, |n, &d| n.checked_mul(d));
        if dims.len() > MAX_RANK || numel.is_none_or(|n| n > isize::MAX as usize) {
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
    #[must_use]
    #[track_caller]
    pub fn with_dim(mut self, axis: usize, extent: usize) -> Self {
        assert!(axis < self.rank(), "axis {axis} of a shape of rank {}", self.rank());
        self.dims[axis] = extent;
        self
    }

    /// The shape without `axis`.
    #[must_use]
    #[track_caller]
    pub fn without_axis(self, axis: usize) -> Self {
        assert!(axis < self.rank(), "axis {axis} of a shape of rank {}", self.rank());
        let mut out = Self { dims: [0; MAX_RANK], rank: self.rank - 1 };
        let kept = self.iter().enumerate().filter(|&(i, _)| i != axis);
        for (slot, (_, &extent)) in out.dims.iter_mut().zip(kept) {
            *slot = extent;
        }
        out
    }

    /// The shape to which arrays of shapes `self` and `other` broadcast: axes are matched from the
    /// last, and an extent of 1 stretches to the other's.
    ///
    /// # Errors
    /// If two matched extents differ and neither is 1.
    pub fn broadcast(&self, other: &Self) -> Result<Self, ShapeError> {
        let rank = self.rank().max(other.rank());
        let mut out = Self { dims: [0; MAX_RANK], rank: rank as u8 };
        for back in 1..=rank {
            let at = |s: &Self| if back <= s.rank() { s.dims[s.rank() - back] } else { 1 };
            out.dims[rank - back] = match (at(self), at(other)) {
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
        Ok(out)
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
