//! The inputs of workloads, and the comparison of what they give.

use evenkeel::init::random;
use evenkeel::prelude::*;
use evenkeel::tensor::Shape;

/// Standard normal values.
pub(crate) fn normal(shape: impl Into<Shape>, seed: u64) -> Tensor {
    let mut tensor = Tensor::zeros(shape);
    random::normal(tensor.as_mut_slice(), 0.0, 1.0, Seed(seed));
    tensor
}

/// A class for each of `n` examples, all classes equally likely.
pub(crate) fn labels(n: usize, classes: u32, seed: u64) -> Tensor<u32> {
    let mut uniform = vec![0.0; n];
    random::uniform(&mut uniform, 0.0, f64::from(classes), Seed(seed));
    Tensor::from_fn([n], |i| (uniform[i] as u32).min(classes - 1))
}

/// Fails with `message` unless `holds`.
pub(crate) fn ensure(holds: bool, message: impl FnOnce() -> String) -> Result<(), String> {
    if holds { Ok(()) } else { Err(message()) }
}

/// Fails unless `got` is within `tolerance` of `expected`; NaN is not.
pub(crate) fn close(what: &str, got: f64, expected: f64, tolerance: f64) -> Result<(), String> {
    ensure((got - expected).abs() <= tolerance, || {
        format!("{what}: expected {expected:e} +- {tolerance:e}, got {got:e}")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_close_fails() {
        assert!(close("x", 1.0, 1.1, 0.2).is_ok());
        assert!(close("x", 1.0, 1.3, 0.2).is_err());
        assert!(close("x", f64::NAN, 1.0, 0.2).is_err());
    }

    #[test]
    fn labels_are_of_every_class() {
        let labels = labels(1000, 10, 1);
        assert!((0..10).all(|class| labels.as_slice().contains(&class)));
        assert!(labels.as_slice().iter().all(|&label| label < 10));
    }
}
