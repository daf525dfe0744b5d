//! Proper scores of probabilities: lowest, in expectation, for the true ones.

use evenkeel_tensor::Float;

use super::check;
use crate::DataError;

/// The Brier score (1950) of two classes: the mean of (p - y)², with y 0 or 1.
///
/// ```
/// use evenkeel_data::metrics::brier_score;
///
/// assert_eq!(brier_score(&[true, false], &[0.75, 0.5])?, 0.15625);
/// # Ok::<(), evenkeel_data::DataError>(())
/// ```
///
/// # Errors
/// If there is no sample, the lengths differ, a label is neither 0 nor 1, or a probability is not from 0 to 1.
pub fn brier_score<L: Copy + Into<u32>, F: Float>(labels: &[L], probabilities: &[F]) -> Result<f64, DataError> {
    binary_mean("brier_score", labels, probabilities, |is_positive, p| {
        let error = p - f64::from(is_positive);
        error * error
    })
}

/// The logarithmic loss of two classes, in nats: the mean of -ln p of what came true.
///
/// A probability of what came true below ε counts as ε, the float's rounding unit, as with scikit-learn: one certain error does not
/// make the mean infinite.
///
/// ```
/// use evenkeel_data::metrics::log_loss;
///
/// assert_eq!(log_loss(&[true, false], &[0.5, 0.5])?, std::f64::consts::LN_2);
/// assert!(log_loss(&[true], &[0.0])? < 36.1);
/// # Ok::<(), evenkeel_data::DataError>(())
/// ```
///
/// # Errors
/// As [`brier_score`].
pub fn log_loss<L: Copy + Into<u32>, F: Float>(labels: &[L], probabilities: &[F]) -> Result<f64, DataError> {
    let least = F::EPSILON.to_f64();
    binary_mean("log_loss", labels, probabilities, |is_positive, p| {
        // 1 - p loses no digit that p has.
        -(if is_positive { p } else { 1.0 - p }).clamp(least, 1.0 - least).ln()
    })
}

/// The Brier score of rows of `classes` probabilities: the mean over rows of Σ (p - y)², with y 1 for the label's class and 0 for
/// the others. For two classes it is twice [`brier_score`].
///
/// # Errors
/// If there is no sample, the lengths do not fit, a label is not below `classes`, a probability is not from 0 to 1, or the
/// probabilities of a sample do not sum to 1.
pub fn multiclass_brier_score<L: Copy + Into<u32>, F: Float>(
    classes: usize,
    labels: &[L],
    probabilities: &[F],
) -> Result<f64, DataError> {
    multiclass_mean("multiclass_brier_score", classes, labels, probabilities, |label, row| {
        row.iter().enumerate().map(|(class, p)| p.to_f64() - f64::from(class == label)).map(|error| error * error).sum()
    })
}

/// The logarithmic loss of rows of `classes` probabilities, in nats: the mean of -ln p of the label's class, bounded as
/// [`log_loss`] is.
///
/// ```
/// use evenkeel_data::metrics::multiclass_log_loss;
///
/// let loss = multiclass_log_loss(3, &[0u32, 2], &[0.5, 0.25, 0.25,  0.25, 0.25, 0.5])?;
/// assert_eq!(loss, std::f64::consts::LN_2);
/// # Ok::<(), evenkeel_data::DataError>(())
/// ```
///
/// # Errors
/// As [`multiclass_brier_score`].
pub fn multiclass_log_loss<L: Copy + Into<u32>, F: Float>(
    classes: usize,
    labels: &[L],
    probabilities: &[F],
) -> Result<f64, DataError> {
    let least = F::EPSILON.to_f64();
    multiclass_mean("multiclass_log_loss", classes, labels, probabilities, |label, row| {
        -row[label].to_f64().clamp(least, 1.0 - least).ln()
    })
}

fn binary_mean<L: Copy + Into<u32>, F: Float>(
    operation: &'static str,
    labels: &[L],
    probabilities: &[F],
    loss: impl Fn(bool, f64) -> f64,
) -> Result<f64, DataError> {
    check::lengths(operation, probabilities.len(), labels.len())?;
    let mut sum = 0.0;
    for (i, (&label, &p)) in labels.iter().zip(probabilities).enumerate() {
        sum += loss(check::is_positive(i, label)?, check::probability(operation, i, p)?);
    }
    Ok(sum / labels.len() as f64)
}

fn multiclass_mean<L: Copy + Into<u32>, F: Float>(
    operation: &'static str,
    classes: usize,
    labels: &[L],
    probabilities: &[F],
    loss: impl Fn(usize, &[F]) -> f64,
) -> Result<f64, DataError> {
    check::rows(operation, classes, labels.len(), probabilities.len())?;
    // What rounding of the float and of a softmax leaves.
    let tolerance = F::EPSILON.to_f64().sqrt();
    let mut sum = 0.0;
    for (i, (&label, row)) in labels.iter().zip(probabilities.chunks_exact(classes)).enumerate() {
        let mut whole = 0.0;
        for &p in row {
            whole += check::probability(operation, i, p)?;
        }
        if (whole - 1.0).abs() > tolerance {
            let expected = "probabilities that sum to 1 for each sample (apply the softmax to logits first)";
            return Err(DataError::Setting { operation, expected, got: whole });
        }
        sum += loss(check::class(i, label, classes)?, row);
    }
    Ok(sum / labels.len() as f64)
}
