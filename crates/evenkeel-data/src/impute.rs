//! Missing values filled in: numbers by [`Impute`], levels by [`ImputeCategories`].
//!
//! What is filled in comes from the training data, and an indicator column can say where it was: that a value is missing often
//! tells more than what it is filled with.
//!
//! | by | numbers | levels | numbers in batches |
//! |---|---|---|---|
//! | the mean | [`Impute::mean`] | | yes |
//! | the median | [`Impute::median`] | | no |
//! | the most frequent value, of equally frequent ones the first in order | [`Impute::most_frequent`] | [`ImputeCategories::most_frequent`] | no |
//! | a constant | [`Impute::constant`] | [`ImputeCategories::level`] | yes |
//!
//! **Columns in which every value is missing** have no statistic. They are left out of what comes out, unless
//! [`keeping_empty`](Impute::keeping_empty) names a value for them; either way
//! [`Transform::degenerate`] lists them.

mod categories;

use evenkeel_tensor::{Float, Tensor};

pub use categories::{FittedImputeCategories, ImputeCategories};

use crate::feature::rows::map_rows;
use crate::fit::{Degenerate, check_columns, check_input, check_not_infinite, filled_matrix, fit_at_once};
use crate::scale::{Moments, for_each_column, key, quantiles};
use crate::{DataError, Fit, PartialFit, TableError, Transform};

const NAME: &str = "Impute";

/// Missing numbers replaced by one number for each column.
///
/// - **Indicators**: [`with_indicators`](Self::with_indicators) adds, after all others, a column of 0 and 1 (missing) for each
///   column that missed a value in the training data, named `age_missing`. Where only new data miss values there is no
///   indicator, since nothing could have been learnt about it.
/// - **Columns without values** are left out, or filled by [`keeping_empty`](Self::keeping_empty); they get no indicator.
/// - **Batches** ([`PartialFit`]): for the mean (up to rounding) and a constant. The median and the most frequent value need
///   all data, and give an error.
///
/// As scikit-learn's `SimpleImputer`, with `add_indicator=True` for indicators.
///
/// ```
/// use evenkeel_data::{Fit, Tensor, Transform, impute::Impute};
///
/// let x = Tensor::from([[20.0, 1.0], [f64::NAN, 5.0], [40.0, 6.0]]);
/// let imputer = Impute::mean().with_indicators().fit(&x)?;
/// assert_eq!(imputer.transform(&x)?, Tensor::from([[20.0, 1.0, 0.0], [30.0, 5.0, 1.0], [40.0, 6.0, 0.0]]));
/// assert_eq!(Transform::<f64>::names(&imputer, &["age".into(), "dose".into()])?, ["age", "dose", "age_missing"]);
/// # Ok::<(), evenkeel_data::DataError>(())
/// ```
///
/// # Errors
/// The fit refuses constants that are not finite (in the data's float).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Impute {
    by: Statistic,
    indicators: bool,
    empty: Option<f64>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Statistic {
    Mean,
    Median,
    MostFrequent,
    Constant(f64),
}

impl Impute {
    /// By the mean: for columns without outliers.
    pub fn mean() -> Self {
        Self { by: Statistic::Mean, indicators: false, empty: None }
    }

    /// By the median; of an even number of values the middle of the two middle ones.
    pub fn median() -> Self {
        Self { by: Statistic::Median, ..Self::mean() }
    }

    /// By the most frequent value, of equally frequent ones the smallest: for columns of few values.
    pub fn most_frequent() -> Self {
        Self { by: Statistic::MostFrequent, ..Self::mean() }
    }

    /// By this number in each column.
    pub fn constant(value: f64) -> Self {
        Self { by: Statistic::Constant(value), ..Self::mean() }
    }

    /// Says where values were missing, in columns of their own.
    #[must_use]
    pub fn with_indicators(self) -> Self {
        Self { indicators: true, ..self }
    }

    /// Keeps columns without a value in the training data, and fills them with this number.
    #[must_use]
    pub fn keeping_empty(self, value: f64) -> Self {
        Self { empty: Some(value), ..self }
    }

    fn check<F: Float>(&self) -> Result<(), DataError> {
        let constant = if let Statistic::Constant(value) = self.by { Some(value) } else { None };
        match [constant, self.empty].into_iter().flatten().find(|&value| !F::from_f64(value).is_finite()) {
            Some(got) => Err(DataError::Setting { operation: NAME, expected: "finite numbers to fill in", got }),
            None => Ok(()),
        }
    }

    /// From the statistic of each column, `None` where there is no value, and whether it misses any.
    fn fitted(&self, columns: impl Iterator<Item = (Option<f64>, bool)>) -> FittedImpute {
        let mut degenerate = Degenerate::default();
        let fill = |(j, (statistic, misses)): (usize, (Option<f64>, bool))| match (statistic, self.by) {
            (None, _) => {
                degenerate.missing.push(j);
                Filling { value: self.empty, indicator: false }
            }
            (_, Statistic::Constant(value)) => Filling { value: Some(value), indicator: self.indicators && misses },
            (Some(value), _) => Filling { value: Some(value), indicator: self.indicators && misses },
        };
        let columns = columns.enumerate().map(fill).collect();
        FittedImpute { columns, degenerate }
    }
}

impl<F: Float> Fit<F> for Impute {
    type Fitted = FittedImpute;

