//! The arena: nodes in the order of their recording, buffers that outlive the step.

use std::cell::{Cell, Ref, RefCell, RefMut};
use std::fmt;

use evenkeel_tensor::{Float, Shape, ShapeError, Tensor};

use crate::node::{Node, Value, root_of, value_of};
use crate::op::{Gradient, Inputs, Op};
use crate::pool::Pool;
use crate::scope::{Scopes, Segment};
use crate::var::Var;

/// The record of one step's operations, and the owner of their values and gradients.
///
/// Operations run as they are recorded. The order of recording is a topological order, so
/// [`backward`](Tape::backward) is one walk back without sorting, hashing or recursion.
/// [`reset`](Tape::reset) forgets the step and keeps the buffers: a step that does what the step
/// before did allocates nothing.
///
/// ```
/// use evenkeel_autograd::Tape;
/// use evenkeel_tensor::Tensor;
///
/// let mut tape = Tape::<f64>::new();
/// for step in 1..=3 {
///     let x = tape.variable(Tensor::scalar(step as f64));
///     let y = (x * x + x).sum();                       // d/dx = 2x + 1
///     tape.backward(y);
///     assert_eq!(x.gradient().unwrap().item(), 2.0 * step as f64 + 1.0);
///     tape.reset();
/// }
/// ```
pub struct Tape<F: Float = f32> {
    pub(crate) inner: RefCell<Inner<F>>,
    // Outside the RefCell: read while an operation is recorded.
    dry: Cell<bool>,
}

pub(crate) struct Inner<F: Float> {
    /// The first `len` are this step's; the rest keep their boxes for a later one.
    pub(crate) nodes: Vec<Node<F>>,
    pub(crate) len: usize,
    /// The inputs of all nodes, one node after another.
    pub(crate) inputs: Vec<u32>,
    pub(crate) pool: Pool<F>,
    pub(crate) scopes: Scopes,
    error: Option<(String, ShapeError)>,
    /// Whether a leaf has been let go of.
    pub(crate) released: bool,
    /// Whether the backward pass keeps the gradients of intermediate values.
    pub(crate) retain: bool,
    // Scratch that is kept to avoid allocation.
    shapes: Vec<Shape>,
    pub(crate) gradients: Vec<Gradient<F>>,
}

impl<F: Float> Default for Tape<F> {
    fn default() -> Self {
        Self::new()
    }
}

impl<F: Float> fmt::Debug for Tape<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tape").field("nodes", &self.len()).finish_non_exhaustive()
    }
}

impl<F: Float> Tape<F> {
    /// An empty tape.
    pub fn new() -> Self {
        Self {
            inner: RefCell::new(Inner {
                nodes: Vec::new(),
                len: 0,
                inputs: Vec::new(),
                pool: Pool::new(),
                scopes: Scopes::default(),
                error: None,
                released: false,
                retain: false,
                shapes: Vec::new(),
                gradients: Vec::new(),
            }),
            dry: Cell::new(false),
        }
    }

