//! DropConnect.

use evenkeel_autograd::Var;
use evenkeel_module::{Forward, Module, Parameter, Pass, Path, Visitor, VisitorMut, Weighted};
use evenkeel_tensor::Float;

use super::rate::{Rate, rated};
use super::{Scaling, Unit};

/// DropConnect: a layer whose connections are dropped: each entry of its weight by itself, rather than its inputs or outputs.
///
/// With a mask m over the weight W, the layer computes with m W / q in training, and with W in evaluation; with
/// [`scaled_in_evaluation`](DropConnect::scaled_in_evaluation), with m W and q W. The gradient of W is `m dW / q`.
///
/// One mask serves all samples of a batch (the paper draws one for each, which takes as many matrices), biases are not dropped, and
/// evaluation uses the mean weight (the paper samples from a Gaussian with the mean and variance of the sums;
/// [`MonteCarlo`](crate::MonteCarlo) samples from the masks themselves).
///
/// # Shapes and state
/// Those of the layer: any [`Weighted`] one, such as a linear layer or a convolution, and what wraps one in its turn. Its
/// parameters are those of the layer, at the layer's own path.
///
/// # Errors
/// A probability of dropping outside \[0, 1) or NaN: an error of [`check_network`](evenkeel_module::check_network), and a panic
/// in a pass.
///
/// # Source
/// Wan, Zeiler, Zhang, LeCun & Fergus, *Regularization of Neural Networks using DropConnect*,
/// [ICML 2013](https://proceedings.mlr.press/v28/wan13.html).
///
/// ```
/// use evenkeel_autograd::Var;
/// use evenkeel_module::{Forward, Mode, Module, Parameter, Pass, Role, Weighted, Workspace};
/// use evenkeel_regularize::DropConnect;
/// use evenkeel_tensor::{Seed, Tensor};
///
/// # #[derive(Module)]
/// # struct Projection { weight: Parameter }
/// # impl Forward for Projection {
/// #     fn forward<'t>(&self, pass: &Pass<'t>, x: Var<'t>) -> Var<'t> {
/// #         self.forward_with(pass, x, pass.parameter(&self.weight))
/// #     }
/// # }
/// # impl Weighted for Projection {
/// #     fn weight(&self) -> &Parameter { &self.weight }
/// #     fn weight_mut(&mut self) -> &mut Parameter { &mut self.weight }
/// #     fn forward_with<'t>(&self, _: &Pass<'t>, x: Var<'t>, weight: Var<'t>) -> Var<'t> {
/// #         x.linear(weight, None)
/// #     }
/// # }
/// // A layer y = x Wᵀ with a weight of ones.
/// let layer = Projection { weight: Parameter::new(Tensor::ones([5, 100]), Role::Weight) };
/// let layer = DropConnect::drop(0.5, layer);
/// let mut workspace = Workspace::new();
/// let mut run = |mode| {
///     let pass = workspace.begin(mode, Seed(7));
///     layer.forward(&pass, pass.constant(Tensor::ones([1, 100]))).to_tensor()
/// };
/// assert_eq!(run(Mode::Evaluation), Tensor::full([1, 5], 100.0));
/// // Twice the number of connections that are left to each unit.
/// assert!(run(Mode::Training).as_slice().iter().all(|y| y % 2.0 == 0.0 && (y - 100.0).abs() < 50.0));
/// ```
#[derive(Clone, Debug)]
pub struct DropConnect<L> {
    layer: L,
    rate: Rate,
}

impl<L> DropConnect<L> {
    /// `layer`, of whose weight each entry is dropped with probability `p`.
    pub fn drop(p: f64, layer: L) -> Self {
        Self::keep(1.0 - p, layer)
    }

    /// `layer`, of whose weight each entry is kept with probability `q`.
    pub fn keep(q: f64, layer: L) -> Self {
        Self { layer, rate: Rate { keep: q, scaling: Scaling::Training } }
    }

    /// The layer.
    pub fn layer(&self) -> &L {
        &self.layer
    }

    /// The layer alone.
    pub fn into_layer(self) -> L {
        self.layer
    }
}

rated!(DropConnect<L>);

impl<F: Float, L: Module<F>> Module<F> for DropConnect<L> {
    fn kind(&self) -> &'static str {
        self.layer.kind()
    }
    fn visit(&self, path: &Path<'_>, visitor: &mut dyn Visitor<F>) {
        self.layer.visit(path, visitor);
    }
    fn visit_mut(&mut self, path: &Path<'_>, visitor: &mut dyn VisitorMut<F>) {
        self.layer.visit_mut(path, visitor);
    }
}

impl<F: Float, L: Weighted<F>> Forward<F> for DropConnect<L> {
    fn forward<'t>(&self, pass: &Pass<'t, F>, x: Var<'t, F>) -> Var<'t, F> {
        self.forward_with(pass, x, pass.parameter(self.layer.weight()))
    }
}

impl<F: Float, L: Weighted<F>> Weighted<F> for DropConnect<L> {
    fn weight(&self) -> &Parameter<F> {
        self.layer.weight()
    }
    fn weight_mut(&mut self) -> &mut Parameter<F> {
        self.layer.weight_mut()
    }
    fn forward_with<'t>(&self, pass: &Pass<'t, F>, x: Var<'t, F>, weight: Var<'t, F>) -> Var<'t, F> {
        self.layer.forward_with(pass, x, self.rate.forward("drop_connect", Unit::Element, pass, weight))
    }
}
