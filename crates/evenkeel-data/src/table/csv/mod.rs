//! Tables as text: comma-separated values (RFC 4180).

mod batch;
mod chunks;
mod decimal;
mod gather;
mod marks;
mod parse;
mod pass;
mod power;
mod scan;
mod source;
mod write;

pub use chunks::Chunks;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::io::Read;
use std::path::Path;

use gather::Growing;
use parse::{Missing, Wanted};
use pass::Pass;
use scan::Format;
use source::{Kept, Pieces, Source};

use super::{Kind, Schema, Table, check_names};
use crate::{DataError, FileError, TableError};

#[cfg(test)]
mod tests;

/// How a CSV file is read and written.
///
/// ```
/// use evenkeel_data::table::{Csv, Kind};
///
/// let text = "id,age,ward,seen\n007,61,b,2024-05-01\n012,,a,2024-05-02T08:30:00Z\n";
/// let patients = Csv::new().kind("id", Kind::Categorical).read_from(text.as_bytes(), "patients.csv")?;
/// assert_eq!(patients.names_of(Kind::Numeric), ["age"]);
/// assert_eq!(patients.column("id")?.categories()?.get(0), Some("007"));
/// assert!(patients.column("age")?.numbers()?[1].is_nan());
/// assert_eq!(patients.column("seen")?.seconds()?[1], 1_714_638_600.0);
///
/// let error = Csv::new().read_from("a,b\n1,2\n3\n".as_bytes(), "short.csv").unwrap_err();
/// assert!(error.to_string().starts_with("short.csv, line 3 (row 1): expected 2 fields, got 1 field"));
/// # Ok::<(), evenkeel_data::DataError>(())
/// ```
///
/// **Format.** Text in UTF-8, plain or gzip-compressed. Fields are separated by commas, records by `\n` or `\r\n`; empty lines are passed
/// over. A field that holds a separator, a quote or a line end is quoted as a whole, with its quotes doubled. Anything else about
/// quotes is an error, as are records of different lengths.
///
/// **Kinds** are inferred from the whole file: a column is numeric if all its values are numbers (`inf` too), a date-time if all are
/// ISO dates or dates with times (of the years 0 to 9999 in UTC, with at most nine decimals), and otherwise categorical, with its levels in
/// [order](super::Categorical::order); numeric if all are missing.
/// [`kind`](Self::kind) declares others, such as for numbers that are codes. **Integers that an `f64` does not hold**, from 2^53 on,
/// also with `.0`, are an error rather than rounded: declared categorical, a column keeps every digit.
///
/// **Missing values** are empty fields and `NA`, `N/A`, `NaN`, `nan`, `null`, `NULL` and `?`. In a categorical column a quoted `"NA"` is a level of that
/// name; numbers and moments may be quoted or not. Spaces around numbers, moments and their markers do not count.
///
/// **Memory.** The text is read in pieces, which are parsed on all threads, with the same result at any number of them: the table, and some 50 MB. A
/// file whose columns turn out to mix kinds late is read twice; of what cannot be, such as a pipe, the text is kept meanwhile.
#[derive(Clone, Debug, PartialEq)]
pub struct Csv {
    format: Format,
    names: Option<Vec<String>>,
    kinds: BTreeMap<String, Kind>,
    schema: Option<Schema>,
    missing: Missing,
    pieces: Pieces,
}

impl Default for Csv {
    fn default() -> Self {
        let markers = ["", "NA", "N/A", "NaN", "nan", "null", "NULL", "?"];
        Self {
            format: Format { separator: b',', quote: Some(b'"'), trimmed: false, limit: 16 << 20 },
            names: None,
            kinds: BTreeMap::new(),
            schema: None,
            missing: Missing::new(markers.map(String::from).to_vec()),
            pieces: Pieces::default(),
        }
    }
}

impl Csv {
    /// Commas, quotes, a header, and kinds as they are found.
    pub fn new() -> Self {
        Self::default()
    }

    /// Separates fields by this byte, such as `b';'` or `b'\t'`, instead of a comma.
    pub fn separator(mut self, separator: u8) -> Self {
        self.format.separator = separator;
        self
    }

    /// Quotes fields by this byte, which is no letter, digit or space, or by none, instead of `"`.
    pub fn quote(mut self, quote: Option<u8>) -> Self {
        self.format.quote = quote;
        self
    }

    /// These are the names of the columns, and the file has no header.
    pub fn names<S: Into<String>>(mut self, names: impl IntoIterator<Item = S>) -> Self {
        self.names = Some(names.into_iter().map(Into::into).collect());
        self
    }

    /// The kind of a column, whatever its values look like. A value that does not fit is an error.
    pub fn kind(mut self, column: impl Into<String>, kind: Kind) -> Self {
        self.kinds.insert(column.into(), kind);
        self
    }

    /// These columns, kinds and levels, in this order, as of another file. Columns are found by their names; others in the file are
    /// passed over. Levels that the schema does not have come after its own, in the order in which they appear.
    pub fn schema(mut self, schema: &Schema) -> Self {
        self.schema = Some(schema.clone());
        self
    }

