//! The bias of an output layer from how often each class occurs.

use evenkeel_tensor::{Float, Seed, Shape, ShapeError};

use super::BiasInitializer;
use crate::InitError;
use crate::error::{in_range, not_negative};

/// The output bias with which a net that has seen nothing predicts the classes as often as they occur.
///
/// | output | bias |
/// |---|---|
/// | [`softmax`](ClassPrior::softmax) | ln pᵢ, pᵢ = wᵢ (nᵢ + s) / Σⱼ wⱼ (nⱼ + s) |
/// | [`sigmoid`](ClassPrior::sigmoid), one or many labels | the log-odds ln(wᵢ (nᵢ + s) / (N - nᵢ + s)) |
///
/// nᵢ is how many of N examples are of class i (or have label i), and s the `smoothing`, 0 by default. A class without
/// examples, or a label that all examples have, needs some: 1 (Laplace) or 0.5 (Krichevsky & Trofimov).
///
/// # Where classes are weighted
///
/// wᵢ, 1 by default, is how much an example of class i counts in training: a network that is trained with weights learns
/// the classes' effective frequencies, and starts from them [`with_weights`](ClassPrior::with_weights). Where each class comes
/// equally often, as in balanced batches, those are uniform: [`balanced`](ClassPrior::balanced).
///
/// | training | prior |
/// |---|---|
/// | class weights in a cross-entropy, `CrossEntropy::with_class_weights(w)` | `softmax(counts).with_weights(w)` |
/// | a weight of positives, `BceWithLogits::with_pos_weight(w)` | `sigmoid(positives, n).with_weights(w)` |
/// | draws balanced by class, or weights n / (C nᵢ) | `softmax(counts).balanced()`, or `sigmoid(positives, n).balanced()` |
/// | draws weighted by example | `with_weights` of the mean weight in each class (for a label, over that of the examples without it) |
///
/// At that start, as far as the weights before the bias are small, the mean loss has no gradient with respect to the bias:
/// with p for each example it is pᵢ - Σ w of class i / Σ w of all, for weighted cross-entropy, and with a weight of positives
/// ((N - nᵢ) pᵢ - wᵢ nᵢ (1 - pᵢ)) / N.
///
/// With small weights the first outputs are the prior, so training does not spend its first steps on learning it, and
/// the loss starts at the entropy of the classes. Where positives are rare this is what keeps a sigmoid net stable: Lin
/// et al. 2017, "Focal loss for dense object detection" (arXiv 1708.02002), section 4.1, start with a prior of 0.01,
/// `ClassPrior::sigmoid([1], 100)`.
///
/// # Errors
/// [`fill_bias`](BiasInitializer::fill_bias) if the bias does not have a value for each class, a class without examples
/// (or a label of all of them) is not smoothed, a label has more examples than there are, the weights are not one for each
/// class or not above 0, or the smoothing is negative, not finite, or so large or small that a bias would not be finite.
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
    weights: Weights,
}

/// How much an example counts.
#[derive(Clone, Debug, PartialEq)]
enum Weights {
    Equal,
    /// So that each class, or both sides of a label, count the same.
    Balanced,
    /// By class or label; a single one is for all.
    Of(Vec<f64>),
}

