//! Layers that do something where noise is on.

use evenkeel_autograd::{Op, Var};
use evenkeel_module::Pass;
use evenkeel_tensor::Float;

/// Records `op` if noise is on. Also where `op` refuses its input or a setting, so that it does so in every mode.
#[track_caller]
pub(crate) fn noisy<'t, F: Float>(pass: &Pass<'t, F>, x: Var<'t, F>, op: impl Op<F>) -> Option<Var<'t, F>> {
    (pass.has_noise() || op.shape(&[x.shape()]).is_err()).then(|| x.tape().record(op, &[x]))
}

/// A module without parameters, buffers and parts.
macro_rules! partless {
    ($name:ident) => {
        impl<F: evenkeel_tensor::Float> evenkeel_module::Module<F> for $name {
            fn visit(&self, path: &evenkeel_module::Path<'_>, visitor: &mut dyn evenkeel_module::Visitor<F>) {
                visitor.enter(path, stringify!($name));
            }
            fn visit_mut(
                &mut self,
                path: &evenkeel_module::Path<'_>,
                visitor: &mut dyn evenkeel_module::VisitorMut<F>,
            ) {
                visitor.enter(path, stringify!($name));
            }
        }
    };
}
pub(crate) use partless;
