//! Each channel as one number.

use evenkeel_autograd::{Backward, Gradient, Inputs, Op, Var};
use evenkeel_module::{Forward, Module, Pass, Path, Visitor, VisitorMut};
use evenkeel_tensor::{Float, Shape, ShapeError, kernel, parallel};

use crate::activation::partless;

/// The mean of each channel over all positions: (N, C, ...) becomes (N, C), whatever the extents of the image.
///
/// # Errors
/// An input of rank less than 3, or without positions: a panic that names the cure, and an error from
/// [`check_network`](evenkeel_module::check_network) beforehand.
///
/// # Source
/// Lin, Chen & Yan, *Network In Network*, 2013, [arXiv 1312.4400](https://arxiv.org/abs/1312.4400).
///
/// ```
/// use evenkeel_module::{Forward, Mode, Workspace};
/// use evenkeel_nn::GlobalAvgPool;
/// use evenkeel_tensor::{Seed, Tensor};
///
/// let mut workspace = Workspace::new();
/// let pass = workspace.begin(Mode::Evaluation, Seed(0));
/// let x = pass.constant(Tensor::from_vec([1, 2, 1, 2], vec![1.0f32, 3.0, 5.0, 9.0])?);
/// let y = GlobalAvgPool.forward(&pass, x);
/// assert_eq!((y.shape(), &y.value()[..]), ([1, 2].into(), &[2.0, 7.0][..]));
/// # Ok::<(), evenkeel_tensor::ShapeError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct GlobalAvgPool;

partless!(GlobalAvgPool);

impl GlobalAvgPool {
    /// The means of the channels, outside a network.
    ///
    /// # Panics
    /// If the shape does not fit.
    #[track_caller]
    #[must_use]
    pub fn pool<F: Float>(self, x: Var<'_, F>) -> Var<'_, F> {
        x.tape().record(GlobalAvgPoolOp, &[x])
    }
}

impl<F: Float> Forward<F> for GlobalAvgPool {
    fn forward<'t>(&self, _pass: &Pass<'t, F>, x: Var<'t, F>) -> Var<'t, F> {
        self.pool(x)
    }
}

/// The largest value of each channel over all positions: (N, C, ...) becomes (N, C), whatever the extents of the image.
///
/// # Gradient
/// All of a channel's goes to the first position among those of the largest value. NaN in a channel gives NaN. Both as in
/// [`MaxPool`](crate::MaxPool).
///
/// # Errors
/// As [`GlobalAvgPool`].
///
/// ```
/// use evenkeel_module::{Forward, Mode, Workspace};
/// use evenkeel_nn::GlobalMaxPool;
/// use evenkeel_tensor::{Seed, Tensor};
///
/// let mut workspace = Workspace::new();
/// let pass = workspace.begin(Mode::Evaluation, Seed(0));
/// let x = pass.constant(Tensor::from_vec([1, 2, 1, 2], vec![1.0f32, 3.0, 9.0, 5.0])?);
/// let y = GlobalMaxPool.forward(&pass, x);
/// assert_eq!((y.shape(), &y.value()[..]), ([1, 2].into(), &[3.0, 9.0][..]));
/// # Ok::<(), evenkeel_tensor::ShapeError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct GlobalMaxPool;

partless!(GlobalMaxPool);

impl GlobalMaxPool {
    /// The largest values of the channels, outside a network.
    ///
    /// # Panics
    /// If the shape does not fit.
    #[track_caller]
    #[must_use]
    pub fn pool<F: Float>(self, x: Var<'_, F>) -> Var<'_, F> {
        x.tape().record(GlobalMaxPoolOp, &[x])
    }
}

impl<F: Float> Forward<F> for GlobalMaxPool {
    fn forward<'t>(&self, _pass: &Pass<'t, F>, x: Var<'t, F>) -> Var<'t, F> {
        self.pool(x)
    }
}

/// The number of positions of a channel.
fn positions(shape: Shape) -> usize {
    shape[2..].iter().product()
}

/// (N, C) for an input (N, C, ...).
fn channels(operation: &'static str, input: Shape) -> Result<Shape, ShapeError> {
    match input.dims() {
        &[examples, channels, ref positions @ ..] if !positions.is_empty() && !positions.contains(&0) => {
            Ok([examples, channels].into())
        }
        _ => Err(ShapeError::new(
            operation,
            "an input (examples, channels, ...) with at least one position",
            input.to_string(),
            "pool before the image is flattened",
        )),
    }
}

/// y = mean of each channel, dx = dy / positions.
struct GlobalAvgPoolOp;

impl<F: Float> Op<F> for GlobalAvgPoolOp {
    fn name(&self) -> &'static str {
        "global_avg_pool"
    }

