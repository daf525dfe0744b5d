//! Spectral normalisation of a layer.

use evenkeel_autograd::Var;
use evenkeel_module::{
    Buffer, Change, Forward, Mode, Module, Origin, Parameter, Pass, Path, Visitor, VisitorMut, Weighted,
};
use evenkeel_tensor::{Float, Seed, Tensor};

use super::power_iteration::SingularPair;
use super::renamed::Renamed;
use super::spectral_norm_op::SpectralNormOp;
use crate::plain::apply;

/// Iterations for vectors that have not met the weight yet, as in PyTorch.
const START: usize = 15;

/// Spectral normalisation: a layer with the weight `w = W / sigma(W)`, sigma being the largest singular value, so that
/// the layer stretches no vector.
///
/// # Shapes
/// Those of the layer. Its weight (out, in, kernel...) is taken as the matrix (out, everything else). For a convolution
/// that is the paper's choice too; the norm of the convolution as a linear map may be larger than 1.
///
/// # Training and evaluation
/// sigma is `uᵀ W v` for stored estimates u and v of its singular vectors. A training pass improves them by one power
/// iteration ([`with_iterations`](SpectralNorm::with_iterations)) before it uses them; the step that commits the pass
/// stores them. Evaluation uses the stored ones. Until a step has been committed or a state dictionary loaded, the
/// vectors are those that the seed gives, and each pass makes 15 more iterations first. A layer that runs twice in a pass
/// starts both times from the stored vectors. Frozen vectors (`net.freeze("*.weight_u")`) stay as they are. In the
/// gradient they count as constants.
///
/// # State
/// The layer's own, at the layer's own path, with `weight_orig` in place of `weight`, and the buffers `weight_u` (out) and
/// `weight_v` (everything else): the names of PyTorch's `torch.nn.utils.spectral_norm`.
/// [`into_layer`](SpectralNorm::into_layer) gives the plain layer.
///
/// # Errors
/// A weight without axes, an `eps` that is negative or not finite: a panic that names the cure, and an error from
/// [`check_network`](evenkeel_module::check_network) beforehand.
///
/// # Range
/// A weight of zeros has sigma 0; w and its gradient are 0 then, and u and v stay. They also stay where W holds
/// infinities or NaN, so that they are always finite.
///
/// # Source
/// Miyato, Kataoka, Koyama & Yoshida, *Spectral Normalization for Generative Adversarial Networks*, 2018,
/// [arXiv 1802.05957](https://arxiv.org/abs/1802.05957).
///
/// ```
/// # use evenkeel_autograd::Var;
/// # use evenkeel_module::{Forward, Module, ModuleExt, Parameter, Pass, Role, Weighted};
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
/// #     fn forward_with<'t>(&self, _: &Pass<'t>, x: Var<'t>, weight: Var<'t>) -> Var<'t> { x.linear(weight, None) }
/// # }
/// use evenkeel_norm::SpectralNorm;
/// use evenkeel_tensor::{Seed, Tensor};
///
/// // `Projection` is a layer y = x Wᵀ that implements `Weighted`.
/// let weight = Tensor::from([[4.0, 0.0], [0.0, 1.0]]);
/// let layer = SpectralNorm::new(Projection { weight: Parameter::new(weight, Role::Weight) }, Seed(7));
/// assert!((layer.sigma() - 4.0_f32).abs() < 1e-5);
/// assert!((layer.weight().as_slice()[3] - 0.25).abs() < 1e-6);
/// assert!(layer.state_dict().tensors.keys().eq(["weight_orig", "weight_u", "weight_v"]));
/// ```
#[derive(Clone, Debug)]
pub struct SpectralNorm<L, F: Float = f32> {
    layer: L,
    weight_u: Buffer<F>,
    weight_v: Buffer<F>,
    seed: Seed,
    iterations: usize,
    eps: f64,
}

impl<F: Float, L: Weighted<F>> SpectralNorm<L, F> {
    /// `layer` with one iteration a training pass and eps 1e-12; u and v start from `seed`.
    pub fn new(layer: L, seed: Seed) -> Self {
        let start = start(&layer, seed);
        let (weight_u, weight_v) = (Buffer::new(start.u), Buffer::new(start.v));
        Self { layer, weight_u, weight_v, seed, iterations: 1, eps: 1e-12 }
    }

    /// With another number of power iterations a training pass. With 0, u and v stay as the first training step leaves
    /// them.
    #[must_use]
    pub fn with_iterations(self, iterations: usize) -> Self {
        Self { iterations, ..self }
    }

    /// With another smallest norm of W v and Wᵀ u for u and v to follow them; it must be finite and not negative, which
    /// [`check_network`](evenkeel_module::check_network) verifies.
    #[must_use]
    pub fn with_eps(self, eps: f64) -> Self {
        Self { eps, ..self }
    }

