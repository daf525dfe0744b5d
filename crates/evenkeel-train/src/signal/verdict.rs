//! What is wrong with a layer, and what to do about it.

use std::fmt;

/// What the signal of a layer looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// Signal and gradient arrive.
    Healthy,
    /// The signal's deviation has shrunk to a thousandth of the input's, or the gradient's norm to a thousandth of that at the
    /// output.
    Vanishing,
    /// Signal or gradient have grown a thousandfold, or are not finite.
    Exploding,
    /// Half of the values are near a limit of the function, where its slope is near 0.
    Saturated,
    /// Half of the units give the same number for all examples.
    Dead,
    /// Half of the units do exactly what another unit does: training will never tell them apart.
    Symmetric,
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Verdict::Healthy => "healthy",
            Verdict::Vanishing => "vanishing",
            Verdict::Exploding => "exploding",
            Verdict::Saturated => "saturated",
            Verdict::Dead => "dead",
            Verdict::Symmetric => "symmetric",
        })
    }
}

/// From where on a layer is no longer healthy.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Thresholds {
    /// Signal and gradient vanish below this share of where they came from; they explode above its inverse. 1e-3 by default.
    pub vanishing: f64,
    /// The share of saturated values; 0.5 by default.
    pub saturated: f64,
    /// The share of dead units; 0.5 by default.
    pub dead: f64,
    /// The share of units with a twin; 0.5 by default.
    pub symmetric: f64,
}

impl Default for Thresholds {
    fn default() -> Self {
        Self { vanishing: 1e-3, saturated: 0.5, dead: 0.5, symmetric: 0.5 }
    }
}

/// What a verdict is made from.
#[derive(Clone, Copy, Debug)]
pub(super) struct Symptoms {
    /// The deviation over the input's.
    pub(super) signal: f64,
    /// The gradient's norm over that at the output; NaN where none flows at all.
    pub(super) gradient: f64,
    pub(super) saturated: f64,
    pub(super) dead: f64,
    pub(super) symmetric: f64,
}

impl Thresholds {
    pub(super) fn judge(&self, s: &Symptoms) -> Verdict {
        let explodes = |x: f64| x > 1.0 / self.vanishing;
        // Equal units have no gradient that could tell them apart: the root of whatever else is found.
        if !s.signal.is_finite() || s.gradient == f64::INFINITY {
            Verdict::Exploding
        } else if s.symmetric >= self.symmetric {
            Verdict::Symmetric
        } else if s.dead >= self.dead {
            Verdict::Dead
        } else if explodes(s.signal) || explodes(s.gradient) {
            Verdict::Exploding
        } else if s.saturated >= self.saturated {
            Verdict::Saturated
        } else if s.signal < self.vanishing || s.gradient < self.vanishing {
            Verdict::Vanishing
        } else {
            Verdict::Healthy
        }
    }
}

/// What helps.
#[derive(Clone, Debug, PartialEq)]
pub enum Cure {
    /// Draw the weights with another deviation.
    Initialize {
        /// The rule that does.
        rule: &'static str,
        /// The deviation it gives the layer's weights.
        wanted: f64,
        /// The deviation they have.
        actual: f64,
    },
    /// Put a normalisation before the function: the weights have the right scale already.
    Normalize,
    /// Bring the input to mean 0 and variance 1.
    ScaleInput,
    /// Use a rectifier that leaks, or start its biases above 0.
    Leak,
}

impl fmt::Display for Cure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Cure::Initialize { rule, wanted, actual } => {
                write!(f, "initialise with {rule}: deviation {wanted:.3} in place of {actual:.3}")
            }
            Cure::Normalize => f.write_str(
                "the weights' scale is right: put a normalisation (BatchNorm, LayerNorm) before the function, or a \
                 shortcut around it, or start with Lsuv",
            ),
            Cure::ScaleInput => f.write_str("scale the input to mean 0 and deviation 1"),
            Cure::Leak => f.write_str("use LeakyRelu, or start the biases at a small positive number"),
        }
    }
}

/// What follows a weight, which decides on the scale it should have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Function {
    Rectifier,
    Other,
}

/// The weight that an ill layer hangs on.
#[derive(Clone, Copy, Debug)]
pub(super) struct Weight {
    pub(super) fan_in: f64,
    pub(super) fan_out: f64,
    pub(super) deviation: f64,
    pub(super) followed_by: Function,
}

impl Weight {
    /// The rule that suits the function, and the deviation it gives.
    fn rule(&self) -> (&'static str, f64) {
        match self.followed_by {
            Function::Rectifier => ("HeNormal", (2.0 / self.fan_in).sqrt()),
            Function::Other => ("XavierUniform", (2.0 / (self.fan_in + self.fan_out)).sqrt()),
        }
    }

    fn initialize(&self) -> Cure {
        let (rule, wanted) = self.rule();
        Cure::Initialize { rule, wanted, actual: self.deviation }
    }

    /// Whether the weights' deviation is within a third of what the rule gives.
    fn is_right(&self) -> bool {
        let ratio = self.deviation / self.rule().1;
        (0.75..1.34).contains(&ratio)
    }
}

/// The cure for `verdict` on a layer that hangs on `weight`, in a network whose input has `input_deviation`.
pub(super) fn cure(verdict: Verdict, weight: Option<&Weight>, input_deviation: f64) -> Option<Cure> {
    let weight_or = |otherwise: Cure| match weight {
        Some(weight) if !weight.is_right() => weight.initialize(),
        _ => otherwise,
    };
    match verdict {
        Verdict::Healthy => None,
        Verdict::Symmetric => weight.map(Weight::initialize),
        Verdict::Dead => Some(weight_or(Cure::Leak)),
        Verdict::Saturated if !(0.1..10.0).contains(&input_deviation) => Some(Cure::ScaleInput),
        Verdict::Vanishing | Verdict::Exploding | Verdict::Saturated => Some(weight_or(Cure::Normalize)),
    }
}
