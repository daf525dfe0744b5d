//! Power transformations towards a Gaussian.

use evenkeel_tensor::{Float, Tensor, kernel};

use super::affine::Affine;
use super::brent::minimize;
use super::columns::{change_blocks, change_blocks_anew};
use super::order::for_each_column;
use crate::fit::{Degenerate, check_columns, check_input, check_not_infinite, filled_matrix};
use crate::{DataError, Fit, Transform};

mod curve;
mod family;
mod likelihood;

use curve::Curve;
pub use family::Family;
use likelihood::Sample;

const NAME: &str = "Power";

/// Each column by that power, of a family, which makes it most like a Gaussian; then to mean 0 and variance 1.
///
/// The power λ is the one of the largest likelihood: that of the column's values if their powers were Gaussian, -n/2 ln var(y) +
/// Σ ln dy/dx, found by Brent's method. For the formulas see [`Family`]: [`yeo_johnson`](Self::yeo_johnson) (the default) is for
/// all numbers, [`box_cox`](Self::box_cox) for positive ones.
///
/// - **Beside a large offset**, and with values up to 1e300, powers keep their digits: they are computed from the middle of the
///   column's logarithms. So, unlike in scikit-learn, a column with a spread of 1 at 1e6 is not lost in its asymptote.
/// - **Standardised** afterwards, unless [`without_standardizing`](Self::without_standardizing) says otherwise.
/// - **Constant columns** keep λ = 1, so that they are only shifted; columns without values stay.
/// - **Inverse**: transformed values that no x has (an asymptote lies between) become NaN, as in scikit-learn.
/// - **Batches**: the likelihood needs all data. The fit gathers four columns for each thread.
///
/// As scikit-learn's `PowerTransformer`. I.-K. Yeo, R. A. Johnson (2000), "A new family of power transformations to improve
/// normality or symmetry", Biometrika 87; G. E. P. Box, D. R. Cox (1964), "An analysis of transformations", JRSS B 26.
///
/// ```
/// use evenkeel_data::{Fit, Tensor, Transform, scale::Power};
///
/// // Logarithms of these are evenly spaced, so the power is 0.
/// let incomes = Tensor::from([[1.0], [10.0], [100.0], [1000.0], [10000.0]]);
/// let power = Power::box_cox().fit(&incomes)?;
/// assert!(power.lambda()[0].abs() < 1e-6);
/// let y = power.transform(&incomes)?;
/// assert!((y.as_slice()[4] - 2f64.sqrt()).abs() < 1e-6 && y.as_slice()[2].abs() < 1e-6);
///
/// let error = Power::box_cox().fit(&Tensor::from([[1.0, 2.0], [1.0, 0.0]])).unwrap_err();
/// assert!(error.to_string().starts_with("Power: row 1, column 1: expected a value above 0 for Box-Cox, got 0"));
/// # Ok::<(), evenkeel_data::DataError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Power {
    family: Family,
    keep_moments: bool,
}

impl Power {
    /// Yeo and Johnson's family, for all numbers; the default.
    pub fn yeo_johnson() -> Self {
        Self::default()
    }

    /// Box and Cox's family, for positive numbers.
    pub fn box_cox() -> Self {
        Self { family: Family::BoxCox, ..Self::default() }
    }

    /// Leaves mean and variance as the power gives them.
    #[must_use]
    pub fn without_standardizing(self) -> Self {
        Self { keep_moments: true, ..self }
    }
}

impl<F: Float> Fit<F> for Power {
    type Fitted = FittedPower;

