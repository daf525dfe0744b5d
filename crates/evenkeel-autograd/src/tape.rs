//! The arena: nodes in the order of their recording, buffers that outlive the step.

use std::any::Any;
use std::cell::{Cell, Ref, RefCell};
use std::fmt;

use evenkeel_tensor::{Float, Shape, ShapeError, Tensor, kernel};

use crate::op::{Backward, Gradient, Inputs, Op, Wanted};
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
    inner: RefCell<Inner<F>>,
    // Outside the RefCell: read while an operation is recorded.
    dry: Cell<bool>,
}

struct Inner<F: Float> {
    /// The first `len` are this step's; the rest keep their boxes for a later one.
    nodes: Vec<Node<F>>,
    len: usize,
    /// The inputs of all nodes, one node after another.
    inputs: Vec<u32>,
    pool: Pool<F>,
    scopes: Scopes,
    error: Option<(String, ShapeError)>,
    // Scratch that is kept to avoid allocation.
    shapes: Vec<Shape>,
    gradients: Vec<Gradient<F>>,
}

/// One recorded value.
pub(crate) struct Node<F: Float> {
    pub(crate) shape: Shape,
    value: Value<F>,
    /// Which operation gave it; stale in leaves and aliases, kept for its box.
    op: Option<Box<dyn Op<F>>>,
    inputs: (u32, u32),
    saved: Vec<F>,
    gradient: Option<Vec<F>>,
    /// Whether a variable is among its ancestors.
    tracked: bool,
    scope: u32,
}

enum Value<F: Float> {
    /// What an operation wrote.
    Computed(Vec<F>),
    /// A variable or constant that shares a tensor's buffer.
    Leaf(Tensor<F>),
    /// Another node's values under another shape; its gradient is that node's too.
    Alias(u32),
    /// A leaf that has been let go of.
    Released,
    /// In a dry run: the inputs did not fit.
    Poisoned,
}

fn root_of<F: Float>(nodes: &[Node<F>], mut index: u32) -> u32 {
    while let Value::Alias(source) = nodes[index as usize].value {
        index = source;
    }
    index
}

