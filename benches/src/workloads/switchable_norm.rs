//! Switchable normalisation alone.

use evenkeel::norm::SwitchableNorm;

use super::layer::{self, Outcome};
use super::norm::{Channels, moments};
use crate::check::{close, ensure};
use crate::timing::{Timer, Timing};

const SHAPE: [usize; 4] = [32, 64, 32, 32];

/// Forward in training, and the gradients of input, scale, shift and logits for a given gradient of the output.
pub(super) fn forward_backward(timer: &Timer) -> Result<Timing, String> {
    let mut norm: SwitchableNorm = SwitchableNorm::new(SHAPE[1]);
    let (x, dy) = layer::data(&SHAPE);
    let timing = layer::forward_backward(timer, &mut norm, &x, &dy);
    let Outcome { y, dx, gradients } = layer::step(&norm, &x, &dy)?;
    let move_all = gradients.len() == 4 && gradients.iter().all(|d| d.iter().any(|&d| d != 0.0));
    ensure(move_all, || "no gradients of scale, shift and both logits".to_owned())?;
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
