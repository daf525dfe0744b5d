//! Lines of a text file, one at a time, with their numbers, and bounded in length.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use crate::{DataError, FileError};

/// Bytes a line may have. WordNet's longest has 13 KiB; a file without line ends must not fill the memory.
const LONGEST: usize = 1 << 20;

/// A reader of lines that knows where it is.
pub(super) struct LineReader<'a, R> {
    reader: R,
    path: &'a Path,
    number: u64,
    line: Vec<u8>,
}

impl<'a> LineReader<'a, BufReader<File>> {
    pub(super) fn open(path: &'a Path) -> Result<Self, DataError> {
        let file = File::open(path)
            .map_err(|source| DataError::File(FileError::Io { path: path.into(), action: "open", source }))?;
        Ok(Self::new(BufReader::with_capacity(1 << 16, file), path))
    }
}

impl<'a, R: BufRead> LineReader<'a, R> {
    pub(super) fn new(reader: R, path: &'a Path) -> Self {
        Self { reader, path, number: 0, line: Vec::new() }
    }

    /// The next line without its end (LF or CR LF), the first one without a byte order mark; `None` after the last.
    pub(super) fn next(&mut self) -> Result<Option<&[u8]>, DataError> {
        self.line.clear();
        let limit = LONGEST as u64 + 1;
        let read = (&mut self.reader).take(limit).read_until(b'\n', &mut self.line);
        read.map_err(|source| DataError::File(FileError::Io { path: self.path.into(), action: "read", source }))?;
        if self.line.is_empty() {
            return Ok(None);
        }
        self.number += 1;
        if self.line.len() > LONGEST {
            return Err(self.malformed("at most 1 MiB in a line", "more".into()));
        }
        let line =
            self.line.strip_suffix(b"\n").map_or(&self.line[..], |line| line.strip_suffix(b"\r").unwrap_or(line));
        let mark: &[u8] = if self.number == 1 { b"\xef\xbb\xbf" } else { b"" };
        Ok(Some(line.strip_prefix(mark).unwrap_or(line)))
    }

    pub(super) fn path(&self) -> &Path {
        self.path
    }

    /// The error for the line that was read last.
    pub(super) fn malformed(&self, expected: &'static str, got: String) -> DataError {
        DataError::File(FileError::Line { path: self.path.into(), line: self.number, expected, got })
    }
}

/// What an error quotes of a line: as much as fits into a message.
pub(super) fn quote(line: &[u8]) -> String {
    let text = String::from_utf8_lossy(line);
    let shown: String = text.chars().take(60).collect();
    if shown.len() < text.len() { format!("{shown:?}...") } else { format!("{shown:?}") }
}
