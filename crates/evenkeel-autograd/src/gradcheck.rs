//! Holds an operation's backward kernel against finite differences of its forward kernel.

use evenkeel_tensor::{Float, Seed, Shape, Tensor};
use thiserror::Error;

use crate::{Tape, Var};

/// Where a gradient differs from its finite difference.
#[derive(Debug, Clone, PartialEq, Error)]
#[error(
    "gradcheck: input {input} (shape {shape}), element {element}: backward gives {analytic:e}, \
     central differences {numeric:e}; the forward or the backward kernel is wrong, or the function has a kink there"
)]
pub struct GradcheckError {
    /// Which input.
    pub input: usize,
    /// Its shape.
    pub shape: Shape,
    /// Which element of it.
    pub element: usize,
    /// What the backward kernel gave.
    pub analytic: f64,
    /// What central differences gave.
    pub numeric: f64,
}

/// Checks the gradients of `f` at `inputs` against central differences in f64.
///
/// The result of `f` may have any shape: it is projected on fixed pseudo-random weights in
/// [0.5, 1.5], so that errors that cancel in a plain sum show. The step is `6e-6 max(1, |x|)`, near the
/// optimum cbrt(epsilon) of central differences. Element by element, the two may differ by 1e-7 times the larger one,
/// plus 1e-8 times the largest gradient of the same input, plus what rounding makes of the differences: 8 epsilon
/// times the magnitude of the result over the step. Scale inputs and result near 1 to keep that last part small.
///
/// ```
/// use evenkeel_autograd::gradcheck;
/// use evenkeel_tensor::Tensor;
///
/// let x = Tensor::from_vec([2, 2], vec![0.3, -1.2, 0.8, 2.0])?;
/// gradcheck(&[x.clone(), x], |v| (v[0] * v[1]).sigmoid())?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// The element that differs the most.
pub fn gradcheck(
    inputs: &[Tensor<f64>],
    f: impl for<'t> Fn(&[Var<'t, f64>]) -> Var<'t, f64>,
) -> Result<(), GradcheckError> {
    let mut tape = Tape::new();
    let variables: Vec<_> = inputs.iter().map(|x| tape.variable(x.clone())).collect();
    let y = f(&variables);
    let weights: Vec<f64> =
        (0..y.shape().numel() as u64).map(|i| 0.5 + Seed(1).at(i).0 as f64 / u64::MAX as f64).collect();
    tape.backward_from(y, &weights);
    let analytic: Vec<Tensor<f64>> =
        variables.iter().map(|v| v.gradient().unwrap_or_else(|| Tensor::zeros(v.shape()))).collect();
    drop(variables);

    let mut project = |inputs: &[Tensor<f64>]| {
        tape.reset();
        let constants: Vec<_> = inputs.iter().map(|x| tape.constant(x.clone())).collect();
        let y = f(&constants);
        let y = y.value();
        let terms = y.iter().zip(&weights).map(|(y, w)| y * w);
        terms.fold((0.0, 0.0), |(sum, magnitude), term| (sum + term, magnitude + term.abs()))
    };
    let mut shifted = inputs.to_vec();
    // Each element's central difference, and how much of it may be rounding.
    let mut numeric: Vec<Vec<(f64, f64)>> = Vec::new();
    for (i, input) in inputs.iter().enumerate() {
        let mut gradient = Vec::with_capacity(input.shape().numel());
        for (j, &x) in input.as_slice().iter().enumerate() {
            let h = 6e-6 * x.abs().max(1.0);
            let (up, down) = (x + h, x - h);
            shifted[i].as_mut_slice()[j] = up;
            let (above, magnitude) = project(&shifted);
            shifted[i].as_mut_slice()[j] = down;
            let (below, _) = project(&shifted);
            shifted[i].as_mut_slice()[j] = x;
            gradient.push(((above - below) / (up - down), 8.0 * f64::EPSILON * magnitude / (up - down)));
        }
        numeric.push(gradient);
    }

    let mut worst: Option<(f64, GradcheckError)> = None;
    for (i, (analytic, numeric)) in analytic.iter().zip(&numeric).enumerate() {
        // An input's own: beside another's, a small gradient could be anything.
        let largest = numeric.iter().fold(0.0, |m: f64, (n, _)| Float::max(m, n.abs()));
        for (j, (&a, &(n, rounding))) in analytic.as_slice().iter().zip(numeric).enumerate() {
            let excess = (a - n).abs() - 1e-7 * Float::max(a.abs(), n.abs()) - 1e-8 * largest - rounding;
            // NaN on either side is the worst of failures.
            let excess = if excess.is_nan() { f64::INFINITY } else { excess };
            if excess > 0.0 && worst.as_ref().is_none_or(|(e, _)| *e < excess) {
                let shape = inputs[i].shape();
                worst = Some((excess, GradcheckError { input: i, shape, element: j, analytic: a, numeric: n }));
            }
        }
    }
    worst.map_or(Ok(()), |(_, error)| Err(error))
}
