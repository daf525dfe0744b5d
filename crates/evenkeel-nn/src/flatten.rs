//! From images to rows of features.

use evenkeel_autograd::Var;
use evenkeel_module::{Forward, Module, Pass, Path, Visitor, VisitorMut};
use evenkeel_tensor::Float;

use crate::activation::partless;

/// Merges all axes but the first: (N, ...) becomes (N, features). No copy.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Flatten;

partless!(Flatten);

impl<F: Float> Forward<F> for Flatten {
    fn forward<'t>(&self, _pass: &Pass<'t, F>, x: Var<'t, F>) -> Var<'t, F> {
        x.flatten(1)
    }
}
