//! Which columns a step takes.

use super::fitted::NAME;
use crate::table::{Column, Kind, check_names};
use crate::{DataError, TableError};

/// Which columns a step takes: all, those of a kind, or those of some names, as they are when the step's turn comes.
///
/// Names convert: `"age"`, `["age", "dose"]`; a [`Kind`] too. A name must be there in the fit; a kind that no column has leaves
/// the step out.
///
/// ```
/// use evenkeel_data::pipeline::{Columns, Pipeline};
/// use evenkeel_data::scale::{MinMax, Standard};
/// use evenkeel_data::table::{Column, Kind, Table};
///
/// let table = Table::new(vec![Column::numeric("age", vec![20.0, 40.0]), Column::numeric("dose", vec![1.0, 2.0])])?;
/// let pipeline = Pipeline::new()
///     .step("dose", MinMax::default())
///     .step(Columns::from(Kind::Numeric).except(["dose"]), Standard::default());
/// let (_, x) = pipeline.fit_transform::<f64>(&table, Default::default())?;
/// assert_eq!(x.as_slice(), [-1.0, 0.0, 1.0, 1.0]);
/// # Ok::<(), evenkeel_data::DataError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Columns {
    chosen: Chosen,
    except: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Chosen {
    All,
    Kind(Kind),
    Names(Vec<String>),
}

impl Columns {
    /// All columns.
    pub fn all() -> Self {
        Self { chosen: Chosen::All, except: Vec::new() }
    }

    /// The columns of these names, in this order.
    pub fn named<S: Into<String>>(names: impl IntoIterator<Item = S>) -> Self {
        Self { chosen: Chosen::Names(names.into_iter().map(Into::into).collect()), except: Vec::new() }
    }

    /// But not these.
    #[must_use]
    pub fn except<S: Into<String>>(mut self, names: impl IntoIterator<Item = S>) -> Self {
        self.except.extend(names.into_iter().map(Into::into));
        self
    }

    /// The names among these columns; each name of the choice is one.
    pub(super) fn choose(&self, columns: &[Column]) -> Result<Vec<String>, DataError> {
        let named = if let Chosen::Names(names) = &self.chosen { names.as_slice() } else { &[] };
        if let Some(column) = named.iter().chain(&self.except).find(|name| !columns.iter().any(|c| c.name() == **name))
        {
            let columns = columns.iter().map(Column::name).collect::<Vec<_>>().join(", ");
            return Err(DataError::Table(TableError::UnknownColumn {
                operation: NAME,
                column: column.clone(),
                columns,
            }));
        }
        let of = |is: &dyn Fn(&Column) -> bool| columns.iter().filter(|c| is(c)).map(|c| c.name().to_owned()).collect();
        let mut names: Vec<String> = match &self.chosen {
            Chosen::All => of(&|_| true),
            Chosen::Kind(kind) => of(&|column| column.kind() == *kind),
            Chosen::Names(names) => names.clone(),
        };
        names.retain(|name| !self.except.contains(name));
        check_names(NAME, names.iter().map(String::as_str))?;
        Ok(names)
    }
}

impl From<Kind> for Columns {
    fn from(kind: Kind) -> Self {
        Self { chosen: Chosen::Kind(kind), except: Vec::new() }
    }
}

impl From<&str> for Columns {
    fn from(name: &str) -> Self {
        Self::named([name])
    }
}

impl<const N: usize> From<[&str; N]> for Columns {
    fn from(names: [&str; N]) -> Self {
        Self::named(names)
    }
}

impl From<Vec<String>> for Columns {
    fn from(names: Vec<String>) -> Self {
        Self::named(names)
    }
}
