//! What an operation is.

use std::any::Any;

use evenkeel_tensor::{Float, Shape, ShapeError};

use crate::node::{Node, value_of};
use crate::signal::{Incoming, Propagation};

/// A differentiable operation: an open set, so that any crate can add its own.
///
/// An operation is a value with a forward kernel and a vector-Jacobian product; the tape owns every
/// buffer, so neither allocates. [`Var::tape`](crate::Var::tape) and [`Tape::record`](crate::Tape::record)
/// put one to work:
///
/// ```
/// use evenkeel_autograd::{Backward, Gradient, Inputs, Op, Tape, Var, gradcheck};
/// use evenkeel_tensor::{Float, Shape, ShapeError, Tensor};
///
/// /// y = x³
/// struct Cube;
///
/// impl<F: Float> Op<F> for Cube {
///     fn name(&self) -> &'static str {
///         "cube"
///     }
///     fn shape(&self, inputs: &[Shape]) -> Result<Shape, ShapeError> {
///         Ok(inputs[0])
///     }
///     fn forward(&mut self, x: &Inputs<'_, F>, y: &mut [F], _saved: &mut [F]) {
///         y.iter_mut().zip(x.value(0)).for_each(|(y, &x)| *y = x * x * x);
///     }
///     fn backward(&self, at: Backward<'_, F>, dx: &mut [Gradient<F>]) {
///         if let Some(dx) = dx[0].wanted() {
///             let three = F::from_f64(3.0);
///             for ((dx, &x), &dy) in dx.iter_mut().zip(at.x.value(0)).zip(at.dy) {
///                 *dx = three * x * x * dy;
///             }
///         }
///     }
/// }
///
/// gradcheck(&[Tensor::from_vec([3], vec![0.5, -1.0, 2.0])?], |x| x[0].tape().record(Cube, x))?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub trait Op<F: Float>: Any + Send + Sync {
    /// The name in messages, e.g. `linear`.
    fn name(&self) -> &'static str;

    /// The shape of the result for inputs of these shapes.
    ///
    /// # Errors
    /// If the shapes do not fit.
    fn shape(&self, inputs: &[Shape]) -> Result<Shape, ShapeError>;

    /// The number of values that the forward kernel keeps for the backward one, besides inputs and result, and of
    /// those that either needs as scratch.
    fn saved(&self, inputs: &[Shape]) -> usize {
        let _ = inputs;
        0
    }

    /// Writes every element of the result `y` and of `saved`; what stands there before is unspecified.
    fn forward(&mut self, x: &Inputs<'_, F>, y: &mut [F], saved: &mut [F]);

    /// The vector-Jacobian product: for each input whose gradient is [wanted](Gradient::wanted), writes
    /// (not adds) every element of dL/dx, given dL/dy in `at.dy`. The tape adds up where an input is used
    /// more than once.
    fn backward(&self, at: Backward<'_, F>, dx: &mut [Gradient<F>]);

    /// What mean-field theory says the operation does to the mean and variance of its inputs, and to the size of gradients
    /// on their way back, for a result of shape `output`; `None` if there is nothing to say.
    fn propagate(&self, inputs: &[Incoming], output: Shape) -> Option<Propagation> {
        let _ = (inputs, output);
        None
    }
}

/// The inputs of an operation.
pub struct Inputs<'a, F: Float> {
    pub(crate) nodes: &'a [Node<F>],
    pub(crate) indices: &'a [u32],
}

impl<'a, F: Float> Inputs<'a, F> {
    /// The number of inputs.
    #[allow(clippy::len_without_is_empty)]
    pub fn len(&self) -> usize {
        self.indices.len()
    }

    /// The values of input `i`, row-major.
    #[inline]
    #[track_caller]
    pub fn value(&self, i: usize) -> &'a [F] {
        value_of(self.nodes, self.indices[i])
    }

    /// The shape of input `i`.
    #[inline]
    #[track_caller]
    pub fn shape(&self, i: usize) -> Shape {
        self.nodes[self.indices[i] as usize].shape
    }
}

/// What a backward kernel may read.
pub struct Backward<'a, F: Float> {
    /// The inputs.
    pub x: Inputs<'a, F>,
    /// The result.
    pub y: &'a [F],
    /// What the forward kernel kept. A backward kernel may use as scratch what it does not need again.
    pub saved: &'a mut [F],
    /// The gradient of the loss with respect to the result.
    pub dy: &'a [F],
    /// The shape of the result.
    pub shape: Shape,
}

/// Where a backward kernel writes the gradient of one input.
pub struct Gradient<F: Float> {
    pub(crate) buffer: Vec<F>,
    pub(crate) root: u32,
    pub(crate) state: Wanted,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// The input is a constant.
    No,
    /// The first contribution to the input's gradient: written in place.
    First,
    /// A further contribution, added by the tape afterwards.
    Further,
}

impl<F: Float> Gradient<F> {
    /// The buffer to write to, if anyone asks for this gradient.
    #[inline]
    pub fn wanted(&mut self) -> Option<&mut [F]> {
        (self.state != Wanted::No).then_some(&mut self.buffer[..])
    }
}
