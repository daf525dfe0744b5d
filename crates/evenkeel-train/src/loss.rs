//! What a training minimises.

use std::fmt::Debug;

use evenkeel_autograd::Var;
use evenkeel_data::{Dataset, Targets};
use evenkeel_module::Pass;
use evenkeel_nn::{CrossEntropy, MeanSquaredError, Reduction};
use evenkeel_tensor::{Float, Shape, ShapeError};

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

impl<F: Float> Loss<F> for CrossEntropy {
    fn loss<'t>(&self, _pass: &Pass<'t, F>, output: Var<'t, F>, targets: &Targets<F>) -> Var<'t, F> {
        match targets {
            Targets::Classes(classes) => CrossEntropy::loss(self, output, classes),
            Targets::Values(_) => panic!("cross_entropy: expected class targets, got values"),
        }
    }

    /// With class weights, the sum of the targets' weights, by which the mean divides.
    fn weight(&self, targets: &Targets<F>) -> f64 {
        match (self.class_weights(), targets.classes()) {
            (Some(weights), Some(classes)) => classes.iter().map(|&c| weights[c as usize]).sum(),
            _ => targets.len() as f64,
        }
    }

    fn check(&self, output: Shape, data: &Dataset) -> Result<(), ShapeError> {
        let setting =
            |expected: &str, got: String, cure: &str| Err(ShapeError::new("cross_entropy", expected, got, cure));
        if self.reduction() != Reduction::Mean {
            return setting("the mean over a batch", format!("{:?}", self.reduction()), "leave the reduction as it is");
        }
        if !(0.0..=1.0).contains(&self.label_smoothing()) {
            return setting("label smoothing from 0 to 1", self.label_smoothing().to_string(), "0.1 is usual");
        }
        let bad = |w: &&f64| !(w.is_finite() && **w >= 0.0);
        if let Some(weight) = self.class_weights().and_then(|weights| weights.iter().find(bad)) {
            return setting("finite class weights from 0 on", weight.to_string(), "give a positive weight a class");
        }
        if let (Some(weights), Some(classes)) = (self.class_weights(), data.classes())
            && weights.len() != classes
        {
            return setting(&format!("{classes} class weights"), weights.len().to_string(), "give one weight a class");
        }
        match (data.classes(), output.dims()) {
            (Some(classes), &[_, outputs]) if outputs == classes => Ok(()),
            (Some(classes), _) => Err(ShapeError::new(
                "cross_entropy",
                format!("an output (examples, {classes}) for data of {classes} classes"),
                output.to_string(),
                "give the last layer one output a class",
            )),
            (None, _) => Err(ShapeError::new(
                "cross_entropy",
                "data whose targets are classes",
                "data whose targets are values",
                "use MeanSquaredError, or build the data set with Dataset::classification",
            )),
        }
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
