//! Mean-field theory: how operations change the mean and variance of a signal, and the size of gradients.
//!
//! The picture: weights are random, so the values that an operation gives are about Gaussian, and two numbers tell their
//! law. What an operation does to them is a line of arithmetic that stands beside its forward kernel
//! ([`Op::propagate`](crate::Op::propagate)); a walk along the tape joins them to a prediction for a whole network.
//! Poole et al., *Exponential expressivity in deep neural networks through transient chaos*, 2016
//! ([arXiv 1606.05340](https://arxiv.org/abs/1606.05340)); Schoenholz et al., *Deep information propagation*, 2017
//! ([arXiv 1611.01232](https://arxiv.org/abs/1611.01232)).

use evenkeel_tensor::{Float, Shape};

use crate::node::{Value, root_of, value_of};
use crate::{Tape, Var};

/// The mean and variance of the elements of a value.
///
/// ```
/// use evenkeel_autograd::Signal;
///
/// let standard = Signal { mean: 0.0, variance: 1.0 };
/// // A rectifier lets half of the second moment through.
/// assert!((standard.expect(|x| x.max(0.0).powi(2)) - 0.5).abs() < 1e-4);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Signal {
    /// The mean.
    pub mean: f64,
    /// The variance.
    pub variance: f64,
}

impl Signal {
    /// The mean and (biased) variance of these values; NaN of none.
    pub fn of<F: Float>(values: &[F]) -> Self {
        let n = values.len() as f64;
        let origin = values.first().map_or(0.0, |x| x.to_f64());
        // Relative to a value of the sample, so that a common offset costs no digits.
        let mean = origin + values.iter().map(|x| x.to_f64() - origin).sum::<f64>() / n;
        let variance = values.iter().map(|x| (x.to_f64() - mean).powi(2)).sum::<f64>() / n;
        Self { mean, variance }
    }

    /// E\[x²\]
    pub fn second_moment(&self) -> f64 {
        self.mean * self.mean + self.variance
    }

    /// The root of the mean square: what He's start keeps through rectifiers.
    pub fn rms(&self) -> f64 {
        self.second_moment().sqrt()
    }

    /// E\[f(x)\] for a Gaussian x, by the trapezoidal rule over 8 deviations: exact to 1e-12 for smooth `f`, to 1e-4 across a
    /// kink.
    pub fn expect(&self, f: impl Fn(f64) -> f64) -> f64 {
        const STEPS: i32 = 512;
        const REACH: f64 = 8.0;
        let step = REACH / f64::from(STEPS);
        let deviation = self.variance.sqrt();
        let (mut sum, mut weights) = (0.0, 0.0);
        for i in -STEPS..=STEPS {
            let z = f64::from(i) * step;
            let weight = (-0.5 * z * z).exp();
            sum += weight * f(self.mean + deviation * z);
            weights += weight;
        }
        sum / weights
    }
}

/// An input of an operation whose result is predicted.
#[derive(Clone, Copy, Debug)]
pub struct Incoming {
    /// Which value of the tape it is: the same one twice is not independent of itself.
    pub node: usize,
    /// Its shape.
    pub shape: Shape,
    /// Its law.
    pub signal: Signal,
}

/// What an operation does to a signal and to the gradient that comes back.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Propagation {
    /// The law of the result.
    pub output: Signal,
    /// E\[(dL/dx)²\] over E\[(dL/dy)²\], per element, for the first and the second input, 0 for one that there is not; `None`
    /// where two moments do not tell.
    pub gains: Option<[f64; 2]>,
    /// The values that the operation tends to for inputs of -infinity and infinity, if it acts on each element alone: where
    /// both are finite it saturates.
    pub limits: Option<[f64; 2]>,
}

impl Propagation {
    /// Of an operation that gives the law `output` and multiplies the first input's squared gradient by `gain`.
    pub fn new(output: Signal, gain: f64) -> Self {
        Self { output, gains: Some([gain, 0.0]), limits: None }
    }

