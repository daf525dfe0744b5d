//! The values of a column's fields in one block.

use std::collections::HashMap;

use super::decimal::{Batch, LANES};
use super::scan::Format;
use crate::table::{Categorical, Kind, time};

/// What is made of the fields of a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    /// What they are: numbers, moments, or else levels.
    Inferred,
    /// Values of this kind.
    Kind(Kind),
    /// Nothing.
    Nothing,
}

/// What counts as a missing value.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Missing {
    markers: Vec<String>,
    /// Those that are numbers which an `f64` holds.
    numbers: Vec<f64>,
}

impl Missing {
    pub(super) fn new(markers: Vec<String>) -> Self {
        let is_held = |text: &str, x: f64| x.abs() < MAX_INTEGER || is_kept(text, x);
        let kept = |text: &String| number(text).filter(|&x| !x.is_nan() && is_held(text, x));
        let numbers = markers.iter().filter_map(kept).collect();
        Self { markers, numbers }
    }

    pub(super) fn has(&self, text: &str) -> bool {
        self.markers.iter().any(|marker| marker == text)
    }

    pub(super) fn has_number(&self, x: f64) -> bool {
        self.numbers.contains(&x)
    }
}

/// The values of a column in one block.
#[derive(Debug)]
pub(super) enum Parsed {
    /// Not wanted.
    Nothing,
    /// All are missing: as numbers, and perhaps also as moments or levels, by whose rules they may not be.
    Missing {
        moments: bool,
        levels: bool,
    },
    Numeric {
        values: Vec<f64>,
        /// The first row whose number an `f64` does not hold.
        lossy: Option<usize>,
    },
    DateTime(Vec<f64>),
    Categorical {
        codes: Vec<u32>,
        levels: Vec<String>,
    },
}

/// Missing by the rules of the kind that was wanted.
const ALL_MISSING: Parsed = Parsed::Missing { moments: true, levels: true };

/// A field that is not of the kind that the column has.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Misfit {
    pub(super) row: usize,
    pub(super) expected: &'static str,
    pub(super) cure: &'static str,
}

pub(super) const LOSSY: (&str, &str) = (
    "a number that an f64 holds without losing digits",
    "declare the column categorical, which keeps every digit, or round it",
);

/// The fields of one column.
#[derive(Clone, Copy)]
pub(super) struct Fields<'a> {
    pub(super) text: &'a str,
    /// Of all columns.
    pub(super) spans: &'a [(u32, u32)],
    pub(super) column: usize,
    pub(super) columns: usize,
    pub(super) format: Format,
    pub(super) missing: &'a Missing,
}

impl<'a> Fields<'a> {
    /// The column's spans in some records.
    fn of_column(self, records: &'a [(u32, u32)]) -> impl Iterator<Item = (usize, usize)> + Clone {
        let spans = records.chunks_exact(self.columns).map(move |record| record[self.column]);
        spans.map(|(start, end)| (start as usize, end as usize))
    }

