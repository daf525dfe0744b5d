//! Whether a signal survives the depth of a network: a forecast and a measurement, layer by layer, before any training.
//!
//! One forward and one backward pass measure what each operation gives; mean-field theory
//! ([`evenkeel_autograd::Signal`]) predicts the same from the weights' variances alone. Each row of the
//! [`SignalReport`] ends in a [`Verdict`], and what is not healthy in a [`Cure`].
//!
//! ```
//! use evenkeel_init::Normal;
//! use evenkeel_module::{ModuleExt, sequential};
//! use evenkeel_nn::{Linear, Tanh};
//! use evenkeel_tensor::Seed;
//! use evenkeel_train::signal::{SignalProbe, Verdict};
//!
//! // Weights that are far too small: each layer divides the signal by about ten.
//! let net = sequential![
//!     Linear::new(100, 100), Tanh, Linear::new(100, 100), Tanh, Linear::new(100, 100), Tanh, Linear::new(100, 100), Tanh,
//! ].initialize(Normal::new(0.0, 0.01), Seed(7))?;
//! let report = SignalProbe::gaussian([256, 100]).run(&net)?;
//! println!("{report}");
//! assert_eq!(report.verdict(), Verdict::Vanishing);
//! assert!(report.layers[0].cure.is_some());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod measure;
mod probe;
mod verdict;

use std::fmt;

use evenkeel_autograd::Signal;
use evenkeel_tensor::Shape;
use serde_json::json;

pub use probe::SignalProbe;
pub use verdict::{Cure, Thresholds, Verdict};

use crate::report::{Chart, Table};

/// What one operation does to the signal and to the gradient.
#[derive(Clone, Debug, PartialEq)]
pub struct LayerSignal {
    /// The path of the layer.
    pub layer: String,
    /// The operation, e.g. `linear`.
    pub operation: &'static str,
    /// The shape of its result.
    pub shape: Shape,
    /// The mean and variance of its result.
    pub measured: Signal,
    /// What mean-field theory predicts from the laws of the input and the weights; `None` where an operation has no such law.
    pub predicted: Option<Signal>,
    /// The share of units (features or channels, axis 1) that give the same number for all examples.
    pub dead: f64,
    /// The share of values within a twentieth of the range from one of the limits of a function that has two, such as tanh.
    pub saturated: f64,
    /// The share of units that do exactly what another unit does, and so will always learn the same. Behind a function: that
    /// get exactly what another unit gets.
    pub symmetric: f64,
    /// The Euclidean norm of the loss's gradient with respect to the result.
    pub gradient_norm: f64,
    /// That norm over the norm at the next operation: below 1 the gradient shrinks on its way back. 1 at the output.
    pub gradient_ratio: f64,
    /// The gradient norm that mean-field theory predicts from the one at the output.
    pub predicted_gradient_norm: Option<f64>,
    /// What is wrong.
    pub verdict: Verdict,
    /// What to do about it.
    pub cure: Option<Cure>,
}

/// What becomes of the signal and the gradient in each layer; see the [module](self).
#[derive(Clone, Debug, PartialEq)]
pub struct SignalReport {
    /// The input.
    pub input: Signal,
    /// The operations between the input and the output, in order.
    pub layers: Vec<LayerSignal>,
}

impl SignalReport {
    /// The verdict on the network: that of the first layer that is not healthy.
    pub fn verdict(&self) -> Verdict {
        self.first_ill().map_or(Verdict::Healthy, |layer| layer.verdict)
    }

    /// The first layer that is not healthy.
    pub fn first_ill(&self) -> Option<&LayerSignal> {
        self.layers.iter().find(|layer| layer.verdict != Verdict::Healthy)
    }

    /// The rows of the layer at `path`.
    pub fn of<'a>(&'a self, path: &'a str) -> impl Iterator<Item = &'a LayerSignal> {
        self.layers.iter().filter(move |layer| layer.layer == path)
    }

    /// The report as a table.
    pub fn table(&self) -> Table {
        let header = [
            "layer",
            "operation",
            "mean",
            "deviation",
            "predicted",
            "dead",
            "saturated",
            "equal",
            "gradient",
            "ratio",
            "verdict",
        ];
        Table::new(
            header,
            self.layers.iter().map(|l| {
                [
                    l.layer.clone(),
                    l.operation.to_owned(),
                    format!("{:.2e}", l.measured.mean),
                    format!("{:.2e}", l.measured.variance.sqrt()),
                    l.predicted.map_or_else(|| "-".to_owned(), |p| format!("{:.2e}", p.variance.sqrt())),
                    format!("{:.0} %", 100.0 * l.dead),
                    format!("{:.0} %", 100.0 * l.saturated),
                    format!("{:.0} %", 100.0 * l.symmetric),
                    format!("{:.2e}", l.gradient_norm),
                    format!("{:.2}", l.gradient_ratio),
                    l.verdict.to_string(),
                ]
            }),
        )
    }

    /// Two charts over depth: the deviation of the signal and the norm of the gradient, measured (solid) and predicted
    /// (dashed).
    pub fn charts(&self) -> [Chart; 2] {
        let over_depth = |value: fn(&LayerSignal) -> Option<f64>| {
            let points = self.layers.iter().enumerate().filter_map(move |(i, l)| Some(((i + 1) as f64, value(l)?)));
            points.collect::<Vec<_>>()
        };
        let chart = |title: &str, label: &str| Chart::new(title).x_label("operation").y_label(label).log_y();
        [
            chart("Signal", "standard deviation")
                .line("measured", over_depth(|l| Some(l.measured.variance.sqrt())))
                .dashed_line("predicted", over_depth(|l| l.predicted.map(|p| p.variance.sqrt()))),
            chart("Gradient", "norm")
                .line("measured", over_depth(|l| Some(l.gradient_norm)))
                .dashed_line("predicted", over_depth(|l| l.predicted_gradient_norm)),
        ]
    }

    /// The report as JSON: the input's mean and variance, and an object for each operation.
    pub fn to_json(&self) -> String {
        let signal = |s: &Signal| json!({"mean": s.mean, "variance": s.variance});
        let layers: Vec<_> = self
            .layers
            .iter()
            .map(|l| {
                json!({
                    "layer": l.layer, "operation": l.operation, "shape": l.shape.dims(),
                    "measured": signal(&l.measured), "predicted": l.predicted.as_ref().map(signal),
                    "dead": l.dead, "saturated": l.saturated, "symmetric": l.symmetric,
                    "gradient_norm": l.gradient_norm, "gradient_ratio": l.gradient_ratio,
                    "predicted_gradient_norm": l.predicted_gradient_norm,
                    "verdict": l.verdict.to_string(), "cure": l.cure.as_ref().map(ToString::to_string),
                })
            })
            .collect();
        json!({"input": signal(&self.input), "verdict": self.verdict().to_string(), "layers": layers}).to_string()
    }
}

/// The table, and below it the verdict on the network with the cure.
impl fmt::Display for SignalReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.table())?;
        match self.first_ill() {
            None => writeln!(f, "healthy: signal and gradient reach every layer"),
            Some(l) => {
                write!(f, "{} from layer `{}` ({}) on", l.verdict, l.layer, l.operation)?;
                match &l.cure {
                    Some(cure) => writeln!(f, ": {cure}"),
                    None => writeln!(f),
                }
            }
        }
    }
}
