//! One pass over a file: from its text to growing columns.

use evenkeel_tensor::parallel;

use super::Csv;
use super::batch::Batch;
use super::decimal::LANES;
use super::gather::Growing;
use super::parse::{Fields, LOSSY, Misfit, Numbers, Parsed, Wanted};
use super::scan::{Fault, Format, Scanner, count_lines};
use super::source::{Failure, Group, Source};
use crate::table::check_names;
use crate::{DataError, FileError, TableError};

/// Fields that are taken apart together.
const FIELDS: usize = 1024;

/// One pass over a file.
#[derive(Debug)]
pub(super) struct Pass<'a> {
    source: Source<'a>,
    csv: Csv,
    /// Those of the file, in its order.
    pub(super) columns: Vec<Growing>,
    group: Group,
    /// Where the records of the group start that were not parsed.
    start: usize,
    ahead: Group,
    /// Lines and rows so far.
    line: u64,
    row: u64,
}

/// What one block holds.
struct Block {
    lines: u64,
    rows: usize,
    columns: Vec<Parsed>,
    /// Numbers that an `f64` does not hold: the column, and where.
    lossy: Vec<(usize, Refusal)>,
}

/// Why a block cannot be read, at a position of its text.
struct Refusal {
    at: usize,
    record: usize,
    why: Why,
}

enum Why {
    Fault(Fault),
    Field { column: usize, expected: &'static str, got: String, cure: &'static str },
}

impl<'a> Pass<'a> {
    /// Reads the header, and has `column` say for each name what is to become of it.
    pub(super) fn start(
        mut source: Source<'a>,
        csv: &Csv,
        column: impl Fn(&str) -> Growing,
    ) -> Result<Self, DataError> {
        let mut group = Group::default();
        let mut line = 0;
        let (names, start) = loop {
            source.next(&mut group).map_err(|failure| failed(&source, failure, line))?;
            let Some(names) = &csv.names else {
                let (names, start, lines) = header(&source, csv.format, &group, line)?;
                line += lines;
                if names.is_empty() {
                    // Empty lines and nothing else so far.
                    continue;
                }
                break (names, start);
            };
            break (names.clone(), 0);
        };
        let columns = names.iter().map(|name| column(name)).collect();
        Ok(Self { source, csv: csv.clone(), columns, group, start, ahead: Group::default(), line, row: 0 })
    }

    /// Parses the next part of the file; `false` at its end.
    pub(super) fn step(&mut self) -> Result<bool, DataError> {
        if self.group.text().is_empty() {
            return Ok(false);
        }
        let wanted: Vec<_> = self.columns.iter().map(Growing::next_wanted).collect();
        let (source, csv, ahead) = (&mut self.source, &self.csv, &mut self.ahead);
        let texts = texts(&self.group, self.start);
        let (read, blocks) = parallel::join(|| source.next(ahead), || parse_blocks(csv, &texts, &wanted));

        let mut parsed = Vec::with_capacity(blocks.len());
        for (block, text) in blocks.into_iter().zip(texts) {
            let place = Place { pass: self, text };
            let block = block.map_err(|refusal| place.error(refusal))?;
            let lossy: Vec<_> = block.lossy.into_iter().map(|(at, refusal)| (at, place.error(refusal))).collect();
            self.line += block.lines;
            self.row += block.rows as u64;
            lossy.into_iter().for_each(|(at, error)| self.columns[at].note_lossy(error));
            parsed.push((block.rows, block.columns));
        }
        parallel::chunks_mut(&mut self.columns, 1, |at, column| {
            parsed.iter().for_each(|(rows, block)| column[0].append(&block[at], *rows));
        });
        read.map_err(|failure| failed(&self.source, failure, self.line))?;
        std::mem::swap(&mut self.group, &mut self.ahead);
        self.start = 0;
        Ok(true)
    }

