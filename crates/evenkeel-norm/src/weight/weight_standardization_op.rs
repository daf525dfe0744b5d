//! Weight standardisation as an operation.

use evenkeel_autograd::{Backward, Gradient, Incoming, Inputs, Op, Propagation, Var};
use evenkeel_tensor::{Float, Shape, ShapeError, Tensor};

use crate::grouping::Grouping;
use crate::per_sample_op::PerSampleOp;
use crate::plain::apply;

/// The deviation that weight standardisation gives a unit's weights.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum WeightScaling {
    /// 1 (Qiao et al. 2019).
    Unit,
    /// gamma / sqrt(fan_in) (Brock et al. 2021).
    FanIn {
        /// What makes up for the activation before: 1 for none.
        gamma: f64,
    },
}

/// The units of a weight as the channels of one example (1, out, fan-in): weight standardisation is instance
/// normalisation of these, by the same kernels.
#[derive(Clone, Copy)]
struct UnitsOp {
    channels: PerSampleOp,
    scaling: WeightScaling,
}

impl UnitsOp {
    /// The operation for a weight of this shape, and the shape that it takes the weight in.
    fn new(weight: Shape, scaling: WeightScaling, eps: f64) -> (Self, Shape) {
        let (&units, rest) = weight.split_first().unwrap_or((&1, &[]));
        let grouping = Grouping::Channels { groups: units, channels: units };
        let channels = PerSampleOp { name: "weight_standardization", grouping, centered: true, eps };
        (Self { channels, scaling }, [1, units, rest.iter().product()].into())
    }

    /// The factor that gives units of variance 1 the deviation that is wanted.
    fn factor<F: Float>(self, rows: Shape) -> Option<F> {
        match self.scaling {
            WeightScaling::Unit => None,
            WeightScaling::FanIn { gamma } => Some(F::from_f64(gamma / (rows[2].max(1) as f64).sqrt())),
        }
    }
}

impl<F: Float> Op<F> for UnitsOp {
    fn name(&self) -> &'static str {
        self.channels.name
    }

    fn shape(&self, inputs: &[Shape]) -> Result<Shape, ShapeError> {
        if inputs[0][1] == 0 {
            return Err(ShapeError::new(
                self.channels.name,
                "a weight with at least one output unit",
                format!("0 units of {} weights", inputs[0][2]),
                "give the layer outputs",
            ));
        }
        if inputs[0][2] == 1 {
            return Err(ShapeError::new(
                self.channels.name,
                "more than one weight for each output unit",
                format!("1 for each of {} units", inputs[0][1]),
                "a single weight minus its mean is always 0: leave this layer as it is",
            ));
        }
        match self.scaling {
            WeightScaling::FanIn { gamma } if !gamma.is_finite() => Err(ShapeError::new(
                self.channels.name,
                "a finite gamma",
                format!("gamma {gamma}"),
                "1 is usual, and 1.7139 after a ReLU",
            )),
            _ => Op::<F>::shape(&self.channels, inputs),
        }
    }

    fn saved(&self, inputs: &[Shape]) -> usize {
        Op::<F>::saved(&self.channels, inputs)
    }

    fn forward(&mut self, x: &Inputs<'_, F>, y: &mut [F], saved: &mut [F]) {
        self.channels.forward(x, y, saved);
    }

    fn backward(&self, at: Backward<'_, F>, dx: &mut [Gradient<F>]) {
        self.channels.backward(at, dx);
    }

    fn propagate(&self, inputs: &[Incoming], output: Shape) -> Option<Propagation> {
        Op::<F>::propagate(&self.channels, inputs, output)
    }
}

/// The weight (out, in, kernel...) with mean 0 and the variance that `scaling` says for each output unit, times `gain`
/// (of one value a unit, of any shape); see [`WeightStandardization`](crate::WeightStandardization).
///
/// # Panics
/// If units have one weight, the gain does not fit, or eps or gamma is out of range.
#[track_caller]
pub fn weight_standardization<'t, F: Float>(
    weight: Var<'t, F>,
    gain: Option<Var<'t, F>>,
    scaling: WeightScaling,
    eps: f64,
) -> Var<'t, F> {
    let (op, rows) = UnitsOp::new(weight.shape(), scaling, eps);
    let scale = |x: Var<'t, F>| op.factor::<F>(rows).map_or(x, |factor| x * factor);
    let (tape, w) = (weight.tape(), weight.reshape(rows));
    // Of gain and weight, the smaller one takes the factor.
    match gain {
        Some(gain) => tape.record(op, &[w, scale(gain.reshape(rows[1]))]),
        None => scale(tape.record(op, &[w])),
    }
    .reshape(weight.shape())
}

/// As [`weight_standardization`], of plain tensors.
pub(crate) fn standardized<F: Float>(
    weight: &Tensor<F>,
    gain: Option<&Tensor<F>>,
    scaling: WeightScaling,
    eps: f64,
) -> Result<Tensor<F>, ShapeError> {
    let (op, rows) = UnitsOp::new(weight.shape(), scaling, eps);
    let scale = |x: Tensor<F>| match op.factor::<F>(rows) {
        Some(factor) => x.map(|x| x * factor),
        None => x,
    };
    let w = weight.reshape(rows);
    let w = match gain {
        Some(gain) => apply(op, &[&w, &scale(gain.try_reshape(rows[1])?)])?,
        None => scale(apply(op, &[&w])?),
    };
    Ok(w.reshape(weight.shape()))
}