    /// What counts as a missing value, instead of the default. A marker that is a number stands for all ways to write it.
    pub fn missing<S: Into<String>>(mut self, markers: impl IntoIterator<Item = S>) -> Self {
        self.missing = Missing::new(markers.into_iter().map(Into::into).collect());
        self
    }

    /// Cuts spaces around unquoted levels and names of the header too, as of files with `, ` between fields. Spaces and tabs outside of the
    /// quotes around a field are then passed over.
    pub fn trimmed(mut self) -> Self {
        self.format.trimmed = true;
        self
    }

    /// The bytes that a record may have at most, instead of 16 MiB; more are not kept in memory.
    pub fn record_limit(mut self, bytes: usize) -> Self {
        self.format.limit = bytes;
        self
    }

    /// Reads a file.
    ///
    /// # Errors
    /// If it cannot be read, is empty or has no rows; names are empty or come twice, or a declared column is not there; a record
    /// has another number of fields than there are columns, is too long, or has quotes in the wrong places; text is not UTF-8; a
    /// value is not of its column's declared kind, or is a number that an `f64` does not hold. Each with file, line, row and column.
    pub fn read(&self, path: impl AsRef<Path>) -> Result<Table, DataError> {
        let kept = Kept::default();
        self.read_source(&|| Source::open_again(path.as_ref(), self, &kept))
    }

