//! What can be wrong with a setting, a pattern or a measured value.

use thiserror::Error;

/// Why a regulariser refuses: what was expected, what came, and the cure. Nothing has been changed.
#[derive(Clone, Debug, PartialEq, Error)]
#[non_exhaustive]
pub enum RegularizeError {
    /// A setting out of its range.
    #[error("{of}: expected {setting} {expected}, got {got}; {cure}")]
    Setting {
        /// Whose setting.
        of: &'static str,
        /// The setting's name.
        setting: &'static str,
        /// What would have been right.
        expected: &'static str,
        /// The value that came.
        got: f64,
        /// What to do about it.
        cure: &'static str,
    },
}

impl RegularizeError {
    /// Checks a setting: `fits` says whether `got` is as `expected`.
    pub(crate) fn check(
        fits: bool,
        of: &'static str,
        setting: &'static str,
        expected: &'static str,
        got: f64,
        cure: &'static str,
    ) -> Result<(), Self> {
        if fits { Ok(()) } else { Err(Self::Setting { of, setting, expected, got, cure }) }
    }
}
