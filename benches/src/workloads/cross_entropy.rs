//! Cross-entropy from logits, and its gradient.

use evenkeel::autograd::Tape;
use evenkeel::prelude::*;

use crate::check::{close, labels, normal};
use crate::timing::{Timer, Timing};

pub(super) fn run(timer: &Timer, examples: usize, classes: usize) -> Result<Timing, String> {
    let (x, labels) = (normal([examples, classes], 1), labels(examples, classes as u32, 2));
    let mut tape = Tape::<f32>::new();
    let timing = timer.time(|| {
        tape.reset();
        let loss = CrossEntropy::default().loss(tape.variable(x.clone()), &labels);
        tape.backward(loss);
    });

    tape.reset();
    let logits = tape.variable(x.clone());
    let loss = CrossEntropy::default().loss(logits, &labels);
    tape.backward(loss);
    let gradient = logits.gradient().ok_or("no gradient of the logits")?;
    let mut expected = 0.0;
    let rows = x.as_slice().chunks_exact(classes).zip(gradient.as_slice().chunks_exact(classes));
    for (i, ((x, dx), &label)) in rows.zip(labels.as_slice()).enumerate() {
        let total = x.iter().map(|&x| f64::from(x).exp()).sum::<f64>();
        expected += (total.ln() - f64::from(x[label as usize])) / examples as f64;
        if i % 100 == 0 {
            for (c, (&x, &dx)) in x.iter().zip(dx).enumerate() {
                let p = f64::from(x).exp() / total - if c == label as usize { 1.0 } else { 0.0 };
                close("d logits", f64::from(dx) * examples as f64, p, 1e-6)?;
            }
        }
    }
    close("loss", f64::from(loss.item()), expected, 1e-5 * expected)?;
    Ok(timing.with("loss", expected))
}
