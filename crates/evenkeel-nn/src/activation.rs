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

activation!(
    /// Scaled exponential linear unit, elementwise: y = 1.0507 x for x > 0, else 1.7581 (e^x - 1). With
    /// [`LeCunNormal`](https://docs.rs/evenkeel-init) weights it keeps mean 0 and variance 1 from layer to layer
    /// (Klambauer et al. 2017, [arXiv 1706.02515](https://arxiv.org/abs/1706.02515)).
    Selu, selu
);
activation!(
    /// Gaussian error linear unit, elementwise: y = x P(x) with P the standard normal distribution function, exactly
    /// (Hendrycks & Gimpel 2016, [arXiv 1606.08415](https://arxiv.org/abs/1606.08415)). [`GeluTanh`] is its approximation.
    Gelu, gelu
);
activation!(
    /// [`Gelu`] by its approximation y = x / 2 (1 + tanh(√(2 / π) (x + 0.044715 x³))), as in GPT-2; off by up to 0.0005.
    GeluTanh, gelu_tanh
);
activation!(
    /// Sigmoid linear unit, also called swish, elementwise: y = x / (1 + e^-x)
    /// (Elfwing et al. 2017, [arXiv 1702.03118](https://arxiv.org/abs/1702.03118)).
    Silu, silu
);

/// An activation with settings: their names, defaults, and what they do.
macro_rules! configured {
    ($(#[$doc:meta])* $name:ident, $method:ident, $($(#[$setting_doc:meta])* $setting:ident = $default:expr),+) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq)]
        pub struct $name {
            $($(#[$setting_doc])* pub $setting: f64,)+
        }

        impl Default for $name {
            fn default() -> Self {
                Self { $($setting: $default),+ }
            }
        }

        partless!($name);

        impl<F: Float> Forward<F> for $name {
            fn forward<'t>(&self, _pass: &Pass<'t, F>, x: Var<'t, F>) -> Var<'t, F> {
                x.$method($(F::from_f64(self.$setting)),+)
            }
        }
    };
}

configured!(
    /// Leaky rectifier, elementwise: y = x for x > 0, else `negative_slope` x; a unit that is never quite off
    /// (Maas, Hannun & Ng 2013). A slope that is not finite is an error of
    /// [`check_network`](evenkeel_module::check_network) and a panic in a pass.
    ///
    /// ```
    /// use evenkeel_module::{Forward, Mode, Workspace};
    /// use evenkeel_nn::LeakyRelu;
    /// use evenkeel_tensor::{Seed, Tensor};
    ///
    /// let mut workspace = Workspace::new();
    /// let pass = workspace.begin(Mode::Evaluation, Seed(0));
    /// let y = LeakyRelu { negative_slope: 0.25 }.forward(&pass, pass.constant(Tensor::from_vec([2], vec![-2.0f32, 3.0])?));
    /// assert_eq!(&y.value()[..], [-0.5, 3.0]);
    /// # Ok::<(), evenkeel_tensor::ShapeError>(())
    /// ```
    LeakyRelu, leaky_relu,
    /// The slope for negative x: 0.01 by default.
    negative_slope = 0.01
);
configured!(
    /// Exponential linear unit, elementwise: y = x for x > 0, else `alpha` (e^x - 1); smooth at 0 for alpha 1
    /// (Clevert, Unterthiner & Hochreiter 2015, [arXiv 1511.07289](https://arxiv.org/abs/1511.07289)). An alpha that is not
    /// finite is an error of [`check_network`](evenkeel_module::check_network) and a panic in a pass.
    ///
    /// ```
    /// use evenkeel_module::{Forward, Mode, Workspace};
    /// use evenkeel_nn::Elu;
    /// use evenkeel_tensor::{Seed, Tensor};
    ///
    /// let mut workspace = Workspace::new();
    /// let pass = workspace.begin(Mode::Evaluation, Seed(0));
    /// let y = Elu { alpha: 2.0 }.forward(&pass, pass.constant(Tensor::from_vec([3], vec![-1e30f64, 0.0, 3.0])?));
    /// assert_eq!(&y.value()[..], [-2.0, 0.0, 3.0]);
    /// # Ok::<(), evenkeel_tensor::ShapeError>(())
    /// ```
    Elu, elu,
    /// Minus the limit for large negative x: 1 by default.
    alpha = 1.0
);
configured!(
    /// Softplus, elementwise: y = ln(1 + e^(`beta` x)) / `beta`, a smooth rectifier; y = x where `beta` x exceeds `threshold`.
    /// A beta that is not positive and finite is an error of [`check_network`](evenkeel_module::check_network) and a panic in
    /// a pass.
    ///
    /// ```
    /// use evenkeel_module::{Forward, Mode, Workspace};
    /// use evenkeel_nn::Softplus;
    /// use evenkeel_tensor::{Seed, Tensor};
    ///
    /// let mut workspace = Workspace::new();
    /// let pass = workspace.begin(Mode::Evaluation, Seed(0));
    /// let y = Softplus::default().forward(&pass, pass.constant(Tensor::from_vec([3], vec![-1e30f64, 0.0, 1e30])?));
    /// assert_eq!(&y.value()[..], [0.0, 2f64.ln(), 1e30]);
    /// # Ok::<(), evenkeel_tensor::ShapeError>(())
    /// ```
    Softplus, softplus,
    /// How sharp the bend at 0 is: 1 by default.
    beta = 1.0,
    /// From where on the function counts as linear: 20 by default.
    threshold = 20.0
);

/// y = e^x / sum(e^x) along an axis. A classifier trained with [`CrossEntropy`](crate::CrossEntropy) needs none: the loss
/// takes logits.
///
/// ```
/// use evenkeel_module::{Forward, Mode, Workspace};
/// use evenkeel_nn::Softmax;
/// use evenkeel_tensor::{Seed, Tensor};
///
/// let mut workspace = Workspace::new();
/// let pass = workspace.begin(Mode::Evaluation, Seed(0));
/// let y = Softmax { axis: 1 }.forward(&pass, pass.constant(Tensor::from_vec([2, 2], vec![1e4f64, 1e4, 3.0, 3.0])?));
/// assert_eq!(&y.value()[..], [0.5; 4]);
/// # Ok::<(), evenkeel_tensor::ShapeError>(())
/// ```
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
///
/// ```
/// use evenkeel_module::{Forward, Mode, Workspace};
/// use evenkeel_nn::LogSoftmax;
/// use evenkeel_tensor::{Seed, Tensor};
///
/// let mut workspace = Workspace::new();
/// let pass = workspace.begin(Mode::Evaluation, Seed(0));
/// let y = LogSoftmax { axis: 1 }.forward(&pass, pass.constant(Tensor::from_vec([1, 2], vec![0.0f64, 1e4])?));
/// assert_eq!(&y.value()[..], [-1e4, 0.0]);
/// # Ok::<(), evenkeel_tensor::ShapeError>(())
/// ```
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
