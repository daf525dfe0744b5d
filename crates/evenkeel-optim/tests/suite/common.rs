//! A network whose gradients the tests choose.

use evenkeel_module::{Mode, Module, Parameter, Role, Workspace};
use evenkeel_optim::{OptimError, Optimizer, Rule, StepReport};
use evenkeel_tensor::{Float, Seed, Tensor};

#[derive(Module)]
pub(crate) struct Layer<F: Float> {
    pub(crate) weight: Parameter<F>,
    pub(crate) bias: Parameter<F>,
}

#[derive(Module)]
pub(crate) struct Net<F: Float> {
    pub(crate) layers: Vec<Layer<F>>,
}

/// A deterministic value without pattern.
pub(crate) fn rough(i: usize) -> f64 {
    ((i as f64 + 0.5) * 12.9898).sin()
}

impl<F: Float> Net<F> {
    /// Layers of 2 x 3 weights and 2 biases.
    pub(crate) fn new(layers: usize) -> Self {
        let values = |from: usize| move |i: usize| F::from_f64(rough(from + i));
        let layer = |n: usize| Layer {
            weight: Parameter::new(Tensor::from_fn([2, 3], values(100 * n)), Role::Weight),
            bias: Parameter::new(Tensor::from_fn([2], values(100 * n + 50)), Role::Bias),
        };
        Self { layers: (0..layers).map(layer).collect() }
    }

    /// All values in order.
    pub(crate) fn values(&self) -> Vec<F> {
        self.layers.iter().flat_map(|l| [l.weight.value().as_slice(), l.bias.value().as_slice()].concat()).collect()
    }

    pub(crate) fn bits(&self) -> Vec<u64> {
        self.values().into_iter().map(F::to_bits_u64).collect()
    }

    /// A step along the gradients of sum over values of `a` w^2 / 2 + `b` w.
    pub(crate) fn step(&mut self, optimizer: &mut Optimizer<F>, a: f64, b: f64) -> Result<StepReport, OptimError> {
        let mut workspace = Workspace::new();
        let pass = workspace.begin(Mode::Training, Seed(0));
        let loss = self
            .layers
            .iter()
            .flat_map(|l| [&l.weight, &l.bias])
            .map(|p| pass.parameter(p))
            .map(|w| (w.square() * F::from_f64(a / 2.0) + w * F::from_f64(b)).sum())
            .reduce(|x, y| x + y)
            .unwrap();
        pass.backward(loss);
        optimizer.step(self, &workspace.finish())
    }
}

/// A single parameter, for which the gradients are given.
#[derive(Module)]
pub(crate) struct Single<F: Float> {
    pub(crate) weight: Parameter<F>,
}

impl<F: Float> Single<F> {
    pub(crate) fn new(values: &[f64]) -> Self {
        let values = Tensor::from_fn([values.len()], |i| F::from_f64(values[i]));
        Self { weight: Parameter::new(values, Role::Weight) }
    }

    /// A step along the gradient `g`.
    pub(crate) fn step(&mut self, optimizer: &mut Optimizer<F>, g: &[f64]) -> Result<StepReport, OptimError> {
        let mut workspace = Workspace::new();
        let pass = workspace.begin(Mode::Training, Seed(0));
        let g = Tensor::from_fn([g.len()], |i| F::from_f64(g[i]));
        pass.backward((pass.parameter(&self.weight) * pass.constant(g)).sum());
        optimizer.step(self, &workspace.finish())
    }

    pub(crate) fn values(&self) -> Vec<f64> {
        self.weight.value().as_slice().iter().map(|w| w.to_f64()).collect()
    }
}

/// Where `steps` lead from `w`.
pub(crate) fn run<F: Float>(rule: impl Rule<F>, w: &[f64], steps: &[Vec<f64>]) -> Vec<f64> {
    run_with(Optimizer::<F>::new(rule), w, steps)
}

pub(crate) fn run_with<F: Float>(mut optimizer: Optimizer<F>, w: &[f64], steps: &[Vec<f64>]) -> Vec<f64> {
    let mut net = Single::<F>::new(w);
    for g in steps {
        net.step(&mut optimizer, g).unwrap();
    }
    net.values()
}
