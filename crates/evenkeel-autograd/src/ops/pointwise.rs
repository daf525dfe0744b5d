//! Functions of one number, applied to each element.

use evenkeel_tensor::{Float, Shape, ShapeError, kernel};

use crate::{Backward, Gradient, Incoming, Inputs, Op, Propagation, Var};

/// A function of one number with its derivative: all that an activation has to say.
///
/// Mark both functions `#[inline(always)]`, so that they vectorise.
///
/// ```
/// use evenkeel_autograd::{Pointwise, Tape};
/// use evenkeel_tensor::{Float, Tensor};
///
/// /// y = x / (1 + |x|)
/// struct Softsign;
///
/// impl<F: Float> Pointwise<F> for Softsign {
///     const NAME: &'static str = "softsign";
///     #[inline(always)]
///     fn value(&self, x: F) -> F {
///         x / (F::ONE + x.abs())
///     }
///     #[inline(always)]
///     fn derivative(&self, x: F, _y: F) -> F {
///         let d = F::ONE + x.abs();
///         F::ONE / (d * d)
///     }
/// }
///
/// let tape = Tape::new();
/// let x = tape.variable(Tensor::from_vec([2], vec![1.0, -3.0])?);
/// let y = x.pointwise(Softsign);
/// assert_eq!(&y.value()[..], [0.5, -0.75]);
/// # Ok::<(), evenkeel_tensor::ShapeError>(())
/// ```
pub trait Pointwise<F: Float>: Send + Sync + 'static {
    /// The name in messages.
    const NAME: &'static str;
    /// f(x)
    fn value(&self, x: F) -> F;
    /// f'(x), given x and y = f(x).
    fn derivative(&self, x: F, y: F) -> F;
    /// f'(x) dy, given x, y = f(x), and dy. A function that is constant somewhere says so here: there its gradient is 0 whatever
    /// dy is, while 0 times infinity is NaN.
    #[inline(always)]
    fn gradient(&self, x: F, y: F, dy: F) -> F {
        self.derivative(x, y) * dy
    }
    /// Refuses settings that make no sense, when the operation is recorded.
    ///
    /// # Errors
    /// If there are such settings; by default there are none.
    fn check(&self) -> Result<(), ShapeError> {
        Ok(())
    }
}

struct PointwiseOp<P>(P);

impl<F: Float, P: Pointwise<F>> Op<F> for PointwiseOp<P> {
    fn name(&self) -> &'static str {
        P::NAME
    }

    fn shape(&self, inputs: &[Shape]) -> Result<Shape, ShapeError> {
        self.0.check().map(|()| inputs[0])
    }

    fn forward(&mut self, x: &Inputs<'_, F>, y: &mut [F], _saved: &mut [F]) {
        kernel::map(x.value(0), y, |x| self.0.value(x));
    }

    fn backward(&self, at: Backward<'_, F>, dx: &mut [Gradient<F>]) {
        if let Some(dx) = dx[0].wanted() {
            kernel::zip3(at.x.value(0), at.y, at.dy, dx, |x, y, dy| self.0.gradient(x, y, dy));
        }
    }

    fn propagate(&self, inputs: &[Incoming], _output: Shape) -> Option<Propagation> {
        let f = |x: f64| self.0.value(F::from_f64(x)).to_f64();
        let derivative = |x: f64| {
            let x = F::from_f64(x);
            self.0.derivative(x, self.0.value(x)).to_f64()
        };
        Some(Propagation::of_function(inputs[0].signal, f, derivative))
    }
}

macro_rules! pointwise {
    ($(#[$doc:meta])* $name:ident, $label:expr, $method:ident, |$x:ident| $value:expr, |$dx:ident, $dy:ident| $derivative:expr
     $(, gradient: |$gx:ident, $gdy:ident| $gradient:expr)?) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        pub struct $name;

        impl<F: Float> Pointwise<F> for $name {
            const NAME: &'static str = $label;
            #[inline(always)]
            fn value(&self, $x: F) -> F {
                $value
            }
            #[inline(always)]
            fn derivative(&self, $dx: F, $dy: F) -> F {
                $derivative
            }
            $(
                #[inline(always)]
                fn gradient(&self, $gx: F, _y: F, $gdy: F) -> F {
                    $gradient
                }
            )?
        }

        impl<'t, F: Float> Var<'t, F> {
            $(#[$doc])*
            #[track_caller]
            #[must_use]
            pub fn $method(self) -> Self {
                self.pointwise($name)
            }
        }
    };
}

pub(super) use pointwise;

pointwise!(
    /// Exponential: y = e^x, y' = y.
    Exp, "exp", exp, |x| x.exp(), |_x, y| y
);
pointwise!(
    /// Natural logarithm: y = ln x, y' = 1 / x.
    Ln, "ln", ln, |x| x.ln(), |x, _y| F::ONE / x
);
pointwise!(
    /// Square root: y = √x, y' = 1 / (2 y).
    Sqrt, "sqrt", sqrt, |x| x.sqrt(), |_x, y| F::from_f64(0.5) / y
);
pointwise!(
    /// Square: y = x², y' = 2 x.
    Square, "square", square, |x| x * x, |x, _y| x + x
);
pointwise!(
    /// Magnitude: y = |x|, y' = sign x, with sign 0 = 0.
    Abs, "abs", abs,
    |x| x.abs(),
    |x, _y| if x > F::ZERO { F::ONE } else if x < F::ZERO { -F::ONE } else { F::ZERO }
);

/// y = a x + b
struct Affine<F> {
    a: F,
    b: F,
}

impl<F: Float> Pointwise<F> for Affine<F> {
    const NAME: &'static str = "affine";
    #[inline(always)]
    fn value(&self, x: F) -> F {
        self.a * x + self.b
    }
    #[inline(always)]
    fn derivative(&self, _x: F, _y: F) -> F {
        self.a
    }
}

/// y = x^n
struct Power<F>(F);

impl<F: Float> Pointwise<F> for Power<F> {
    const NAME: &'static str = "powf";
    #[inline(always)]
    fn value(&self, x: F) -> F {
        x.powf(self.0)
    }
    #[inline(always)]
    fn derivative(&self, x: F, _y: F) -> F {
        // 0 times infinity is no slope of the constant x^0.
        if self.0 == F::ZERO { F::ZERO } else { self.0 * x.powf(self.0 - F::ONE) }
    }
}

impl<'t, F: Float> Var<'t, F> {
    /// `function` of each element.
    #[track_caller]
    #[must_use]
    pub fn pointwise(self, function: impl Pointwise<F>) -> Self {
        self.tape.record(PointwiseOp(function), &[self])
    }

    /// a x + b of each element x.
    #[track_caller]
    #[must_use]
    pub fn affine(self, a: F, b: F) -> Self {
        self.pointwise(Affine { a, b })
    }

    /// x^n of each element x.
    #[track_caller]
    #[must_use]
    pub fn powf(self, n: F) -> Self {
        self.pointwise(Power(n))
    }
}
