//! Signal and gradient against depth, and whether the network trains: ReLU and tanh nets of 5 to 50 layers from six starts.
//!
//! After Glorot & Bengio, *Understanding the difficulty of training deep feedforward neural networks*, 2010, and He et al.,
//! *Delving deep into rectifiers*, 2015 (arXiv 1502.01852), section 2.2 and figure 3.
//!
//! `cargo run --release --example depth_signal` on the embedded 8 x 8 digits; `-- --data DIR` on MNIST.

#[path = "depth_signal/figures.rs"]
mod figures;

use std::fmt;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, ValueEnum};
use evenkeel::autograd::Signal;
use evenkeel::data::{Batch, Mnist};
use evenkeel::init::{Gain, Lsuv, Normal, Orthogonal, Policy, UniformFanIn, XavierNormal};
use evenkeel::module::{Sequential, lsuv};
use evenkeel::nn::Tanh;
use evenkeel::prelude::*;
use evenkeel::tensor::parallel;
use evenkeel::train::signal::{LayerSignal, SignalProbe, SignalReport};
use evenkeel::train::{TrainError, evaluate};
use evenkeel_examples::{Failure, at_least_one, create_folder, distinct, has_diverged, median, run, seeds};
use serde_json::{Value, json};

const WIDTH: usize = 100;
const BATCH: usize = 50;
/// Examples on which signal and gradient are measured, and LSUV scales its weights.
const PROBED: usize = 200;

#[derive(Parser)]
#[command(about = "Signal, gradient and trainability of ReLU and tanh nets against depth, from six starts")]
struct Arguments {
    /// Folder of MNIST's four IDX files; the embedded 8 x 8 digits without it
    #[arg(long)]
    data: Option<PathBuf>,
    /// Training examples taken from MNIST
    #[arg(long, default_value_t = 6000, value_parser = at_least_one::<usize>())]
    examples: usize,
    /// Numbers of layers with weights
    #[arg(long, value_delimiter = ',', default_values_t = [5, 10, 30, 50], value_parser = at_least_one::<usize>())]
    depths: Vec<usize>,
    /// The starts
    #[arg(long, value_enum, value_delimiter = ',', default_values_t = Start::value_variants().to_vec())]
    inits: Vec<Start>,
    /// Passes over the training data
    #[arg(long, default_value_t = 20, value_parser = at_least_one::<u64>())]
    epochs: u64,
    /// Learning rates of plain gradient descent; each start is shown at the one with the lowest training loss
    #[arg(long, value_delimiter = ',', default_values_t = [0.003, 0.01, 0.03, 0.1])]
    rates: Vec<f64>,
    /// Number of seeds
    #[arg(long, default_value_t = 3, value_parser = at_least_one::<u64>())]
    seeds: u64,
    /// The first seed
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Folder for the figures and the report
    #[arg(long, default_value = "depth_signal")]
    out: PathBuf,
    /// Print one JSON object as the last line
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Activation {
    Relu,
    Tanh,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Start {
    Gaussian,
    Uniform,
    Xavier,
    He,
    Orthogonal,
    Lsuv,
}

const ACTIVATIONS: [Activation; 2] = [Activation::Relu, Activation::Tanh];

impl fmt::Display for Activation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Activation::Relu => "relu",
            Activation::Tanh => "tanh",
        })
    }
}

impl fmt::Display for Start {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Start::Gaussian => "gaussian",
            Start::Uniform => "uniform",
            Start::Xavier => "xavier",
            Start::He => "he",
            Start::Orthogonal => "orthogonal",
            Start::Lsuv => "lsuv",
        })
    }
}

/// A network of `depth` layers of weights, all hidden ones of the same width; biases begin at 0.
fn network(activation: Activation, depth: usize, inputs: usize) -> Sequential {
    let widths: Vec<usize> = std::iter::once(inputs).chain(vec![WIDTH; depth - 1]).collect();
    let hidden = widths.windows(2).fold(Sequential::default(), |net, pair| {
        let net = net.with(Linear::new(pair[0], pair[1]));
        match activation {
            Activation::Relu => net.with(Relu),
            Activation::Tanh => net.with(Tanh),
        }
    });
    hidden.with(Linear::new(widths[depth - 1], 10))
}

