//! Analysis of variance, and the variance alone.

use evenkeel_tensor::{Float, Tensor};

use super::classes::{Classes, check_rows};
use super::special::f_tail;
use super::sums::{Rows, check_sums, means, sums};
use super::{Scores, Selection};
use crate::{DataError, Fit};

/// The F of a one-way analysis of variance of each column by class, with its p-value: is the column's mean the same in all classes?
///
/// ```text
/// F = (Σ_c n_c (m_c - m)² / (k - 1)) / (Σ_c Σ_(i in c) (x_i - m_c)² / (n - k))
/// ```
///
/// for n rows, k classes of n_c rows, means m_c and the mean m of all; under the hypothesis of equal means (and Gaussian columns of
/// equal variance) it has the F distribution of k - 1 and n - k degrees of freedom. For two classes it is the square of Student's t. As
/// scikit-learn's `f_classif`, but that a constant column has F = 0 and p = 1, and one that is constant within each class
/// F = `f64::MAX` and p = 0, where that gives NaN and infinity.
///
/// ```
/// use evenkeel_data::{Tensor, select::anova_f};
///
/// let x = Tensor::from([[1.0, 5.0], [2.0, 6.0], [4.0, 6.0], [5.0, 5.0]]);
/// let scores = anova_f(&x, &[0, 0, 1, 1])?;
/// assert_eq!(scores.score(), [18.0, 0.0]);
/// assert!((scores.p_value().unwrap()[0] - 0.0513167).abs() < 1e-6);
/// assert_eq!(scores.top(1)?.indices(), [0]);
/// # Ok::<(), evenkeel_data::DataError>(())
/// ```
///
/// # Errors
/// If `x` (rows, columns) is not a matrix with rows and columns, has a missing or infinite value or a spread beyond `f64`; the labels are
/// not as many as rows or all the same; or there are not more rows than classes.
pub fn anova_f<F: Float>(x: &Tensor<F>, labels: &[u32]) -> Result<Scores, DataError> {
    const OPERATION: &str = "anova_f";
    let classes = Classes::new(OPERATION, x, labels)?;
    let (n, k, columns) = (labels.len(), classes.counts.len(), x.shape()[1]);
    if n <= k {
        return Err(DataError::Setting { operation: OPERATION, expected: "more rows than classes", got: n as f64 });
    }
    let (origin, means) = means(OPERATION, x, classes.rows(), &classes.counts)?;
    let squares = squares(x, classes.rows(), &origin, &means);
    let of_column = |values: &[f64], j: usize| -> Vec<f64> { values[j..].iter().step_by(columns).copied().collect() };
    let within: Vec<f64> = (0..columns).map(|j| of_column(&squares, j).iter().sum()).collect();
    let between: Vec<f64> = (0..columns)
        .map(|j| {
            // All from the first class's origin.
            let origins = of_column(&origin, j);
            let means: Vec<f64> =
                of_column(&means, j).iter().zip(&origins).map(|(mean, origin)| mean + (origin - origins[0])).collect();
            let weighted = |f: &dyn Fn(f64) -> f64| -> f64 {
                means.iter().zip(&classes.counts).map(|(&mean, &count)| count as f64 * f(mean)).sum()
            };
            let mean = weighted(&|mean| mean) / n as f64;
            weighted(&|of_class| (of_class - mean) * (of_class - mean))
        })
        .collect();
    check_sums(OPERATION, x, &within)?;
    check_sums(OPERATION, x, &between)?;
    let (above, below) = ((k - 1) as f64, (n - k) as f64);
    let score: Vec<f64> =
        between.iter().zip(&within).map(|(between, within)| ratio(between / above, within / below)).collect();
    let p_value = score.iter().map(|&f| if f == f64::MAX { 0.0 } else { f_tail(f, above, below) }).collect();
    Scores::new(OPERATION, score, Some(p_value))
}

/// The squared deviations from the means of each class's columns, added up.
fn squares<F: Float>(x: &Tensor<F>, rows: Rows<'_>, origin: &[f64], means: &[f64]) -> Vec<f64> {
    let [squares] = sums(
        x,
        rows,
        [origin, means],
        #[inline(always)]
        |x, _, [origin, mean]| {
            let d = (x - origin) - mean;
            [d * d]
        },
    );
    squares
}

/// a / b of numbers that are not negative; 0 / 0 is 0, and what is beyond `f64` its largest.
pub(super) fn ratio(a: f64, b: f64) -> f64 {
    if a == 0.0 { 0.0 } else { (a / b).min(f64::MAX) }
}

/// The variance of each column (of squares divided by n), as scikit-learn's `VarianceThreshold` has it: a column without variance can
/// tell nothing.
///
/// It depends on the column's unit: compare columns of one unit, or scaled by their range.
///
/// # Errors
/// If `x` (rows, columns) is not a matrix with rows and columns, or has a missing or infinite value or a spread beyond `f64`.
pub fn variance<F: Float>(x: &Tensor<F>) -> Result<Scores, DataError> {
    const OPERATION: &str = "variance";
    let rows = x.shape().first().copied().unwrap_or(0);
    check_rows(OPERATION, x, rows)?;
    let (origin, means) = means(OPERATION, x, Rows::ALIKE, &[rows])?;
    let squares = squares(x, Rows::ALIKE, &origin, &means);
    check_sums(OPERATION, x, &squares)?;
    Scores::new(OPERATION, squares.into_iter().map(|sum| sum / rows as f64).collect(), None)
}

/// Keeps the columns whose [`variance`] is above this: the one filter that needs no target, and so a [`Fit`] as scalers are.
/// Other than those it refuses missing values.
///
/// ```
/// use evenkeel_data::{Fit, Tensor, Transform, select::VarianceAbove};
///
/// let x = Tensor::from([[1.0, 7.0], [2.0, 7.0]]);
/// assert_eq!(VarianceAbove(0.0).fit(&x)?.transform(&x)?, Tensor::from([[1.0], [2.0]]));
/// # Ok::<(), evenkeel_data::DataError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct VarianceAbove(
    /// The threshold, 0 by default.
    pub f64,
);

impl<F: Float> Fit<F> for VarianceAbove {
    type Fitted = Selection;

    fn fit(&self, x: &Tensor<F>) -> Result<Selection, DataError> {
        variance(x)?.above(self.0)
    }
}
