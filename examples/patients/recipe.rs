//! What is done between a table and a decision, and each way of doing it.

use std::fmt::{self, Display};

/// What the columns become before the network sees them. All but `Raw` fill missing numbers with the median, add a column that says where
/// they were missing, and give each category a column; `Raw` fills with the mean and numbers the categories.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Scaling {
    Raw,
    None,
    MinMax,
    Standard,
    Robust,
    Power,
    Quantile,
}

/// What the network starts from.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Start {
    /// Uniform within 1 / sqrt(fan-in), biases too: PyTorch's default.
    UniformFanIn,
    /// He's for the ReLUs, Xavier's for the output; biases 0.
    He,
    /// So, and the output's bias at the log-odds of the classes as they are weighted.
    HeAndPrior,
}

/// What makes the ill count.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Treatment {
    None,
    /// The ratio of the classes, to this power, as the weight of the ill in the loss.
    Weights(f64),
    Focal,
    /// Copies of the ill, up to this share of the healthy.
    Copies(f64),
    /// SMOTE, up to this share of the healthy.
    Smote(f64),
}

/// Which of the prepared columns are kept.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Columns {
    All,
    /// By F, with this rate of false discoveries.
    Anova(f64),
    /// The best so many by F.
    AnovaTop(usize),
    /// The best so many by mutual information.
    Information(usize),
    /// So many by minimal redundancy and maximal relevance.
    Mrmr(usize),
    /// Those left by recursive elimination: the fewest within one standard error of the best, in inner folds.
    Elimination,
    /// Those that the law of the generated table makes relevant.
    True,
}

/// From which probability on a patient is taken to be ill.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Decision {
    /// 0.5
    Half,
    /// Where a false alarm costs as much as a miss if the probabilities are right, after undoing weights and resampling.
    Elkan,
    /// The one of least cost on patients held out in inner folds.
    Tuned,
}

/// A choice for each part.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Recipe {
    pub(crate) scaling: Scaling,
    pub(crate) start: Start,
    pub(crate) treatment: Treatment,
    pub(crate) columns: Columns,
    pub(crate) decision: Decision,
}

const RAW: Recipe = Recipe {
    scaling: Scaling::Raw,
    start: Start::UniformFanIn,
    treatment: Treatment::None,
    columns: Columns::All,
    decision: Decision::Half,
};
const SCALED: Recipe = Recipe { scaling: Scaling::Standard, ..RAW };
const INITIALISED: Recipe = Recipe { start: Start::HeAndPrior, ..SCALED };
const TREATED: Recipe = Recipe { treatment: Treatment::Weights(0.5), ..INITIALISED };
const SELECTED: Recipe = Recipe { columns: Columns::Anova(0.05), ..TREATED };
const TUNED: Recipe = Recipe { decision: Decision::Tuned, ..SELECTED };

/// Each with one part more than the one before.
pub(crate) const STAGES: [(&str, Recipe); 6] = [
    ("raw", RAW),
    ("scaling", SCALED),
    ("initialisation", INITIALISED),
    ("class_treatment", TREATED),
    ("selection", SELECTED),
    ("threshold", TUNED),
];

/// Other choices for one part, by the stage that adds it; the stage's own is among them.
pub(crate) fn variants() -> Vec<(&'static str, Recipe)> {
    let scaling =
        [Scaling::None, Scaling::MinMax, Scaling::Standard, Scaling::Robust, Scaling::Power, Scaling::Quantile]
            .map(|scaling| ("scaling", Recipe { scaling, ..SCALED }));
    let start = [Start::UniformFanIn, Start::He, Start::HeAndPrior]
        .map(|start| ("initialisation", Recipe { start, ..INITIALISED }));
    let treatment = [
        Treatment::None,
        Treatment::Weights(0.5),
        Treatment::Weights(1.0),
        Treatment::Focal,
        Treatment::Copies(0.2),
        Treatment::Copies(1.0),
        Treatment::Smote(0.2),
        Treatment::Smote(1.0),
    ]
    .map(|treatment| ("class_treatment", Recipe { treatment, ..TREATED }));
    let columns = [Columns::All, Columns::Anova(0.05), Columns::Information(8), Columns::Mrmr(8), Columns::Elimination]
        .map(|columns| ("selection", Recipe { columns, ..SELECTED }));
    let decision = [Treatment::None, Treatment::Weights(0.5), Treatment::Weights(1.0), Treatment::Smote(1.0)]
        .into_iter()
        .flat_map(|treatment| [Decision::Half, Decision::Elkan, Decision::Tuned].map(|d| (treatment, d)))
        .map(|(treatment, decision)| ("threshold", Recipe { treatment, decision, ..TUNED }));
    scaling.into_iter().chain(start).chain(treatment).chain(columns).chain(decision).collect()
}

impl Recipe {
    /// What the part that a stage adds is here.
    pub(crate) fn part(&self, stage: &str) -> String {
        match stage {
            "scaling" => self.scaling.to_string(),
            "initialisation" => self.start.to_string(),
            "class_treatment" => self.treatment.to_string(),
            "selection" => self.columns.to_string(),
            "threshold" => format!("{}, {}", self.treatment, self.decision),
            _ => stage.to_owned(),
        }
    }
}

impl Display for Scaling {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Raw => "raw",
            Self::None => "filled and encoded, not scaled",
            Self::MinMax => "min-max",
            Self::Standard => "z-score",
            Self::Robust => "median and quartiles",
            Self::Power => "Yeo-Johnson",
            Self::Quantile => "quantiles to normal",
        })
    }
}

impl Display for Start {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::UniformFanIn => "uniform by fan-in",
            Self::He => "He",
            Self::HeAndPrior => "He and class prior",
        })
    }
}

impl Display for Treatment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => f.pad("no treatment"),
            Self::Weights(1.0) => f.pad("balanced weights"),
            Self::Weights(power) => write!(f, "balanced weights ^ {power}"),
            Self::Focal => f.pad("focal loss"),
            Self::Copies(share) => write!(f, "copies to {:.0} %", 100.0 * share),
            Self::Smote(share) => write!(f, "SMOTE to {:.0} %", 100.0 * share),
        }
    }
}

impl Display for Columns {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All => f.pad("all columns"),
            Self::Anova(rate) => write!(f, "ANOVA F, false discoveries {:.0} %", 100.0 * rate),
            Self::AnovaTop(k) => write!(f, "ANOVA F, best {k}"),
            Self::Information(k) => write!(f, "mutual information, best {k}"),
            Self::Mrmr(k) => write!(f, "mRMR, {k}"),
            Self::Elimination => f.pad("recursive elimination"),
            Self::True => f.pad("the true ones"),
        }
    }
}

impl Display for Decision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Half => "0.5",
            Self::Elkan => "by the costs",
            Self::Tuned => "tuned",
        })
    }
}
