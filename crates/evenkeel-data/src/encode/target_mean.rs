//! Target encoding.

use std::borrow::Cow;

use evenkeel_tensor::{Float, Seed, Tensor};

use super::folds::folds;
use super::{Observed, Resolved, Target, categories, each_column, places};
use crate::DataError;
use crate::feature::rows::{check_room, check_width, zeros};
use crate::table::{Categorical, Table};

const NAME: &str = "TargetMean";

/// Target encoding: each categorical column to the mean of the target among the rows of its level, shrunk to the mean ȳ of all
/// rows.
///
/// ```text
/// encoding of a level = λ ȳ_level + (1 - λ) ȳ
/// empirical Bayes (the default):  λ = n σ² / (n σ² + s²),  of n rows of the level with variance s², and σ² of all rows
/// m-estimate:                     λ = n / (n + m)
/// ```
///
/// One column whatever the number of levels. Of a target of two classes it is the share of the second; of more classes, one
/// column for each, named `ward~class`; of real values their mean.
///
/// **Training data are encoded otherwise than new data.** A row's own target is in the mean of its level, most of it where a
/// level has few rows, and a network that trains on that reads the answer off its inputs. So
/// [`fit_transform`](Self::fit_transform) encodes the training rows fold by fold, each by the means of the rows outside of its
/// fold; [`FittedTargetMean::transform`], for validation and new data, uses the means of all training rows. (In a
/// [`Pipeline`](crate::pipeline::Pipeline) likewise.)
///
/// - **Missing values** are a level of their own. **Unseen levels** get ȳ.
/// - **Folds**: 5, at random by the seed, and stratified where the target has classes.
///
/// As scikit-learn's `TargetEncoder`, but for which rows are in which fold. D. Micci-Barreca (2001), "A preprocessing scheme for
/// high-cardinality categorical attributes in classification and prediction problems", SIGKDD Explorations 3.
///
/// ```
/// use evenkeel_data::Seed;
/// use evenkeel_data::encode::{Target, TargetMean};
/// use evenkeel_data::table::{Categorical, Column, Table};
///
/// let wards = ["a", "a", "b", "b", "b", "a"].map(Some);
/// let table = Table::new(vec![Column::categorical("ward", Categorical::from_values(wards))])?;
/// let stay = [3.0, 5.0, 10.0, 12.0, 14.0, 4.0];
/// let encoder = TargetMean::new(Seed(7)).m_estimate(1.0).with_folds(3);
/// let (fitted, train) = encoder.fit_transform::<f64>(&table, Target::Values(&stay))?;
/// // ȳ = 8, and the means of 3 rows each, 4 and 12, count as 3 of 4.
/// assert_eq!(fitted.transform::<f64>(&table)?.as_slice(), [5.0, 5.0, 11.0, 11.0, 11.0, 5.0]);
/// assert_ne!(train, fitted.transform(&table)?);
/// # Ok::<(), evenkeel_data::DataError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TargetMean {
    /// `None`: by empirical Bayes.
    m: Option<f64>,
    folds: usize,
    seed: Seed,
}

impl TargetMean {
    /// With empirical Bayes' shrinkage and 5 folds, drawn by this seed.
    pub fn new(seed: Seed) -> Self {
        Self { m: None, folds: 5, seed }
    }

    /// Shrinks as `m` more rows of the mean would; 0 does not shrink.
    #[must_use]
    pub fn m_estimate(self, m: f64) -> Self {
        Self { m: Some(m), ..self }
    }

    /// In how many folds the training data are encoded; 5 by default.
    #[must_use]
    pub fn with_folds(self, folds: usize) -> Self {
        Self { folds, ..self }
    }

    /// Learns the means of a table of categorical columns; the target's column, if it is one of the table, is none of them.
    ///
    /// # Errors
    /// If a column is of another kind, there are no rows, there is no target or one that is missing or infinite or of another
    /// length, there is one class alone, or more than 20 and less than two rows for each (as where real values are taken for
    /// classes), m is negative, there are fewer than 2 folds or more than rows, there would be more than 2²⁰ columns or more
    /// than fit into memory, or the target's squares are beyond `f64`.
    pub fn fit(&self, table: &Table, target: Target<'_>) -> Result<FittedTargetMean, DataError> {
        let resolved = target.resolve(NAME, table)?;
        self.fit_to(inputs(table, target)?.as_ref(), &resolved)
    }

    fn fit_to(&self, table: &Table, target: &Resolved<'_>) -> Result<FittedTargetMean, DataError> {
        let outputs = self.outputs(table, target)?;
        let columns = each_column(NAME, table)?.into_iter().map(|(name, x)| {
            let (mut column, rows) = Means::of(name, x);
            column.outputs = outputs.iter().map(|y| self.learn(&rows, column.categories(), y, |_| true)).collect();
            column
        });
        Ok(FittedTargetMean { columns: columns.collect() })
    }

