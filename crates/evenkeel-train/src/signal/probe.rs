//! The probe: one forward and one backward pass, and a walk along the tape.

use std::fmt;

use evenkeel_autograd::{Propagation, Signal, Tape, Var};
use evenkeel_data::Targets;
use evenkeel_init::random;
use evenkeel_module::{Forward, Mode, NetworkError, Pass, WeightUse, Workspace, check_network, weight_uses};
use evenkeel_tensor::{Float, Seed, Shape, ShapeError, Tensor, parallel};
use thiserror::Error;

use super::verdict::{Findings, Function, Weight, cure};
use super::{LayerSignal, SignalReport, Thresholds, Verdict, measure};
use crate::Loss;

/// What to send through a network, and what to call ill.
///
/// Without a loss, the gradient that enters at the output is Gaussian noise, as in mean-field theory. The pass is a training
/// pass: normalisations use the statistics of the batch. Nothing in the network changes.
#[must_use]
pub struct SignalProbe<'a, F: Float = f32> {
    input: Input<F>,
    loss: Option<(&'a dyn Loss<F>, Targets<F>)>,
    thresholds: Thresholds,
    seed: Seed,
}

/// A probe that tells nothing.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum SignalError {
    /// The network does not run on the input.
    #[error(transparent)]
    Network(#[from] NetworkError),
    /// The input has nothing to tell apart.
    #[error("SignalProbe: expected finite examples that differ, got {what} (shape {shape}); give a batch of the data")]
    Input {
        /// What is wrong with it.
        what: String,
        /// Its shape.
        shape: Shape,
    },
    /// The targets do not fit the network's output.
    #[error(transparent)]
    Targets(ShapeError),
}

#[derive(Clone, Debug)]
enum Input<F: Float> {
    Batch(Tensor<F>),
    Gaussian { shape: Shape, mean: f64, deviation: f64 },
}

impl<F: Float> fmt::Debug for SignalProbe<'_, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SignalProbe").field("thresholds", &self.thresholds).finish_non_exhaustive()
    }
}

impl<'a, F: Float> SignalProbe<'a, F> {
    /// A batch of data, examples along the first axis.
    pub fn batch(inputs: Tensor<F>) -> Self {
        Self::new(Input::Batch(inputs))
    }

    /// Gaussian noise of this shape, of mean 0 and deviation 1.
    pub fn gaussian(shape: impl Into<Shape>) -> Self {
        Self::new(Input::Gaussian { shape: shape.into(), mean: 0.0, deviation: 1.0 })
    }

    /// Gaussian noise of this shape, mean and deviation: the law of the data, where there is none at hand.
    pub fn gaussian_of(shape: impl Into<Shape>, mean: f64, deviation: f64) -> Self {
        Self::new(Input::Gaussian { shape: shape.into(), mean, deviation })
    }

    fn new(input: Input<F>) -> Self {
        Self { input, loss: None, thresholds: Thresholds::default(), seed: Seed(0) }
    }

    /// With the gradient of this loss for these targets.
    pub fn with_loss(self, loss: &'a dyn Loss<F>, targets: Targets<F>) -> Self {
        Self { loss: Some((loss, targets)), ..self }
    }

    /// With other thresholds.
    pub fn with_thresholds(self, thresholds: Thresholds) -> Self {
        Self { thresholds, ..self }
    }

    /// With other noise.
    pub fn with_seed(self, seed: Seed) -> Self {
        Self { seed, ..self }
    }

