//! Activations as layers.

use evenkeel_autograd::Var;
use evenkeel_module::{Forward, Module, Pass, Path, Visitor, VisitorMut};
use evenkeel_tensor::Float;

/// A layer without parts.
macro_rules! partless {
    ($name:ident) => {
        impl<F: Float> Module<F> for $name {
            fn visit(&self, path: &Path<'_>, visitor: &mut dyn Visitor<F>) {
                visitor.enter(path, stringify!($name));
            }
            fn visit_mut(&mut self, path: &Path<'_>, visitor: &mut dyn VisitorMut<F>) {
                visitor.enter(path, stringify!($name));
            }
        }
    };
}
pub(crate) use partless;

macro_rules! activation {
    ($(#[$doc:meta])* $name:ident, $method:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        pub struct $name;

        partless!($name);

        impl<F: Float> Forward<F> for $name {
            fn forward<'t>(&self, _pass: &Pass<'t, F>, x: Var<'t, F>) -> Var<'t, F> {
                x.$method()
            }
        }
    };
}

activation!(
    /// Logistic sigmoid, elementwise: y = 1 / (1 + e^-x), in (0, 1); y' = y (1 - y) <= 1/4, so that deep nets of
    /// sigmoids starve of gradient unless their inputs are kept near 0.
    Sigmoid, sigmoid
);
activation!(
    /// Hyperbolic tangent, elementwise: y = tanh x, in (-1, 1); y' = 1 - y².
    Tanh, tanh
);
activation!(
    /// Rectifier, elementwise: y = max(x, 0); y' = 1 where x > 0, else 0.
    Relu, relu
);

/// y = e^x / sum(e^x) along an axis. A classifier trained with [`CrossEntropy`](crate::CrossEntropy) needs none: the loss
/// takes logits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Softmax {
    /// The axis along which the values add up to 1.
    pub axis: usize,
}

partless!(Softmax);

impl<F: Float> Forward<F> for Softmax {
    fn forward<'t>(&self, _pass: &Pass<'t, F>, x: Var<'t, F>) -> Var<'t, F> {
        x.softmax(self.axis)
    }
}

/// y = x - ln sum(e^x) along an axis: the logarithm of [`Softmax`], without its underflow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogSoftmax {
    /// The axis along which the exponentials add up to 1.
    pub axis: usize,
}

partless!(LogSoftmax);

impl<F: Float> Forward<F> for LogSoftmax {
    fn forward<'t>(&self, _pass: &Pass<'t, F>, x: Var<'t, F>) -> Var<'t, F> {
        x.log_softmax(self.axis)
    }
}
