//! Operations on a tape: output and gradients.

use std::cell::RefCell;
use std::collections::BTreeMap;

use evenkeel_autograd::{Tape, Var};
use evenkeel_tensor::{Float, Tensor};

use crate::CaseError;
use crate::case::Case;

/// What an operation gave, by name.
#[derive(Default)]
pub(crate) struct Results {
    pub(crate) outputs: BTreeMap<String, Tensor<f64>>,
    pub(crate) gradients: BTreeMap<String, Tensor<f64>>,
}

/// The inputs of a case as variables on a tape.
pub(crate) struct Graph<'t, 'c, F: Float> {
    case: &'c Case<'c>,
    tape: &'t Tape<F>,
    variables: RefCell<BTreeMap<String, Var<'t, F>>>,
}

impl<'t, F: Float> Graph<'t, '_, F> {
    /// The input called `name`, as a variable.
    pub(crate) fn input(&self, name: &str) -> Result<Var<'t, F>, CaseError> {
        self.case.input(name).map(|tensor| self.bind(name, tensor))
    }

    /// The input called `name`, as a variable, if the case has one.
    pub(crate) fn optional(&self, name: &str) -> Result<Option<Var<'t, F>>, CaseError> {
        Ok(self.case.optional(name)?.map(|tensor| self.bind(name, tensor)))
    }

    fn bind(&self, name: &str, tensor: Tensor<F>) -> Var<'t, F> {
        let variable = self.tape.variable(tensor);
        self.variables.borrow_mut().insert(name.to_owned(), variable);
        variable
    }
}

/// Computes `y`, and where the case has an upstream gradient the gradients of the inputs it names.
pub(crate) fn differentiate<F: Float>(
    case: &Case<'_>,
    f: impl for<'t> FnOnce(&Graph<'t, '_, F>) -> Result<Var<'t, F>, CaseError>,
) -> Result<Results, CaseError> {
    let tape = Tape::new();
    let graph = Graph { case, tape: &tape, variables: RefCell::default() };
    let y = f(&graph)?;
    let mut results = Results::default();
    results.outputs.insert("y".to_owned(), y.to_tensor().cast());
    if case.spec.upstream {
        let dy: Tensor<F> = case.float("dy")?.cast();
        tape.backward_from(y, dy.as_slice());
        for (name, variable) in graph.variables.into_inner() {
            let gradient = variable.gradient().unwrap_or_else(|| Tensor::zeros(variable.shape()));
            results.gradients.insert(name, gradient.cast());
        }
    }
    Ok(results)
}
