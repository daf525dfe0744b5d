//! What can be wrong, and what to do about it.

use std::fmt::{self, Write};

/// How much a problem harms, worst first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Harm {
    /// Training fails, or gives NaN.
    Breaks,
    /// It works, and the score cannot be believed.
    Misleads,
    /// It trains worse or slower than it could.
    Hinders,
    /// It costs time and room.
    Wastes,
}

impl fmt::Display for Harm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Breaks => "breaks",
            Self::Misleads => "misleads",
            Self::Hinders => "hinders",
            Self::Wastes => "wastes",
        })
    }
}

/// A kind of problem, in order of harm; the [module](super) says where each is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Problem {
    /// Rows without a target. Measure: their number.
    MissingTarget,
    /// One class only.
    OneClass,
    /// Infinite values. Measure of a column: their number.
    Infinite,
    /// A column without values.
    Empty,
    /// Missing values. Measure of a column: their share of the rows.
    Missing,
    /// Levels that have to be encoded. Measure of a column: their number.
    Levels,
    /// Many levels. Measure of a column: their number.
    ManyLevels,
    /// Dates that have to be made numbers.
    Moments,
    /// Numbers too large for an `f32` to be squared. Measure of a column: the largest magnitude.
    Huge,
    /// A column that tells the target. Measure of a column: balanced accuracy or share of variance explained.
    Leakage,
    /// A column whose gaps tell the target. Measure of a column: as for leakage.
    TellingGaps,
    /// A column that only tells rows apart. Measure of a column: its different values.
    Identifier,
    /// Rows that are there before. Measure: their number.
    Duplicates,
    /// Rows whose inputs are there before with another class. Measure: their number.
    Contradictions,
    /// One class far rarer than others. Measure: the rarest one's share of the rows.
    Imbalance,
    /// Classes with few rows. Measure: the rows of the rarest.
    RareClass,
    /// Columns of other magnitudes than about 1. Measure: the largest deviation over the smallest; of a column: its deviation.
    Scale,
    /// Columns far from 0 for their spread. Measure of a column: mean over deviation.
    Offset,
    /// Skewed columns. Measure of a column: the skewness.
    Skew,
    /// Values far beyond the others. Measure of a column: the farthest one's interquartile ranges beyond the quartiles.
    Outliers,
    /// Few rows for what is to be learnt. Measure: rows for each parameter, or for each column if the parameters were not given.
    FewRows,
    /// Columns of one value.
    Constant,
    /// Columns of nearly one value. Measure of a column: that value's share.
    NearlyConstant,
    /// Columns that another one repeats. Measure of a column: the correlation.
    Copies,
}

impl Problem {
    /// How much it harms.
    pub fn harm(self) -> Harm {
        // Problems are declared in order of harm.
        match self {
            problem if problem <= Self::Huge => Harm::Breaks,
            problem if problem <= Self::RareClass => Harm::Misleads,
            problem if problem <= Self::FewRows => Harm::Hinders,
            _ => Harm::Wastes,
        }
    }

    /// What it does to a network.
    pub fn consequence(self) -> &'static str {
        match self {
            Self::MissingTarget => "nothing can be learnt from such rows, and no loss computed",
            Self::OneClass => "there is nothing to tell apart",
            Self::Infinite => "an infinite input makes NaN of the loss in the first step",
            Self::Empty => "there is nothing in it, and NaN makes NaN of the loss",
            Self::Missing => "NaN makes NaN of the loss in the first step",
            Self::Levels | Self::ManyLevels | Self::Moments => "a network takes numbers",
            Self::Huge => "squares overflow in f32: of the loss, of gradients, of a variance",
            Self::Leakage => "if it was known only after the outcome, the validated score will not be met in use",
            Self::TellingGaps => "whether a value was taken depends on the outcome, which will not be so in use",
            Self::Identifier => "a network can learn rows by heart with it, and new rows have values it never saw",
            Self::Duplicates => "a row in both training and validation data makes the score too good",
            Self::Contradictions => "no function of the inputs is right on both",
            Self::Imbalance => "who always says no is nearly always right: accuracy says nothing",
            Self::RareClass => "folds and intervals have too few of it",
            Self::Scale => "gradient descent crawls along the narrow columns while the wide ones set its learning rate",
            Self::Offset => {
                "in f32 the differences that matter lose digits beside the offset, and weights are strongly coupled"
            }
            Self::Skew => "most values are crowded together, and the few others have most of the gradient",
            Self::Outliers => "a few rows have most of the gradient, and set the scale for all others",
            Self::FewRows => "a network with as many parameters as rows can learn them by heart",
            Self::Constant | Self::NearlyConstant => "weights are spent where next to nothing can be learnt",
            Self::Copies => "the weight is shared out among equals, so importances say little",
        }
    }
}

