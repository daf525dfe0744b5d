//! Reparametrised weights, and what their tests share: layers to wrap, and random arrays.

mod allocation;
mod norm;
mod spectral_norm;
mod standardization;

use evenkeel_autograd::{Tape, Var};
use evenkeel_module::{Forward, Module, Parameter, Pass, Role, Weighted};
use evenkeel_tensor::{Float, Seed, Shape, Tensor};
use proptest::prelude::*;
use rand::RngExt;

/// y = x Wᵀ + b, where W may have any rank: its axes after the first count as one.
#[derive(Clone, Debug, Module)]
pub(crate) struct Affine<F: Float> {
    weight: Parameter<F>,
    bias: Option<Parameter<F>>,
}

impl<F: Float> Affine<F> {
    pub(crate) fn new(weight: Tensor<F>) -> Self {
        let bias = Some(Parameter::new(Tensor::zeros([weight.shape()[0]]), Role::Bias));
        Self { weight: Parameter::new(weight, Role::Weight), bias }
    }

    pub(crate) fn uninitialized(shape: impl Into<Shape>) -> Self {
        let shape = shape.into();
        let bias = Some(Parameter::uninitialized([shape[0]], Role::Bias));
        Self { weight: Parameter::uninitialized(shape, Role::Weight), bias }
    }

    pub(crate) fn without_bias(self) -> Self {
        Self { bias: None, ..self }
    }
}

impl<F: Float> Forward<F> for Affine<F> {
    fn forward<'t>(&self, pass: &Pass<'t, F>, x: Var<'t, F>) -> Var<'t, F> {
        self.forward_with(pass, x, pass.parameter(&self.weight))
    }
}

impl<F: Float> Weighted<F> for Affine<F> {
    fn weight(&self) -> &Parameter<F> {
        &self.weight
    }
    fn weight_mut(&mut self) -> &mut Parameter<F> {
        &mut self.weight
    }
    fn forward_with<'t>(&self, pass: &Pass<'t, F>, x: Var<'t, F>, weight: Var<'t, F>) -> Var<'t, F> {
        x.linear(weight.flatten(1), self.bias.as_ref().map(|b| pass.parameter(b)))
    }
}

/// A convolution with kernels of one position: x (N, in, L), weight (out, in, 1), y (N, out, L).
#[derive(Clone, Debug, Module)]
pub(crate) struct Pointwise<F: Float> {
    weight: Parameter<F>,
    bias: Parameter<F>,
}

impl<F: Float> Pointwise<F> {
    pub(crate) fn new(weight: Tensor<F>) -> Self {
        let bias = Parameter::new(Tensor::zeros([weight.shape()[0]]), Role::Bias);
        Self { weight: Parameter::new(weight, Role::Weight), bias }
    }
}

impl<F: Float> Forward<F> for Pointwise<F> {
    fn forward<'t>(&self, pass: &Pass<'t, F>, x: Var<'t, F>) -> Var<'t, F> {
        self.forward_with(pass, x, pass.parameter(&self.weight))
    }
}

impl<F: Float> Weighted<F> for Pointwise<F> {
    fn weight(&self) -> &Parameter<F> {
        &self.weight
    }
    fn weight_mut(&mut self) -> &mut Parameter<F> {
        &mut self.weight
    }
    fn forward_with<'t>(&self, pass: &Pass<'t, F>, x: Var<'t, F>, weight: Var<'t, F>) -> Var<'t, F> {
        let (n, length) = (x.shape()[0], x.shape()[2]);
        let examples: Vec<_> = (0..n)
            .map(|i| {
                let columns = x.narrow(0, i..i + 1).reshape([x.shape()[1], length]);
                let y = weight.flatten(1).matmul(columns) + pass.parameter(&self.bias).reshape([weight.shape()[0], 1]);
                y.reshape([1, weight.shape()[0], length])
            })
            .collect();
        Var::concat(&examples, 0)
    }
}

pub(crate) fn random<F: Float>(shape: impl Into<Shape>, seed: u64) -> Tensor<F> {
    let mut rng = Seed(seed).rng();
    Tensor::from_fn(shape, |_| F::from_f64(rng.random_range(-1.0..1.0)))
}

/// Shapes of rank 1 to 4.
pub(crate) fn weight_shape() -> impl Strategy<Value = Vec<usize>> {
    prop::collection::vec(1usize..6, 1..5)
}

/// The result of `f`, and the gradients of its inputs for the gradient `dy` of the result.
pub(crate) fn differentiate<F: Float, const N: usize>(
    inputs: [&Tensor<F>; N],
    dy: &[F],
    f: impl for<'t> Fn([Var<'t, F>; N]) -> Var<'t, F>,
) -> (Tensor<F>, [Tensor<F>; N]) {
    let tape = Tape::new();
    let inputs = inputs.map(|x| tape.variable(x.clone()));
    let y = f(inputs);
    tape.backward_from(y, dy);
    (y.to_tensor(), inputs.map(|x| x.gradient().unwrap()))
}

#[track_caller]
pub(crate) fn assert_close(a: &Tensor<f64>, b: &[f64], bound: f64) {
    assert_eq!(a.as_slice().len(), b.len());
    for (i, (a, b)) in a.as_slice().iter().zip(b).enumerate() {
        assert!((a - b).abs() <= bound, "{i}: {a} {b}");
    }
}

/// The result of `f` in pools of several sizes, which must be the same.
pub(crate) fn in_every_pool<R: Send + PartialEq>(f: impl Fn() -> R + Sync) {
    let run = |threads| rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap().install(&f);
    let one = run(1);
    for threads in [2, 3, 7] {
        assert!(run(threads) == one, "{threads} threads");
    }
}
