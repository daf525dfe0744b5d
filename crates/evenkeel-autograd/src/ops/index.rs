//! Parts of arrays: rows by number, ranges, and concatenation.

use std::ops::Range;

use evenkeel_tensor::{Float, Shape, ShapeError, Tensor};

use crate::{Backward, Gradient, Inputs, Op, Var};

/// The extents before and after an axis.
fn around(shape: Shape, axis: usize) -> (usize, usize) {
    (shape[..axis].iter().product(), shape[axis + 1..].iter().product())
}

fn check_axis(operation: &'static str, shape: Shape, axis: usize) -> Result<(), ShapeError> {
    if axis < shape.rank() {
        return Ok(());
    }
    Err(ShapeError::new(
        operation,
        format!("an axis of shape {shape}"),
        format!("axis {axis}"),
        "axes are counted from 0",
    ))
}

/// Rows along an axis by number; a row may be taken more than once.
struct IndexSelectOp {
    axis: usize,
    indices: Tensor<u32>,
}

impl<F: Float> Op<F> for IndexSelectOp {
    fn name(&self) -> &'static str {
        "index_select"
    }

    fn shape(&self, inputs: &[Shape]) -> Result<Shape, ShapeError> {
        check_axis("index_select", inputs[0], self.axis)?;
        let extent = inputs[0][self.axis];
        if let Some(&index) = self.indices.as_slice().iter().find(|&&i| i as usize >= extent) {
            return Err(ShapeError::new(
                "index_select",
                format!("indices below {extent}"),
                format!("index {index}"),
                "indices are counted from 0",
            ));
        }
        Ok(inputs[0].with_dim(self.axis, self.indices.shape().numel()))
    }

    fn forward(&mut self, x: &Inputs<'_, F>, y: &mut [F], _saved: &mut [F]) {
        let (outer, inner) = around(x.shape(0), self.axis);
        let extent = x.shape(0)[self.axis];
        let indices = self.indices.as_slice();
        for o in 0..outer {
            for (k, &i) in indices.iter().enumerate() {
                let from = (o * extent + i as usize) * inner;
                y[(o * indices.len() + k) * inner..][..inner].copy_from_slice(&x.value(0)[from..from + inner]);
            }
        }
    }

    fn backward(&self, at: Backward<'_, F>, dx: &mut [Gradient<F>]) {
        let Some(dx) = dx[0].wanted() else { return };
        dx.fill(F::ZERO);
        let (outer, inner) = around(at.x.shape(0), self.axis);
        let extent = at.x.shape(0)[self.axis];
        let indices = self.indices.as_slice();
        for o in 0..outer {
            for (k, &i) in indices.iter().enumerate() {
                let to = (o * extent + i as usize) * inner;
                let dy = &at.dy[(o * indices.len() + k) * inner..][..inner];
                dx[to..to + inner].iter_mut().zip(dy).for_each(|(dx, &dy)| *dx += dy);
            }
        }
    }
}

/// A range of an axis.
struct NarrowOp {
    axis: usize,
    range: Range<usize>,
}

impl<F: Float> Op<F> for NarrowOp {
    fn name(&self) -> &'static str {
        "narrow"
    }

    fn shape(&self, inputs: &[Shape]) -> Result<Shape, ShapeError> {
        check_axis("narrow", inputs[0], self.axis)?;
        if self.range.start > self.range.end || self.range.end > inputs[0][self.axis] {
            return Err(ShapeError::new(
                "narrow",
                format!("a range inside 0..{}", inputs[0][self.axis]),
                format!("{:?}", self.range),
                "the end is exclusive",
            ));
        }
        Ok(inputs[0].with_dim(self.axis, self.range.len()))
    }

    fn forward(&mut self, x: &Inputs<'_, F>, y: &mut [F], _saved: &mut [F]) {
        let (outer, inner) = around(x.shape(0), self.axis);
        let (extent, width) = (x.shape(0)[self.axis] * inner, self.range.len() * inner);
        for o in 0..outer {
            let from = o * extent + self.range.start * inner;
            y[o * width..(o + 1) * width].copy_from_slice(&x.value(0)[from..from + width]);
        }
    }

    fn backward(&self, at: Backward<'_, F>, dx: &mut [Gradient<F>]) {
        let Some(dx) = dx[0].wanted() else { return };
        dx.fill(F::ZERO);
        let (outer, inner) = around(at.x.shape(0), self.axis);
        let (extent, width) = (at.x.shape(0)[self.axis] * inner, self.range.len() * inner);
        for o in 0..outer {
            let to = o * extent + self.range.start * inner;
            dx[to..to + width].copy_from_slice(&at.dy[o * width..(o + 1) * width]);
        }
    }
}

