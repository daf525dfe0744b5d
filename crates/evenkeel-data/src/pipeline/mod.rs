//! From a table to a network's inputs, in steps that are fitted together and saved as one value.
//!
//! A [`Pipeline`] is a list of steps, each on some [`Columns`]: scalers, imputers, encoders, features, selections. A step takes
//! its columns out of the table and puts what it makes of them back: a result of the same name in the same place, and others
//! after all columns that there are. Columns that no step takes stay. At the end all columns are numeric, and come out as a
//! matrix with names.
//!
//! ```
//! use evenkeel_data::encode::{OneHot, Target, TargetMean, Unseen};
//! use evenkeel_data::feature::{DatePart, Dates};
//! use evenkeel_data::impute::Impute;
//! use evenkeel_data::pipeline::Pipeline;
//! use evenkeel_data::scale::Standard;
//! use evenkeel_data::table::{Categorical, Column, Kind, Table};
//! use evenkeel_data::{Seed, Tensor};
//!
//! let levels = |values: &[&str]| Categorical::from_values(values.iter().map(|&value| Some(value)));
//! let train = Table::new(vec![
//!     Column::numeric("age", vec![61.0, 48.0, f64::NAN, 30.0]),
//!     Column::categorical("ward", levels(&["a", "b", "a", "b"])),
//!     Column::categorical("doctor", levels(&["x", "y", "z", "y"])),
//!     Column::date_time("visit", vec![1_714_566_896.0; 4]),
//!     Column::numeric("ill", vec![1.0, 0.0, 1.0, 0.0]),
//! ])?;
//! let pipeline = Pipeline::new()
//!     .step("visit", Dates::of([DatePart::Month]).cyclic([DatePart::Weekday]))
//!     .step("age", Impute::median().with_indicators())
//!     .step("doctor", TargetMean::new(Seed(7)).with_folds(2))
//!     .step(["age", "visit_month"], Standard::default())
//!     .step(Kind::Categorical, OneHot::default().unseen(Unseen::Ignore));
//! let (fitted, inputs): (_, Tensor<f32>) = pipeline.fit_transform(&train, Target::ClassColumn("ill"))?;
//! assert_eq!(fitted.names()[..4], ["age", "doctor", "visit_month", "visit_weekday_sin"]);
//! assert_eq!(fitted.names()[4..], ["visit_weekday_cos", "age_missing", "ward=a", "ward=b"]);
//! assert_eq!(inputs.shape(), [4, 8].into());
//!
//! // Prediction: columns by name, in any order, without the target.
//! let new = train.select(&["ward", "visit", "age", "doctor"])?;
//! assert_eq!(fitted.transform::<f32>(&new)?.shape(), [4, 8].into());
//! let renamed = new.drop(&["age"])?.with_column(Column::numeric("Age", vec![50.0; 4]))?;
//! let error = fitted.transform::<f32>(&renamed).unwrap_err().to_string();
//! assert!(error.contains(r#"expected a column "age", as in the fit, got none (the nearest name is "Age")"#));
//! # Ok::<(), evenkeel_data::DataError>(())
//! ```
//!
//! # What is learnt from what
//!
//! A fit sees the rows that it is given and nothing else: fit to the training part, and apply to validation and new data. Each
//! step is fitted to what the steps before make of the training data. [`TargetMean`](crate::encode::TargetMean) encodes
//! training data otherwise than new data, so train on what [`Pipeline::fit_transform`] gives, not on
//! [`FittedPipeline::transform`] of the training rows.
//!
//! # The way back
//!
//! [`FittedPipeline::inverse`] gives the columns of the table back, in their units and levels, where every step that they went
//! through can be undone, and names the first that cannot.
//!
//! # Data larger than memory
//!
//! [`Pipeline::fit_chunks`] learns from a file in parts, as [`Csv::chunks`](crate::table::Csv::chunks) reads it, where every step
//! can; to a step that needs all rows at once, fit a sample of them. A fitted pipeline treats each row by itself, so it transforms a
//! file in parts too.

mod columns;
mod common;
mod fitted;
mod inverse;
mod parts;
mod select;
mod step;
#[cfg(feature = "serde")]
mod store;

pub use columns::Columns;
pub use fitted::FittedPipeline;
pub use select::{Criterion, Select};
pub use step::Step;

use evenkeel_tensor::{Float, Tensor};

use crate::DataError;
use crate::encode::Target;
use crate::table::{Column, Table};
use fitted::{FittedStep, Input, NAME, check, replace, to_tensor};
use step::{Fitted, Settings};

