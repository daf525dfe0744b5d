//! Moments as ISO 8601 text, in the proleptic Gregorian calendar without leap seconds.

/// Seconds of a day.
const DAY: i64 = 86_400;

/// Days since 1970-01-01.
///
/// H. Hinnant, *chrono-compatible low-level date algorithms*: years start in March, so that a leap day is a year's last.
pub(crate) fn days_from_date(year: i64, month: i64, day: i64) -> i64 {
    let year = year - i64::from(month <= 2);
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

/// Year, month and day of so many days since 1970-01-01; the inverse of [`days_from_date`].
pub(crate) fn date_from_days(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * from_march + 2) / 5 + 1;
    let month = (from_march + 2) % 12 + 1;
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

/// The days of a month.
fn days_of(year: i64, month: i64) -> i64 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Seconds since 1970-01-01 00:00:00 UTC of `2024-05-01`, or of that day with `T` or a space, hours and minutes, perhaps
/// seconds and their decimals, and perhaps `Z` or an offset such as `+02:00`. Without an offset it is UTC.
/// `None` also outside of what [`iso`] writes: the years 0 to 9999 in UTC, and nine decimals.
pub(crate) fn parse(text: &[u8]) -> Option<f64> {
    let mut rest = Digits(text);
    let year = rest.number(4)?;
    rest.byte(b"-")?;
    let month = rest.number(2)?;
    rest.byte(b"-")?;
    let day = rest.number(2)?;
    if !(1..=12).contains(&month) || !(1..=days_of(year, month)).contains(&day) {
        return None;
    }
    let mut seconds = days_from_date(year, month, day) * DAY;
    let mut fraction = 0.0;
    if rest.byte(b"Tt ").is_some() {
        let hour = rest.number(2)?;
        rest.byte(b":")?;
        let minute = rest.number(2)?;
        let second = if rest.byte(b":").is_some() { rest.number(2)? } else { 0 };
        if hour > 23 || minute > 59 || second > 59 {
            return None;
        }
        if rest.byte(b".").is_some() {
            fraction = rest.fraction()?;
        }
        seconds += hour * 3600 + minute * 60 + second;
        if rest.byte(b"Zz").is_none()
            && let Some(sign) = rest.byte(b"+-")
        {
            let hours = rest.number(2)?;
            rest.byte(b":");
            let minutes = rest.number(2)?;
            if hours > 23 || minutes > 59 {
                return None;
            }
            let offset = hours * 3600 + minutes * 60;
            seconds += if sign == b'+' { -offset } else { offset };
        }
    }
    let moment = seconds as f64 + fraction;
    (rest.0.is_empty() && is_written(moment)).then_some(moment)
}

/// The text that [`parse`] reads as this moment: a date where it is the start of a day, and otherwise with as many decimals, nine at
/// most, as tell it from its neighbours. `None` outside of the years 0 to 9999.
pub(crate) fn iso(moment: f64) -> Option<String> {
    let whole = moment.floor();
    if !is_written(moment) {
        return None;
    }
    let seconds = whole as i64;
    let (year, month, day) = date_from_days(seconds.div_euclid(DAY));
    let date = format!("{year:04}-{month:02}-{day:02}");
    let of_day = seconds.rem_euclid(DAY);
    let fraction = moment - whole;
    if of_day == 0 && fraction == 0.0 {
        return Some(date);
    }
    let text =
        |decimals: &str| format!("{date}T{:02}:{:02}:{:02}{decimals}Z", of_day / 3600, of_day / 60 % 60, of_day % 60);
    if fraction == 0.0 {
        return Some(text(""));
    }
    // A fraction that would be rounded up to 1 is cut instead: the moment stays in its second.
    let decimals =
        |n: usize| format!(".{:0n$}", (fraction * 10f64.powi(n as i32)).round().min(10f64.powi(n as i32) - 1.0) as i64);
    let exact = (1..=9).map(|n| text(&decimals(n))).find(|text| parse(text.as_bytes()) == Some(moment));
    Some(exact.unwrap_or_else(|| text(&decimals(9))))
}

/// Whether a moment is of the years 0 to 9999, which four digits hold.
fn is_written(moment: f64) -> bool {
    let (first, end) = (days_from_date(0, 1, 1) * DAY, days_from_date(10_000, 1, 1) * DAY);
    (first as f64..end as f64).contains(&moment)
}

/// What is left of a text.
struct Digits<'a>(&'a [u8]);

