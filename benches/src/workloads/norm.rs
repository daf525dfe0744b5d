//! Batch normalisation alone.

use evenkeel::module::{Mode, Workspace};
use evenkeel::prelude::*;

use super::layer::{self, Outcome};
use crate::check::{close, ensure, normal};
use crate::timing::{Timer, Timing};

/// Forward in training, and the gradients of input, scale and shift for a given gradient of the output.
pub(super) fn forward_backward(timer: &Timer, shape: &[usize]) -> Result<Timing, String> {
    let mut norm: BatchNorm = BatchNorm::new(shape[1]);
    let (x, dy) = layer::data(shape);
    let timing = layer::forward_backward(timer, &mut norm, &x, &dy);
    let Outcome { y, dx, gradients } = layer::step(&norm, &x, &dy)?;
    let [dgamma, dbeta] = &gradients[..] else { return Err("gradients of scale and shift are missing".to_owned()) };

    let channels = Channels::of(shape);
    for c in channels.some() {
        let (x, dy) = (channels.values(&x, c), channels.values(&dy, c));
        let n = x.len() as f64;
        let (mean, variance) = moments(&x);
        let inverse = 1.0 / (variance + norm.eps()).sqrt();
        let normalized: Vec<f64> = x.iter().map(|x| (x - mean) * inverse).collect();
        let (sum, product) = (dy.iter().sum::<f64>(), dy.iter().zip(&normalized).map(|(d, z)| d * z).sum::<f64>());
        // Sums of n terms of size 1 in f32.
        close("d beta", f64::from(dbeta[c]), sum, 1e-6 * n)?;
        close("d gamma", f64::from(dgamma[c]), product, 1e-6 * n)?;
        close("running mean", f64::from(norm.running_mean().as_slice()[c]), mean, 0.15 * mean.abs())?;
        let (y, dx) = (channels.values(&y, c), channels.values(&dx, c));
        for i in (0..x.len()).step_by(x.len() / 100) {
            close("y", y[i], normalized[i], 1e-5)?;
            close("dx", dx[i], inverse * (dy[i] - sum / n - normalized[i] * product / n), 1e-5)?;
        }
    }
    Ok(timing)
}

/// Forward with the running statistics, without gradients.
pub(super) fn evaluation(timer: &Timer, shape: &[usize]) -> Result<Timing, String> {
    let mut norm: BatchNorm = BatchNorm::new(shape[1]);
    let mut workspace = Workspace::new();
    let x = &normal(shape, 1) * 2.0 + 3.0;
    let pass = workspace.begin(Mode::Training, Seed(0));
    norm.forward(&pass, pass.constant(x.clone()));
    workspace.finish().commit(&mut norm);

    let forward = |workspace: &mut Workspace| {
        let pass = workspace.begin(Mode::Evaluation, Seed(0));
        norm.forward(&pass, pass.constant(x.clone())).index()
    };
    let timing = timer.time(|| forward(&mut workspace));

    let pass = workspace.begin(Mode::Evaluation, Seed(0));
    let y = norm.forward(&pass, pass.constant(x.clone())).to_tensor();
    let channels = Channels::of(shape);
    for c in channels.some() {
        let [mean, variance] = [norm.running_mean(), norm.running_var()].map(|t| f64::from(t.as_slice()[c]));
        ensure(mean > 0.2 && variance > 1.1, || format!("running mean {mean}, variance {variance}"))?;
        let (x, y) = (channels.values(&x, c), channels.values(&y, c));
        for i in (0..x.len()).step_by(x.len() / 100) {
            close("y", y[i], (x[i] - mean) / (variance + norm.eps()).sqrt(), 1e-5)?;
        }
    }
    Ok(timing)
}

/// Where the values of a channel lie.
pub(super) struct Channels {
    channels: usize,
    inner: usize,
}

impl Channels {
    pub(super) fn of(shape: &[usize]) -> Self {
        Self { channels: shape[1], inner: shape[2..].iter().product() }
    }

    /// A few of the channels.
    pub(super) fn some(&self) -> [usize; 3] {
        [0, self.channels / 2, self.channels - 1]
    }

    /// All values of a channel.
    pub(super) fn values(&self, x: &Tensor, channel: usize) -> Vec<f64> {
        let examples = x.as_slice().chunks_exact(self.channels * self.inner);
        examples.flat_map(|x| &x[channel * self.inner..][..self.inner]).map(|&x| f64::from(x)).collect()
    }
}

/// Mean and biased variance.
pub(super) fn moments(x: &[f64]) -> (f64, f64) {
    let n = x.len() as f64;
    let mean = x.iter().sum::<f64>() / n;
    (mean, x.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / n)
}
