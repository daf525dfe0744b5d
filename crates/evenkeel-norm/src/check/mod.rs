//! The laws of normalisation as a suite to call on a layer, also on one's own.
//!
//! ```
//! use evenkeel_norm::check::{Laws, Over, check_layer};
//! use evenkeel_norm::{BatchNorm, GroupNorm, RmsNorm};
//!
//! check_layer(&BatchNorm::<f64>::new(3), [4, 3, 5], &Laws::of(Over::Batch))?;
//! check_layer(&GroupNorm::<f64>::new(2, 6), [2, 6, 5], &Laws::of(Over::Groups(2)))?;
//! check_layer(&RmsNorm::<f64>::new([7]), [4, 7], &Laws::of(Over::Trailing(1)).uncentered())?;
//! // A layer that normalises something else than it says is found.
//! let violation = check_layer(&BatchNorm::<f64>::new(3), [4, 3, 5], &Laws::of(Over::Instance)).unwrap_err();
//! assert_eq!(violation.law.to_string(), "normalised statistics");
//! # Ok::<(), evenkeel_norm::check::LawViolation>(())
//! ```

mod laws;
mod layer;
mod over;

use std::fmt;

use evenkeel_module::{Forward, Mode};
use evenkeel_tensor::{Float, Shape};
use thiserror::Error;

pub use over::Over;

use layer::Run;

/// What a normalisation layer promises. The layer is taken as it is constructed, with scale 1 and shift 0 where it has them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Law {
    /// The layer takes the shape and gives one of the same shape.
    Shape,
    /// Over each group, the output has mean 0 and variance 1 (without centring: mean square 1).
    Statistics,
    /// Adding a number to a group, to each another, changes nothing.
    Shift,
    /// Multiplying a group by a positive number, each by another, changes nothing.
    Scale,
    /// The gradient of each group is orthogonal to 1 and to the normalised values (without centring: to these alone): the
    /// directions in which nothing changes.
    Orthogonality,
    /// The gradients of input and parameters are the limits of finite differences.
    Gradient,
    /// Output and gradients have the same bits in pools of 1, 2, 3 and 7 threads. Shapes of less than about 100 000 values may
    /// not be split at all.
    Threads,
    /// An evaluation pass records nothing, and the next one gives the same bits.
    Purity,
    /// Beside an offset of a million, output and gradient keep their accuracy.
    Offset,
}

impl Law {
    const ALL: [Self; 9] = [
        Self::Shape,
        Self::Statistics,
        Self::Shift,
        Self::Scale,
        Self::Orthogonality,
        Self::Gradient,
        Self::Threads,
        Self::Purity,
        Self::Offset,
    ];
}

impl fmt::Display for Law {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Shape => "shape",
            Self::Statistics => "normalised statistics",
            Self::Shift => "invariance to shifts",
            Self::Scale => "invariance to scales",
            Self::Orthogonality => "orthogonality of the gradient",
            Self::Gradient => "gradient against finite differences",
            Self::Threads => "same bits at any thread count",
            Self::Purity => "purity of evaluation",
            Self::Offset => "accuracy beside a large offset",
        })
    }
}

/// A law that does not hold.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{law}: expected {expected}, got {got}")]
pub struct LawViolation {
    /// The law.
    pub law: Law,
    /// What it asks for.
    pub expected: String,
    /// What the layer does, and where.
    pub got: String,
}

/// Which laws a layer is held to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Laws {
    over: Over,
    centered: bool,
    mode: Mode,
    laws: Vec<Law>,
}

impl Laws {
    /// All laws, of a layer that normalises mean and variance over the groups `over` in training passes.
    pub fn of(over: Over) -> Self {
        Self { over, centered: true, mode: Mode::Training, laws: Law::ALL.to_vec() }
    }

    /// Those of a layer that divides by the root of the mean square and subtracts no mean.
    #[must_use]
    pub fn uncentered(self) -> Self {
        Self { centered: false, ..self }.without(Law::Shift)
    }

    /// In passes of another mode than training. Evaluation has no gradients: their laws then do not apply.
    #[must_use]
    pub fn in_mode(self, mode: Mode) -> Self {
        let laws = Self { mode, ..self };
        if mode == Mode::Training { laws } else { laws.without(Law::Orthogonality).without(Law::Gradient) }
    }

    /// All of them but one.
    #[must_use]
    pub fn without(mut self, law: Law) -> Self {
        self.laws.retain(|&l| l != law);
        self
    }

    /// Of them these only.
    #[must_use]
    pub fn only(mut self, laws: &[Law]) -> Self {
        self.laws.retain(|law| laws.contains(law));
        self
    }
}

/// Holds `layer` to `laws` on inputs of `shape`, which are the same every time. Inputs are of the size of 10 000, so that an eps
/// of up to 1e-3 in the layer does not count.
///
/// In `f64` the bounds are tight (1e-10 for the statistics); in `f32` they allow for its rounding. What each bound is made of
/// stands beside it in the source.
///
/// # Errors
/// The first law that does not hold.
pub fn check_layer<F: Float, L: Forward<F> + Clone>(
    layer: &L,
    shape: impl Into<Shape>,
    laws: &Laws,
) -> Result<(), LawViolation> {
    let run = Run::new(layer, shape.into(), laws.over, laws.mode)?;
    for law in &laws.laws {
        match law {
            // That it runs has shown it.
            Law::Shape => Ok(()),
            Law::Statistics => laws::statistics(&run, laws.centered),
            Law::Shift => laws::shift(&run),
            Law::Scale => laws::scale(&run),
            Law::Orthogonality => laws::orthogonality(&run, laws.centered),
            Law::Gradient => laws::gradient(&run),
            Law::Threads => laws::threads(&run),
            Law::Purity => laws::purity(&run),
            Law::Offset => laws::offset(&run, laws.centered),
        }
        .map_err(|(expected, got)| LawViolation { law: *law, expected, got })?;
    }
    Ok(())
}
