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

pub use probe::{SignalError, SignalProbe};
pub use verdict::{Cure, Symptom, Thresholds, Verdict};

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
    /// Whether it multiplies by a weight: a linear layer or convolution.
    pub has_weight: bool,
    /// The mean and variance of its result.
    pub measured: Signal,
    /// What mean-field theory predicts from the laws of the input and the weights; `None` where an operation has no such law.
    pub predicted: Option<Signal>,
    /// The share of units (features or channels, axis 1) that give the same number for all examples.
    pub dead: f64,
    /// The share of values within a twentieth of the range from one of the limits of a function that has two, such as tanh.
    pub saturated: f64,
    /// The share of units that do exactly what another unit does and get exactly its gradient, and so will always learn the
    /// same. Behind a function: whose arguments do.
    pub symmetric: f64,
    /// The mean cosine between the results for two examples: where it tends to 1, the network tells its inputs apart no longer.
    pub similarity: f64,
    /// The root of the mean over units of the variance over examples: what of the signal tells examples apart.
    pub spread: f64,
    /// The Euclidean norm of the loss's gradient with respect to the result.
    pub gradient_norm: f64,
    /// That norm over the largest at the operations that take the result: below 1 the gradient shrinks on its way back. 1 at the
    /// output, NaN where no gradient comes.
    pub gradient_ratio: f64,
    /// The gradient norm that mean-field theory predicts from the one at the output.
    pub predicted_gradient_norm: Option<f64>,
    /// What is wrong.
    pub verdict: Verdict,
    /// What the verdict rests on; `None` of a healthy layer.
    pub symptom: Option<Symptom>,
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
    /// The verdict on the network: that of [`first_ill`](SignalReport::first_ill).
    pub fn verdict(&self) -> Verdict {
        self.first_ill().map_or(Verdict::Healthy, |layer| layer.verdict)
    }

    /// Where the illness begins: the first layer whose signal or units are not healthy; if there is none, the last whose gradient is
    /// not, for gradients come from behind.
    pub fn first_ill(&self) -> Option<&LayerSignal> {
        let by_gradient = |layer: &&LayerSignal| layer.symptom == Some(Symptom::Gradient);
        let mut ill = self.layers.iter().filter(|layer| layer.verdict != Verdict::Healthy);
        ill.clone().find(|layer| !by_gradient(layer)).or_else(|| ill.rfind(by_gradient))
    }

    /// A layer's gradient norm over that at the output.
    fn gradient_at(&self, layer: &LayerSignal) -> f64 {
        layer.gradient_norm / self.layers.last().map_or(f64::NAN, |last| last.gradient_norm)
    }

    /// The rows of the layer at `path`.
    pub fn of<'a>(&'a self, path: &'a str) -> impl Iterator<Item = &'a LayerSignal> {
        self.layers.iter().filter(move |layer| layer.layer == path)
    }

    /// A value of each operation against its number, from 1, for a chart; `None` leaves an operation out.
    ///
    /// ```
    /// # use evenkeel_module::{ModuleExt, sequential};
    /// # use evenkeel_train::{report::Chart, signal::SignalProbe};
    /// # let net = sequential![evenkeel_nn::Linear::new(8, 8), evenkeel_nn::Tanh];
    /// # let net = net.initialize(evenkeel_init::XavierUniform::default(), evenkeel_tensor::Seed(7))?;
    /// let report = SignalProbe::gaussian([32, 8]).run(&net)?;
    /// let weights = report.curve(|layer| layer.has_weight.then(|| layer.measured.rms()));
    /// assert_eq!(weights.len(), 1);
    /// let chart = Chart::new("Signal").line("Xavier", weights);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn curve(&self, value: impl Fn(&LayerSignal) -> Option<f64>) -> Vec<(f64, f64)> {
        let points = self.layers.iter().enumerate().filter_map(|(i, layer)| Some(((i + 1) as f64, value(layer)?)));
        points.collect()
    }

    /// The report as a table.
    pub fn table(&self) -> Table {
        let header = [
            "layer",
            "operation",
            "mean",
            "rms",
            "predicted",
            "dead",
            "saturated",
            "equal",
            "similarity",
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
                    format!("{:.2e}", l.measured.rms()),
                    l.predicted.map_or_else(|| "-".to_owned(), |p| format!("{:.2e}", p.rms())),
                    format!("{:.0} %", 100.0 * l.dead),
                    format!("{:.0} %", 100.0 * l.saturated),
                    format!("{:.0} %", 100.0 * l.symmetric),
                    format!("{:.2}", l.similarity),
                    format!("{:.2e}", l.gradient_norm),
                    format!("{:.2}", l.gradient_ratio),
                    l.verdict.to_string(),
                ]
            }),
        )
    }

    /// Two charts over depth: the root mean square of the signal and the norm of the gradient, measured (solid) and predicted
    /// (dashed).
    pub fn charts(&self) -> [Chart; 2] {
        let chart = |title: &str, label: &str| Chart::new(title).x_label("operation").y_label(label).log_y();
        [
            chart("Signal", "root mean square")
                .line("measured", self.curve(|l| Some(l.measured.rms())))
                .dashed_line("predicted", self.curve(|l| l.predicted.map(|p| p.rms()))),
            chart("Gradient", "norm")
                .line("measured", self.curve(|l| Some(l.gradient_norm)))
                .dashed_line("predicted", self.curve(|l| l.predicted_gradient_norm)),
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
                    "dead": l.dead, "saturated": l.saturated, "symmetric": l.symmetric, "similarity": l.similarity,
                    "spread": l.spread,
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
        let Some(l) = self.first_ill() else {
            return writeln!(f, "healthy: signal and gradient reach every layer");
        };
        write!(f, "{} at layer `{}` ({})", l.verdict, l.layer, l.operation)?;
        match l.symptom {
            Some(Symptom::Signal) => write!(f, ", signal {:.1e} of the input's", l.measured.rms() / self.input.rms())?,
            Some(Symptom::Gradient) => write!(f, ", gradient {:.1e} of the output's", self.gradient_at(l))?,
            _ => {}
        }
        match &l.cure {
            Some(cure) => writeln!(f, ": {cure}"),
            None => writeln!(f),
        }
    }
}
