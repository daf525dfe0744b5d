//! Fits to data that come in parts.

use super::Pipeline;
use super::common::Common;
use super::fitted::{FittedPipeline, Input, NAME, reached};
use super::step::{Fitted, matrix, with_names};
use crate::encode::{Census, OfLevels, Resolved, Target};
use crate::fit::{PartialFit, no_rows};
use crate::table::{Kind, Table};
use crate::{DataError, TableError};

impl Pipeline {
    /// Learns from training data in parts, such as a file larger than memory in the tables of
    /// [`Csv::chunks`](crate::table::Csv::chunks). The target's column is no input.
    ///
    /// `open` begins the parts anew: each step that learns is given all of them, as the steps before make them, so there are as
    /// many passes as such steps, and a short one before, which ends as soon as each column has had a value. Memory holds two parts
    /// at a time. With a [`schema`](crate::table::Csv::schema) a file is not read for its kinds each time.
    ///
    /// All parts have the same columns, in any order. The kind of a column is that of the first part in which it has a value, and
    /// of all others in which it has one.
    ///
    /// **Law**: the pipeline is the one that [`fit`](Self::fit) gives for all rows together; to the bit in what counts or
    /// compares (levels, minima, maxima), and elsewhere up to the rounding of sums, as [`PartialFit`] says.
    ///
    /// | steps | |
    /// |---|---|
    /// | `Standard`, `MinMax`, `MaxAbs`, `Whiten`, `Impute` by the mean or a constant | learn in parts: [`PartialFit`] |
    /// | `OneHot`, `Ordinal`, `Frequency`, `ImputeCategories` | learn in parts: levels are counted |
    /// | `Elementwise`, `Polynomial`, `Cyclic`, `Dates`, `RowNorm`, dropped columns | learn nothing |
    /// | `Robust`, `Quantile`, `Power`, `Impute` by the median or the most frequent value, `Bins`, `Splines`, `VarianceAbove` and other selections, `TargetMean` | need all rows at once: refused by name |
    ///
    /// ```
    /// use evenkeel_data::encode::{OneHot, Target};
    /// use evenkeel_data::pipeline::Pipeline;
    /// use evenkeel_data::scale::Standard;
    /// use evenkeel_data::table::{Csv, Kind};
    /// # use evenkeel_data::table::{Categorical, Column, Table};
    ///
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("large.csv");
    /// # let wards = Categorical::from_values((0..100).map(|i| Some(["a", "b"][i % 2])));
    /// # let doses = Column::numeric("dose", (0..100).map(f64::from).collect());
    /// # Csv::new().write(&path, &Table::new(vec![doses, Column::categorical("ward", wards)])?)?;
    /// let csv = Csv::new().schema(&Csv::new().infer(&path)?);
    /// let pipeline = Pipeline::new()
    ///     .step(Kind::Numeric, Standard::default())
    ///     .step(Kind::Categorical, OneHot::default());
    /// let fitted = pipeline.fit_chunks(Target::None, || csv.chunks(&path, 30))?;
    /// assert_eq!(fitted.names(), ["dose", "ward=a", "ward=b"]);
    /// for table in csv.chunks(&path, 30)? {
    ///     let inputs = fitted.transform::<f32>(&table?)?;
    ///     assert_eq!(inputs.shape()[1], 3);
    /// }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`DataError::NoPartialFit`], which names the step, if one needs all rows at once; [`DataError::TargetsBeside`] if the target
    /// is not a column; what `open` and the parts give; a part of other columns or kinds, by its number from 0; and as
    /// [`fit`](Self::fit). Rows in messages count through all parts.
    ///
    /// What no step learns from is not looked at: neither the target's values, nor those that a step refuses which learns nothing
    /// (a negative number before `Elementwise::Sqrt`) if no step after it learns from them, nor a missing value that is left at the
    /// end. They show when their rows are transformed. Without a step that learns, the parts after the short pass are not read.
    pub fn fit_chunks<C>(
        &self,
        target: Target<'_>,
        mut open: impl FnMut() -> Result<C, DataError>,
    ) -> Result<FittedPipeline, DataError>
    where
        C: IntoIterator<Item = Result<Table, DataError>>,
    {
        if let Target::Classes(labels) = target {
            return Err(DataError::TargetsBeside { operation: NAME, targets: labels.len() });
        }
        if let Target::Values(values) = target {
            return Err(DataError::TargetsBeside { operation: NAME, targets: values.len() });
        }
        let mut common = Common::default();
        for (part, table) in open()?.into_iter().enumerate() {
            common.check(part, &table?)?;
            if common.is_known() {
                break;
            }
        }
        let empty = common.without_rows(target.column())?;
        let (fitted, _) = self.fit_steps(empty, |settings, empty, inputs, steps| {
            let names: Vec<String> = empty.names().into_iter().map(String::from).collect();
            let columns = |table: &Table| Table::new(reached(inputs, steps, table)?)?.select(&names);
            let fitted = match settings.in_parts(&names)? {
                InParts::Nothing => {
                    let row = empty.columns().iter().map(|column| Input::of(column).missing(1)).collect();
                    settings.fit(Table::new(row)?, &Resolved::None)?.0
                }
                InParts::Learning(mut learning) => {
                    let mut rows = 0;
                    for (part, table) in open()?.into_iter().enumerate() {
                        let table = table?;
                        common.check(part, &table)?;
                        if table.rows() > 0 {
                            let observed = columns(&table).and_then(|columns| learning.observe(columns));
                            observed.map_err(|error| after_rows(error, rows))?;
                        }
                        rows += table.rows();
                    }
                    if rows == 0 {
                        let cure = "`open` must begin the parts anew each time";
                        return Err(DataError::Empty { operation: NAME, cure });
                    }
                    learning.finish()?
                }
            };
            let made = fitted.transform(empty)?;
            Ok((fitted, made))
        })?;
        Ok(fitted)
    }
}

