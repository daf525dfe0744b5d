//! Where an infinity or NaN came in.

use evenkeel_tensor::{Float, Shape, kernel};

use crate::Tape;
use crate::node::Value;

/// The first value of a step that is infinite or NaN.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Which value, counted from the reset ([`Tape::nth`]).
    pub node: usize,
    /// The operation that gave it; `None` for a variable or constant.
    pub operation: Option<&'static str>,
    /// The path of the layer in which it was recorded.
    pub path: String,
    /// Its shape.
    pub shape: Shape,
}

impl<F: Float> Tape<F> {
    /// The first recorded value that is not finite, in the order of computation: the place where an
    /// infinity or NaN entered. [Released](Tape::release_leaves) leaves are not seen.
    pub fn first_fault(&self) -> Option<Fault> {
        let inner = self.inner.borrow();
        let nodes = &inner.nodes[..inner.len];
        let index = nodes.iter().position(|node| match &node.value {
            Value::Computed(values) => !kernel::all_finite(values),
            Value::Leaf(tensor) => !tensor.is_finite(),
            Value::Alias(_) | Value::Released | Value::Poisoned => false,
        })?;
        let node = &nodes[index];
        let leaf = matches!(node.value, Value::Leaf(_));
        Some(Fault {
            node: index,
            operation: if leaf { None } else { node.op.as_ref().map(|op| op.name()) },
            path: inner.scopes.path(node.scope),
            shape: node.shape,
        })
    }
}
