//! Smooth bumps in place of a number.

use evenkeel_tensor::{Float, Tensor};

use super::edges::{Spacing, points};
use super::rows::{check_results, check_width, map_rows};
use super::spline_basis::{MOST_DEGREE, extended, interval, slopes, splines};
use crate::fit::{Degenerate, check_columns, check_input, filled_matrix};
use crate::{DataError, Fit, TableError, Transform};

const NAME: &str = "Splines";

/// What [`Splines`] are beyond the extremes of the training data.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Extrapolation {
    /// What they are at the extreme.
    #[default]
    Constant,
    /// They go on along their tangent there.
    Linear,
    /// They repeat: the first and the last knot are the same place.
    Periodic,
}

/// Each column to the values of B-splines: smooth bumps, one for each knot and a few more, of which any smooth curve over the
/// column is a weighted sum. So one linear layer can learn it.
///
/// - **Knots**: 5 at equal distances between the extremes; [`with_knots`](Self::with_knots) takes more, and
///   [`by_quantiles`](Self::by_quantiles) has equally many values between them.
/// - **Degree**: 3, curves with a continuous second derivative. A column becomes knots + degree - 1 columns, or knots - 1
///   periodic ones, named `age_sp_0`, `age_sp_1`, ...
/// - **They sum to 1**, as a network's bias does; [`without_bias`](Self::without_bias) leaves out the last one of each column.
/// - **Constant columns**, and those without values, become zeros.
///
/// As scikit-learn's `SplineTransformer`. C. de Boor (1978), "A Practical Guide to Splines"; P. H. C. Eilers, B. D. Marx (1996),
/// "Flexible smoothing with B-splines and penalties".
///
/// ```
/// use evenkeel_data::{Fit, Tensor, Transform, feature::Splines};
///
/// let x = Tensor::from([[0.0], [1.0], [2.0]]);
/// let hats = Splines::default().with_degree(1).with_knots(3).fit(&x)?;
/// let y = hats.transform(&Tensor::from([[0.0], [0.5], [2.0]]))?;
/// assert_eq!(y, Tensor::from([[1.0, 0.0, 0.0], [0.5, 0.5, 0.0], [0.0, 0.0, 1.0]]));
/// assert_eq!(Transform::<f64>::names(&hats, &["age".into()])?, ["age_sp_0", "age_sp_1", "age_sp_2"]);
/// # Ok::<(), evenkeel_data::DataError>(())
/// ```
///
/// # Errors
/// The fit refuses fewer than 2 knots or more than 2²⁰, a degree above 8, periodic splines of a degree not below the number of
/// knots, and columns whose extremes are farther apart than `f64` holds. The transformation refuses values beyond the float.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Splines {
    knots: usize,
    degree: usize,
    quantiles: bool,
    extrapolation: Extrapolation,
    without_bias: bool,
}

impl Default for Splines {
    fn default() -> Self {
        Self { knots: 5, degree: 3, quantiles: false, extrapolation: Extrapolation::Constant, without_bias: false }
    }
}

impl Splines {
    /// The number of knots, the extremes included; 5 by default.
    #[must_use]
    pub fn with_knots(self, knots: usize) -> Self {
        Self { knots, ..self }
    }

    /// The degree of the pieces; 3 by default.
    #[must_use]
    pub fn with_degree(self, degree: usize) -> Self {
        Self { degree, ..self }
    }

    /// Knots with equally many values between them.
    #[must_use]
    pub fn by_quantiles(self) -> Self {
        Self { quantiles: true, ..self }
    }

    /// What the splines are beyond the extremes; constant by default.
    #[must_use]
    pub fn extrapolated(self, extrapolation: Extrapolation) -> Self {
        Self { extrapolation, ..self }
    }

    /// Without the last spline of each column.
    #[must_use]
    pub fn without_bias(self) -> Self {
        Self { without_bias: true, ..self }
    }

    fn is_periodic(self) -> bool {
        self.extrapolation == Extrapolation::Periodic
    }

    /// The number of splines of a column; one fewer come out without bias.
    fn count(self) -> usize {
        if self.is_periodic() { self.knots - 1 } else { self.knots + self.degree - 1 }
    }

    /// The number of columns that come out for each.
    fn width(self) -> usize {
        self.count() - usize::from(self.without_bias)
    }

    fn check(self, columns: usize) -> Result<(), DataError> {
        let refuse = |expected, got: usize| Err(DataError::Setting { operation: NAME, expected, got: got as f64 });
        if self.knots < 2 {
            return refuse("at least 2 knots", self.knots);
        }
        if self.degree > MOST_DEGREE {
            return refuse("a degree from 0 to 8", self.degree);
        }
        if self.is_periodic() && self.degree >= self.knots {
            return refuse("a degree below the number of knots of periodic splines", self.degree);
        }
        check_width(NAME, self.knots.max(self.knots.saturating_mul(columns)) as f64)?;
        check_width(NAME, (self.count() * columns) as f64)
    }
}

impl<F: Float> Fit<F> for Splines {
    type Fitted = FittedSplines;

