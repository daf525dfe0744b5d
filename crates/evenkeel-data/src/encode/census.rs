//! Which levels columns have, and how often.

use super::{Observed, each_column};
use crate::DataError;
use crate::table::Table;

/// The levels of the columns of one table, or of several that follow each other.
pub(crate) struct Census {
    pub(crate) rows: usize,
    /// By name.
    pub(crate) columns: Vec<(String, Observed)>,
}

impl Census {
    /// Of a table of categorical columns.
    pub(crate) fn of(operation: &'static str, table: &Table) -> Result<Self, DataError> {
        let columns = each_column(operation, table)?.into_iter().map(|(name, x)| (name.into(), Observed::of(x)));
        Ok(Self { rows: table.rows(), columns: columns.collect() })
    }

    /// Counts the rows of another table of the same columns.
    pub(crate) fn add(&mut self, other: Self) {
        self.rows += other.rows;
        self.columns.iter_mut().zip(other.columns).for_each(|((_, seen), (_, new))| seen.add(new));
    }
}

/// What learns nothing of categorical columns but their levels, and how often these come.
pub(crate) trait OfLevels {
    /// What is learnt.
    type Fitted;

    /// The name in messages.
    const NAME: &'static str;

    /// What these levels teach.
    fn learn(&self, census: &Census) -> Result<Self::Fitted, DataError>;

    /// Refuses values by their rows.
    fn check(&self, table: &Table) -> Result<(), DataError> {
        let _ = table;
        Ok(())
    }

    /// What a table teaches.
    fn learn_from(&self, table: &Table) -> Result<Self::Fitted, DataError> {
        let census = Census::of(Self::NAME, table)?;
        self.check(table)?;
        self.learn(&census)
    }
}
