//! A training step of a multilayer perceptron: forward, backward, update.

use evenkeel::module::Sequential;
use evenkeel::prelude::*;

use super::naive::Network;
use super::training::{Training, widen};
use crate::check::{labels, normal};
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
        let optimizer = match self.rule {
            Rule::Sgd(rate) => Sgd::new(rate).into(),
            Rule::Adam(rate) => Adam::new(rate).into(),
        };
        let classes = self.sizes[self.sizes.len() - 1] as u32;
        let data = (normal([self.batch, self.sizes[0]], 2), labels(self.batch, classes, 3));
        let mut training = Training::new(self.network(), optimizer, data)?;
        let (x, labels) = (widen(training.x.as_slice()), training.labels.clone());
        let reference = Network {
            x: &x,
            labels: labels.as_slice(),
            sizes: self.sizes,
            norm: self.norm,
            activation: match self.activation {
                Activation::Sigmoid => |x| 1.0 / (1.0 + (-x).exp()),
                Activation::Relu => |x| x.max(0.0),
            },
        };
        training.check_gradient(|parameters| reference.loss(parameters))?;
        training.time(timer)
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
