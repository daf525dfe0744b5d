//! Pooling as operations.

use evenkeel_autograd::{Backward, Gradient, Inputs, Op};
use evenkeel_tensor::{Float, Shape, ShapeError, kernel, parallel};

use super::kernel::Pooling;
use crate::window::{Window, planes, shape_of};

/// What stands for the values under a window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// The largest.
    Max,
    /// The mean, with or without the padding's zeros.
    Mean { count_padding: bool },
}

/// Pooling of x (N, C, ...) over one or two spatial axes.
#[derive(Clone, Copy, Debug)]
pub(super) struct PoolOp {
    pub(super) kind: Kind,
    /// The number of spatial axes.
    pub(super) axes: usize,
    pub(super) window: Window,
}

impl PoolOp {
    fn operation(&self) -> &'static str {
        match (self.kind, self.axes) {
            (Kind::Max, 1) => "max_pool1d",
            (Kind::Max, _) => "max_pool2d",
            (Kind::Mean { .. }, 1) => "avg_pool1d",
            (Kind::Mean { .. }, _) => "avg_pool2d",
        }
    }

    /// The planes of an input, and their pooling.
    fn pooling(&self, x: Shape) -> Result<(usize, usize, Pooling), ShapeError> {
        let (examples, channels, input) = planes(self.operation(), self.axes, x)?;
        let Window { kernel, padding, .. } = self.window;
        // So that every window meets an input.
        if (0..2).any(|axis| padding[axis] > kernel[axis] / 2 || input[axis] == 0) {
            return Err(ShapeError::new(
                self.operation(),
                "a padding of at most half the kernel, and planes with elements",
                format!("kernel {kernel:?}, padding {padding:?} for input {x}"),
                "use less padding or a larger kernel",
            ));
        }
        let (window, output) = self.window.on(self.operation(), input, x)?;
        Ok((examples, channels, Pooling { window, input, output }))
    }
}

/// Planes that one task takes.
fn planes_per_task(area: usize) -> usize {
    kernel::BLOCK.div_ceil(area)
}

impl<F: Float> Op<F> for PoolOp {
    fn name(&self) -> &'static str {
        self.operation()
    }

    fn shape(&self, inputs: &[Shape]) -> Result<Shape, ShapeError> {
        let (examples, channels, pooling) = self.pooling(inputs[0])?;
        shape_of(self.axes, examples, channels, pooling.output)
    }

    /// As many as outputs: of a maximum its tap; of a mean scratch for its gradient.
    fn saved(&self, inputs: &[Shape]) -> usize {
        let (examples, channels, pooling) = self.pooling(inputs[0]).expect("checked before");
        examples * channels * pooling.areas()[1]
    }

    fn forward(&mut self, x: &Inputs<'_, F>, y: &mut [F], saved: &mut [F]) {
        let (_, _, pooling) = self.pooling(x.shape(0)).expect("checked when recorded");
        let (x, kind, [input, output]) = (x.value(0), self.kind, pooling.areas());
        let each = planes_per_task(input);
        parallel::chunks_mut2(y, each * output, saved, each * output, |task, y, saved| {
            let planes = x[task * each * input..].chunks_exact(input);
            let planes = planes.zip(y.chunks_exact_mut(output)).zip(saved.chunks_exact_mut(output));
            kernel::simd(
                #[inline(always)]
                move || {
                    for ((x, y), saved) in planes {
                        match kind {
                            Kind::Max => pooling.max(x, y, saved),
                            Kind::Mean { count_padding } => pooling.mean(count_padding, x, y),
                        }
                    }
                },
            );
        });
    }

    fn backward(&self, at: Backward<'_, F>, dx: &mut [Gradient<F>]) {
        let (_, _, pooling) = self.pooling(at.x.shape(0)).expect("checked when recorded");
        let Some(dx) = dx[0].wanted() else { return };
        let (dy, kind, [input, output]) = (at.dy, self.kind, pooling.areas());
        let each = planes_per_task(input);
        parallel::chunks_mut2(dx, each * input, at.saved, each * output, |task, dx, saved| {
            let planes = dy[task * each * output..].chunks_exact(output);
            let planes = planes.zip(dx.chunks_exact_mut(input)).zip(saved.chunks_exact_mut(output));
            kernel::simd(
                #[inline(always)]
                move || {
                    for ((dy, dx), saved) in planes {
                        match kind {
                            Kind::Max => pooling.max_gradient(saved, dy, dx),
                            Kind::Mean { count_padding } => {
                                saved.copy_from_slice(dy);
                                pooling.divide(count_padding, saved);
                                pooling.mean_gradient(saved, dx);
                            }
                        }
                    }
                },
            );
        });
    }
}