/// Arrays one after another along an axis.
struct ConcatOp {
    axis: usize,
}

impl<F: Float> Op<F> for ConcatOp {
    fn name(&self) -> &'static str {
        "concat"
    }

    fn shape(&self, inputs: &[Shape]) -> Result<Shape, ShapeError> {
        let first = inputs[0];
        check_axis("concat", first, self.axis)?;
        let fits = |s: &Shape| s.rank() == first.rank() && s.with_dim(self.axis, first[self.axis]) == first;
        if let Some(other) = inputs.iter().find(|s| !fits(s)) {
            return Err(ShapeError::new(
                "concat",
                format!("shapes that agree with {first} but for axis {}", self.axis),
                other.to_string(),
                "reshape it, or choose another axis",
            ));
        }
        Ok(first.with_dim(self.axis, inputs.iter().map(|s| s[self.axis]).sum()))
    }

    fn forward(&mut self, x: &Inputs<'_, F>, y: &mut [F], _saved: &mut [F]) {
        let (outer, inner) = around(x.shape(0), self.axis);
        let total = y.len() / outer.max(1);
        let mut before = 0;
        for i in 0..x.len() {
            let width = x.shape(i)[self.axis] * inner;
            for o in 0..outer {
                y[o * total + before..][..width].copy_from_slice(&x.value(i)[o * width..(o + 1) * width]);
            }
            before += width;
        }
    }

    fn backward(&self, at: Backward<'_, F>, dx: &mut [Gradient<F>]) {
        let (outer, inner) = around(at.shape, self.axis);
        let total = at.dy.len() / outer.max(1);
        let mut before = 0;
        for (i, dx) in dx.iter_mut().enumerate() {
            let width = at.x.shape(i)[self.axis] * inner;
            if let Some(dx) = dx.wanted() {
                for o in 0..outer {
                    dx[o * width..(o + 1) * width].copy_from_slice(&at.dy[o * total + before..][..width]);
                }
            }
            before += width;
        }
    }
}

impl<'t, F: Float> Var<'t, F> {
    /// The rows numbered `indices` along an axis; a row may come more than once.
    ///
    /// # Panics
    /// If an index is beyond the axis.
    #[track_caller]
    #[must_use]
    pub fn index_select(self, axis: usize, indices: Tensor<u32>) -> Self {
        self.tape.record(IndexSelectOp { axis, indices }, &[self])
    }

    /// The part `range` of an axis.
    ///
    /// # Panics
    /// If the range is not inside the axis.
    #[track_caller]
    #[must_use]
    pub fn narrow(self, axis: usize, range: Range<usize>) -> Self {
        self.tape.record(NarrowOp { axis, range }, &[self])
    }

    /// `parts` one after another along an axis.
    ///
    /// # Panics
    /// If there are none, or they differ in another axis.
    #[track_caller]
    #[must_use]
    pub fn concat(parts: &[Self], axis: usize) -> Self {
        assert!(!parts.is_empty(), "concat: at least one part");
        parts[0].tape.record(ConcatOp { axis }, parts)
    }
}