    /// Learns the means, and encodes the training data by folds, of shape (rows, [`names`](FittedTargetMean::names)).
    ///
    /// # Errors
    /// As [`fit`](Self::fit).
    pub fn fit_transform<F: Float>(
        &self,
        table: &Table,
        target: Target<'_>,
    ) -> Result<(FittedTargetMean, Tensor<F>), DataError> {
        let resolved = target.resolve(NAME, table)?;
        self.fit_transform_to(inputs(table, target)?.as_ref(), &resolved)
    }

    pub(crate) fn fit_transform_to<F: Float>(
        &self,
        table: &Table,
        target: &Resolved<'_>,
    ) -> Result<(FittedTargetMean, Tensor<F>), DataError> {
        let fitted = self.fit_to(table, target)?;
        let (outputs, folds) = (self.outputs(table, target)?, self.folds_to(table, target)?);
        let mut out = zeros(NAME, table.rows(), fitted.width())?;
        let (width, encoded) = (fitted.width(), out.as_mut_slice());
        let mut at = 0;
        for (name, x) in each_column(NAME, table)? {
            let (column, rows) = Means::of(name, x);
            for y in &outputs {
                for fold in 0..self.folds {
                    let means = self.learn(&rows, column.categories(), y, |row| folds[row] != fold);
                    for (row, &category) in rows.iter().enumerate().filter(|(row, _)| folds[*row] == fold) {
                        encoded[row * width + at] = F::from_f64(means.encodings[category]);
                    }
                }
                at += 1;
            }
        }
        Ok((fitted, out))
    }

    /// The fold of each row, below [the number of folds](Self::with_folds): a row is encoded by the rows of all other folds.
    ///
    /// # Errors
    /// If the target is none, or missing, infinite or of another length, or there are fewer than 2 folds or more than rows.
    pub fn folds_of(&self, table: &Table, target: Target<'_>) -> Result<Vec<usize>, DataError> {
        self.folds_to(table, &target.resolve(NAME, table)?)
    }

    fn folds_to(&self, table: &Table, target: &Resolved<'_>) -> Result<Vec<usize>, DataError> {
        let samples = table.rows();
        if !(2..=samples).contains(&self.folds) {
            return Err(DataError::Folds { operation: NAME, folds: self.folds, samples });
        }
        Ok(match target {
            Resolved::Classes(classes) => folds(&classes.labels, self.folds, self.seed),
            _ => folds(&vec![0; samples], self.folds, self.seed),
        })
    }

    /// What a column is encoded by, checked.
    fn outputs(&self, table: &Table, target: &Resolved<'_>) -> Result<Vec<Output>, DataError> {
        if let Some(got) = self.m.filter(|m| !(m.is_finite() && *m >= 0.0)) {
            return Err(DataError::Setting { operation: NAME, expected: "an m of at least 0", got });
        }
        let columns = each_column(NAME, table)?.len();
        self.folds_to(table, target)?;
        let outputs: Vec<Output> = match target {
            Resolved::None => {
                return Err(DataError::Empty { operation: NAME, cure: "give the target that the means are of" });
            }
            Resolved::Values(values) => vec![Output { class: None, values: values.to_vec() }],
            Resolved::Classes(classes) => {
                let share =
                    |class: usize| classes.labels.iter().map(|&l| f64::from(u8::from(l as usize == class))).collect();
                match classes.names.len() {
                    0 | 1 => return Err(DataError::OneClass { operation: NAME, class: 0 }),
                    2 => vec![Output { class: None, values: share(1) }],
                    many => {
                        check_width(NAME, many as f64 * columns as f64)?;
                        let rows = classes.labels.len();
                        if many > FEW_CLASSES.max(rows / 2) || check_room::<f64>(NAME, rows, many).is_err() {
                            let expected = "at least two rows of each class on average, and a column of shares for each \
                                            that fits into memory (give real values as `Target::Values` or \
                                            `Target::ValueColumn`)";
                            return Err(DataError::Setting { operation: NAME, expected, got: many as f64 });
                        }
                        let names = classes.names.iter().enumerate();
                        names.map(|(class, name)| Output { class: Some(name.clone()), values: share(class) }).collect()
                    }
                }
            }
        };
        for output in &outputs {
            let mean = mean(output.values.iter().copied());
            let value: f64 = output.values.iter().map(|y| (y - mean) * (y - mean)).sum();
            if !value.is_finite() {
                return Err(DataError::NotFinite { what: format!("{NAME}: sum of the target's squares"), value });
            }
        }
        Ok(outputs)
    }

