//! The error of everything that reads, builds or splits data.

mod file;
mod table;

use evenkeel_tensor::ShapeError;

pub use file::FileError;
pub use table::TableError;

/// Data that cannot be used: where, what was expected, what came, and the cure.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DataError {
    /// A file that cannot be read or written, or is not what it should be.
    #[error(transparent)]
    File(#[from] FileError),
    /// Rows and columns that an operation cannot use.
    #[error(transparent)]
    Table(#[from] TableError),
    /// Shapes that do not fit.
    #[error(transparent)]
    Shape(#[from] ShapeError),
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
    /// A test of scores that have no p-values.
    #[error(
        "{operation}: expected scores with p-values, got none; choose by rank or threshold, or score by another method"
    )]
    NoPValues {
        /// The method that gave the scores.
        operation: &'static str,
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
}
