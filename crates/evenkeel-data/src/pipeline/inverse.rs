//! From a network's inputs back to the columns of a table.

use std::collections::BTreeMap;

use evenkeel_tensor::{Float, Tensor};

use super::fitted::{FittedPipeline, FittedStep, NAME};
use super::step::{Fitted, split, with_names};
use crate::feature::rows::check_results;
use crate::fit::{Transform, check_columns, matrix};
use crate::impute::indicator_name;
use crate::table::{Categorical, Column, Table, Values};
use crate::{DataError, TableError};

impl FittedPipeline {
    /// The columns of the table that `y`, of shape (rows, [`names`](Self::names)), was made of: all the
    /// [`inputs`](Self::inputs). See [`inverse_of`](Self::inverse_of) for some of them.
    ///
    /// # Errors
    /// As there.
    pub fn inverse<F: Float>(&self, y: &Tensor<F>) -> Result<Table, DataError> {
        self.inverse_of(&Vec::from_iter(self.inputs()), y)
    }

    /// The columns of these names as they were before the pipeline, such as the units of the data for what a network generated or
    /// explains. Only the steps that these columns went through are undone, the last one first.
    ///
    /// | step | back |
    /// |---|---|
    /// | `Standard`, `MinMax`, `MaxAbs`, `Robust`, `Power`, `Quantile`, `Elementwise`, `Whiten` | their own inverse, so far as the column had any spread, and for `Whiten` as many components |
    /// | `OneHot` | the level of the largest number, where every row has a 1: no level is dropped, and unseen ones are errors or count as rare |
    /// | `OneHot` where a row may be all 0 | that level if its number is above 1/2, and otherwise the dropped level, if there is one: unseen levels come back as it, and missing values too if the fit had none |
    /// | `OneHot` of rare levels, which share a column | missing |
    /// | `Ordinal` | the level whose position is nearest; missing where the number for unseen levels is nearer |
    /// | `Impute`, `ImputeCategories` | missing where the indicator says so; without indicators what was filled in stays |
    /// | `Select`, `VarianceAbove` | the columns that were kept |
    /// | all others, and dropped columns | none |
    ///
    /// A finite number is never refused for being one that a step does not make, since rounding and networks give such: beyond an
    /// end of the step's range it counts as that end (0 for `Elementwise::Sqrt`, the smallest and the largest value for `Quantile`,
    /// the first and the last level for `Ordinal`), and beyond an asymptote, which no value reaches (`Power`), as missing. Infinite
    /// numbers are refused, those that come in and those that an inverse gives.
    ///
    /// ```
    /// use evenkeel_data::encode::{OneHot, Target};
    /// use evenkeel_data::feature::Elementwise;
    /// use evenkeel_data::pipeline::Pipeline;
    /// use evenkeel_data::scale::{RowNorm, Standard};
    /// use evenkeel_data::table::{Categorical, Column, Kind, Table};
    ///
    /// let table = Table::new(vec![
    ///     Column::numeric("dose", vec![1.0, 10.0, 100.0]),
    ///     Column::categorical("ward", Categorical::from_values(["a", "b", "a"].map(Some))),
    /// ])?;
    /// let pipeline = Pipeline::new()
    ///     .step("dose", Elementwise::Log1p)
    ///     .step("dose", Standard::default())
    ///     .step(Kind::Categorical, OneHot::default());
    /// let (fitted, y) = pipeline.fit_transform::<f64>(&table, Target::None)?;
    /// let back = fitted.inverse(&y)?;
    /// assert_eq!(back.column("ward")?, table.column("ward")?);
    /// assert!((back.column("dose")?.numbers()?[2] - 100.0).abs() < 1e-12);
    ///
    /// let lossy = pipeline.step("dose", RowNorm::default()).fit(&table, Target::None)?;
    /// assert_eq!(lossy.inverse_of(&["ward"], &y)?.names(), ["ward"]);
    /// assert!(lossy.inverse(&y).unwrap_err().to_string().starts_with("RowNorm: "));
    /// # Ok::<(), evenkeel_data::DataError>(())
    /// ```
    ///
    /// # Errors
    /// [`DataError::NoInverse`], which names the step, if one that a column went through cannot be undone; if a name is none of the
    /// inputs or comes twice, or there is none; `y` is not a matrix of as many columns as come out; or a number is infinite, or
    /// comes from one beyond the float.
    pub fn inverse_of<F: Float, S: AsRef<str>>(&self, names: &[S], y: &Tensor<F>) -> Result<Table, DataError> {
        let (rows, width) = matrix(NAME, y)?;
        check_columns(NAME, Some(self.names().len()), width)?;
        let names: Vec<String> = names.iter().map(|name| name.as_ref().to_owned()).collect();
        if names.is_empty() {
            let cure = "name at least one of the inputs";
            return Err(DataError::Table(TableError::NoColumnsLeft { operation: "FittedPipeline::inverse_of", cure }));
        }
        if let Some(column) = names.iter().find(|&name| !self.inputs().any(|input| input == name)) {
            let columns = Vec::from_iter(self.inputs()).join(", ");
            return Err(DataError::Table(TableError::UnknownColumn {
                operation: NAME,
                column: column.clone(),
                columns,
            }));
        }
        // Which steps the columns go through, and what is made of them.
        let (mut there, mut through) = (names.clone(), Vec::new());
        for step in &self.steps {
            let (own, mut rest): (Vec<_>, Vec<_>) = there.into_iter().partition(|name| step.columns.contains(name));
            for column in &own {
                let made = step.made_of(column)?.into_iter().filter(|name| !rest.contains(name)).collect::<Vec<_>>();
                rest.extend(made);
            }
            there = rest;
            if !own.is_empty() {
                through.push((step, own));
            }
        }
        let column = |name: String| {
            let at = self.names().iter().position(|other| *other == name).expect("made by the steps");
            let values = Vec::from_iter(y.as_slice().iter().skip(at).step_by(width).map(|y| y.to_f64()));
            if let Some(row) = values.iter().position(|y| y.is_infinite()) {
                let (got, cure) = (values[row].to_string(), "correct it, or mark it as missing");
                let expected = "a finite value, or NaN for a missing one";
                return Err(DataError::Table(TableError::Cell {
                    operation: NAME,
                    row,
                    column: name.into(),
                    expected,
                    got,
                    cure,
                }));
            }
            Ok((name.clone(), Column::numeric(name, values)))
        };
        let mut columns: BTreeMap<String, Column> = there.into_iter().map(column).collect::<Result<_, _>>()?;
        for (step, own) in through.into_iter().rev() {
            let mut made = BTreeMap::new();
            for name in own.iter().map(|column| step.made_of(column)).collect::<Result<Vec<_>, _>>()?.concat() {
                made.extend(columns.remove_entry(&name));
            }
            columns.extend(step.undone(&own, &made, rows)?.into_iter().map(|column| (column.name().into(), column)));
        }
        Table::new(names.iter().filter_map(|name| columns.get(name).cloned()).collect())
    }
}

