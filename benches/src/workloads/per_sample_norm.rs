//! Layer, group and instance normalisation alone.

use evenkeel::module::{Mode, Workspace};
use evenkeel::norm::{GroupNorm, InstanceNorm, LayerNorm};
use evenkeel::prelude::*;

use super::layer::{self, Outcome};
use crate::check::{close, normal};
use crate::timing::{Timer, Timing};

const IMAGES: [usize; 4] = [32, 64, 32, 32];
const ROWS: [usize; 2] = [2048, 1024];

pub(super) fn group_forward_backward(timer: &Timer) -> Result<Timing, String> {
    let groups = 8;
    forward_backward(timer, &mut GroupNorm::new(groups, IMAGES[1]), &IMAGES, Groups::of_images(IMAGES[1] / groups))
}

pub(super) fn instance_forward_backward(timer: &Timer) -> Result<Timing, String> {
    forward_backward(timer, &mut InstanceNorm::new(IMAGES[1]), &IMAGES, Groups::of_images(1))
}

pub(super) fn layer_forward_backward(timer: &Timer) -> Result<Timing, String> {
    forward_backward(timer, &mut LayerNorm::new([ROWS[1]]), &ROWS, Groups::of_rows())
}

/// Forward alone, without gradients.
pub(super) fn layer_forward(timer: &Timer) -> Result<Timing, String> {
    let norm = LayerNorm::new([ROWS[1]]);
    let mut workspace = Workspace::new();
    let x = &normal(ROWS, 1) * 2.0 + 3.0;
    let timing = timer.time(|| {
        let pass = workspace.begin(Mode::Evaluation, Seed(0));
        norm.forward(&pass, pass.constant(x.clone())).index()
    });
    let pass = workspace.begin(Mode::Evaluation, Seed(0));
    let y = norm.forward(&pass, pass.constant(x.clone())).to_tensor();
    let groups = Groups::of_rows();
    for group in groups.some(&x) {
        let (normalized, _) = standardize(groups.values(&x, group));
        for (y, expected) in groups.values(&y, group).iter().zip(normalized) {
            close("y", f64::from(*y), expected, 1e-5)?;
        }
    }
    Ok(timing)
}

/// Forward in training, and the gradients of input, scale and shift for a given gradient of the output.
fn forward_backward(timer: &Timer, norm: &mut impl Forward, shape: &[usize], groups: Groups) -> Result<Timing, String> {
    let (x, dy) = layer::data(shape);
    let timing = layer::forward_backward(timer, norm, &x, &dy);
    let Outcome { y, dx, gradients } = layer::step(norm, &x, &dy)?;
    let [dgamma, dbeta] = &gradients[..] else { return Err("gradients of scale and shift are missing".to_owned()) };

    // Each scale's sums over all groups, in f64.
    let mut sums = vec![[0.0; 2]; dgamma.len()];
    for group in 0..x.as_slice().len() / groups.len {
        let (normalized, inverse) = standardize(groups.values(&x, group));
        let dy: Vec<f64> = groups.values(&dy, group).iter().map(|&d| f64::from(d)).collect();
        for (i, (d, z)) in dy.iter().zip(&normalized).enumerate() {
            let [sum, product] = &mut sums[(group * groups.len + i) / groups.span % dgamma.len()];
            (*sum, *product) = (*sum + d, *product + d * z);
        }
        if !groups.some(&x).contains(&group) {
            continue;
        }
        let n = dy.len() as f64;
        let (mean, along) =
            (dy.iter().sum::<f64>() / n, dy.iter().zip(&normalized).map(|(d, z)| d * z).sum::<f64>() / n);
        let (y, dx) = (groups.values(&y, group), groups.values(&dx, group));
        for i in 0..dy.len() {
            close("y", f64::from(y[i]), normalized[i], 1e-5)?;
            close("dx", f64::from(dx[i]), inverse * (dy[i] - mean - normalized[i] * along), 1e-5)?;
        }
    }
    // Sums of n terms of size 1 in f32.
    let tolerance = 1e-6 * (x.as_slice().len() / dgamma.len()) as f64;
    for (i, [sum, product]) in sums.into_iter().enumerate() {
        close("d gamma", f64::from(dgamma[i]), product, tolerance)?;
        close("d beta", f64::from(dbeta[i]), sum, tolerance)?;
    }
    Ok(timing)
}

/// Which values share statistics, and which a scale.
struct Groups {
    /// The number of values of a group.
    len: usize,
    /// The number of neighbours with the same scale.
    span: usize,
}

impl Groups {
    fn of_images(channels: usize) -> Self {
        let span = IMAGES[2] * IMAGES[3];
        Self { len: channels * span, span }
    }

    fn of_rows() -> Self {
        Self { len: ROWS[1], span: 1 }
    }

    /// A few of the groups.
    fn some(&self, x: &Tensor) -> [usize; 3] {
        let groups = x.as_slice().len() / self.len;
        [0, groups / 2, groups - 1]
    }

    fn values<'a>(&self, x: &'a Tensor, group: usize) -> &'a [f32] {
        &x.as_slice()[group * self.len..][..self.len]
    }
}

/// The values with mean 0 and variance 1, and the inverse of their deviation.
fn standardize(x: &[f32]) -> (Vec<f64>, f64) {
    let n = x.len() as f64;
    let mean = x.iter().map(|&x| f64::from(x)).sum::<f64>() / n;
    let variance = x.iter().map(|&x| (f64::from(x) - mean).powi(2)).sum::<f64>() / n;
    let inverse = 1.0 / (variance + 1e-5).sqrt();
    (x.iter().map(|&x| (f64::from(x) - mean) * inverse).collect(), inverse)
}
