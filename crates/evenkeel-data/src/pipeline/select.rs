//! Selection as a step.

use evenkeel_tensor::Tensor;

use crate::DataError;
use crate::encode::Resolved;
use crate::select::{MutualInformation, Scores, Selection, anova_f, chi2, f_regression, pearson, spearman, variance};

/// What columns are scored by, one by one; see [`select`](crate::select). A rule makes a [`Select`] step of it.
#[derive(Clone, Debug, PartialEq)]
pub enum Criterion {
    /// [`variance`], which needs no target.
    Variance,
    /// [`anova_f`], of classes.
    AnovaF,
    /// [`chi2`], of classes and columns of counts.
    Chi2,
    /// [`MutualInformation`], of classes.
    MutualInformation(MutualInformation),
    /// [`f_regression`], of values.
    FRegression,
    /// [`pearson`], of values.
    Pearson,
    /// [`spearman`], of values.
    Spearman,
}

/// A selection by the target as a step: the columns that score best in the training data.
///
/// ```
/// use evenkeel_data::encode::Target;
/// use evenkeel_data::pipeline::{Columns, Criterion, Pipeline};
/// use evenkeel_data::table::{Column, Table};
///
/// let table = Table::new(vec![
///     Column::numeric("day", vec![1.0, 2.0, 1.0, 2.0]),
///     Column::numeric("dose", vec![1.0, 2.0, 5.0, 6.0]),
/// ])?;
/// let pipeline = Pipeline::new().step(Columns::all(), Criterion::AnovaF.top(1));
/// assert_eq!(pipeline.fit(&table, Target::Classes(&[0, 0, 1, 1]))?.names(), ["dose"]);
/// # Ok::<(), evenkeel_data::DataError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Select {
    criterion: Criterion,
    rule: Rule,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Rule {
    Top(usize),
    Share(f64),
    Above(f64),
    PBelow(f64),
    FalseDiscoveryRate(f64),
}

impl Criterion {
    /// The `k` best columns; see [`Scores::top`].
    pub fn top(self, k: usize) -> Select {
        Select { criterion: self, rule: Rule::Top(k) }
    }

    /// The best share of the columns; see [`Scores::share`].
    pub fn share(self, share: f64) -> Select {
        Select { criterion: self, rule: Rule::Share(share) }
    }

    /// The columns whose score is above a threshold; see [`Scores::above`].
    pub fn above(self, threshold: f64) -> Select {
        Select { criterion: self, rule: Rule::Above(threshold) }
    }

    /// The columns with p < alpha; see [`Scores::p_below`].
    pub fn p_below(self, alpha: f64) -> Select {
        Select { criterion: self, rule: Rule::PBelow(alpha) }
    }

    /// The columns among which a share alpha is expected to be irrelevant; see [`Scores::false_discovery_rate`].
    pub fn false_discovery_rate(self, alpha: f64) -> Select {
        Select { criterion: self, rule: Rule::FalseDiscoveryRate(alpha) }
    }
}

impl Select {
    pub(super) fn fit(&self, x: &Tensor<f64>, names: &[String], target: &Resolved<'_>) -> Result<Selection, DataError> {
        let scores = self.scores(x, target)?;
        let selection = match self.rule {
            Rule::Top(k) => scores.top(k),
            Rule::Share(share) => scores.share(share),
            Rule::Above(threshold) => scores.above(threshold),
            Rule::PBelow(alpha) => scores.p_below(alpha),
            Rule::FalseDiscoveryRate(alpha) => scores.false_discovery_rate(alpha),
        };
        selection?.with_names(names)
    }

    fn scores(&self, x: &Tensor<f64>, target: &Resolved<'_>) -> Result<Scores, DataError> {
        match (&self.criterion, target) {
            (Criterion::Variance, _) => variance(x),
            (Criterion::AnovaF, Resolved::Classes(classes)) => anova_f(x, &classes.labels),
            (Criterion::Chi2, Resolved::Classes(classes)) => chi2(x, &classes.labels),
            (Criterion::MutualInformation(by), Resolved::Classes(classes)) => by.scores(x, &classes.labels),
            (Criterion::FRegression, Resolved::Values(values)) => f_regression(x, values),
            (Criterion::Pearson, Resolved::Values(values)) => pearson(x, values),
            (Criterion::Spearman, Resolved::Values(values)) => spearman(x, values),
            (_, Resolved::None) => {
                let cure = "fit the pipeline with a target";
                Err(DataError::Empty { operation: "Select", cure })
            }
            (_, Resolved::Values(_)) => {
                let cure = "give classes, or score by `Criterion::FRegression`";
                Err(DataError::NotClasses { operation: "Select", cure })
            }
            (_, Resolved::Classes(_)) => {
                let cure = "give values, or score by `Criterion::AnovaF`";
                Err(DataError::NotValues { operation: "Select", cure })
            }
        }
    }
}
