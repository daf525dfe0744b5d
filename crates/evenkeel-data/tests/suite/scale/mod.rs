//! Scaling: against scikit-learn, by its laws, and with what data should not be.

mod hostile;
mod laws;
mod memory;
mod merge;
mod reference;

use evenkeel_data::scale::{MaxAbs, MinMax, Power, Quantile, Robust, RowNorm, Standard, Target, Whiten};
use evenkeel_data::{FitBoxed, Float, Tensor};

/// Every scaler of columns that treats them one by one.
fn column_scalers<F: Float>() -> Vec<(&'static str, Box<dyn FitBoxed<F>>)> {
    vec![
        ("min_max", Box::new(MinMax::default())),
        ("standard", Box::new(Standard::default())),
        ("robust", Box::new(Robust::default())),
        ("max_abs", Box::new(MaxAbs)),
        ("yeo_johnson", Box::new(Power::yeo_johnson())),
        ("uniform", Box::new(Quantile::default())),
        ("normal", Box::new(Quantile::to(Target::Normal))),
    ]
}

/// Every scaler.
fn scalers<F: Float>() -> Vec<(&'static str, Box<dyn FitBoxed<F>>)> {
    let mut all = column_scalers();
    all.push(("row_norm", Box::new(RowNorm::L2)));
    all.push(("pca", Box::new(Whiten::pca())));
    all.push(("zca", Box::new(Whiten::zca().with_epsilon(1e-3))));
    all
}

/// The values of column `j`.
fn column(x: &Tensor<f64>, j: usize) -> Vec<f64> {
    x.as_slice().iter().skip(j).step_by(x.shape()[1]).copied().collect()
}
