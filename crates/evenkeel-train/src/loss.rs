//! What a training minimises.

mod binary;

use std::fmt::Debug;

use evenkeel_autograd::Var;
use evenkeel_data::{Dataset, Targets};
use evenkeel_module::Pass;
use evenkeel_nn::{CrossEntropy, FocalCrossEntropy, MeanSquaredError, Reduction};
use evenkeel_tensor::{Float, Shape, ShapeError, Tensor};

/// A loss between a network's output and the targets of a batch: an open set.
///
/// ```
/// use evenkeel_autograd::Var;
/// use evenkeel_data::{Dataset, Targets};
/// use evenkeel_module::Pass;
/// use evenkeel_tensor::Float;
/// use evenkeel_train::Loss;
///
/// /// Mean absolute error.
/// #[derive(Debug)]
/// struct MeanAbsoluteError;
///
/// impl<F: Float> Loss<F> for MeanAbsoluteError {
///     fn loss<'t>(&self, pass: &Pass<'t, F>, output: Var<'t, F>, targets: &Targets<F>) -> Var<'t, F> {
///         let Targets::Values(values) = targets else { panic!("values are needed") };
///         (output - pass.constant(values.clone())).abs().mean()
///     }
/// }
/// ```
///
/// `Debug` tells a checkpoint which loss, with which settings, a run was trained with.
pub trait Loss<F: Float = f32>: Debug + Send + Sync {
    /// The loss, a scalar.
    fn loss<'t>(&self, pass: &Pass<'t, F>, output: Var<'t, F>, targets: &Targets<F>) -> Var<'t, F>;

    /// The weight of a batch in the average over a data set: the number of its examples, for a loss that is their mean.
    fn weight(&self, targets: &Targets<F>) -> f64 {
        targets.len() as f64
    }

    /// Whether a network's output of shape `output` fits the targets of `data`; asked before training.
    ///
    /// # Errors
    /// What was expected, what came, and the cure.
    fn check(&self, output: Shape, data: &Dataset) -> Result<(), ShapeError> {
        let _ = (output, data);
        Ok(())
    }
}

/// Against classes, or values that are class probabilities, as mixed batches have.
impl<F: Float> Loss<F> for CrossEntropy {
    fn loss<'t>(&self, _pass: &Pass<'t, F>, output: Var<'t, F>, targets: &Targets<F>) -> Var<'t, F> {
        match targets {
            Targets::Classes(classes) => CrossEntropy::loss(self, output, classes),
            Targets::Values(probabilities) => self.soft_loss(output, probabilities),
        }
    }

    /// With class weights, the sum of the classes' weights, by which the mean divides; for probabilities the number of examples.
    fn weight(&self, targets: &Targets<F>) -> f64 {
        weight_of(self.class_weights(), targets)
    }

    fn check(&self, output: Shape, data: &Dataset) -> Result<(), ShapeError> {
        const NAME: &str = "cross_entropy";
        check_mean(NAME, self.reduction())?;
        let classes = match data.classes() {
            Some(classes) => classes,
            None => check_probabilities(data)?,
        };
        check_outputs(NAME, output, classes)?;
        self.validate::<F>(output)
    }
}

/// Against classes.
impl<F: Float> Loss<F> for FocalCrossEntropy {
    fn loss<'t>(&self, _pass: &Pass<'t, F>, output: Var<'t, F>, targets: &Targets<F>) -> Var<'t, F> {
        match targets {
            Targets::Classes(classes) => FocalCrossEntropy::loss(self, output, classes),
            Targets::Values(_) => panic!("focal_cross_entropy: expected class targets, got values"),
        }
    }

    /// With class weights, the sum of the classes' weights, by which the mean divides.
    fn weight(&self, targets: &Targets<F>) -> f64 {
        weight_of(self.class_weights(), targets)
    }

