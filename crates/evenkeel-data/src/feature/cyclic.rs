//! Places in a cycle.

use std::f64::consts::TAU;

use evenkeel_tensor::{Float, Tensor};

use super::rows::map_rows;
use crate::fit::{check_input, filled_matrix};
use crate::{DataError, Fit, Transform};

const NAME: &str = "Cyclic";

/// Each column to its place on a circle: sin(2π x / period) and cos(2π x / period), named `hour_sin` and `hour_cos`.
///
/// So the end of a period is beside its beginning, as it is for hours of the day, days of the year, and angles. There is
/// nothing to learn; settings and transformation are one, and a fit gives it back. There is no inverse: which period it was is
/// gone.
///
/// ```
/// use evenkeel_data::{Tensor, Transform, feature::Cyclic};
///
/// let hours = Tensor::from([[0.0], [6.0], [30.0]]);
/// let y = Cyclic::period(24.0).transform(&hours)?;
/// assert!((y - Tensor::from([[0.0, 1.0], [1.0, 0.0], [1.0, 0.0]])).norm() < 1e-15);
/// assert_eq!(Transform::<f64>::names(&Cyclic::period(24.0), &["hour".into()])?, ["hour_sin", "hour_cos"]);
/// # Ok::<(), evenkeel_data::DataError>(())
/// ```
///
/// # Errors
/// Refuses a period that is not above 0 and finite.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Cyclic {
    period: f64,
}

impl Cyclic {
    /// Of this period, in the columns' unit.
    pub fn period(period: f64) -> Self {
        Self { period }
    }

    fn check(self) -> Result<(), DataError> {
        let expected = "a finite period above 0";
        let is_right = self.period.is_finite() && self.period > 0.0;
        if is_right { Ok(()) } else { Err(DataError::Setting { operation: NAME, expected, got: self.period }) }
    }
}

/// Sine and cosine of a share of the circle. The share's whole part is left out first, which is exact.
#[inline(always)]
pub(super) fn on_circle(x: f64, period: f64) -> [f64; 2] {
    let (sin, cos) = (x % period / period * TAU).sin_cos();
    [sin, cos]
}

/// The names of a place on a circle.
pub(super) fn names_of(name: &str) -> [String; 2] {
    ["sin", "cos"].map(|which| format!("{name}_{which}"))
}

impl<F: Float> Fit<F> for Cyclic {
    type Fitted = Self;

    fn fit(&self, x: &Tensor<F>) -> Result<Self, DataError> {
        self.check()?;
        filled_matrix(NAME, x)?;
        check_input(NAME, None, x)?;
        Ok(*self)
    }
}

impl<F: Float> Transform<F> for Cyclic {
    fn operation(&self) -> &'static str {
        NAME
    }

    fn columns(&self) -> Option<usize> {
        None
    }

    fn transform_in_place(&self, x: &mut Tensor<F>) -> Result<(), DataError> {
        self.check()?;
        let (_, columns) = check_input(NAME, None, x)?;
        let period = self.period;
        *x = map_rows(
            NAME,
            x,
            2 * columns,
            #[inline(always)]
            |row, places| {
                for (x, place) in row.iter().zip(places.chunks_exact_mut(2)) {
                    let on_circle = on_circle(x.to_f64(), period).map(F::from_f64);
                    place.copy_from_slice(&on_circle);
                }
            },
        )?;
        Ok(())
    }

    fn names(&self, names: &[String]) -> Result<Vec<String>, DataError> {
        Ok(names.iter().flat_map(|name| names_of(name)).collect())
    }
}
