//! Verdicts, and how sure they are.

use std::fmt;

use super::Advice;

/// Where a network stands between too little and too much.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// Low bias and low variance.
    Good,
    /// High bias: it has not learnt the training data as well as can be.
    Underfitting,
    /// High variance: it has learnt the training data, and not what they stand for.
    Overfitting,
    /// High bias and high variance.
    Bad,
}

impl Verdict {
    /// The verdict on a bias and a variance that are high or not.
    pub fn of(high_bias: bool, high_variance: bool) -> Self {
        match (high_bias, high_variance) {
            (false, false) => Verdict::Good,
            (true, false) => Verdict::Underfitting,
            (false, true) => Verdict::Overfitting,
            (true, true) => Verdict::Bad,
        }
    }

    /// Whether the bias is high.
    pub fn is_biased(self) -> bool {
        matches!(self, Verdict::Underfitting | Verdict::Bad)
    }

    /// Whether the variance is high.
    pub fn is_variable(self) -> bool {
        matches!(self, Verdict::Overfitting | Verdict::Bad)
    }

    /// What to do, cheapest first.
    pub fn advice(self) -> Vec<Advice> {
        Advice::on(self)
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Verdict::Good => "good",
            Verdict::Underfitting => "underfitting",
            Verdict::Overfitting => "overfitting",
            Verdict::Bad => "bad",
        })
    }
}

/// From where on (inclusive) bias and variance are high, in the errors' own unit.
///
/// The defaults are for shares of wrong examples. What is high depends on the task: where 1 % is the state of the art, 0.05 is
/// far too lenient. For losses there is no default that would mean anything.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Thresholds {
    /// The avoidable bias; 0.05 by default.
    pub high_bias: f64,
    /// The gap between validation and training; 0.05 by default.
    pub high_variance: f64,
}

impl Default for Thresholds {
    fn default() -> Self {
        Self { high_bias: 0.05, high_variance: 0.05 }
    }
}

/// Whether the examples are enough for the verdict.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Certainty {
    /// Both intervals are clear of their thresholds.
    Certain,
    /// An interval crosses its threshold: with other examples of the same kind the verdict may be another.
    Uncertain {
        /// How many examples there must be of each part at least, for the same errors to be clear of the thresholds; `None` if
        /// no number would do, because an error stands right on its threshold.
        examples: Option<u64>,
    },
    /// The errors are numbers without a number of examples, such as mean losses.
    Unknown,
}

impl fmt::Display for Certainty {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Certainty::Certain => f.write_str("certain"),
            Certainty::Uncertain { examples: Some(n) } => {
                write!(f, "uncertain: the same errors on {n} examples of each part would settle it")
            }
            Certainty::Uncertain { examples: None } => {
                f.write_str("uncertain: an error stands on its threshold, and no number of examples would settle it")
            }
            Certainty::Unknown => f.write_str("of unknown certainty: the errors come without a number of examples"),
        }
    }
}
