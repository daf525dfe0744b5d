//! The operation beneath every layer that keeps or drops.

use evenkeel_autograd::{Backward, Gradient, Incoming, Inputs, Op, Propagation, Signal};
use evenkeel_tensor::random::Bernoulli;
use evenkeel_tensor::{Float, Seed, Shape, ShapeError};

use super::kernel::select;

/// Which values a decision to keep or to drop is for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Unit {
    /// Each value for itself.
    #[default]
    Element,
    /// All values of a channel of a sample: those that agree on axes 0 and 1.
    Channel,
    /// All values of a sample: those that agree on axis 0.
    Sample,
    /// All values.
    Batch,
}

impl Unit {
    /// The number of leading axes that have decisions of their own.
    fn axes(self, shape: Shape) -> usize {
        match self {
            Unit::Element => shape.rank(),
            Unit::Channel => 2,
            Unit::Sample => 1,
            Unit::Batch => 0,
        }
    }
}

/// y = scale x + shift where x is kept, y = `dropped` elsewhere; `dx = scale dy` where x was kept, else 0.
///
/// Dropout and its kin differ in what shares a decision, and in the three constants. What is dropped has no
/// influence, infinite and NaN included. The mask is drawn from the seed again on the way back rather than kept, which is cheaper
/// than the memory it would take.
///
/// A keep probability outside (0, 1], or an input without the axes of the unit, is an error of
/// [`check_network`](evenkeel_module::check_network) and a panic in a pass.
///
/// ```
/// use evenkeel_autograd::Tape;
/// use evenkeel_regularize::{MaskOp, Unit};
/// use evenkeel_tensor::{Seed, Tensor};
///
/// let tape = Tape::<f64>::new();
/// let x = tape.variable(Tensor::ones([2, 3, 4]));
/// // Whole channels, twice as large where they are kept.
/// let op = MaskOp { scale: 2.0, ..MaskOp::new("spatial", 0.5, Unit::Channel, Seed(7)) };
/// let y = tape.record(op, &[x]).to_tensor();
/// assert!(y.as_slice().chunks(4).all(|channel| channel == [0.0; 4] || channel == [2.0; 4]));
/// ```
#[derive(Clone, Copy, Debug)]
pub struct MaskOp {
    /// The name in messages.
    pub name: &'static str,
    /// The probability of being kept.
    pub keep: f64,
    /// Which values share a decision.
    pub unit: Unit,
    /// What kept values are multiplied by.
    pub scale: f64,
    /// What is then added to them.
    pub shift: f64,
    /// What takes the place of the others.
    pub dropped: f64,
    /// What the mask is drawn from.
    pub seed: Seed,
}

impl MaskOp {
    /// y = x where x is kept, else 0.
    pub fn new(name: &'static str, keep: f64, unit: Unit, seed: Seed) -> Self {
        Self { name, keep, unit, scale: 1.0, shift: 0.0, dropped: 0.0, seed }
    }

    /// The operation on plain slices, for a value of shape `shape`.
    ///
    /// # Errors
    /// If the slices do not have the shape's length, or for what a pass refuses.
    pub fn apply<F: Float>(&self, shape: impl Into<Shape>, x: &[F], y: &mut [F]) -> Result<(), ShapeError> {
        let shape = self.check(shape.into(), x.len(), y.len())?;
        self.run(shape, x, y);
        Ok(())
    }

    /// The gradient of the input, on plain slices.
    ///
    /// # Errors
    /// As [`apply`](MaskOp::apply).
    pub fn gradient<F: Float>(&self, shape: impl Into<Shape>, dy: &[F], dx: &mut [F]) -> Result<(), ShapeError> {
        let shape = self.check(shape.into(), dy.len(), dx.len())?;
        self.differentiate(shape, dy, dx);
        Ok(())
    }

    fn check(&self, shape: Shape, from: usize, to: usize) -> Result<Shape, ShapeError> {
        if from != shape.numel() || to != shape.numel() {
            return Err(ShapeError::new(
                self.name,
                format!("two slices of {} values for shape {shape}", shape.numel()),
                format!("{from} and {to}"),
                "give slices of the same length and their shape",
            ));
        }
        Op::<f64>::shape(self, &[shape])
    }

    fn run<F: Float>(&self, shape: Shape, x: &[F], y: &mut [F]) {
        // x + -0 is x, also where x is -0.
        let shift = if self.shift == 0.0 { -0.0 } else { self.shift };
        let (decisions, share) = self.decisions(shape);
        select(&decisions, share, x, y, [self.scale, shift, self.dropped].map(F::from_f64));
    }

    fn differentiate<F: Float>(&self, shape: Shape, dy: &[F], dx: &mut [F]) {
        let (decisions, share) = self.decisions(shape);
        select(&decisions, share, dy, dx, [self.scale, -0.0, 0.0].map(F::from_f64));
    }

    /// The decisions, and the number of values that share one.
    fn decisions(&self, shape: Shape) -> (Bernoulli, usize) {
        // At least 1, also where there are no values.
        let share = shape.dims()[self.unit.axes(shape)..].iter().product::<usize>().max(1);
        (Bernoulli::new(self.keep, self.seed), share)
    }
}

/// Whether `keep` is a probability that a layer can have.
pub(crate) fn check_keep(name: &'static str, keep: f64) -> Result<(), ShapeError> {
    // Written so that NaN is refused.
    if keep > 0.0 && keep <= 1.0 {
        return Ok(());
    }
    Err(ShapeError::new(
        name,
        "a probability of keeping above 0 and at most 1, that is one of dropping of at least 0 and below 1",
        format!("{keep} to keep"),
        "give a probability of dropping such as 0.5; where everything is dropped nothing is left to learn from",
    ))
}

impl<F: Float> Op<F> for MaskOp {
    fn name(&self) -> &'static str {
        self.name
    }

    fn shape(&self, inputs: &[Shape]) -> Result<Shape, ShapeError> {
        let shape = inputs[0];
        if shape.rank() < self.unit.axes(shape) {
            return Err(ShapeError::new(
                self.name,
                match self.unit {
                    Unit::Channel => "an input (N, C, ...)",
                    _ => "an input (N, ...)",
                },
                shape.to_string(),
                "give it a batch, or drop each value for itself",
            ));
        }
        check_keep(self.name, self.keep)?;
        Ok(shape)
    }

    fn forward(&mut self, x: &Inputs<'_, F>, y: &mut [F], _saved: &mut [F]) {
        self.run(x.shape(0), x.value(0), y);
    }

    fn backward(&self, at: Backward<'_, F>, dx: &mut [Gradient<F>]) {
        if let Some(dx) = dx[0].wanted() {
            self.differentiate(at.shape, at.dy, dx);
        }
    }

    fn propagate(&self, inputs: &[Incoming], _output: Shape) -> Option<Propagation> {
        let (q, x) = (self.keep, inputs[0].signal);
        let kept = Signal { mean: self.scale * x.mean + self.shift, variance: self.scale * self.scale * x.variance };
        let between = kept.mean - self.dropped;
        // The law of total variance: within what is kept, and between that and what is dropped.
        let output = Signal {
            mean: self.dropped + q * between,
            variance: q * kept.variance + q * (1.0 - q) * between * between,
        };
        Some(Propagation::new(output, q * self.scale * self.scale))
    }
}
