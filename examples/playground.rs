//! Points in the plane, small nets on them, and pictures of what the nets see: what the experiments with penalties share.

use std::fmt::{self, Display};

use clap::ValueEnum;
use evenkeel::data::{DataError, synthetic};
use evenkeel::module::Sequential;
use evenkeel::nn::BceWithLogits;
use evenkeel::optim::Optimizer;
use evenkeel::prelude::*;
use evenkeel::train::report::{Chart, Grid, Point};
use evenkeel::train::{TrainError, evaluate, predict};

use crate::Failure;

/// A law that points in the plane are drawn from, each of one of two classes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Plane {
    /// Gaussian groups around the corners (±1, ±1), opposite corners of one class; the noise is their spread
    FourGroups,
    /// The playground's disc in a ring; noise wrongs labels
    Circle,
    /// The playground's quadrants; noise wrongs labels
    Xor,
    /// The playground's two groups; noise widens them
    Gauss,
    /// The playground's two arms; noise moves points
    Spiral,
}

impl Plane {
    /// The noise that leaves something to be learnt and something to be learnt by heart.
    pub fn usual_noise(self) -> f64 {
        match self {
            Self::FourGroups => 0.7,
            Self::Circle => 0.3,
            Self::Xor | Self::Gauss => 0.5,
            Self::Spiral => 0.1,
        }
    }

    /// So many points.
    pub fn draw(self, points: usize, noise: f64, seed: Seed) -> Result<Dataset, DataError> {
        match self {
            Self::FourGroups => synthetic::four_groups(points, noise, seed),
            Self::Circle => synthetic::circle(points, noise, seed),
            Self::Xor => synthetic::xor(points, noise, seed),
            Self::Gauss => synthetic::gauss(points, noise, seed),
            Self::Spiral => synthetic::spiral(points, noise, seed),
        }
    }

    /// Points to learn from and points to validate with, both of the classes' shares.
    pub fn draw_split(
        self,
        train: usize,
        validation: usize,
        noise: f64,
        seed: Seed,
    ) -> Result<[Dataset; 2], DataError> {
        let all = self.draw(train.saturating_add(validation), noise, seed)?;
        let (train, validation) = all.split_stratified(train as f64 / all.len() as f64, seed)?;
        Ok([train, validation])
    }

    /// About the error of the best possible answer, measured on many points: of the sign, the quadrant or the circle that the law was
    /// made from. The spiral's arms do not meet.
    pub fn attainable(self, noise: f64) -> Result<f64, DataError> {
        const POINTS: usize = 100_000;
        let is_wrong = |[x, y]: &[f32; 2], class: u32| match self {
            Self::FourGroups => (x * y < 0.0) != (class == 1),
            Self::Circle => (x.hypot(*y) < 2.5) != (class == 1),
            Self::Xor => (x * y >= 0.0) != (class == 1),
            Self::Gauss => (x + y > 0.0) != (class == 1),
            Self::Spiral => false,
        };
        let all = self.draw(POINTS, noise, Seed(0).stream("attainable"))?.batch::<f32>(&Vec::from_iter(0..POINTS));
        let classes = all.targets.classes().expect("points of two classes");
        let wrong =
            all.inputs.as_slice().as_chunks().0.iter().zip(classes).filter(|(point, class)| is_wrong(point, **class));
        Ok(wrong.count() as f64 / POINTS as f64)
    }

    /// Half the edge of the square in which nearly all points lie.
    fn edge(self) -> f64 {
        if self == Self::FourGroups { 3.0 } else { 6.5 }
    }
}

impl Display for Plane {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::FourGroups => "four-groups",
            Self::Circle => "circle",
            Self::Xor => "xor",
            Self::Gauss => "gauss",
            Self::Spiral => "spiral",
        })
    }
}

/// What is added to the loss for large weights, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Penalty {
    /// Nothing
    None,
    /// lambda times the sum of squares, through the gradient
    L2,
    /// lambda times the sum of magnitudes, by its proximal step
    L1,
}

impl Penalty {
    /// On all weights, not on biases.
    fn regularizer(self, lambda: f64) -> Regularizer {
        match self {
            Self::None => Regularizer::new(),
            Self::L2 => Regularizer::new().penalty("*", L2::new(lambda)),
            Self::L1 => Regularizer::new().proximal("*", L1::new(lambda)),
        }
    }
}

impl Display for Penalty {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::None => "none",
            Self::L2 => "L2",
            Self::L1 => "L1",
        })
    }
}