    /// The record, to be changed by `operation`.
    ///
    /// # Panics
    /// If a borrow of a value is alive.
    #[track_caller]
    pub(crate) fn inner_mut(&self, operation: &str) -> RefMut<'_, Inner<F>> {
        let Ok(inner) = self.inner.try_borrow_mut() else {
            panic!(
                "{operation}: a borrow from Var::value() (or saved(), or with_gradient()) is still alive; \
                 drop it, or use to_tensor()"
            );
        };
        inner
    }

    /// The number of values recorded since the last reset.
    #[allow(clippy::len_without_is_empty)]
    pub fn len(&self) -> usize {
        self.inner.borrow().len
    }

    /// Forgets all values and gradients and keeps their buffers for the next step.
    pub fn reset(&mut self) {
        let inner = self.inner.get_mut();
        // Last in, first out: the next step's nodes then find the buffers they had.
        for node in inner.nodes[..inner.len].iter_mut().rev() {
            inner.pool.give(std::mem::take(&mut node.saved));
            if let Some(gradient) = node.gradient.take() {
                inner.pool.give(gradient);
            }
            if let Value::Computed(values) = std::mem::replace(&mut node.value, Value::Poisoned) {
                inner.pool.give(values);
            }
        }
        inner.len = 0;
        inner.inputs.clear();
        inner.scopes.clear();
        inner.error = None;
        inner.released = false;
        inner.retain = false;
        inner.gradients.clear();
    }

    /// A leaf whose gradient is wanted. Shares the tensor's buffer until the reset.
    #[track_caller]
    pub fn variable(&self, tensor: Tensor<F>) -> Var<'_, F> {
        self.leaf("variable", tensor, true)
    }

    /// A leaf that is not differentiated: data. Shares the tensor's buffer until the reset.
    #[track_caller]
    pub fn constant(&self, tensor: Tensor<F>) -> Var<'_, F> {
        self.leaf("constant", tensor, false)
    }

    #[track_caller]
    fn leaf(&self, operation: &str, tensor: Tensor<F>, tracked: bool) -> Var<'_, F> {
        let inner = &mut *self.inner_mut(operation);
        let shape = tensor.shape();
        self.var(inner.push(shape, Value::Leaf(tensor), tracked))
    }

    /// Runs an operation and records it.
    ///
    /// # Panics
    /// If the shapes do not fit (both shapes and the layer's path are named), or if an input belongs to
    /// another tape, or if a borrow of a value is alive. In a [dry run](Tape::dry_run) misfits are kept for [`Tape::take_error`] instead.
    #[track_caller]
    pub fn record<O: Op<F>>(&self, op: O, inputs: &[Var<'_, F>]) -> Var<'_, F> {
        let inner = &mut *self.inner_mut(op.name());
        inner.shapes.clear();
        let first = inner.inputs.len() as u32;
        let mut tracked = false;
        let mut poisoned = false;
        for input in inputs {
            assert!(std::ptr::eq(input.tape, self), "{}: an input belongs to another tape", op.name());
            let node = &inner.nodes[input.index as usize];
            inner.inputs.push(input.index);
            inner.shapes.push(node.shape);
            tracked |= node.tracked;
            poisoned |= matches!(node.value, Value::Poisoned);
        }
        let shape = match op.shape(&inner.shapes) {
            Ok(shape) if !poisoned => shape,
            Err(error) if !self.dry.get() => {
                let path = inner.scopes.path(inner.scopes.current());
                panic!("{}{}{error}", path, if path.is_empty() { "" } else { ": " });
            }
            outcome => {
                if let (Err(error), false, None) = (outcome, poisoned, &inner.error) {
                    inner.error = Some((inner.scopes.path(inner.scopes.current()), error));
                }
                let shape = inner.shapes.first().copied().unwrap_or(Shape::SCALAR);
                return self.var(inner.push(shape, Value::Poisoned, false));
            }
        };
        if self.dry.get() {
            return self.var(inner.push(shape, Value::Computed(Vec::new()), false));
        }
        let mut value = inner.pool.take(shape.numel());
        let mut saved = inner.pool.take(op.saved(&inner.shapes));
        let index = inner.push(shape, Value::Poisoned, tracked);
        let (before, rest) = inner.nodes.split_at_mut(index as usize);
        let node = &mut rest[0];
        node.inputs = (first, inner.inputs.len() as u32);
        let op = node.put(op);
        op.forward(&Inputs { nodes: before, indices: &inner.inputs[first as usize..] }, &mut value, &mut saved);
        node.value = Value::Computed(value);
        node.saved = saved;
        self.var(index)
    }

    /// The same values under another shape: no kernel, no copy, and one gradient for both.
    ///
    /// # Panics
    /// If the number of elements differs.
    #[track_caller]
    pub(crate) fn alias(&self, input: Var<'_, F>, shape: Shape) -> Var<'_, F> {
        let inner = &mut *self.inner_mut("reshape");
        let node = &inner.nodes[input.index as usize];
        let (from, tracked) = (node.shape, node.tracked);
        let poisoned = matches!(node.value, Value::Poisoned);
        if from.numel() != shape.numel() && !poisoned {
            let error = ShapeError::new(
                "reshape",
                format!("a shape of {} elements", from.numel()),
                format!("{shape} for {from}"),
                "keep the product of the extents",
            );
            let path = inner.scopes.path(inner.scopes.current());
            assert!(self.dry.get(), "{path}: {error}");
            inner.error.get_or_insert((path, error));
            return self.var(inner.push(from, Value::Poisoned, false));
        }
        let value = if poisoned { Value::Poisoned } else { Value::Alias(root_of(&inner.nodes, input.index)) };
        self.var(inner.push(shape, value, tracked))
    }

    /// The values of `var`; no operation can be recorded while this borrow lives.
    #[track_caller]
    pub(crate) fn value(&self, index: u32) -> Ref<'_, [F]> {
        // Here too, for the panic to name the caller: the closure cannot.
        value_of(&self.inner.borrow().nodes, index);
        Ref::map(self.inner.borrow(), |inner| value_of(&inner.nodes, index))
    }

    pub(crate) fn saved(&self, index: u32) -> Ref<'_, [F]> {
        Ref::map(self.inner.borrow(), |inner| &inner.nodes[index as usize].saved[..])
    }

    pub(crate) fn shape(&self, index: u32) -> Shape {
        self.inner.borrow().nodes[index as usize].shape
    }

    pub(crate) fn tracked(&self, index: u32) -> bool {
        self.inner.borrow().nodes[index as usize].tracked
    }

    pub(crate) fn var(&self, index: u32) -> Var<'_, F> {
        Var { tape: self, index }
    }

    /// The variable recorded as number `index` since the last reset.
    ///
    /// # Panics
    /// If there is none.
    #[track_caller]
    pub fn nth(&self, index: usize) -> Var<'_, F> {
        assert!(index < self.len(), "nth: value {index} of {}", self.len());
        self.var(index as u32)
    }

    /// Runs `f` with operations named as parts of `segment` in messages.
    #[track_caller]
    pub fn scope<R>(&self, segment: Segment, f: impl FnOnce() -> R) -> R {
        let outer = self.inner_mut("scope").scopes.enter(segment);
        let result = f();
        self.inner_mut("scope").scopes.leave_to(outer);
        result
    }

    /// The path of the scope in force.
    pub fn path(&self) -> String {
        let inner = self.inner.borrow();
        inner.scopes.path(inner.scopes.current())
    }

    /// The path of the scope in which value `index` was recorded.
    pub fn path_of(&self, index: usize) -> String {
        let inner = self.inner.borrow();
        inner.scopes.path(inner.nodes[index].scope)
    }

    /// Lets go of the tensors that leaves share, and keeps everything else, gradients included: whoever
    /// owns the tensors can then change them in place.
    ///
    /// Until the reset the leaves' values are gone: reading one panics, and so does a backward pass.
    pub fn release_leaves(&mut self) {
        let inner = self.inner.get_mut();
        for node in &mut inner.nodes[..inner.len] {
            if let Value::Leaf(_) = node.value {
                node.value = Value::Released;
                inner.released = true;
            }
        }
    }

    /// Resets the tape and, from now on until `dry_run(false)`, computes shapes only: no kernel runs, and a misfit
    /// becomes an error in [`take_error`](Tape::take_error) instead of a panic. Further resets do not end it. This is
    /// how a network is checked against the data.
    pub fn dry_run(&mut self, dry: bool) {
        self.reset();
        self.dry.set(dry);
    }

    /// Whether this is a [dry run](Tape::dry_run).
    pub fn is_dry(&self) -> bool {
        self.dry.get()
    }

    /// The first misfit of a dry run: the path of the layer and the error.
    #[track_caller]
    pub fn take_error(&self) -> Option<(String, ShapeError)> {
        self.inner_mut("take_error").error.take()
    }
}

impl<F: Float> Inner<F> {
    fn push(&mut self, shape: Shape, value: Value<F>, tracked: bool) -> u32 {
        let index = self.len;
        let scope = self.scopes.current();
        let end = self.inputs.len() as u32;
        if index == self.nodes.len() {
            self.nodes.push(Node {
                shape,
                value,
                op: None,
                inputs: (end, end),
                saved: Vec::new(),
                gradient: None,
                tracked,
                scope,
            });
        } else {
            let node = &mut self.nodes[index];
            node.shape = shape;
            node.value = value;
            node.inputs = (end, end);
            node.tracked = tracked;
            node.scope = scope;
        }
        self.len += 1;
        u32::try_from(index).expect("fewer than 2^32 values in a step")
    }
}
