//! Tables to text.

use std::io::{self, Write};
use std::path::Path;

use super::Csv;
use super::scan::Format;
use crate::table::{Table, Values, time};
use crate::{DataError, FileError, TableError, file};

const UNMARKED: &str = "a value that is not a marker of missing ones";

impl Csv {
    /// Writes a table, with a header unless [`names`](Self::names) were given (which must be the table's), gzip-compressed if the name of
    /// the file ends in `.gz`. The file appears whole or not at all.
    ///
    /// Numbers are the shortest decimals that read back to the same `f64`, moments are ISO 8601 in UTC, to the nanosecond. Missing
    /// values are empty, or `NA` in a table of one column. Read with the table's [`schema`](Self::schema), it is the same table.
    ///
    /// # Errors
    /// If the file cannot be written, the settings have no way to write missing values or a field that holds a separator or line
    /// end, a value would be read as a missing one, or a moment is outside of the years 0 to 9999.
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
        written.map_err(|source| DataError::File(FileError::Io { path: name.as_ref().into(), action: "write", source }))
    }

    /// What writes the table, after all checks.
    fn writer<'a>(&'a self, table: &'a Table) -> Result<Writer<'a>, DataError> {
        const OPERATION: &str = "Csv::write";
        self.check_settings()?;
        if let Some(names) = self.names.as_ref().filter(|names| **names != table.names()) {
            return Err(DataError::File(FileError::Format {
                path: OPERATION.into(),
                expected: format!("the columns {}", names.join(", ")),
                got: table.names().join(", "),
                cure: "select the columns that were named, in that order",
            }));
        }
        let missing = if table.columns().len() == 1 { "NA" } else { "" };
        let mut writer = Writer { csv: self, table, missing, levels: Vec::new(), enclosed: Vec::new() };
        for column in table.columns() {
            let refused = |row, expected, got, cure| {
                Err(DataError::Table(TableError::Cell {
                    operation: OPERATION,
                    row,
                    column: column.name().into(),
                    expected,
                    got,
                    cure,
                }))
            };
            let lacking = (0..column.len()).find(|&row| column.values().is_missing(row));
            let split = missing.as_bytes().contains(&self.format.separator);
            if let Some(row) = lacking.filter(|_| split || !self.missing.has(missing.as_bytes())) {
                return refused(
                    row,
                    "a value, as there is no marker for it that is no separator",
                    "a missing one".into(),
                    "keep the empty marker, and NA, and choose a usual separator",
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
                    let marked = |&row: &usize| time::iso(x[row]).is_some_and(|text| self.missing.has(text.as_bytes()));
                    if let Some(row) = (0..x.len()).find(marked) {
                        return refused(row, UNMARKED, time::iso(x[row]).unwrap_or_default(), "choose another marker");
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
                Values::Numeric(x) => {
                    if let Some(row) = (0..x.len()).find(|&row| self.missing.has_number(x[row])) {
                        return refused(row, UNMARKED, x[row].to_string(), "choose another marker");
                    }
                }
            }
            writer.levels.push(levels);
            // What numbers and moments consist of.
            let used: &[u8] = match column.values() {
                Values::Numeric(_) => b"0123456789+-.einf",
                Values::DateTime(_) => b"0123456789-:.TZ",
                Values::Categorical(_) => b"",
            };
            let enclosed = used.iter().any(|&byte| byte == self.format.separator || Some(byte) == self.format.quote);
            if enclosed && self.format.quote.is_none() {
                return Err(DataError::Table(TableError::Column {
                    operation: OPERATION,
                    column: column.name().into(),
                    expected: format!("values without the separator {:?}", char::from(self.format.separator)),
                    got: format!("a {} column", column.kind()),
                    cure: "set a quote, or another separator",
                }));
            }
            writer.enclosed.push(enclosed);
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
        let spaced = self.format.trimmed && text != text.trim_ascii();
        // An empty line would be passed over, and a byte order mark cut off.
        let plain = !text.is_empty() && !text.starts_with('\u{feff}') && !text.bytes().any(special) && !spaced;
        if plain && !(level && self.missing.has(text.as_bytes())) {
            return Some(text.into());
        }
        let quote = char::from(quote?).to_string();
        let quoted = format!("{quote}{}{quote}", text.replace(&quote, &quote.repeat(2)));
        Some(quoted).filter(|quoted| !(level && self.missing.has(quoted.as_bytes())))
    }

    /// A number or moment as a field, in quotes if need be.
    fn enclosed(&self, text: &str) -> String {
        self.quoted(text, false).unwrap_or_default()
    }

    fn unquotable(&self, operation: &'static str, column: &str, text: &str) -> DataError {
        DataError::Table(TableError::Column {
            operation,
            column: column.into(),
            expected: "text without separators, line ends and markers of missing values, as there are no quotes".into(),
            got: format!("{text:?}"),
            cure: "set a quote",
        })
    }
}

/// A table that can be written.
struct Writer<'a> {
    csv: &'a Csv,
    table: &'a Table,
    missing: &'static str,
    /// The levels of each column as fields.
    levels: Vec<Vec<String>>,
    /// Whether the numbers or moments of each column may hold a separator or quote.
    enclosed: Vec<bool>,
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
                    Values::Numeric(x) if self.enclosed[at] => {
                        let mut text = Vec::new();
                        number(&mut text, x[row])?;
                        out.write_all(self.csv.enclosed(&String::from_utf8_lossy(&text)).as_bytes())?;
                    }
                    Values::DateTime(x) if self.enclosed[at] => {
                        out.write_all(self.csv.enclosed(&time::iso(x[row]).unwrap_or_default()).as_bytes())?;
                    }
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
