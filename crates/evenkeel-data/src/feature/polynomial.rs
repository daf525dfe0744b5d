//! Powers and products of columns.

use evenkeel_tensor::{Float, Tensor};

use super::rows::{check_results, check_width, map_rows};
use crate::fit::{check_columns, check_input, filled_matrix};
use crate::{DataError, Fit, Transform};

const NAME: &str = "Polynomial";

/// Names list the factors of a product, so of one column they take time and memory that grow with the square of the degree.
const MOST_DEGREE: usize = 64;

/// All products of at most `degree` columns, a column more than once if it may: a, b, a², ab, b², ...
///
/// - **Order**: by degree, then by the columns' order. Names are `a`, `a^2`, `a b`, `a^2 b`.
/// - [`interactions_only`](Self::interactions_only) leaves out products in which a column comes twice.
/// - [`with_bias`](Self::with_bias) puts a column of ones first, named `1`. A network has a bias of its own, so there is none
///   by default (other than in scikit-learn's `PolynomialFeatures`, which this is otherwise as).
/// - **How many**: n columns make (n + d choose d) - 1; more than 2²⁰ are refused, and so are degrees above 64, of which a name
///   alone is a list of as many columns.
/// - **Scale first**: powers of large numbers are larger, and almost collinear where the columns are not centred.
///
/// ```
/// use evenkeel_data::{Fit, Tensor, Transform, feature::Polynomial};
///
/// let x = Tensor::from([[2.0, 3.0, 5.0]]);
/// let products = Polynomial::degree(3).interactions_only().fit(&x)?;
/// assert_eq!(products.transform(&x)?.as_slice(), [2.0, 3.0, 5.0, 6.0, 10.0, 15.0, 30.0]);
///
/// let error = Polynomial::degree(64).fit(&Tensor::<f64>::ones([1, 9])).unwrap_err();
/// assert!(error.to_string().starts_with("Polynomial: expected settings that make at most 1048576 columns"));
/// # Ok::<(), evenkeel_data::DataError>(())
/// ```
///
/// # Errors
/// The fit refuses a degree of 0 without bias, above 64, or of too many columns; the transformation, products beyond the float.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Polynomial {
    degree: usize,
    interactions_only: bool,
    bias: bool,
}

impl Polynomial {
    /// Up to products of so many columns.
    pub fn degree(degree: usize) -> Self {
        Self { degree, interactions_only: false, bias: false }
    }

    /// Each column at most once in a product.
    #[must_use]
    pub fn interactions_only(self) -> Self {
        Self { interactions_only: true, ..self }
    }

    /// A column of ones too.
    #[must_use]
    pub fn with_bias(self) -> Self {
        Self { bias: true, ..self }
    }

    /// The number of columns made of `columns`.
    fn width(&self, columns: usize) -> Result<usize, DataError> {
        if self.degree == 0 && !self.bias {
            return Err(DataError::Setting { operation: NAME, expected: "a degree of at least 1", got: 0.0 });
        }
        let (n, mut of_degree, mut width) = (columns as f64, 1.0, f64::from(u8::from(self.bias)));
        let most = if self.interactions_only { self.degree.min(columns) } else { self.degree };
        if most > MOST_DEGREE {
            let expected = "a degree of at most 64";
            return Err(DataError::Setting { operation: NAME, expected, got: self.degree as f64 });
        }
        for k in 0..most {
            let k = k as f64;
            // (n choose k + 1) or, with repetition, (n + k choose k + 1); each an integer, so nothing is rounded below 2⁵³.
            of_degree = of_degree * if self.interactions_only { n - k } else { n + k } / (k + 1.0);
            width += of_degree;
            check_width(NAME, width)?;
            if of_degree == 0.0 {
                break;
            }
        }
        Ok(width as usize)
    }

    /// The products as runs: those of one product with each column from one on, in their order. A product is named by its
    /// position, and the empty one is `None`.
    fn runs(&self, columns: usize, width: usize) -> Vec<Run> {
        let mut runs = Vec::new();
        let mut end = usize::from(self.bias);
        // Products of the degree before: position, and the first column that may follow.
        let mut before = vec![(None, 0)];
        while end < width {
            let mut after = Vec::new();
            for (product, first) in before {
                if first < columns {
                    runs.push(Run { product, first, at: end });
                }
                for column in first..columns {
                    after.push((Some(end), column + usize::from(self.interactions_only)));
                    end += 1;
                }
            }
            before = after;
        }
        runs
    }
}

/// The products of one product and each column from `first` on; the first of them stands `at`.
#[derive(Clone, Copy)]
struct Run {
    product: Option<usize>,
    first: usize,
    at: usize,
}

impl<F: Float> Fit<F> for Polynomial {
    type Fitted = FittedPolynomial;

    fn fit(&self, x: &Tensor<F>) -> Result<FittedPolynomial, DataError> {
        let columns = filled_matrix(NAME, x)?.1;
        self.width(columns)?;
        check_input(NAME, None, x)?;
        Ok(FittedPolynomial { settings: *self, columns })
    }
}

/// A [`Polynomial`] of so many columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct FittedPolynomial {
    settings: Polynomial,
    columns: usize,
}

impl<F: Float> Transform<F> for FittedPolynomial {
    fn operation(&self) -> &'static str {
        NAME
    }

    fn columns(&self) -> Option<usize> {
        Some(self.columns)
    }

    fn transform_in_place(&self, x: &mut Tensor<F>) -> Result<(), DataError> {
        check_input(NAME, Some(self.columns), x)?;
        let width = self.settings.width(self.columns)?;
        let runs = self.settings.runs(self.columns, width);
        let bias = usize::from(self.settings.bias);
        let y = map_rows(
            NAME,
            x,
            width,
            #[inline(always)]
            |row, products| {
                products[..bias].fill(F::ONE);
                for run in &runs {
                    let row = &row[run.first..];
                    let (done, products) = products.split_at_mut(run.at);
                    let factor = run.product.map_or(F::ONE, |at| done[at]);
                    products.iter_mut().zip(row).for_each(|(y, x)| *y = factor * *x);
                }
            },
        )?;
        check_results(NAME, &y)?;
        *x = y;
        Ok(())
    }

    fn names(&self, names: &[String]) -> Result<Vec<String>, DataError> {
        check_columns(NAME, Some(self.columns), names.len())?;
        let width = self.settings.width(self.columns)?;
        // The columns of each product, rising.
        let mut products: Vec<Vec<usize>> = vec![Vec::new(); usize::from(self.settings.bias)];
        for run in self.settings.runs(self.columns, width) {
            for column in run.first..self.columns {
                let before = run.product.map_or(&[][..], |at| &products[at]);
                products.push([before, &[column]].concat());
            }
        }
        let factor = |same: &[usize]| match same.len() {
            1 => names[same[0]].clone(),
            power => format!("{}^{power}", names[same[0]]),
        };
        let name = |product: &Vec<usize>| product.chunk_by(|a, b| a == b).map(factor).collect::<Vec<_>>().join(" ");
        Ok(products.iter().map(|product| if product.is_empty() { "1".into() } else { name(product) }).collect())
    }
}