pub(crate) fn value_of<F: Float>(nodes: &[Node<F>], index: u32) -> &[F] {
    match &nodes[root_of(nodes, index) as usize].value {
        Value::Computed(values) => values,
        Value::Leaf(tensor) => tensor.as_slice(),
        Value::Alias(_) | Value::Released | Value::Poisoned => &[],
    }
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
                shapes: Vec::new(),
                gradients: Vec::new(),
            }),
            dry: Cell::new(false),
        }
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
    }

    /// A leaf whose gradient is wanted. Shares the tensor's buffer until the reset.
    pub fn variable(&self, tensor: Tensor<F>) -> Var<'_, F> {
        self.leaf(tensor, true)
    }

    /// A leaf that is not differentiated: data. Shares the tensor's buffer until the reset.
    pub fn constant(&self, tensor: Tensor<F>) -> Var<'_, F> {
        self.leaf(tensor, false)
    }

    fn leaf(&self, tensor: Tensor<F>, tracked: bool) -> Var<'_, F> {
        let inner = &mut *self.inner.borrow_mut();
        let shape = tensor.shape();
        self.var(inner.push(shape, Value::Leaf(tensor), tracked))
    }

    /// Runs an operation and records it.
    ///
    /// # Panics
    /// If the shapes do not fit (both shapes and the layer's path are named), or if an input belongs to
    /// another tape. In a [dry run](Tape::dry_run) misfits are kept for [`Tape::take_error`] instead.
    #[track_caller]
    pub fn record<O: Op<F>>(&self, op: O, inputs: &[Var<'_, F>]) -> Var<'_, F> {
        let inner = &mut *self.inner.borrow_mut();
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
        let op = put(&mut node.op, op);
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
        let inner = &mut *self.inner.borrow_mut();
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
        let value = if poisoned { Value::Poisoned } else { Value::Alias(input.index) };
        self.var(inner.push(shape, value, tracked))
    }

    /// Computes the gradients of the scalar `loss` with respect to every variable it depends on.
    ///
    /// Gradients add up over calls until the reset; those of intermediate values are given up as soon
    /// as they have been used.
    ///
    /// # Panics
    /// If `loss` has more than one element.
    #[track_caller]
    pub fn backward(&self, loss: Var<'_, F>) {
        let shape = loss.shape();
        assert!(shape.numel() == 1, "backward: a loss of one element, got shape {shape}; take its mean or sum first");
        self.backward_from(loss, &[F::ONE]);
    }

    /// As [`backward`](Tape::backward), from any value and the gradient that flows into it.
    ///
    /// # Panics
    /// If `upstream` does not have as many elements as `y`.
    #[track_caller]
    pub fn backward_from(&self, y: Var<'_, F>, upstream: &[F]) {
        let inner = &mut *self.inner.borrow_mut();
        assert_eq!(upstream.len(), inner.nodes[y.index as usize].shape.numel(), "backward_from: elements");
        if !inner.nodes[y.index as usize].tracked {
            return;
        }
        let top = root_of(&inner.nodes, y.index);
        if let Value::Computed(_) = inner.nodes[top as usize].value {
            inner.propagate(top, upstream);
        } else {
            let mut gradient = inner.pool.take(upstream.len());
            gradient.copy_from_slice(upstream);
            inner.accumulate(top, gradient);
        }
        for index in (0..top).rev() {
            if let Value::Computed(_) = inner.nodes[index as usize].value
                && let Some(dy) = inner.nodes[index as usize].gradient.take()
            {
                inner.propagate(index, &dy);
                inner.pool.give(dy);
            }
        }
    }

    /// Calls `read` with the gradient of `var`, if there is one: a variable's after
    /// [`backward`](Tape::backward). No copy.
    pub fn with_gradient<R>(&self, var: Var<'_, F>, read: impl FnOnce(&[F]) -> R) -> Option<R> {
        let inner = self.inner.borrow();
        let root = root_of(&inner.nodes, var.index);
        inner.nodes[root as usize].gradient.as_deref().map(read)
    }

    /// The values of `var`; no operation can be recorded while this borrow lives.
    pub(crate) fn value(&self, index: u32) -> Ref<'_, [F]> {
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
    pub fn scope<R>(&self, segment: Segment, f: impl FnOnce() -> R) -> R {
        let outer = self.inner.borrow_mut().scopes.enter(segment);
        let result = f();
        self.inner.borrow_mut().scopes.leave_to(outer);
        result
    }

    /// The path of the scope in force.
    pub fn path(&self) -> String {
        let inner = self.inner.borrow();
        inner.scopes.path(inner.scopes.current())
    }

    /// Lets go of the tensors that leaves share, and keeps everything else, gradients included: whoever
    /// owns the tensors can then change them in place. The leaves' values are gone.
    pub fn release_leaves(&mut self) {
        let inner = self.inner.get_mut();
        for node in &mut inner.nodes[..inner.len] {
            if let Value::Leaf(_) = node.value {
                node.value = Value::Released;
            }
        }
    }

    /// From now on until the reset, computes shapes only: no kernel runs, and a misfit becomes an error in
    /// [`take_error`](Tape::take_error) instead of a panic. This is how a network is checked against the data.
    pub fn dry_run(&mut self, dry: bool) {
        self.reset();
        self.dry.set(dry);
    }

    /// Whether this is a [dry run](Tape::dry_run).
    pub fn is_dry(&self) -> bool {
        self.dry.get()
    }

    /// The first misfit of a dry run: the path of the layer and the error.
    pub fn take_error(&self) -> Option<(String, ShapeError)> {
        self.inner.borrow_mut().error.take()
    }

    /// The first recorded value that is not finite, in the order of computation: the place where an
    /// infinity or NaN entered.
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

/// Puts `op` into a slot, into the box that is already there if it is of the same type: a step that
/// repeats the step before allocates no boxes.
fn put<F: Float, O: Op<F>>(slot: &mut Option<Box<dyn Op<F>>>, op: O) -> &mut dyn Op<F> {
    let reusable = slot.as_deref().is_some_and(|old| (old as &dyn Any).is::<O>());
    if reusable {
        let boxed = slot.as_deref_mut().expect("just seen");
        *(boxed as &mut dyn Any).downcast_mut::<O>().expect("just seen") = op;
    } else {
        *slot = Some(Box::new(op));
    }
    slot.as_deref_mut().expect("just put")
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

    /// Adds `buffer` to the gradient of a root node.
    fn accumulate(&mut self, root: u32, buffer: Vec<F>) {
        let slot = &mut self.nodes[root as usize].gradient;
        match slot {
            None => *slot = Some(buffer),
            Some(sum) => {
                kernel::add_assign(sum, &buffer);
                self.pool.give(buffer);
            }
        }
    }

    /// Hands `dy`, the gradient of computed node `index`, on to its inputs.
    fn propagate(&mut self, index: u32, dy: &[F]) {
        let (first, end) = self.nodes[index as usize].inputs;
        debug_assert!(self.gradients.is_empty());
        for i in first..end {
            let input = self.inputs[i as usize];
            let root = root_of(&self.nodes, input);
            let state = if !self.nodes[input as usize].tracked {
                Wanted::No
            } else if self.nodes[root as usize].gradient.is_some() || self.gradients.iter().any(|g| g.root == root) {
                Wanted::Further
            } else {
                Wanted::First
            };
            let len = if state == Wanted::No { 0 } else { self.nodes[root as usize].shape.numel() };
            let buffer = self.pool.take(len);
            self.gradients.push(Gradient { buffer, root, state });
        }
        let mut saved = std::mem::take(&mut self.nodes[index as usize].saved);
        let node = &self.nodes[index as usize];
        let Value::Computed(y) = &node.value else { unreachable!("computed nodes only") };
        let at = Backward {
            x: Inputs { nodes: &self.nodes, indices: &self.inputs[first as usize..end as usize] },
            y,
            saved: &mut saved,
            dy,
            shape: node.shape,
        };
        node.op.as_deref().expect("a computed node has its operation").backward(at, &mut self.gradients);
        self.nodes[index as usize].saved = saved;
        let mut gradients = std::mem::take(&mut self.gradients);
        for gradient in gradients.drain(..).filter(|g| g.state != Wanted::No) {
            self.accumulate(gradient.root, gradient.buffer);
        }
        self.gradients = gradients;
    }
}
