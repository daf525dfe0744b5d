//! Fits to data that come in parts.

use super::Pipeline;
use super::fitted::{FittedPipeline, Input, NAME, reached};
use super::step::{Fitted, matrix, with_names};
use crate::DataError;
use crate::encode::{Census, OfLevels, Resolved};
use crate::fit::{PartialFit, no_rows};
use crate::table::{Column, Kind, Table};

impl Pipeline {
    /// Learns from training data in parts, such as a file larger than memory in the tables of
    /// [`Csv::chunks`](crate::table::Csv::chunks). The column `target` is no input.
    ///
    /// `open` begins the parts anew: each step that learns is given all of them, as the steps before make them, so there are as
    /// many passes as such steps, and a short one before. Memory holds two parts at a time. With a
    /// [`schema`](crate::table::Csv::schema) a file is not read for its kinds each time.
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
    /// use evenkeel_data::encode::OneHot;
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
    /// let fitted = pipeline.fit_chunks(None, || csv.chunks(&path, 30))?;
    /// assert_eq!(fitted.names(), ["dose", "ward=a", "ward=b"]);
    /// for table in csv.chunks(&path, 30)? {
    ///     let inputs = fitted.transform::<f32>(&table?)?;
    ///     assert_eq!(inputs.shape()[1], 3);
    /// }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`DataError::NoPartialFit`], which names the step, if one needs all rows at once; what `open` and the parts give; and as
    /// [`fit`](Self::fit). Rows in messages count within their part. What no step learns from is not looked at: a missing value that
    /// is left at the end shows when its rows are transformed.
    pub fn fit_chunks<C>(
        &self,
        target: Option<&str>,
        mut open: impl FnMut() -> Result<C, DataError>,
    ) -> Result<FittedPipeline, DataError>
    where
        C: IntoIterator<Item = Result<Table, DataError>>,
    {
        let has_rows = |table: &Result<Table, DataError>| table.as_ref().map_or(true, |table| table.rows() > 0);
        let sample = open()?.into_iter().find(has_rows).ok_or_else(|| no_rows(NAME))??;
        if let Some(name) = target {
            sample.column(name)?;
        }
        let inputs = sample.columns().iter().filter(|column| Some(column.name()) != target);
        let empty: Vec<Column> = inputs.map(|column| Input::of(column).missing(0)).collect();
        let (fitted, _) = self.fit_steps(empty, |settings, empty, inputs, steps| {
            let names: Vec<String> = empty.names().into_iter().map(String::from).collect();
            let columns = |table: &Table| Table::new(reached(inputs, steps, table)?)?.select(&names);
            let fitted = match settings.in_parts(&names)? {
                InParts::Nothing => settings.fit(columns(&sample)?, &Resolved::None)?.0,
                InParts::Learning(mut learning) => {
                    for table in open()?.into_iter().filter(has_rows) {
                        learning.observe(columns(&table?)?)?;
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
