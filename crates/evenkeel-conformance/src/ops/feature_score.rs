//! Scores of columns, with p-values.

use evenkeel_data::select::{anova_f, chi2, pearson};
use evenkeel_tensor::{Float, Tensor};

use super::Operation;
use crate::CaseError;
use crate::case::Case;
use crate::layer::Results;

pub(super) const FEATURE_SCORE: Operation =
    Operation { name: "feature_score", double: feature_score::<f64>, single: feature_score::<f32> };

fn feature_score<F: Float>(case: &Case<'_>) -> Result<Results, CaseError> {
    let (x, labels) = (case.input::<F>("x")?, case.labels("y")?);
    let labels = labels.as_slice();
    let scores = match case.required("kind")? {
        "anova_f" => anova_f(&x, labels)?,
        "chi2" => chi2(&x, labels)?,
        "pearson_r" => pearson(&x, &labels.iter().map(|&label| F::from_usize(label as usize)).collect::<Vec<_>>())?,
        other => return Err(CaseError::unsupported(format!("feature score `{other}`"))),
    };
    let mut results = Results::default();
    let values = [("score", Some(scores.score())), ("p_value", scores.p_value())];
    for (name, values) in values.into_iter().filter_map(|(name, values)| Some((name, values?))) {
        let values = Tensor::from_vec([values.len()], values.to_vec()).expect("a value for each column");
        results.outputs.insert(name.to_owned(), values);
    }
    Ok(results)
}
