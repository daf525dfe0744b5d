//! What is wrong with a layer, and what to do about it.

use std::fmt;

use evenkeel_autograd::Signal;

/// What the signal of a layer looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// Signal and gradient arrive.
    Healthy,
    /// What tells examples apart has shrunk to a thousandth of what it was at the input, or their mean cosine is within 1e-5 of 1, or
    /// the gradient's norm has shrunk to a thousandth of that at the output, or both together to a ten-thousandth: weights learn
    /// in proportion to their product.
    Vanishing,
    /// Signal or gradient have grown a thousandfold, or are not finite.
    Exploding,
    /// Half of the values are near a limit of the function, where its slope is near 0.
    Saturated,
    /// Half of the units give the same number for all examples.
    Dead,
    /// Half of the units do exactly what another unit does and get exactly its gradient: training will never tell them apart.
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

/// What a verdict rests on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Symptom {
    /// The signal on its way forwards.
    Signal,
    /// The gradient on its way back.
    Gradient,
    /// The share of dead, saturated or equal units.
    Units,
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
pub(super) struct Findings {
    /// The root mean square over the input's.
    pub(super) size: f64,
    /// The spread over examples over the input's; NaN of one example.
    pub(super) spread: f64,
    /// The mean cosine of examples; NaN of one.
    pub(super) similarity: f64,
    /// The gradient's norm over that at the output.
    pub(super) gradient: f64,
    pub(super) saturated: f64,
    pub(super) dead: f64,
    pub(super) symmetric: f64,
}

impl Thresholds {
    /// The verdict, and what it rests on. NaN fails every comparison but those with `!`.
    pub(super) fn judge(&self, f: &Findings) -> (Verdict, Option<Symptom>) {
        let (least, most) = (self.vanishing, 1.0 / self.vanishing);
        let product = f.spread * f.gradient;
        let of = |verdict, symptom| (verdict, Some(symptom));
        if !f.size.is_finite() {
            of(Verdict::Exploding, Symptom::Signal)
        } else if !f.gradient.is_finite() {
            of(Verdict::Exploding, Symptom::Gradient)
        } else if f.symmetric >= self.symmetric {
            // Equal units have no gradient that could tell them apart: the root of whatever else is found.
            of(Verdict::Symmetric, Symptom::Units)
        } else if f.dead >= self.dead {
            of(Verdict::Dead, Symptom::Units)
        } else if f.size > most || f.spread > most {
            of(Verdict::Exploding, Symptom::Signal)
        } else if f.gradient > most {
            of(Verdict::Exploding, Symptom::Gradient)
        } else if f.saturated >= self.saturated {
            of(Verdict::Saturated, Symptom::Units)
        } else if f.spread < least || 1.0 - f.similarity < 0.01 * least {
            // A cosine differs from 1 by half the square of what tells examples apart over the signal itself.
            of(Verdict::Vanishing, Symptom::Signal)
        } else if f.gradient < least {
            of(Verdict::Vanishing, Symptom::Gradient)
        } else if product < 0.1 * least {
            of(Verdict::Vanishing, if f.spread < f.gradient { Symptom::Signal } else { Symptom::Gradient })
        } else {
            (Verdict::Healthy, None)
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
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Function {
    /// Nothing, or a function between two limits.
    Bounded,
    /// A function that makes this of the second moment of a standard Gaussian input.
    Unbounded(f64),
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
            Function::Bounded => ("XavierUniform", (2.0 / (self.fan_in + self.fan_out)).sqrt()),
            // The deviation that keeps the second moment: of a rectifier, which halves it, He's.
            Function::Unbounded(moment) => {
                let rule = match 1.0 / moment {
                    scale if (scale - 2.0).abs() < 0.1 => "HeNormal",
                    scale if (scale - 1.0).abs() < 0.1 => "LeCunNormal",
                    _ => "VarianceScaling",
                };
                (rule, 1.0 / (moment * self.fan_in).sqrt())
            }
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

/// Whether an input is so far from mean 0 and deviation 1 that it is to be scaled before anything else.
pub(super) fn is_badly_scaled(input: &Signal) -> bool {
    let deviation = input.variance.sqrt();
    !(0.01..100.0).contains(&deviation) || input.mean.abs() > 30.0 * deviation
}

/// The cure for `verdict` on a layer that hangs on `weight`.
pub(super) fn cure(verdict: Verdict, weight: Option<&Weight>, input: &Signal) -> Option<Cure> {
    let weight_or = |otherwise: Cure| match weight {
        Some(weight) if !weight.is_right() => weight.initialize(),
        _ => otherwise,
    };
    match verdict {
        Verdict::Healthy => None,
        Verdict::Symmetric => weight.map(Weight::initialize),
        _ if is_badly_scaled(input) => Some(Cure::ScaleInput),
        Verdict::Dead => Some(weight_or(Cure::Leak)),
        Verdict::Vanishing | Verdict::Exploding | Verdict::Saturated => Some(weight_or(Cure::Normalize)),
    }
}
