//! Optimisers: where given gradients lead a parameter.

use evenkeel_module::{Mode, Parameter, Role, Workspace};
use evenkeel_optim::{Adagrad, Adam, AdamW, Optimizer, RmsProp, Sgd};
use evenkeel_tensor::{Float, Seed, ShapeError, Tensor};

use super::Operation;
use crate::CaseError;
use crate::case::Case;
use crate::layer::Results;

pub(super) const OPTIMIZER: Operation =
    Operation { name: "optimizer", double: optimizer::<f64>, single: optimizer::<f32> };

/// The trajectory (steps, ...) of `w` (...) under the gradients `grads` (steps, ...).
fn optimizer<F: Float>(case: &Case<'_>) -> Result<Results, CaseError> {
    let mut optimizer = rule::<F>(case)?;
    let mut parameter = Parameter::new(case.input::<F>("w")?, Role::Weight);
    let gradients: Tensor<F> = case.input("grads")?;
    let expected = parameter.shape().with_axis(0, case.required("steps")?);
    if gradients.shape() != expected {
        let cure = "give a gradient of w's shape for each of `steps`";
        return Err(
            ShapeError::new("optimizer", format!("grads {expected}"), gradients.shape().to_string(), cure).into()
        );
    }
    let (mut workspace, mut trajectory) = (Workspace::new(), Vec::new());
    for gradient in gradients.as_slice().chunks_exact(parameter.shape().numel().max(1)) {
        let pass = workspace.begin(Mode::Training, Seed(0));
        pass.tape().backward_from(pass.parameter(&parameter), gradient);
        optimizer.step(&mut parameter, &workspace.finish())?;
        trajectory.extend(parameter.value().as_slice().iter().map(|w| w.to_f64()));
    }
    let mut results = Results::default();
    results.outputs.insert("trajectory".to_owned(), Tensor::from_vec(expected, trajectory)?);
    Ok(results)
}

/// The optimiser that the attributes describe.
fn rule<F: Float>(case: &Case<'_>) -> Result<Optimizer<F>, CaseError> {
    let kind: &str = case.required("kind")?;
    let rate: f64 = case.required("lr")?;
    let number = |name: &str, default: f64| Ok::<_, CaseError>(case.attribute(name)?.unwrap_or(default));
    let decay = number("weight_decay", 0.0)?;
    Ok(match kind {
        "sgd" => {
            let sgd = Sgd::new(rate).with_momentum(number("momentum", 0.0)?).with_weight_decay(decay);
            let nesterov = case.attribute("nesterov")?.unwrap_or(false);
            if nesterov { sgd.nesterov() } else { sgd }.into()
        }
        "adam" => Adam::new(rate)
            .with_betas(number("beta1", 0.9)?, number("beta2", 0.999)?)
            .with_epsilon(number("eps", 1e-8)?)
            .with_weight_decay(decay)
            .into(),
        "adamw" => AdamW::new(rate)
            .with_betas(number("beta1", 0.9)?, number("beta2", 0.999)?)
            .with_epsilon(number("eps", 1e-8)?)
            .with_weight_decay(case.required("weight_decay")?)
            .into(),
        "rmsprop" => RmsProp::new(rate)
            .with_alpha(number("alpha", 0.99)?)
            .with_epsilon(number("eps", 1e-8)?)
            .with_momentum(number("momentum", 0.0)?)
            .with_weight_decay(decay)
            .into(),
        "adagrad" => Adagrad::new(rate).with_epsilon(number("eps", 1e-10)?).with_weight_decay(decay).into(),
        other => return Err(CaseError::unsupported(format!("optimizer `{other}`"))),
    })
}
