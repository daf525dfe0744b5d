//! A small network on the houses, with several optimisers and learning rates.

use evenkeel::module::Sequential;
use evenkeel::nn::MeanSquaredError;
use evenkeel::optim::Optimizer;
use evenkeel::prelude::*;
use evenkeel::train::TrainError;
use evenkeel_examples::{Failure, median};

/// An optimiser of a learning rate.
pub(crate) type Rule = fn(f64) -> Optimizer;

/// The rules of the steps, by name.
pub(crate) const OPTIMIZERS: [(&str, Rule); 3] = [
    ("gradient descent", |rate| Sgd::new(rate).into()),
    ("momentum 0.9", |rate| Sgd::new(rate).with_momentum(0.9).into()),
    ("Adam", |rate| Adam::new(rate).into()),
];

/// The learning rates tried, each about three times the one before.
pub(crate) fn rates() -> impl Iterator<Item = f64> {
    (-14..=0).map(|half_decade| 10f64.powf(0.5 * f64::from(half_decade)))
}

/// How a network is trained.
pub(crate) struct Training {
    pub(crate) hidden: usize,
    pub(crate) steps: u64,
    pub(crate) optimizer: Rule,
    pub(crate) rate: f64,
    /// The training loss to be reached.
    pub(crate) target: f64,
}

/// The seeds' trainings with one learning rate.
#[derive(Clone)]
pub(crate) struct Outcome {
    pub(crate) rate: f64,
    /// The median of the steps to the target; infinite where most do not get there.
    pub(crate) steps_to_target: f64,
    /// The median of the last training losses.
    pub(crate) loss: f64,
    /// The training loss of the first seed before each step.
    pub(crate) curve: Vec<(u64, f64)>,
}

impl Training {
    /// The training losses of one seed, step by step; they end where a training diverged.
    fn losses(&self, data: &Dataset, seed: Seed) -> Result<Vec<(u64, f64)>, Failure> {
        let mut net: Sequential = sequential![Linear::new(2, self.hidden), Relu, Linear::new(self.hidden, 1)]
            .initialize(HeNormal::default(), seed)?;
        let outcome = Trainer::new((self.optimizer)(self.rate))
            .steps(self.steps)
            .batch_size(data.len())
            .seed(seed)
            .evaluate_every(u64::MAX)
            .fit(&mut net, MeanSquaredError, data, data);
        match outcome {
            Ok(history) => Ok(history.curve("loss")),
            Err(TrainError::Diverged { .. }) => Ok(Vec::new()),
            Err(error) => Err(error.into()),
        }
    }

    /// The trainings of all seeds.
    pub(crate) fn run(&self, data: &Dataset, seeds: impl Iterator<Item = u64>) -> Result<Outcome, Failure> {
        let curves = seeds.map(|seed| self.losses(data, Seed(seed))).collect::<Result<Vec<_>, _>>()?;
        let reached = |curve: &Vec<(u64, f64)>| {
            let place = curve.iter().position(|(_, loss)| *loss <= self.target);
            place.map_or(f64::INFINITY, |place| place as f64)
        };
        let last = |curve: &Vec<(u64, f64)>| curve.last().map_or(f64::INFINITY, |(_, loss)| *loss);
        Ok(Outcome {
            rate: self.rate,
            steps_to_target: median(&curves.iter().map(reached).collect::<Vec<_>>()),
            loss: median(&curves.iter().map(last).collect::<Vec<_>>()),
            curve: curves.into_iter().next().unwrap_or_default(),
        })
    }
}

impl Outcome {
    /// Of several learning rates that which is soonest at the target, and else ends lowest.
    pub(crate) fn best(outcomes: impl IntoIterator<Item = Self>) -> Option<Self> {
        let key = |outcome: &Self| (outcome.steps_to_target, outcome.loss);
        outcomes.into_iter().min_by(|a, b| key(a).partial_cmp(&key(b)).unwrap_or(std::cmp::Ordering::Equal))
    }
}