/// The name, in words.
impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::MissingTarget => "rows without target",
            Self::OneClass => "one class",
            Self::Infinite => "infinite values",
            Self::Empty => "empty columns",
            Self::Missing => "missing values",
            Self::Levels => "levels",
            Self::ManyLevels => "many levels",
            Self::Moments => "moments",
            Self::Huge => "huge values",
            Self::Leakage => "leakage suspects",
            Self::TellingGaps => "gaps that tell the target",
            Self::Identifier => "identifiers",
            Self::Duplicates => "duplicate rows",
            Self::Contradictions => "contradictions",
            Self::Imbalance => "imbalance",
            Self::RareClass => "rare classes",
            Self::Scale => "scale",
            Self::Offset => "offset",
            Self::Skew => "skew",
            Self::Outliers => "outliers",
            Self::FewRows => "few rows",
            Self::Constant => "constant columns",
            Self::NearlyConstant => "nearly constant columns",
            Self::Copies => "copies",
        })
    }
}

/// A column that a finding is about.
#[derive(Clone, Debug, PartialEq)]
pub struct Suspect {
    /// Its name.
    pub name: String,
    /// By how much; see [`Problem`].
    pub measure: f64,
    /// For [`Problem::Copies`], the earlier column that it repeats.
    pub repeats: Option<String>,
}

/// A problem that a table has.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    /// The kind.
    pub problem: Problem,
    /// The columns, worst first; none if it is about rows.
    pub columns: Vec<Suspect>,
    /// By how much, of problems that are not those of columns; see [`Problem`].
    pub measure: f64,
    pub(super) about: About,
}

/// What a cure has to know of the table.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct About {
    pub(super) target: TargetPlace,
    /// Columns that tell rows apart and nothing else.
    pub(super) identifiers: Vec<String>,
}

/// Where the target is.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum TargetPlace {
    None,
    Column(String),
    Beside,
}

impl Finding {
    /// How much it harms.
    pub fn harm(&self) -> Harm {
        self.problem.harm()
    }

    /// What was found, in figures; at most eight columns by name.
    pub fn evidence(&self) -> String {
        const NAMED: usize = 8;
        let rows = self.measure;
        let about_rows = match self.problem {
            Problem::MissingTarget => Some(format!("{rows} rows")),
            Problem::Duplicates => Some(format!("{rows} rows are there before")),
            Problem::Contradictions => Some(format!("{rows} rows have equal inputs and another class")),
            Problem::Imbalance => Some(format!("the rarest class is {} of the rows", percent(rows))),
            Problem::RareClass => Some(format!("the rarest class has {rows} rows")),
            Problem::FewRows => Some(format!("{rows:.2} rows for each parameter or column")),
            Problem::Scale if rows >= 2.0 => Some(format!("deviations differ by {rows:.1e}")),
            _ => None,
        };
        let mut text = about_rows.unwrap_or_default();
        for (i, column) in self.columns.iter().take(NAMED).enumerate() {
            let separator = if text.is_empty() {
                ""
            } else if i == 0 {
                ": "
            } else {
                ", "
            };
            let measure = self.show(column);
            let space = if measure.is_empty() { "" } else { " " };
            write!(text, "{separator}{}{space}{measure}", column.name.escape_debug()).expect("a string grows");
        }
        if self.columns.len() > NAMED {
            write!(text, " and {} more", self.columns.len() - NAMED).expect("a string grows");
        }
        text
    }

    fn show(&self, Suspect { measure, repeats, .. }: &Suspect) -> String {
        match self.problem {
            Problem::Missing | Problem::NearlyConstant => percent(*measure),
            Problem::Infinite | Problem::Levels | Problem::ManyLevels | Problem::Identifier => format!("({measure})"),
            Problem::Leakage | Problem::TellingGaps => format!("({measure:.3})"),
            Problem::Huge | Problem::Scale | Problem::Offset => format!("({measure:.1e})"),
            Problem::Skew | Problem::Outliers => format!("({measure:.1})"),
            Problem::Copies => format!("repeats {}", repeats.as_deref().unwrap_or_default()),
            _ => String::new(),
        }
    }
}

fn percent(share: f64) -> String {
    format!("{:.2} %", 100.0 * share)
}