/// A rule for the steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Method {
    /// Plain gradient descent, which with proximal steps minimises loss and penalty exactly
    Sgd,
    /// Adam, which goes further in as many steps; after it a proximal step has another fixed point
    Adam,
}

impl Method {
    fn optimizer(self, learning_rate: f64) -> Optimizer {
        match self {
            Self::Sgd => Sgd::new(learning_rate).into(),
            Self::Adam => Adam::new(learning_rate).into(),
        }
    }
}

/// A net of one hidden layer of ReLUs and one output, the logit of class 1, and how it is trained: on all points in every step.
#[derive(Clone, Debug)]
pub struct Training {
    /// The number of ReLUs.
    pub hidden: usize,
    /// The rule of the steps.
    pub method: Method,
    /// The learning rate.
    pub learning_rate: f64,
    /// The number of steps.
    pub steps: u64,
}

impl Training {
    /// The net of this seed, trained.
    pub fn fit(&self, (penalty, lambda): (Penalty, f64), data: &Dataset, seed: Seed) -> Result<Net, Failure> {
        let mut net = sequential![Linear::new(2, self.hidden), Relu, Linear::new(self.hidden, 1)]
            .initialize(HeNormal::default(), seed)?;
        Trainer::new(self.method.optimizer(self.learning_rate))
            .steps(self.steps)
            .batch_size(data.len())
            .seed(seed)
            .regularizer(penalty.regularizer(lambda))
            // At the end alone; there is nothing to choose by it.
            .evaluate_every(u64::MAX)
            .fit(&mut net, BceWithLogits::default(), data, data)?;
        Ok(Net(net))
    }
}

/// A trained net.
pub struct Net(Sequential);

impl Net {
    /// The share of wrong answers, and the mean loss.
    pub fn errors(&self, data: &Dataset) -> Result<(f64, f64), TrainError> {
        let evaluation = evaluate(&self.0, &BceWithLogits::default(), data)?;
        Ok((1.0 - evaluation.accuracy.expect("the targets are classes"), evaluation.loss))
    }

    /// All weights by name, first those from the inputs x and y to each hidden unit, then those from there to the output.
    pub fn weights(&self) -> Vec<(String, f64)> {
        let weights = |layer: usize| {
            let layer = self.0.get::<Linear>(layer).expect("linear, ReLU, linear");
            layer.weight().value().as_slice().iter().map(|&w| f64::from(w)).enumerate()
        };
        let into = weights(0).map(|(i, w)| (format!("{} to unit {}", ["x", "y"][i % 2], i / 2 + 1), w));
        into.chain(weights(2).map(|(i, w)| (format!("unit {} to output", i + 1), w))).collect()
    }

    /// What the net sees where, with points of the data: `train` small, `validation` bold.
    pub fn regions(&self, title: String, plane: Plane, [train, validation]: &[Dataset; 2]) -> Result<Chart, Failure> {
        const CLASSES: [&str; 2] = ["class 0", "class 1"];
        let edge = plane.edge();
        let grid = Grid::new((-edge, edge), (-edge, edge), 110, 110);
        let inputs: Vec<f32> = grid.points().flat_map(|point| [point.x as f32, point.y as f32]).collect();
        let logits = predict(&self.0, &Tensor::from_vec([inputs.len() / 2, 2], inputs)?)?;
        let said = logits.as_slice().iter().map(|&logit| {
            // 2p - 1 of the likelier class.
            (CLASSES[usize::from(logit > 0.0)], f64::from(0.5 * logit).tanh().abs())
        });
        let mut chart = Chart::new(title).equal_axes().x_range(-edge, edge).y_range(-edge, edge);
        for (class, name) in CLASSES.into_iter().enumerate() {
            chart = chart.points(name, of_class(train, class)).bold_points(name, of_class(validation, class));
        }
        Ok(chart.regions(&grid, said))
    }
}

fn of_class(data: &Dataset, class: usize) -> Vec<Point> {
    let all = data.batch::<f64>(&Vec::from_iter(0..data.len()));
    let points = all.inputs.as_slice().as_chunks().0.iter().enumerate();
    let of_class = points.filter(|(i, _)| data.label(*i) == Some(class as u32));
    of_class.map(|(_, &[x, y])| Point { x, y }).collect()
}

/// The Euclidean length of the weights.
pub fn norm(weights: impl IntoIterator<Item = f64>) -> f64 {
    weights.into_iter().map(|w| w * w).sum::<f64>().sqrt()
}