    /// The wrapped layer. Its weight is W.
    pub fn layer(&self) -> &L {
        &self.layer
    }

    /// The weight W before it is divided.
    pub fn weight_orig(&self) -> &Parameter<F> {
        self.layer.weight()
    }

    /// The stored singular vectors.
    pub fn pair(&self) -> SingularPair<F> {
        SingularPair { u: self.weight_u.value().clone(), v: self.weight_v.value().clone() }
    }

    /// The estimate of the largest singular value in evaluation.
    ///
    /// # Panics
    /// If the weight has no axes.
    #[track_caller]
    pub fn sigma(&self) -> F {
        let op = self.op(false);
        let weight = self.weight_orig().value();
        self.pair().iterate(weight, op.iterations, op.eps).unwrap_or_else(|error| panic!("{error}"))
    }

    /// The weight w that the layer multiplies by in evaluation.
    ///
    /// # Panics
    /// If the weight has no axes, or `eps` is negative or not finite.
    #[track_caller]
    pub fn weight(&self) -> Tensor<F> {
        let pair = self.pair();
        let inputs = [self.weight_orig().value(), &pair.u, &pair.v];
        apply(self.op(false), &inputs).unwrap_or_else(|error| panic!("{error}"))
    }

    /// The plain layer that computes the same as this one in evaluation: its weight is w. Without values still, if it has
    /// none.
    ///
    /// # Panics
    /// If the weight has no axes, or `eps` is negative or not finite.
    #[track_caller]
    pub fn into_layer(mut self) -> L {
        if self.weight_orig().is_initialized() {
            let weight = self.weight();
            self.layer.weight_mut().set(weight);
        }
        self.layer
    }

    fn op(&self, improves: bool) -> SpectralNormOp {
        let first = if self.weight_u.origin() == Origin::Initial { START } else { 0 };
        SpectralNormOp { iterations: first + if improves { self.iterations } else { 0 }, eps: self.eps }
    }
}

/// The vectors that a layer starts with; empty ones, which the operation refuses, for a weight without axes.
fn start<F: Float>(layer: &impl Weighted<F>, seed: Seed) -> SingularPair<F> {
    let empty = || SingularPair { u: Tensor::zeros([0]), v: Tensor::zeros([0]) };
    SingularPair::start(layer.weight().shape(), seed).unwrap_or_else(|_| empty())
}

impl<F: Float, L: Weighted<F>> Module<F> for SpectralNorm<L, F> {
    fn kind(&self) -> &'static str {
        self.layer.kind()
    }

    fn visit(&self, path: &Path<'_>, visitor: &mut dyn Visitor<F>) {
        let id = self.weight_orig().id();
        self.layer.visit(path, &mut Renamed { visitor: &mut *visitor, id, name: "weight_orig" });
        visitor.buffer(&path.child("weight_u"), &self.weight_u);
        visitor.buffer(&path.child("weight_v"), &self.weight_v);
    }

    fn visit_mut(&mut self, path: &Path<'_>, visitor: &mut dyn VisitorMut<F>) {
        if visitor.initializes() {
            // Under the layer's own names, which random numbers and policies go by.
            self.layer.visit_mut(path, visitor);
            let start = start(&self.layer, self.seed);
            for (buffer, start) in [(&mut self.weight_u, start.u), (&mut self.weight_v, start.v)] {
                if !buffer.is_frozen() {
                    buffer.set(start, Origin::Initial);
                }
            }
        } else {
            let id = self.weight_orig().id();
            self.layer.visit_mut(path, &mut Renamed { visitor: &mut *visitor, id, name: "weight_orig" });
        }
        visitor.buffer(&path.child("weight_u"), &mut self.weight_u);
        visitor.buffer(&path.child("weight_v"), &mut self.weight_v);
    }
}

impl<F: Float, L: Weighted<F>> Forward<F> for SpectralNorm<L, F> {
    fn forward<'t>(&self, pass: &Pass<'t, F>, x: Var<'t, F>) -> Var<'t, F> {
        let improves = pass.mode() == Mode::Training && !self.weight_u.is_frozen() && !self.weight_v.is_frozen();
        let weight = self.op(improves).record(pass.parameter(self.weight_orig()), &self.pair());
        if improves && !pass.tape().is_dry() {
            let saved = weight.saved();
            let (rows, columns) = (self.weight_u.shape().numel(), self.weight_v.shape().numel());
            // A blend of weight 1 replaces the value.
            pass.record(&self.weight_u, Change::Blend(F::ONE), |u| u.copy_from_slice(&saved[..rows]));
            pass.record(&self.weight_v, Change::Blend(F::ONE), |v| v.copy_from_slice(&saved[rows..][..columns]));
        }
        self.layer.forward_with(pass, x, weight)
    }
}
