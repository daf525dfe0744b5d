//! Which columns are kept, and why.

use std::fmt;

use evenkeel_tensor::{Float, Tensor, kernel, parallel};

use crate::fit::{check_columns, check_input};
use crate::{DataError, TableError, Transform};

/// Columns that were chosen, with the reasons: a [`Transform`] that keeps these columns of any data, in the order in which the data have
/// them.
///
/// ```
/// use evenkeel_data::{Tensor, Transform, select::anova_f};
///
/// let x = Tensor::from([[1.0, 5.0, 9.0], [2.0, 6.0, 9.1], [4.0, 6.0, 1.0], [5.0, 5.0, 1.1]]);
/// let names = ["dose", "day", "pulse"].map(String::from);
/// let kept = anova_f(&x, &[0, 0, 1, 1])?.top(2)?.with_names(&names)?;
/// assert_eq!((kept.indices(), kept.ranking()), (&[0, 2][..], &[2, 0][..]));
/// assert_eq!(kept.transform(&x)?.shape(), [4, 2].into());
/// assert_eq!(Transform::<f64>::names(&kept, &names)?, ["dose", "pulse"]);
/// assert!(kept.to_string().contains("day"));                            // a table of all columns, with scores and reasons
/// # Ok::<(), evenkeel_data::DataError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(try_from = "super::store::StoredSelection"))]
pub struct Selection {
    indices: Vec<usize>,
    ranking: Vec<usize>,
    verdicts: Vec<Verdict>,
    /// Of all columns; empty: they have none.
    names: Vec<String>,
}

/// What was found about one column.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Verdict {
    /// Its score, where the method gives one.
    pub score: Option<f64>,
    /// Its p-value, where the method gives one.
    pub p_value: Option<f64>,
    /// Why it was kept or left out.
    pub reason: String,
}

impl Selection {
    /// The `kept` ones, from the best down, of as many columns as there are verdicts. For methods of your own.
    ///
    /// # Errors
    /// If no column is kept, or one that is not there or is named twice.
    pub fn new(operation: &'static str, verdicts: Vec<Verdict>, kept: Vec<usize>) -> Result<Self, DataError> {
        if kept.is_empty() {
            return Err(DataError::Table(TableError::NoColumnsLeft { operation, cure: "keep at least one" }));
        }
        let mut indices = kept.clone();
        indices.sort_unstable();
        let twice = indices.windows(2).find(|pair| pair[0] == pair[1]).map(|pair| pair[0]);
        if let Some(got) = twice.or(indices.last().copied().filter(|&last| last >= verdicts.len())) {
            let expected = "columns that are there, each once";
            return Err(DataError::Setting { operation, expected, got: got as f64 });
        }
        Ok(Self { indices, ranking: kept, verdicts, names: Vec::new() })
    }

    /// As [`new`](Self::new), with one reason for what is kept and another for what is not.
    pub(super) fn of(
        operation: &'static str,
        columns: usize,
        kept: Vec<usize>,
        reasons: [&str; 2],
    ) -> Result<Self, DataError> {
        let mut which = vec![1; columns];
        kept.iter().for_each(|&column| which[column] = 0);
        let verdict = |column: usize| Verdict { score: None, p_value: None, reason: reasons[which[column]].to_owned() };
        Self::new(operation, (0..columns).map(verdict).collect(), kept)
    }

    /// Names for all columns that go in, for the table.
    ///
    /// # Errors
    /// If they are not as many as columns.
    pub fn with_names(self, names: &[String]) -> Result<Self, DataError> {
        check_columns("Selection", Some(self.verdicts.len()), names.len())?;
        Ok(Self { names: names.to_vec(), ..self })
    }

    /// The kept columns, rising.
    pub fn indices(&self) -> &[usize] {
        &self.indices
    }

    /// The kept columns from the best down, or in the order in which they were chosen.
    pub fn ranking(&self) -> &[usize] {
        &self.ranking
    }

    /// What was found about each column, kept or not.
    pub fn verdicts(&self) -> &[Verdict] {
        &self.verdicts
    }

    /// The names of the kept columns, if there are any.
    pub fn kept_names(&self) -> Vec<&str> {
        self.indices.iter().filter_map(|&column| self.names.get(column)).map(String::as_str).collect()
    }
}

impl<F: Float> Transform<F> for Selection {
    fn operation(&self) -> &'static str {
        "Selection"
    }

    fn columns(&self) -> Option<usize> {
        Some(self.verdicts.len())
    }

    fn transform_in_place(&self, x: &mut Tensor<F>) -> Result<(), DataError> {
        let (rows, columns) = check_input("Selection", Some(self.verdicts.len()), x)?;
        let width = self.indices.len();
        let mut kept = Tensor::zeros([rows, width]);
        let height = (kernel::BLOCK / columns).max(1);
        let from = x.as_slice();
        parallel::chunks_mut(kept.as_mut_slice(), height * width, |block, kept| {
            let rows = from[block * height * columns..].chunks_exact(columns);
            for (kept, row) in kept.chunks_exact_mut(width).zip(rows) {
                kept.iter_mut().zip(&self.indices).for_each(|(kept, &column)| *kept = row[column]);
            }
        });
        *x = kept;
        Ok(())
    }

    fn names(&self, names: &[String]) -> Result<Vec<String>, DataError> {
        check_columns("Selection", Some(self.verdicts.len()), names.len())?;
        Ok(self.indices.iter().map(|&column| names[column].clone()).collect())
    }
}

/// A line for each column: first the kept ones, from the best down.
impl fmt::Display for Selection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let left_out = (0..self.verdicts.len()).filter(|column| self.indices.binary_search(column).is_err());
        let name = |column: usize| self.names.get(column).cloned().unwrap_or_else(|| column.to_string());
        let width = (0..self.verdicts.len()).map(|column| name(column).chars().count()).max().unwrap_or(0).max(6);
        writeln!(f, "{:width$} kept {:>11} {:>11} reason", "column", "score", "p")?;
        for column in self.ranking.iter().copied().chain(left_out) {
            let Verdict { score, p_value, reason } = &self.verdicts[column];
            let number = |x: &Option<f64>| x.map_or("-".to_owned(), |x| format!("{x:.4e}"));
            let kept = if self.indices.binary_search(&column).is_ok() { "yes" } else { "no" };
            let (score, p) = (number(score), number(p_value));
            writeln!(f, "{:width$} {kept:4} {score:>11} {p:>11} {reason}", name(column))?;
        }
        Ok(())
    }
}
