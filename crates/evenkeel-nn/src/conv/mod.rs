//! Convolutions over images and sequences.

mod lower;
mod op;
mod plan;

use evenkeel_autograd::Var;
use evenkeel_module::{Forward, Module, Parameter, Pass, Path, Role, Visitor, VisitorMut, Weighted};
use evenkeel_tensor::{Float, MAX_RANK, Shape, ShapeError, Tensor};

use crate::Extents;
use op::ConvOp;

/// Convolution over `AXES` spatial axes: [`Conv2d`] and [`Conv1d`].
///
/// `y[n, o, p] = bias[o] + sum over c, t of weight[o, c, t] x[n, c, stride p + dilation t - padding]`
///
/// with channels c of o's group, and taps t and positions p along each axis; what lies outside x counts as 0. (This is a
/// cross-correlation, as everywhere in the field: the kernel is not mirrored.)
///
/// # Shapes
/// Input (N, in, L) or (N, in, H, W), output (N, out, ...) with
/// `floor((L + 2 padding - dilation (kernel - 1) - 1) / stride) + 1` positions along each axis; weight
/// (out, in / groups, kernel...), bias (out): PyTorch's layout.
///
/// # Defaults
/// Stride 1, padding 0, dilation 1, one group, with a bias. With more groups, each takes its share of the input channels to its
/// share of the output channels; as many groups as input channels make a depthwise convolution.
///
/// # Errors
/// Channels that do not fit the input, groups that do not divide them, a kernel, stride or dilation of 0, and a kernel larger
/// than the padded input: a panic that names the cure, and an error from
/// [`check_network`](evenkeel_module::check_network) beforehand.
///
/// Weight and bias have no values until [`initialize`](evenkeel_module::ModuleExt::initialize) draws them, or a state
/// dictionary is loaded. Gradients are the same bits for any number of threads.
///
/// # Source
/// LeCun et al., *Backpropagation Applied to Handwritten Zip Code Recognition*, 1989. Computed as matrix products after
/// Chellapilla, Puri & Simard, *High Performance Convolutional Neural Networks for Document Processing*, 2006.
///
/// ```
/// use evenkeel_init::XavierUniform;
/// use evenkeel_module::{Forward, Mode, ModuleExt, Workspace};
/// use evenkeel_nn::Conv2d;
/// use evenkeel_tensor::{Seed, Tensor};
///
/// let conv = Conv2d::new(3, 8, (3, 5)).with_stride(2).with_padding((1, 2)).initialize(XavierUniform::default(), Seed(7))?;
/// let mut workspace = Workspace::new();
/// let pass = workspace.begin(Mode::Evaluation, Seed(0));
/// let y = conv.forward(&pass, pass.constant(Tensor::<f32>::ones([4, 3, 28, 28])));
/// assert_eq!(y.shape(), [4, 8, 14, 14].into());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Conv<F: Float, const AXES: usize> {
    weight: Parameter<F>,
    bias: Option<Parameter<F>>,
    stride: Extents<AXES>,
    padding: Extents<AXES>,
    dilation: Extents<AXES>,
    groups: usize,
    /// Input channels that were asked for; as many as the weight has where its values were given.
    inputs: Option<usize>,
}

/// Convolution of images (N, in, H, W) with a weight (out, in / groups, kernel height, kernel width); see [`Conv`].
pub type Conv2d<F = f32> = Conv<F, 2>;

/// Convolution of sequences (N, in, L) with a weight (out, in / groups, kernel); see [`Conv`].
pub type Conv1d<F = f32> = Conv<F, 1>;

impl<F: Float, const AXES: usize> Conv<F, AXES> {
    /// From `inputs` channels to `outputs`, with a kernel of these extents and a bias.
    pub fn new(inputs: usize, outputs: usize, kernel: impl Into<Extents<AXES>>) -> Self {
        let weight = Parameter::uninitialized(weight_shape(outputs, inputs, &kernel.into().0), Role::Weight);
        let bias = Some(Parameter::uninitialized([outputs], Role::Bias));
        Self { inputs: Some(inputs), ..Self::with(weight, bias) }
    }

    /// With these values: a weight (out, in / groups, kernel...) and a bias (out).
    ///
    /// # Errors
    /// If the weight has not two axes more than the input has spatial ones, or the bias does not fit it.
    pub fn from_parts(weight: Tensor<F>, bias: Option<Tensor<F>>) -> Result<Self, ShapeError> {
        let fits =
            weight.shape().rank() == AXES + 2 && bias.as_ref().is_none_or(|b| b.shape().dims() == &weight.shape()[..1]);
        if !fits {
            return Err(ShapeError::new(
                if AXES == 1 { "Conv1d::from_parts" } else { "Conv2d::from_parts" },
                format!("a weight of rank {}, (out, in / groups, kernel...), and a bias (out)", AXES + 2),
                format!("weight {}, bias {:?}", weight.shape(), bias.map(|b| b.shape())),
                "the first axis of the weight is that of the outputs",
            ));
        }
        let bias = bias.map(|bias| Parameter::new(bias, Role::Bias));
        Ok(Self::with(Parameter::new(weight, Role::Weight), bias))
    }

