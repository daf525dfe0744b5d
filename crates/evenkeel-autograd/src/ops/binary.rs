//! Sums, differences, products and quotients with broadcasting, and the operators.

use std::ops::{Add, Div, Mul, Neg, Sub};

use evenkeel_tensor::{Float, MAX_RANK, Shape, ShapeError, kernel};

use crate::{Backward, Gradient, Incoming, Inputs, Op, Pointwise, Propagation, Signal, Var};

/// z = f(x, y) with the two partial derivatives.
trait Binary: Send + Sync + 'static {
    const NAME: &'static str;
    fn value<F: Float>(x: F, y: F) -> F;
    /// (df/dx, df/dy)
    fn partials<F: Float>(x: F, y: F) -> (F, F);
    /// The law of z and E[(df/dx)²], E[(df/dy)²] for independent x and y, if there is a formula.
    fn law(x: Signal, y: Signal) -> Option<(Signal, [f64; 2])>;
    /// The same for y = x.
    fn law_of_twice(x: Signal) -> Option<(Signal, [f64; 2])>;
}

struct BinaryOp<B>(B);

/// How an operand lies in the result.
enum Layout {
    /// The same shape.
    Full,
    /// One number.
    Scalar,
    /// The operand's elements repeat as a whole: a row added to each row.
    Row(usize),
    /// Any other broadcast: element offsets by strides of 0.
    Strided([usize; MAX_RANK]),
}

fn layout(operand: Shape, result: Shape) -> Layout {
    let n = operand.numel();
    if operand.numel() == result.numel() {
        return Layout::Full;
    }
    if n == 1 {
        return Layout::Scalar;
    }
    // Leading extents of 1 do not matter to a suffix.
    let dims = operand.dims();
    let tail = &dims[dims.iter().position(|&d| d != 1).unwrap_or(dims.len())..];
    if result.dims().ends_with(tail) {
        return Layout::Row(n);
    }
    let own = operand.row_major_strides();
    let mut strides = [0; MAX_RANK];
    let added = result.rank() - operand.rank();
    for axis in 0..operand.rank() {
        if operand[axis] != 1 {
            strides[axis + added] = own[axis] as usize;
        }
    }
    Layout::Strided(strides)
}

impl Layout {
    /// The operand's offset for element `i` of the result.
    fn offset(&self, i: usize, result: Shape) -> usize {
        match self {
            Layout::Full => i,
            Layout::Scalar => 0,
            Layout::Row(n) => i % n,
            Layout::Strided(strides) => {
                let mut rest = i;
                let mut offset = 0;
                for axis in (0..result.rank()).rev() {
                    offset += rest % result[axis] * strides[axis];
                    rest /= result[axis];
                }
                offset
            }
        }
    }
}

impl<F: Float, B: Binary> Op<F> for BinaryOp<B> {
    fn name(&self) -> &'static str {
        B::NAME
    }

    fn shape(&self, inputs: &[Shape]) -> Result<Shape, ShapeError> {
        inputs[0].broadcast(&inputs[1]).map_err(|e| ShapeError { operation: B::NAME, ..e })
    }

    fn forward(&mut self, x: &Inputs<'_, F>, z: &mut [F], _saved: &mut [F]) {
        let (a, b) = (x.value(0), x.value(1));
        let shape = x.shape(0).broadcast(&x.shape(1)).expect("checked when recorded");
        match (layout(x.shape(0), shape), layout(x.shape(1), shape)) {
            (Layout::Full, Layout::Full) => kernel::zip(a, b, z, B::value),
            (Layout::Full, Layout::Scalar) => kernel::map(a, z, |x| B::value(x, b[0])),
            (Layout::Scalar, Layout::Full) => kernel::map(b, z, |y| B::value(a[0], y)),
            (la, lb) => {
                for (i, z) in z.iter_mut().enumerate() {
                    *z = B::value(a[la.offset(i, shape)], b[lb.offset(i, shape)]);
                }
            }
        }
    }

    fn backward(&self, at: Backward<'_, F>, dx: &mut [Gradient<F>]) {
        let (a, b) = (at.x.value(0), at.x.value(1));
        let (la, lb) = (layout(at.x.shape(0), at.shape), layout(at.x.shape(1), at.shape));
        let [da, db] = dx else { unreachable!("two inputs") };
        if let (Layout::Full, Layout::Full) = (&la, &lb) {
            if let Some(da) = da.wanted() {
                kernel::zip3(a, b, at.dy, da, |a, b, dz| B::partials(a, b).0 * dz);
            }
            if let Some(db) = db.wanted() {
                kernel::zip3(a, b, at.dy, db, |a, b, dz| B::partials(a, b).1 * dz);
            }
            return;
        }
        // Where an operand repeats, its gradient is the sum over the repetitions.
        if let Some(da) = da.wanted() {
            da.fill(F::ZERO);
            for (i, &dz) in at.dy.iter().enumerate() {
                let (p, q) = (la.offset(i, at.shape), lb.offset(i, at.shape));
                da[p] += B::partials(a[p], b[q]).0 * dz;
            }
        }
        if let Some(db) = db.wanted() {
            db.fill(F::ZERO);
            for (i, &dz) in at.dy.iter().enumerate() {
                let (p, q) = (la.offset(i, at.shape), lb.offset(i, at.shape));
                db[q] += B::partials(a[p], b[q]).1 * dz;
            }
        }
    }

    fn propagate(&self, inputs: &[Incoming], output: Shape) -> Option<Propagation> {
        let [x, y] = inputs else { unreachable!("two inputs") };
        let (law, gains) = if x.node == y.node { B::law_of_twice(x.signal) } else { B::law(x.signal, y.signal) }?;
        // Where an operand repeats, its gradient is the sum over the repetitions.
        let times = |operand: &Incoming| output.numel() as f64 / operand.shape.numel() as f64;
        let gains = Some([gains[0] * times(x), gains[1] * times(y)]);
        Some(Propagation { output: law, gains, limits: None })
    }
}

