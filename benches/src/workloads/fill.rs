//! Initialisers, filling a square matrix.

use evenkeel::init::{Initializer, Orthogonal};
use evenkeel::prelude::*;
use evenkeel::tensor::Shape;

use crate::check::{close, ensure};
use crate::timing::{Timer, Timing};

/// Of the matrices that are filled element by element.
const SIDE: usize = 4096;

pub(super) fn xavier_uniform(timer: &Timer) -> Result<Timing, String> {
    let (timing, values) = fill(timer, &XavierUniform::default(), SIDE);
    let bound = (6.0 / (2.0 * SIDE as f64)).sqrt();
    ensure(values.iter().all(|&x| f64::from(x.abs()) <= bound), || format!("a value beyond {bound}"))?;
    check_moments(&values, bound * bound / 3.0)?;
    Ok(timing)
}

pub(super) fn he_normal(timer: &Timer) -> Result<Timing, String> {
    let (timing, values) = fill(timer, &HeNormal::default(), SIDE);
    check_moments(&values, 2.0 / SIDE as f64)?;
    Ok(timing)
}

pub(super) fn orthogonal(timer: &Timer, side: usize) -> Result<Timing, String> {
    let (timing, values) = fill(timer, &Orthogonal::default(), side);
    let w = Tensor::from_vec([side, side], values).map_err(|e| e.to_string())?;
    for (at, &product) in w.view().matmul(w.t()).as_slice().iter().enumerate() {
        let expected = if at / side == at % side { 1.0 } else { 0.0 };
        close("W Wᵀ", f64::from(product), expected, 1e-5)?;
    }
    Ok(timing)
}

fn fill(timer: &Timer, initializer: &impl Initializer<f32>, side: usize) -> (Timing, Vec<f32>) {
    let mut values = vec![0.0; side * side];
    let shape = Shape::from([side, side]);
    let timing = timer.time(|| initializer.fill(&mut values, &shape, Seed(1)).expect("a shape with fans"));
    (timing, values)
}

/// Mean 0 and variance `variance`, to five deviations of their estimates.
fn check_moments(values: &[f32], variance: f64) -> Result<(), String> {
    let n = values.len() as f64;
    let mean = values.iter().map(|&x| f64::from(x)).sum::<f64>() / n;
    close("mean", mean, 0.0, 5.0 * (variance / n).sqrt())?;
    let squares = values.iter().map(|&x| f64::from(x).powi(2)).sum::<f64>() / n;
    // The variance of x^2 is 2 variance^2 for a Gaussian, and less for a uniform law.
    close("variance", squares, variance, 5.0 * variance * (2.0 / n).sqrt())
}