    /// Sends the signal through `network` and the gradient back.
    ///
    /// # Errors
    /// If the network does not fit the input, a parameter has no value, the input tells nothing (it is empty, not finite, or all
    /// its examples are equal), or the targets do not fit.
    pub fn run(self, network: &(impl Forward<F> + ?Sized)) -> Result<SignalReport, SignalError> {
        let input = match &self.input {
            Input::Batch(tensor) => tensor.clone(),
            &Input::Gaussian { shape, mean, deviation } => {
                let mut noise = Tensor::zeros(shape);
                let seed = self.seed.stream("input");
                random::normal(noise.as_mut_slice(), F::from_f64(mean), F::from_f64(deviation), seed);
                noise
            }
        };
        let unfit = |what: &str| SignalError::Input { what: what.to_owned(), shape: input.shape() };
        if input.shape().numel() == 0 {
            return Err(unfit("no values"));
        }
        if !input.is_finite() {
            return Err(unfit("an infinity or NaN"));
        }
        if measure::spread(input.as_slice(), input.shape()) == 0.0 {
            return Err(unfit("examples that are all equal"));
        }
        let output = check_network(network, Mode::Training, input.shape())?;
        if let Some((_, targets)) = &self.loss {
            check_targets(output, targets)?;
        }
        Ok(parallel::install(|| self.measure(network, input)))
    }

    fn measure(&self, network: &(impl Forward<F> + ?Sized), input: Tensor<F>) -> SignalReport {
        let mut workspace = Workspace::new();
        let pass = workspace.begin(Mode::Training, self.seed.stream("noise"));
        let tape = pass.tape();
        tape.retain_gradients();
        // A variable, so that every value that depends on it has a gradient, whatever is frozen.
        let x = tape.variable(input);
        let output = network.forward(&pass, x);
        match &self.loss {
            Some((loss, targets)) => pass.backward(loss.loss(&pass, output, targets)),
            None => {
                let mut upstream = vec![F::ZERO; output.shape().numel()];
                random::normal(&mut upstream, F::ZERO, F::ONE, self.seed.stream("gradient"));
                tape.backward_from(output, &upstream);
            }
        }
        let walk = Walk::new(tape, x.index(), output.index(), weight_uses(network, &pass, x.index()));
        let mut layers = walk.layers(network, &pass);
        self.judge(&walk, &mut layers);
        SignalReport { input: x.signal(), layers }
    }

    fn judge(&self, walk: &Walk<'_, F>, layers: &mut [LayerSignal]) {
        let input = walk.measured[walk.input];
        let input_spread = {
            let x = walk.tape.nth(walk.input);
            measure::spread(&x.value(), x.shape())
        };
        let gradients = walk.gradients_that_arrive(layers);
        for (row, layer) in layers.iter_mut().enumerate() {
            // What is multiplied by weights or scales of 0 is not dead: it begins with the first step.
            let begins = walk.multiplies_by_zero(walk.rows[row]);
            let or_nothing = |x: f64| if begins { f64::NAN } else { x };
            let findings = Findings {
                size: layer.measured.rms() / input.rms(),
                spread: or_nothing(layer.spread / input_spread),
                similarity: layer.similarity,
                gradient: gradients[row],
                saturated: layer.saturated,
                dead: or_nothing(layer.dead),
                symmetric: layer.symmetric,
            };
            (layer.verdict, layer.symptom) = self.thresholds.judge(&findings);
            if layer.verdict != Verdict::Healthy {
                layer.cure = cure(layer.verdict, walk.weight_before(walk.rows[row]).as_ref(), &input);
            }
        }
    }
}

/// Whether an output fits targets: as many examples, classes that there are.
fn check_targets<F: Float>(output: Shape, targets: &Targets<F>) -> Result<(), SignalError> {
    let misfit = |expected: String, got: String| {
        Err(SignalError::Targets(ShapeError::new("SignalProbe", expected, got, "give a target for each example")))
    };
    let examples = output.first().copied().unwrap_or(1);
    if targets.len() != examples {
        return misfit(format!("{examples} targets for output {output}"), targets.len().to_string());
    }
    match (targets, output.dims()) {
        (Targets::Classes(classes), &[_, outputs]) => match classes.as_slice().iter().max() {
            Some(&class) if class as usize >= outputs => misfit(format!("classes below {outputs}"), class.to_string()),
            _ => Ok(()),
        },
        _ => Ok(()),
    }
}

