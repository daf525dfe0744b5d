//! What a training minimises.

use evenkeel_autograd::Var;
use evenkeel_data::{Dataset, Targets};
use evenkeel_module::Pass;
use evenkeel_nn::{CrossEntropy, MeanSquaredError};
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
/// struct MeanAbsoluteError;
///
/// impl<F: Float> Loss<F> for MeanAbsoluteError {
///     fn loss<'t>(&self, pass: &Pass<'t, F>, output: Var<'t, F>, targets: &Targets<F>) -> Var<'t, F> {
///         let Targets::Values(values) = targets else { panic!("values are needed") };
///         (output - pass.constant(values.clone())).abs().mean()
///     }
/// }
/// ```
pub trait Loss<F: Float = f32>: Send + Sync {
    /// The loss, a scalar.
    fn loss<'t>(&self, pass: &Pass<'t, F>, output: Var<'t, F>, targets: &Targets<F>) -> Var<'t, F>;

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

    fn check(&self, output: Shape, data: &Dataset) -> Result<(), ShapeError> {
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
