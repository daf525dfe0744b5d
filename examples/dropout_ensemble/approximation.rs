//! The mean over all masks of a small network: exact, by the evaluation rule, and by Monte Carlo.

use evenkeel::autograd::Var;
use evenkeel::module::{Layer, Mode, Sequential, Weighted, Workspace};
use evenkeel::prelude::*;
use evenkeel::regularize::{MonteCarlo, every_mask};
use evenkeel::tensor::Float;
use evenkeel_examples::Failure;

/// Fully connected layers over `widths` (inputs, hidden layers, outputs); after each hidden layer's activation, its values are
/// dropped with probability `drop`.
pub(super) fn network<F: Float>(widths: &[usize], activation: impl Layer<F> + Clone, drop: f64) -> Sequential<F> {
    let (outputs, before) = widths.split_last().expect("inputs and outputs");
    let (last, _) = before.split_last().expect("inputs");
    let hidden = before.windows(2).fold(Sequential::default(), |net, pair| {
        net.with(Linear::new(pair[0], pair[1])).with(activation.clone()).with(Dropout::drop(drop))
    });
    hidden.with(Linear::new(*last, *outputs))
}

/// The same network in the paper's form: its masks have no factor, the weights after them are 1 / q as large, and evaluation
/// multiplies by q.
pub(super) fn scaled_in_evaluation<F: Float>(net: &Sequential<F>) -> Sequential<F> {
    let mut net = net.clone();
    for i in 0..net.len() {
        let Some(dropout) = net.get_mut::<Dropout>(i) else { continue };
        *dropout = dropout.scaled_in_evaluation();
        let factor = F::from_f64(1.0 / dropout.keep_probability());
        let next = net.get_mut::<Linear<F>>(i + 1).expect("a linear layer after dropout");
        let weight = next.weight().value().map(|w| factor * w);
        next.weight_mut().set(weight);
    }
    net
}

/// What is averaged.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Space {
    Outputs,
    Probabilities,
    LogProbabilities,
}

impl Space {
    fn of<F: Float>(self, y: Var<'_, F>) -> Var<'_, F> {
        match self {
            Self::Outputs => y,
            Self::Probabilities => y.softmax(1),
            Self::LogProbabilities => y.log_softmax(1),
        }
    }
}

/// One pass.
pub(super) fn pass<F: Float>(net: &Sequential<F>, x: &Tensor<F>, space: Space, mode: Mode, seed: Seed) -> Tensor<F> {
    let mut workspace = Workspace::new();
    let pass = workspace.begin(mode, seed);
    space.of(net.forward(&pass, pass.constant(x.clone()))).to_tensor()
}

/// A pass with a mask for each of the hidden units, the same for every row.
fn pass_with_mask<F: Float>(
    workspace: &mut Workspace<F>,
    net: &Sequential<F>,
    x: &Tensor<F>,
    space: Space,
    mut mask: &[bool],
) -> Result<Tensor<F>, Failure> {
    let pass = workspace.begin(Mode::Evaluation, Seed(0));
    let mut y = pass.constant(x.clone());
    for i in 0..net.len() {
        y = match net.get::<Dropout>(i) {
            Some(dropout) => {
                let (here, later) = mask.split_at(y.shape()[1]);
                mask = later;
                pass.constant(dropout.with_mask(&y.to_tensor(), here)?)
            }
            None => net[i].forward(&pass, y),
        };
    }
    Ok(space.of(y).to_tensor())
}

/// Calls `take` with the probability and the values of each of the 2^`units` masks; `units` is the number of all hidden units.
pub(super) fn for_each_mask<F: Float>(
    net: &Sequential<F>,
    units: usize,
    x: &Tensor<F>,
    space: Space,
    mut take: impl FnMut(f64, &[F]),
) -> Result<(), Failure> {
    let dropout = (0..net.len()).find_map(|i| net.get::<Dropout>(i)).ok_or("a network without dropout")?;
    let mut workspace = Workspace::new();
    for mask in every_mask(units) {
        take(dropout.mask_probability(&mask), pass_with_mask(&mut workspace, net, x, space, &mask)?.as_slice());
    }
    Ok(())
}

/// The mean and the variance of each value over all masks: no chance is left.
pub(super) struct Exact {
    pub(super) mean: Vec<f64>,
    pub(super) variance: Vec<f64>,
}

impl Exact {
    pub(super) fn of<F: Float>(
        net: &Sequential<F>,
        units: usize,
        x: &Tensor<F>,
        space: Space,
    ) -> Result<Self, Failure> {
        let (mut mean, mut variance, mut total) = (Vec::new(), Vec::new(), 0.0);
        // Welford's recurrence with weights (West 1979); they add up to 1.
        for_each_mask(net, units, x, space, |probability, values| {
            mean.resize(values.len(), 0.0);
            variance.resize(values.len(), 0.0);
            total += probability;
            for ((mean, variance), value) in mean.iter_mut().zip(&mut variance).zip(values) {
                let off = value.to_f64() - *mean;
                *mean += off * probability / total;
                *variance += probability * off * (value.to_f64() - *mean);
            }
        })?;
        Ok(Self { mean, variance })
    }

