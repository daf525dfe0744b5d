//! The search: folds, seeds and fits.

use std::error::Error;

use evenkeel_data::Dataset;
use evenkeel_tensor::Seed;

use super::{LambdaPoint, LambdaReport, SearchError};

/// `count` values from `from` to `to`, both included, each the same multiple of the one before.
///
/// ```
/// use evenkeel_train::search::log_range;
///
/// assert_eq!(log_range(1e-4, 1.0, 5)?, [1e-4, 1e-3, 1e-2, 1e-1, 1.0]);
/// # Ok::<(), evenkeel_train::search::SearchError>(())
/// ```
///
/// # Errors
/// Unless 0 < `from` < `to`, both are finite, and there are at least 2 values.
pub fn log_range(from: f64, to: f64, count: usize) -> Result<Vec<f64>, SearchError> {
    if !(from > 0.0 && from < to && to.is_finite() && count >= 2) {
        return Err(SearchError::Range { from, to, count });
    }
    let (low, high) = (from.log10(), to.log10());
    let value = |i: usize| match i {
        0 => from,
        _ if i + 1 == count => to,
        _ => 10f64.powf(low + (high - low) * i as f64 / (count - 1) as f64),
    };
    Ok((0..count).map(value).collect())
}

/// What a fit gives.
#[derive(Clone, Debug, PartialEq)]
pub struct Fitted {
    /// The error on the training part, without the penalty, in evaluation.
    pub train_error: f64,
    /// The error on the validation part, without the penalty, in evaluation.
    pub validation_error: f64,
    /// The weights to follow along λ, by name; may be empty.
    pub weights: Vec<(String, f64)>,
}

impl Fitted {
    /// The errors of a fit, without weights.
    pub fn new(train_error: f64, validation_error: f64) -> Self {
        Self { train_error, validation_error, weights: Vec::new() }
    }

    /// Adds weights, each with its name.
    #[must_use]
    pub fn weights(mut self, weights: impl IntoIterator<Item = (impl Into<String>, f64)>) -> Self {
        self.weights.extend(weights.into_iter().map(|(name, weight)| (name.into(), weight)));
        self
    }
}

/// Cross-validation of a penalty's weight λ.
///
/// For each λ, seed and fold a network is trained on the fold's training part and measured on its validation part. All λ see the
/// same folds and the same seeds, so that what differs between them is λ alone. Fits run one after the other, in the order of
/// λ, seed and fold: a training uses all threads by itself, and so the report depends on nothing but the fits.
///
/// | setting | default |
/// |---|---|
/// | folds | 5, of the same class shares where the targets are classes |
/// | seeds | one, `Seed(0)` |
///
/// ```
/// use evenkeel_data::Dataset;
/// use evenkeel_tensor::{Seed, Tensor};
/// use evenkeel_train::search::{Fitted, LambdaSearch, log_range};
///
/// // Ridge regression through the origin in one dimension: w = sum(x y) / (sum(x²) + λ n), in closed form.
/// let x = Tensor::from_fn([40, 1], |i| (i as f64 * 0.7).sin());
/// let y = Tensor::from_fn([40, 1], |i| 0.3 * (i as f64 * 0.7).sin() + (i as f64 * 12.9).cos());
/// let data = Dataset::regression(x, y)?;
/// let report = LambdaSearch::new(log_range(1e-3, 1e3, 7)?).folds(8).seeds([Seed(7)]).run(&data, |lambda, train, validation, _| {
///     let all = |data: &Dataset| data.batch::<f64>(&Vec::from_iter(0..data.len()));
///     let (train, validation) = (all(train), all(validation));
///     let pairs = |batch: &evenkeel_data::Batch<f64>| -> Vec<(f64, f64)> {
///         let targets = batch.targets.values().unwrap().as_slice().to_vec();
///         batch.inputs.as_slice().iter().copied().zip(targets).collect()
///     };
///     let (train, validation) = (pairs(&train), pairs(&validation));
///     let sum = |f: fn(&(f64, f64)) -> f64| train.iter().map(f).sum::<f64>();
///     let w = sum(|(x, y)| x * y) / (sum(|(x, _)| x * x) + lambda * train.len() as f64);
///     let error = |pairs: &[(f64, f64)]| pairs.iter().map(|(x, y)| (y - w * x).powi(2)).sum::<f64>() / pairs.len() as f64;
///     Ok::<_, std::io::Error>(Fitted::new(error(&train), error(&validation)).weights([("w", w)]))
/// })?;
/// println!("{report}");
/// assert!(report.one_standard_error().lambda >= report.best().lambda);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct LambdaSearch {
    lambdas: Vec<f64>,
    folds: usize,
    seeds: Vec<Seed>,
}

