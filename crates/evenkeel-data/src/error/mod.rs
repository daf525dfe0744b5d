//! The error of everything that reads, builds or splits data.

use std::io;
use std::path::PathBuf;

use evenkeel_tensor::{Shape, ShapeError};

/// Data that cannot be used: where, what was expected, what came, and the cure.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DataError {
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
    /// As many targets as samples are needed.
    #[error(
        "{operation}: expected as many targets as samples, got {samples} samples and {targets} targets; \
         check that they belong together"
    )]
    Lengths {
        /// Where they met.
        operation: String,
        /// The number of samples.
        samples: usize,
        /// The number of targets.
        targets: usize,
    },
    /// As many weights as samples are needed.
    #[error(
        "{operation}: expected a weight for each of the {samples} samples, got {weights} weights; check that they belong together"
    )]
    Weights {
        /// The operation.
        operation: &'static str,
        /// The number of samples.
        samples: usize,
        /// The number of weights.
        weights: usize,
    },
    /// A data set holds at least one sample of at least one value.
    #[error("{operation}: expected at least one sample of at least one value, got none; {cure}")]
    Empty {
        /// What would have made an empty data set.
        operation: &'static str,
        /// What to do.
        cure: &'static str,
    },
    /// A label that is not below the number of classes.
    #[error(
        "label of sample {sample}: expected a class below {classes}, got {label}; correct the label, or \
         give the right number of classes"
    )]
    Label {
        /// The sample's position.
        sample: usize,
        /// Its label.
        label: u32,
        /// The number of classes.
        classes: usize,
    },
    /// A value that is infinite or not a number.
    #[error("{what}: expected a finite number, got {value}; remove or impute such values first")]
    NotFinite {
        /// Which value.
        what: String,
        /// The value.
        value: f64,
    },
    /// The operation needs classes, and the targets are real values.
    #[error("{operation}: expected targets that are classes, got real values; {cure}")]
    NotClasses {
        /// The operation.
        operation: &'static str,
        /// What to do.
        cure: &'static str,
    },
    /// The operation needs real values, and the targets are classes.
    #[error("{operation}: expected targets that are real values, got classes; {cure}")]
    NotValues {
        /// The operation.
        operation: &'static str,
        /// What to do.
        cure: &'static str,
    },
    /// Data to be split of which the classes have been resampled: copies and synthetic rows would be in both parts.
    #[error(
        "{operation}: expected data as they were collected, got resampled ones, of which a part cannot validate another; split first, then resample the training part"
    )]
    Resampled {
        /// The operation.
        operation: &'static str,
    },
    /// Targets beside a table that comes in parts, none of which has as many rows.
    #[error(
        "{operation}: expected a column of the parts as target, got {targets} targets beside them, which do not say whose they are; \
         make them a column, and name it"
    )]
    TargetsBeside {
        /// The operation.
        operation: &'static str,
        /// The number of targets.
        targets: usize,
    },
    /// A fraction that leaves one part of a split empty.
    #[error(
        "{operation}: expected a fraction that leaves both parts at least one of {samples} samples, got {fraction}; \
         choose one well inside 0 to 1"
    )]
    Fraction {
        /// The operation.
        operation: &'static str,
        /// The fraction asked for.
        fraction: f64,
        /// The number of samples.
        samples: usize,
    },
    /// Fewer than two folds, or more than samples.
    #[error(
        "{operation}: expected at least 2 folds, and at most one for each of the {samples} samples, got {folds}; 5 or 10 are usual"
    )]
    Folds {
        /// The operation.
        operation: &'static str,
        /// The number of folds asked for.
        folds: usize,
        /// The number of samples.
        samples: usize,
    },
    /// A class that is too small to be in every part.
    #[error(
        "{operation}: expected at least {needed} members of each class, one for each part, got {members} of class {class}; \
         get more of it, leave it out or merge it with another, take fewer parts, or use `split_random` or `folds`"
    )]
    ClassTooSmall {
        /// The operation.
        operation: &'static str,
        /// The first class that is too small.
        class: usize,
        /// The number of its members.
        members: usize,
        /// The number of parts.
        needed: usize,
    },
    /// A sample that is not there.
    #[error(
        "subset: expected positions below {samples}, got {position}; positions count this data set's own samples from 0"
    )]
    Position {
        /// The position asked for.
        position: usize,
        /// The number of samples.
        samples: usize,
    },
    /// A class with fewer members than an operation on imbalanced classes needs.
    #[error("{operation}: expected at least {needed} members of class {class}, got {members}; {cure}")]
    TooFewMembers {
        /// The operation.
        operation: &'static str,
        /// The class.
        class: usize,
        /// The number of its members.
        members: usize,
        /// The number of members needed.
        needed: usize,
        /// What to do.
        cure: &'static str,
    },
    /// A number of members asked for on the wrong side of what there are.
    #[error("{operation}: expected {expected} {members} members of class {class}, as there are, got {asked}; {cure}")]
    ClassCount {
        /// The operation.
        operation: &'static str,
        /// `at least` or `at most`.
        expected: &'static str,
        /// The class.
        class: usize,
        /// The number of its members.
        members: usize,
        /// The number asked for.
        asked: usize,
        /// What to do.
        cure: &'static str,
    },
    /// Labels of one class only.
    #[error(
        "{operation}: expected members of at least two classes, got class {class} alone; check how the rows were chosen"
    )]
    OneClass {
        /// The operation.
        operation: &'static str,
        /// The only class.
        class: usize,
    },
    /// A class whose members do not lie beside other classes, where an operation works along that border.
    #[error(
        "{operation}: expected {expected} in class {class}, got none; its members lie apart from the others: use `Smote`"
    )]
    NoBorder {
        /// The operation.
        operation: &'static str,
        /// What a member has to be like.
        expected: &'static str,
        /// The class.
        class: usize,
    },
    /// A wish that no threshold fulfils on these samples.
    #[error(
        "{operation}: expected a {what} that a threshold reaches, at most {best} on these samples, got {got}; ask for less, or train further"
    )]
    OutOfReach {
        /// The operation.
        operation: &'static str,
        /// The measure.
        what: &'static str,
        /// The best that is reached.
        best: f64,
        /// What was asked for.
        got: f64,
    },
    /// A setting outside of its range.
    #[error("{operation}: expected {expected}, got {got}")]
    Setting {
        /// The operation.
        operation: &'static str,
        /// The setting and its range.
        expected: &'static str,
        /// What came.
        got: f64,
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
    /// A text without a single word.
    #[error("{what}: expected a text of at least one word, got {got:?}; remove such texts first")]
    NoWords {
        /// Which text.
        what: String,
        /// The text, cut after 40 characters.
        got: String,
    },
    /// A name that is none of WordNet's subjects.
    #[error(
        "expected a subject of WordNet's definitions, such as noun.animal, got {got:?}; `WordNet::subjects` lists them"
    )]
    Subject {
        /// The name, cut after 40 characters.
        got: String,
    },
    /// Another number of columns than what was fitted had.
    #[error(
        "{operation}: expected {expected} columns, as in the fit, got {got}; give the same columns in the same order, or fit again"
    )]
    Columns {
        /// The operation.
        operation: &'static str,
        /// The number of columns in the fit.
        expected: usize,
        /// The number that came.
        got: usize,
    },
    /// A value of a table that the operation cannot use. Rows and columns count from 0.
    #[error("{operation}: row {row}, column {column}: expected {expected}, got {got}; {cure}")]
    Value {
        /// The operation.
        operation: &'static str,
        /// The row.
        row: usize,
        /// The column.
        column: usize,
        /// What it can use.
        expected: &'static str,
        /// The value.
        got: f64,
        /// What to do.
        cure: &'static str,
    },
    /// A column whose spread is more than an `f64` holds.
    #[error("{operation}: column {column}: expected {expected}, got {got}; {cure}")]
    Spread {
        /// The operation.
        operation: &'static str,
        /// The column.
        column: usize,
        /// What must be finite.
        expected: &'static str,
        /// What came.
        got: f64,
        /// What to do.
        cure: &'static str,
    },
    /// A transformation that cannot be undone.
    #[error(
        "{operation}: expected a transformation that can be undone, got one that is not; keep the data as they were"
    )]
    NoInverse {
        /// The operation.
        operation: &'static str,
    },
    /// Batches for a fit that needs all data at once.
    #[error("{operation}: expected a statistic that merges over batches, got {got}; {cure}")]
    NoPartialFit {
        /// The operation.
        operation: &'static str,
        /// The statistic.
        got: &'static str,
        /// What to do.
        cure: &'static str,
    },
    /// A new value beyond the float. Rows and new columns count from 0.
    #[error("{operation}: row {row}, new column {column}: expected a finite value, got {got}; scale the columns first")]
    Overflow {
        /// The operation.
        operation: &'static str,
        /// The row.
        row: usize,
        /// The column among those that come out.
        column: usize,
        /// The value.
        got: f64,
    },
    /// New columns that there is no memory for.
    #[error(
        "{operation}: expected new columns that fit into memory, got {rows} rows of {width} columns; make fewer columns, or transform the rows in parts"
    )]
    Room {
        /// The operation.
        operation: &'static str,
        /// The number of rows.
        rows: usize,
        /// The number of columns that would come out.
        width: usize,
    },
    /// A choice of columns that keeps none.
    #[error("{operation}: expected at least one column to keep, got none; {cure}")]
    NoColumnsLeft {
        /// The operation.
        operation: &'static str,
        /// What to do.
        cure: &'static str,
    },
    /// A test of scores that have no p-values.
    #[error(
        "{operation}: expected scores with p-values, got none; choose by rank or threshold, or score by another method"
    )]
    NoPValues {
        /// The method that gave the scores.
        operation: &'static str,
    },
    /// A table without the column that is asked for.
    #[error("{operation}: expected a column {column:?}, got the columns {columns}; check the names")]
    UnknownColumn {
        /// The operation.
        operation: &'static str,
        /// The column asked for.
        column: String,
        /// The columns that there are.
        columns: String,
    },
    /// A table without a column that something was fitted to.
    #[error(
        "{operation}: expected a column {column:?}, as in the fit, got none (the nearest name is {nearest:?}); rename the column, or fit again"
    )]
    MissingColumn {
        /// The operation.
        operation: &'static str,
        /// The column of the fit.
        column: String,
        /// The most similar name among those that there are.
        nearest: String,
    },
    /// A named column that the operation cannot use.
    #[error("{operation}: column {column:?}: expected {expected}, got {got}; {cure}")]
    Column {
        /// The operation.
        operation: &'static str,
        /// The column's name.
        column: String,
        /// What it can use.
        expected: String,
        /// What came.
        got: String,
        /// What to do.
        cure: &'static str,
    },
    /// A value of a named column that the operation cannot use. Rows count from 0.
    #[error("{operation}: row {row}, column {column:?}: expected {expected}, got {got}; {cure}")]
    Cell {
        /// The operation.
        operation: &'static str,
        /// The row.
        row: usize,
        /// The column's name.
        column: String,
        /// What it can use.
        expected: &'static str,
        /// What came.
        got: String,
        /// What to do.
        cure: &'static str,
    },
    /// A level of a categorical column that comes twice.
    #[error("expected levels that differ, got {level:?} twice; merge them")]
    Level {
        /// The level.
        level: String,
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
        expected: String,
        /// What came.
        got: String,
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
    /// A text or file that does not hold what was saved.
    #[error(
        "{what}: expected a fitted pipeline as it was saved, got {got}; save it again, with the same version of the crate"
    )]
    Stored {
        /// The file or text.
        what: String,
        /// What is wrong with it.
        got: String,
    },
    /// Shapes that do not fit.
    #[error(transparent)]
    Shape(#[from] ShapeError),
}

fn row_text(row: Option<u64>) -> String {
    row.map_or_else(String::new, |row| format!(" (row {row})"))
}
