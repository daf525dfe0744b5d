//! What a validation error looks like along λ.

use std::fmt;

/// Where on the range of λ the lowest validation error is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Minimum {
    /// Between the ends: a U, and the range is wide enough.
    Inside,
    /// At the smallest λ: less may be better.
    AtSmallest,
    /// At the largest λ: more may be better.
    AtLargest,
    /// Nowhere: all λ are within one standard error of the best, and cannot be told apart.
    Flat,
}

impl fmt::Display for Minimum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Minimum::Inside => "the lowest error is inside of the range: smaller λ overfit, larger ones underfit",
            Minimum::AtSmallest => "the lowest error is at the smallest λ: widen the range downwards",
            Minimum::AtLargest => "the lowest error is at the largest λ: widen the range upwards",
            Minimum::Flat => {
                "all λ are within one standard error of the best: widen the range, or λ does not matter here"
            }
        })
    }
}
