//! Elementwise arithmetic with broadcasting.

use std::mem::take;
use std::ops::{Add, AddAssign, Div, DivAssign, Mul, MulAssign, Neg, Sub, SubAssign};

use crate::kernel::{self, BLOCK};
use crate::walk::Walk;
use crate::{Float, ShapeError, Tensor, TensorView, parallel};

impl<F: Float> TensorView<'_, F> {
    /// f(a, b) of each pair of values, after both views are stretched to their common shape.
    ///
    /// ```
    /// use evenkeel_tensor::Tensor;
    ///
    /// let a = Tensor::from([[1.0f32, 2.0], [3.0, 4.0]]);
    /// let larger = a.view().try_zip_with(a.t(), f32::max)?;
    /// assert_eq!(larger, Tensor::from([[1.0, 3.0], [3.0, 4.0]]));
    /// # Ok::<(), evenkeel_tensor::ShapeError>(())
    /// ```
    ///
    /// # Errors
    /// If the shapes do not broadcast; see [`Shape::broadcast`](crate::Shape::broadcast).
    pub fn try_zip_with(self, other: TensorView<'_, F>, f: impl Fn(F, F) -> F + Sync) -> Result<Tensor<F>, ShapeError> {
        let shape = self.shape().broadcast(&other.shape())?;
        let mut out = Tensor::zeros(shape);
        let y = out.as_mut_slice();
        if self.shape() == other.shape()
            && let (Some(a), Some(b)) = (self.as_slice(), other.as_slice())
        {
            kernel::zip(a, b, y, f);
        } else {
            zip_strided(self.broadcast_to(shape)?, other.broadcast_to(shape)?, y, f);
        }
        Ok(out)
    }
}

/// y = f(a, b) for views of one shape.
fn zip_strided<F: Float>(a: TensorView<'_, F>, b: TensorView<'_, F>, y: &mut [F], f: impl Fn(F, F) -> F + Sync) {
    let walk = Walk::new(a.shape(), [a.strides(), b.strides()]);
    let (a, b) = (a.data(), b.data());
    parallel::chunks_mut(y, BLOCK, |i, mut y| {
        kernel::simd(
            #[inline(always)]
            || {
                walk.runs(i * BLOCK..i * BLOCK + y.len(), |n, [at_a, at_b]| {
                    let run = take_run(&mut y, n);
                    let (a, b) = (&a[at_a..], &b[at_b..]);
                    match walk.steps() {
                        [1, 1] => run.iter_mut().zip(a).zip(b).for_each(|((y, &a), &b)| *y = f(a, b)),
                        [1, 0] => run.iter_mut().zip(a).for_each(|(y, &a)| *y = f(a, b[0])),
                        [0, 1] => run.iter_mut().zip(b).for_each(|(y, &b)| *y = f(a[0], b)),
                        [s, t] => run.iter_mut().enumerate().for_each(|(i, y)| *y = f(a[i * s], b[i * t])),
                    }
                });
            },
        );
    });
}

/// y = f(y, x) for a view of y's shape.
fn update_strided<F: Float>(y: &mut [F], x: TensorView<'_, F>, f: impl Fn(F, F) -> F + Sync) {
    let walk = Walk::new(x.shape(), [x.strides()]);
    let x = x.data();
    parallel::chunks_mut(y, BLOCK, |i, mut y| {
        kernel::simd(
            #[inline(always)]
            || {
                walk.runs(i * BLOCK..i * BLOCK + y.len(), |n, [at]| {
                    let (run, x) = (take_run(&mut y, n), &x[at..]);
                    match walk.steps() {
                        [0] => run.iter_mut().for_each(|y| *y = f(*y, x[0])),
                        [1] => run.iter_mut().zip(x).for_each(|(y, &x)| *y = f(*y, x)),
                        [s] => run.iter_mut().enumerate().for_each(|(i, y)| *y = f(*y, x[i * s])),
                    }
                });
            },
        );
    });
}

/// Splits the first `n` elements off `y`.
#[inline(always)]
fn take_run<'a, F>(y: &mut &'a mut [F], n: usize) -> &'a mut [F] {
    let (run, rest) = take(y).split_at_mut(n);
    *y = rest;
    run
}

impl<F: Float> Tensor<F> {
    /// f(a, b) of each pair of values, after both arrays are stretched to their common shape.
    ///
    /// # Panics
    /// If the shapes do not broadcast; [`try_zip_with`](Self::try_zip_with) gives an error instead.
    #[track_caller]
    pub fn zip_with(&self, other: &Self, f: impl Fn(F, F) -> F + Sync) -> Self {
        self.try_zip_with(other, f).unwrap_or_else(|e| panic!("{e}"))
    }

    /// f(a, b) of each pair of values, after both arrays are stretched to their common shape.
    ///
    /// # Errors
    /// If the shapes do not broadcast; see [`Shape::broadcast`](crate::Shape::broadcast).
    pub fn try_zip_with(&self, other: &Self, f: impl Fn(F, F) -> F + Sync) -> Result<Self, ShapeError> {
        self.view().try_zip_with(other.view(), f)
    }

    /// a = f(a, b), with `b` stretched to the shape of `a`; in place unless the memory is shared.
    #[track_caller]
    fn zip_assign(&mut self, other: &Self, f: impl Fn(F, F) -> F + Sync) {
        let shape = self.shape();
        let Ok(stretched) = other.view().broadcast_to(shape) else {
            panic!("assignment: an array of shape {} does not broadcast to {shape}", other.shape());
        };
        match self.unshared() {
            Some(y) if other.shape() == shape => kernel::update(y, other.as_slice(), f),
            Some(y) => update_strided(y, stretched, f),
            None => *self = self.zip_with(other, f),
        }
    }

