//! Weight normalisation of a layer.

use evenkeel_autograd::Var;
use evenkeel_module::{
    Forward, Mode, Module, NetworkError, Parameter, Pass, Path, Role, Visitor, VisitorMut, Weighted, Workspace,
    check_network,
};
use evenkeel_tensor::{Float, Seed, Shape, ShapeError, Tensor};

use super::renamed::Renamed;
use super::weight_norm_op::{WeightNormOp, norms, weight_norm};
use crate::{Moments, functional};

/// Weight normalisation: a layer with the weight `w = g v / ||v||`, direction v and magnitude g being learnt apart.
///
/// # Shapes
/// Those of the layer. v has the shape of its weight (out, in, kernel...); g is (out, 1, ...), since each output unit has
/// a norm of its own. [`with_dim`](WeightNorm::with_dim) takes norms along another axis, or one over all (g is then a
/// scalar).
///
/// # Start
/// g starts at ||v||, so that the layer computes at first what it would without this: wrapped around a layer that has its
/// values, and just so when [`initialize`](evenkeel_module::ModuleExt::initialize) draws them later, which draws for the
/// same seed the very weights that the layer alone would get. [`initialize_on`](WeightNorm::initialize_on) is the paper's
/// start from a batch of data.
///
/// # State
/// The layer's own, at the layer's own path, with `weight_v` in place of `weight`, and `weight_g`: the names of PyTorch's
/// `torch.nn.utils.weight_norm`. (Of its `parametrizations.weight_norm`, `parametrizations.weight.original0` is
/// `weight_g` and `original1` is `weight_v`.) [`into_layer`](WeightNorm::into_layer) gives the plain layer.
///
/// # Training and evaluation
/// The same. w does not depend on the scale of v, so weight decay on v changes only how fast v turns; g does not decay,
/// as no normalisation's scale does.
///
/// # Errors
/// An axis that the weight does not have: a panic that names the cure, and an error from
/// [`check_network`](evenkeel_module::check_network) beforehand.
///
/// # Range
/// A unit with v = 0 has no direction: its weights are 0, and so are its gradients, so that it stays as it is. A unit
/// with an infinity or NaN spoils its own weights only.
///
/// # Source
/// Salimans & Kingma, *Weight Normalization: A Simple Reparameterization to Accelerate Training of Deep Neural Networks*,
/// 2016, [arXiv 1602.07868](https://arxiv.org/abs/1602.07868).
///
/// ```
/// use evenkeel_autograd::Var;
/// use evenkeel_module::{Forward, Module, ModuleExt, Parameter, Pass, Role, Weighted};
/// use evenkeel_norm::WeightNorm;
/// use evenkeel_tensor::Tensor;
///
/// /// y = x Wᵀ; any layer that has a weight can be wrapped.
/// #[derive(Module)]
/// struct Projection {
///     weight: Parameter,
/// }
/// impl Forward for Projection {
///     fn forward<'t>(&self, pass: &Pass<'t>, x: Var<'t>) -> Var<'t> {
///         self.forward_with(pass, x, pass.parameter(&self.weight))
///     }
/// }
/// impl Weighted for Projection {
///     fn weight(&self) -> &Parameter {
///         &self.weight
///     }
///     fn weight_mut(&mut self) -> &mut Parameter {
///         &mut self.weight
///     }
///     fn forward_with<'t>(&self, _: &Pass<'t>, x: Var<'t>, weight: Var<'t>) -> Var<'t> {
///         x.linear(weight, None)
///     }
/// }
///
/// let weight = Tensor::from([[3.0, 4.0], [0.0, 2.0]]);
/// let layer = WeightNorm::new(Projection { weight: Parameter::new(weight.clone(), Role::Weight) });
/// assert_eq!(layer.weight_g().value(), &Tensor::from([[5.0], [2.0]]));
/// assert_eq!(layer.weight(), weight);
/// assert!(layer.state_dict().tensors.keys().eq(["weight_g", "weight_v"]));
/// ```
#[derive(Clone, Debug)]
pub struct WeightNorm<L, F: Float = f32> {
    layer: L,
    weight_g: Parameter<F>,
    dim: Option<usize>,
}

impl<F: Float, L: Weighted<F>> WeightNorm<L, F> {
    /// `layer` with a norm for each of its output units (axis 0 of its weight).
    pub fn new(layer: L) -> Self {
        let weight_g = Parameter::uninitialized(Shape::SCALAR, Role::Scale);
        Self { layer, weight_g, dim: None }.with_dim(Some(0))
    }

    /// With norms along another axis of the weight, or one over all; g is computed anew.
    /// [`check_network`](evenkeel_module::check_network) verifies that there is such an axis.
    #[must_use]
    pub fn with_dim(self, dim: Option<usize>) -> Self {
        // An axis that is not there: the operation's to refuse.
        let no_axis = |_| Parameter::new(Tensor::ones(Shape::SCALAR), Role::Scale);
        let shape = WeightNormOp { dim }.magnitude_shape(self.weight_v().shape());
        let weight_g = shape.map_or_else(no_axis, |shape| Parameter::uninitialized(shape, Role::Scale));
        let mut out = Self { weight_g, dim, ..self };
        out.set_magnitude();
        out
    }

    /// g = ||v||, unless v has no value yet, or g is frozen.
    fn set_magnitude(&mut self) {
        if self.weight_v().is_initialized()
            && !self.weight_g.is_frozen()
            && let Ok(norms) = norms(self.weight_v().value(), self.dim)
        {
            self.weight_g.set(norms);
        }
    }

    /// The wrapped layer. Its weight is v.
    pub fn layer(&self) -> &L {
        &self.layer
    }

    /// The magnitudes g (out, 1, ...).
    pub fn weight_g(&self) -> &Parameter<F> {
        &self.weight_g
    }

