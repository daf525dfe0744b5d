//! Whitening: columns without correlations.

use evenkeel_tensor::{Float, Tensor};

use super::eigen;
use crate::fit::{check_columns, check_input, fit_at_once};
use crate::{DataError, Fit, PartialFit, Transform};

mod co_moments;
mod row_map;

pub use co_moments::CoMoments;
use row_map::RowMap;

const NAME: &str = "Whiten";

/// All columns to variance 1 and no correlation: y = (x - mean) W, with W Wᵀ the inverse of the covariance Σ of the training data.
///
/// With Σ = V diag(λ) Vᵀ, λ falling, there are two choices of W:
///
/// - [`pca`](Self::pca): W = V diag(1/√λ). The new columns are the principal components, named `pca0`, `pca1`, ...; each
///   direction's entry of largest magnitude is positive. [`with_components`](Self::with_components) keeps the first ones only, and
///   [`without_scaling`](Self::without_scaling) their own variances: plain principal component analysis.
/// - [`zca`](Self::zca): W = V diag(1/√λ) Vᵀ. The new columns stay as close to the old ones as possible, and keep their names.
///
/// Details:
///
/// - **Covariance**: products divided by n - 1, as in scikit-learn's `PCA(whiten=True)`; then shrunk to (1 - s) Σ + s tr(Σ)/d I for
///   [`with_shrinkage(s)`](Self::with_shrinkage), and λ + ε for [`with_epsilon(ε)`](Self::with_epsilon): both keep directions of
///   little variance, mostly noise, from being blown up.
/// - **Directions without variance** (below d times the rounding of the largest; a constant column is one) become 0;
///   [`rank`](FittedWhiten::rank) counts the others. Scikit-learn divides them by what rounding left.
/// - **Missing values**: a row that misses any is left out of the fit, and transformed to a row of missing values.
/// - **Scale first** if units differ: the directions of [`pca`](Self::pca) are those of the largest numbers.
/// - **Batches** give the same as one fit, up to rounding.
///
/// A. J. Bell, T. J. Sejnowski (1997), "The independent components of natural scenes are edge filters" (ZCA); A. Kessy, A. Lewin,
/// K. Strimmer (2018), "Optimal whitening and decorrelation".
///
/// ```
/// use evenkeel_data::{Fit, Tensor, Transform, scale::Whiten};
///
/// let x = Tensor::from([[2.0, 2.0], [-2.0, -2.0], [1.0, -1.0], [-1.0, 1.0]]);
/// let pca = Whiten::pca().fit(&x)?;
/// let variance = pca.explained_variance();
/// assert!((variance[0] - 16.0 / 3.0).abs() < 1e-12 && (variance[1] - 4.0 / 3.0).abs() < 1e-12);
/// let y = pca.transform(&x)?;
/// let product = y.t().matmul(y.view());                          // (n - 1) times the covariance
/// assert!((product - Tensor::<f64>::eye(2) * 3.0).norm() < 1e-12);
///
/// let line = Whiten::pca().with_components(1).fit(&x)?;
/// assert_eq!(line.transform(&x)?.shape(), [4, 1].into());
/// # Ok::<(), evenkeel_data::DataError>(())
/// ```
///
/// # Errors
/// The fit refuses 0 components or more than columns, an ε that is negative, a shrinkage outside of 0 to 1, data in which every
/// row misses a value, and covariances beyond `f64`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Whiten {
    rotate_back: bool,
    keep_scale: bool,
    components: Option<usize>,
    epsilon: f64,
    shrinkage: f64,
}

impl Whiten {
    /// To principal components of variance 1.
    pub fn pca() -> Self {
        Self { rotate_back: false, keep_scale: false, components: None, epsilon: 0.0, shrinkage: 0.0 }
    }

    /// To columns close to the old ones: "zero-phase".
    pub fn zca() -> Self {
        Self { rotate_back: true, ..Self::pca() }
    }

    /// Keeps the `components` directions of largest variance, all by default.
    #[must_use]
    pub fn with_components(self, components: usize) -> Self {
        Self { components: Some(components), ..self }
    }

