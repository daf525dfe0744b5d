//! The text of a file, in groups of whole records.

use std::fmt;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use flate2::bufread::MultiGzDecoder;

use super::scan::{Fault, Format, count_lines};
use crate::DataError;

/// Bytes that are read at a time, and whose blocks are parsed side by side.
const GROUP: usize = 8 << 20;
/// Bytes that one task parses.
const BLOCK: usize = 256 << 10;

/// The text of a file from its start, without a byte order mark, decompressed if it is gzip.
pub(super) struct Source<'a> {
    reader: Box<dyn Read + Send + 'a>,
    path: PathBuf,
    format: Format,
    /// What was read of a record that is not whole yet.
    rest: Vec<u8>,
    /// All the bytes there are, where that is known beforehand.
    length: Option<u64>,
    at_start: bool,
    at_end: bool,
}

/// Whole records, and the ends of blocks of them.
#[derive(Debug, Default)]
pub(super) struct Group {
    pub(super) text: Vec<u8>,
    pub(super) ends: Vec<usize>,
}

/// Why there is no next group.
pub(super) enum Failure {
    Error(DataError),
    /// A record is too long; so many lines of the group come before it.
    TooLong(Fault, u64),
}

impl<'a> Source<'a> {
    pub(super) fn open(path: &Path, format: Format) -> Result<Self, DataError> {
        let failed = |action| move |source| DataError::Io { path: path.into(), action, source };
        let file = File::open(path).map_err(failed("open"))?;
        let metadata = file.metadata().map_err(failed("read"))?;
        // A pipe or a device has no length.
        Self::new(file, metadata.is_file().then_some(metadata.len()), path, format)
    }

    /// The text that `reader` gives, of so many bytes if that is known.
    pub(super) fn new(
        reader: impl Read + Send + 'a,
        length: Option<u64>,
        path: &Path,
        format: Format,
    ) -> Result<Self, DataError> {
        let mut reader = BufReader::with_capacity(1 << 16, reader);
        let start = reader.fill_buf().map_err(|source| DataError::Io { path: path.into(), action: "read", source })?;
        let compressed = start.starts_with(&[0x1f, 0x8b]);
        let reader: Box<dyn Read + Send> =
            if compressed { Box::new(MultiGzDecoder::new(reader)) } else { Box::new(reader) };
        let length = length.filter(|_| !compressed);
        Ok(Self { reader, path: path.into(), format, length, rest: Vec::new(), at_start: true, at_end: false })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// All the bytes there are, where that is known beforehand.
    pub(super) fn length(&self) -> Option<u64> {
        self.length
    }

    /// Puts the next whole records into `group`; none, if the file is at its end.
    pub(super) fn next(&mut self, group: &mut Group) -> Result<(), Failure> {
        group.text.clear();
        group.ends.clear();
        group.text.append(&mut self.rest);
        while !self.at_end && group.ends.is_empty() {
            let more = GROUP.max(group.text.len());
            let got = self.read(&mut group.text, more).map_err(Failure::Error)?;
            self.at_end = got < more;
            if self.at_end && group.text.last().is_some_and(|&last| last != b'\n') {
                group.text.push(b'\n');
            }
            group.ends = self.format.blocks(&group.text, BLOCK);
            let end = group.ends.last().copied().unwrap_or(0);
            let rest = group.text.len() - end;
            if rest > self.format.limit {
                return Err(Failure::TooLong(self.format.too_long(end, 0), count_lines(&group.text[..end])));
            }
            if self.at_end && rest > 0 {
                // The last record lacks its closing quote, which is for the one who takes it apart to say.
                group.ends.push(group.text.len());
            } else if end > 0 {
                self.rest.extend_from_slice(&group.text[end..]);
                group.text.truncate(end);
            }
        }
        Ok(())
    }

    /// Appends up to `n` bytes to `text`, and says how many.
    fn read(&mut self, text: &mut Vec<u8>, n: usize) -> Result<usize, DataError> {
        let before = text.len();
        let read = self.reader.by_ref().take(n as u64).read_to_end(text);
        let got = read.map_err(|source| self.failed(source))?;
        if std::mem::take(&mut self.at_start) && text[before..].starts_with(b"\xef\xbb\xbf") {
            text.drain(before..before + 3);
        }
        Ok(got)
    }

    fn failed(&self, source: io::Error) -> DataError {
        let path = self.path.clone();
        // The decoder's own complaints have these kinds; the operating system's do not.
        match source.kind() {
            io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput | io::ErrorKind::UnexpectedEof => {
                DataError::Corrupt { path, source }
            }
            _ => DataError::Io { path, action: "read", source },
        }
    }
}

impl fmt::Debug for Source<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Source").field("path", &self.path).finish_non_exhaustive()
    }
}