    /// Parses the rest of the file.
    ///
    /// # Errors
    /// Also if there were no rows at all.
    pub(super) fn finish(mut self) -> Result<Vec<Growing>, DataError> {
        let more = self.step()?;
        if let Some(length) = self.source.length().filter(|_| more) {
            // If the file goes on like its first group, which is what was parsed. Room for 5 % more is not touched, and given back.
            let groups = length as f64 / self.ahead.text().len().max(1) as f64;
            let rows = (1.05 * groups * self.row as f64) as usize;
            self.columns.iter_mut().for_each(|column| column.reserve(rows));
        }
        while self.step()? {
            if self.columns.iter().any(Growing::is_mixed) {
                // The file will be read again, with these columns as categorical; this pass only finds out which.
                self.columns.iter_mut().for_each(Growing::forget);
            }
        }
        self.check_rows()?;
        self.columns.iter_mut().try_for_each(Growing::check)?;
        Ok(self.columns)
    }

    /// Refuses a file without rows.
    pub(super) fn check_rows(&self) -> Result<(), DataError> {
        if self.row > 0 {
            return Ok(());
        }
        Err(DataError::File(FileError::Format {
            path: self.source.path().into(),
            expected: "rows after the header".into(),
            got: "none".into(),
            cure: "check that the data were written; name the columns if the first line is not a header",
        }))
    }
}

/// The error of a group that cannot be read, which so many lines come before.
fn failed(source: &Source<'_>, failure: Failure, line: u64) -> DataError {
    match failure {
        Failure::Error(error) => error,
        Failure::TooLong(Fault { expected, got, cure, .. }, lines) => DataError::File(FileError::Record {
            path: source.path().into(),
            line: line + lines + 1,
            row: None,
            expected: expected.into(),
            got: got.into(),
            cure,
        }),
    }
}

/// The names in the first record of a group, which `line` lines come before, where the next record starts, and the lines up to it. No
/// names, if the group has empty lines only.
fn header(
    source: &Source<'_>,
    format: Format,
    group: &Group,
    line: u64,
) -> Result<(Vec<String>, usize, u64), DataError> {
    let path = source.path();
    let wrong = |expected: &str, got: String, cure| {
        DataError::File(FileError::Format { path: path.into(), expected: expected.into(), got, cure })
    };
    let mut scanner = Scanner::new(format, group.text(), None);
    scanner.take(1).map_err(|fault| {
        DataError::File(FileError::Record {
            path: path.into(),
            line: line + 1 + count_lines(&group.text()[..fault.at]),
            row: None,
            expected: fault.expected.into(),
            got: fault.got.into(),
            cure: fault.cure,
        })
    })?;
    if group.text().is_empty() {
        return Err(wrong("a header and rows", "an empty file".into(), "check that the data were written"));
    }
    let Scanner { spans, at: end, lines, .. } = scanner;
    let text = &group.text()[..end];
    str::from_utf8(text).map_err(|error| {
        let byte = group.text()[error.valid_up_to()];
        wrong("a header in UTF-8", format!("the byte {byte:02x}"), "convert the file to UTF-8")
    })?;
    let name = |&(start, end): &(u32, u32)| format.content(&text[start as usize..end as usize]);
    let names: Vec<_> = spans.iter().map(|span| String::from_utf8_lossy(&name(span)).into_owned()).collect();
    check_names("", names.iter().map(String::as_str)).map_err(|error| match error {
        DataError::Table(TableError::Column { column, expected, got, .. }) if column.is_empty() => {
            wrong(&format!("{expected} in the header"), got, "name it in the file, or give names for all columns")
        }
        DataError::Table(TableError::Column { column, expected, .. }) => wrong(
            &format!("{expected} in the header"),
            format!("{column:?} twice"),
            "rename one of them in the file; if there is no header, give the names",
        ),
        other => other,
    })?;
    Ok((names, end, lines))
}

/// The texts of a group's blocks, of what lies behind `start`.
fn texts(group: &Group, start: usize) -> Vec<&[u8]> {
    let starts = std::iter::once(0).chain(group.ends.iter().copied());
    let texts = starts.zip(&group.ends).map(|(from, &to)| &group.text()[from.max(start).min(to)..to]);
    texts.filter(|text| !text.is_empty()).collect()
}

fn parse_blocks(csv: &Csv, texts: &[&[u8]], wanted: &[Wanted]) -> Vec<Result<Block, Refusal>> {
    let mut blocks: Vec<_> = texts.iter().map(|_| None).collect();
    parallel::chunks_mut(&mut blocks, 1, |at, block| block[0] = Some(parse_block(csv, texts[at], wanted)));
    blocks.into_iter().flatten().collect()
}

