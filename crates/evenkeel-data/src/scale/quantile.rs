//! Scaling by a column's own distribution function.

use evenkeel_tensor::{Float, Tensor, kernel};

use super::columns::{change_blocks, change_blocks_anew};
use super::normal;
use super::order::{for_each_column, key, quantiles};
use crate::fit::{Degenerate, check_input, check_not_infinite, filled_matrix};
use crate::{DataError, Fit, Transform};

const NAME: &str = "Quantile";

/// Probabilities nearer than this to 0 and 1 count as it, so that their normal quantiles are finite: ± 5.2.
const EDGE: f64 = 1e-7 - f64::EPSILON;

/// The distribution that a column is given by [`Quantile`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Target {
    /// Uniform from 0 to 1.
    #[default]
    Uniform,
    /// Standard normal, cut off at ± 5.2, where 1e-7 of it lies beyond.
    Normal,
}

/// Each column to a uniform or Gaussian distribution, by its own distribution function in the training data: y = F(x), or Φ⁻¹(F(x)).
///
/// F is kept at landmarks, the quantiles at 0, 1/(n - 1), ..., 1 for n = 1000 (or one for each row, if there are fewer), and linear
/// between them. It is the same for a column and for any rising function of it, up to what lies between landmarks; so outliers and
/// units do not matter, but neither do distances, or correlations.
///
/// - **Ties**: a value that takes several landmarks gets the mean of their probabilities.
/// - **Beyond the training data** everything is 0 or 1 (± 5.2), and the inverse gives the extremes.
/// - **Constant columns** become 0, whatever they meet later (scikit-learn: -5.2 for `normal`); columns without values stay.
/// - **Batches**: quantiles do not merge, so there is one fit of all data. It gathers four columns for each thread.
///
/// As scikit-learn's `QuantileTransformer(subsample=None)`; its default learns from 10 000 rows drawn at random.
///
/// ```
/// use evenkeel_data::{Fit, Tensor, Transform, scale::{Quantile, Target}};
///
/// let x = Tensor::from([[1.0f64], [10.0], [100.0], [1000.0], [10000.0]]);
/// let uniform = Quantile::default().fit(&x)?;
/// assert_eq!(uniform.transform(&x)?.as_slice(), [0.0, 0.25, 0.5, 0.75, 1.0]);
/// assert_eq!(uniform.transform(&Tensor::from([[55.0], [-3.0]]))?.as_slice(), [0.375, 0.0]);
///
/// let normal = Quantile::to(Target::Normal).fit(&x)?;
/// assert!((normal.transform(&x)?.as_slice()[3] - 0.674489750196082).abs() < 1e-14);
/// # Ok::<(), evenkeel_data::DataError>(())
/// ```
///
/// # Errors
/// The fit refuses fewer than two landmarks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quantile {
    landmarks: usize,
    target: Target,
}

impl Default for Quantile {
    fn default() -> Self {
        Self::to(Target::Uniform)
    }
}

impl Quantile {
    /// To this distribution, by 1000 landmarks.
    pub fn to(target: Target) -> Self {
        Self { landmarks: 1000, target }
    }

    /// By another number of landmarks, at least 2.
    #[must_use]
    pub fn with_landmarks(self, landmarks: usize) -> Self {
        Self { landmarks, ..self }
    }
}

impl<F: Float> Fit<F> for Quantile {
    type Fitted = FittedQuantile;

    fn fit(&self, x: &Tensor<F>) -> Result<FittedQuantile, DataError> {
        if self.landmarks < 2 {
            let expected = "at least 2 landmarks; 100 to 1000 are usual";
            return Err(DataError::Setting { operation: NAME, expected, got: self.landmarks as f64 });
        }
        let (rows, columns) = filled_matrix(NAME, x)?;
        check_not_infinite(NAME, x.as_slice(), columns)?;
        let last = self.landmarks.min(rows).max(2) - 1;
        let probabilities: Vec<f64> = (0..=last).map(|i| i as f64 / last as f64).collect();
        let tables = for_each_column(x.as_slice(), columns, key, |keys| quantiles(keys, &probabilities));
        let mut degenerate = Degenerate::default();
        for (j, table) in tables.iter().enumerate() {
            match (table.first(), table.last()) {
                (Some(first), Some(last)) if first == last => degenerate.constant.push(j),
                (None, _) => degenerate.missing.push(j),
                _ => {}
            }
        }
        Ok(FittedQuantile { tables, degenerate, target: self.target })
    }
}