    fn shape(&self, inputs: &[Shape]) -> Result<Shape, ShapeError> {
        channels("global_avg_pool", inputs[0])
    }

    fn forward(&mut self, x: &Inputs<'_, F>, y: &mut [F], _saved: &mut [F]) {
        let n = positions(x.shape(0));
        let (x, each) = (x.value(0), kernel::BLOCK.div_ceil(n));
        parallel::chunks_mut(y, each, |task, y| {
            let channels = x[task * each * n..].chunks_exact(n);
            y.iter_mut().zip(channels).for_each(|(y, x)| *y = kernel::sum(x) / F::from_usize(n));
        });
    }

    fn backward(&self, at: Backward<'_, F>, dx: &mut [Gradient<F>]) {
        let n = positions(at.x.shape(0));
        let Some(dx) = dx[0].wanted() else { return };
        let each = kernel::BLOCK.div_ceil(n);
        parallel::chunks_mut(dx, each * n, |task, dx| {
            let channels = dx.chunks_exact_mut(n).zip(&at.dy[task * each..]);
            channels.for_each(|(dx, &dy)| dx.fill(dy / F::from_usize(n)));
        });
    }
}

/// y = the largest value of each channel; dx = dy at its place, else 0. The place is looked up again for the gradient: it may be
/// too large a number to be saved as an `F`.
struct GlobalMaxPoolOp;

impl<F: Float> Op<F> for GlobalMaxPoolOp {
    fn name(&self) -> &'static str {
        "global_max_pool"
    }

    fn shape(&self, inputs: &[Shape]) -> Result<Shape, ShapeError> {
        channels("global_max_pool", inputs[0])
    }

    fn forward(&mut self, x: &Inputs<'_, F>, y: &mut [F], _saved: &mut [F]) {
        let n = positions(x.shape(0));
        let (x, each) = (x.value(0), kernel::BLOCK.div_ceil(n));
        parallel::chunks_mut(y, each, |task, y| {
            let channels = x[task * each * n..].chunks_exact(n);
            y.iter_mut().zip(channels).for_each(|(y, x)| *y = x[largest(x)]);
        });
    }

    fn backward(&self, at: Backward<'_, F>, dx: &mut [Gradient<F>]) {
        let n = positions(at.x.shape(0));
        let Some(dx) = dx[0].wanted() else { return };
        let (x, each) = (at.x.value(0), kernel::BLOCK.div_ceil(n));
        parallel::chunks_mut(dx, each * n, |task, dx| {
            let channels = x[task * each * n..].chunks_exact(n);
            for ((dx, x), &dy) in dx.chunks_exact_mut(n).zip(channels).zip(&at.dy[task * each..]) {
                dx.fill(F::ZERO);
                dx[largest(x)] = dy;
            }
        });
    }
}

/// The place of the largest value: of equal ones the first, of NaN the last.
fn largest<F: Float>(x: &[F]) -> usize {
    let mut best = 0;
    for (i, &value) in x.iter().enumerate() {
        if value > x[best] || value.is_nan() {
            best = i;
        }
    }
    best
}