impl FittedStep {
    /// The columns that are made of one of the step's.
    fn made_of(&self, column: &str) -> Result<Vec<String>, DataError> {
        let own = || vec![column.to_owned()];
        let with_indicator = |is_there: bool| own().into_iter().chain(is_there.then(|| indicator_name(column)));
        let made = match &self.fitted {
            Fitted::MinMax(_) | Fitted::Standard(_) | Fitted::Robust(_) | Fitted::MaxAbs(_) => Some(own()),
            Fitted::Power(_) | Fitted::Quantile(_) | Fitted::Elementwise(_) | Fitted::Ordinal(_) => Some(own()),
            Fitted::Whiten(fitted) => Some(Transform::<f64>::names(fitted, &self.columns)?),
            Fitted::Select(fitted) | Fitted::VarianceAbove(fitted) => {
                Transform::<f64>::names(fitted, &self.columns)?.iter().any(|name| name == column).then(own)
            }
            Fitted::OneHot(fitted) => Some(fitted.names_of(column)),
            Fitted::Impute(fitted) => {
                let at = self.columns.iter().position(|name| name == column).expect("one of the step's");
                fitted.values()[at].map(|_| with_indicator(fitted.indicators().contains(&at)).collect())
            }
            Fitted::ImputeCategories(fitted) => fitted.keeps(column).map(|is_there| with_indicator(is_there).collect()),
            Fitted::RowNorm(_) | Fitted::Polynomial(_) | Fitted::Bins(_) | Fitted::Splines(_) => None,
            Fitted::Cyclic(_) | Fitted::Dates(_) | Fitted::Frequency(_) | Fitted::TargetMean(_) | Fitted::Drop => None,
        };
        made.ok_or(DataError::NoInverse { operation: self.fitted.name() })
    }