    /// Adds ε to each eigenvalue; 0 by default.
    #[must_use]
    pub fn with_epsilon(self, epsilon: f64) -> Self {
        Self { epsilon, ..self }
    }

    /// Shrinks the covariance towards that of a ball, by a share of 0 (the default) to 1.
    #[must_use]
    pub fn with_shrinkage(self, shrinkage: f64) -> Self {
        Self { shrinkage, ..self }
    }

    /// Rotates only: each direction keeps its variance.
    #[must_use]
    pub fn without_scaling(self) -> Self {
        Self { keep_scale: true, ..self }
    }
}

impl<F: Float> Fit<F> for Whiten {
    type Fitted = FittedWhiten;

    fn fit(&self, x: &Tensor<F>) -> Result<FittedWhiten, DataError> {
        fit_at_once(self, NAME, x)
    }
}

impl<F: Float> PartialFit<F> for Whiten {
    type State = CoMoments;

    fn start(&self, columns: usize) -> Result<CoMoments, DataError> {
        let refuse = |expected, got| Err(DataError::Setting { operation: NAME, expected, got });
        match self.components {
            Some(k) if k == 0 || k > columns => {
                return refuse("a number of components from 1 to the number of columns", k as f64);
            }
            _ if !(self.epsilon.is_finite() && self.epsilon >= 0.0) => {
                return refuse("an epsilon of at least 0", self.epsilon);
            }
            _ if !(0.0..=1.0).contains(&self.shrinkage) => {
                return refuse("a shrinkage from 0 to 1", self.shrinkage);
            }
            _ => {}
        }
        Ok(CoMoments::new(columns))
    }

    fn observe(&self, state: &mut CoMoments, batch: &Tensor<F>) -> Result<(), DataError> {
        state.observe(NAME, batch)
    }

    fn merge(&self, state: &mut CoMoments, other: &CoMoments) -> Result<(), DataError> {
        state.merge(NAME, other)
    }

    fn finish(&self, state: &CoMoments) -> Result<FittedWhiten, DataError> {
        let d = state.mean.len();
        let mut covariance = state.covariance(NAME)?;
        let trace: f64 = covariance.iter().step_by(d + 1).sum();
        covariance.iter_mut().for_each(|x| *x *= 1.0 - self.shrinkage);
        covariance.iter_mut().step_by(d + 1).for_each(|x| *x += self.shrinkage * trace / d as f64);
        let (values, vectors) = eigen::symmetric(covariance, d);
        let least = values.first().map_or(0.0, |largest| largest * d as f64 * f64::EPSILON);
        let direction = |(vector, &variance): (&[f64], &f64)| {
            let largest = vector.iter().fold(0.0, |m: f64, &x| if x.abs() > m.abs() { x } else { m });
            let vector = vector.iter().map(|x| x * 1f64.copysign(largest)).collect();
            // What is left of a direction without variance is rounding.
            let variance = if variance > least { variance } else { 0.0 };
            let deviation = if self.keep_scale { 1.0 } else { (variance + self.epsilon).sqrt() };
            Direction { vector, variance, deviation }
        };
        let kept = self.components.unwrap_or(d);
        let directions = vectors.chunks_exact(d.max(1)).zip(&values).take(kept).map(direction).collect();
        Ok(FittedWhiten { mean: state.mean.clone(), directions, rotate_back: self.rotate_back, total: trace })
    }
}

/// The mean and the principal directions of the data, as [`Whiten`] has learnt them.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct FittedWhiten {
    mean: Vec<f64>,
    directions: Vec<Direction>,
    rotate_back: bool,
    /// The variance of all columns together.
    total: f64,
}

/// A principal direction.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
struct Direction {
    /// Of length 1.
    vector: Vec<f64>,
    variance: f64,
    /// What its coordinate is divided by; where that is 0, the coordinate becomes 0.
    deviation: f64,
}

impl FittedWhiten {
    /// What is subtracted from each column.
    pub fn mean(&self) -> &[f64] {
        &self.mean
    }

    /// The kept directions, each of length 1, by falling variance.
    pub fn directions(&self) -> impl ExactSizeIterator<Item = &[f64]> {
        self.directions.iter().map(|direction| &direction.vector[..])
    }

