//! A network in training on one batch: forward, backward, update.

use evenkeel::module::{Mode, Sequential, Workspace};
use evenkeel::norm::Statistics;
use evenkeel::optim::Optimizer;
use evenkeel::prelude::*;

use crate::check::{close, ensure};
use crate::timing::{Timer, Timing};

/// A network, what trains it, and its data.
pub(super) struct Training {
    network: Sequential,
    optimizer: Optimizer,
    workspace: Workspace,
    pub(super) x: Tensor,
    pub(super) labels: Tensor<u32>,
}

impl Training {
    /// From Xavier's initialisation.
    pub(super) fn new(
        network: Sequential,
        optimizer: Optimizer,
        (x, labels): (Tensor, Tensor<u32>),
    ) -> Result<Self, String> {
        let network = network.initialize(XavierUniform::default(), Seed(1)).map_err(|e| e.to_string())?;
        Ok(Self { network, optimizer, workspace: Workspace::new(), x, labels })
    }

    /// Times steps; the loss must fall, and every step must have moved the running statistics.
    pub(super) fn time(mut self, timer: &Timer) -> Result<Timing, String> {
        let (mut steps, mut first, mut last) = (0, f64::NAN, f64::NAN);
        let timing = timer.time(|| {
            last = self.step();
            if steps == 0 {
                first = last;
            }
            steps += 1;
        });
        ensure(last < first, || format!("the loss went from {first} to {last}"))?;
        self.check_statistics(steps)?;
        Ok(timing.with("loss_first", first).with("loss_last", last))
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

    /// Compares loss and gradient at the start with the same network written out in loops in f64, whose loss for the
    /// parameters in order `loss_of` gives: its derivative along our gradient g must be the square of the length of g.
    pub(super) fn check_gradient(&mut self, loss_of: impl Fn(&[Vec<f64>]) -> f64) -> Result<(), String> {
        let pass = self.workspace.begin(Mode::Training, Seed(0));
        let logits = self.network.forward(&pass, pass.constant(self.x.clone()));
        let loss = CrossEntropy::default().loss(logits, &self.labels);
        let value = f64::from(loss.item());
        pass.backward(loss);
        let done = self.workspace.finish();

        let (mut values, mut gradients, mut idle) = (Vec::new(), Vec::new(), Vec::new());
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

        let expected = loss_of(&values);
        close("loss", value, expected, 1e-5 * expected)?;
        let square = gradients.iter().flatten().map(|g| g * g).sum::<f64>();
        let h = 1e-4 / square.sqrt();
        let at = |h: f64| {
            let along = |(v, g): (&Vec<f64>, &Vec<f64>)| v.iter().zip(g).map(|(v, g)| v + h * g).collect();
            loss_of(&values.iter().zip(&gradients).map(along).collect::<Vec<_>>())
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

/// The same numbers in f64.
pub(super) fn widen(values: &[f32]) -> Vec<f64> {
    values.iter().map(|&v| f64::from(v)).collect()
}
