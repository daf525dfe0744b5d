//! The walk back along the tape.

use evenkeel_tensor::{Float, kernel};

use crate::node::{Node, Value, root_of};
use crate::op::{Backward, Gradient, Inputs, Wanted};
use crate::tape::Inner;
use crate::{Tape, Var};

impl<F: Float> Tape<F> {
    /// Computes the gradients of the scalar `loss` with respect to every variable it depends on.
    ///
    /// Gradients add up over calls until the reset; those of intermediate values are given up as soon
    /// as they have been used, unless they are [retained](Tape::retain_gradients).
    ///
    /// # Panics
    /// If `loss` has more than one element, or as [`backward_from`](Tape::backward_from) does.
    #[track_caller]
    pub fn backward(&self, loss: Var<'_, F>) {
        let shape = loss.shape();
        assert!(shape.numel() == 1, "backward: a loss of one element, got shape {shape}; take its mean or sum first");
        self.backward_from(loss, &[F::ONE]);
    }

    /// As [`backward`](Tape::backward), from any value and the gradient that flows into it.
    ///
    /// # Panics
    /// If `upstream` does not have as many elements as `y`, if leaves have been [released](Tape::release_leaves), or if it is the
    /// second pass over gradients that are [retained](Tape::retain_gradients).
    #[track_caller]
    pub fn backward_from(&self, y: Var<'_, F>, upstream: &[F]) {
        let inner = &mut *self.inner_mut("backward");
        assert_eq!(upstream.len(), inner.nodes[y.index as usize].shape.numel(), "backward_from: elements");
        // Before the walk: a walk that stops halfway would leave half of the gradients.
        assert!(
            !inner.released,
            "backward: the leaves have been released by Tape::release_leaves (Workspace::finish); run it before, or \
             record the step again"
        );
        assert!(
            !inner.holds_retained_gradients(),
            "backward: a second pass would add to the gradients that the first one retained; record the step again, or take the \
             gradients of a sum of both losses"
        );
        if !inner.nodes[y.index as usize].tracked {
            return;
        }
        let top = root_of(&inner.nodes, y.index);
        if let Value::Computed(_) = inner.nodes[top as usize].value
            && !inner.retain
        {
            inner.propagate(top, upstream);
        } else {
            let mut gradient = inner.pool.take(upstream.len());
            gradient.copy_from_slice(upstream);
            inner.accumulate(top, gradient);
        }
        for index in (0..=top).rev() {
            if let Value::Computed(_) = inner.nodes[index as usize].value
                && let Some(dy) = inner.nodes[index as usize].gradient.take()
            {
                inner.propagate(index, &dy);
                if inner.retain {
                    inner.nodes[index as usize].gradient = Some(dy);
                } else {
                    inner.pool.give(dy);
                }
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
}

impl<F: Float> Inner<F> {
    /// Whether a backward pass has left the gradients of intermediate values.
    fn holds_retained_gradients(&self) -> bool {
        let retained = |node: &Node<F>| matches!(node.value, Value::Computed(_)) && node.gradient.is_some();
        self.retain && self.nodes.iter().any(retained)
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