fn initialize(
    mut net: Sequential,
    start: Start,
    activation: Activation,
    probe: &Batch,
    seed: Seed,
) -> Result<Sequential, Failure> {
    let gain = match activation {
        Activation::Relu => Gain::RELU,
        Activation::Tanh => Gain::LINEAR,
    };
    let policy: Policy = match start {
        // Not AlexNet's 0.01: at this width and depth 50 that falls below the smallest normal f32, where arithmetic is slow.
        Start::Gaussian => Normal::with_std(0.03).into(),
        Start::Uniform => UniformFanIn.into(),
        Start::Xavier => XavierNormal::default().into(),
        Start::He => HeNormal::default().into(),
        Start::Orthogonal => Orthogonal::default().with_gain(gain).into(),
        Start::Lsuv => {
            lsuv(&mut net, &probe.inputs, Lsuv::default(), seed)?;
            return Ok(net);
        }
    };
    Ok(net.initialize(policy, seed)?)
}

/// A training's end.
struct End {
    rate: f64,
    /// Over all that was learnt from; infinite if the training broke off because it was.
    loss: f64,
    test_accuracy: f64,
}

/// One start of one network, probed and trained with each rate.
struct Run {
    activation: Activation,
    depth: usize,
    start: Start,
    seed: u64,
    signal: SignalReport,
    ends: Vec<End>,
    /// Which of the ends is shown.
    chosen: usize,
}

impl Run {
    /// The layers of weights; what lies between them are the activations.
    fn layers(&self) -> impl Iterator<Item = &LayerSignal> {
        self.signal.layers.iter().filter(|layer| layer.has_weight)
    }

    fn end(&self) -> &End {
        &self.ends[self.chosen]
    }

    fn to_json(&self) -> Value {
        let each = |value: fn(&LayerSignal) -> Option<f64>| self.layers().map(value).collect::<Vec<_>>();
        let ends = self
            .ends
            .iter()
            .map(|end| json!({"learning_rate": end.rate, "final_loss": end.loss, "test_accuracy": end.test_accuracy}));
        json!({
            "activation": self.activation.to_string(),
            "depth": self.depth,
            "init": self.start.to_string(),
            "seed": self.seed,
            "signal": each(measured_signal),
            "predicted_signal": each(predicted_signal),
            "gradient": each(|layer| Some(layer.gradient_norm)),
            "predicted_gradient": each(|layer| layer.predicted_gradient_norm),
            "verdict": self.signal.verdict().to_string(),
            "learning_rate": self.end().rate,
            "final_loss": self.end().loss,
            "test_accuracy": self.end().test_accuracy,
            "all_rates": ends.collect::<Vec<_>>(),
        })
    }
}

fn measured_signal(layer: &LayerSignal) -> Option<f64> {
    Some(layer.measured.rms())
}

fn predicted_signal(layer: &LayerSignal) -> Option<f64> {
    layer.predicted.map(|law| law.rms())
}

struct Data {
    train: Dataset,
    test: Dataset,
    probe: Batch,
    name: &'static str,
}

impl Data {
    /// Pixels of mean 0 and deviation 1, as the theory of the starts assumes: one mean and one deviation for all of them.
    fn load(arguments: &Arguments) -> Result<Self, Failure> {
        let (train, test, name) = match &arguments.data {
            Some(folder) => {
                let mnist = Mnist::load(folder)?;
                let train = mnist.train.take(arguments.examples.min(mnist.train.len()))?;
                (train.reshape_samples([784])?, mnist.test.reshape_samples([784])?, "MNIST")
            }
            None => {
                let (train, test) = Digits::embedded().split_stratified(0.8, Seed(arguments.seed))?;
                (train, test, "the embedded 8 x 8 digits")
            }
        };
        let whole = |data: &Dataset| data.batch::<f32>(&Vec::from_iter(0..data.len()));
        let pixels = Signal::of(whole(&train).inputs.as_slice());
        let (mean, deviation) = (pixels.mean as f32, pixels.variance.sqrt() as f32);
        let scale = |data: &Dataset| {
            let Batch { inputs, targets } = whole(data);
            let labels = targets.classes().expect("digits have classes").to_vec();
            Dataset::classification(inputs.map(|x| (x - mean) / deviation), labels, 10)
        };
        let (train, test) = (scale(&train)?, scale(&test)?);
        let probe = train.batch(&Vec::from_iter(0..PROBED.min(train.len())));
        Ok(Self { train, test, probe, name })
    }

