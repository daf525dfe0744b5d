//! Losses of one logit a decision.

use evenkeel_autograd::Var;
use evenkeel_data::{Dataset, Targets};
use evenkeel_module::Pass;
use evenkeel_nn::{BceWithLogits, Focal, Reduction};
use evenkeel_tensor::{Float, Shape, ShapeError};

use super::Loss;

macro_rules! binary {
    ($loss:ty, $name:literal) => {
        /// Against two classes, with one output an example; or against values from 0 to 1, with as many outputs as values. An
        /// output (N, 1) takes values (N), and the other way round.
        impl<F: Float> Loss<F> for $loss {
            fn loss<'t>(&self, _pass: &Pass<'t, F>, output: Var<'t, F>, targets: &Targets<F>) -> Var<'t, F> {
                match targets {
                    Targets::Classes(classes) => self.class_loss(output, classes),
                    Targets::Values(values) if is_same_column(output.shape(), values.shape()) => {
                        <$loss>::loss(self, output, &values.reshape(output.shape()))
                    }
                    Targets::Values(values) => <$loss>::loss(self, output, values),
                }
            }

            fn check(&self, output: Shape, data: &Dataset) -> Result<(), ShapeError> {
                self.validate::<F>(output)?;
                check($name, self.reduction(), output, data)
            }
        }
    };
}
binary!(BceWithLogits, "bce_with_logits");
binary!(Focal, "focal");

/// Whether one is (N) and the other (N, 1).
fn is_same_column(a: Shape, b: Shape) -> bool {
    matches!((a.dims(), b.dims()), (&[n], &[m, 1]) | (&[n, 1], &[m]) if n == m)
}

fn check(name: &'static str, reduction: Reduction, output: Shape, data: &Dataset) -> Result<(), ShapeError> {
    let refuse = |expected: String, got: String, cure: &str| Err(ShapeError::new(name, expected, got, cure));
    if reduction != Reduction::Mean {
        return refuse("the mean over a batch".into(), format!("{reduction:?}"), "leave the reduction as it is");
    }
    if let Some(classes) = data.classes() {
        return match output.dims() {
            _ if classes != 2 => refuse(
                "data of 2 classes".into(),
                format!("{classes} classes"),
                "use CrossEntropy, with one output a class",
            ),
            &[_] | &[_, 1] => Ok(()),
            _ => refuse(
                "an output (examples, 1) for data of 2 classes".into(),
                output.to_string(),
                "give the last layer one output, or use CrossEntropy",
            ),
        };
    }
    let target = data.batch::<f64>(&[0]).targets.values().map_or(Shape::SCALAR, |values| values.shape());
    let examples = output.first().copied().unwrap_or(1);
    let expected = target.with_dim(0, examples);
    if expected != output && !is_same_column(expected, output) {
        return refuse(
            format!("an output of the targets' shape {expected}"),
            output.to_string(),
            "give the last layer as many outputs as the targets have values",
        );
    }
    let values = (0..data.len()).filter_map(|i| data.values(i).map(|values| (i, values)));
    for (i, values) in values {
        if let Some(bad) = values.iter().find(|t| !(0.0..=1.0).contains(*t)) {
            let cure = "scale the targets, or use MeanSquaredError";
            return refuse("targets from 0 to 1".into(), format!("{bad} at example {i}"), cure);
        }
    }
    Ok(())
}
