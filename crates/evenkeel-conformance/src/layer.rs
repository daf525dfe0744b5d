//! What runs on a tape: a layer or a function, its output, gradients and state afterwards.

use std::collections::BTreeMap;

use evenkeel_autograd::Var;
use evenkeel_module::{Entry, Forward, LoadError, Mode, Module, ModuleExt, Pass, StateDict, Workspace};
use evenkeel_tensor::{Float, Seed, Tensor};

use crate::CaseError;
use crate::case::Case;

/// What an operation gave, by name.
#[derive(Default)]
pub(crate) struct Results {
    pub(crate) outputs: BTreeMap<String, Tensor<f64>>,
    pub(crate) gradients: BTreeMap<String, Tensor<f64>>,
}

/// Loads those of the case's inputs that `names` lists into a layer, whose paths have the same names.
pub(crate) fn load<F: Float>(
    case: &Case<'_>,
    layer: &mut impl Module<F>,
    names: &[&'static str],
) -> Result<(), CaseError> {
    let mut state = StateDict::new();
    for name in names {
        if let Some(tensor) = case.optional::<F>(name)? {
            state.tensors.insert((*name).to_owned(), Entry::from_float(&tensor));
        }
    }
    let mut report = layer.load_matching(&state);
    // What the case does not give stays as the layer starts.
    report.missing.clear();
    if report.is_complete() { Ok(()) } else { Err(LoadError { report: report.into() }.into()) }
}

/// Runs a layer on the input `x`; see [`differentiate`].
pub(crate) fn forward<F: Float>(case: &Case<'_>, layer: impl Forward<F>) -> Result<Results, CaseError> {
    differentiate(case, layer, ["x"], |layer, pass, [x]| layer.forward(pass, x))
}

/// The output of a layer for the input `x` in an evaluation pass.
pub(crate) fn evaluate<F: Float>(case: &Case<'_>, layer: &impl Forward<F>) -> Result<Tensor<f64>, CaseError> {
    let mut workspace = Workspace::new();
    let pass = workspace.begin(Mode::Evaluation, Seed(0));
    let y = layer.forward(&pass, pass.constant(case.input("x")?));
    Ok(y.to_tensor().cast())
}

/// Runs `f` in a training pass on `inputs`. Outputs are `y` and the module's state after the step, by path; where the
/// case has an upstream gradient, gradients are those of the inputs and of the module's parameters, by path.
pub(crate) fn differentiate<F: Float, M: Module<F>, const N: usize>(
    case: &Case<'_>,
    mut module: M,
    inputs: [&str; N],
    f: impl for<'t> FnOnce(&M, &Pass<'t, F>, [Var<'t, F>; N]) -> Var<'t, F>,
) -> Result<Results, CaseError> {
    let tensors = inputs.iter().map(|name| case.input(name)).collect::<Result<Vec<Tensor<F>>, _>>()?;
    let upstream: Option<Tensor<F>> = case.spec.upstream.then(|| case.float("dy").map(Tensor::cast)).transpose()?;
    let mut results = Results::default();
    let mut workspace = Workspace::new();
    let pass = workspace.begin(Mode::Training, Seed(0));
    let variables: [Var<'_, F>; N] = std::array::from_fn(|i| pass.tape().variable(tensors[i].clone()));
    let y = f(&module, &pass, variables);
    if let Some(dy) = upstream {
        pass.tape().backward_from(y, dy.as_slice());
        for (name, variable) in inputs.into_iter().zip(variables) {
            // No gradient: the output does not depend on this input.
            let gradient = variable.gradient().unwrap_or_else(|| Tensor::zeros(variable.shape()));
            results.gradients.insert(name.to_owned(), gradient.cast());
        }
    }
    let y = y.to_tensor().cast();
    let step = workspace.finish();
    module.for_each_parameter(|path, parameter| {
        if let Some(gradient) = step.with_gradient(parameter, |g| Tensor::from_fn(parameter.shape(), |i| g[i].to_f64()))
        {
            results.gradients.insert(path.to_string(), gradient);
        }
    });
    step.commit(&mut module);
    results.outputs = module.state_dict().tensors.into_iter().map(|(path, state)| (path, state.to_float())).collect();
    results.outputs.insert("y".to_owned(), y);
    Ok(results)
}
