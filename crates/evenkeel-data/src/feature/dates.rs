//! Parts of moments.

use std::fmt;

use evenkeel_tensor::{Float, Tensor};

use super::cyclic::{names_of, on_circle};
use super::rows::map_rows;
use crate::fit::{check_input, filled_matrix, refused_value};
use crate::table::time::{date_from_days, days_from_date};
use crate::{DataError, Fit, TableError, Transform};

const NAME: &str = "Dates";

/// Seconds of a day.
const DAY: f64 = 86_400.0;

/// A part of a moment, in UTC and the proleptic Gregorian calendar.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum DatePart {
    /// The year.
    Year,
    /// The month, 1 to 12.
    Month,
    /// The day of the month, 1 to 31.
    Day,
    /// The day of the week, from 0 on Monday to 6 on Sunday.
    Weekday,
    /// The hour, 0 to 23.
    Hour,
    /// The day of the year, 1 to 366.
    DayOfYear,
    /// Days since 1970-01-01, with their fraction: for what rises or falls over the years.
    Days,
}

impl DatePart {
    /// The value at a moment in seconds since 1970-01-01, and its share of its cycle, 0 if it has none.
    fn of(self, seconds: f64) -> (f64, f64) {
        let days = (seconds / DAY).floor();
        let (year, month, day) = date_from_days(days as i64);
        let first_of = |year, month| days_from_date(year, month, 1);
        match self {
            Self::Year => (year as f64, 0.0),
            Self::Month => (month as f64, (month - 1) as f64 / 12.0),
            Self::Day => {
                let next = if month == 12 { first_of(year + 1, 1) } else { first_of(year, month + 1) };
                (day as f64, (day - 1) as f64 / (next - first_of(year, month)) as f64)
            }
            Self::Weekday => {
                let weekday = (days + 3.0).rem_euclid(7.0);
                (weekday, weekday / 7.0)
            }
            Self::Hour => {
                let hour = ((seconds - days * DAY) / 3600.0).floor().clamp(0.0, 23.0);
                (hour, hour / 24.0)
            }
            Self::DayOfYear => {
                let first = first_of(year, 1);
                let day = days as i64 - first;
                ((day + 1) as f64, day as f64 / (first_of(year + 1, 1) - first) as f64)
            }
            Self::Days => (seconds / DAY, 0.0),
        }
    }

    fn is_cyclic(self) -> bool {
        !matches!(self, Self::Year | Self::Days)
    }
}

/// The name behind the column's.
impl fmt::Display for DatePart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Year => "year",
            Self::Month => "month",
            Self::Day => "day",
            Self::Weekday => "weekday",
            Self::Hour => "hour",
            Self::DayOfYear => "day_of_year",
            Self::Days => "days",
        })
    }
}

/// Each column of moments (seconds since 1970-01-01 UTC) to parts of them: `visit_year`, `visit_month`, ...
///
/// - **Parts as numbers** by [`of`](Self::of); **on a circle** by [`cyclic`](Self::cyclic), as `visit_weekday_sin` and
///   `visit_weekday_cos`, so that Sunday is beside Monday. On the circle a month and a year have as many days as that month and
///   year.
/// - **Seconds need `f64`**: in `f32` they are only known to two minutes. Pipelines compute in `f64`.
///
/// There is nothing to learn; settings and transformation are one, and a fit gives it back.
///
/// ```
/// use evenkeel_data::{Tensor, Transform, feature::{DatePart, Dates}};
///
/// let visit = Tensor::from([[1_714_566_896.0]]);                        // 2024-05-01 12:34:56, a Wednesday
/// let dates = Dates::of([DatePart::Year, DatePart::Weekday]).cyclic([DatePart::Hour]);
/// let names = Transform::<f64>::names(&dates, &["visit".into()])?;
/// assert_eq!(names, ["visit_year", "visit_weekday", "visit_hour_sin", "visit_hour_cos"]);
/// let parts = dates.transform(&visit)?;
/// assert_eq!(parts.as_slice()[..2], [2024.0, 2.0]);
/// assert!((parts.get(&[0, 3]) + 1.0f64).abs() < 1e-15);                // at 12 of 24 hours
/// # Ok::<(), evenkeel_data::DataError>(())
/// ```
///
/// # Errors
/// Refuses moments more than 100 million days from 1970, no parts, and cyclic ones that have no cycle (years and days since
/// 1970).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Dates {
    plain: Vec<DatePart>,
    cyclic: Vec<DatePart>,
}

