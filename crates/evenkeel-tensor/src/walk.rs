//! Strided arrays of one shape, walked together in row-major order: what views and broadcasting are made of.

use std::ops::Range;

use crate::{MAX_RANK, Shape};

#[derive(Clone, Copy)]
struct Axis<const N: usize> {
    extent: usize,
    strides: [usize; N],
}

/// The common axes of `N` operands, innermost first. Neighbouring axes that every operand passes with
/// one stride are merged and extents of 1 dropped, so that runs are as long as they can be.
pub(crate) struct Walk<const N: usize> {
    axes: [Axis<N>; MAX_RANK],
    rank: usize,
}

impl<const N: usize> Walk<N> {
    /// The walk over `shape` with each operand's strides (which are never negative).
    pub(crate) fn new(shape: Shape, strides: [&[isize]; N]) -> Self {
        let mut walk = Self { axes: [Axis { extent: 1, strides: [0; N] }; MAX_RANK], rank: 1 };
        for axis in (0..shape.rank()).rev().filter(|&axis| shape[axis] != 1) {
            let next = Axis { extent: shape[axis], strides: strides.map(|s| s[axis] as usize) };
            let last = &mut walk.axes[walk.rank - 1];
            if last.extent == 1 {
                *last = next;
            } else if (0..N).all(|k| next.strides[k] == last.strides[k] * last.extent) {
                last.extent *= next.extent;
            } else {
                walk.axes[walk.rank] = next;
                walk.rank += 1;
            }
        }
        walk
    }

    /// The distance between neighbours in a run, for each operand.
    #[inline]
    pub(crate) fn steps(&self) -> [usize; N] {
        self.axes[0].strides
    }

    /// Calls `f(length, offsets)` for each run along the innermost axis that lies in `range`, a range of
    /// row-major positions; runs at its ends may be parts.
    #[inline(always)]
    pub(crate) fn runs(&self, range: Range<usize>, mut f: impl FnMut(usize, [usize; N])) {
        let mut left = range.len();
        if left == 0 {
            return;
        }
        let axes = &self.axes[..self.rank];
        let (mut index, mut offsets) = ([0; MAX_RANK], [0; N]);
        let mut rest = range.start;
        for (slot, axis) in index.iter_mut().zip(axes) {
            *slot = rest % axis.extent;
            rest /= axis.extent;
            (0..N).for_each(|k| offsets[k] += *slot * axis.strides[k]);
        }
        loop {
            let n = left.min(axes[0].extent - index[0]);
            f(n, offsets);
            left -= n;
            if left == 0 {
                return;
            }
            (0..N).for_each(|k| offsets[k] -= index[0] * axes[0].strides[k]);
            index[0] = 0;
            for (slot, axis) in index.iter_mut().zip(axes).skip(1) {
                *slot += 1;
                (0..N).for_each(|k| offsets[k] += axis.strides[k]);
                if *slot < axis.extent {
                    break;
                }
                (0..N).for_each(|k| offsets[k] -= axis.extent * axis.strides[k]);
                *slot = 0;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn axes_merge_where_every_operand_allows() {
        let shape = Shape::from([2, 3, 1, 4]);
        let contiguous = [12, 4, 4, 1];
        assert_eq!(Walk::new(shape, [&contiguous]).rank, 1);
        // A channel's value per (3): the inner axis stays, the outer two stay apart.
        let channel = Walk::new(shape, [&contiguous, &[0, 1, 0, 0]]);
        assert_eq!((channel.rank, channel.steps()), (3, [1, 0]));
        assert_eq!(Walk::new(shape, [&contiguous, &[0, 0, 0, 0]]).rank, 1);
        assert_eq!(Walk::new(Shape::SCALAR, [&[]]).rank, 1);
    }

    #[test]
    fn parts_of_a_walk_join_to_the_whole() {
        let walk = Walk::new([2, 3, 4].into(), [&[1, 8, 2]]);
        let offsets = |range: Range<usize>| {
            let mut out = Vec::new();
            walk.runs(range, |n, [start]| out.extend((0..n).map(|i| start + i * walk.steps()[0])));
            out
        };
        let whole = offsets(0..24);
        let expected: Vec<_> = (0..24).map(|p| p / 12 + p / 4 % 3 * 8 + p % 4 * 2).collect();
        assert_eq!(whole, expected);
        for cut in 0..=24 {
            assert_eq!([offsets(0..cut), offsets(cut..24)].concat(), whole);
        }
    }
}