    fn fit(&self, x: &Tensor<F>) -> Result<FittedPower, DataError> {
        let (_, columns) = filled_matrix(NAME, x)?;
        check_not_infinite(NAME, x.as_slice(), columns)?;
        self.family.check_domain(NAME, x)?;
        let family = self.family;
        let learn = |logarithms: &mut [f64]| {
            let sample = Sample::new(family, logarithms);
            let lambda = if sample.is_constant() {
                1.0
            } else {
                minimize(|lambda| sample.negative_log_likelihood(lambda), -2.0, 2.0).unwrap_or(1.0)
            };
            let curve = sample.curve(lambda);
            (curve, sample.moments(&curve))
        };
        let logarithm = |x: f64| family.logarithm(x);
        let learnt = for_each_column(x.as_slice(), columns, logarithm, learn);
        let (curves, moments): (Vec<Curve>, Vec<_>) = learnt.into_iter().unzip();
        let expected = "values whose power has a variance that an f64 holds";
        let after = Affine::new(NAME, expected, moments.into_iter())?;
        // What makes the power itself of the curve.
        let itself = |j: usize, _| (curves[j].border(), curves[j].factor());
        let after = if self.keep_moments { after.with_each(itself) } else { after };
        Ok(FittedPower { family, curves, after })
    }
}

/// The power of each column, as [`Power`] has learnt it, and how its powers are standardised.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct FittedPower {
    family: Family,
    curves: Vec<Curve>,
    after: Affine,
}

impl FittedPower {
    /// The power of each column.
    pub fn lambda(&self) -> Vec<f64> {
        self.curves.iter().map(|curve| curve.lambda).collect()
    }

    /// `f(value, curve, center, scale)` of each value of a block, the columns in turn; `f` must be `#[inline(always)]`.
    fn map<F: Float>(&self, block: &mut [F], f: impl Fn(f64, &Curve, f64, f64) -> f64) {
        let columns = self.curves.len();
        let (centers, scales) = (self.after.centers(), self.after.scales());
        let missing = &self.after.degenerate().missing;
        for (j, curve) in self.curves.iter().enumerate().filter(|(j, _)| !missing.contains(j)) {
            kernel::simd(
                #[inline(always)]
                || {
                    for x in block[j..].iter_mut().step_by(columns) {
                        *x = F::from_f64(f(x.to_f64(), curve, centers[j], scales[j]));
                    }
                },
            );
        }
    }

    fn transform_block<F: Float>(&self, block: &mut [F]) {
        let family = self.family;
        self.map(
            block,
            #[inline(always)]
            |x, curve, center, scale| (curve.at(family.logarithm(x)) - center) / scale,
        );
    }

    /// The powers and what follows them are of as many columns, unless a file was wrong.
    fn check_own(&self) -> Result<(), DataError> {
        check_columns(NAME, Some(self.curves.len()), self.after.len())
    }
}

impl<F: Float> Transform<F> for FittedPower {
    fn operation(&self) -> &'static str {
        NAME
    }

    fn columns(&self) -> Option<usize> {
        Some(self.curves.len())
    }

    fn transform_in_place(&self, x: &mut Tensor<F>) -> Result<(), DataError> {
        self.check_own()?;
        check_input(NAME, Some(self.curves.len()), x)?;
        self.family.check_domain(NAME, x)?;
        change_blocks(x, |block| self.transform_block(block));
        Ok(())
    }

    fn transform(&self, x: &Tensor<F>) -> Result<Tensor<F>, DataError> {
        self.check_own()?;
        check_input(NAME, Some(self.curves.len()), x)?;
        self.family.check_domain(NAME, x)?;
        change_blocks_anew(NAME, Some(self.curves.len()), x, |block| self.transform_block(block))
    }

    fn inverse_in_place(&self, y: &mut Tensor<F>) -> Result<(), DataError> {
        self.check_own()?;
        check_input(NAME, Some(self.curves.len()), y)?;
        let family = self.family;
        change_blocks(y, |block| {
            self.map(
                block,
                #[inline(always)]
                |y, curve, center, scale| family.value(curve.inverse(y * scale + center)),
            );
        });
        Ok(())
    }

    fn degenerate(&self) -> Option<&Degenerate> {
        Some(self.after.degenerate())
    }
}
