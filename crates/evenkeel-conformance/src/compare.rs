//! How far a result may be from the reference.

use std::fmt;

use evenkeel_tensor::Tensor;

use crate::{CaseError, Spec};

/// What a case is computed in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Precision {
    /// f64: `|got - expected| <= atol + rtol |expected|`, with the manifest's tolerances.
    Double,
    /// f32: `|got - expected| <= max(1e-5, rtol) max |expected| + 1e-7`, the maximum over the whole array. Rounding scales
    /// with the terms of a sum, not with what is left of it, so an element is measured by its array; the
    /// last term, about one unit in the last place of 1, is for arrays that are zero.
    Single,
}

impl fmt::Display for Precision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Precision::Double => "f64",
            Precision::Single => "f32",
        })
    }
}

/// Fails with the element that is furthest beyond what is allowed.
pub(crate) fn compare(
    spec: &Spec,
    precision: Precision,
    array: String,
    got: &Tensor<f64>,
    expected: &Tensor<f64>,
) -> Result<(), CaseError> {
    if got.shape() != expected.shape() {
        let (expected, got) = (expected.shape().to_string(), got.shape().to_string());
        return Err(CaseError::Shape { precision, array, expected, got });
    }
    let largest = expected.as_slice().iter().filter(|x| x.is_finite()).fold(0.0, |m: f64, x| m.max(x.abs()));
    let mut worst: Option<(f64, CaseError)> = None;
    for (element, (&got, &expected)) in got.as_slice().iter().zip(expected.as_slice()).enumerate() {
        let error = distance(got, expected);
        let allowed = match precision {
            // Only itself is close to an infinity.
            _ if !expected.is_finite() => 0.0,
            Precision::Double => spec.atol + spec.rtol * expected.abs(),
            Precision::Single => spec.rtol.max(1e-5) * largest + 1e-7,
        };
        let excess = error - allowed;
        if excess > 0.0 && worst.as_ref().is_none_or(|(most, _)| excess > *most) {
            let array = array.clone();
            worst = Some((excess, CaseError::Deviation { precision, array, element, expected, got, error, allowed }));
        }
    }
    worst.map_or(Ok(()), |(_, error)| Err(error))
}

/// |got - expected|; 0 for the same infinity or two NaN, infinite for only one NaN.
fn distance(got: f64, expected: f64) -> f64 {
    if got == expected || (got.is_nan() && expected.is_nan()) {
        return 0.0;
    }
    let error = (got - expected).abs();
    if error.is_nan() { f64::INFINITY } else { error }
}
