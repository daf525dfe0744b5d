//! The values of a column's fields in one block.

use std::collections::HashMap;

use super::batch::Batch;
use super::decimal::LANES;
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
        let kept = |text: &String| number(text.as_bytes()).filter(|&x| !x.is_nan() && is_held(text, x));
        let numbers = markers.iter().filter_map(kept).collect();
        Self { markers, numbers }
    }

    pub(super) fn has(&self, text: &[u8]) -> bool {
        self.markers.iter().any(|marker| marker.as_bytes() == text)
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

/// The numbers in a column, as they are read.
#[derive(Debug)]
pub(super) struct Numbers {
    values: Vec<f64>,
    /// Whether there are others than missing ones.
    present: bool,
    /// The first row whose number an `f64` does not hold.
    lossy: Option<usize>,
    /// The first row with a field that is no number, where reading them ends.
    other: Option<usize>,
}

impl Numbers {
    /// With room for so many, if numbers may be wanted.
    pub(super) fn new(wanted: Wanted, rows: usize) -> Self {
        let may_be = matches!(wanted, Wanted::Inferred | Wanted::Kind(Kind::Numeric));
        let (rows, other) = if may_be { (rows, None) } else { (0, Some(0)) };
        Self { values: Vec::with_capacity(rows), present: false, lossy: None, other }
    }

    /// The numbers, or the row of the first field that is none.
    fn finish(self) -> Result<Parsed, usize> {
        match self.other {
            Some(row) => Err(row),
            None if self.present => Ok(Parsed::Numeric { values: self.values, lossy: self.lossy }),
            None => Ok(ALL_MISSING),
        }
    }
}

/// The fields of one column.
#[derive(Clone, Copy)]
pub(super) struct Fields<'a> {
    pub(super) text: &'a [u8],
    pub(super) column: usize,
    pub(super) columns: usize,
    pub(super) format: Format,
    pub(super) missing: &'a Missing,
}

impl<'a> Fields<'a> {
    /// The column's spans in some records.
    fn of_column<'s>(self, records: &'s [(u32, u32)]) -> impl Iterator<Item = (usize, usize)> + Clone + use<'s> {
        let spans = records.chunks_exact(self.columns).map(move |record| record[self.column]);
        spans.map(|(start, end)| (start as usize, end as usize))
    }

    fn iter(self, spans: &[(u32, u32)]) -> impl Iterator<Item = &'a [u8]> {
        self.of_column(spans).map(move |(start, end)| &self.text[start..end])
    }

    /// What becomes of the column, whose numbers were read if they may be wanted.
    pub(super) fn parse(self, spans: &[(u32, u32)], wanted: Wanted, numbers: Numbers) -> Result<Parsed, Misfit> {
        match wanted {
            Wanted::Nothing => Ok(Parsed::Nothing),
            Wanted::Kind(Kind::Numeric) => {
                let parsed = numbers.finish().map_err(|row| Misfit {
                    row,
                    expected: "a number or a missing value",
                    cure: "correct it, declare the column categorical, or add a marker of missing values",
                })?;
                match parsed {
                    Parsed::Numeric { lossy: Some(row), .. } => Err(Misfit { row, expected: LOSSY.0, cure: LOSSY.1 }),
                    parsed => Ok(parsed),
                }
            }
            Wanted::Kind(Kind::DateTime) => self.date_time(spans).map_err(|row| Misfit {
                row,
                expected: "a date such as 2024-05-01, or a date and time such as 2024-05-01T12:30:00Z",
                cure: "correct it, declare the column categorical, or add a marker of missing values",
            }),
            Wanted::Kind(Kind::Categorical) => Ok(self.categorical(spans)),
            Wanted::Inferred => Ok(match numbers.finish() {
                // What a number's rules take for missing, such as quoted markers, may be a level by those of levels.
                Ok(Parsed::Missing { .. }) => Parsed::Missing {
                    moments: self.date_time(spans).is_ok(),
                    levels: self.iter(spans).all(|field| self.missing.has(field)),
                },
                Ok(numbers) => numbers,
                Err(_) => self.date_time(spans).unwrap_or_else(|_| self.categorical(spans)),
            }),
        }
    }

    /// Reads the numbers in further records.
    pub(super) fn read(self, records: &[(u32, u32)], batch: &mut Batch, numbers: &mut Numbers) {
        for records in records.chunks(LANES * self.columns) {
            if numbers.other.is_some() {
                return;
            }
            let (read, largest) = batch.read(self.text, self.of_column(records));
            let read = &read[..records.len() / self.columns];
            if self.missing.numbers.is_empty() && largest < MAX_INTEGER {
                numbers.values.extend_from_slice(read);
                numbers.present = true;
                continue;
            }
            for (&number, (start, end)) in read.iter().zip(self.of_column(records)) {
                let row = numbers.values.len();
                let Some(mut value) = Some(number).filter(|x| !x.is_nan()).or_else(|| self.other(start, end)) else {
                    numbers.other = Some(row);
                    return;
                };
                if value.abs() >= MAX_INTEGER && !self.is_kept(start, end, &mut value) {
                    numbers.lossy.get_or_insert(row);
                } else if self.missing.has_number(value) {
                    value = f64::NAN;
                }
                numbers.present |= !value.is_nan();
                numbers.values.push(value);
            }
        }
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
        if str::from_utf8(&content).is_ok_and(|content| is_kept(content, *value)) {
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
    fn date_time(self, spans: &[(u32, u32)]) -> Result<Parsed, usize> {
        let values = self.iter(spans).enumerate().map(|(row, field)| self.plain(field, time::parse).ok_or(row));
        let values = values.collect::<Result<Vec<_>, _>>()?;
        Ok(if values.iter().all(|x| x.is_nan()) { ALL_MISSING } else { Parsed::DateTime(values) })
    }

    /// A value that is not text: without quotes and spaces around it; NaN if it is missing.
    fn plain(self, field: &[u8], parse: impl Fn(&[u8]) -> Option<f64>) -> Option<f64> {
        let content = self.format.content(field);
        let text = content.trim_ascii();
        if self.missing.has(text) { Some(f64::NAN) } else { parse(text) }
    }

    fn categorical(self, spans: &[(u32, u32)]) -> Parsed {
        let mut levels = Vec::new();
        let mut seen = HashMap::new();
        let code = |field: &'a [u8]| {
            // A marker in quotes is a level: quotes are how a level of this name is told from a missing value.
            if self.missing.has(field) {
                return Categorical::MISSING;
            }
            *seen.entry(field).or_insert_with(|| {
                levels.push(field);
                levels.len() as u32 - 1
            })
        };
        let codes: Vec<_> = self.iter(spans).map(code).collect();
        if levels.is_empty() {
            return ALL_MISSING;
        }
        Parsed::Categorical {
            codes,
            levels: levels
                .iter()
                .map(|field| String::from_utf8_lossy(&self.format.content(field)).into_owned())
                .collect(),
        }
    }
}

/// Every integer below this is an `f64`.
const MAX_INTEGER: f64 = (1u64 << 53) as f64;

#[inline]
fn number(text: &[u8]) -> Option<f64> {
    str::from_utf8(text).ok()?.parse().ok()
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