/// The landmarks of each column, as [`Quantile`] has learnt them.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct FittedQuantile {
    /// Rising; none for a column without values.
    tables: Vec<Vec<f64>>,
    degenerate: Degenerate,
    target: Target,
}

impl FittedQuantile {
    /// The quantiles of each column at evenly spaced probabilities from 0 to 1; none for a column without values.
    pub fn landmarks(&self) -> &[Vec<f64>] {
        &self.tables
    }

    /// `f(table, value)` of each value of a block that is not missing. The columns take turns, so one table at a time is in the
    /// first-level cache. `f` must be `#[inline(always)]`.
    fn map<F: Float>(&self, block: &mut [F], f: impl Fn(&[f64], f64) -> f64) {
        let columns = self.tables.len();
        for (j, table) in self.tables.iter().enumerate().filter(|(_, table)| !table.is_empty()) {
            kernel::simd(
                #[inline(always)]
                || {
                    for x in block[j..].iter_mut().step_by(columns).filter(|x| !x.is_nan()) {
                        *x = F::from_f64(f(table, x.to_f64()));
                    }
                },
            );
        }
    }

    fn transform_block<F: Float>(&self, block: &mut [F]) {
        let target = self.target;
        self.map(
            block,
            #[inline(always)]
            |table, x| match target {
                _ if table[0] == table[table.len() - 1] => 0.0,
                Target::Uniform => distribution(table, x),
                Target::Normal => normal::quantile(distribution(table, x).clamp(EDGE, 1.0 - EDGE)),
            },
        );
    }
}

/// F(x), linear between the landmarks.
#[inline(always)]
fn distribution(table: &[f64], x: f64) -> f64 {
    let last = table.len() - 1;
    if x < table[0] {
        return 0.0;
    }
    if x > table[last] {
        return 1.0;
    }
    // The first landmark that is not below x; there is one.
    let first = table.partition_point(|&q| q < x);
    let position = if table[first] == x {
        // The extremes are 0 and 1 even where they are several landmarks.
        match first + table[first..].partition_point(|&q| q == x) - 1 {
            _ if first == 0 => 0.0,
            end if end == last => last as f64,
            end => 0.5 * (first + end) as f64,
        }
    } else {
        let (below, above) = (table[first - 1], table[first]);
        let distance = above - below;
        let share = if distance.is_finite() {
            (x - below) / distance
        } else {
            (0.5 * x - 0.5 * below) / (0.5 * above - 0.5 * below)
        };
        (first - 1) as f64 + share
    };
    position / last as f64
}

/// The quantile at `p`.
#[inline(always)]
fn landmark(table: &[f64], p: f64) -> f64 {
    let last = table.len() - 1;
    let position = p.clamp(0.0, 1.0) * last as f64;
    let below = (position as usize).min(last);
    let above = (below + 1).min(last);
    let share = position - below as f64;
    table[below] * (1.0 - share) + table[above] * share
}

impl<F: Float> Transform<F> for FittedQuantile {
    fn operation(&self) -> &'static str {
        NAME
    }

    fn columns(&self) -> Option<usize> {
        Some(self.tables.len())
    }

    fn transform_in_place(&self, x: &mut Tensor<F>) -> Result<(), DataError> {
        check_input(NAME, Some(self.tables.len()), x)?;
        change_blocks(x, |block| self.transform_block(block));
        Ok(())
    }

    fn transform(&self, x: &Tensor<F>) -> Result<Tensor<F>, DataError> {
        change_blocks_anew(NAME, Some(self.tables.len()), x, |block| self.transform_block(block))
    }

    fn inverse_in_place(&self, y: &mut Tensor<F>) -> Result<(), DataError> {
        check_input(NAME, Some(self.tables.len()), y)?;
        let target = self.target;
        change_blocks(y, |block| {
            self.map(
                block,
                #[inline(always)]
                |table, y| match target {
                    Target::Uniform => landmark(table, y),
                    // What the transformation cut off was an extreme.
                    Target::Normal => match normal::probability(y) {
                        p if p <= 1e-7 => table[0],
                        p if p >= 1.0 - 1e-7 => table[table.len() - 1],
                        p => landmark(table, p),
                    },
                },
            );
        });
        Ok(())
    }

    fn degenerate(&self) -> Option<&Degenerate> {
        Some(&self.degenerate)
    }
}
