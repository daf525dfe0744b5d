//! Columns put together from blocks.

use super::parse::{Parsed, Wanted};
use crate::DataError;
use crate::table::categorical::Levels;
use crate::table::{Categorical, Column, Field, Kind, Values};

/// A column as it grows.
#[derive(Debug)]
pub(super) struct Growing {
    pub(super) name: String,
    pub(super) wanted: Wanted,
    /// Unknown as long as all values were missing.
    kind: Option<Kind>,
    /// Whether blocks were of different kinds, or missing by the rules of another kind: then it is categorical, and has to be read again as such.
    mixed: bool,
    /// Whether all the blocks that are missing as numbers are so as moments, and as levels.
    missing_moments: bool,
    missing_levels: bool,
    /// Whether values are kept.
    keep: bool,
    rows: usize,
    numbers: Vec<f64>,
    codes: Vec<u32>,
    /// Rows of `numbers` or `codes` that were taken.
    taken: usize,
    levels: Levels,
    /// Whether the order of the levels was given.
    given: bool,
    /// A number that an `f64` does not hold, which is an error unless the column turns out to be categorical.
    lossy: Option<Box<DataError>>,
}

impl Growing {
    pub(super) fn new(name: &str, wanted: Wanted, levels: Option<&[String]>, keep: bool) -> Self {
        Self {
            name: name.into(),
            wanted,
            kind: None,
            mixed: false,
            missing_moments: true,
            missing_levels: true,
            keep,
            rows: 0,
            numbers: Vec::new(),
            codes: Vec::new(),
            taken: 0,
            levels: Levels::starting_with(levels.unwrap_or_default()),
            given: levels.is_some(),
            lossy: None,
        }
    }

    /// What is made of further blocks.
    pub(super) fn next_wanted(&self) -> Wanted {
        match self.kind {
            // That what is not number or moment is a level needs no further try.
            Some(Kind::Categorical) => Wanted::Kind(Kind::Categorical),
            _ => self.wanted,
        }
    }

    /// Appends the values of a block of so many rows.
    pub(super) fn append(&mut self, parsed: &Parsed, rows: usize) {
        if self.taken > 0 {
            self.numbers.drain(..self.taken.min(self.numbers.len()));
            self.codes.drain(..self.taken.min(self.codes.len()));
            self.taken = 0;
        }
        let kind = match parsed {
            Parsed::Nothing => return,
            &Parsed::Missing { moments, levels } => {
                self.missing_moments &= moments;
                self.missing_levels &= levels;
                self.kind
            }
            Parsed::Numeric { .. } => Some(Kind::Numeric),
            Parsed::DateTime(_) => Some(Kind::DateTime),
            Parsed::Categorical { .. } => Some(Kind::Categorical),
        };
        let doubtful = match kind {
            Some(Kind::DateTime) => !self.missing_moments,
            Some(Kind::Categorical) => !self.missing_levels,
            _ => false,
        };
        if doubtful || self.kind.is_some() && self.kind != kind {
            self.mixed = true;
            self.keep = false;
            self.kind = Some(Kind::Categorical);
            (self.numbers, self.codes) = Default::default();
        } else if self.kind.is_none() && kind == Some(Kind::Categorical) && self.keep {
            self.numbers = Vec::new();
            self.codes = vec![Categorical::MISSING; self.rows];
        }
        self.kind = self.kind.or(kind);
        self.rows += rows;
        match parsed {
            Parsed::Categorical { codes, levels } => {
                let new: Vec<_> = levels.iter().map(|level| self.levels.code(level)).collect();
                if self.keep {
                    self.codes
                        .extend(codes.iter().map(|&c| new.get(c as usize).copied().unwrap_or(Categorical::MISSING)));
                }
            }
            Parsed::Numeric { values, .. } | Parsed::DateTime(values) if self.keep => {
                self.numbers.extend_from_slice(values)
            }
            Parsed::Missing { .. } if self.keep && self.kind == Some(Kind::Categorical) => {
                self.codes.resize(self.rows, Categorical::MISSING);
            }
            Parsed::Missing { .. } if self.keep => self.numbers.resize(self.rows, f64::NAN),
            _ => {}
        }
    }

    /// Makes room for so many rows, if there is so much memory.
    pub(super) fn reserve(&mut self, rows: usize) {
        let more = if self.keep { rows.saturating_sub(self.rows) } else { 0 };
        // If not, it will be asked for as rows arrive.
        let _ = match self.kind {
            Some(Kind::Categorical) => self.codes.try_reserve_exact(more),
            _ => self.numbers.try_reserve_exact(more),
        };
    }

    /// Notes the first number that an `f64` does not hold.
    pub(super) fn note_lossy(&mut self, error: DataError) {
        self.lossy.get_or_insert(Box::new(error));
    }

    /// The error of a number that the column does not hold, if it is one of numbers.
    pub(super) fn check(&mut self) -> Result<(), DataError> {
        match self.lossy.take() {
            Some(error) if self.kind() == Kind::Numeric => Err(*error),
            _ => Ok(()),
        }
    }

    /// The rows that were not taken.
    pub(super) fn rows(&self) -> usize {
        self.rows
    }

    /// Keeps no values from now on.
    pub(super) fn forget(&mut self) {
        self.keep = false;
        (self.numbers, self.codes) = Default::default();
    }

    pub(super) fn is_mixed(&self) -> bool {
        self.mixed
    }

    /// The kind: what was declared, what was found, or numeric if all is missing.
    pub(super) fn kind(&self) -> Kind {
        match self.wanted {
            Wanted::Kind(kind) => kind,
            _ => self.kind.unwrap_or(Kind::Numeric),
        }
    }

    /// Name, kind and levels.
    pub(super) fn field(self) -> Field {
        let kind = self.kind();
        let mut levels = self.levels.names;
        if !self.given {
            levels.sort_by(|a, b| Categorical::order(a, b));
        }
        Field { name: self.name, kind, levels: if kind == Kind::Categorical { levels } else { Vec::new() } }
    }

    /// The next rows.
    pub(super) fn take(&mut self, rows: usize) -> Column {
        let range = self.taken..self.taken + rows;
        let values = match self.kind() {
            Kind::Numeric => Values::Numeric(self.numbers[range].to_vec()),
            Kind::DateTime => Values::DateTime(self.numbers[range].to_vec()),
            Kind::Categorical => {
                // As long as all values are missing, there are no codes.
                let codes = self.codes.get(range).map_or_else(|| vec![Categorical::MISSING; rows], <[u32]>::to_vec);
                Values::Categorical(Categorical::from_parts(codes, self.levels.names.clone()))
            }
        };
        (self.rows, self.taken) = (self.rows - rows, self.taken + rows);
        Column::new(&self.name, values)
    }

    /// The column of all rows, its levels in order unless that was given.
    pub(super) fn finish(mut self) -> Column {
        let kind = self.kind();
        self.numbers.shrink_to_fit();
        self.codes.shrink_to_fit();
        let values = match kind {
            Kind::Numeric => Values::Numeric(self.numbers),
            Kind::DateTime => Values::DateTime(self.numbers),
            Kind::Categorical => {
                self.codes.resize(self.rows, Categorical::MISSING);
                let values = Categorical::from_parts(self.codes, self.levels.names);
                Values::Categorical(if self.given { values } else { values.ordered() })
            }
        };
        Column::new(self.name, values)
    }
}