    fn check(&self, output: Shape, data: &Dataset) -> Result<(), ShapeError> {
        const NAME: &str = "focal_cross_entropy";
        check_mean(NAME, self.reduction())?;
        let Some(classes) = data.classes() else {
            return Err(ShapeError::new(
                NAME,
                "data whose targets are classes",
                "data whose targets are values",
                "use CrossEntropy for probabilities, or Focal for values from 0 to 1",
            ));
        };
        check_outputs(NAME, output, classes)?;
        self.validate::<F>(output)
    }
}

/// The sum of the class weights of the targets' classes; without one of both the number of examples.
fn weight_of<F: Float>(weights: Option<&[f64]>, targets: &Targets<F>) -> f64 {
    match (weights, targets.classes()) {
        (Some(weights), Some(classes)) => classes.iter().map(|&c| weights[c as usize]).sum(),
        _ => targets.len() as f64,
    }
}

fn check_mean(name: &'static str, reduction: Reduction) -> Result<(), ShapeError> {
    if reduction == Reduction::Mean {
        return Ok(());
    }
    Err(ShapeError::new(name, "the mean over a batch", format!("{reduction:?}"), "leave the reduction as it is"))
}

fn check_outputs(name: &'static str, output: Shape, classes: usize) -> Result<(), ShapeError> {
    if matches!(output.dims(), &[_, outputs] if outputs == classes) {
        return Ok(());
    }
    Err(ShapeError::new(
        name,
        format!("an output (examples, {classes}) for data of {classes} classes"),
        output.to_string(),
        "give the last layer one output a class",
    ))
}

/// The number of classes of data whose targets are their probabilities.
fn check_probabilities(data: &Dataset) -> Result<usize, ShapeError> {
    /// What rounding in `f32` may make of a sum of many probabilities.
    const TOLERANCE: f64 = 1e-4;
    let refuse = |got: String| {
        Err(ShapeError::new(
            "cross_entropy",
            "targets that are classes, or for each example the probabilities of the classes",
            got,
            "use MeanSquaredError or BceWithLogits, or build the data set with Dataset::classification",
        ))
    };
    for (i, row) in (0..data.len()).filter_map(|i| data.values(i).map(|row| (i, row))) {
        let sum: f64 = row.iter().sum();
        if row.iter().any(|&q| q < 0.0) || (sum - 1.0).abs() > TOLERANCE {
            return refuse(format!("values that are none, at example {i}, with the sum {sum}"));
        }
    }
    match data.batch::<f64>(&[0]).targets.values().map(Tensor::shape).as_deref() {
        Some(&[_, classes]) => Ok(classes),
        _ => refuse("values of another shape than (examples, classes)".to_owned()),
    }
}

impl<F: Float> Loss<F> for MeanSquaredError {
    fn loss<'t>(&self, _pass: &Pass<'t, F>, output: Var<'t, F>, targets: &Targets<F>) -> Var<'t, F> {
        match targets {
            Targets::Values(values) => MeanSquaredError::loss(self, output, values),
            Targets::Classes(_) => panic!("mean_squared_error: expected values, got class targets"),
        }
    }

    fn check(&self, output: Shape, data: &Dataset) -> Result<(), ShapeError> {
        let expected = match data.batch::<F>(&[0]).targets {
            Targets::Values(values) => values.shape(),
            Targets::Classes(_) => {
                return Err(ShapeError::new(
                    "mean_squared_error",
                    "data whose targets are values",
                    "data whose targets are classes",
                    "use CrossEntropy, or build the data set with Dataset::regression",
                ));
            }
        };
        let batch = output.first().copied().unwrap_or(1);
        if expected.rank() == output.rank() && expected.with_dim(0, batch) == output {
            return Ok(());
        }
        Err(ShapeError::new(
            "mean_squared_error",
            format!("an output of the targets' shape {}", expected.with_dim(0, batch)),
            output.to_string(),
            "give the last layer as many outputs as the targets have values",
        ))
    }
}