impl Dates {
    /// These parts as numbers.
    pub fn of(parts: impl Into<Vec<DatePart>>) -> Self {
        Self { plain: parts.into(), cyclic: Vec::new() }
    }

    /// These parts as sine and cosine too, after the numbers.
    #[must_use]
    pub fn cyclic(self, parts: impl Into<Vec<DatePart>>) -> Self {
        Self { cyclic: parts.into(), ..self }
    }

    fn width(&self) -> usize {
        self.plain.len() + 2 * self.cyclic.len()
    }

    fn check<F: Float>(&self, x: &Tensor<F>) -> Result<usize, DataError> {
        if self.width() == 0 {
            return Err(DataError::Table(TableError::NoColumnsLeft {
                operation: NAME,
                cure: "name at least one part",
            }));
        }
        if let Some(part) = self.cyclic.iter().find(|part| !part.is_cyclic()) {
            return Err(DataError::Table(TableError::Column {
                operation: NAME,
                column: part.to_string().into(),
                expected: "a part that has a cycle".into(),
                got: "one that goes on".into(),
                cure: "take it as a number, with `Dates::of`",
            }));
        }
        let (_, columns) = check_input(NAME, None, x)?;
        let is_far = |x: &F| x.to_f64().abs() > 1e8 * DAY;
        let Some(at) = x.as_slice().iter().position(is_far) else { return Ok(columns) };
        let (expected, cure) = ("seconds within 100 million days of 1970", "check the unit: milliseconds are too many");
        Err(refused_value(NAME, (x.as_slice(), columns), at, expected, cure))
    }
}

impl<F: Float> Fit<F> for Dates {
    type Fitted = Self;

    fn fit(&self, x: &Tensor<F>) -> Result<Self, DataError> {
        filled_matrix(NAME, x)?;
        self.check(x)?;
        Ok(self.clone())
    }
}

impl<F: Float> Transform<F> for Dates {
    fn operation(&self) -> &'static str {
        NAME
    }

    fn columns(&self) -> Option<usize> {
        None
    }

    fn transform_in_place(&self, x: &mut Tensor<F>) -> Result<(), DataError> {
        let columns = self.check(x)?;
        *x = map_rows(
            NAME,
            x,
            columns * self.width(),
            #[inline(always)]
            |row, out| {
                for (seconds, out) in row.iter().zip(out.chunks_exact_mut(self.width())) {
                    if seconds.is_nan() {
                        out.fill(F::NAN);
                        continue;
                    }
                    let (plain, cyclic) = out.split_at_mut(self.plain.len());
                    for (out, part) in plain.iter_mut().zip(&self.plain) {
                        *out = F::from_f64(part.of(seconds.to_f64()).0);
                    }
                    for (out, part) in cyclic.chunks_exact_mut(2).zip(&self.cyclic) {
                        out.copy_from_slice(&on_circle(part.of(seconds.to_f64()).1, 1.0).map(F::from_f64));
                    }
                }
            },
        )?;
        Ok(())
    }

    fn names(&self, names: &[String]) -> Result<Vec<String>, DataError> {
        let of_column = |name: &String| {
            let plain = self.plain.iter().map(|part| format!("{name}_{part}"));
            let cyclic = self.cyclic.iter().flat_map(|part| names_of(&format!("{name}_{part}")));
            plain.chain(cyclic).collect::<Vec<_>>()
        };
        Ok(names.iter().flat_map(of_column).collect())
    }
}
