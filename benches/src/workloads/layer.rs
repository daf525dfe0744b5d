//! What workloads of a single layer share: the timed steps, and one step to check.

use evenkeel::module::{Mode, Workspace};
use evenkeel::prelude::*;

use crate::check::normal;
use crate::timing::{Timer, Timing};

/// An input away from mean 0 and deviation 1, so that doing nothing is not right, and a gradient of the output.
pub(super) fn data(shape: &[usize]) -> (Tensor, Tensor) {
    (&normal(shape, 1) * 2.0 + 3.0, normal(shape, 2))
}

/// Forward in training, and the gradients of `x` and of the parameters for the gradient `dy` of the output; forward alone beside it.
pub(super) fn forward_backward(timer: &Timer, layer: &mut impl Forward, x: &Tensor, dy: &Tensor) -> Timing {
    let mut workspace = Workspace::new();
    let forward = timer.time(|| {
        let pass = workspace.begin(Mode::Training, Seed(0));
        layer.forward(&pass, pass.tape().variable(x.clone())).index()
    });
    let both = timer.time(|| {
        let pass = workspace.begin(Mode::Training, Seed(0));
        let y = layer.forward(&pass, pass.tape().variable(x.clone()));
        pass.tape().backward_from(y, dy.as_slice());
        workspace.finish().commit(layer);
    });
    both.with_forward(&forward)
}

/// What a step gives.
pub(super) struct Outcome {
    pub(super) y: Tensor,
    pub(super) dx: Tensor,
    /// By parameter, in the layer's order.
    pub(super) gradients: Vec<Vec<f32>>,
}

/// One such step.
pub(super) fn step(layer: &impl Forward, x: &Tensor, dy: &Tensor) -> Result<Outcome, String> {
    let mut workspace = Workspace::new();
    let pass = workspace.begin(Mode::Training, Seed(0));
    let input = pass.tape().variable(x.clone());
    let output = layer.forward(&pass, input);
    pass.tape().backward_from(output, dy.as_slice());
    let (y, dx) = (output.to_tensor(), input.gradient().ok_or("no gradient of the input")?);
    let done = workspace.finish();
    let mut gradients = Vec::new();
    layer.for_each_parameter(|_, parameter| gradients.extend(done.with_gradient(parameter, <[f32]>::to_vec)));
    Ok(Outcome { y, dx, gradients })
}
