//! Checks of settings and of samples' shapes.

use std::ops::RangeInclusive;

use evenkeel_tensor::{Float, Shape, ShapeError};

use crate::DataError;

/// Refuses `got` unless it is `right`.
pub(crate) fn check(operation: &'static str, expected: &'static str, got: f64, right: bool) -> Result<(), DataError> {
    if right { Ok(()) } else { Err(DataError::Setting { operation, expected, got }) }
}

/// Refuses what is not a finite number of the samples' type: 1e300 is none of `f32`.
pub(crate) fn check_finite<F: Float>(
    operation: &'static str,
    expected: &'static str,
    got: f64,
) -> Result<(), DataError> {
    check(operation, expected, got, F::from_f64(got).is_finite())
}

/// Refuses what is not a probability.
pub(crate) fn check_probability(operation: &'static str, got: f64) -> Result<(), DataError> {
    check(operation, "a probability from 0 to 1", got, (0.0..=1.0).contains(&got))
}

/// Refuses a range that is empty or not inside of `limits`.
pub(crate) fn check_range(
    operation: &'static str,
    expected: &'static str,
    range: &RangeInclusive<f64>,
    limits: RangeInclusive<f64>,
) -> Result<(), DataError> {
    for end in [*range.start(), *range.end()] {
        check(operation, expected, end, limits.contains(&end))?;
    }
    check_order(operation, *range.end(), !range.is_empty())
}

/// Refuses a range that is empty, whose end is `got`.
pub(crate) fn check_order(operation: &'static str, got: f64, right: bool) -> Result<(), DataError> {
    check(operation, "a range that does not end before it starts", got, right)
}

/// The numbers of planes, rows and columns of a sample of shape `[rows, columns]` or `[planes, rows, columns]`, none of them 0;
/// `None` of any other.
pub(crate) fn extents(sample: &Shape) -> Option<(usize, usize, usize)> {
    match **sample {
        _ if sample.numel() == 0 => None,
        [rows, columns] => Some((1, rows, columns)),
        [planes, rows, columns] => Some((planes, rows, columns)),
        _ => None,
    }
}

/// The [`extents`] of a sample that must have them.
pub(crate) fn planes(operation: &'static str, sample: &Shape) -> Result<(usize, usize, usize), DataError> {
    extents(sample).ok_or_else(|| {
        DataError::Shape(ShapeError::new(
            operation,
            "samples of shape [height, width] or [channels, height, width], none of them 0",
            sample.to_string(),
            "give the samples their shape with `reshape_samples`",
        ))
    })
}

/// As [`planes`], of a shape that has been accepted.
pub(crate) fn accepted_planes(sample: &Shape) -> (usize, usize, usize) {
    planes("", sample).expect("a shape that was accepted")
}
