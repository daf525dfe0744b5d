//! The values of a column's fields in one block.

use std::collections::HashMap;

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
    /// Those that are numbers.
    numbers: Vec<f64>,
}

impl Missing {
    pub(super) fn new(markers: Vec<String>) -> Self {
        let numbers = markers.iter().filter_map(|text| number(text)).filter(|x| !x.is_nan()).collect();
        Self { markers, numbers }
    }

    pub(super) fn has(&self, text: &str) -> bool {
        self.markers.iter().any(|marker| marker == text)
    }
}

/// The values of a column in one block.
#[derive(Debug)]
pub(super) enum Parsed {
    /// Not wanted.
    Nothing,
    /// All are missing, so that they may be of any kind.
    Missing,
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
    pub(super) trimmed: bool,
}

impl<'a> Fields<'a> {
    fn iter(self) -> impl Iterator<Item = &'a str> {
        // There may be no rows.
        let spans = self.spans.iter().skip(self.column).step_by(self.columns);
        spans.map(move |&(start, end)| &self.text[start as usize..end as usize])
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
            Wanted::Inferred => Ok(self.numeric().or_else(|_| self.date_time()).unwrap_or_else(|_| self.categorical())),
        }
    }

    /// The numbers, or the row of the first field that is none.
    fn numeric(self) -> Result<Parsed, usize> {
        let mut values = Vec::with_capacity(self.spans.len() / self.columns);
        let (mut present, mut lossy) = (false, None);
        for (row, field) in self.iter().enumerate() {
            let mut value = match number(field) {
                Some(value) => value,
                None => self.plain(field, number).ok_or(row)?,
            };
            if value.abs() >= MAX_INTEGER && lossy.is_none() && !is_kept(&self.format.content(field), value) {
                lossy = Some(row);
            }
            if !self.missing.numbers.is_empty() && self.missing.numbers.contains(&value) {
                value = f64::NAN;
            }
            present |= !value.is_nan();
            values.push(value);
        }
        Ok(if present { Parsed::Numeric { values, lossy } } else { Parsed::Missing })
    }

    /// The moments, or the row of the first field that is none.
    fn date_time(self) -> Result<Parsed, usize> {
        let moment = |text: &str| time::parse(text.as_bytes());
        let values = self.iter().enumerate().map(|(row, field)| self.plain(field, moment).ok_or(row));
        let values = values.collect::<Result<Vec<_>, _>>()?;
        Ok(if values.iter().all(|x| x.is_nan()) { Parsed::Missing } else { Parsed::DateTime(values) })
    }

    /// A value that is not text: without quotes and spaces around it; NaN if it is missing.
    fn plain(self, field: &str, parse: impl Fn(&str) -> Option<f64>) -> Option<f64> {
        let content = self.format.content(field);
        let text = content.trim_ascii();
        parse(text).or_else(|| self.missing.has(text).then_some(f64::NAN))
    }

    fn categorical(self) -> Parsed {
        let mut levels = Vec::new();
        let mut seen = HashMap::new();
        let code = |field: &'a str| {
            let field = if self.trimmed { field.trim_ascii() } else { field };
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
            return Parsed::Missing;
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
    let digits = text.trim_start_matches('0');
    !text.bytes().all(|byte| byte.is_ascii_digit()) || format!("{:.0}", value.abs()) == digits
}
