//! What a trained model loses without a column.

use evenkeel_tensor::{Float, Seed, Tensor};

use super::Scores;
use super::classes::check_rows;
use super::validate::check_score;
use crate::DataError;
use crate::order::shuffle;

/// Permutation importance (Breiman 2001): how much a trained model's score drops when a column's values are shuffled among the rows,
/// 5 times unless told otherwise. As scikit-learn's `permutation_importance`.
///
/// It takes any model, and data it was not trained on. Of columns that say the same each seems unimportant, since the others remain; shuffle
/// them together then, with [`groups`](Self::groups), as also the columns of one category.
///
/// ```
/// use evenkeel_data::select::PermutationImportance;
/// use evenkeel_data::{DataError, Seed, Tensor};
///
/// let x = Tensor::from_fn([50, 2], |i| (i as f64 * 1.7).sin());
/// let model = |x: &Tensor<f64>| x.as_slice().chunks(2).map(|row| 3.0 * row[0]).collect::<Vec<_>>();
/// let y = model(&x);
/// let importances = PermutationImportance::default().run(&x, Seed(7), |x| {
///     let error: f64 = model(x).iter().zip(&y).map(|(a, b)| (a - b) * (a - b)).sum();
///     Ok::<_, DataError>(-error / 50.0)
/// })?;
/// assert!(importances.mean(0) > 1.0 && importances.spread(0) > 0.0);
/// assert_eq!((importances.baseline(), importances.mean(1)), (0.0, 0.0));
/// assert_eq!(importances.scores()?.top(1)?.indices(), [0]);
/// # Ok::<(), DataError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct PermutationImportance {
    repeats: usize,
    groups: Vec<Vec<usize>>,
}

const OPERATION: &str = "PermutationImportance";

impl Default for PermutationImportance {
    fn default() -> Self {
        Self { repeats: 5, groups: Vec::new() }
    }
}

impl PermutationImportance {
    /// Shuffles each column so many times.
    #[must_use]
    pub fn with_repeats(self, repeats: usize) -> Self {
        Self { repeats, ..self }
    }

    /// Shuffles the columns of a group together, and gives an importance for each group in the place of one for each column.
    #[must_use]
    pub fn groups(self, groups: impl Into<Vec<Vec<usize>>>) -> Self {
        Self { groups: groups.into(), ..self }
    }

    /// The importances for `x` (rows, columns); `score` gives the model's score on such data, higher being better. A shuffle depends on the
    /// seed, the column (or group) and the repeat alone. The data are copied once.
    ///
    /// # Errors
    /// What `score` gives; and if `x` is not a matrix with rows and columns, there are no repeats, a group is empty or has a column that is not
    /// there, or a score is not finite.
    pub fn run<F: Float, E: From<DataError>>(
        &self,
        x: &Tensor<F>,
        seed: Seed,
        mut score: impl FnMut(&Tensor<F>) -> Result<f64, E>,
    ) -> Result<Importances, E> {
        let (rows, columns) = check_rows(OPERATION, x, x.shape().first().copied().unwrap_or(0))?;
        let refuse =
            |expected, got: usize| Err(DataError::Setting { operation: OPERATION, expected, got: got as f64 }.into());
        if self.repeats == 0 {
            return refuse("at least 1 repeat", 0);
        }
        if self.groups.iter().any(Vec::is_empty) {
            return refuse("groups of at least one column", 0);
        }
        if let Some(&column) = self.groups.iter().flatten().find(|&&column| column >= columns) {
            return refuse("groups of columns that are there", column);
        }
        let each: Vec<Vec<usize>> = (0..columns).map(|column| vec![column]).collect();
        let groups = if self.groups.is_empty() { &each } else { &self.groups };

        let baseline = check_score(OPERATION, score(x)?, || "of the data as they are".to_owned())?;
        let mut shuffled = x.clone();
        let mut drops = Vec::with_capacity(groups.len());
        for (group, members) in groups.iter().enumerate() {
            let stream = seed.stream("permutation").at(group as u64);
            let mut of_group = Vec::with_capacity(self.repeats);
            for repeat in 0..self.repeats {
                let mut order: Vec<usize> = (0..rows).collect();
                shuffle(&mut order, stream.at(repeat as u64));
                assign(&mut shuffled, x, members, &order);
                let score = score(&shuffled)?;
                of_group.push(baseline - check_score(OPERATION, score, || format!("without columns {members:?}"))?);
            }
            assign(&mut shuffled, x, members, &Vec::from_iter(0..rows));
            drops.push(of_group);
        }
        Ok(Importances { baseline, drops })
    }
}

/// Gives row i of the columns the values that row `order[i]` has in `from`.
fn assign<F: Float>(to: &mut Tensor<F>, from: &Tensor<F>, columns: &[usize], order: &[usize]) {
    let width = from.shape()[1];
    let from = from.as_slice();
    for (row, &other) in to.as_mut_slice().chunks_exact_mut(width).zip(order) {
        columns.iter().for_each(|&column| row[column] = from[other * width + column]);
    }
}

/// What [`PermutationImportance`] gives.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(try_from = "super::store::StoredImportances"))]
pub struct Importances {
    pub(super) baseline: f64,
    pub(super) drops: Vec<Vec<f64>>,
}

impl Importances {
    /// The score of the data as they are.
    pub fn baseline(&self) -> f64 {
        self.baseline
    }

    /// How much the score dropped in each repeat, for each column or group.
    pub fn drops(&self) -> &[Vec<f64>] {
        &self.drops
    }

    /// The mean drop of a column or group.
    ///
    /// # Panics
    /// If there is no such column.
    pub fn mean(&self, column: usize) -> f64 {
        self.drops[column].iter().sum::<f64>() / self.drops[column].len() as f64
    }

    /// The standard deviation of the drops of a column or group (of squares divided by their number).
    ///
    /// # Panics
    /// If there is no such column.
    pub fn spread(&self, column: usize) -> f64 {
        let (mean, drops) = (self.mean(column), &self.drops[column]);
        (drops.iter().map(|drop| (drop - mean) * (drop - mean)).sum::<f64>() / drops.len() as f64).sqrt()
    }

    /// The mean drops, to choose by.
    ///
    /// # Errors
    /// If a mean is beyond `f64`.
    pub fn scores(&self) -> Result<Scores, DataError> {
        Scores::new(OPERATION, (0..self.drops.len()).map(|column| self.mean(column)).collect(), None)
    }
}
