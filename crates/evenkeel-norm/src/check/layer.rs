//! A layer at work on the inputs of the suite.

use evenkeel_module::{Forward, Mode, Workspace, check_network};
use evenkeel_tensor::{Float, Seed, Shape, Tensor};

use super::{Law, LawViolation, Over};

/// The size of the inputs: an eps of 1e-3 is 1e-11 of their variance.
pub(super) const SIZE: f64 = 1e4;

/// A layer, and the groups of its input.
pub(super) struct Run<'a, L> {
    pub(super) layer: &'a L,
    pub(super) shape: Shape,
    pub(super) groups: Vec<Vec<usize>>,
    pub(super) mode: Mode,
}

/// The output of a pass, and the gradients of input and parameters for a given gradient of the output.
#[derive(PartialEq)]
pub(super) struct Outcome<F: Float> {
    pub(super) y: Vec<F>,
    pub(super) dx: Vec<F>,
    pub(super) parameters: Vec<Vec<F>>,
}

impl<'a, L> Run<'a, L> {
    pub(super) fn new<F: Float>(layer: &'a L, shape: Shape, over: Over, mode: Mode) -> Result<Self, LawViolation>
    where
        L: Forward<F>,
    {
        let violation = |expected: String, got: String| LawViolation { law: Law::Shape, expected, got };
        let groups = over.groups(shape).map_err(|expected| violation(expected, shape.to_string()))?;
        for mode in [mode, Mode::Evaluation] {
            let expected = || format!("an output of the input's shape {shape} in {mode:?}");
            match check_network(layer, mode, shape) {
                Ok(output) if output == shape => {}
                Ok(output) => return Err(violation(expected(), output.to_string())),
                Err(error) => return Err(violation(expected(), error.to_string())),
            }
        }
        Ok(Self { layer, shape, groups, mode })
    }

    /// An input with `value(group, place in the group, number)`, where the number is uniform in [-1/2, 1/2] and differs from
    /// place to place and from one `seed` to another.
    pub(super) fn input<F: Float>(&self, seed: u64, value: impl Fn(usize, usize, f64) -> f64) -> Tensor<F> {
        let mut values = vec![F::ZERO; self.shape.numel()];
        for (g, group) in self.groups.iter().enumerate() {
            for (place, &i) in group.iter().enumerate() {
                values[i] = F::from_f64(value(g, place, uniform(seed, i)));
            }
        }
        Tensor::from_vec(self.shape, values).expect("as many values as the shape has")
    }

    /// Values on both sides of 0, SIZE to 2 SIZE away from it: no group is without spread.
    pub(super) fn spread<F: Float>(&self) -> Tensor<F> {
        self.input(1, |_, place, u| SIZE * (1.5 + u) * if place % 2 == 0 { 1.0 } else { -1.0 })
    }

    /// The output for `x`.
    pub(super) fn output<F: Float>(&self, x: &Tensor<F>) -> Vec<F>
    where
        L: Forward<F>,
    {
        let mut workspace = Workspace::new();
        let pass = workspace.begin(self.mode, Seed(0));
        self.layer.forward(&pass, pass.constant(x.clone())).value().to_vec()
    }

    /// A gradient of the output: between 1/2 and 3/2, so that sums over a group do not vanish by themselves.
    pub(super) fn upstream<F: Float>(&self) -> Vec<F> {
        (0..self.shape.numel()).map(|i| F::from_f64(1.0 + uniform(2, i))).collect()
    }

    /// The output for `x`, and the gradients.
    pub(super) fn differentiate<F: Float>(&self, x: &Tensor<F>) -> Outcome<F>
    where
        L: Forward<F>,
    {
        let mut workspace = Workspace::new();
        let pass = workspace.begin(self.mode, Seed(0));
        let input = pass.tape().variable(x.clone());
        let output = self.layer.forward(&pass, input);
        pass.tape().backward_from(output, &self.upstream());
        // No gradient: the output does not depend on the input.
        let dx = input.gradient().unwrap_or_else(|| Tensor::zeros(self.shape)).into_vec();
        let y = output.value().to_vec();
        let step = workspace.finish();
        let mut parameters = Vec::new();
        evenkeel_module::ModuleExt::for_each_parameter(self.layer, |_, parameter| {
            let none = || vec![F::ZERO; parameter.shape().numel()];
            parameters.push(step.with_gradient(parameter, <[F]>::to_vec).unwrap_or_else(none));
        });
        Outcome { y, dx, parameters }
    }
}

/// A number in [-1/2, 1/2] for each `i`.
pub(super) fn uniform(seed: u64, i: usize) -> f64 {
    Seed(seed).at(i as u64).0 as f64 / u64::MAX as f64 - 0.5
}
