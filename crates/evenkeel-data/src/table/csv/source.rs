//! The text of a file, in groups of whole records.

use std::fmt;
use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use super::Csv;
use super::scan::{Fault, Format, count_lines};
use crate::file::{self, Decompressed};
use crate::{DataError, FileError};

/// In what pieces a text is taken. What is read does not depend on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Pieces {
    /// Bytes that are read at a time, and whose blocks are parsed side by side.
    pub(super) group: usize,
    /// Bytes that one task parses.
    pub(super) block: usize,
}

impl Default for Pieces {
    fn default() -> Self {
        Self { group: 8 << 20, block: 256 << 10 }
    }
}

/// What was read of a pipe or a device, which cannot be read again; `None` as long as that was not tried.
pub(super) type Kept = Mutex<Option<Vec<u8>>>;

/// The text of a file from its start, without a byte order mark, decompressed if it is gzip.
pub(super) struct Source<'a> {
    reader: Box<dyn Read + Send + 'a>,
    path: PathBuf,
    format: Format,
    pieces: Pieces,
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
    /// The text, and behind it what is left of others: memory to read into has to be filled only once.
    buffer: Vec<u8>,
    len: usize,
    /// Whether there are quotes in it.
    quoted: bool,
    pub(super) ends: Vec<usize>,
}

impl Group {
    pub(super) fn text(&self) -> &[u8] {
        &self.buffer[..self.len]
    }

    fn append(&mut self, text: &[u8]) {
        let end = self.len + text.len();
        if self.buffer.len() < end {
            self.buffer.resize(end, 0);
        }
        self.buffer[self.len..end].copy_from_slice(text);
        self.len = end;
    }
}

/// Why there is no next group.
pub(super) enum Failure {
    Error(DataError),
    /// A record is too long; so many lines of the group come before it.
    TooLong(Fault, u64),
}

impl<'a> Source<'a> {
    /// The text of a file, or of a pipe or device that is read once.
    pub(super) fn open(path: &Path, csv: &Csv) -> Result<Self, DataError> {
        let (file, length) = opened(path)?;
        Self::new(file, length, path, csv)
    }

    /// The text of a file, or of a pipe or device, which is kept for the next call.
    pub(super) fn open_again(path: &Path, csv: &Csv, kept: &'a Kept) -> Result<Self, DataError> {
        if let Some(text) = kept.lock().unwrap_or_else(PoisonError::into_inner).take() {
            let length = text.len() as u64;
            return Self::new(io::Cursor::new(text), Some(length), path, csv);
        }
        match opened(path)? {
            (file, None) => Self::new(Keeping { file, kept }, None, path, csv),
            (file, length) => Self::new(file, length, path, csv),
        }
    }

    /// The text that `reader` gives, of so many bytes if that is known.
    pub(super) fn new(
        reader: impl Read + Send + 'a,
        length: Option<u64>,
        path: &Path,
        csv: &Csv,
    ) -> Result<Self, DataError> {
        let reader = Decompressed::new(BufReader::with_capacity(1 << 16, reader));
        let reader =
            reader.map_err(|source| DataError::File(FileError::Io { path: path.into(), action: "read", source }))?;
        let length = length.filter(|_| matches!(reader, Decompressed::Plain(_)));
        Ok(Self {
            reader: Box::new(reader),
            path: path.into(),
            format: csv.format,
            pieces: csv.pieces,
            length,
            rest: Vec::new(),
            at_start: true,
            at_end: false,
        })
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
        (group.len, group.quoted) = (0, self.format.has_quotes(&self.rest));
        group.ends.clear();
        group.append(&self.rest);
        self.rest.clear();
        while !self.at_end && group.ends.is_empty() {
            let more = self.pieces.group.max(group.len);
            let got = self.read(group, more).map_err(Failure::Error)?;
            self.at_end = got < more;
            if self.at_end && group.text().last().is_some_and(|&last| last != b'\n') {
                group.append(b"\n");
            }
            group.ends = self.format.blocks(group.text(), self.pieces.block, group.quoted);
            let end = group.ends.last().copied().unwrap_or(0);
            let rest = group.len - end;
            if rest > self.format.limit {
                return Err(Failure::TooLong(self.format.too_long(end, 0), count_lines(&group.text()[..end])));
            }
            if self.at_end && rest > 0 {
                // The last record lacks its closing quote, which is for the one who takes it apart to say.
                group.ends.push(group.len);
            } else if end > 0 {
                self.rest.extend_from_slice(&group.text()[end..]);
                group.len = end;
            }
        }
        Ok(())
    }

    /// Appends up to `n` bytes to the group, and says how many were read.
    fn read(&mut self, group: &mut Group, n: usize) -> Result<usize, DataError> {
        let (before, end) = (group.len, group.len + n);
        while group.len < end {
            let start = group.len;
            if group.len == group.buffer.len() {
                // In steps, as there may be little to read.
                let more = group.len.max(1 << 16).min(end - group.len);
                group.buffer.resize(group.len + more, 0);
            }
            let room = end.min(group.buffer.len()).min(start + self.pieces.block);
            match self.reader.read(&mut group.buffer[group.len..room]) {
                Ok(0) => break,
                Ok(got) => group.len += got,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(file::unread(&self.path, error)),
            }
            // At once, while the text is in a cache.
            group.quoted = group.quoted || self.format.has_quotes(&group.buffer[start..group.len]);
        }
        let got = group.len - before;
        if std::mem::take(&mut self.at_start) && group.text()[before..].starts_with(b"\xef\xbb\xbf") {
            group.buffer.copy_within(before + 3..group.len, before);
            group.len -= 3;
        }
        Ok(got)
    }
}

/// What is at `path`, and its length if it is a file: a pipe or a device has none.
fn opened(path: &Path) -> Result<(File, Option<u64>), DataError> {
    let failed = |action| move |source| DataError::File(FileError::Io { path: path.into(), action, source });
    let file = File::open(path).map_err(failed("open"))?;
    let metadata = file.metadata().map_err(failed("read"))?;
    Ok((file, metadata.is_file().then_some(metadata.len())))
}

/// Keeps what is read.
struct Keeping<'a> {
    file: File,
    kept: &'a Kept,
}

impl Read for Keeping<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n = self.file.read(buffer)?;
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.get_or_insert_default().extend_from_slice(&buffer[..n]);
        Ok(n)
    }
}

impl fmt::Debug for Source<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Source").field("path", &self.path).finish_non_exhaustive()
    }
}
