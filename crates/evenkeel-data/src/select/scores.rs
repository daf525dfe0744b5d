//! A score for each column, and the rules that choose by it.

use std::cmp::Ordering;

use super::{Selection, Verdict};
use crate::{DataError, TableError};

/// A score for each column, the more the better, with p-values where the method has them.
///
/// Equal scores are ranked by p-value, then by position, the first column first.
#[derive(Clone, Debug, PartialEq)]
pub struct Scores {
    method: &'static str,
    score: Vec<f64>,
    p_value: Option<Vec<f64>>,
    is_by_magnitude: bool,
}

impl Scores {
    /// Scores of a method of your own.
    ///
    /// # Errors
    /// If there is no score, one is not finite, a p-value is not in 0 to 1, or they are not as many.
    pub fn new(method: &'static str, score: Vec<f64>, p_value: Option<Vec<f64>>) -> Result<Self, DataError> {
        if score.is_empty() {
            return Err(DataError::Empty { operation: method, cure: "give at least one column" });
        }
        if let Some(column) = score.iter().position(|score| !score.is_finite()) {
            return Err(DataError::NotFinite {
                what: format!("{method}: score of column {column}"),
                value: score[column],
            });
        }
        if let Some(p) = &p_value {
            if p.len() != score.len() {
                return Err(DataError::Table(TableError::Columns {
                    operation: method,
                    expected: score.len(),
                    got: p.len(),
                }));
            }
            if let Some(&got) = p.iter().find(|p| !(0.0..=1.0).contains(*p)) {
                return Err(DataError::Setting { operation: method, expected: "p-values from 0 to 1", got });
            }
        }
        Ok(Self { method, score, p_value, is_by_magnitude: false })
    }

    /// Ranks by |score|, where a negative score says as much as a positive one.
    #[must_use]
    pub fn by_magnitude(self) -> Self {
        Self { is_by_magnitude: true, ..self }
    }