    /// The encodings of `categories` categories by those rows that `takes`, of which there is at least one.
    fn learn(&self, rows: &[usize], categories: usize, y: &Output, takes: impl Fn(usize) -> bool) -> Encodings {
        let taken = || rows.iter().zip(&y.values).enumerate().filter(|(row, _)| takes(*row)).map(|(_, row)| row);
        let overall = mean(taken().map(|(_, y)| *y));
        let (mut n, mut offset, mut squares) = (vec![0.0; categories], vec![0.0; categories], vec![0.0; categories]);
        for (&category, y) in taken() {
            n[category] += 1.0;
            offset[category] += y - overall;
        }
        let mean_of = |category: usize| offset[category] / f64::max(n[category], 1.0);
        let means: Vec<f64> = (0..categories).map(mean_of).collect();
        let mut variance = 0.0;
        for (&category, y) in taken() {
            squares[category] += (y - overall - means[category]) * (y - overall - means[category]);
            variance += (y - overall) * (y - overall);
        }
        variance /= n.iter().sum::<f64>();
        let encoding = |category: usize| {
            let weight = match self.m {
                Some(m) => n[category] / (n[category] + m),
                None => n[category] * variance / (n[category] * variance + squares[category] / n[category]),
            };
            // 0/0: there are no rows, or nothing varies.
            overall + if weight.is_nan() { 0.0 } else { weight * means[category] }
        };
        Encodings { class: y.class.clone(), mean: overall, encodings: (0..categories).map(encoding).collect() }
    }
}

/// So many classes may be of any number of rows.
const FEW_CLASSES: usize = 20;

/// The columns to encode.
fn inputs<'a>(table: &'a Table, target: Target<'_>) -> Result<Cow<'a, Table>, DataError> {
    match target.column() {
        Some(name) => Ok(Cow::Owned(table.drop(&[name])?)),
        None => Ok(Cow::Borrowed(table)),
    }
}

/// A target for the means.
struct Output {
    class: Option<String>,
    values: Vec<f64>,
}

/// By differences from the first value, so that it keeps its digits and does not overflow before they do.
fn mean(mut values: impl Iterator<Item = f64>) -> f64 {
    let Some(first) = values.next() else { return 0.0 };
    let (count, sum) = values.fold((1.0, 0.0), |(count, sum), y| (count + 1.0, sum + (y - first)));
    first + sum / count
}

/// The encodings of each column's levels, as [`TargetMean`] has learnt them.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct FittedTargetMean {
    columns: Vec<Means>,
}

#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
struct Means {
    name: String,
    levels: Vec<String>,
    /// Whether missing values are a category too, the last one.
    missing: bool,
    outputs: Vec<Encodings>,
}

#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
struct Encodings {
    /// The class whose shares these are, if there are more than two.
    class: Option<String>,
    /// Of all rows.
    mean: f64,
    encodings: Vec<f64>,
}

impl Means {
    /// The levels of `x`, and the category of each row.
    fn of(name: &str, x: &Categorical) -> (Self, Vec<usize>) {
        let seen = Observed::of(x);
        let column = Self { name: name.into(), levels: seen.names(), missing: seen.missing > 0, outputs: Vec::new() };
        let rows = column.rows(x).map(|category| category.expect("levels of this column")).collect();
        (column, rows)
    }

    fn categories(&self) -> usize {
        self.levels.len() + usize::from(self.missing)
    }

    /// The category of each row of `x`, `None` if it is unseen.
    fn rows(&self, x: &Categorical) -> impl Iterator<Item = Option<usize>> {
        let places = places(x, self.levels.iter().map(String::as_str));
        let missing = self.missing.then_some(self.levels.len());
        x.codes().iter().map(move |&code| places.get(code as usize).copied().unwrap_or(missing))
    }
}

impl FittedTargetMean {
    /// The names of the columns that come out: those that go in, or `ward~class` for each of more than two classes.
    pub fn names(&self) -> Vec<String> {
        let all =
            self.columns.iter().flat_map(|column| column.outputs.iter().map(|output| (&column.name, &output.class)));
        all.map(|(name, class)| class.as_ref().map_or(name.clone(), |class| format!("{name}~{class}"))).collect()
    }

    fn width(&self) -> usize {
        self.columns.iter().map(|column| column.outputs.len()).sum()
    }

    /// The columns of the fit as means, of shape (rows, [`names`](Self::names)): for data other than those of the fit. Other
    /// columns of `table` do not matter.
    ///
    /// # Errors
    /// If a column is not there or of another kind.
    pub fn transform<F: Float>(&self, table: &Table) -> Result<Tensor<F>, DataError> {
        let width = self.width();
        let mut out = zeros(NAME, table.rows(), width)?;
        let mut at = 0;
        for column in &self.columns {
            let x = categories(NAME, table, &column.name)?;
            for output in &column.outputs {
                let rows = out.as_mut_slice().iter_mut().skip(at).step_by(width);
                for (out, category) in rows.zip(column.rows(x)) {
                    // A file may hold fewer encodings than levels.
                    let encoding = category.and_then(|category| output.encodings.get(category));
                    *out = F::from_f64(encoding.copied().unwrap_or(output.mean));
                }
                at += 1;
            }
        }
        Ok(out)
    }
}