    fn run(
        &self,
        arguments: &Arguments,
        (activation, depth): (Activation, usize),
        start: Start,
        seed: u64,
    ) -> Result<Run, Failure> {
        let inputs = self.train.sample_shape().numel();
        let fresh = initialize(network(activation, depth, inputs), start, activation, &self.probe, Seed(seed))?;
        let loss = CrossEntropy::default();
        let probe = SignalProbe::batch(self.probe.inputs.clone()).with_loss(&loss, self.probe.targets.clone());
        let signal = probe.run(&fresh)?;
        let train = |&rate: &f64| -> Result<End, TrainError> {
            let mut net = fresh.clone();
            let trainer = Trainer::new(Sgd::new(rate)).epochs(arguments.epochs).batch_size(BATCH).seed(Seed(seed));
            let outcome = trainer.evaluate_every(u64::MAX).fit(&mut net, loss.clone(), &self.train, &self.test);
            let diverged = has_diverged(outcome)?;
            let learnt = evaluate(&net, &loss, &self.train)?.loss;
            let test_accuracy = evaluate(&net, &loss, &self.test)?.accuracy.expect("digits have classes");
            let finite = !diverged && learnt.is_finite();
            Ok(End { rate, loss: if finite { learnt } else { f64::INFINITY }, test_accuracy })
        };
        let ends = arguments.rates.iter().map(train).collect::<Result<_, _>>()?;
        Ok(Run { activation, depth, start, seed, signal, ends, chosen: 0 })
    }

    /// All starts and seeds of one network, each start at its best rate.
    fn runs(&self, arguments: &Arguments, activation: Activation, depth: usize) -> Result<Vec<Run>, Failure> {
        let seeds = || seeds(arguments.seed, arguments.seeds);
        let mut slots: Vec<_> =
            arguments.inits.iter().flat_map(|&start| seeds().map(move |seed| (start, seed, None))).collect();
        parallel::chunks_mut(&mut slots, 1, |_, slot| {
            let (start, seed, run) = &mut slot[0];
            *run = Some(self.run(arguments, (activation, depth), *start, *seed));
        });
        let mut runs = slots.into_iter().filter_map(|(_, _, run)| run).collect::<Result<Vec<Run>, _>>()?;
        for of_start in runs.chunk_by_mut(|a, b| a.start == b.start) {
            let loss = |rate: usize| median(&of_start.iter().map(|run| run.ends[rate].loss).collect::<Vec<_>>());
            let best = (0..arguments.rates.len()).min_by(|&a, &b| loss(a).total_cmp(&loss(b)));
            let best = best.expect("at least one rate");
            of_start.iter_mut().for_each(|run| run.chosen = best);
        }
        Ok(runs)
    }
}

fn main() -> ExitCode {
    run(experiment)
}

fn experiment() -> Result<(), Failure> {
    let mut arguments = Arguments::parse();
    arguments.depths = distinct(&arguments.depths);
    arguments.inits = distinct(&arguments.inits);
    arguments.rates = distinct(&arguments.rates);
    create_folder(&arguments.out)?;
    let data = Data::load(&arguments)?;
    println!("{}: {} to learn from, {} held out\n", data.name, data.train.len(), data.test.len());
    let mut runs = Vec::new();
    for activation in ACTIVATIONS {
        for &depth in &arguments.depths {
            let some = data.runs(&arguments, activation, depth)?;
            println!("{}", figures::table(&some));
            runs.extend(some);
        }
    }
    let path = figures::write(&arguments, &runs, data.name)?;
    println!("report: {}", path.display());
    if arguments.json {
        let runs: Vec<_> = runs.iter().map(Run::to_json).collect();
        println!("{}", json!({"experiment": "depth_signal", "width": WIDTH, "epochs": arguments.epochs, "runs": runs}));
    }
    Ok(())
}
