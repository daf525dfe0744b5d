//! Applies an initialisation policy to a network's weights and biases.

use std::collections::HashMap;

use evenkeel_init::{InitError, Policy, Selection};
use evenkeel_tensor::{Float, Seed, Shape};

use crate::{Identity, Module, Parameter, Path, Role, Visitor, VisitorMut};

fn owner(path: &Path<'_>) -> String {
    path.parent().map_or(String::new(), ToString::to_string)
}

/// The shape of the weight that each bias is added after: the last beside it before it or, failing that, the first
/// after it. Fields may be in any order, and a weight may be frozen.
#[derive(Default)]
struct Weights {
    /// Of each module the last weight.
    last: HashMap<String, Shape>,
    /// Of each module the biases before its first weight.
    waiting: HashMap<String, Vec<Identity>>,
    of_bias: HashMap<Identity, Shape>,
}

impl<F: Float> Visitor<F> for Weights {
    fn parameter(&mut self, path: &Path<'_>, parameter: &Parameter<F>) {
        let (owner, id) = (owner(path), parameter.id());
        match parameter.role() {
            Role::Scale | Role::Shift => {}
            Role::Weight => {
                let shape = parameter.shape();
                self.of_bias.extend(self.waiting.remove(&owner).into_iter().flatten().map(|bias| (bias, shape)));
                self.last.insert(owner, shape);
            }
            Role::Bias => match self.last.get(&owner) {
                Some(&shape) => drop(self.of_bias.insert(id, shape)),
                None => self.waiting.entry(owner).or_default().push(id),
            },
        }
    }
}

struct Initialize<'a, F: Float> {
    selection: Selection<'a, F>,
    seed: Seed,
    /// The paths and kinds of the modules that contain what is being visited, from the outermost on.
    around: Vec<(String, &'static str)>,
    weights: Weights,
    error: Option<InitError>,
}

impl<F: Float> Initialize<'_, F> {
    /// Leaves the modules that do not contain `path`.
    fn leave_until(&mut self, path: &str) {
        let contains = |module: &str| {
            module.is_empty() || path.strip_prefix(module).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        };
        while self.around.pop_if(|(module, _)| !contains(module)).is_some() {}
    }

    fn fill(&mut self, path: &Path<'_>, parameter: &mut Parameter<F>) -> Result<(), InitError> {
        if matches!(parameter.role(), Role::Scale | Role::Shift) {
            return Ok(());
        }
        let name = path.to_string();
        self.leave_until(&name);
        let kinds: Vec<_> = self.around.iter().map(|&(_, kind)| kind).collect();
        // A rule for a frozen part is of no use now, but not misspelt.
        let policy = self.selection.select(&kinds, |pattern| path.matches(pattern));
        if parameter.is_frozen() {
            return Ok(());
        }
        let seed = self.seed.stream(&name);
        let shape = parameter.shape();
        let filled = if parameter.role() == Role::Bias {
            // A bias without a weight beside it can only be told its own shape.
            let weight = self.weights.of_bias.get(&parameter.id()).copied().unwrap_or(shape);
            policy.fill_bias(parameter.as_mut_slice(), &weight, seed)
        } else {
            policy.fill_weight(parameter.as_mut_slice(), &shape, seed)
        };
        filled.map_err(|source| InitError::At { path: name, source: Box::new(source) })?;
        parameter.set_initialized();
        Ok(())
    }
}

impl<F: Float> VisitorMut<F> for Initialize<'_, F> {
    fn initializes(&self) -> bool {
        true
    }
    fn enter(&mut self, path: &Path<'_>, kind: &'static str) {
        let path = path.to_string();
        self.leave_until(&path);
        self.around.push((path, kind));
    }
    fn parameter(&mut self, path: &Path<'_>, parameter: &mut Parameter<F>) {
        if self.error.is_none() {
            self.error = self.fill(path, parameter).err();
        }
    }
}

pub(crate) fn initialize<F: Float>(
    module: &mut (impl Module<F> + ?Sized),
    policy: &Policy<F>,
    seed: Seed,
) -> Result<(), InitError> {
    let mut weights = Weights::default();
    module.visit(&Path::root(), &mut weights);
    let selection = policy.selection();
    let mut visitor = Initialize { selection, seed, around: Vec::new(), weights, error: None };
    module.visit_mut(&Path::root(), &mut visitor);
    visitor.error.map_or_else(|| visitor.selection.finish(), Err)
}