    /// The variance of the training data (after shrinkage) along each kept direction.
    pub fn explained_variance(&self) -> Vec<f64> {
        self.directions.iter().map(|direction| direction.variance).collect()
    }

    /// The same as shares of the variance of all columns; 0 if that is.
    pub fn explained_variance_ratio(&self) -> Vec<f64> {
        let share = |variance: f64| if self.total > 0.0 { variance / self.total } else { 0.0 };
        self.explained_variance().into_iter().map(share).collect()
    }

    /// The number of kept directions that have variance.
    pub fn rank(&self) -> usize {
        self.directions.iter().filter(|direction| direction.variance > 0.0).count()
    }

    /// The number of columns that come out.
    fn width(&self) -> usize {
        if self.rotate_back { self.mean.len() } else { self.directions.len() }
    }

    /// W (columns, width), or what undoes it (width, columns).
    fn matrix(&self, inverse: bool) -> Vec<f64> {
        let (d, width) = (self.mean.len(), self.width());
        let mut forward = vec![0.0; d * width];
        for (k, Direction { vector, deviation, .. }) in self.directions.iter().enumerate() {
            let factor = match (*deviation > 0.0, inverse) {
                (true, true) => *deviation,
                (true, false) => 1.0 / deviation,
                (false, _) => 0.0,
            };
            for (row, v) in forward.chunks_exact_mut(width).zip(vector) {
                if self.rotate_back {
                    row.iter_mut().zip(vector).for_each(|(w, u)| *w += v * factor * u);
                } else {
                    row[k] = v * factor;
                }
            }
        }
        if !inverse {
            return forward;
        }
        (0..width * d).map(|at| forward[at % d * width + at / d]).collect()
    }

    /// x becomes (x - mean) W.
    fn forward(&self) -> Result<RowMap, DataError> {
        self.check()?;
        Ok(RowMap { before: self.mean.clone(), matrix: self.matrix(false), after: vec![0.0; self.width()] })
    }

    /// y becomes y W⁻¹ + mean.
    fn backward(&self) -> Result<RowMap, DataError> {
        self.check()?;
        Ok(RowMap { before: vec![0.0; self.width()], matrix: self.matrix(true), after: self.mean.clone() })
    }

    /// Every direction is of as many columns, unless a file was wrong.
    fn check(&self) -> Result<(), DataError> {
        let mut directions = self.directions.iter();
        directions.try_for_each(|direction| check_columns(NAME, Some(self.mean.len()), direction.vector.len()))
    }
}

/// In place if the number of columns stays.
fn map_in_place<F: Float>(map: &RowMap, x: &mut Tensor<F>) -> Result<(), DataError> {
    check_input(NAME, Some(map.before.len()), x)?;
    if map.before.len() == map.after.len() {
        map.replace(x);
    } else {
        *x = map.images(x);
    }
    Ok(())
}

fn map_anew<F: Float>(map: &RowMap, x: &Tensor<F>) -> Result<Tensor<F>, DataError> {
    check_input(NAME, Some(map.before.len()), x)?;
    Ok(map.images(x))
}

impl<F: Float> Transform<F> for FittedWhiten {
    fn operation(&self) -> &'static str {
        NAME
    }

    fn columns(&self) -> Option<usize> {
        Some(self.mean.len())
    }

    fn transform_in_place(&self, x: &mut Tensor<F>) -> Result<(), DataError> {
        map_in_place(&self.forward()?, x)
    }

    fn transform(&self, x: &Tensor<F>) -> Result<Tensor<F>, DataError> {
        map_anew(&self.forward()?, x)
    }

    fn inverse_in_place(&self, y: &mut Tensor<F>) -> Result<(), DataError> {
        map_in_place(&self.backward()?, y)
    }

    fn inverse(&self, y: &Tensor<F>) -> Result<Tensor<F>, DataError> {
        map_anew(&self.backward()?, y)
    }

    fn names(&self, names: &[String]) -> Result<Vec<String>, DataError> {
        check_columns(NAME, Some(self.mean.len()), names.len())?;
        if self.rotate_back {
            return Ok(names.to_vec());
        }
        Ok((0..self.directions.len()).map(|k| format!("pca{k}")).collect())
    }
}