impl LambdaSearch {
    /// A search over these λ, in any order; one that comes twice is tried once. 0, no penalty, may be among them.
    pub fn new(lambdas: impl IntoIterator<Item = f64>) -> Self {
        Self { lambdas: lambdas.into_iter().collect(), folds: 5, seeds: vec![Seed(0)] }
    }

    /// Tries no penalty too.
    #[must_use]
    pub fn with_zero(mut self) -> Self {
        self.lambdas.push(0.0);
        self
    }

    /// Sets the number of folds.
    #[must_use]
    pub fn folds(self, folds: usize) -> Self {
        Self { folds, ..self }
    }

    /// Sets the seeds: for each the data are folded anew, and all fits made again.
    #[must_use]
    pub fn seeds(self, seeds: impl IntoIterator<Item = Seed>) -> Self {
        Self { seeds: seeds.into_iter().collect(), ..self }
    }

    /// Calls `fit` with λ, the training part, the validation part and a seed, for each λ, seed and fold.
    ///
    /// The seed that `fit` gets differs between folds and seeds, and is the same for all λ.
    ///
    /// # Errors
    /// If a λ is negative or not finite, there is no λ or no seed, the data cannot be folded so, or `fit` fails or gives errors
    /// that are not finite.
    pub fn run<E: Into<Box<dyn Error + Send + Sync>>>(
        &self,
        data: &Dataset,
        mut fit: impl FnMut(f64, &Dataset, &Dataset, Seed) -> Result<Fitted, E>,
    ) -> Result<LambdaReport, SearchError> {
        let lambdas = self.sorted()?;
        if self.seeds.is_empty() {
            return Err(SearchError::NoSeed);
        }
        let fold = |&seed: &Seed| match data.classes() {
            Some(_) => data.folds_stratified(self.folds, seed),
            None => data.folds(self.folds, seed),
        };
        let repetitions = self.seeds.iter().map(fold).collect::<Result<Vec<_>, _>>()?;
        let mut points = Vec::with_capacity(lambdas.len());
        for lambda in lambdas {
            let mut fits = Vec::with_capacity(self.seeds.len());
            for (&seed, folds) in self.seeds.iter().zip(&repetitions) {
                let mut of_seed = Vec::with_capacity(self.folds);
                for (fold, (train, validation)) in folds.iter().enumerate() {
                    let fitted = fit(lambda, train, validation, seed.stream("fit").at(fold as u64))
                        .map_err(|error| SearchError::Fit { lambda, fold, seed, source: error.into() })?;
                    for (what, value) in [("training", fitted.train_error), ("validation", fitted.validation_error)] {
                        if !value.is_finite() {
                            return Err(SearchError::NotFinite { lambda, fold, seed, what, value });
                        }
                    }
                    of_seed.push(fitted);
                }
                fits.push(of_seed);
            }
            points.push(LambdaPoint::of(lambda, fits));
        }
        Ok(LambdaReport::of(points))
    }

    /// The λ in ascending order, each once.
    fn sorted(&self) -> Result<Vec<f64>, SearchError> {
        if let Some(&lambda) = self.lambdas.iter().find(|lambda| !(lambda.is_finite() && **lambda >= 0.0)) {
            return Err(SearchError::Lambda { lambda });
        }
        // -0 is 0.
        let mut lambdas: Vec<_> = self.lambdas.iter().map(|lambda| lambda + 0.0).collect();
        lambdas.sort_by(f64::total_cmp);
        lambdas.dedup();
        if lambdas.is_empty() { Err(SearchError::NoLambda) } else { Ok(lambdas) }
    }
}
