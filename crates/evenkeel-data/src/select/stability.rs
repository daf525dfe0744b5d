//! How often a column is chosen, whichever rows there are.

use evenkeel_tensor::Seed;

use super::{Selection, Verdict};
use crate::order::shuffle;
use crate::scale::sort_descending;
use crate::{DataError, TableError};

/// Stability selection (Meinshausen & Bühlmann 2010): lets any method choose columns on 100 random halves of the rows, and keeps the
/// columns that are chosen in at least a share π of them, 0.6 unless told otherwise.
///
/// If the method chooses q columns of d on average, and irrelevant columns are as likely to be chosen as each other (and no likelier than
/// relevant ones), then the expected number of irrelevant columns kept is at most q² / ((2π - 1) d).
///
/// ```
/// use evenkeel_data::select::{Stability, anova_f};
/// use evenkeel_data::{DataError, Seed, Tensor};
///
/// let labels: Vec<u32> = (0..80).map(|i| i % 2).collect();
/// let x = Tensor::from_fn([80, 6], |i| (i as f64 * i as f64 * 0.7).sin() + if i % 6 == 4 { f64::from(labels[i / 6]) } else { 0.0 });
/// let stability = Stability::default().run(80, 6, Seed(7), |rows| {
///     let labels: Vec<u32> = rows.iter().map(|&row| labels[row]).collect();
///     Ok::<_, DataError>(anova_f(&x.index_select(0, rows), &labels)?.top(1)?.indices().to_vec())
/// })?;
/// assert_eq!(stability.selection()?.indices(), [4]);
/// assert!(stability.frequency()[4] > 0.9 && (stability.error_bound() - 1.0 / (0.2 * 6.0)).abs() < 1e-12);
/// # Ok::<(), DataError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Stability {
    subsamples: usize,
    threshold: f64,
}

const OPERATION: &str = "Stability";

impl Default for Stability {
    fn default() -> Self {
        Self { subsamples: 100, threshold: 0.6 }
    }
}

impl Stability {
    /// Draws so many halves.
    #[must_use]
    pub fn with_subsamples(self, subsamples: usize) -> Self {
        Self { subsamples, ..self }
    }

    /// Keeps columns chosen in at least this share of the halves; 0.6 to 0.9 are usual.
    #[must_use]
    pub fn with_threshold(self, threshold: f64) -> Self {
        Self { threshold, ..self }
    }

    /// How often each column is chosen; `choose` gives the columns that it chooses on these rows, which rise and are half of all, rounded
    /// down. A half depends on the seed and its number alone.
    ///
    /// # Errors
    /// What `choose` gives; and if there are less than 2 rows, no columns or no subsamples, the threshold is not above 0.5 and at most 1, or
    /// a column is chosen that is not there.
    pub fn run<E: From<DataError>>(
        &self,
        rows: usize,
        columns: usize,
        seed: Seed,
        mut choose: impl FnMut(&[usize]) -> Result<Vec<usize>, E>,
    ) -> Result<Frequencies, E> {
        let refuse = |expected, got| Err(DataError::Setting { operation: OPERATION, expected, got }.into());
        if rows < 2 || columns == 0 {
            return Err(DataError::Empty { operation: OPERATION, cure: "give at least 2 rows and a column" }.into());
        }
        if self.subsamples == 0 {
            return refuse("at least 1 subsample", 0.0);
        }
        if !(self.threshold > 0.5 && self.threshold <= 1.0) {
            return refuse("a threshold above 0.5, at most 1", self.threshold);
        }
        let stream = seed.stream("stability");
        let mut counts = vec![0usize; columns];
        let mut total = 0;
        for subsample in 0..self.subsamples {
            let mut half: Vec<usize> = (0..rows).collect();
            shuffle(&mut half, stream.at(subsample as u64));
            half.truncate(rows / 2);
            half.sort_unstable();
            let mut chosen = choose(&half)?;
            chosen.sort_unstable();
            chosen.dedup();
            if let Some(&column) = chosen.last().filter(|&&column| column >= columns) {
                return refuse("choices of columns that are there", column as f64);
            }
            total += chosen.len();
            chosen.into_iter().for_each(|column| counts[column] += 1);
        }
        let subsamples = self.subsamples as f64;
        Ok(Frequencies {
            frequency: counts.into_iter().map(|count| count as f64 / subsamples).collect(),
            mean_chosen: total as f64 / subsamples,
            threshold: self.threshold,
        })
    }
}

/// What [`Stability`] gives.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Frequencies {
    frequency: Vec<f64>,
    mean_chosen: f64,
    threshold: f64,
}

impl Frequencies {
    /// The share of the halves in which each column was chosen.
    pub fn frequency(&self) -> &[f64] {
        &self.frequency
    }

    /// How many columns were chosen on average, q.
    pub fn mean_chosen(&self) -> f64 {
        self.mean_chosen
    }

    /// The bound of the expected number of irrelevant columns kept, q² / ((2π - 1) d): see [`Stability`].
    pub fn error_bound(&self) -> f64 {
        self.mean_chosen * self.mean_chosen / ((2.0 * self.threshold - 1.0) * self.frequency.len() as f64)
    }

    /// The columns chosen often enough, the most frequent first.
    ///
    /// # Errors
    /// If no column is.
    pub fn selection(&self) -> Result<Selection, DataError> {
        let is_kept = |column: usize| self.frequency[column] >= self.threshold;
        let columns = 0..self.frequency.len();
        let mut kept: Vec<usize> = columns.clone().filter(|&column| is_kept(column)).collect();
        if kept.is_empty() {
            let cure = "lower the threshold, or let more columns be chosen on each half";
            return Err(DataError::Table(TableError::NoColumnsLeft { operation: OPERATION, cure }));
        }
        sort_descending(&mut kept, &|column| self.frequency[column]);
        let verdict = |column: usize| Verdict {
            score: Some(self.frequency[column]),
            p_value: None,
            reason: format!(
                "chosen in {}a share {} of the halves",
                if is_kept(column) { "at least " } else { "less than " },
                self.threshold
            ),
        };
        Selection::new(OPERATION, columns.map(verdict).collect(), kept)
    }
}
