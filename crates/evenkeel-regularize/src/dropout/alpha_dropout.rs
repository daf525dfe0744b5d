//! Alpha dropout.

use evenkeel_autograd::Var;
use evenkeel_module::{Forward, Pass};
use evenkeel_tensor::{Float, Seed, ShapeError};

use super::{MaskOp, Unit};
use crate::noisy::{noisy, partless};

/// Alpha dropout: dropout that keeps mean 0 and variance 1, for networks of SELUs.
///
/// A dropped value becomes α' = -1.7581, the limit of [SELU](https://arxiv.org/abs/1706.02515) for large negative inputs, and
/// all are then scaled and shifted: with q the probability of keeping and m the mask,
///
/// - training: y = a (m x + (1 - m) α') + b, `a = (q + α'² q (1 - q))^(-1/2)`, `b = -a (1 - q) α'`; `dx = a m dy`
/// - evaluation: y = x
///
/// so that y has mean 0 and variance 1 where x has.
///
/// # Shapes
/// Any; the output has that of the input.
///
/// # Errors
/// A probability of dropping outside \[0, 1) or NaN: an error of [`check_network`](evenkeel_module::check_network), and a panic
/// in a pass.
///
/// # Source
/// Klambauer, Unterthiner, Mayr & Hochreiter, *Self-Normalizing Neural Networks*, 2017,
/// [arXiv 1706.02515](https://arxiv.org/abs/1706.02515).
///
/// ```
/// use evenkeel_regularize::AlphaDropout;
/// use evenkeel_tensor::{Seed, random};
///
/// let (mut x, mut y) = (vec![0f64; 100_000], vec![0f64; 100_000]);
/// random::normal(&mut x, 0.0, 1.0, Seed(1));
/// AlphaDropout::drop(0.2).apply(&x, &mut y, Seed(7))?;
/// let mean = y.iter().sum::<f64>() / 1e5;
/// let variance = y.iter().map(|y| (y - mean).powi(2)).sum::<f64>() / 1e5;
/// // Five standard deviations: those of the mean are 1 / sqrt(n), of the variance at most sqrt(3 / n).
/// assert!(mean.abs() < 0.016 && (variance - 1.0).abs() < 0.028);
/// # Ok::<(), evenkeel_tensor::ShapeError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AlphaDropout {
    keep: f64,
}

/// -λα, the limit of SELU for large negative inputs.
const ALPHA: f64 = -1.758_099_340_847_376_6;

impl AlphaDropout {
    /// Each value is dropped with probability `p`.
    pub fn drop(p: f64) -> Self {
        Self::keep(1.0 - p)
    }

    /// Each value is kept with probability `q`.
    pub fn keep(q: f64) -> Self {
        Self { keep: q }
    }

    /// The probability of keeping.
    pub fn keep_probability(&self) -> f64 {
        self.keep
    }

    /// What training does, on plain slices, with the mask of `seed`.
    ///
    /// # Errors
    /// If the slices differ in length, or the probability is none.
    pub fn apply<F: Float>(&self, x: &[F], y: &mut [F], seed: Seed) -> Result<(), ShapeError> {
        self.op(seed).apply([x.len()], x, y)
    }

    /// The operation that training records, with the mask of `seed`.
    pub fn op(&self, seed: Seed) -> MaskOp {
        let q = self.keep;
        let scale = 1.0 / (q + ALPHA * ALPHA * q * (1.0 - q)).sqrt();
        let shift = -scale * (1.0 - q) * ALPHA;
        let dropped = scale * ALPHA + shift;
        MaskOp { scale, shift, dropped, ..MaskOp::new("alpha_dropout", q, Unit::Element, seed) }
    }
}

partless!(AlphaDropout);

impl<F: Float> Forward<F> for AlphaDropout {
    fn forward<'t>(&self, pass: &Pass<'t, F>, x: Var<'t, F>) -> Var<'t, F> {
        if self.keep == 1.0 {
            return x;
        }
        noisy(pass, x, self.op(pass.next_seed())).unwrap_or(x)
    }
}
