//! The fully connected layer.

use evenkeel_autograd::Var;
use evenkeel_module::{Forward, Module, Parameter, Pass, Role, Weighted};
use evenkeel_tensor::{Float, ShapeError, Tensor};

/// Fully connected layer: y = x Wᵀ + b.
///
/// # Shapes
/// Input (..., in), output (..., out), weight (out, in), bias (out): PyTorch's layout.
///
/// Weight and bias have no values until [`initialize`](evenkeel_module::ModuleExt::initialize) draws them, or a state
/// dictionary is loaded: a network that starts from a hidden seed or from zeros is a mistake that shows late.
///
/// ```
/// use evenkeel_init::XavierUniform;
/// use evenkeel_module::{Forward, Mode, ModuleExt, Workspace};
/// use evenkeel_nn::Linear;
/// use evenkeel_tensor::{Seed, Tensor};
///
/// let layer = Linear::new(3, 2).initialize(XavierUniform::default(), Seed(7))?;
/// let mut workspace = Workspace::new();
/// let pass = workspace.begin(Mode::Evaluation, Seed(0));
/// let y = layer.forward(&pass, pass.constant(Tensor::<f32>::ones([5, 3])));
/// assert_eq!(y.shape(), [5, 2].into());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Module)]
pub struct Linear<F: Float = f32> {
    weight: Parameter<F>,
    bias: Option<Parameter<F>>,
}

impl<F: Float> Linear<F> {
    /// From `inputs` features to `outputs`, with a bias.
    pub fn new(inputs: usize, outputs: usize) -> Self {
        Self {
            weight: Parameter::uninitialized([outputs, inputs], Role::Weight),
            bias: Some(Parameter::uninitialized([outputs], Role::Bias)),
        }
    }

    /// Without a bias: where a normalisation follows, its shift takes the bias's place.
    #[must_use]
    pub fn without_bias(self) -> Self {
        Self { bias: None, ..self }
    }

    /// With these values.
    ///
    /// # Errors
    /// If the weight is not of rank 2, or the bias does not fit it.
    pub fn from_parts(weight: Tensor<F>, bias: Option<Tensor<F>>) -> Result<Self, ShapeError> {
        let fits = weight.shape().rank() == 2 && bias.as_ref().is_none_or(|b| b.shape().dims() == &weight.shape()[..1]);
        if !fits {
            return Err(ShapeError::new(
                "Linear::from_parts",
                "a weight (out, in) and a bias (out)",
                format!("weight {}, bias {:?}", weight.shape(), bias.map(|b| b.shape())),
                "the rows of the weight are the outputs",
            ));
        }
        Ok(Self {
            weight: Parameter::new(weight, Role::Weight),
            bias: bias.map(|bias| Parameter::new(bias, Role::Bias)),
        })
    }

    /// The weight (out, in).
    pub fn weight(&self) -> &Parameter<F> {
        &self.weight
    }

    /// The bias (out), if there is one.
    pub fn bias(&self) -> Option<&Parameter<F>> {
        self.bias.as_ref()
    }
}

impl<F: Float> Forward<F> for Linear<F> {
    fn forward<'t>(&self, pass: &Pass<'t, F>, x: Var<'t, F>) -> Var<'t, F> {
        self.forward_with(pass, x, pass.parameter(&self.weight))
    }
}

impl<F: Float> Weighted<F> for Linear<F> {
    fn weight(&self) -> &Parameter<F> {
        &self.weight
    }

    fn weight_mut(&mut self) -> &mut Parameter<F> {
        &mut self.weight
    }

    fn forward_with<'t>(&self, pass: &Pass<'t, F>, x: Var<'t, F>, weight: Var<'t, F>) -> Var<'t, F> {
        x.linear(weight, self.bias.as_ref().map(|b| pass.parameter(b)))
    }
}
