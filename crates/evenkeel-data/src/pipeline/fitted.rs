//! What a pipeline has learnt.

use std::fmt;

use evenkeel_tensor::{Float, Tensor};

use super::step::{Fitted, with_new_names};
use crate::encode::find;
use crate::feature::rows::check_results;
use crate::table::{Categorical, Column, Kind, Table, Values, check_names};
use crate::{DataError, TableError};

/// In messages.
pub(super) const NAME: &str = "Pipeline";

/// What a [`Pipeline`](super::Pipeline) has learnt: tables to matrices.
///
/// With the feature `serde` it is one value to save beside the weights: as a file (`save`, `load`), or as a text (`to_json`,
/// `from_json`) among the notes of a state dictionary. Read again it gives the same bits.
///
/// It displays as a table of its steps.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(try_from = "super::store::Stored", into = "super::store::Stored"))]
pub struct FittedPipeline {
    pub(super) inputs: Vec<Input>,
    pub(super) steps: Vec<FittedStep>,
    pub(super) keep_missing: bool,
    /// Of what comes out; follows from the others.
    names: Vec<String>,
}

/// A column that goes in.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub(super) struct Input {
    pub(super) name: String,
    pub(super) kind: Kind,
}

#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub(super) struct FittedStep {
    pub(super) columns: Vec<String>,
    pub(super) fitted: Fitted,
}

impl Input {
    pub(super) fn of(column: &Column) -> Self {
        Self { name: column.name().into(), kind: column.kind() }
    }

    /// The column of new data.
    fn find(&self, table: &Table) -> Result<Column, DataError> {
        let column = find(NAME, table, &self.name)?;
        if column.kind() == self.kind {
            return Ok(column.clone());
        }
        // The kind of a column without values cannot be told.
        if column.missing() == column.len() {
            return Ok(self.missing(column.len()));
        }
        let cure = "declare the column's kind where it is read";
        Err(column.refused(NAME, &format!("a {} column, as in the fit", self.kind), cure))
    }

    /// Such a column of missing values.
    pub(super) fn missing(&self, rows: usize) -> Column {
        let values = match self.kind {
            Kind::Numeric => Values::Numeric(vec![f64::NAN; rows]),
            Kind::DateTime => Values::DateTime(vec![f64::NAN; rows]),
            Kind::Categorical => Values::Categorical(Categorical::from_values(vec![None::<&str>; rows])),
        };
        Column::new(self.name.clone(), values)
    }
}

impl FittedPipeline {
    /// A pipeline whose steps fit together, which a table without rows shows.
    pub(super) fn new(inputs: Vec<Input>, steps: Vec<FittedStep>, keep_missing: bool) -> Result<Self, DataError> {
        let mut pipeline = Self { inputs, steps, keep_missing, names: Vec::new() };
        let empty = Table::new(pipeline.inputs.iter().map(|input| input.missing(0)).collect())?;
        pipeline.names = pipeline.run(&empty)?.names().into_iter().map(String::from).collect();
        Ok(pipeline)
    }

    /// The names of the columns that a table must have.
    pub fn inputs(&self) -> impl ExactSizeIterator<Item = &str> {
        self.inputs.iter().map(|input| input.name.as_str())
    }

    /// The names of the columns that come out.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// The columns, as they were named when a step met them, that had no spread or no value in the training data, and so taught
    /// that step nothing; each with the step's name.
    pub fn degenerate(&self) -> Vec<(&'static str, &str)> {
        let of_step = |step: &'_ FittedStep| {
            let columns = step.fitted.degenerate().map(|d| [&d.constant[..], &d.missing].concat()).unwrap_or_default();
            (step.fitted.name(), columns)
        };
        let named = |step| {
            let (name, columns) = of_step(step);
            columns.into_iter().filter_map(move |at| Some((name, step.columns.get(at)?.as_str())))
        };
        self.steps.iter().flat_map(named).collect()
    }

    /// The inputs of a network, of shape (rows, [`names`](Self::names)), made of validation or new data. Columns are found by
    /// name; their order and other columns do not matter.
    ///
    /// # Errors
    /// If a column of the fit is not there or of another kind, a step refuses a value (an unseen level, an infinite number), or
    /// a missing value or one beyond the float comes out; with the names of columns, and rows from 0.
    pub fn transform<F: Float>(&self, table: &Table) -> Result<Tensor<F>, DataError> {
        to_tensor(&self.run(table)?)
    }

    fn run(&self, table: &Table) -> Result<Table, DataError> {
        let table = Table::new(reached(&self.inputs, &self.steps, table)?)?;
        check(&table, self.keep_missing)?;
        Ok(table)
    }
}