    fn fit(&self, x: &Tensor<F>) -> Result<FittedSplines, DataError> {
        let columns = filled_matrix(NAME, x)?.1;
        self.check(columns)?;
        let spacing = if self.quantiles { Spacing::Quantile } else { Spacing::Uniform };
        let mut knots = points(NAME, x, self.knots, spacing)?;
        let mut degenerate = Degenerate::default();
        for (column, knots) in knots.iter_mut().enumerate() {
            match (knots.first(), knots.last()) {
                (None, _) => degenerate.missing.push(column),
                (first, last) if first == last => {
                    degenerate.constant.push(column);
                    knots.clear();
                }
                _ => {}
            }
        }
        let fitted = FittedSplines { settings: *self, knots, degenerate };
        fitted.check()?;
        Ok(fitted)
    }
}

/// The knots of each column, as [`Splines`] have learnt them.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct FittedSplines {
    settings: Splines,
    knots: Vec<Vec<f64>>,
    degenerate: Degenerate,
}

impl FittedSplines {
    /// The knots of each column from its smallest value to its largest; none for columns without spread.
    pub fn knots(&self) -> &[Vec<f64>] {
        &self.knots
    }

    /// Knots may be beyond `f64`, and those of a file anything.
    fn check(&self) -> Result<(), DataError> {
        self.settings.check(self.knots.len())?;
        let rises = |knots: &Vec<f64>| {
            let is_rising = || knots.is_sorted() && knots.first() != knots.last();
            let is_finite = || Basis::new(self.settings, knots).knots.iter().all(|knot| knot.is_finite());
            knots.is_empty() || (knots.len() == self.settings.knots && is_rising() && is_finite())
        };
        match self.knots.iter().position(|knots| !rises(knots)) {
            None => Ok(()),
            Some(column) => Err(DataError::Table(TableError::Spread {
                operation: NAME,
                column,
                expected: "knots that rise and that an f64 holds, as many as in the settings",
                got: self.knots[column].last().copied().unwrap_or_default(),
                cure: "divide the column by a power of ten first",
            })),
        }
    }
}

/// The splines over one column.
struct Basis<'a> {
    settings: Splines,
    base: &'a [f64],
    knots: Vec<f64>,
}

impl<'a> Basis<'a> {
    fn new(settings: Splines, base: &'a [f64]) -> Self {
        let knots = if base.is_empty() { Vec::new() } else { extended(base, settings.degree, settings.is_periodic()) };
        Self { settings, base, knots }
    }

    /// Writes the splines at `x`; all are 0 before.
    #[inline(always)]
    fn evaluate<F: Float>(&self, x: f64, out: &mut [F]) {
        let Splines { degree, extrapolation, .. } = self.settings;
        let [Some(&low), Some(&high)] = [self.base.first(), self.base.last()] else { return };
        let inside = match extrapolation {
            Extrapolation::Periodic => {
                let (period, distance) = (high - low, x - low);
                // Beyond the float it is the same of what is left of both.
                let distance = if distance.is_finite() { distance } else { x % period - low % period };
                low + distance.rem_euclid(period)
            }
            _ => x.clamp(low, high),
        };
        let first = interval(self.base, inside);
        let mut values = splines(&self.knots, first + degree, degree, inside);
        if extrapolation == Extrapolation::Linear && inside != x {
            let slopes = slopes(&self.knots, first + degree, degree, inside);
            for r in 0..=degree {
                values[r] += (x - inside) * slopes[r];
            }
        }
        let count = self.settings.count();
        for (at, value) in (first..).zip(&values[..=degree]) {
            // Of periodic ones the last are the first; without bias, the last one has no column.
            if let Some(out) = out.get_mut(if at < count { at } else { at - count }) {
                *out += F::from_f64(*value);
            }
        }
    }
}

impl<F: Float> Transform<F> for FittedSplines {
    fn operation(&self) -> &'static str {
        NAME
    }

    fn columns(&self) -> Option<usize> {
        Some(self.knots.len())
    }

    fn transform_in_place(&self, x: &mut Tensor<F>) -> Result<(), DataError> {
        self.check()?;
        check_input(NAME, Some(self.knots.len()), x)?;
        let bases: Vec<_> = self.knots.iter().map(|knots| Basis::new(self.settings, knots)).collect();
        let width = self.settings.width();
        let y = map_rows(
            NAME,
            x,
            self.knots.len() * width,
            #[inline(always)]
            |row, out| {
                for (at, (basis, x)) in bases.iter().zip(row).enumerate() {
                    let out = &mut out[at * width..][..width];
                    if x.is_nan() {
                        out.fill(F::NAN);
                    } else {
                        basis.evaluate(x.to_f64(), out);
                    }
                }
            },
        )?;
        check_results(NAME, &y)?;
        *x = y;
        Ok(())
    }

    fn names(&self, names: &[String]) -> Result<Vec<String>, DataError> {
        self.check()?;
        check_columns(NAME, Some(self.knots.len()), names.len())?;
        let of_column = |name| (0..self.settings.width()).map(move |i| format!("{name}_sp_{i}"));
        Ok(names.iter().flat_map(of_column).collect())
    }

    fn degenerate(&self) -> Option<&Degenerate> {
        Some(&self.degenerate)
    }
}