fn parse_block(csv: &Csv, text: &[u8], wanted: &[Wanted]) -> Result<Block, Refusal> {
    let columns = wanted.len();
    let fields = |column| Fields { text, column, columns, format: csv.format, missing: &csv.missing };
    let mut scanner = Scanner::new(csv.format, text, Some(columns));
    let (mut numbers, mut batch) = (Vec::new(), Batch::new());
    // Records of a few fields together, so that their text is still in the nearest cache when a column of it is read.
    let records = LANES * (FIELDS / LANES / columns).max(1);
    while scanner.at < text.len() {
        let known = scanner.spans.len();
        scanner.take(records).map_err(|fault| Refusal {
            at: fault.at,
            record: fault.record,
            why: Why::Fault(fault),
        })?;
        if numbers.is_empty() {
            // If all records are like the first.
            let steps = text.len() / scanner.at + 1;
            scanner.spans.reserve(steps * scanner.spans.len());
            numbers.extend(wanted.iter().map(|&wanted| Numbers::new(wanted, steps * records)));
        }
        for (column, numbers) in numbers.iter_mut().enumerate() {
            fields(column).read(&scanner.spans[known..], &mut batch, numbers);
        }
    }
    let is_ascii = scanner.is_ascii();
    let Scanner { spans, lines, .. } = scanner;
    if !is_ascii {
        str::from_utf8(text).map_err(|error| {
            let at = error.valid_up_to();
            let field = spans.iter().rposition(|&(start, _)| start as usize <= at).unwrap_or(0);
            refuse(text, &spans, columns, field, "text in UTF-8", "convert the file to UTF-8")
        })?;
    }
    let mut block =
        Block { lines, rows: spans.len() / columns, columns: Vec::with_capacity(columns), lossy: Vec::new() };
    let mut misfits = Vec::new();
    for (column, (&wanted, numbers)) in wanted.iter().zip(numbers).enumerate() {
        match fields(column).parse(&spans, wanted, numbers) {
            Ok(parsed) => {
                if let Parsed::Numeric { lossy: Some(row), .. } = parsed {
                    block.lossy.push((column, refuse(text, &spans, columns, row * columns + column, LOSSY.0, LOSSY.1)));
                }
                block.columns.push(parsed);
            }
            Err(misfit) => misfits.push((misfit, column)),
        }
    }
    // The first row's first.
    match misfits.into_iter().min_by_key(|(misfit, _)| misfit.row) {
        Some((Misfit { row, expected, cure }, column)) => {
            Err(refuse(text, &spans, columns, row * columns + column, expected, cure))
        }
        None => Ok(block),
    }
}

/// Refuses field number `field` of a block.
fn refuse(
    text: &[u8],
    spans: &[(u32, u32)],
    columns: usize,
    field: usize,
    expected: &'static str,
    cure: &'static str,
) -> Refusal {
    let (start, end) = spans[field];
    let content = String::from_utf8_lossy(&text[start as usize..end as usize]);
    let mut got: String = content.chars().take(40).collect();
    if got.len() < content.len() {
        got.push_str("...");
    }
    let why = Why::Field { column: field % columns, expected, got, cure };
    Refusal { at: start as usize, record: field / columns, why }
}

/// The text of the next block of a pass.
struct Place<'p, 'a> {
    pass: &'p Pass<'a>,
    text: &'p [u8],
}

impl Place<'_, '_> {
    fn error(&self, refusal: Refusal) -> DataError {
        let path = self.pass.source.path().into();
        let line = self.pass.line + count_lines(&self.text[..refusal.at]) + 1;
        let row = self.pass.row + refusal.record as u64;
        match refusal.why {
            Why::Fault(Fault { expected, got, cure, .. }) => DataError::File(FileError::Record {
                path,
                line,
                row: Some(row),
                expected: expected.into(),
                got: got.into(),
                cure,
            }),
            Why::Field { column, expected, got, cure } => {
                let column = self.pass.columns[column].name.as_str().into();
                DataError::File(FileError::Field { path, line, row, column, expected, got: got.into(), cure })
            }
        }
    }
}