/// What steps make of the inputs.
pub(super) fn reached(inputs: &[Input], steps: &[FittedStep], table: &Table) -> Result<Vec<Column>, DataError> {
    let columns = inputs.iter().map(|input| input.find(table)).collect::<Result<_, _>>()?;
    steps
        .iter()
        .try_fold(columns, |columns, step| replace(columns, &step.columns, |chosen| step.fitted.transform(chosen)))
}

/// Puts what `make` makes of the chosen columns in their place: those of the same name where they were, and others at the end.
pub(super) fn replace(
    mut columns: Vec<Column>,
    chosen: &[String],
    make: impl FnOnce(Table) -> Result<Vec<Column>, DataError>,
) -> Result<Vec<Column>, DataError> {
    if chosen.is_empty() {
        return Ok(columns);
    }
    let mut places = Vec::new();
    let mut taken = Vec::new();
    for name in chosen {
        let place = columns.iter().position(|column| column.name() == name).ok_or_else(|| {
            DataError::Table(TableError::UnknownColumn {
                operation: NAME,
                column: name.clone(),
                columns: columns.iter().map(Column::name).collect::<Vec<_>>().join(", "),
            })
        })?;
        places.push(place);
        // The name stays behind.
        taken.push(std::mem::replace(&mut columns[place], Column::numeric(name, Vec::new())));
    }
    let mut columns: Vec<Option<Column>> = columns.into_iter().map(Some).collect();
    places.iter().for_each(|&place| columns[place] = None);
    for new in make(Table::new(taken)?)? {
        let place = chosen.iter().position(|name| name == new.name()).map(|at| places[at]);
        match place.filter(|&place| columns[place].is_none()) {
            Some(place) => columns[place] = Some(new),
            None => columns.push(Some(new)),
        }
    }
    let columns: Vec<Column> = columns.into_iter().flatten().collect();
    check_names(NAME, columns.iter().map(Column::name))?;
    Ok(columns)
}

/// Refuses columns that are not numeric, and missing values unless they may stay.
pub(super) fn check(table: &Table, keep_missing: bool) -> Result<(), DataError> {
    for column in table.columns() {
        let Values::Numeric(values) = column.values() else {
            return Err(column.refused(NAME, "a numeric column at the end", "add a step for it, or drop it"));
        };
        let row = values.iter().position(|x| x.is_infinite() || (x.is_nan() && !keep_missing));
        if let Some(row) = row {
            let got = values[row];
            return Err(DataError::Table(TableError::Cell {
                operation: NAME,
                row,
                column: column.name().into(),
                expected: "a finite value at the end",
                got: if got.is_nan() { "a missing one".into() } else { got.to_string() },
                cure: "impute the column, or correct the value",
            }));
        }
    }
    Ok(())
}

/// The numbers of the table.
pub(super) fn to_tensor<F: Float>(table: &Table) -> Result<Tensor<F>, DataError> {
    let x = table.to_tensor::<F>()?;
    let names: Vec<String> = table.names().into_iter().map(String::from).collect();
    check_results(NAME, &x).map_err(|error| with_new_names(error, &names))?;
    Ok(x)
}

/// A line for each step: its name, what goes in, and what taught it nothing.
impl fmt::Display for FittedPipeline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} columns to {}", self.inputs.len(), self.names.len())?;
        for FittedStep { columns, fitted } in &self.steps {
            write!(f, "{:16} {}", fitted.name(), columns.join(", "))?;
            if let Some(degenerate) = fitted.degenerate() {
                for (what, at) in [("constant", &degenerate.constant), ("without values", &degenerate.missing)] {
                    let names: Vec<&str> = at.iter().filter_map(|&at| columns.get(at)).map(String::as_str).collect();
                    if !names.is_empty() {
                        write!(f, "; {what}: {}", names.join(", "))?;
                    }
                }
            }
            writeln!(f)?;
        }
        Ok(())
    }
}