/// Steps to be fitted to a table; see the [module](self).
///
/// Missing values that are left at the end are an error that names the column, since a network makes NaN of everything they
/// touch; [`keep_missing`](Self::keep_missing) lets them through.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Pipeline {
    steps: Vec<(Columns, Settings)>,
    keep_missing: bool,
}

impl Pipeline {
    /// Without a step: numeric columns come out as they are.
    pub fn new() -> Self {
        Self::default()
    }

    /// With one more step, on these columns.
    #[must_use]
    pub fn step(mut self, on: impl Into<Columns>, step: impl Into<Step>) -> Self {
        self.steps.push((on.into(), step.into().0));
        self
    }

    /// With these columns left out. Those that no step before has taken need not be there in new data.
    #[must_use]
    pub fn drop(mut self, columns: impl Into<Columns>) -> Self {
        self.steps.push((columns.into(), Settings::Drop));
        self
    }

    /// With the steps of another pipeline after these.
    #[must_use]
    pub fn then(mut self, other: Self) -> Self {
        self.steps.extend(other.steps);
        Self { keep_missing: self.keep_missing || other.keep_missing, ..self }
    }

    /// Missing values may come out, as NaN.
    #[must_use]
    pub fn keep_missing(self) -> Self {
        Self { keep_missing: true, ..self }
    }

    /// Learns from training data; the target's column is no input. Steps that need no target do with [`Target::None`].
    ///
    /// # Errors
    /// If a step has no column of a name, or one of a kind that it does not take; a step refuses its settings or data; two
    /// columns get the same name; or at the end a column is not numeric, or misses a value.
    pub fn fit(&self, table: &Table, target: Target<'_>) -> Result<FittedPipeline, DataError> {
        self.run(table, target).map(|(fitted, _)| fitted)
    }

    /// Learns from training data, and gives the inputs to train on, of shape (rows, [`names`](FittedPipeline::names)).
    ///
    /// # Errors
    /// As [`fit`](Self::fit); or if a number is beyond the float.
    pub fn fit_transform<F: Float>(
        &self,
        table: &Table,
        target: Target<'_>,
    ) -> Result<(FittedPipeline, Tensor<F>), DataError> {
        let (fitted, table) = self.run(table, target)?;
        let x = to_tensor(&table)?;
        Ok((fitted, x))
    }

    fn run(&self, table: &Table, target: Target<'_>) -> Result<(FittedPipeline, Table), DataError> {
        if table.rows() == 0 {
            return Err(crate::fit::no_rows(NAME));
        }
        let resolved = target.resolve(NAME, table)?;
        let is_input = |column: &&Column| Some(column.name()) != target.column();
        let columns: Vec<Column> = table.columns().iter().filter(is_input).cloned().collect();
        let (fitted, table) = self.fit_steps(columns, |settings, chosen, _, _| settings.fit(chosen, &resolved))?;
        check(&table, self.keep_missing)?;
        Ok((fitted, table))
    }

    /// Fits one step after the other. `learn` says what the settings learn and make of the chosen columns, given the inputs and
    /// the steps before; the table is what comes out at the end.
    fn fit_steps(
        &self,
        mut columns: Vec<Column>,
        mut learn: impl FnMut(&Settings, Table, &[Input], &[FittedStep]) -> Result<(Fitted, Vec<Column>), DataError>,
    ) -> Result<(FittedPipeline, Table), DataError> {
        let mut inputs: Vec<Input> = columns.iter().map(Input::of).collect();
        let (mut steps, mut taken) = (Vec::new(), Vec::new());
        for (choice, settings) in &self.steps {
            let mut names = choice.choose(&columns)?;
            let mut fitted = Fitted::Drop;
            columns = replace(columns, &names, |chosen| {
                let made;
                (fitted, made) = learn(settings, chosen, &inputs, &steps)?;
                Ok(made)
            })?;
            if *settings == Settings::Drop {
                // What nothing has looked at is no input.
                let is_new = |name: &String| !taken.contains(name) && inputs.iter().any(|input| input.name == *name);
                let (new, used): (Vec<_>, Vec<_>) = names.into_iter().partition(is_new);
                inputs.retain(|input| !new.contains(&input.name));
                names = used;
            }
            if !names.is_empty() {
                taken.extend(names.iter().cloned());
                steps.push(FittedStep { columns: names, fitted });
            }
        }
        Ok((FittedPipeline::new(inputs, steps, self.keep_missing)?, Table::new(columns)?))
    }
}