    /// The method's name.
    pub fn method(&self) -> &'static str {
        self.method
    }

    /// The score of each column.
    pub fn score(&self) -> &[f64] {
        &self.score
    }

    /// The p-value of each column: the probability of such a score or a higher one if the column had nothing to do with the target.
    pub fn p_value(&self) -> Option<&[f64]> {
        self.p_value.as_deref()
    }

    /// The columns from the best to the worst.
    pub fn ranking(&self) -> Vec<usize> {
        let p = |column: usize| self.p_value.as_ref().map_or(0.0, |p| p[column]);
        let order = |&a: &usize, &b: &usize| -> Ordering {
            self.strength(b).total_cmp(&self.strength(a)).then(p(a).total_cmp(&p(b)))
        };
        let mut columns: Vec<usize> = (0..self.score.len()).collect();
        columns.sort_by(order);
        columns
    }

    /// What a column is ranked by; -0 counts as 0.
    pub(super) fn strength(&self, column: usize) -> f64 {
        (if self.is_by_magnitude { self.score[column].abs() } else { self.score[column] }) + 0.0
    }

    /// The `k` best columns.
    ///
    /// # Errors
    /// If `k` is 0 or more than there are columns.
    pub fn top(&self, k: usize) -> Result<Selection, DataError> {
        if !(1..=self.score.len()).contains(&k) {
            let expected = "a number of columns to keep from 1 to as many as there are";
            return Err(DataError::Setting { operation: self.method, expected, got: k as f64 });
        }
        self.keep(&self.ranking()[..k], &format!("among the best {k}"))
    }

    /// The best share of all columns, rounded to nearest, at least one. (scikit-learn's `SelectPercentile` rounds down, after an
    /// interpolated percentile of the scores.)
    ///
    /// # Errors
    /// If the share is not above 0 and at most 1.
    pub fn share(&self, share: f64) -> Result<Selection, DataError> {
        if !(share > 0.0 && share <= 1.0) {
            let expected = "a share of the columns above 0, at most 1";
            return Err(DataError::Setting { operation: self.method, expected, got: share });
        }
        self.top(((share * self.score.len() as f64).round() as usize).max(1))
    }

    /// The columns whose score (or |score|) is above `threshold`.
    ///
    /// # Errors
    /// If the threshold is NaN, or no column is left.
    pub fn above(&self, threshold: f64) -> Result<Selection, DataError> {
        if threshold.is_nan() {
            return Err(DataError::Setting { operation: self.method, expected: "a threshold", got: threshold });
        }
        self.keep_where(|column| self.strength(column) > threshold, &format!("above {threshold}"))
    }

    /// The columns with p < `alpha`, each by itself: of m columns that are all irrelevant, about alpha m are kept nevertheless
    /// (scikit-learn's `SelectFpr`).
    ///
    /// # Errors
    /// If alpha is not inside 0 to 1, the method has no p-values, or no column is left.
    pub fn p_below(&self, alpha: f64) -> Result<Selection, DataError> {
        let p = self.tested(alpha)?;
        self.keep_where(|column| p[column] < alpha, &format!("p below {alpha}"))
    }

    /// Benjamini & Hochberg (1995): the columns up to the last one, in order of p-values, with p_(i) <= alpha i / m. Of the columns kept, a
    /// share of at most alpha is irrelevant on average, where columns are independent or positively dependent (scikit-learn's
    /// `SelectFdr`).
    ///
    /// # Errors
    /// As [`p_below`](Self::p_below).
    pub fn false_discovery_rate(&self, alpha: f64) -> Result<Selection, DataError> {
        let p = self.tested(alpha)?;
        let order = self.by_p(p);
        let m = p.len() as f64;
        let last = (0..p.len()).rev().find(|&i| p[order[i]] <= alpha * (i + 1) as f64 / m);
        self.keep_checked(&order[..last.map_or(0, |last| last + 1)], &format!("false discovery rate at most {alpha}"))
    }

    /// Bonferroni: the columns with p < alpha / m. The probability that any irrelevant column is kept is at most alpha (scikit-learn's
    /// `SelectFwe`).
    ///
    /// # Errors
    /// As [`p_below`](Self::p_below).
    pub fn family_wise(&self, alpha: f64) -> Result<Selection, DataError> {
        let p = self.tested(alpha)?;
        let limit = alpha / p.len() as f64;
        self.keep_where(|column| p[column] < limit, &format!("family-wise error at most {alpha}"))
    }

    /// Holm (1979): in order of p-values, columns as long as p_(i) <= alpha / (m - i + 1). It promises what
    /// [`family_wise`](Self::family_wise) does, and keeps as many columns or more.
    ///
    /// # Errors
    /// As [`p_below`](Self::p_below).
    pub fn holm(&self, alpha: f64) -> Result<Selection, DataError> {
        let p = self.tested(alpha)?;
        let order = self.by_p(p);
        let kept = (0..p.len()).take_while(|&i| p[order[i]] <= alpha / (p.len() - i) as f64).count();
        self.keep_checked(&order[..kept], &format!("Holm's family-wise error at most {alpha}"))
    }

    /// The p-values, for a test at level `alpha`.
    fn tested(&self, alpha: f64) -> Result<&[f64], DataError> {
        if !(alpha > 0.0 && alpha < 1.0) {
            return Err(DataError::Setting { operation: self.method, expected: "an alpha inside 0 to 1", got: alpha });
        }
        self.p_value().ok_or(DataError::NoPValues { operation: self.method })
    }

    /// The columns by rising p-value.
    fn by_p(&self, p: &[f64]) -> Vec<usize> {
        let mut order = self.ranking();
        order.sort_by(|&a, &b| p[a].total_cmp(&p[b]));
        order
    }

    /// Keeps the columns that `is_kept` says.
    fn keep_where(&self, is_kept: impl Fn(usize) -> bool, rule: &str) -> Result<Selection, DataError> {
        let kept: Vec<usize> = self.ranking().into_iter().filter(|&column| is_kept(column)).collect();
        self.keep_checked(&kept, rule)
    }

    fn keep_checked(&self, kept: &[usize], rule: &str) -> Result<Selection, DataError> {
        if kept.is_empty() {
            let cure = "choose a rule that keeps more, or `top(k)`";
            return Err(DataError::Table(TableError::NoColumnsLeft { operation: self.method, cure }));
        }
        self.keep(kept, rule)
    }

    fn keep(&self, kept: &[usize], rule: &str) -> Result<Selection, DataError> {
        let mut is_kept = vec![false; self.score.len()];
        kept.iter().for_each(|&column| is_kept[column] = true);
        let verdict = |column: usize| Verdict {
            score: Some(self.score[column]),
            p_value: self.p_value.as_ref().map(|p| p[column]),
            reason: format!("{}: {}{rule}", self.method, if is_kept[column] { "" } else { "not " }),
        };
        Selection::new(self.method, (0..self.score.len()).map(verdict).collect(), kept.to_vec())
    }
}
