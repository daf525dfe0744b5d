//! A training step of a multilayer perceptron: forward, backward, update.

use evenkeel::module::{Mode, Sequential, Workspace};
use evenkeel::norm::Statistics;
use evenkeel::optim::Optimizer;
use evenkeel::prelude::*;

use super::naive::Network;
use crate::check::{close, ensure, labels, normal};
use crate::timing::{Timer, Timing};

/// Linear layers with biases; before each activation a batch normalisation, if wanted; cross-entropy.
#[derive(Clone, Copy)]
pub(super) struct Mlp {
    pub(super) sizes: &'static [usize],
    pub(super) batch: usize,
    pub(super) norm: bool,
    pub(super) activation: Activation,
    pub(super) rule: Rule,
}

#[derive(Clone, Copy)]
pub(super) enum Activation {
    Sigmoid,
    Relu,
}

/// The update rule and its learning rate.
#[derive(Clone, Copy)]
pub(super) enum Rule {
    Sgd(f64),
    Adam(f64),
}

impl Mlp {
    pub(super) fn run(&self, timer: &Timer) -> Result<Timing, String> {
        let mut training = Training::new(self)?;
        training.check_gradient(self)?;
        let (mut steps, mut first, mut last) = (0, f64::NAN, f64::NAN);
        let timing = timer.time(|| {
            last = training.step();
            if steps == 0 {
                first = last;
            }
            steps += 1;
        });
        ensure(last < first, || format!("the loss went from {first} to {last}"))?;
        training.check_statistics(steps)?;
        Ok(timing.with("loss_first", first).with("loss_last", last))
    }

    fn network(&self) -> Sequential {
        let mut network = Sequential::default();
        let last = self.sizes.len() - 2;
        for (i, pair) in self.sizes.windows(2).enumerate() {
            network = network.with(Linear::new(pair[0], pair[1]));
            if i < last && self.norm {
                network = network.with(BatchNorm::new(pair[1]));
            }
            network = match self.activation {
                _ if i == last => network,
                Activation::Sigmoid => network.with(Sigmoid),
                Activation::Relu => network.with(Relu),
            };
        }
        network
    }
}

/// A network in training on one batch.
struct Training {
    network: Sequential,
    optimizer: Optimizer,
    workspace: Workspace,
    x: Tensor,
    labels: Tensor<u32>,
}

impl Training {
    fn new(mlp: &Mlp) -> Result<Self, String> {
        let classes = mlp.sizes[mlp.sizes.len() - 1] as u32;
        Ok(Self {
            network: mlp.network().initialize(XavierUniform::default(), Seed(1)).map_err(|e| e.to_string())?,
            optimizer: match mlp.rule {
                Rule::Sgd(rate) => Sgd::new(rate).into(),
                Rule::Adam(rate) => Adam::new(rate).into(),
            },
            workspace: Workspace::new(),
            x: normal([mlp.batch, mlp.sizes[0]], 2),
            labels: labels(mlp.batch, classes, 3),
        })
    }

    /// What [`Trainer`] does with a batch; gives the loss before the update.
    fn step(&mut self) -> f64 {
        let pass = self.workspace.begin(Mode::Training, Seed(0));
        let logits = self.network.forward(&pass, pass.constant(self.x.clone()));
        let loss = CrossEntropy::default().loss(logits, &self.labels);
        let value = loss.item();
        pass.backward(loss);
        let done = self.workspace.finish();
        self.optimizer.step(&mut self.network, &done).expect("settings in range");
        done.commit(&mut self.network);
        f64::from(value)
    }

    /// Compares loss and gradient at the start with a network written out in loops in f64: the derivative of its loss along
    /// our gradient g must be the square of the length of g.
    fn check_gradient(&mut self, mlp: &Mlp) -> Result<(), String> {
        let pass = self.workspace.begin(Mode::Training, Seed(0));
        let logits = self.network.forward(&pass, pass.constant(self.x.clone()));
        let loss = CrossEntropy::default().loss(logits, &self.labels);
        let value = f64::from(loss.item());
        pass.backward(loss);
        let done = self.workspace.finish();

        let (mut values, mut gradients, mut idle) = (Vec::new(), Vec::new(), Vec::new());
        let widen = |values: &[f32]| values.iter().map(|&v| f64::from(v)).collect::<Vec<_>>();
        self.network.for_each_parameter(|path, parameter| {
            let gradient = done.with_gradient(parameter, widen).unwrap_or_default();
            // A bias before a normalisation has no effect, so that its gradient may be 0.
            if gradient.is_empty() || (parameter.role() == Role::Weight && gradient.iter().all(|&g| g == 0.0)) {
                idle.push(path.to_string());
            }
            values.push(widen(parameter.value().as_slice()));
            gradients.push(gradient);
        });
        ensure(idle.is_empty(), || format!("no gradient in {}", idle.join(", ")))?;

        let network = Network {
            x: &widen(self.x.as_slice()),
            labels: self.labels.as_slice(),
            sizes: mlp.sizes,
            norm: mlp.norm,
            activation: match mlp.activation {
                Activation::Sigmoid => |x| 1.0 / (1.0 + (-x).exp()),
                Activation::Relu => |x| x.max(0.0),
            },
        };
        let expected = network.loss(&values);
        close("loss", value, expected, 1e-5 * expected)?;
        let square = gradients.iter().flatten().map(|g| g * g).sum::<f64>();
        let h = 1e-4 / square.sqrt();
        let at = |h: f64| {
            let along = |(v, g): (&Vec<f64>, &Vec<f64>)| v.iter().zip(g).map(|(v, g)| v + h * g).collect();
            network.loss(&values.iter().zip(&gradients).map(along).collect::<Vec<_>>())
        };
        close("derivative along the gradient", (at(h) - at(-h)) / (2.0 * h), square, 1e-3 * square)
    }

    /// Every step must have moved the running statistics.
    fn check_statistics(&self, steps: u64) -> Result<(), String> {
        for norm in (0..self.network.len()).filter_map(|i| self.network.get::<BatchNorm>(i)) {
            let (got, expected) = (norm.statistics(), Statistics::Running { batches: steps });
            ensure(got == expected, || format!("statistics: expected {expected:?}, got {got:?}"))?;
            let still = norm.running_mean().as_slice().iter().all(|&mean| mean == 0.0);
            ensure(!still, || "the running means have not moved".to_owned())?;
        }
        Ok(())
    }
}
