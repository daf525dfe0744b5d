//! Applies an initialisation policy to a network's weights and biases.

use evenkeel_init::{InitError, Policy, Selection};
use evenkeel_tensor::{Float, Seed, Shape};

use crate::{Module, Parameter, Path, Role, VisitorMut};

struct Initialize<'a, F: Float> {
    selection: Selection<'a, F>,
    seed: Seed,
    /// The paths and kinds of the modules that contain what is being visited, from the outermost on.
    around: Vec<(String, &'static str)>,
    /// The last weight: the one that a bias beside it is added after.
    weight: Option<(String, Shape)>,
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
        let owner = path.parent().map_or(String::new(), ToString::to_string);
        let seed = self.seed.stream(&name);
        let shape = parameter.shape();
        if parameter.role() == Role::Bias {
            // A bias without a weight beside it can only be told its own shape.
            let weight = self.weight.as_ref().filter(|(of, _)| *of == owner).map_or(shape, |(_, shape)| *shape);
            policy.fill_bias(parameter.as_mut_slice(), &weight, seed)?;
        } else {
            policy.fill_weight(parameter.as_mut_slice(), &shape, seed)?;
            self.weight = Some((owner, shape));
        }
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
    let selection = policy.selection();
    let mut visitor = Initialize { selection, seed, around: Vec::new(), weight: None, error: None };
    module.visit_mut(&Path::root(), &mut visitor);
    visitor.error.map_or_else(|| visitor.selection.finish(), Err)
}