impl ClassPrior {
    /// For classes that exclude one another, before a softmax: how many examples each has.
    pub fn softmax(counts: impl IntoIterator<Item = usize>) -> Self {
        Self { counts: counts.into_iter().collect(), examples: None, smoothing: 0.0, weights: Weights::Equal }
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

    /// Counts each example of a class, or with a label, so many times, by class or label: as in the loss, or in how examples are
    /// drawn. Only their ratios matter for classes. A single weight is that of all labels.
    ///
    /// ```
    /// use evenkeel_init::ClassPrior;
    ///
    /// // 900 and 100 examples, those of class 1 with three times the weight: effectively 3 to 1.
    /// let biases = ClassPrior::softmax([900, 100]).with_weights([1.0, 3.0]).biases()?;
    /// assert!((biases[1] - 0.25f64.ln()).abs() < 1e-15);
    /// let biases = ClassPrior::sigmoid([100], 1000).with_weights([3.0]).biases()?;
    /// assert!((biases[0] - (1.0f64 / 3.0).ln()).abs() < 1e-15);
    /// # Ok::<(), evenkeel_init::InitError>(())
    /// ```
    #[must_use]
    pub fn with_weights(self, weights: impl Into<Vec<f64>>) -> Self {
        Self { weights: Weights::Of(weights.into()), ..self }
    }

    /// Counts all classes alike, or each label as often there as not: 1 / C of C classes, and 1/2, whatever the counts.
    #[must_use]
    pub fn balanced(self) -> Self {
        Self { weights: Weights::Balanced, ..self }
    }

    /// The biases.
    ///
    /// # Errors
    /// As for [`fill_bias`](BiasInitializer::fill_bias), but for the length.
    pub fn biases(&self) -> Result<Vec<f64>, InitError> {
        let smoothing = not_negative("ClassPrior", "smoothing", self.smoothing)?;
        self.check_counts(smoothing)?;
        let weights = self.weights_by_class()?;
        let masses: Vec<f64> = match weights {
            Some(weights) => self.counts.iter().zip(weights).map(|(&n, w)| w * (n as f64 + smoothing)).collect(),
            None => vec![1.0; self.counts.len()],
        };
        let total = masses.iter().sum::<f64>();
        let bias = |(&mass, &count): (&f64, &usize)| {
            let rest = match self.examples {
                None => total,
                Some(_) if self.weights == Weights::Balanced => 1.0,
                Some(examples) => (examples - count) as f64 + smoothing,
            };
            let bias = (mass / rest).ln();
            if bias.is_finite() { Ok(bias) } else { Err(self.out_of_proportion()) }
        };
        masses.iter().zip(&self.counts).map(bias).collect()
    }

    /// The weight of each class or label; `None` where they balance the counts.
    fn weights_by_class(&self) -> Result<Option<Vec<f64>>, InitError> {
        let classes = self.counts.len();
        let weights = match &self.weights {
            Weights::Balanced => return Ok(None),
            Weights::Equal => vec![1.0; classes],
            Weights::Of(weights) if weights.len() == 1 && self.examples.is_some() => vec![weights[0]; classes],
            Weights::Of(weights) => weights.clone(),
        };
        if weights.len() != classes {
            let (expected, got) = (format!("{classes} weights, as many as classes"), format!("{}", weights.len()));
            return Err(ShapeError::new("ClassPrior", expected, got, "give a weight for each count").into());
        }
        match weights.iter().find(|w| !(w.is_finite() && **w > 0.0)) {
            Some(&got) => Err(InitError::Parameter {
                initializer: "ClassPrior",
                parameter: "weight",
                expected: "finite and above 0".into(),
                got,
                cure: "leave out classes that do not count",
            }),
            None => Ok(Some(weights)),
        }
    }

    /// Refuses counts of which a bias would be infinite.
    fn check_counts(&self, smoothing: f64) -> Result<(), InitError> {
        for &count in &self.counts {
            let rest = match self.examples {
                None => 1.0,
                Some(examples) if count > examples => {
                    let cure = "count the examples that have the label among all examples";
                    return Err(refused(count, format!("at most {examples}, the examples"), cure));
                }
                Some(examples) => (examples - count) as f64 + smoothing,
            };
            if count as f64 + smoothing > 0.0 && rest > 0.0 {
                continue;
            }
            let expected = match self.examples {
                None => "above 0".to_owned(),
                Some(examples) => format!("above 0 and below {examples}, the examples"),
            };
            return Err(refused(count, expected, "its bias would be infinite; smooth with with_smoothing(1.0)"));
        }
        Ok(())
    }

    fn out_of_proportion(&self) -> InitError {
        let (parameter, got, cure) = match &self.weights {
            Weights::Of(weights) => {
                let largest = weights.iter().copied().fold(0.0, f64::max);
                ("weights", largest, "give weights within a few powers of ten of each other")
            }
            _ => ("smoothing", self.smoothing, "count 1 (Laplace) or 0.5 examples more"),
        };
        let expected = "such that the shares of the classes are numbers above 0".into();
        InitError::Parameter { initializer: "ClassPrior", parameter, expected, got, cure }
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