    fn iter(self) -> impl Iterator<Item = &'a str> {
        self.of_column(self.spans).map(move |(start, end)| &self.text[start..end])
    }

    pub(super) fn parse(self, wanted: Wanted) -> Result<Parsed, Misfit> {
        match wanted {
            Wanted::Nothing => Ok(Parsed::Nothing),
            Wanted::Kind(Kind::Numeric) => {
                let parsed = self.numeric().map_err(|row| Misfit {
                    row,
                    expected: "a number or a missing value",
                    cure: "correct it, declare the column categorical, or add a marker of missing values",
                })?;
                match parsed {
                    Parsed::Numeric { lossy: Some(row), .. } => Err(Misfit { row, expected: LOSSY.0, cure: LOSSY.1 }),
                    parsed => Ok(parsed),
                }
            }
            Wanted::Kind(Kind::DateTime) => self.date_time().map_err(|row| Misfit {
                row,
                expected: "a date such as 2024-05-01, or a date and time such as 2024-05-01T12:30:00Z",
                cure: "correct it, declare the column categorical, or add a marker of missing values",
            }),
            Wanted::Kind(Kind::Categorical) => Ok(self.categorical()),
            Wanted::Inferred => Ok(match self.numeric() {
                // What a number's rules take for missing, such as quoted markers, may be a level by those of levels.
                Ok(Parsed::Missing { .. }) => Parsed::Missing {
                    moments: self.date_time().is_ok(),
                    levels: self.iter().all(|field| self.missing.has(field)),
                },
                Ok(numbers) => numbers,
                Err(_) => self.date_time().unwrap_or_else(|_| self.categorical()),
            }),
        }
    }

    /// The numbers, or the row of the first field that is none.
    fn numeric(self) -> Result<Parsed, usize> {
        let rows = self.spans.len() / self.columns;
        let mut values = Vec::with_capacity(rows);
        let (mut present, mut lossy) = (false, None);
        let mut batch = Batch::new();
        for records in self.spans.chunks(LANES * self.columns) {
            let numbers = batch.read(self.text.as_bytes(), self.of_column(records));
            let numbers = &numbers[..records.len() / self.columns];
            if self.missing.numbers.is_empty() && numbers.iter().all(|x| x.abs() < MAX_INTEGER) {
                values.extend_from_slice(numbers);
                present = true;
                continue;
            }
            for (&number, (start, end)) in numbers.iter().zip(self.of_column(records)) {
                let row = values.len();
                let mut value = if number.is_nan() { self.other(start, end).ok_or(row)? } else { number };
                if value.abs() >= MAX_INTEGER && !self.is_kept(start, end, &mut value) {
                    lossy.get_or_insert(row);
                } else if self.missing.has_number(value) {
                    value = f64::NAN;
                }
                present |= !value.is_nan();
                values.push(value);
            }
        }
        Ok(if present { Parsed::Numeric { values, lossy } } else { ALL_MISSING })
    }

    /// A number that is not a plain decimal.
    #[inline(never)]
    fn other(self, start: usize, end: usize) -> Option<f64> {
        let field = &self.text[start..end];
        number(field).or_else(|| self.plain(field, number))
    }

    /// Whether a number from 2^53 on is what was written; if it is a marker, of which digits would be lost, it becomes missing.
    #[cold]
    #[inline(never)]
    fn is_kept(self, start: usize, end: usize, value: &mut f64) -> bool {
        let content = self.format.content(&self.text[start..end]);
        if is_kept(&content, *value) {
            return true;
        }
        // Such a marker is told from its neighbours as a text.
        let marker = self.missing.has(content.trim_ascii());
        if marker {
            *value = f64::NAN;
        }
        marker
    }

    /// The moments, or the row of the first field that is none.
    fn date_time(self) -> Result<Parsed, usize> {
        let moment = |text: &str| time::parse(text.as_bytes());
        let values = self.iter().enumerate().map(|(row, field)| self.plain(field, moment).ok_or(row));
        let values = values.collect::<Result<Vec<_>, _>>()?;
        Ok(if values.iter().all(|x| x.is_nan()) { ALL_MISSING } else { Parsed::DateTime(values) })
    }

    /// A value that is not text: without quotes and spaces around it; NaN if it is missing.
    fn plain(self, field: &str, parse: impl Fn(&str) -> Option<f64>) -> Option<f64> {
        let content = self.format.content(field);
        let text = content.trim_ascii();
        if self.missing.has(text) { Some(f64::NAN) } else { parse(text) }
    }

    fn categorical(self) -> Parsed {
        let mut levels = Vec::new();
        let mut seen = HashMap::new();
        let code = |field: &'a str| {
            // A marker in quotes is a level: quotes are how a level of this name is told from a missing value.
            if self.missing.has(field) {
                return Categorical::MISSING;
            }
            *seen.entry(field).or_insert_with(|| {
                levels.push(field);
                levels.len() as u32 - 1
            })
        };
        let codes: Vec<_> = self.iter().map(code).collect();
        if levels.is_empty() {
            return ALL_MISSING;
        }
        Parsed::Categorical {
            codes,
            levels: levels.iter().map(|field| self.format.content(field).into_owned()).collect(),
        }
    }
}

/// Every integer below this is an `f64`.
const MAX_INTEGER: f64 = (1u64 << 53) as f64;

#[inline]
fn number(text: &str) -> Option<f64> {
    text.parse().ok()
}

/// Whether `value` is what was written, where this is beyond the integers that are all there: not an integer that was rounded, nor a
/// number that is beyond all.
fn is_kept(text: &str, value: f64) -> bool {
    let text = text.trim_ascii().trim_start_matches(['+', '-']);
    if value.is_infinite() {
        return text.starts_with(['i', 'I']);
    }
    // With zeros after the point it is an integer too; with an exponent it is a real number, which is always rounded.
    let (whole, decimals) = text.split_once('.').unwrap_or((text, ""));
    let integer = whole.bytes().all(|byte| byte.is_ascii_digit()) && decimals.bytes().all(|byte| byte == b'0');
    !integer || format!("{:.0}", value.abs()) == whole.trim_start_matches('0')
}
