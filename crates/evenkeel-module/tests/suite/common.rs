//! Layers to test with: the crate itself has none.

use evenkeel_autograd::{Segment, Var};
use evenkeel_module::{Buffer, Change, Forward, Mode, Module, Parameter, Pass, Role, Sequential, Workspace};
use evenkeel_tensor::{Float, Seed, Shape, Tensor};

/// y = x Wᵀ + b
#[derive(Clone, Debug, Module)]
pub(crate) struct Dense<F: Float = f32> {
    pub(crate) weight: Parameter<F>,
    pub(crate) bias: Option<Parameter<F>>,
}

impl<F: Float> Dense<F> {
    pub(crate) fn new(inputs: usize, outputs: usize) -> Self {
        let weight = Parameter::uninitialized([outputs, inputs], Role::Weight);
        Self { weight, bias: Some(Parameter::uninitialized([outputs], Role::Bias)) }
    }
}

impl<F: Float> Forward<F> for Dense<F> {
    fn forward<'t>(&self, pass: &Pass<'t, F>, x: Var<'t, F>) -> Var<'t, F> {
        x.linear(pass.parameter(&self.weight), self.bias.as_ref().map(|b| pass.parameter(b)))
    }
}

/// y = x - mean, the mean being that of all values of the passes in training.
#[derive(Clone, Debug, Module)]
pub(crate) struct Centre<F: Float = f32> {
    pub(crate) mean: Buffer<F>,
    pub(crate) count: Buffer<F>,
    pub(crate) momentum: f64,
}

impl<F: Float> Centre<F> {
    pub(crate) fn new() -> Self {
        Self { mean: Buffer::new(Tensor::zeros(Shape::SCALAR)), count: Buffer::counter(), momentum: 0.25 }
    }
}

impl<F: Float> Forward<F> for Centre<F> {
    fn forward<'t>(&self, pass: &Pass<'t, F>, x: Var<'t, F>) -> Var<'t, F> {
        if !pass.uses_batch_statistics() {
            return x - pass.constant(self.mean.value().clone());
        }
        let mean = x.mean();
        if !pass.tape().is_dry() {
            let observed = mean.item();
            pass.record(&self.mean, Change::Blend(F::from_f64(self.momentum)), |m| m[0] = observed);
            pass.record(&self.count, Change::Add, |n| n[0] = F::ONE);
        }
        x - mean
    }
}

/// ln x: NaN for what is negative.
#[derive(Clone, Debug, Module)]
pub(crate) struct Log;

impl Forward for Log {
    fn forward<'t>(&self, _pass: &Pass<'t>, x: Var<'t>) -> Var<'t> {
        x.ln()
    }
}

/// Layers under names.
#[derive(Clone, Module)]
pub(crate) struct Encoder<F: Float = f32> {
    pub(crate) stem: Dense<F>,
    pub(crate) centre: Centre<F>,
    pub(crate) blocks: Vec<Dense<F>>,
    pub(crate) head: Sequential<F>,
}

impl<F: Float> Encoder<F> {
    pub(crate) fn new() -> Self {
        let head = Sequential::default().with(Dense::new(4, 4)).with(Dense { bias: None, ..Dense::new(4, 2) });
        Self { stem: Dense::new(3, 4), centre: Centre::new(), blocks: vec![Dense::new(4, 4), Dense::new(4, 4)], head }
    }
}

impl<F: Float> Forward<F> for Encoder<F> {
    fn forward<'t>(&self, pass: &Pass<'t, F>, x: Var<'t, F>) -> Var<'t, F> {
        let x = pass.part(Segment::Name("stem"), || self.stem.forward(pass, x));
        let x = pass.part(Segment::Name("centre"), || self.centre.forward(pass, x));
        let x = self.blocks.iter().fold(x, |x, block| block.forward(pass, x));
        pass.part(Segment::Name("head"), || self.head.forward(pass, x))
    }
}

/// The output for `x`, and what a step in `mode` does to the buffers.
pub(crate) fn run<F: Float>(network: &mut impl Forward<F>, mode: Mode, x: Tensor<F>) -> Tensor<F> {
    let mut workspace = Workspace::new();
    let pass = workspace.begin(mode, Seed(0));
    let y = network.forward(&pass, pass.constant(x)).to_tensor();
    workspace.finish().commit(network);
    y
}
