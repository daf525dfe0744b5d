//! Dropout alone.

use evenkeel::regularize::Dropout;

use super::layer::{self, Outcome};
use crate::check::close;
use crate::timing::{Timer, Timing};

/// Forward in training, and the gradient of the input for a given gradient of the output.
pub(super) fn forward_backward(timer: &Timer, p: f64) -> Result<Timing, String> {
    let mut dropout = Dropout::drop(p);
    let (x, dy) = layer::data(&[2048, 1024]);
    let timing = layer::forward_backward(timer, &mut dropout, &x, &dy);
    let Outcome { y, dx, .. } = layer::step(&dropout, &x, &dy)?;
    let (n, mut kept) = (x.as_slice().len() as f64, 0.0);
    for i in 0..x.as_slice().len() {
        let (x, y) = (f64::from(x.as_slice()[i]), f64::from(y.as_slice()[i]));
        // Whether a value has been kept shows in y: of those in x none is 0.
        let factor = if y == 0.0 { 0.0 } else { 1.0 / (1.0 - p) };
        kept += f64::from(y != 0.0);
        close("y", y, factor * x, 1e-5)?;
        close("dx", f64::from(dx.as_slice()[i]), factor * f64::from(dy.as_slice()[i]), 1e-5)?;
    }
    // Five standard deviations of the share that is kept.
    close("kept", kept / n, 1.0 - p, 5.0 * (p * (1.0 - p) / n).sqrt())?;
    Ok(timing)
}