    fn fit(&self, x: &Tensor<F>) -> Result<FittedImpute, DataError> {
        if let Statistic::Mean | Statistic::Constant(_) = self.by {
            return fit_at_once(self, NAME, x);
        }
        self.check::<F>()?;
        let (rows, columns) = filled_matrix(NAME, x)?;
        check_not_infinite(NAME, x.as_slice(), columns)?;
        let learnt = if self.by == Statistic::Median {
            let median = |keys: &mut [i64]| (quantiles(keys, &[0.5]).first().copied(), keys.len() < rows);
            for_each_column(x.as_slice(), columns, key, median)
        } else {
            // -0 counts as 0.
            let mode = |values: &mut [f64]| (most_frequent(values), values.len() < rows);
            for_each_column(x.as_slice(), columns, |x| x + 0.0, mode)
        };
        Ok(self.fitted(learnt.into_iter()))
    }
}

/// The most frequent value, the smallest if there are several.
fn most_frequent(values: &mut [f64]) -> Option<f64> {
    values.sort_unstable_by(f64::total_cmp);
    let runs = values.chunk_by(|a, b| a == b);
    // Of several maxima the last one counts, so they come in falling order.
    runs.rev().max_by_key(|run| run.len()).map(|run| run[0])
}

impl<F: Float> PartialFit<F> for Impute {
    type State = Moments;

    fn start(&self, columns: usize) -> Result<Moments, DataError> {
        let refuse = |got| {
            let cure = "fit to all data at once, or impute the mean";
            Err(DataError::NoPartialFit { operation: NAME, got, cure })
        };
        match self.by {
            Statistic::Median => return refuse("the median"),
            Statistic::MostFrequent => return refuse("the most frequent value"),
            Statistic::Mean | Statistic::Constant(_) => {}
        }
        self.check::<F>()?;
        Ok(Moments::new(columns))
    }

    fn observe(&self, state: &mut Moments, batch: &Tensor<F>) -> Result<(), DataError> {
        state.observe(NAME, batch)
    }

    fn merge(&self, state: &mut Moments, other: &Moments) -> Result<(), DataError> {
        state.merge(NAME, other)
    }

    fn finish(&self, state: &Moments) -> Result<FittedImpute, DataError> {
        let means: Vec<_> = state.finish(NAME)?.map(|moments| moments.map(|(mean, _)| mean)).collect();
        if let Some(column) = means.iter().position(|mean| mean.is_some_and(|mean| !mean.is_finite())) {
            let (expected, got) = ("a mean that an f64 holds", means[column].unwrap_or_default());
            let cure = "divide the column by a power of ten first";
            return Err(DataError::Table(TableError::Spread { operation: NAME, column, expected, got, cure }));
        }
        Ok(self.fitted(means.into_iter().zip(state.misses())))
    }
}

/// What each column is filled with, as [`Impute`] has learnt it.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct FittedImpute {
    columns: Vec<Filling>,
    degenerate: Degenerate,
}

#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
struct Filling {
    /// `None`: the column is left out.
    value: Option<f64>,
    indicator: bool,
}

impl FittedImpute {
    /// What missing values of each column become; `None` for columns that are left out.
    pub fn values(&self) -> Vec<Option<f64>> {
        self.columns.iter().map(|column| column.value).collect()
    }

    /// The columns that have an indicator.
    pub fn indicators(&self) -> Vec<usize> {
        (0..self.columns.len()).filter(|&j| self.columns[j].indicator).collect()
    }

    /// The columns that are kept, with what fills them.
    fn kept(&self) -> impl Iterator<Item = (usize, f64)> {
        self.columns.iter().enumerate().filter_map(|(j, column)| Some((j, column.value?)))
    }
}

impl<F: Float> Transform<F> for FittedImpute {
    fn operation(&self) -> &'static str {
        NAME
    }

    fn columns(&self) -> Option<usize> {
        Some(self.columns.len())
    }

    fn transform_in_place(&self, x: &mut Tensor<F>) -> Result<(), DataError> {
        check_input(NAME, Some(self.columns.len()), x)?;
        let kept: Vec<(usize, F)> = self.kept().map(|(j, value)| (j, F::from_f64(value))).collect();
        // Fitted to f64 and applied to f32, or read from a file.
        if let Some(&(_, got)) = kept.iter().find(|(_, value)| !value.is_finite()) {
            let expected = "finite numbers to fill in";
            return Err(DataError::Setting { operation: NAME, expected, got: got.to_f64() });
        }
        let indicators = self.indicators();
        *x = map_rows(
            NAME,
            x,
            kept.len() + indicators.len(),
            #[inline(always)]
            |row, filled| {
                let (filled, indicated) = filled.split_at_mut(kept.len());
                for (y, &(j, value)) in filled.iter_mut().zip(&kept) {
                    *y = if row[j].is_nan() { value } else { row[j] };
                }
                for (y, &j) in indicated.iter_mut().zip(&indicators) {
                    *y = if row[j].is_nan() { F::ONE } else { F::ZERO };
                }
            },
        )?;
        Ok(())
    }

    fn names(&self, names: &[String]) -> Result<Vec<String>, DataError> {
        check_columns(NAME, Some(self.columns.len()), names.len())?;
        let kept = self.kept().map(|(j, _)| names[j].clone());
        Ok(kept.chain(self.indicators().into_iter().map(|j| indicator_name(&names[j]))).collect())
    }

    fn degenerate(&self) -> Option<&Degenerate> {
        Some(&self.degenerate)
    }
}

/// The name of the column that says where `name` is missing.
pub(crate) fn indicator_name(name: &str) -> String {
    format!("{name}_missing")
}
