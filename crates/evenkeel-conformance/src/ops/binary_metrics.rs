//! Metrics of two classes, from scores.

use evenkeel_data::metrics::{ConfusionMatrix, Ranking};
use evenkeel_tensor::{Float, Tensor};

use super::Operation;
use crate::CaseError;
use crate::case::Case;
use crate::layer::Results;

pub(super) const BINARY_METRICS: Operation =
    Operation { name: "binary_metrics", double: binary_metrics::<f64>, single: binary_metrics::<f32> };

fn binary_metrics<F: Float>(case: &Case<'_>) -> Result<Results, CaseError> {
    let (labels, scores) = (case.labels("target")?, case.input::<F>("score")?);
    let (labels, scores) = (labels.as_slice(), scores.as_slice());
    // The cases take a score at the threshold itself to be negative, where evenkeel's thresholds take it to be positive.
    let threshold: f64 = case.required("threshold")?;
    let decisions: Vec<_> = scores.iter().map(|score| score.to_f64() > threshold).collect();
    let counts = ConfusionMatrix::new(2, labels, &decisions)?.class(1);
    let ranking = Ranking::new(labels, scores)?;
    let metrics = [
        ("precision", counts.precision()),
        ("recall", counts.recall()),
        ("f1", counts.f1()),
        ("roc_auc", ranking.roc_auc()),
        ("average_precision", ranking.average_precision()),
        ("balanced_accuracy", counts.balanced_accuracy()),
        ("mcc", counts.mcc()),
    ];
    let outputs = metrics.into_iter().map(|(name, value)| (name.to_owned(), Tensor::scalar(value))).collect();
    Ok(Results { outputs, ..Results::default() })
}