    /// The step's columns `wanted`, from what was made of them.
    fn undone(
        &self,
        wanted: &[String],
        made: &BTreeMap<String, Column>,
        rows: usize,
    ) -> Result<Vec<Column>, DataError> {
        let by_matrix = |fitted: &dyn Transform<f64>| self.by_inverse(fitted, wanted, made, rows);
        let each = |restore: &dyn Fn(&String) -> Result<Column, DataError>| wanted.iter().map(restore).collect();
        match &self.fitted {
            Fitted::MinMax(fitted) => by_matrix(fitted),
            Fitted::Standard(fitted) => by_matrix(fitted),
            Fitted::Robust(fitted) => by_matrix(fitted),
            Fitted::MaxAbs(fitted) => by_matrix(fitted),
            Fitted::Power(fitted) => by_matrix(fitted),
            Fitted::Quantile(fitted) => by_matrix(fitted),
            Fitted::Elementwise(fitted) => by_matrix(fitted),
            Fitted::Whiten(fitted) => by_matrix(fitted),
            Fitted::OneHot(fitted) => each(&|name| {
                let made =
                    fitted.names_of(name).iter().map(|name| made[name].numbers()).collect::<Result<Vec<_>, _>>()?;
                Ok(Column::categorical(name, fitted.levels_of(name, &made, rows)))
            }),
            Fitted::Ordinal(fitted) => {
                each(&|name| Ok(Column::categorical(name, fitted.levels_of(name, made[name].numbers()?))))
            }
            Fitted::Impute(_) | Fitted::ImputeCategories(_) => each(&|name| {
                made.get(&indicator_name(name)).map_or(Ok(made[name].clone()), |there| emptied(&made[name], there))
            }),
            // What was kept, was kept as it was.
            _ => each(&|name| Ok(made[name].clone())),
        }
    }

    /// By the inverse of a transformation. Columns that are not there are missing, which stays in its column, or is none that the
    /// wanted ones need.
    fn by_inverse(
        &self,
        fitted: &dyn Transform<f64>,
        wanted: &[String],
        made: &BTreeMap<String, Column>,
        rows: usize,
    ) -> Result<Vec<Column>, DataError> {
        let names = fitted.names(&self.columns)?;
        let mut y = Tensor::full([rows, names.len()], f64::NAN);
        for (at, column) in names.iter().enumerate().filter_map(|(at, name)| Some((at, made.get(name)?))) {
            let cells = y.as_mut_slice().iter_mut().skip(at).step_by(names.len());
            cells.zip(column.numbers()?).for_each(|(y, value)| *y = *value);
        }
        let inverted = fitted.inverse_in_place(&mut y).and_then(|()| check_results(fitted.operation(), &y));
        inverted.map_err(|error| match error {
            DataError::Table(TableError::Overflow { operation, row, column, got }) if column < self.columns.len() => {
                DataError::Table(TableError::Cell {
                    operation,
                    row,
                    column: self.columns[column].as_str().into(),
                    expected: "a number whose origin is finite",
                    got: format!("one of {got}"),
                    cure: "give numbers nearer to those that the step made",
                })
            }
            error => with_names(error, &names),
        })?;
        let columns = split(self.columns.clone(), &y);
        Ok(columns.into_iter().filter(|column| wanted.iter().any(|name| name == column.name())).collect())
    }
}

/// The column without the values that an indicator says were missing.
fn emptied(column: &Column, indicator: &Column) -> Result<Column, DataError> {
    let was_missing = indicator.numbers()?.iter().map(|&x| x > 0.5);
    Ok(match column.values() {
        Values::Categorical(x) => {
            let codes =
                x.codes().iter().zip(was_missing).map(|(&c, missing)| if missing { Categorical::MISSING } else { c });
            Column::categorical(column.name(), Categorical::new(codes.collect(), x.levels().to_vec())?)
        }
        _ => {
            let values =
                column.numbers()?.iter().zip(was_missing).map(|(&x, missing)| if missing { f64::NAN } else { x });
            Column::numeric(column.name(), values.collect())
        }
    })
}