    /// Of an operation that brings values to mean 0 and variance 1, or without centring to mean square 1, whatever they were, and
    /// then scales and shifts them. The gradient depends on which values share statistics; its gain is that of an operation whose
    /// groups are `representative`: their spread is that of all values.
    pub fn of_normalization(x: Signal, affine: &[Incoming], eps: f64, centered: bool, representative: bool) -> Self {
        let scale = affine.first().map_or(1.0, |scale| scale.signal.second_moment());
        let shift = affine.get(1).map_or(Signal { mean: 0.0, variance: 0.0 }, |shift| shift.signal);
        let spread = if centered { x.variance } else { x.second_moment() };
        let inverse = if spread + eps == 0.0 { 0.0 } else { 1.0 / (spread + eps) };
        let mean = if centered { 0.0 } else { x.mean * inverse.sqrt() * affine.first().map_or(1.0, |s| s.signal.mean) };
        let variance = scale * spread * inverse - mean * mean + shift.variance;
        let output = Signal { mean: mean + shift.mean, variance };
        Self { output, gains: representative.then_some([scale * inverse, 0.0]), limits: None }
    }

    /// Of sums of products with random weights: each of `outputs` values adds `fan_in` inputs times weights, and a bias.
    ///
    /// `E[y] = fan_in E[w] E[x] + E[b]`, `Var[y] = fan_in (Var[w] E[x²] + E[w]² Var[x]) + Var[b]`; an input takes part in
    /// `fan_out = outputs fan_in / inputs` sums, so its gradient grows by `fan_out E[w²]`.
    pub fn of_products(x: &Incoming, weight: Signal, bias: Option<Signal>, fan_in: f64, outputs: usize) -> Self {
        let bias = bias.unwrap_or(Signal { mean: 0.0, variance: 0.0 });
        let fan_out = outputs as f64 * fan_in / x.shape.numel() as f64;
        let spread = weight.variance * x.signal.second_moment() + weight.mean * weight.mean * x.signal.variance;
        let output = Signal {
            mean: fan_in * weight.mean * x.signal.mean + bias.mean,
            variance: fan_in * spread + bias.variance,
        };
        Self::new(output, fan_out * weight.second_moment())
    }

    /// Of a function of each element, with its derivative.
    pub fn of_function(x: Signal, f: impl Fn(f64) -> f64, derivative: impl Fn(f64) -> f64) -> Self {
        let mean = x.expect(&f);
        let variance = x.expect(|x| (f(x) - mean).powi(2));
        let gain = x.expect(|x| derivative(x).powi(2));
        // Far enough for any sigmoid, near enough not to overflow in `f`; what is large there grows without limit.
        const FAR: f64 = 1e30;
        let limit = |x: f64| {
            let y = f(x);
            if y.abs() < FAR.sqrt() { y } else { y.signum() * f64::INFINITY }
        };
        Self { limits: Some([limit(-FAR), limit(FAR)]), ..Self::new(Signal { mean, variance }, gain) }
    }
}

/// How an operation was recorded, for whoever walks along a tape.
#[derive(Clone, Debug)]
pub struct Recorded {
    /// The name of the operation.
    pub name: &'static str,
    /// The values it was given, by their numbers on the tape ([`Tape::nth`]).
    pub inputs: Vec<usize>,
}

impl<F: Float> Tape<F> {
    /// The operation that gave value `index`; `None` for variables and constants. Reshapes are seen through: an input is
    /// the value that holds the elements.
    ///
    /// # Panics
    /// If there is no such value.
    #[track_caller]
    pub fn recorded(&self, index: usize) -> Option<Recorded> {
        assert!(index < self.len(), "recorded: value {index} of {}", self.len());
        let inner = self.inner.borrow();
        let node = &inner.nodes[index];
        let Value::Computed(_) = node.value else { return None };
        let inputs = &inner.inputs[node.inputs.0 as usize..node.inputs.1 as usize];
        Some(Recorded {
            name: node.op.as_ref()?.name(),
            inputs: inputs.iter().map(|&i| root_of(&inner.nodes, i) as usize).collect(),
        })
    }

