//! One recorded value.

use std::any::Any;

use evenkeel_tensor::{Float, Shape, Tensor};

use crate::op::Op;

pub(crate) struct Node<F: Float> {
    pub(crate) shape: Shape,
    pub(crate) value: Value<F>,
    /// Which operation gave it; stale in leaves and aliases, kept for its box.
    pub(crate) op: Option<Box<dyn Op<F>>>,
    /// Where its inputs are among the tape's.
    pub(crate) inputs: (u32, u32),
    pub(crate) saved: Vec<F>,
    pub(crate) gradient: Option<Vec<F>>,
    /// Whether a variable is among its ancestors.
    pub(crate) tracked: bool,
    pub(crate) scope: u32,
}

pub(crate) enum Value<F: Float> {
    /// What an operation wrote.
    Computed(Vec<F>),
    /// A variable or constant that shares a tensor's buffer.
    Leaf(Tensor<F>),
    /// Another node's values under another shape; its gradient is that node's too. Never an alias's alias.
    Alias(u32),
    /// A leaf that has been let go of.
    Released,
    /// In a dry run: the inputs did not fit.
    Poisoned,
}

impl<F: Float> Node<F> {
    /// Puts `op` in its place, into the box that is already there if it is of the same type: a step that
    /// repeats the step before allocates no boxes.
    pub(crate) fn put<O: Op<F>>(&mut self, op: O) -> &mut dyn Op<F> {
        let reusable = self.op.as_deref().is_some_and(|old| (old as &dyn Any).is::<O>());
        if reusable {
            let boxed = self.op.as_deref_mut().expect("just seen");
            *(boxed as &mut dyn Any).downcast_mut::<O>().expect("just seen") = op;
        } else {
            self.op = Some(Box::new(op));
        }
        self.op.as_deref_mut().expect("just put")
    }
}

/// The node that holds the values and the gradient of node `index`.
pub(crate) fn root_of<F: Float>(nodes: &[Node<F>], index: u32) -> u32 {
    match nodes[index as usize].value {
        Value::Alias(root) => root,
        _ => index,
    }
}

/// # Panics
/// If they are those of a released leaf.
#[track_caller]
pub(crate) fn value_of<F: Float>(nodes: &[Node<F>], index: u32) -> &[F] {
    match &nodes[root_of(nodes, index) as usize].value {
        Value::Computed(values) => values,
        Value::Leaf(tensor) => tensor.as_slice(),
        Value::Released => panic!(
            "value {index}, of shape {}, has been released by Tape::release_leaves (Workspace::finish): \
             read it before, or from the tensor it was made of",
            nodes[index as usize].shape
        ),
        // Shapes alone are computed: there are no values.
        Value::Alias(_) | Value::Poisoned => &[],
    }
}
