//! What every measure asks of its arguments.

use evenkeel_tensor::Float;

use crate::DataError;

/// As many labels as predictions, and at least one.
pub(super) fn lengths(operation: &'static str, samples: usize, targets: usize) -> Result<(), DataError> {
    if samples != targets {
        return Err(DataError::Lengths { operation: operation.to_owned(), samples, targets });
    }
    if samples == 0 {
        return Err(DataError::Empty { operation, cure: "give the samples that are to be measured" });
    }
    Ok(())
}

/// As many rows of one value per class as labels, and at least one row and one class.
pub(super) fn rows(operation: &'static str, classes: usize, labels: usize, values: usize) -> Result<(), DataError> {
    classes_above_zero(operation, classes)?;
    if !values.is_multiple_of(classes) {
        let expected = "rows of one value per class: a number of values that is a multiple of the number of classes";
        return Err(DataError::Setting { operation, expected, got: values as f64 });
    }
    lengths(operation, values / classes, labels)
}

pub(super) fn classes_above_zero(operation: &'static str, classes: usize) -> Result<(), DataError> {
    let expected = "at least one class";
    if classes == 0 { Err(DataError::Setting { operation, expected, got: 0.0 }) } else { Ok(()) }
}

/// The label as an index below `classes`.
#[inline]
pub(super) fn class(sample: usize, label: impl Into<u32>, classes: usize) -> Result<usize, DataError> {
    let label = label.into();
    if (label as usize) < classes { Ok(label as usize) } else { Err(DataError::Label { sample, label, classes }) }
}

/// Whether the label is `true` or 1; it may also be `false` or 0.
#[inline]
pub(super) fn is_positive(sample: usize, label: impl Into<u32>) -> Result<bool, DataError> {
    Ok(class(sample, label, 2)? == 1)
}

/// The value in f64; `what` names its kind, such as "score".
#[inline]
pub(super) fn finite<F: Float>(what: &str, sample: usize, value: F) -> Result<f64, DataError> {
    if value.is_finite() {
        return Ok(value.to_f64());
    }
    Err(DataError::NotFinite { what: format!("{what} of sample {sample}"), value: value.to_f64() })
}

#[inline]
pub(super) fn probability<F: Float>(operation: &'static str, sample: usize, value: F) -> Result<f64, DataError> {
    let p = finite("probability", sample, value)?;
    let expected = "probabilities from 0 to 1 (apply the sigmoid or the softmax to logits first)";
    if (0.0..=1.0).contains(&p) { Ok(p) } else { Err(DataError::Setting { operation, expected, got: p }) }
}

/// As many weights as samples, each finite and not negative, and not all 0.
pub(super) fn weights(operation: &'static str, samples: usize, weights: &[f64]) -> Result<(), DataError> {
    let setting = |expected, got| Err(DataError::Setting { operation, expected, got });
    if weights.len() != samples {
        return setting("as many weights as samples", weights.len() as f64);
    }
    if let Some(&weight) = weights.iter().find(|&&weight| !(0.0..f64::INFINITY).contains(&weight)) {
        return setting("weights that are finite and at least 0", weight);
    }
    let sum = weights.iter().sum();
    if sum > 0.0 && sum < f64::INFINITY {
        return Ok(());
    }
    setting("weights whose sum is finite and above 0", sum)
}
