//! What the columns of a table are, without the rows.

use std::collections::HashMap;

use super::{Kind, Table, Values, categorical::check_levels, check_names};
use crate::{DataError, TableError};

/// A column's name, kind and levels.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Field {
    /// The name.
    pub name: String,
    /// What the values are.
    pub kind: Kind,
    /// The levels of a categorical column, in the order of their codes; empty for others.
    pub levels: Vec<String>,
}

/// Which columns a table has, of which kind, with which levels.
///
/// Of training data it says what prediction data have to look like; with the feature `serde` it is saved beside the weights.
///
/// ```
/// use evenkeel_data::table::{Categorical, Column, Table};
///
/// let train = Table::new(vec![
///     Column::numeric("dose", vec![0.5, 1.0]),
///     Column::categorical("ward", Categorical::from_values([Some("a"), Some("b")])),
/// ])?;
/// let schema = train.schema();
///
/// let reordered = train.select(&["ward", "dose"])?;
/// assert_eq!(schema.check(&reordered)?, train);                // the same columns, in the schema's order
///
/// let error = schema.check(&train.drop(&["dose"])?).unwrap_err();
/// assert_eq!(error.to_string(), r#"Schema::check: expected a column "dose", got the columns ward; check the names"#);
/// # Ok::<(), evenkeel_data::DataError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(try_from = "Vec<Field>", into = "Vec<Field>"))]
pub struct Schema {
    fields: Vec<Field>,
}

impl Schema {
    /// These columns.
    ///
    /// # Errors
    /// If there are none, a name is empty or comes twice, levels come twice, or a column that is not categorical has some.
    pub fn new(fields: Vec<Field>) -> Result<Self, DataError> {
        const OPERATION: &str = "Schema::new";
        if fields.is_empty() {
            return Err(DataError::Table(TableError::NoColumnsLeft {
                operation: OPERATION,
                cure: "a table has at least one column",
            }));
        }
        check_names(OPERATION, fields.iter().map(|field| field.name.as_str()))?;
        for field in &fields {
            check_levels(&field.levels)?;
            if field.kind != Kind::Categorical && !field.levels.is_empty() {
                return Err(DataError::Table(TableError::Column {
                    operation: OPERATION,
                    column: field.name.as_str().into(),
                    expected: format!("no levels in a {} column", field.kind),
                    got: format!("{}", field.levels.len()),
                    cure: "leave them out, or declare it categorical",
                }));
            }
        }
        Ok(Self { fields })
    }

    pub(super) fn of(table: &Table) -> Self {
        let field = |column: &super::Column| Field {
            name: column.name().into(),
            kind: column.kind(),
            levels: match column.values() {
                Values::Categorical(x) => x.levels().to_vec(),
                _ => Vec::new(),
            },
        };
        Self { fields: table.columns().iter().map(field).collect() }
    }

    /// The columns, in their order.
    pub fn fields(&self) -> &[Field] {
        &self.fields
    }

    /// The names of the columns, in their order.
    pub fn names(&self) -> Vec<&str> {
        self.fields.iter().map(|field| field.name.as_str()).collect()
    }

    /// The columns of `table` that this schema has, in its order and with its codes. Columns that it does not have are left out, and
    /// levels that it does not have come after its own.
    ///
    /// # Errors
    /// If a column is not there, or is of another kind.
    pub fn check(&self, table: &Table) -> Result<Table, DataError> {
        const OPERATION: &str = "Schema::check";
        let places: HashMap<_, _> = table.names().into_iter().zip(0..).collect();
        let columns = self.fields.iter().map(|field| {
            let place = places.get(field.name.as_str()).copied();
            let column = &table.columns()[place.map_or_else(|| table.position(OPERATION, &field.name), Ok)?];
            if column.kind() != field.kind {
                let cure = "declare the column's kind where it is read";
                return Err(column.refused(OPERATION, &format!("a {} column", field.kind), cure));
            }
            Ok(match column.values() {
                Values::Categorical(x) => super::Column::categorical(&field.name, x.with_levels(&field.levels)),
                _ => column.clone(),
            })
        });
        Table::new(columns.collect::<Result<_, _>>()?)
    }
}

impl TryFrom<Vec<Field>> for Schema {
    type Error = DataError;

    fn try_from(fields: Vec<Field>) -> Result<Self, DataError> {
        Self::new(fields)
    }
}

impl From<Schema> for Vec<Field> {
    fn from(schema: Schema) -> Self {
        schema.fields
    }
}