    fn with(weight: Parameter<F>, bias: Option<Parameter<F>>) -> Self {
        let (stride, padding, dilation) = (1.into(), 0.into(), 1.into());
        Self { weight, bias, stride, padding, dilation, groups: 1, inputs: None }
    }

    /// With another distance from one output to the next.
    #[must_use]
    pub fn with_stride(self, stride: impl Into<Extents<AXES>>) -> Self {
        Self { stride: stride.into(), ..self }
    }

    /// With so many zeros on either side of the input.
    #[must_use]
    pub fn with_padding(self, padding: impl Into<Extents<AXES>>) -> Self {
        Self { padding: padding.into(), ..self }
    }

    /// With another distance from one tap of the kernel to the next.
    #[must_use]
    pub fn with_dilation(self, dilation: impl Into<Extents<AXES>>) -> Self {
        Self { dilation: dilation.into(), ..self }
    }

    /// With so many groups of channels. A [new](Conv::new) layer keeps its number of input channels, so that its weight gets
    /// another shape and has no values until it is initialised (again); where the shape stays the same so do the values. A weight
    /// that was [given](Conv::from_parts) stays as it is, for `groups` times as many input channels.
    #[must_use]
    pub fn with_groups(self, groups: usize) -> Self {
        let old = self.weight.shape();
        let new = self.inputs.map_or(old, |inputs| weight_shape(old[0], inputs / groups.max(1), &old[2..]));
        let weight = if new == old { self.weight } else { Parameter::uninitialized(new, Role::Weight) };
        Self { weight, groups, ..self }
    }

    /// Without a bias: where a normalisation follows, its shift takes the bias's place.
    #[must_use]
    pub fn without_bias(self) -> Self {
        Self { bias: None, ..self }
    }

    /// The convolution of `x` with `weight` (out, in / groups, kernel...) and `bias` (out) in place of the layer's own.
    ///
    /// # Panics
    /// If the shapes do not fit.
    #[track_caller]
    pub fn convolve<'t>(&self, x: Var<'t, F>, weight: Var<'t, F>, bias: Option<Var<'t, F>>) -> Var<'t, F> {
        let op = ConvOp {
            axes: AXES,
            stride: self.stride.of_plane(1),
            padding: self.padding.of_plane(0),
            dilation: self.dilation.of_plane(1),
            groups: self.groups,
        };
        match bias {
            Some(bias) => x.tape().record(op, &[x, weight, bias]),
            None => x.tape().record(op, &[x, weight]),
        }
    }

    /// The weight (out, in / groups, kernel...).
    pub fn weight(&self) -> &Parameter<F> {
        &self.weight
    }

    /// The bias (out), if there is one.
    pub fn bias(&self) -> Option<&Parameter<F>> {
        self.bias.as_ref()
    }

    /// The distance from one output to the next.
    pub fn stride(&self) -> Extents<AXES> {
        self.stride
    }

    /// The zeros on either side of the input.
    pub fn padding(&self) -> Extents<AXES> {
        self.padding
    }

    /// The distance from one tap to the next.
    pub fn dilation(&self) -> Extents<AXES> {
        self.dilation
    }

    /// The number of groups of channels.
    pub fn groups(&self) -> usize {
        self.groups
    }
}

/// (out, in, kernel...)
fn weight_shape(outputs: usize, inputs: usize, kernel: &[usize]) -> Shape {
    let mut dims = [0; MAX_RANK];
    dims[..2].copy_from_slice(&[outputs, inputs]);
    dims[2..][..kernel.len()].copy_from_slice(kernel);
    dims[..2 + kernel.len()].into()
}

impl<F: Float, const AXES: usize> Module<F> for Conv<F, AXES> {
    fn kind(&self) -> &'static str {
        if AXES == 1 { "Conv1d" } else { "Conv2d" }
    }
    fn visit(&self, path: &Path<'_>, visitor: &mut dyn Visitor<F>) {
        visitor.enter(path, self.kind());
        self.weight.visit(&path.child("weight"), visitor);
        self.bias.visit(&path.child("bias"), visitor);
    }
    fn visit_mut(&mut self, path: &Path<'_>, visitor: &mut dyn VisitorMut<F>) {
        visitor.enter(path, self.kind());
        self.weight.visit_mut(&path.child("weight"), visitor);
        self.bias.visit_mut(&path.child("bias"), visitor);
    }
}

impl<F: Float, const AXES: usize> Forward<F> for Conv<F, AXES> {
    fn forward<'t>(&self, pass: &Pass<'t, F>, x: Var<'t, F>) -> Var<'t, F> {
        self.forward_with(pass, x, pass.parameter(&self.weight))
    }
}

impl<F: Float, const AXES: usize> Weighted<F> for Conv<F, AXES> {
    fn weight(&self) -> &Parameter<F> {
        &self.weight
    }

    fn weight_mut(&mut self) -> &mut Parameter<F> {
        &mut self.weight
    }

    fn forward_with<'t>(&self, pass: &Pass<'t, F>, x: Var<'t, F>, weight: Var<'t, F>) -> Var<'t, F> {
        self.convolve(x, weight, self.bias.as_ref().map(|bias| pass.parameter(bias)))
    }
}
