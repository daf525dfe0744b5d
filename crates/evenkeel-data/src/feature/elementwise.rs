//! Functions of one value.

use evenkeel_tensor::{Float, Tensor};

use super::rows::{check_results, map_rows};
use crate::fit::{check_input, filled_matrix, refused_value};
use crate::{DataError, Fit, Transform};

const NAME: &str = "Elementwise";

/// A function of each value, for columns over powers of ten: incomes, counts, concentrations.
///
/// There is nothing to learn; settings and transformation are one, and a fit gives it back. Names stay. To have a power chosen
/// by the data, see [`Power`](crate::scale::Power).
///
/// ```
/// use evenkeel_data::{Tensor, Transform, feature::Elementwise};
///
/// let x = Tensor::from([[-3.0, 0.0, 8.0]]);
/// let y = Elementwise::SignedLog.transform(&x)?;
/// assert_eq!(y.as_slice()[1..], [0.0, 9f64.ln()]);
/// assert!((Elementwise::SignedLog.inverse(&y)? - &x).norm() < 1e-14);
/// let error = Elementwise::Sqrt.transform(&x).unwrap_err().to_string();
/// assert!(error.starts_with("Elementwise: row 0, column 0: expected a value of at least 0 for a square root, got -3"));
/// # Ok::<(), evenkeel_data::DataError>(())
/// ```
///
/// # Errors
/// The transformation refuses values that the function does not have, and the inverse those whose origin is beyond the float.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Elementwise {
    /// ln(1 + x), of values above -1. Near 0 it is x, without loss of digits. The inverse is eˣ - 1.
    Log1p,
    /// sign(x) ln(1 + |x|), of any value.
    SignedLog,
    /// √x, of values of at least 0. The inverse is the square; numbers below 0, which no root is, give 0.
    Sqrt,
}

impl Elementwise {
    #[inline(always)]
    fn of(self, x: f64) -> f64 {
        match self {
            Self::Log1p => x.ln_1p(),
            Self::SignedLog => x.abs().ln_1p().copysign(x),
            Self::Sqrt => x.sqrt(),
        }
    }

    #[inline(always)]
    fn undo(self, y: f64) -> f64 {
        match self {
            Self::Log1p => y.exp_m1(),
            Self::SignedLog => y.abs().exp_m1().copysign(y),
            // Rounding in steps after this one makes -1e-16 of 0.
            Self::Sqrt if y < 0.0 => 0.0,
            Self::Sqrt => y * y,
        }
    }

    /// What is refused, and what is expected instead.
    fn domain(self) -> (fn(f64) -> bool, &'static str) {
        match self {
            Self::Log1p => (|x| x <= -1.0, "a value above -1 for a logarithm of 1 + x"),
            Self::SignedLog => (|_| false, "a value"),
            Self::Sqrt => (|x| x < 0.0, "a value of at least 0 for a square root"),
        }
    }

    /// `f` of each value; `f` must be `#[inline(always)]`.
    fn map<F: Float>(x: &mut Tensor<F>, f: impl Fn(f64) -> f64 + Sync) -> Result<(), DataError> {
        let y = map_rows(
            NAME,
            x,
            x.shape()[1],
            #[inline(always)]
            |row, new| new.iter_mut().zip(row).for_each(|(y, x)| *y = F::from_f64(f(x.to_f64()))),
        )?;
        check_results(NAME, &y)?;
        *x = y;
        Ok(())
    }

    /// Refuses infinite values, and the first that the function does not have.
    fn check<F: Float>(self, x: &Tensor<F>) -> Result<(), DataError> {
        let (is_refused, expected) = self.domain();
        let (_, columns) = check_input(NAME, None, x)?;
        let Some(at) = x.as_slice().iter().position(|x| is_refused(x.to_f64())) else { return Ok(()) };
        let cure = "shift the column, or use `Elementwise::SignedLog`";
        Err(refused_value(NAME, (x.as_slice(), columns), at, expected, cure))
    }
}

impl<F: Float> Fit<F> for Elementwise {
    type Fitted = Self;

    fn fit(&self, x: &Tensor<F>) -> Result<Self, DataError> {
        filled_matrix(NAME, x)?;
        self.check(x)?;
        Ok(*self)
    }
}

impl<F: Float> Transform<F> for Elementwise {
    fn operation(&self) -> &'static str {
        NAME
    }

    fn columns(&self) -> Option<usize> {
        None
    }

    fn transform_in_place(&self, x: &mut Tensor<F>) -> Result<(), DataError> {
        self.check(x)?;
        Self::map(
            x,
            #[inline(always)]
            |x| self.of(x),
        )
    }

    fn inverse_in_place(&self, y: &mut Tensor<F>) -> Result<(), DataError> {
        check_input(NAME, None, y)?;
        Self::map(
            y,
            #[inline(always)]
            |y| self.undo(y),
        )
    }
}
