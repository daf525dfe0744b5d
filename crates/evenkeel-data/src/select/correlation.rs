//! Correlation of columns with a target of real values.

use evenkeel_tensor::{Float, Tensor};

use super::Scores;
use super::anova::ratio;
use super::classes::{centred, check_rows};
use super::special::f_tail;
use super::sums::{Rows, check_finite, check_sums, means, sums};
use crate::DataError;
use crate::scale::{for_each_column, key};

/// Pearson's correlation of each column with the target, from -1 to 1, and the p-value of no correlation (two-sided, Student's t).
///
/// ```text
/// r = Σ (x - mean x)(y - mean y) / sqrt(Σ (x - mean x)² Σ (y - mean y)²)
/// ```
///
/// As scikit-learn's `r_regression`; p-values as `scipy.stats.pearsonr`. A constant column or target has r = 0 and p = 1. Columns are
/// ranked by |r|. Classes 0 and 1 may be a target too.
///
/// ```
/// use evenkeel_data::{Tensor, select::pearson};
///
/// let x = Tensor::from([[1.0, 3.0], [2.0, 1.0], [3.0, 2.0], [4.0, 0.0]]);
/// let scores = pearson(&x, &[10.0, 20.0, 30.0, 40.0])?;
/// assert!((scores.score()[0] - 1.0).abs() < 1e-15 && (scores.score()[1] + 0.8).abs() < 1e-15);
/// assert!((scores.p_value().unwrap()[1] - 0.2).abs() < 1e-12);
/// # Ok::<(), evenkeel_data::DataError>(())
/// ```
///
/// # Errors
/// If `x` (rows, columns) is not a matrix of at least 3 rows and a column, a value or target is missing or infinite or has a spread beyond
/// `f64`, or the targets are not as many as rows.
pub fn pearson<F: Float>(x: &Tensor<F>, y: &[F]) -> Result<Scores, DataError> {
    const OPERATION: &str = "pearson";
    let r = correlations(OPERATION, x, y)?;
    let p_value = r.iter().map(|&r| p_of(r, y.len())).collect();
    Ok(Scores::new(OPERATION, r, Some(p_value))?.by_magnitude())
}

/// The F of a regression of the target on each column alone, with its p-value.
///
/// ```text
/// F = r² (n - 2) / (1 - r²),   r as in `pearson`
/// ```
///
/// of 1 and n - 2 degrees of freedom. As scikit-learn's `f_regression`, with its `force_finite`: a constant column has F = 0 and p = 1, one
/// that equals the target but for offset and unit F = `f64::MAX` and p = 0 (or next to it, by rounding).
///
/// # Errors
/// As [`pearson`].
pub fn f_regression<F: Float>(x: &Tensor<F>, y: &[F]) -> Result<Scores, DataError> {
    const OPERATION: &str = "f_regression";
    let r = correlations(OPERATION, x, y)?;
    let p_value = r.iter().map(|&r| p_of(r, y.len())).collect();
    Scores::new(OPERATION, r.into_iter().map(|r| f_of(r, y.len())).collect(), Some(p_value))
}

/// Spearman's rank correlation of each column with the target: Pearson's of the ranks, ties sharing their mean rank. It sees any
/// monotone relation, and outliers weigh no more than others.
///
/// As `scipy.stats.spearmanr`, with its p-values (Student's t, an approximation). Columns are ranked by magnitude.
///
/// # Errors
/// As [`pearson`].
pub fn spearman<F: Float>(x: &Tensor<F>, y: &[F]) -> Result<Scores, DataError> {
    const OPERATION: &str = "spearman";
    let (rows, columns) = check_targets(OPERATION, x, y)?;
    check_finite(OPERATION, x)?;
    centred(OPERATION, y)?;
    let mean = (rows as f64 - 1.0) / 2.0;
    let centred_ranks = |keys: &[i64]| -> (Vec<f64>, f64) {
        let ranks: Vec<f64> = ranks(keys).into_iter().map(|rank| rank - mean).collect();
        let squares = ranks.iter().map(|d| d * d).sum();
        (ranks, squares)
    };
    let (y_ranks, y_squares) = centred_ranks(&y.iter().map(|y| key(y.to_f64())).collect::<Vec<_>>());
    let r = for_each_column(x.as_slice(), columns, key, |keys| {
        let (ranks, squares) = centred_ranks(keys);
        quotient(ranks.iter().zip(&y_ranks).map(|(a, b)| a * b).sum(), squares, y_squares)
    });
    let p_value = r.iter().map(|&r| p_of(r, rows)).collect();
    Ok(Scores::new(OPERATION, r, Some(p_value))?.by_magnitude())
}

/// Pearson's correlation of each column with `y`.
pub(super) fn correlations<F: Float>(operation: &'static str, x: &Tensor<F>, y: &[F]) -> Result<Vec<f64>, DataError> {
    let (rows, _) = check_targets(operation, x, y)?;
    let (y, y_squares) = centred(operation, y)?;
    let (origin, means) = means(operation, x, Rows::ALIKE, &[rows])?;
    let [squares, products] = sums(
        x,
        Rows { targets: Some(&y), ..Rows::ALIKE },
        [&origin, &means],
        #[inline(always)]
        |x, y, [origin, mean]| {
            let d = (x - origin) - mean;
            [d * d, d * y]
        },
    );
    check_sums(operation, x, &squares)?;
    check_sums(operation, x, &products)?;
    Ok(products.into_iter().zip(squares).map(|(product, square)| quotient(product, square, y_squares)).collect())
}

fn check_targets<F: Float>(operation: &'static str, x: &Tensor<F>, y: &[F]) -> Result<(usize, usize), DataError> {
    let (rows, columns) = check_rows(operation, x, y.len())?;
    if rows < 3 {
        return Err(DataError::Setting { operation, expected: "at least 3 rows", got: rows as f64 });
    }
    Ok((rows, columns))
}

/// The correlation, 0 where one side is constant.
fn quotient(product: f64, x_squares: f64, y_squares: f64) -> f64 {
    if x_squares == 0.0 || y_squares == 0.0 {
        return 0.0;
    }
    (product / x_squares.sqrt() / y_squares.sqrt()).clamp(-1.0, 1.0)
}

fn f_of(r: f64, rows: usize) -> f64 {
    ratio(r * r * (rows - 2) as f64, (1.0 - r) * (1.0 + r))
}

/// The square of Student's t has the F distribution.
fn p_of(r: f64, rows: usize) -> f64 {
    let f = f_of(r, rows);
    if f == f64::MAX { 0.0 } else { f_tail(f, 1.0, (rows - 2) as f64) }
}

/// The ranks of values given as keys, from 0; ties share their mean.
fn ranks(keys: &[i64]) -> Vec<f64> {
    let mut order: Vec<(i64, usize)> = keys.iter().copied().zip(0..).collect();
    order.sort_unstable();
    let mut ranks = vec![0.0; keys.len()];
    let mut first = 0;
    for ties in order.chunk_by(|a, b| a.0 == b.0) {
        let rank = first as f64 + (ties.len() - 1) as f64 / 2.0;
        ties.iter().for_each(|&(_, row)| ranks[row] = rank);
        first += ties.len();
    }
    ranks
}
