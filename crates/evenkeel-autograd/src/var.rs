//! The handle of a recorded value, and the operations written as methods and operators.

use std::cell::Ref;
use std::fmt;

use evenkeel_tensor::{Float, MAX_RANK, Shape, Tensor};

use crate::Tape;

/// A value on a [`Tape`]: a `Copy` handle.
///
/// Operators and methods record operations. Shapes that do not fit are a bug in the network and panic
/// with both shapes and the layer's path.
#[derive(Clone, Copy)]
pub struct Var<'t, F: Float = f32> {
    pub(crate) tape: &'t Tape<F>,
    pub(crate) index: u32,
}

impl<'t, F: Float> Var<'t, F> {
    /// The tape that holds the value.
    #[inline]
    pub fn tape(self) -> &'t Tape<F> {
        self.tape
    }

    /// The number of the value on its tape.
    #[inline]
    pub fn index(self) -> usize {
        self.index as usize
    }

    /// The shape.
    #[inline]
    pub fn shape(self) -> Shape {
        self.tape.shape(self.index)
    }

    /// Whether a variable is among the value's ancestors, so that a gradient flows through it.
    pub fn is_tracked(self) -> bool {
        self.tape.tracked(self.index)
    }

    /// The values, row-major. No operation can be recorded while the borrow lives.
    ///
    /// # Panics
    /// If they have been [released](Tape::release_leaves).
    #[track_caller]
    pub fn value(self) -> Ref<'t, [F]> {
        self.tape.value(self.index)
    }

    /// What the operation's forward kernel kept besides the values, for instance the statistics of a batch.
    /// No operation can be recorded while the borrow lives.
    pub fn saved(self) -> Ref<'t, [F]> {
        self.tape.saved(self.index)
    }

    /// A copy of the values.
    ///
    /// # Panics
    /// If they have been [released](Tape::release_leaves).
    #[track_caller]
    pub fn to_tensor(self) -> Tensor<F> {
        Tensor::from_vec(self.shape(), self.value().to_vec()).expect("as many values as the shape has")
    }

    /// The only value of a scalar.
    ///
    /// # Panics
    /// If there is not exactly one.
    #[track_caller]
    pub fn item(self) -> F {
        let value = self.value();
        assert!(value.len() == 1, "item() of a value of shape {}", self.shape());
        value[0]
    }

    /// A copy of the gradient, if there is one: a variable's after [`Tape::backward`].
    pub fn gradient(self) -> Option<Tensor<F>> {
        let gradient = self.tape.with_gradient(self, <[F]>::to_vec)?;
        Some(Tensor::from_vec(self.shape(), gradient).expect("as many values as the shape has"))
    }

    /// The same values as a constant: no gradient flows back through it.
    #[track_caller]
    #[must_use]
    pub fn detach(self) -> Self {
        // In a dry run there are shapes, but no values.
        let values = if self.tape.is_dry() { Tensor::zeros(self.shape()) } else { self.to_tensor() };
        self.tape.constant(values)
    }

    /// The same values under another shape. No copy.
    ///
    /// # Panics
    /// If the number of elements differs.
    #[track_caller]
    #[must_use]
    pub fn reshape(self, shape: impl Into<Shape>) -> Self {
        self.tape.alias(self, shape.into())
    }

    /// The same values with all axes but the first `keep` merged into one: `(batch, ...)` becomes
    /// `(batch, features)` with `keep = 1`. Axes that are missing count as 1: `(batch)` becomes `(batch, 1)`. No copy.
    #[track_caller]
    #[must_use]
    pub fn flatten(self, keep: usize) -> Self {
        let shape = self.shape();
        let (kept, merged) = shape.split_at(keep.min(shape.rank()));
        let mut dims = [1; MAX_RANK];
        dims[..kept.len()].copy_from_slice(kept);
        let last = keep.min(MAX_RANK - 1);
        dims[last] *= merged.iter().product::<usize>();
        self.reshape(&dims[..=last])
    }
}

impl<F: Float> fmt::Debug for Var<'_, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Var").field("index", &self.index).field("shape", &self.shape()).finish_non_exhaustive()
    }
}