impl Digits<'_> {
    /// The number of the next `n` digits.
    fn number(&mut self, n: usize) -> Option<i64> {
        let (digits, rest) = self.0.split_at_checked(n)?;
        self.0 = rest;
        digits.iter().try_fold(0, |x, digit| digit.is_ascii_digit().then(|| x * 10 + i64::from(digit - b'0')))
    }

    /// The next byte, if it is one of these.
    fn byte(&mut self, of: &[u8]) -> Option<u8> {
        let (&first, rest) = self.0.split_first()?;
        of.contains(&first).then(|| {
            self.0 = rest;
            first
        })
    }

    /// The value of the next digits, one to nine, as decimals.
    fn fraction(&mut self) -> Option<f64> {
        let n = self.0.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let (digits, rest) = self.0.split_at(n);
        self.0 = rest;
        let digits = str::from_utf8(digits).ok().filter(|digits| (1..=9).contains(&digits.len()))?;
        format!("0.{digits}").parse().ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_calendar_goes_both_ways_over_all_days() {
        let (first, last) = (days_from_date(0, 1, 1), days_from_date(9999, 12, 31));
        assert_eq!((first, last), (-719_528, 2_932_896));
        let mut expected = (0, 1, 1);
        for days in first..=last {
            assert_eq!(date_from_days(days), expected);
            assert_eq!(days_from_date(expected.0, expected.1, expected.2), days);
            let (year, month, day) = expected;
            expected = match (month, day == days_of(year, month)) {
                (12, true) => (year + 1, 1, 1),
                (_, true) => (year, month + 1, 1),
                _ => (year, month, day + 1),
            };
        }
    }

    #[test]
    fn moments_are_read() {
        let cases: [(&str, Option<f64>); 28] = [
            ("1970-01-01", Some(0.0)),
            ("2024-02-29", Some(1_709_164_800.0)),
            ("2023-02-29", None),
            ("1900-02-29", None),
            ("2024-05-01T12:34:56Z", Some(1_714_566_896.0)),
            ("2024-05-01 12:34:56", Some(1_714_566_896.0)),
            ("2024-05-01T14:34:56+02:00", Some(1_714_566_896.0)),
            ("2024-05-01T07:04:56-0530", Some(1_714_566_896.0)),
            ("2024-05-01T12:34", Some(1_714_566_840.0)),
            ("2024-05-01T12:34:56.25Z", Some(1_714_566_896.25)),
            ("1969-12-31T23:59:59.5Z", Some(-0.5)),
            ("1970-01-01T00:00:00.000000001Z", Some(1e-9)),
            ("1970-01-01T00:00:00.0000000001Z", None),
            ("0000-01-01T01:00+01:00", Some(-62_167_219_200.0)),
            ("0000-01-01T00:00+01:00", None),
            ("9999-12-31T23:59:59+01:00", Some(253_402_297_199.0)),
            ("9999-12-31T23:59:59-01:00", None),
            ("2024-05-01T12:34:56.", None),
            ("2024-05-01T24:00", None),
            ("2024-05-01T12:60", None),
            ("2024-13-01", None),
            ("2024-00-01", None),
            ("2024-1-1", None),
            ("20240101", None),
            ("2024-01-01x", None),
            ("2024-01-01T", None),
            ("", None),
            ("２024-01-01", None),
        ];
        for (text, expected) in cases {
            assert_eq!(parse(text.as_bytes()), expected, "{text}");
        }
    }

    #[test]
    fn moments_are_written_so_that_they_are_read_again() {
        for (moment, expected) in [
            (0.0, "1970-01-01"),
            (1_714_566_896.0, "2024-05-01T12:34:56Z"),
            (-0.5, "1969-12-31T23:59:59.5Z"),
            (0.000_001, "1970-01-01T00:00:00.000001Z"),
            (-62_167_219_200.0, "0000-01-01"),
        ] {
            assert_eq!(iso(moment).as_deref(), Some(expected));
            assert_eq!(parse(expected.as_bytes()), Some(moment));
        }
        // To the nanosecond, and never into the next second.
        assert_eq!(iso(1e-12).as_deref(), Some("1970-01-01T00:00:00.000000000Z"));
        assert_eq!(iso(1.0 - 1e-12).as_deref(), Some("1970-01-01T00:00:00.999999999Z"));
        for beyond in [-62_167_219_200.5, 253_402_300_800.0, f64::INFINITY, f64::NAN] {
            assert_eq!(iso(beyond), None);
        }
    }
}