    /// The root mean square of what `values` are off, in units of that of a single pass. The mean of T passes with masks of their
    /// own has 1 / sqrt(T), on average over its square.
    pub(super) fn error<F: Float>(&self, values: &[F]) -> f64 {
        let squares = values.iter().zip(&self.mean).map(|(y, mean)| (y.to_f64() - mean).powi(2));
        (squares.sum::<f64>() / self.variance.iter().sum::<f64>()).sqrt()
    }
}

/// How far from the exact mean two ways to approximate it are, in units of the deviation of a single pass.
pub(super) struct Errors {
    /// Of evaluation mode.
    pub(super) rule: f64,
    /// Of Monte Carlo, by the number of passes: 1, 2, 4, ...
    pub(super) monte_carlo: Vec<(usize, f64)>,
}

/// Of Monte Carlo, the root mean square over `repeats` draws.
pub(super) fn errors<F: Float>(
    net: &Sequential<F>,
    x: &Tensor<F>,
    exact: &Exact,
    space: Space,
    (passes, repeats): (usize, u64),
    seed: Seed,
) -> Result<Errors, Failure> {
    let rule = exact.error(pass(net, x, space, Mode::Evaluation, seed).as_slice());
    let counts = std::iter::successors(Some(1), |count| Some(2 * count)).take_while(|count| *count <= passes);
    let monte_carlo = counts.map(|count| {
        let squares = (0..repeats).map(|repeat| {
            let seed = seed.stream("Monte Carlo").at(repeat);
            let mean = match count {
                // A mean of one has no spread, which `MonteCarlo` gives too.
                1 => pass(net, x, space, Mode::Sampling, seed.at(0).at(0)),
                _ => MonteCarlo::new(count).evaluate_with(net, |y| space.of(y), x, seed)?.mean,
            };
            Ok(exact.error(mean.as_slice()).powi(2))
        });
        let sum = squares.sum::<Result<f64, Failure>>()?;
        Ok((count, (sum / repeats as f64).sqrt()))
    });
    Ok(Errors { rule, monte_carlo: monte_carlo.collect::<Result<_, Failure>>()? })
}

/// The softmax of the mean logarithms of probabilities, row by row: the normalised geometric mean over masks.
pub(super) fn geometric_mean(mean_logarithms: &[f64], classes: usize) -> Vec<f64> {
    let row = |row: &[f64]| {
        let largest = row.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let powers: Vec<f64> = row.iter().map(|x| (x - largest).exp()).collect();
        let sum = powers.iter().sum::<f64>();
        powers.into_iter().map(move |p| p / sum)
    };
    mean_logarithms.chunks_exact(classes).flat_map(row).collect()
}