    /// As [`zip_with`](Self::zip_with), in place where this array has the shape of the result.
    #[track_caller]
    fn into_zip_with(mut self, other: &Self, f: impl Fn(F, F) -> F + Sync) -> Self {
        if self.shape().broadcast(&other.shape()).is_ok_and(|shape| shape == self.shape()) {
            self.zip_assign(other, f);
            self
        } else {
            self.zip_with(other, f)
        }
    }

    /// a = f(a), in parallel; in place unless the memory is shared.
    fn map_assign(&mut self, f: impl Fn(F) -> F + Sync) {
        match self.unshared() {
            Some(y) => parallel::chunks_mut(y, BLOCK, |_, y| {
                kernel::simd(
                    #[inline(always)]
                    || y.iter_mut().for_each(|y| *y = f(*y)),
                )
            }),
            None => *self = self.par_map(f),
        }
    }

    /// f(a) of each value, as [`map_assign`](Self::map_assign).
    pub(crate) fn into_map(mut self, f: impl Fn(F) -> F + Sync) -> Self {
        self.map_assign(f);
        self
    }

    /// f(a) of each value in parallel.
    fn par_map(&self, f: impl Fn(F) -> F + Sync) -> Self {
        let mut out = Self::zeros(self.shape());
        kernel::map(self.as_slice(), out.as_mut_slice(), f);
        out
    }
}

macro_rules! operator {
    ($trait:ident $method:ident $assign_trait:ident $assign_method:ident $try_method:ident $op:tt) => {
        impl<F: Float> Tensor<F> {
            #[doc = concat!("a ", stringify!($op), " b with broadcasting.")]
            ///
            /// # Errors
            /// If the shapes do not broadcast; see [`Shape::broadcast`](crate::Shape::broadcast).
            pub fn $try_method(&self, other: &Self) -> Result<Self, ShapeError> {
                self.try_zip_with(other, |a, b| a $op b)
            }
        }

        impl<F: Float> $trait<&Tensor<F>> for &Tensor<F> {
            type Output = Tensor<F>;
            #[track_caller]
            fn $method(self, other: &Tensor<F>) -> Tensor<F> {
                self.zip_with(other, |a, b| a $op b)
            }
        }

        impl<F: Float> $trait<&Tensor<F>> for Tensor<F> {
            type Output = Tensor<F>;
            #[track_caller]
            fn $method(self, other: &Tensor<F>) -> Tensor<F> {
                self.into_zip_with(other, |a, b| a $op b)
            }
        }

        impl<F: Float> $trait<Tensor<F>> for &Tensor<F> {
            type Output = Tensor<F>;
            #[track_caller]
            fn $method(self, other: Tensor<F>) -> Tensor<F> {
                other.into_zip_with(self, |b, a| a $op b)
            }
        }

        impl<F: Float> $trait for Tensor<F> {
            type Output = Tensor<F>;
            #[track_caller]
            fn $method(self, other: Tensor<F>) -> Tensor<F> {
                self.into_zip_with(&other, |a, b| a $op b)
            }
        }

        impl<F: Float> $trait<F> for &Tensor<F> {
            type Output = Tensor<F>;
            fn $method(self, b: F) -> Tensor<F> {
                self.par_map(|a| a $op b)
            }
        }

        impl<F: Float> $trait<F> for Tensor<F> {
            type Output = Tensor<F>;
            fn $method(self, b: F) -> Tensor<F> {
                self.into_map(|a| a $op b)
            }
        }

        operator!(@scalar_left f32 $trait $method $op);
        operator!(@scalar_left f64 $trait $method $op);

        impl<F: Float> $assign_trait<&Tensor<F>> for Tensor<F> {
            #[track_caller]
            fn $assign_method(&mut self, other: &Tensor<F>) {
                self.zip_assign(other, |a, b| a $op b);
            }
        }

        impl<F: Float> $assign_trait for Tensor<F> {
            #[track_caller]
            fn $assign_method(&mut self, other: Tensor<F>) {
                self.zip_assign(&other, |a, b| a $op b);
            }
        }

        impl<F: Float> $assign_trait<F> for Tensor<F> {
            fn $assign_method(&mut self, b: F) {
                self.map_assign(|a| a $op b);
            }
        }
    };
    // The orphan rules ask for one implementation per float.
    (@scalar_left $f:ident $trait:ident $method:ident $op:tt) => {
        impl $trait<&Tensor<$f>> for $f {
            type Output = Tensor<$f>;
            fn $method(self, b: &Tensor<$f>) -> Tensor<$f> {
                b.par_map(|b| self $op b)
            }
        }

        impl $trait<Tensor<$f>> for $f {
            type Output = Tensor<$f>;
            fn $method(self, b: Tensor<$f>) -> Tensor<$f> {
                b.into_map(|b| self $op b)
            }
        }
    };
}
operator!(Add add AddAssign add_assign try_add +);
operator!(Sub sub SubAssign sub_assign try_sub -);
operator!(Mul mul MulAssign mul_assign try_mul *);
operator!(Div div DivAssign div_assign try_div /);

impl<F: Float> Neg for &Tensor<F> {
    type Output = Tensor<F>;
    fn neg(self) -> Tensor<F> {
        self.par_map(|a| -a)
    }
}

impl<F: Float> Neg for Tensor<F> {
    type Output = Tensor<F>;
    fn neg(self) -> Tensor<F> {
        self.into_map(|a| -a)
    }
}
