//! Pearson's chi-square of counts by class.

use evenkeel_tensor::{Float, Tensor};

use super::Scores;
use super::classes::Classes;
use super::special::chi2_tail;
use super::sums::{check_finite, check_sums, sums};
use crate::DataError;
use crate::fit::refused_value;

/// The chi-square statistic of each column of counts (or shares, or 0 and 1) by class, with its p-value: does the column come in the
/// classes as often as the classes have rows?
///
/// ```text
/// χ² = Σ_c (o_c - e_c)² / e_c,   o_c = Σ_(i in c) x_i,   e_c = (n_c / n) Σ_i x_i
/// ```
///
/// with k - 1 degrees of freedom for k classes, as scikit-learn's `chi2`; but a column of zeros has χ² = 0 and p = 1, where that gives
/// NaN. Values must not be negative. A p-value means something for counts alone: the statistic grows with the column's unit.
///
/// ```
/// use evenkeel_data::{Tensor, select::chi2};
///
/// let words = Tensor::from([[3.0, 1.0], [3.0, 1.0], [0.0, 1.0], [0.0, 1.0]]);
/// let scores = chi2(&words, &[0, 0, 1, 1])?;
/// assert_eq!(scores.score(), [6.0, 0.0]);
/// assert!((scores.p_value().unwrap()[0] - 0.0143059).abs() < 1e-6);
/// # Ok::<(), evenkeel_data::DataError>(())
/// ```
///
/// # Errors
/// If `x` (rows, columns) is not a matrix with rows and columns, has a missing, infinite or negative value; or the labels are not as many
/// as rows, or all the same.
pub fn chi2<F: Float>(x: &Tensor<F>, labels: &[u32]) -> Result<Scores, DataError> {
    const OPERATION: &str = "chi2";
    let classes = Classes::new(OPERATION, x, labels)?;
    let (columns, n) = (x.shape()[1], labels.len() as f64);
    // What is negative spoils its sum, so that one walk both adds up and checks.
    let [observed] = sums(
        x,
        classes.rows(),
        [],
        #[inline(always)]
        |x, _, []| [if x >= 0.0 { x } else { f64::NAN }],
    );
    if observed.iter().any(|sum| !sum.is_finite()) {
        check_finite(OPERATION, x)?;
        check_not_negative(OPERATION, x)?;
        check_sums(OPERATION, x, &observed)?;
    }
    let statistic = |j: usize| {
        let observed = || observed[j..].iter().step_by(columns);
        let total: f64 = observed().sum();
        let term = |(&observed, &count): (&f64, &usize)| {
            let expected = count as f64 / n * total;
            if expected == 0.0 { 0.0 } else { (observed - expected) * ((observed - expected) / expected) }
        };
        observed().zip(&classes.counts).map(term).sum::<f64>()
    };
    let score: Vec<f64> = (0..columns).map(statistic).collect();
    check_sums(OPERATION, x, &score)?;
    let freedom = (classes.counts.len() - 1) as f64;
    let p_value = score.iter().map(|&x| chi2_tail(x, freedom)).collect();
    Scores::new(OPERATION, score, Some(p_value))
}

fn check_not_negative<F: Float>(operation: &'static str, x: &Tensor<F>) -> Result<(), DataError> {
    let Some(at) = x.as_slice().iter().position(|&x| x < F::ZERO) else { return Ok(()) };
    let cure = "bin the column, or use `anova_f` or `MutualInformation`";
    Err(refused_value(operation, (x.as_slice(), x.shape()[1]), at, "a count or share, not negative", cure))
}
