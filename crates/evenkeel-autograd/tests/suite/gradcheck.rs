//! The check can fail, and does not fail what is right.

use evenkeel_autograd::{Backward, Gradient, Inputs, Op, Pointwise, gradcheck};
use evenkeel_tensor::{Shape, ShapeError, Tensor};

#[test]
fn a_wrong_derivative_is_found() {
    struct Wrong;
    impl Pointwise<f64> for Wrong {
        const NAME: &'static str = "wrong";
        fn value(&self, x: f64) -> f64 {
            x * x
        }
        fn derivative(&self, x: f64, _y: f64) -> f64 {
            2.0 * x * 1.000_01
        }
    }
    let x = Tensor::from([1.0, 2.0]);
    let error = gradcheck(&[x], |v| v[0].pointwise(Wrong)).unwrap_err();
    assert_eq!((error.input, error.element), (0, 1));
}

/// y = 1e6 x0 + 1e-3 x1, with what the backward kernel holds for dy/dx1.
struct Unequal {
    second: f64,
}

impl Op<f64> for Unequal {
    fn name(&self) -> &'static str {
        "unequal"
    }
    fn shape(&self, inputs: &[Shape]) -> Result<Shape, ShapeError> {
        Ok(inputs[0])
    }
    fn forward(&mut self, x: &Inputs<'_, f64>, y: &mut [f64], _saved: &mut [f64]) {
        for (y, (a, b)) in y.iter_mut().zip(x.value(0).iter().zip(x.value(1))) {
            *y = 1e6 * a + 1e-3 * b;
        }
    }
    fn backward(&self, at: Backward<'_, f64>, dx: &mut [Gradient<f64>]) {
        for (dx, slope) in dx.iter_mut().zip([1e6, self.second]) {
            if let Some(dx) = dx.wanted() {
                dx.iter_mut().zip(at.dy).for_each(|(dx, dy)| *dx = slope * dy);
            }
        }
    }
}

/// An input's gradient is judged by its own size, not by that of another input's.
#[test]
fn a_small_gradient_is_not_hidden_by_a_large_one() {
    let inputs = [Tensor::from([0.25]), Tensor::from([1.5])];
    gradcheck(&inputs, |v| v[0].tape().record(Unequal { second: 1e-3 }, v)).unwrap();
    let error = gradcheck(&inputs, |v| v[0].tape().record(Unequal { second: 0.0 }, v)).unwrap_err();
    assert_eq!((error.input, error.element, error.analytic), (1, 0, 0.0));
}

/// A shift moves no softmax: the differences are rounding and nothing else, and that is no fault of the kernels.
#[test]
fn a_gradient_of_zero_passes() {
    let x = Tensor::from_fn([4, 3], |i| (i % 5) as f64 - 1.7);
    gradcheck(&[x, Tensor::scalar(0.3)], |v| (v[0] + v[1]).softmax(1) * 100.0).unwrap();
}