    /// What mean-field theory says of value `index` given the laws of the values before it (`None` for one that is not known);
    /// `None` for a variable or constant, and where the operation or an input does not tell.
    pub fn propagate(&self, index: usize, laws: &[Option<Signal>]) -> Option<Propagation> {
        let inner = self.inner.borrow();
        let node = &inner.nodes[index];
        let Value::Computed(_) = node.value else { return None };
        let inputs = &inner.inputs[node.inputs.0 as usize..node.inputs.1 as usize];
        let incoming: Option<Vec<Incoming>> = inputs
            .iter()
            .map(|&i| {
                let root = root_of(&inner.nodes, i) as usize;
                let signal = laws.get(root).copied().flatten()?;
                Some(Incoming { node: root, shape: inner.nodes[i as usize].shape, signal })
            })
            .collect();
        node.op.as_ref()?.propagate(&incoming?, node.shape)
    }

    /// From now on until the reset, [`backward`](Tape::backward) keeps the gradients of intermediate values too, for
    /// [`Var::gradient`] to read. One backward pass may follow; a second one panics, as it would count them twice.
    pub fn retain_gradients(&self) {
        self.inner_mut("retain_gradients").retain = true;
    }
}

impl<F: Float> Var<'_, F> {
    /// The mean and variance of the elements.
    #[track_caller]
    pub fn signal(self) -> Signal {
        Signal::of(value_of(&self.tape.inner.borrow().nodes, self.index))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expectations_of_a_gaussian() {
        let x = Signal { mean: 0.5, variance: 4.0 };
        assert!((x.expect(|x| x) - 0.5).abs() < 1e-12);
        assert!((x.expect(|x| x * x) - x.second_moment()).abs() < 1e-11);
        // E[x⁴] = m⁴ + 6 m² v + 3 v²
        assert!((x.expect(|x| x.powi(4)) - (0.0625 + 6.0 * 0.25 * 4.0 + 48.0)).abs() < 1e-9);
        // E[e^x] = e^(m + v / 2)
        assert!((x.expect(f64::exp) / 2.5f64.exp() - 1.0).abs() < 1e-8);
        // E[max(x, 0)] of a standard Gaussian is 1 / sqrt(2 pi).
        let relu = Signal { mean: 0.0, variance: 1.0 }.expect(|x| x.max(0.0));
        assert!((relu - 0.398_942_28).abs() < 1e-4);
    }

    #[test]
    fn a_large_offset_leaves_the_variance() {
        let values: Vec<f32> = (0..1000).map(|i| 1e6 + (i % 2) as f32).collect();
        let Signal { mean, variance } = Signal::of(&values);
        assert!((mean - 1_000_000.5).abs() < 1e-3 && (variance - 0.25).abs() < 1e-6, "{mean} {variance}");
    }

    #[test]
    fn limits_tell_what_saturates() {
        let x = Signal { mean: 0.0, variance: 1.0 };
        let tanh = Propagation::of_function(x, f64::tanh, |x| 1.0 - x.tanh().powi(2));
        assert_eq!(tanh.limits, Some([-1.0, 1.0]));
        let relu = Propagation::of_function(x, |x| x.max(0.0), |x| f64::from(x > 0.0));
        assert_eq!(relu.limits.unwrap()[0], 0.0);
        assert!((relu.gains.unwrap()[0] - 0.5).abs() < 1e-2);
        let grows = |f: fn(f64) -> f64| Propagation::of_function(x, f, |_| 1.0).limits.unwrap();
        assert_eq!(grows(f64::abs), [f64::INFINITY; 2]);
        assert_eq!(grows(|x| 1.0 - x), [f64::INFINITY, -f64::INFINITY]);
    }
}
