//! The probe: one forward and one backward pass, and a walk along the tape.

use std::fmt;

use evenkeel_autograd::{Propagation, Signal, Tape};
use evenkeel_data::Targets;
use evenkeel_init::random;
use evenkeel_module::{Forward, Mode, NetworkError, Pass, Workspace, check_network};
use evenkeel_tensor::{Float, Seed, Shape, Tensor, parallel};

use super::verdict::{Function, Symptoms, Weight, cure};
use super::{LayerSignal, SignalReport, Thresholds, measure};
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
    /// If the network does not fit the input, or a parameter has no value.
    ///
    /// # Panics
    /// If the output does not fit the targets.
    pub fn run(self, network: &(impl Forward<F> + ?Sized)) -> Result<SignalReport, NetworkError> {
        let input = match &self.input {
            Input::Batch(tensor) => tensor.clone(),
            &Input::Gaussian { shape, mean, deviation } => {
                let mut noise = Tensor::zeros(shape);
                let seed = self.seed.stream("input");
                random::normal(noise.as_mut_slice(), F::from_f64(mean), F::from_f64(deviation), seed);
                noise
            }
        };
        check_network(network, Mode::Training, input.shape())?;
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
        let walk = Walk::new(tape, x.index(), output.index());
        let mut layers = walk.layers(network, &pass);
        self.judge(&walk, &mut layers);
        SignalReport { input: x.signal(), layers }
    }

    fn judge(&self, walk: &Walk<'_, F>, layers: &mut [LayerSignal]) {
        let input_deviation = walk.measured[walk.input].variance.sqrt();
        let at_output = layers.last().map_or(f64::NAN, |l| l.gradient_norm);
        for (layer, &node) in layers.iter_mut().zip(&walk.rows) {
            let symptoms = Symptoms {
                signal: layer.measured.variance.sqrt() / input_deviation,
                gradient: layer.gradient_norm / at_output,
                saturated: layer.saturated,
                dead: layer.dead,
                symmetric: layer.symmetric,
            };
            layer.verdict = self.thresholds.judge(&symptoms);
            layer.cure = cure(layer.verdict, walk.weight_before(node).as_ref(), input_deviation);
        }
    }
}

/// The tape from the input to the output, with what is measured and predicted of each value.
struct Walk<'t, F: Float> {
    tape: &'t Tape<F>,
    input: usize,
    /// The operations that depend on the input, in order.
    rows: Vec<usize>,
    measured: Vec<Signal>,
    laws: Vec<Option<Propagation>>,
    /// The predicted second moment of the gradient.
    gradients: Vec<Option<f64>>,
}

impl<'t, F: Float> Walk<'t, F> {
    fn new(tape: &'t Tape<F>, input: usize, output: usize) -> Self {
        let mut depends = vec![false; output + 1];
        depends[input] = true;
        let mut signals = Vec::with_capacity(output + 1);
        let (mut rows, mut laws) = (Vec::new(), Vec::new());
        let mut measured = Vec::with_capacity(output + 1);
        for index in 0..=output {
            measured.push(tape.nth(index).signal());
            let recorded = tape.recorded(index);
            depends[index] |= recorded.as_ref().is_some_and(|r| r.inputs.iter().any(|&i| depends[i]));
            if depends[index] && recorded.is_some() {
                rows.push(index);
            }
            let law = tape.propagate(index, &signals);
            // Where theory is silent, it goes on from what is.
            signals.push(Some(law.map_or(measured[index], |law| law.output)));
            laws.push(law);
        }
        let mut walk = Self { tape, input, rows, measured, laws, gradients: vec![None; output + 1] };
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
                has_weight: self.weight_of(index).is_some(),
                measured: self.measured[index],
                predicted: self.laws[index].map(|law| law.output),
                dead: measure::dead(&var.value(), var.shape()),
                saturated: measure::saturated(&var.value(), limits),
                symmetric: measure::symmetric(&twins.value(), twins.shape()),
                similarity: measure::similarity(&var.value(), var.shape()),
                gradient_norm: norms[row],
                gradient_ratio: norms.get(row + 1).map_or(1.0, |next| norms[row] / next),
                predicted_gradient_norm: self.gradients[index].map(|g| (g * var.shape().numel() as f64).sqrt()),
                verdict: super::Verdict::Healthy,
                cure: None,
            }
        });
        rows.collect()
    }

    /// The weight of operation `index`, by its number on the tape: an input that does not depend on the data and has the rank of
    /// a weight.
    fn weight_of(&self, index: usize) -> Option<usize> {
        let inputs = self.tape.recorded(index)?.inputs;
        let is_weight = |&i: &usize| i != self.input && !self.rows.contains(&i) && self.tape.nth(i).shape().rank() >= 2;
        inputs.into_iter().find(is_weight)
    }

    /// The weight nearest before (or at) `index`.
    fn weight_before(&self, index: usize) -> Option<Weight> {
        let mut rows = self.rows.iter().rev().skip_while(|&&row| row > index);
        rows.find_map(|&row| {
            let weight = self.weight_of(row)?;
            let shape = self.tape.nth(weight).shape();
            let taps: usize = shape[2..].iter().product();
            let follows = self.rows.iter().filter(|&&r| r >= row).find_map(|&r| self.laws[r]?.limits);
            let rectifies = follows.is_some_and(|[low, high]| low.is_finite() != high.is_finite());
            Some(Weight {
                fan_in: (shape[1] * taps) as f64,
                fan_out: (shape[0] * taps) as f64,
                deviation: self.measured[weight].rms(),
                followed_by: if rectifies { Function::Rectifier } else { Function::Other },
            })
        })
    }
}
