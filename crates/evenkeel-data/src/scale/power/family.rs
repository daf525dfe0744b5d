//! The two families of powers.

use std::ops::Range;

use evenkeel_tensor::{Float, Tensor, kernel, parallel};

use crate::DataError;
use crate::fit::refused_value;

/// A family of power transformations.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Family {
    /// y = ((x + 1)^λ - 1) / λ for x >= 0, and -((1 - x)^(2 - λ) - 1) / (2 - λ) below; where an exponent is 0, its limit:
    /// ln(x + 1), and -ln(1 - x). λ = 1 changes nothing.
    #[default]
    YeoJohnson,
    /// y = (x^λ - 1) / λ for x > 0; ln x for λ = 0. λ = 1 subtracts 1.
    BoxCox,
}

impl Family {
    /// ln(1 + |x|) with the sign of x, or ln x: what powers are computed from.
    #[inline(always)]
    pub(super) fn logarithm(self, x: f64) -> f64 {
        match self {
            Self::YeoJohnson => x.abs().ln_1p().copysign(x),
            Self::BoxCox => x.ln(),
        }
    }

    /// The x of a [`logarithm`](Self::logarithm).
    #[inline(always)]
    pub(super) fn value(self, logarithm: f64) -> f64 {
        match self {
            Self::YeoJohnson => logarithm.abs().exp_m1().copysign(logarithm),
            Self::BoxCox => logarithm.exp(),
        }
    }

    /// Whether this logarithm belongs to the branch that mirrors the other.
    #[inline(always)]
    pub(super) fn is_mirrored(self, logarithm: f64) -> bool {
        self == Self::YeoJohnson && logarithm < 0.0
    }

    /// Refuses values that have no power.
    pub(super) fn check_domain<F: Float>(self, operation: &'static str, x: &Tensor<F>) -> Result<(), DataError> {
        if self == Self::YeoJohnson {
            return Ok(());
        }
        let (columns, x) = (x.shape()[1], x.as_slice());
        let is_any = |r: Range<usize>| x[r].iter().fold(false, |any, x| any | (*x <= F::ZERO));
        if !parallel::reduce(x.len(), kernel::BLOCK, is_any, |a, b| a | b).unwrap_or(false) {
            return Ok(());
        }
        let at = x.iter().position(|x| *x <= F::ZERO).expect("there is one");
        let (expected, cure) = ("a value above 0 for Box-Cox", "take Yeo-Johnson, or add a constant first");
        Err(refused_value(operation, (x, columns), at, expected, cure))
    }
}