/// The tape from the input to the output, with what is measured and predicted of each value.
struct Walk<'t, F: Float> {
    tape: &'t Tape<F>,
    input: usize,
    /// The operations that depend on the input, in order.
    rows: Vec<usize>,
    /// For each row, the rows that take its result.
    takers: Vec<Vec<usize>>,
    weights: Vec<WeightUse>,
    measured: Vec<Signal>,
    laws: Vec<Option<Propagation>>,
    /// The predicted second moment of the gradient.
    gradients: Vec<Option<f64>>,
}

impl<'t, F: Float> Walk<'t, F> {
    fn new(tape: &'t Tape<F>, input: usize, output: usize, weights: Vec<WeightUse>) -> Self {
        let mut depends = vec![false; output + 1];
        depends[input] = true;
        let mut signals = Vec::with_capacity(output + 1);
        let (mut rows, mut laws) = (Vec::new(), Vec::new());
        let (mut takers, mut row_of): (Vec<Vec<usize>>, _) = (Vec::new(), vec![None; output + 1]);
        let mut measured = Vec::with_capacity(output + 1);
        for index in 0..=output {
            measured.push(tape.nth(index).signal());
            let recorded = tape.recorded(index);
            depends[index] |= recorded.as_ref().is_some_and(|r| r.inputs.iter().any(|&i| depends[i]));
            if let Some(recorded) = recorded.filter(|_| depends[index]) {
                let row = rows.len();
                recorded.inputs.iter().filter_map(|&i| row_of[i]).for_each(|input: usize| takers[input].push(row));
                row_of[index] = Some(row);
                rows.push(index);
                takers.push(Vec::new());
            }
            let law = tape.propagate(index, &signals);
            // Where theory is silent, it goes on from what is.
            signals.push(Some(law.map_or(measured[index], |law| law.output)));
            laws.push(law);
        }
        let gradients = vec![None; output + 1];
        let mut walk = Self { tape, input, rows, takers, weights, measured, laws, gradients };
        walk.predict_gradients();
        walk
    }

    /// The measured second moment of the gradient of value `index`.
    fn gradient(&self, index: usize) -> f64 {
        let var = self.tape.nth(index);
        self.tape.with_gradient(var, |g| Signal::of(g).second_moment()).unwrap_or(0.0)
    }

    fn predict_gradients(&mut self) {
        let Some(&output) = self.rows.last() else { return };
        self.gradients[output] = Some(self.gradient(output));
        for &index in self.rows.iter().rev() {
            let Some(dy) = self.gradients[index] else { continue };
            let recorded = self.tape.recorded(index).expect("rows are operations");
            match self.laws[index].and_then(|law| law.gains) {
                Some(gains) => {
                    for (&input, gain) in recorded.inputs.iter().zip(gains) {
                        *self.gradients[input].get_or_insert(0.0) += gain * dy;
                    }
                }
                // Where theory is silent, it goes on from what is.
                None => {
                    for &input in &recorded.inputs {
                        self.gradients[input] = Some(self.gradient(input));
                    }
                }
            }
        }
    }

    fn layers(&self, network: &(impl Forward<F> + ?Sized), pass: &Pass<'_, F>) -> Vec<LayerSignal> {
        let norm = |index: usize| (self.gradient(index) * self.tape.nth(index).shape().numel() as f64).sqrt();
        let norms: Vec<f64> = self.rows.iter().map(|&index| norm(index)).collect();
        let rows = self.rows.iter().enumerate().map(|(row, &index)| {
            let var = self.tape.nth(index);
            let recorded = self.tape.recorded(index).expect("rows are operations");
            let limits = self.laws[index].and_then(|law| law.limits);
            // Behind a function units may be equal because they are dead; before it they are not.
            let twins = self.tape.nth(if limits.is_some() { recorded.inputs[0] } else { index });
            LayerSignal {
                layer: pass.layer_of(network, index),
                operation: recorded.name,
                shape: var.shape(),
                has_weight: self.weights.iter().any(|one| one.output == index),
                measured: self.measured[index],
                predicted: self.laws[index].map(|law| law.output),
                dead: measure::dead(&var.value(), var.shape()),
                saturated: measure::saturated(&var.value(), limits),
                symmetric: tape_symmetric(twins),
                similarity: measure::similarity(&var.value(), var.shape()),
                spread: measure::spread(&var.value(), var.shape()),
                gradient_norm: norms[row],
                gradient_ratio: {
                    let taken = self.takers[row].iter().map(|&taker| norms[taker]).fold(None, largest);
                    taken.map_or(1.0, |taken| norms[row] / taken)
                },
                predicted_gradient_norm: self.gradients[index].map(|g| (g * var.shape().numel() as f64).sqrt()),
                verdict: Verdict::Healthy,
                symptom: None,
                cure: None,
            }
        });
        rows.collect()
    }