macro_rules! binary {
    ($name:ident, $label:expr, $trait:ident, $method:ident, |$x:ident, $y:ident| $value:expr, $partials:expr,
     law: $law:expr, of_twice: $of_twice:expr) => {
        struct $name;

        impl Binary for $name {
            const NAME: &'static str = $label;
            #[inline(always)]
            fn value<F: Float>($x: F, $y: F) -> F {
                $value
            }
            #[inline(always)]
            #[allow(unused_variables)]
            fn partials<F: Float>($x: F, $y: F) -> (F, F) {
                $partials
            }
            fn law(x: Signal, y: Signal) -> Option<(Signal, [f64; 2])> {
                $law(x, y)
            }
            fn law_of_twice(x: Signal) -> Option<(Signal, [f64; 2])> {
                $of_twice(x)
            }
        }

        impl<'t, F: Float> $trait for Var<'t, F> {
            type Output = Self;
            #[track_caller]
            fn $method(self, other: Self) -> Self {
                self.tape.record(BinaryOp($name), &[self, other])
            }
        }
    };
}

binary!(
    AddKernel, "add", Add, add, |x, y| x + y, (F::ONE, F::ONE),
    law: |x: Signal, y: Signal| Some((signal(x.mean + y.mean, x.variance + y.variance), [1.0; 2])),
    // Both gradients are dz and add up: (2 dz)² in all.
    of_twice: |x: Signal| Some((signal(2.0 * x.mean, 4.0 * x.variance), [2.0; 2]))
);
binary!(
    SubKernel, "sub", Sub, sub, |x, y| x - y, (F::ONE, -F::ONE),
    law: |x: Signal, y: Signal| Some((signal(x.mean - y.mean, x.variance + y.variance), [1.0; 2])),
    of_twice: |_| Some((signal(0.0, 0.0), [0.0; 2]))
);
binary!(
    MulKernel, "mul", Mul, mul, |x, y| x * y, (y, x),
    law: |x: Signal, y: Signal| {
        let mean = x.mean * y.mean;
        let law = signal(mean, x.second_moment() * y.second_moment() - mean * mean);
        Some((law, [y.second_moment(), x.second_moment()]))
    },
    // x² of a Gaussian x; dx = 2 x dz.
    of_twice: |x: Signal| {
        let variance = 2.0 * x.variance * (x.variance + 2.0 * x.mean * x.mean);
        Some((signal(x.second_moment(), variance), [2.0 * x.second_moment(); 2]))
    }
);
binary!(
    DivKernel, "div", Div, div, |x, y| x / y, (F::ONE / y, -x / (y * y)),
    // A Gaussian divisor comes near 0: there is no second moment.
    law: |_, _| None,
    of_twice: |_| None
);

fn signal(mean: f64, variance: f64) -> Signal {
    Signal { mean, variance }
}

impl<'t, F: Float> Neg for Var<'t, F> {
    type Output = Self;
    #[track_caller]
    fn neg(self) -> Self {
        self.affine(-F::ONE, F::ZERO)
    }
}

/// y = x / c: rounded once, and right where 1 / c overflows.
struct Quotient<F>(F);

impl<F: Float> Pointwise<F> for Quotient<F> {
    const NAME: &'static str = "div";
    #[inline(always)]
    fn value(&self, x: F) -> F {
        x / self.0
    }
    #[inline(always)]
    fn derivative(&self, _x: F, _y: F) -> F {
        F::ONE / self.0
    }
}

macro_rules! with_number {
    ($trait:ident, $method:ident, |$x:ident, $c:ident| $expression:expr) => {
        impl<'t, F: Float> $trait<F> for Var<'t, F> {
            type Output = Self;
            #[track_caller]
            fn $method(self, $c: F) -> Self {
                let $x = self;
                $expression
            }
        }
    };
}

with_number!(Add, add, |x, c| x.affine(F::ONE, c));
with_number!(Sub, sub, |x, c| x.affine(F::ONE, -c));
with_number!(Mul, mul, |x, c| x.affine(c, F::ZERO));
with_number!(Div, div, |x, c| x.pointwise(Quotient(c)));
