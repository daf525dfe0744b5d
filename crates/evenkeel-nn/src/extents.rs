//! One number for each axis of a plane or a line.

use evenkeel_module::{Module, Path, Visitor, VisitorMut};
use evenkeel_tensor::Float;

/// A number for each of `AXES` spatial axes, from the outer one to the inner one: (height, width) of an image.
///
/// One number stands for all axes: what takes `impl Into<Extents<2>>` takes `3`, `(3, 5)` and `[3, 5]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Extents<const AXES: usize>(pub [usize; AXES]);

impl<const AXES: usize> From<usize> for Extents<AXES> {
    fn from(each: usize) -> Self {
        Self([each; AXES])
    }
}

impl<const AXES: usize> From<[usize; AXES]> for Extents<AXES> {
    fn from(extents: [usize; AXES]) -> Self {
        Self(extents)
    }
}

impl From<(usize, usize)> for Extents<2> {
    fn from((height, width): (usize, usize)) -> Self {
        Self([height, width])
    }
}

impl<const AXES: usize> Extents<AXES> {
    /// As those of a plane: a line is a plane whose height has the extent `neutral`.
    pub(crate) fn of_plane(self, neutral: usize) -> [usize; 2] {
        const { assert!(AXES == 1 || AXES == 2, "lines and planes") };
        let mut plane = [neutral; 2];
        plane[2 - AXES..].copy_from_slice(&self.0);
        plane
    }
}

/// A setting: no parts.
impl<F: Float, const AXES: usize> Module<F> for Extents<AXES> {
    fn visit(&self, _path: &Path<'_>, _visitor: &mut dyn Visitor<F>) {}
    fn visit_mut(&mut self, _path: &Path<'_>, _visitor: &mut dyn VisitorMut<F>) {}
}