    /// For each row, the gradient's norm over that at the output. A gradient that is 0 through and through has met weights or
    /// scales that start at 0 (a head, the last scale of a residual branch) and will not stay so: what arrives is then what
    /// arrives at the rows that take the result. 1 where no gradient enters at all.
    fn gradients_that_arrive(&self, layers: &[LayerSignal]) -> Vec<f64> {
        let at_output = layers.last().map_or(0.0, |layer| layer.gradient_norm);
        let mut arrives = vec![1.0; layers.len()];
        if at_output == 0.0 {
            return arrives;
        }
        for (row, layer) in layers.iter().enumerate().rev() {
            arrives[row] = if layer.gradient_norm == 0.0 {
                self.takers[row].iter().map(|&taker| arrives[taker]).fold(None, largest).unwrap_or(0.0)
            } else {
                layer.gradient_norm / at_output
            };
        }
        arrives
    }

    /// Whether the operation's weight or scale, its second input, is 0 throughout.
    fn multiplies_by_zero(&self, index: usize) -> bool {
        let factor = self.tape.recorded(index).and_then(|recorded| recorded.inputs.get(1).copied());
        factor.is_some_and(|i| self.rows.binary_search(&i).is_err() && self.measured[i].second_moment() == 0.0)
    }

    /// The weight nearest before (or at) `index`.
    fn weight_before(&self, index: usize) -> Option<Weight> {
        let nearest = self.weights.iter().rfind(|one| one.output <= index)?;
        let shape = self.tape.nth(nearest.weight).shape();
        let taps: usize = shape[2..].iter().product();
        Some(Weight {
            fan_in: (shape[1] * taps) as f64,
            fan_out: (shape[0] * taps) as f64,
            deviation: self.measured[nearest.weight].rms(),
            followed_by: self.function_after(nearest.output),
        })
    }

    /// The first function with a limit at or after `index`.
    fn function_after(&self, index: usize) -> Function {
        let later = self.rows.iter().filter(|&&row| row >= index);
        let limited = later.filter_map(|&row| Some((row, self.laws[row]?.limits?)));
        let Some((row, limits)) = limited.into_iter().find(|(_, limits)| limits.iter().any(|l| l.is_finite())) else {
            return Function::Bounded;
        };
        if limits.iter().all(|l| l.is_finite()) {
            return Function::Bounded;
        }
        // Of a standard Gaussian argument.
        let unit = vec![Some(Signal { mean: 0.0, variance: 1.0 }); row];
        let law = self.tape.propagate(row, &unit).expect("it has a law");
        Function::Unbounded(law.output.second_moment())
    }
}

/// The larger of both; NaN counts as larger than anything.
fn largest(a: Option<f64>, b: f64) -> Option<f64> {
    Some(a.map_or(b, |a| if a > b || a.is_nan() { a } else { b }))
}

fn tape_symmetric<F: Float>(var: Var<'_, F>) -> f64 {
    let gradient = var.gradient();
    measure::symmetric(&var.value(), gradient.as_ref().map(Tensor::as_slice), var.shape())
}
