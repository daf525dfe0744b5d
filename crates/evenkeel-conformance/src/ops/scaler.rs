//! Scalers of columns, fitted to what they transform.

use evenkeel_data::FitBoxed;
use evenkeel_data::scale::{MaxAbs, MinMax, Power, Robust, Standard};
use evenkeel_tensor::{Float, Tensor};

use super::Operation;
use crate::CaseError;
use crate::case::Case;
use crate::layer::Results;

pub(super) const SCALER: Operation = Operation { name: "scaler", double: scaler::<f64>, single: scaler::<f32> };

fn scaler<F: Float>(case: &Case<'_>) -> Result<Results, CaseError> {
    let settings: Box<dyn FitBoxed<F>> = match case.required("kind")? {
        "min_max" => Box::new(MinMax::default()),
        "standard" => Box::new(Standard::default()),
        "robust" => Box::new(Robust::default()),
        "max_abs" => Box::new(MaxAbs),
        "yeo_johnson" => {
            let power = Power::yeo_johnson();
            let standardize = case.attribute("standardize")?.unwrap_or(true);
            Box::new(if standardize { power } else { power.without_standardizing() })
        }
        other => return Err(CaseError::unsupported(format!("scaler `{other}`"))),
    };
    let mut x: Tensor<F> = case.input("x")?;
    settings.fit_boxed(&x)?.transform_in_place(&mut x)?;
    let mut results = Results::default();
    results.outputs.insert("y".to_owned(), x.cast());
    Ok(results)
}
