//! What is wrong with a file.

use std::io;
use std::path::PathBuf;

use evenkeel_tensor::Shape;

/// A file that cannot be read or written, or is not what it should be.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FileError {
    /// The operating system refused to open, read or write a file.
    #[error(
        "{}: cannot {action} the file: {source}; check the path, the permissions and the space left",
        path.display()
    )]
    Io {
        /// The file.
        path: PathBuf,
        /// `open`, `read` or `write`.
        action: &'static str,
        /// What the operating system said.
        source: io::Error,
    },
    /// A data set's file is not in the folder.
    #[error(
        "{}: expected one of the files {tried}, got none of them; download the data set into this folder",
        folder.display()
    )]
    MissingFile {
        /// The folder.
        folder: PathBuf,
        /// The names that were looked for.
        tried: String,
    },
    /// The first four bytes are not those of an IDX file.
    #[error(
        "{}: expected an IDX file, which starts with the bytes 00 00, an element type (08 09 0b 0c 0d 0e) and a \
         number of axes (01 to 08), got {got}; check that this is the right file, plain or gzip-compressed",
        path.display()
    )]
    NotIdx {
        /// The file.
        path: PathBuf,
        /// The first bytes.
        got: String,
    },
    /// The file holds another type of element than was asked for.
    #[error(
        "{}: expected elements of type {expected}, got {got}; read it with `idx::read::<{got}>`",
        path.display()
    )]
    ElementType {
        /// The file.
        path: PathBuf,
        /// The type asked for.
        expected: &'static str,
        /// The type that the file's header names.
        got: &'static str,
    },
    /// The header's extents are more than an address space can hold.
    #[error(
        "{}: expected extents whose product fits in memory, got {extents:?}; the header is damaged",
        path.display()
    )]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// The extents that the header promises.
        extents: Vec<usize>,
    },
    /// The data end before what the header promises.
    #[error(
        "{}: expected {expected} bytes of IDX data, got {got}; the file is cut off: fetch it again",
        path.display()
    )]
    Truncated {
        /// The file.
        path: PathBuf,
        /// Bytes of header and elements, uncompressed.
        expected: u64,
        /// Bytes that are there, uncompressed.
        got: u64,
    },
    /// There is more in the file than the header promises.
    #[error(
        "{}: expected the data to end after {expected} bytes, got more; the header or the file is damaged: \
         fetch it again",
        path.display()
    )]
    TrailingBytes {
        /// The file.
        path: PathBuf,
        /// Bytes of header and elements, uncompressed.
        expected: u64,
    },
    /// The gzip stream is damaged.
    #[error(
        "{}: expected a sound gzip stream, got one that is damaged ({source}); fetch the file again",
        path.display()
    )]
    Corrupt {
        /// The file.
        path: PathBuf,
        /// What the decoder said.
        source: io::Error,
    },
    /// The array has another number of axes than such a file should.
    #[error(
        "{}: expected an array of {expected} axes, got shape {got}; check that images and labels are not \
         swapped",
        path.display()
    )]
    Axes {
        /// The file.
        path: PathBuf,
        /// The number of axes.
        expected: usize,
        /// The shape that came.
        got: Shape,
    },
    /// A line of a text file that does not follow the file's format.
    #[error("{}, line {line}: expected {expected}, got {got}; correct the line or remove it", path.display())]
    Line {
        /// The file.
        path: PathBuf,
        /// The line, counted from 1.
        line: u64,
        /// What such a line holds.
        expected: &'static str,
        /// What came.
        got: String,
    },
    /// A file of synonyms that holds none.
    #[error("{}: expected lines of a word, a tab and a synonym, got none; check that this is the right file", path.display())]
    NoSynonyms {
        /// The file.
        path: PathBuf,
    },
    /// A file that is not what it should be.
    #[error("{}: expected {expected}, got {got}; {cure}", path.display())]
    Format {
        /// The file.
        path: PathBuf,
        /// What such a file holds.
        expected: String,
        /// What came.
        got: String,
        /// What to do.
        cure: &'static str,
    },
    /// A record of a CSV file that cannot be taken apart.
    #[error("{}, line {line}{}: expected {expected}, got {got}; {cure}", path.display(), row_text(*.row))]
    Record {
        /// The file.
        path: PathBuf,
        /// The line, counted from 1.
        line: u64,
        /// The row, counted from 0; `None` in the header.
        row: Option<u64>,
        /// What it should be.
        expected: Box<str>,
        /// What came.
        got: Box<str>,
        /// What to do.
        cure: &'static str,
    },
    /// A field of a CSV file that its column cannot hold.
    #[error("{}, line {line} (row {row}), column {column:?}: expected {expected}, got {got:?}; {cure}", path.display())]
    Field {
        /// The file.
        path: PathBuf,
        /// The line, counted from 1.
        line: u64,
        /// The row, counted from 0 after the header.
        row: u64,
        /// The column's name.
        column: Box<str>,
        /// What the column holds.
        expected: &'static str,
        /// The field, cut after 40 characters.
        got: Box<str>,
        /// What to do.
        cure: &'static str,
    },
}

fn row_text(row: Option<u64>) -> String {
    row.map_or_else(String::new, |row| format!(" (row {row})"))
}
