//! Mean squared error.

use evenkeel_autograd::Var;
use evenkeel_tensor::{Float, Tensor};

/// The mean over all elements of (x - t)².
///
/// ```
/// use evenkeel_autograd::Tape;
/// use evenkeel_nn::MeanSquaredError;
/// use evenkeel_tensor::Tensor;
///
/// let tape = Tape::<f64>::new();
/// let x = tape.variable(Tensor::from_vec([2], vec![1.0, 3.0])?);
/// assert_eq!(MeanSquaredError.loss(x, &Tensor::zeros([2])).item(), 5.0);
/// # Ok::<(), evenkeel_tensor::ShapeError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MeanSquaredError;

impl MeanSquaredError {
    /// The loss of `output` for `targets` of the same shape.
    ///
    /// # Panics
    /// If the shapes differ: an output (N, 1) against targets (N) would broadcast to N² differences.
    #[track_caller]
    pub fn loss<'t, F: Float>(&self, output: Var<'t, F>, targets: &Tensor<F>) -> Var<'t, F> {
        let (got, expected) = (output.shape(), targets.shape());
        assert!(
            got == expected || output.tape().is_dry(),
            "mean_squared_error: expected an output of the targets' shape {expected}, got {got}"
        );
        (output - output.tape().constant(targets.clone())).square().mean()
    }
}