    /// Reads what `reader` gives, to its end; errors call it `name`. The text is kept in memory meanwhile.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    pub fn read_from(&self, mut reader: impl Read, name: impl AsRef<Path>) -> Result<Table, DataError> {
        let (name, mut text) = (name.as_ref(), Vec::new());
        let failed = |source| DataError::File(FileError::Io { path: name.into(), action: "read", source });
        reader.read_to_end(&mut text).map_err(failed)?;
        self.read_source(&|| Source::new(&text[..], Some(text.len() as u64), name, self))
    }

    /// The columns of a file, their kinds and levels, as [`read`](Self::read) finds them. Reads all of it, in little memory.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    pub fn infer(&self, path: impl AsRef<Path>) -> Result<Schema, DataError> {
        let kept = Kept::default();
        let columns = self.columns(&|| Source::open_again(path.as_ref(), self, &kept), false)?;
        Schema::new(columns.into_iter().map(Growing::field).collect())
    }

    /// Reads a file in tables of `rows` rows each, the last perhaps of fewer, without holding more of it. Without a
    /// [`schema`](Self::schema) the file is first read for its own, so that all the tables have the same.
    ///
    /// ```
    /// use evenkeel_data::scale::Standard;
    /// use evenkeel_data::table::Csv;
    /// use evenkeel_data::PartialFit;
    /// # use evenkeel_data::table::{Column, Table};
    ///
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("large.csv");
    /// # Csv::new().write(&path, &Table::new(vec![Column::numeric("x", (0..100).map(f64::from).collect())])?)?;
    /// let settings = Standard::default();
    /// let mut state = PartialFit::<f64>::start(&settings, 1)?;
    /// for table in Csv::new().chunks(&path, 30)? {
    ///     settings.observe(&mut state, &table?.to_tensor::<f64>()?)?;
    /// }
    /// assert_eq!(PartialFit::<f64>::finish(&settings, &state)?.mean(), [49.5]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// If `rows` is 0, or what would have to be read for its schema first is no file, such as a pipe; as [`read`](Self::read), here or where
    /// the table is read that has the error.
    pub fn chunks(&self, path: impl AsRef<Path>, rows: usize) -> Result<Chunks, DataError> {
        let path = path.as_ref();
        let schema = match &self.schema {
            Some(schema) => schema.clone(),
            None if path.metadata().is_ok_and(|there| !there.is_file() && !there.is_dir()) => {
                return Err(DataError::File(FileError::Format {
                    path: path.into(),
                    expected: "a file, which is read twice".into(),
                    got: "a pipe or device".into(),
                    cure: "give a schema, or save it to a file first",
                }));
            }
            None => self.infer(path)?,
        };
        let pass = self.clone().schema(&schema).start(Source::open(path, self)?, &BTreeMap::new(), true)?;
        Chunks::new(pass, schema, rows)
    }

    fn read_source<'a>(&self, open: &dyn Fn() -> Result<Source<'a>, DataError>) -> Result<Table, DataError> {
        let columns = self.columns(open, true)?;
        Table::new(columns.into_iter().map(Growing::finish).collect())
    }

    /// The columns that are wanted, in their order, with the values if `keep`.
    fn columns<'a>(
        &self,
        open: &dyn Fn() -> Result<Source<'a>, DataError>,
        keep: bool,
    ) -> Result<Vec<Growing>, DataError> {
        let columns = self.start(open()?, &BTreeMap::new(), keep)?.finish()?;
        if !columns.iter().any(Growing::is_mixed) {
            return Ok(self.in_order(columns));
        }
        let found = columns.into_iter().map(|column| (column.name.clone(), column.kind())).collect();
        let source = open()?;
        let path = source.path().to_path_buf();
        let columns = self.start(source, &found, keep)?.finish()?;
        match columns.iter().find(|column| column.is_mixed()) {
            None => Ok(self.in_order(columns)),
            Some(column) => Err(DataError::File(FileError::Format {
                path,
                expected: "the same text when it is read a second time".into(),
                got: format!("other values in the column {:?}: it changed while it was read", column.name),
                cure: "read it when nothing is writing to it",
            })),
        }
    }

    /// A pass in which columns are of the declared kinds, and otherwise of those `found`.
    fn start<'a>(&self, source: Source<'a>, found: &BTreeMap<String, Kind>, keep: bool) -> Result<Pass<'a>, DataError> {
        self.check_settings()?;
        let path = source.path().to_path_buf();
        let fields = self.schema.iter().flat_map(|schema| schema.fields());
        let fields: HashMap<_, _> = fields.map(|field| (field.name.as_str(), field)).collect();
        let pass = Pass::start(source, self, |name| {
            let kind = self.kinds.get(name).or_else(|| found.get(name)).copied();
            match &self.schema {
                None => Growing::new(name, kind.map_or(Wanted::Inferred, Wanted::Kind), None, keep),
                Some(_) => match fields.get(name) {
                    None => Growing::new(name, Wanted::Nothing, None, false),
                    Some(field) => Growing::new(name, Wanted::Kind(field.kind), Some(&field.levels), keep),
                },
            }
        })?;
        let names: Vec<_> = pass.columns.iter().map(|column| column.name.as_str()).collect();
        let there: HashSet<_> = names.iter().copied().collect();
        let schema = self.schema.iter().flat_map(|schema| schema.names());
        match self.kinds.keys().map(String::as_str).chain(schema).find(|name| !there.contains(name)) {
            None => Ok(pass),
            Some(name) => Err(DataError::File(FileError::Format {
                path,
                expected: format!("a column {name:?}"),
                got: format!("the columns {}", names.join(", ")),
                cure: "check the names, in the file and in what was declared",
            })),
        }
    }

    /// The columns in the order of the schema, if there is one, and of the file otherwise.
    fn in_order(&self, mut columns: Vec<Growing>) -> Vec<Growing> {
        if let Some(schema) = &self.schema {
            let places: HashMap<_, _> = schema.names().into_iter().zip(0..).collect();
            let place = |column: &Growing| places.get(column.name.as_str()).copied();
            columns.retain(|column| place(column).is_some());
            columns.sort_by_cached_key(|column| place(column).unwrap_or(usize::MAX));
        }
        columns
    }

    fn check_settings(&self) -> Result<(), DataError> {
        const OPERATION: &str = "Csv";
        let Format { separator, quote, limit, .. } = self.format;
        let usable = |byte: u8| byte.is_ascii() && byte != b'\n' && byte != b'\r';
        let wrong = |expected, got| Err(DataError::Setting { operation: OPERATION, expected, got });
        if !usable(separator) {
            return wrong("a separator that is an ASCII character and no line end", separator.into());
        }
        // A letter or digit may be a part of a number, and blanks around a field may not count.
        let odd = |quote: u8| quote.is_ascii_alphanumeric() || quote.is_ascii_whitespace();
        if let Some(quote) = quote.filter(|&quote| !usable(quote) || quote == separator || odd(quote)) {
            return wrong(
                "a quote that is an ASCII character, not the separator, and no letter, digit or space",
                quote.into(),
            );
        }
        if limit == 0 || limit > 1 << 30 {
            return wrong("a limit of records of 1 to 2^30 bytes", limit as f64);
        }
        for field in self.schema.iter().flat_map(|schema| schema.fields()) {
            if let Some(kind) = self.kinds.get(&field.name).filter(|&&kind| kind != field.kind) {
                return Err(DataError::Table(TableError::Column {
                    operation: OPERATION,
                    column: field.name.as_str().into(),
                    expected: format!("a {} column, as in the schema", field.kind),
                    got: format!("a {kind} one declared"),
                    cure: "declare its kind in one place",
                }));
            }
        }
        match &self.names {
            Some(names) if names.is_empty() => Err(DataError::Table(TableError::NoColumnsLeft {
                operation: OPERATION,
                cure: "name at least one column",
            })),
            Some(names) => check_names(OPERATION, names.iter().map(String::as_str)),
            None => Ok(()),
        }
    }
}

impl Table {
    /// Reads a CSV file as [`Csv`] does by default: commas, a header, kinds as they are found.
    ///
    /// # Errors
    /// As [`Csv::read`].
    pub fn read_csv(path: impl AsRef<Path>) -> Result<Self, DataError> {
        Csv::new().read(path)
    }

    /// Writes a CSV file as [`Csv`] does by default, gzip-compressed if the name ends in `.gz`.
    ///
    /// # Errors
    /// As [`Csv::write`].
    pub fn write_csv(&self, path: impl AsRef<Path>) -> Result<(), DataError> {
        Csv::new().write(path, self)
    }
}