/// The error with the row among all parts, of which those before had so many.
fn after_rows(mut error: DataError, rows: usize) -> DataError {
    if let DataError::Table(TableError::Cell { row, .. })
    | DataError::Table(TableError::Value { row, .. })
    | DataError::Table(TableError::Overflow { row, .. }) = &mut error
    {
        *row += rows;
    }
    error
}

/// How a step learns from parts of the rows.
pub(super) enum InParts<'a> {
    /// It looks at the columns, not at the rows.
    Nothing,
    Learning(Box<dyn Learning + 'a>),
}

/// A step that has seen a part of the rows.
pub(super) trait Learning {
    fn observe(&mut self, columns: Table) -> Result<(), DataError>;

    fn finish(&self) -> Result<Fitted, DataError>;
}

/// The error of a step that needs all rows at once.
pub(super) fn needs_all(operation: &'static str) -> DataError {
    let cure = "choose another step, or fit the pipeline to a sample of the rows";
    DataError::NoPartialFit { operation, got: "one of all rows at once", cure }
}

/// A step whose statistics merge.
struct Merging<'a, S: PartialFit<f64>> {
    settings: &'a S,
    state: S::State,
    operation: &'static str,
    kind: Kind,
    names: Vec<String>,
    wrap: fn(S::Fitted) -> Fitted,
}

/// From the settings with the step's name, and the kind and names of its columns.
pub(super) fn merging<'a, S: PartialFit<f64>>(
    (settings, operation, kind, names): (&'a S, &'static str, Kind, &[String]),
    wrap: fn(S::Fitted) -> Fitted,
) -> Result<InParts<'a>, DataError> {
    let (state, names) = (settings.start(names.len())?, names.to_vec());
    Ok(InParts::Learning(Box::new(Merging { settings, state, operation, kind, names, wrap })))
}

impl<S: PartialFit<f64>> Learning for Merging<'_, S> {
    fn observe(&mut self, columns: Table) -> Result<(), DataError> {
        let (_, x) = matrix(self.operation, columns, self.kind)?;
        self.settings.observe(&mut self.state, &x).map_err(|error| with_names(error, &self.names))
    }

    fn finish(&self) -> Result<Fitted, DataError> {
        let fitted = self.settings.finish(&self.state).map_err(|error| with_names(error, &self.names))?;
        Ok((self.wrap)(fitted))
    }
}

/// A step that counts levels.
struct Counting<'a, S: OfLevels> {
    settings: &'a S,
    /// `None` before any rows.
    census: Option<Census>,
    wrap: fn(S::Fitted) -> Fitted,
}

pub(super) fn counting<S: OfLevels>(settings: &S, wrap: fn(S::Fitted) -> Fitted) -> InParts<'_> {
    InParts::Learning(Box::new(Counting { settings, census: None, wrap }))
}

impl<S: OfLevels> Learning for Counting<'_, S> {
    fn observe(&mut self, columns: Table) -> Result<(), DataError> {
        let new = Census::of(S::NAME, &columns)?;
        self.settings.check(&columns)?;
        match &mut self.census {
            Some(census) => census.add(new),
            None => self.census = Some(new),
        }
        Ok(())
    }

    fn finish(&self) -> Result<Fitted, DataError> {
        let census = self.census.as_ref().ok_or_else(|| no_rows(S::NAME))?;
        Ok((self.wrap)(self.settings.learn(census)?))
    }
}