    /// The directions v (out, in, kernel...).
    pub fn weight_v(&self) -> &Parameter<F> {
        self.layer.weight()
    }

    /// The weight w that the layer multiplies by.
    ///
    /// # Panics
    /// If the weight does not have the axis of the norms.
    #[track_caller]
    pub fn weight(&self) -> Tensor<F> {
        let (v, g) = (self.weight_v().value(), self.weight_g.value());
        functional::weight_norm(v, g, self.dim).unwrap_or_else(|error| panic!("{error}"))
    }

    /// The plain layer that computes the same: its weight is w. Without values still, if it has none.
    ///
    /// # Panics
    /// If the weight does not have the axis of the norms.
    #[track_caller]
    pub fn into_layer(mut self) -> L {
        if self.weight_v().is_initialized() && self.weight_g.is_initialized() {
            let weight = self.weight();
            self.layer.weight_mut().set(weight);
        }
        self.layer
    }

    /// Sets g, and the bias if there is one, so that each unit's output over `batch` has mean 0 and (biased) variance 1:
    /// `g = g / sigma`, `b = (b - mean) / sigma` with the mean and deviation of its output before: section 3 of the paper.
    /// Without a bias the mean stays. For the layers of a network one after another, each on the output of those before.
    ///
    /// The units of a weight (out, in) lie along the last axis of the output, those of a convolution's (out, in,
    /// kernel...) along axis 1. A unit whose output does not vary, or is not finite, keeps its g. What is frozen stays as
    /// it is.
    ///
    /// # Errors
    /// If the layer has no values yet or does not fit the batch, the norms are not those of the output units, or there are
    /// fewer than two outputs a unit.
    pub fn initialize_on(&mut self, batch: &Tensor<F>) -> Result<(), NetworkError> {
        let misfit = |source: ShapeError| NetworkError::Misfit { layer: String::new(), source };
        let output = check_network(self, Mode::Evaluation, batch.shape())?;
        let weight = self.weight_v().shape();
        let layout = match output.dims() {
            [.., last] if weight.rank() == 2 => Shape::from([output.numel() / (*last).max(1), *last]),
            _ => output,
        };
        if self.dim != Some(0) || layout.rank() < 2 || layout[1] != weight[0] || layout.numel() < 2 * layout[1] {
            return Err(misfit(ShapeError::new(
                "WeightNorm::initialize_on",
                "norms along axis 0 of the weight, and at least two outputs for each of its units",
                format!("norms along {:?}, output {output} for weight {weight}", self.dim),
                "use a batch of several examples, and norms along axis 0",
            )));
        }
        if self.weight_g.is_frozen() {
            return Ok(());
        }
        let mut workspace = Workspace::new();
        let pass = workspace.begin(Mode::Evaluation, Seed(0));
        let y = self.forward(&pass, pass.constant(batch.clone())).reshape(layout).to_tensor();
        let moments = Moments::of(&y).map_err(misfit)?;
        let spread = |&v: &F| if v > F::ZERO && v.is_finite() { v.sqrt() } else { F::ONE };
        let deviation: Vec<F> = moments.variance(0).iter().map(spread).collect();
        self.weight_g.as_mut_slice().iter_mut().zip(&deviation).for_each(|(g, &sigma)| *g /= sigma);
        let mut shift = ShiftBias { mean: moments.mean(), deviation: &deviation, done: false };
        self.layer.visit_mut(&Path::root(), &mut shift);
        Ok(())
    }
}

/// b = (b - mean) / deviation, of the first bias that has as many values.
struct ShiftBias<'a, F> {
    mean: &'a [F],
    deviation: &'a [F],
    done: bool,
}

impl<F: Float> VisitorMut<F> for ShiftBias<'_, F> {
    fn parameter(&mut self, _: &Path<'_>, bias: &mut Parameter<F>) {
        let fits = bias.role() == Role::Bias && bias.shape().numel() == self.mean.len();
        if self.done || !fits || bias.is_frozen() {
            return;
        }
        self.done = true;
        let values = bias.as_mut_slice().iter_mut().zip(self.mean).zip(self.deviation);
        values.filter(|((_, mean), _)| mean.is_finite()).for_each(|((b, &mean), &sigma)| *b = (*b - mean) / sigma);
    }
}

impl<F: Float, L: Weighted<F>> Module<F> for WeightNorm<L, F> {
    fn kind(&self) -> &'static str {
        self.layer.kind()
    }

    fn visit(&self, path: &Path<'_>, visitor: &mut dyn Visitor<F>) {
        let id = self.weight_v().id();
        self.layer.visit(path, &mut Renamed { visitor: &mut *visitor, id, name: "weight_v" });
        visitor.parameter(&path.child("weight_g"), &self.weight_g);
    }

    fn visit_mut(&mut self, path: &Path<'_>, visitor: &mut dyn VisitorMut<F>) {
        if visitor.initializes() {
            // Under the layer's own names, which random numbers and policies go by.
            self.layer.visit_mut(path, visitor);
            self.set_magnitude();
        } else {
            let id = self.weight_v().id();
            self.layer.visit_mut(path, &mut Renamed { visitor: &mut *visitor, id, name: "weight_v" });
        }
        visitor.parameter(&path.child("weight_g"), &mut self.weight_g);
    }
}

impl<F: Float, L: Weighted<F>> Forward<F> for WeightNorm<L, F> {
    fn forward<'t>(&self, pass: &Pass<'t, F>, x: Var<'t, F>) -> Var<'t, F> {
        let weight = weight_norm(pass.parameter(self.weight_v()), pass.parameter(&self.weight_g), self.dim);
        self.layer.forward_with(pass, x, weight)
    }
}
