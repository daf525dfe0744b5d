//! Switchable normalisation alone.

use evenkeel::module::{Mode, Workspace};
use evenkeel::norm::SwitchableNorm;
use evenkeel::prelude::*;

use super::norm::{Channels, moments};
use crate::check::{close, ensure, normal};
use crate::timing::{Timer, Timing};

const SHAPE: [usize; 4] = [32, 64, 32, 32];

/// Forward in training, and the gradients of input, scale, shift and logits for a given gradient of the output.
pub(super) fn forward_backward(timer: &Timer) -> Result<Timing, String> {
    let mut norm: SwitchableNorm = SwitchableNorm::new(SHAPE[1]);
    let mut workspace = Workspace::new();
    let (x, dy) = (&normal(SHAPE, 1) * 2.0 + 3.0, normal(SHAPE, 2));
    let forward = timer.time(|| {
        let pass = workspace.begin(Mode::Training, Seed(0));
        norm.forward(&pass, pass.tape().variable(x.clone())).index()
    });
    let timing = timer.time(|| {
        let pass = workspace.begin(Mode::Training, Seed(0));
        let y = norm.forward(&pass, pass.tape().variable(x.clone()));
        pass.tape().backward_from(y, dy.as_slice());
        workspace.finish().commit(&mut norm);
    });
    let timing = timing.with_forward(&forward);

    let pass = workspace.begin(Mode::Training, Seed(0));
    let input = pass.tape().variable(x.clone());
    let output = norm.forward(&pass, input);
    pass.tape().backward_from(output, dy.as_slice());
    let (y, dx) = (output.to_tensor(), input.gradient().ok_or("no gradient of the input")?);
    let done = workspace.finish();
    for logits in [norm.mean_logits(), norm.variance_logits()] {
        let moved = done.with_gradient(logits, |d| d.iter().any(|&d| d != 0.0));
        ensure(moved == Some(true), || "no gradient of the logits".to_owned())?;
    }
    // A common shift of the input changes nothing.
    let [sum, size] = [|d: f64| d, f64::abs].map(|f| dx.as_slice().iter().map(|&d| f(f64::from(d))).sum::<f64>());
    ensure(size > 0.0 && sum.abs() < 1e-5 * size, || format!("gradients of the input add up to {sum} of {size}"))?;

    let channels = Channels::of(&SHAPE);
    let plane = SHAPE[2] * SHAPE[3];
    for c in channels.some() {
        let of_channel = channels.values(&x, c);
        let batch = moments(&of_channel);
        let y = channels.values(&y, c);
        for n in [0, SHAPE[0] - 1] {
            let example: Vec<f64> =
                x.as_slice()[n * SHAPE[1] * plane..][..SHAPE[1] * plane].iter().map(|&x| f64::from(x)).collect();
            let (layer, instance) = (moments(&example), moments(&of_channel[n * plane..][..plane]));
            let mean = (instance.0 + layer.0 + batch.0) / 3.0;
            let variance = (instance.1 + layer.1 + batch.1) / 3.0;
            for i in (n * plane..(n + 1) * plane).step_by(plane / 20) {
                close("y", y[i], (of_channel[i] - mean) / (variance + norm.eps()).sqrt(), 1e-5)?;
            }
        }
    }
    Ok(timing)
}
