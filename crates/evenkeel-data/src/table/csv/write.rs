//! Tables to text.

use std::io::{self, Write};
use std::path::Path;

use super::Csv;
use super::scan::Format;
use crate::table::{Table, Values, time};
use crate::{DataError, file};

impl Csv {
    /// Writes a table, with a header unless [`names`](Self::names) were given (which must be the table's), gzip-compressed if the name of
    /// the file ends in `.gz`. The file appears whole or not at all.
    ///
    /// Numbers are the shortest decimals that read back to the same `f64`, moments are ISO 8601 in UTC, to the nanosecond. Missing
    /// values are empty, or `NA` in a table of one column. Read with the table's [`schema`](Self::schema), it is the same table.
    ///
    /// # Errors
    /// If the file cannot be written, the settings have no way to write missing values or a field that holds a separator or line
    /// end, or a moment is outside of the years 0 to 9999.
    pub fn write(&self, path: impl AsRef<Path>, table: &Table) -> Result<(), DataError> {
        let writer = self.writer(table)?;
        file::write(path.as_ref(), |out| writer.write(out))
    }

    /// Writes a table, uncompressed, to `out`; errors call it `name`.
    ///
    /// # Errors
    /// As [`write`](Self::write).
    pub fn write_to(&self, mut out: impl Write, name: impl AsRef<Path>, table: &Table) -> Result<(), DataError> {
        let written = self.writer(table)?.write(&mut out).and_then(|()| out.flush());
        written.map_err(|source| DataError::Io { path: name.as_ref().into(), action: "write", source })
    }

    /// What writes the table, after all checks.
    fn writer<'a>(&'a self, table: &'a Table) -> Result<Writer<'a>, DataError> {
        const OPERATION: &str = "Csv::write";
        self.check_settings()?;
        if let Some(names) = self.names.as_ref().filter(|names| **names != table.names()) {
            return Err(DataError::Format {
                path: OPERATION.into(),
                expected: format!("the columns {}", names.join(", ")),
                got: table.names().join(", "),
                cure: "select the columns that were named, in that order",
            });
        }
        let missing = if table.columns().len() == 1 { "NA" } else { "" };
        let mut writer = Writer { csv: self, table, missing, levels: Vec::new() };
        for column in table.columns() {
            let refused = |row, expected, got, cure| {
                Err(DataError::Cell { operation: OPERATION, row, column: column.name().into(), expected, got, cure })
            };
            let lacking = (0..column.len()).find(|&row| column.values().is_missing(row));
            if let Some(row) = lacking.filter(|_| !self.missing.has(missing)) {
                return refused(
                    row,
                    "a value, as `missing` has no marker for it",
                    "a missing one".into(),
                    "keep the empty marker, and NA",
                );
            }
            let mut levels = Vec::new();
            match column.values() {
                Values::DateTime(x) => {
                    let beyond = |&row: &usize| !x[row].is_nan() && time::iso(x[row]).is_none();
                    if let Some(row) = (0..x.len()).find(beyond) {
                        let cure = "make the column numeric, or correct it";
                        return refused(row, "a moment of the years 0 to 9999", format!("{} s", x[row]), cure);
                    }
                }
                Values::Categorical(x) => {
                    for level in x.levels() {
                        match self.quoted(level, true) {
                            Some(text) => levels.push(text),
                            None => return Err(self.unquotable(OPERATION, column.name(), level)),
                        }
                    }
                }
                Values::Numeric(_) => {}
            }
            writer.levels.push(levels);
            if self.names.is_none() && self.quoted(column.name(), false).is_none() {
                return Err(self.unquotable(OPERATION, column.name(), column.name()));
            }
        }
        Ok(writer)
    }

    /// A text as a field, in quotes if need be; `None` if that need be and there are no quotes. A `level` is not to be taken for a
    /// missing value.
    fn quoted(&self, text: &str, level: bool) -> Option<String> {
        let Format { separator, quote, .. } = self.format;
        let special = |byte| byte == separator || byte == b'\n' || byte == b'\r' || Some(byte) == quote;
        let spaced = self.trimmed && text != text.trim_ascii();
        // An empty line would be passed over, and a byte order mark cut off.
        let plain = !text.is_empty() && !text.starts_with('\u{feff}') && !text.bytes().any(special) && !spaced;
        if plain && !(level && self.missing.has(text)) {
            return Some(text.into());
        }
        let quote = char::from(quote?).to_string();
        Some(format!("{quote}{}{quote}", text.replace(&quote, &quote.repeat(2))))
    }

    fn unquotable(&self, operation: &'static str, column: &str, text: &str) -> DataError {
        DataError::Column {
            operation,
            column: column.into(),
            expected: "text without separators, line ends and markers of missing values, as there are no quotes".into(),
            got: format!("{text:?}"),
            cure: "set a quote",
        }
    }
}

/// A table that can be written.
struct Writer<'a> {
    csv: &'a Csv,
    table: &'a Table,
    missing: &'static str,
    /// The levels of each column as fields.
    levels: Vec<Vec<String>>,
}

impl Writer<'_> {
    fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        let separator = [self.csv.format.separator];
        if self.csv.names.is_none() {
            let names =
                self.table.columns().iter().map(|column| self.csv.quoted(column.name(), false).unwrap_or_default());
            let separator = char::from(separator[0]).to_string();
            writeln!(out, "{}", names.collect::<Vec<_>>().join(&separator))?;
        }
        for row in 0..self.table.rows() {
            for (at, column) in self.table.columns().iter().enumerate() {
                if at > 0 {
                    out.write_all(&separator)?;
                }
                match column.values() {
                    values if values.is_missing(row) => out.write_all(self.missing.as_bytes())?,
                    Values::Numeric(x) => number(out, x[row])?,
                    Values::DateTime(x) => out.write_all(time::iso(x[row]).unwrap_or_default().as_bytes())?,
                    Values::Categorical(x) => out.write_all(self.levels[at][x.codes()[row] as usize].as_bytes())?,
                }
            }
            out.write_all(b"\n")?;
        }
        Ok(())
    }
}

/// The shortest decimal of a number, with an exponent where it would be long without.
fn number(out: &mut dyn Write, x: f64) -> io::Result<()> {
    if x == 0.0 || !x.is_finite() || (1e-5..1e15).contains(&x.abs()) {
        write!(out, "{x}")
    } else {
        write!(out, "{x:e}")
    }
}
