//! Columns that tell much about the target, and little that the others told already.

use evenkeel_tensor::{Float, Tensor, parallel};

use super::classes::check_rows;
use super::correlation::correlations;
use super::groups::Groups;
use super::sums::check_finite;
use super::{Scores, Selection, Verdict};
use crate::scale::{for_each_column, key};
use crate::{DataError, TableError};

/// Minimal redundancy, maximal relevance (Peng, Long & Ding 2005; Ding & Peng 2005): takes the most relevant column, and then one after
/// another that which is best relative to the columns S taken before.
///
/// ```text
/// difference:  relevance(x) - mean_(s in S) redundancy(x, s)
/// quotient:    relevance(x) / mean_(s in S) redundancy(x, s)
/// ```
///
/// Relevance is any filter's score (its magnitude, where columns are ranked by that). Redundancy is mutual information by 10 quantile bins,
/// or |Pearson's r| after [`by_correlation`](Self::by_correlation). A difference means something where both have one unit: take
/// [`MutualInformation`](super::MutualInformation) for it (Peng's MID and MIQ), and a quotient for [`anova_f`](super::anova_f) by
/// correlation (FCQ).
///
/// ```
/// use evenkeel_data::{Tensor, select::{Mrmr, anova_f}};
///
/// // The second column is the first in another unit; the third tells as much, but something else.
/// let first = [0.0, 1.0, 2.0, 3.0, 2.0, 3.0, 4.0, 5.0];
/// let third = [3.0, 2.0, 1.0, 0.0, 5.0, 4.0, 3.0, 2.0];
/// let x = Tensor::from_fn([8, 3], |i| [first[i / 3], 2.0 * first[i / 3] + 1.0, third[i / 3]][i % 3]);
/// let relevance = anova_f(&x, &[0, 0, 0, 0, 1, 1, 1, 1])?;
/// assert_eq!(relevance.top(2)?.ranking(), [0, 1]);
/// assert_eq!(Mrmr::quotient(2).by_correlation().select(&x, &relevance)?.ranking(), [0, 2]);
/// # Ok::<(), evenkeel_data::DataError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Mrmr {
    k: usize,
    is_quotient: bool,
    redundancy: Redundancy,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Redundancy {
    Bins(usize),
    Correlation,
}

/// A redundancy below this counts as this, so that quotients are finite.
const LEAST: f64 = 1e-6;

const OPERATION: &str = "Mrmr";

impl Mrmr {
    /// The `k` best by differences.
    pub fn difference(k: usize) -> Self {
        Self { k, is_quotient: false, redundancy: Redundancy::Bins(10) }
    }

    /// The `k` best by quotients. Redundancies below 1e-6 count as 1e-6.
    pub fn quotient(k: usize) -> Self {
        Self { is_quotient: true, ..Self::difference(k) }
    }

    /// Redundancy as |Pearson's r|.
    #[must_use]
    pub fn by_correlation(self) -> Self {
        Self { redundancy: Redundancy::Correlation, ..self }
    }

    /// Redundancy as mutual information by so many quantile bins.
    #[must_use]
    pub fn by_bins(self, bins: usize) -> Self {
        Self { redundancy: Redundancy::Bins(bins), ..self }
    }

    /// The columns of `x` (rows, columns), in the order in which they are taken.
    ///
    /// # Errors
    /// If there are not as many scores as columns, `k` is 0 or more than columns, bins are fewer than 2, or `x` is not a matrix of at least 3
    /// rows or has a missing or infinite value.
    pub fn select<F: Float>(&self, x: &Tensor<F>, relevance: &Scores) -> Result<Selection, DataError> {
        let rows = x.shape().first().copied().unwrap_or(0);
        let (_, columns) = check_rows(OPERATION, x, rows)?;
        let refuse = |expected, got: usize| Err(DataError::Setting { operation: OPERATION, expected, got: got as f64 });
        if relevance.score().len() != columns {
            return Err(DataError::Table(TableError::Columns {
                operation: OPERATION,
                expected: relevance.score().len(),
                got: columns,
            }));
        }
        if !(1..=columns).contains(&self.k) {
            return refuse("a number of columns to keep from 1 to as many as there are", self.k);
        }
        if let Redundancy::Bins(bins @ 0..2) = self.redundancy {
            return refuse("at least 2 bins", bins);
        }
        check_finite(OPERATION, x)?;
        let pairs = Pairs::new(x, self.redundancy);

        let strength: Vec<f64> = (0..columns).map(|column| relevance.strength(column)).collect();
        let mut verdicts: Vec<Verdict> = strength
            .iter()
            .map(|&score| Verdict {
                score: Some(score),
                p_value: None,
                reason: format!("not among the {} taken", self.k),
            })
            .collect();
        // The sum of each column's redundancies with those taken.
        let mut redundancy = vec![0.0; columns];
        let mut taken: Vec<usize> = Vec::with_capacity(self.k);
        let mut left = relevance.ranking();
        while taken.len() < self.k {
            let mean = |column: usize| redundancy[column] / taken.len().max(1) as f64;
            let worth = |column: usize| match self.is_quotient {
                _ if taken.is_empty() => strength[column],
                true => strength[column] / f64::max(mean(column), LEAST),
                false => strength[column] - mean(column),
            };
            // Of equal ones the first in the ranking.
            let best = (1..left.len()).fold(0, |best, i| if worth(left[i]) > worth(left[best]) { i } else { best });
            let column = left[best];
            verdicts[column].reason = format!("taken as number {}, redundancy {:.4}", taken.len() + 1, mean(column));
            left.remove(best);
            taken.push(column);
            if taken.len() < self.k {
                let with_it = pairs.with(column)?;
                redundancy.iter_mut().zip(with_it).for_each(|(sum, r)| *sum += r);
            }
        }
        Selection::new(OPERATION, verdicts, taken)
    }
}

/// What redundancies are computed from.
enum Pairs<'a, F: Float> {
    Groups(Vec<Groups>),
    Values(&'a Tensor<F>),
}

impl<'a, F: Float> Pairs<'a, F> {
    fn new(x: &'a Tensor<F>, redundancy: Redundancy) -> Self {
        match redundancy {
            Redundancy::Correlation => Self::Values(x),
            Redundancy::Bins(bins) => {
                Self::Groups(for_each_column(x.as_slice(), x.shape()[1], key, |keys| Groups::by_quantile(keys, bins)))
            }
        }
    }

    /// The redundancy of each column with one of them.
    fn with(&self, column: usize) -> Result<Vec<f64>, DataError> {
        match self {
            Self::Groups(groups) => {
                let Groups { codes, count } = &groups[column];
                let mut redundancy = vec![0.0; groups.len()];
                parallel::chunks_mut(&mut redundancy, 1, |other, r| r[0] = groups[other].information(codes, *count));
                Ok(redundancy)
            }
            Self::Values(x) => {
                let y: Vec<F> = x.as_slice().iter().skip(column).step_by(x.shape()[1]).copied().collect();
                Ok(correlations(OPERATION, x, &y)?.into_iter().map(f64::abs).collect())
            }
        }
    }
}
