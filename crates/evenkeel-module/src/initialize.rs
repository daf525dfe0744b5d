//! Applies an initialisation policy to a network's weights and biases.

use evenkeel_init::{InitError, Policy};
use evenkeel_tensor::{Float, Seed, Shape};

use crate::{Module, Parameter, Path, Role, VisitorMut};

struct Initialize<'a, F: Float> {
    policy: &'a Policy<F>,
    seed: Seed,
    /// The last weight: the one that a bias beside it is added after.
    weight: Option<(String, Shape)>,
    error: Option<InitError>,
}

impl<F: Float> Initialize<'_, F> {
    fn fill(&mut self, path: &Path<'_>, parameter: &mut Parameter<F>) -> Result<(), InitError> {
        let owner = path.parent().map_or(String::new(), ToString::to_string);
        let seed = self.seed.stream(&path.to_string());
        let shape = parameter.shape();
        match parameter.role() {
            Role::Weight => {
                self.policy.fill_weight(parameter.as_mut_slice(), &shape, seed)?;
                self.weight = Some((owner, shape));
            }
            Role::Bias => {
                // A bias without a weight beside it can only be told its own shape.
                let weight = self.weight.as_ref().filter(|(of, _)| *of == owner).map_or(shape, |(_, shape)| *shape);
                self.policy.fill_bias(parameter.as_mut_slice(), &weight, seed)?;
            }
            Role::Scale | Role::Shift => return Ok(()),
        }
        parameter.set_initialized();
        Ok(())
    }
}

impl<F: Float> VisitorMut<F> for Initialize<'_, F> {
    fn initializes(&self) -> bool {
        true
    }
    fn parameter(&mut self, path: &Path<'_>, parameter: &mut Parameter<F>) {
        if self.error.is_none() && !parameter.is_frozen() {
            self.error = self.fill(path, parameter).err();
        }
    }
}

pub(crate) fn initialize<F: Float>(
    module: &mut (impl Module<F> + ?Sized),
    policy: &Policy<F>,
    seed: Seed,
) -> Result<(), InitError> {
    let mut visitor = Initialize { policy, seed, weight: None, error: None };
    module.visit_mut(&Path::root(), &mut visitor);
    visitor.error.map_or(Ok(()), Err)
}
