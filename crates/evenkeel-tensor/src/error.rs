//! The error for shapes that come from outside.

/// Shapes that do not fit an operation: what was expected, what came, and the cure.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{operation}: expected {expected}, got {got}; {cure}")]
pub struct ShapeError {
    /// The operation that refused, e.g. `matmul`.
    pub operation: &'static str,
    /// The shapes that would have been right.
    pub expected: String,
    /// The shapes that came.
    pub got: String,
    /// What to do about it.
    pub cure: String,
}

impl ShapeError {
    /// An error of `operation`; allocates, so build it only where the shapes are wrong.
    pub fn new(
        operation: &'static str,
        expected: impl Into<String>,
        got: impl Into<String>,
        cure: impl Into<String>,
    ) -> Self {
        Self { operation, expected: expected.into(), got: got.into(), cure: cure.into() }
    }
}
