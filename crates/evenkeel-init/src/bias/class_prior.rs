//! The bias of an output layer from how often each class occurs.

use evenkeel_tensor::{Float, Seed, Shape, ShapeError};

use super::BiasInitializer;
use crate::InitError;
use crate::error::{in_range, not_negative};

/// The output bias with which a net that has seen nothing predicts the classes as often as they occur.
///
/// | output | bias |
/// |---|---|
/// | [`softmax`](ClassPrior::softmax) | ln pᵢ, pᵢ = (nᵢ + s) / (N + C s) |
/// | [`sigmoid`](ClassPrior::sigmoid), one or many labels | the log-odds ln((nᵢ + s) / (N - nᵢ + s)) |
///
/// nᵢ is how many of N examples are of class i (or have label i), C the number of classes, and s the `smoothing`, 0 by
/// default. A class without examples, or a label that all examples have, needs some: 1 (Laplace) or 0.5 (Krichevsky &
/// Trofimov).
///
/// With small weights the first outputs are the prior, so training does not spend its first steps on learning it, and
/// the loss starts at the entropy of the classes. Where positives are rare this is what keeps a sigmoid net stable: Lin
/// et al. 2017, "Focal loss for dense object detection" (arXiv 1708.02002), section 4.1, start with a prior of 0.01,
/// `ClassPrior::sigmoid([1], 100)`.
///
/// # Errors
/// [`fill_bias`](BiasInitializer::fill_bias) if the bias does not have a value for each class, a class without examples
/// (or a label of all of them) is not smoothed, a label has more examples than there are, or the smoothing is negative,
/// not finite, or so large or small that a bias would not be finite.
///
/// ```
/// use evenkeel_init::{ClassPrior, BiasInitializer, Seed};
///
/// let mut bias = [0f64; 3];
/// ClassPrior::softmax([50, 30, 20]).fill_bias(&mut bias, &[3, 64].into(), Seed(7))?;
/// assert!((bias[0].exp() - 0.5).abs() < 1e-15);
///
/// let mut bias = [0f64; 1];
/// ClassPrior::sigmoid([1], 100).fill_bias(&mut bias, &[1, 64].into(), Seed(7))?;
/// assert!((1.0 / (1.0 + (-bias[0]).exp()) - 0.01).abs() < 1e-15);
/// # Ok::<(), evenkeel_init::InitError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct ClassPrior {
    /// Examples of each class or label.
    counts: Vec<usize>,
    /// All examples, for labels that do not exclude one another.
    examples: Option<usize>,
    smoothing: f64,
}

impl ClassPrior {
    /// For classes that exclude one another, before a softmax: how many examples each has.
    pub fn softmax(counts: impl IntoIterator<Item = usize>) -> Self {
        Self { counts: counts.into_iter().collect(), examples: None, smoothing: 0.0 }
    }

    /// For labels that are each there or not, before a sigmoid: how many of the `examples` have each. A binary
    /// classifier with one output has one label.
    pub fn sigmoid(positives: impl IntoIterator<Item = usize>, examples: usize) -> Self {
        Self { examples: Some(examples), ..Self::softmax(positives) }
    }

    /// Counts `smoothing` examples more for each class, or for each label with and without it.
    #[must_use]
    pub fn with_smoothing(self, smoothing: f64) -> Self {
        Self { smoothing, ..self }
    }

    /// The biases.
    ///
    /// # Errors
    /// As for [`fill_bias`](BiasInitializer::fill_bias), but for the length.
    pub fn biases(&self) -> Result<Vec<f64>, InitError> {
        let smoothing = not_negative("ClassPrior", "smoothing", self.smoothing)?;
        // Of an exclusive class those of other classes do not matter for the error, only for the result.
        let total = self.counts.iter().map(|&n| n as f64 + smoothing).sum::<f64>();
        self.counts
            .iter()
            .map(|&count| {
                let positive = count as f64 + smoothing;
                let rest = match self.examples {
                    None => total,
                    Some(examples) if count > examples => {
                        return Err(refused(
                            count,
                            format!("at most {examples}, the examples"),
                            "count the examples that have the label among all examples",
                        ));
                    }
                    Some(examples) => (examples - count) as f64 + smoothing,
                };
                if positive > 0.0 && rest > 0.0 {
                    let bias = (positive / rest).ln();
                    return if bias.is_finite() { Ok(bias) } else { Err(out_of_proportion(smoothing)) };
                }
                let expected = match self.examples {
                    None => "above 0".to_owned(),
                    Some(examples) => format!("above 0 and below {examples}, the examples"),
                };
                Err(refused(count, expected, "its bias would be infinite; smooth with with_smoothing(1.0)"))
            })
            .collect()
    }
}

fn out_of_proportion(smoothing: f64) -> InitError {
    InitError::Parameter {
        initializer: "ClassPrior",
        parameter: "smoothing",
        expected: "such that the shares of the classes are numbers above 0".into(),
        got: smoothing,
        cure: "count 1 (Laplace) or 0.5 examples more",
    }
}

fn refused(count: usize, expected: String, cure: &'static str) -> InitError {
    InitError::Parameter { initializer: "ClassPrior", parameter: "count", expected, got: count as f64, cure }
}

impl<F: Float> BiasInitializer<F> for ClassPrior {
    fn fill_bias(&self, bias: &mut [F], _weight: &Shape, _seed: Seed) -> Result<(), InitError> {
        let (classes, len) = (self.counts.len(), bias.len());
        if classes != len {
            let cure = "use it for the output layer alone, by Policy::for_path, with a count for each output";
            let expected = format!("a bias of {classes} values, as many as classes");
            return Err(ShapeError::new("ClassPrior", expected, format!("{len} values"), cure).into());
        }
        let values: Vec<F> =
            self.biases()?.into_iter().map(|b| in_range("ClassPrior", "bias", b)).collect::<Result<_, _>>()?;
        bias.copy_from_slice(&values);
        Ok(())
    }
}
