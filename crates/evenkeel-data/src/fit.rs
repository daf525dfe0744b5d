//! What is learnt from training data and then applied to any: the contract of scalers, imputers, encoders and features.
//!
//! Settings are a value; [`Fit::fit`] looks at training data and gives another value that holds what was learnt, and
//! [`Transform`] applies that to training, validation and new data alike. So nothing of a validation set can leak into what
//! was fitted: there is no call in which both meet.
//!
//! - **Data** are matrices of shape (samples, columns) of `f32` or `f64`; what is learnt is kept in `f64`.
//! - **Missing values are NaN.** They are left out of a fit, and a transformation leaves them as they are, unless it says that it
//!   fills them in. Infinite values are refused, with the first one's row and column.
//! - **A fitted value** is `Clone + Debug + PartialEq`, and with the feature `serde` it is written and read with the same bits.
//!   Its numbers are finite, so that formats without NaN (JSON) can hold them.
//! - **Every check comes before the first change**: after an error, data and states are as they were.
//!
//! ```
//! use evenkeel_data::{Fit, PartialFit, Tensor, Transform, scale::Standard};
//!
//! let train = Tensor::from([[1.0, 100.0], [3.0, 300.0]]);
//! let scaler = Standard::default().fit(&train)?;
//! assert_eq!(scaler.transform(&train)?, Tensor::from([[-1.0, -1.0], [1.0, 1.0]]));
//!
//! let mut new = Tensor::from([[2.0, f64::NAN]]);
//! scaler.transform_in_place(&mut new)?;
//! assert!(new.as_slice()[0] == 0.0 && new.as_slice()[1].is_nan());
//!
//! let renamed = scaler.transform(&Tensor::<f64>::zeros([1, 3])).unwrap_err();
//! assert!(renamed.to_string().starts_with("Standard: expected 2 columns, as in the fit, got 3"));
//!
//! // In batches, as when the data do not fit into memory.
//! let settings = Standard::default();
//! let mut state = PartialFit::<f64>::start(&settings, 2)?;
//! for row in [[1.0, 100.0], [3.0, 300.0]] {
//!     settings.observe(&mut state, &Tensor::from([row]))?;
//! }
//! assert_eq!(PartialFit::<f64>::finish(&settings, &state)?, scaler);
//! # Ok::<(), evenkeel_data::DataError>(())
//! ```

use std::fmt::Debug;

use evenkeel_tensor::{Float, ShapeError, Tensor, kernel, parallel};

use crate::{DataError, TableError};

/// Settings of something that learns from training data.
pub trait Fit<F: Float> {
    /// What is learnt.
    type Fitted: Transform<F> + Clone + PartialEq;

    /// Learns from `x` (samples, columns), whose missing values are NaN.
    ///
    /// # Errors
    /// If a setting is outside of its range, `x` is not a matrix or has no rows, or a value is infinite or not one that can be
    /// learnt from, with its row and column.
    fn fit(&self, x: &Tensor<F>) -> Result<Self::Fitted, DataError>;
}

/// A fit whose statistics merge, so that it can go over data in batches, on several threads or machines.
///
/// **Law**: any split of the data into batches, observed in one state or in several that are merged, gives what one
/// [`fit`](Fit::fit) of all of it gives; to the bit where an implementation says so, and elsewhere up to the rounding of sums.
pub trait PartialFit<F: Float>: Fit<F> {
    /// What is known after some of the data.
    type State: Clone + Debug + PartialEq + Send;

    /// The state before any data of so many columns.
    ///
    /// # Errors
    /// If a setting is outside of its range.
    fn start(&self, columns: usize) -> Result<Self::State, DataError>;

    /// Takes a batch (samples, columns) into account. A batch of no rows changes nothing.
    ///
    /// # Errors
    /// If the batch is not a matrix of the state's columns, or a value is infinite or cannot be learnt from.
    fn observe(&self, state: &mut Self::State, batch: &Tensor<F>) -> Result<(), DataError>;

    /// Takes into account what `other` has seen.
    ///
    /// # Errors
    /// If the numbers of columns differ.
    fn merge(&self, state: &mut Self::State, other: &Self::State) -> Result<(), DataError>;

    /// What the data seen so far teach. The state can go on.
    ///
    /// # Errors
    /// If there were no rows, or their statistics are beyond `f64`.
    fn finish(&self, state: &Self::State) -> Result<Self::Fitted, DataError>;
}

/// Something fitted, applied to data. As an object too: a list of `Box<dyn Transform<F>>` holds any, in place of a
/// [`Pipeline`](crate::pipeline::Pipeline), which takes the steps of this crate.
pub trait Transform<F: Float>: Debug + Send + Sync {
    /// The name in messages.
    fn operation(&self) -> &'static str;

    /// The number of columns that data must have; `None` if any will do.
    fn columns(&self) -> Option<usize>;

    /// Changes `x` (samples, columns) into what is made of it; NaN stays NaN. Where the number of columns stays, this is done in
    /// the tensor's own buffer (copied first if it is shared); otherwise the tensor is replaced, and memory holds both for the
    /// time being.
    ///
    /// # Errors
    /// If `x` is not a matrix of as many columns as in the fit, or a value is infinite or cannot be transformed, with its row and
    /// column; `x` is then as it was.
    fn transform_in_place(&self, x: &mut Tensor<F>) -> Result<(), DataError>;

    /// What is made of `x`, as a new tensor; see [`transform_in_place`](Self::transform_in_place).
    ///
    /// # Errors
    /// As there.
    fn transform(&self, x: &Tensor<F>) -> Result<Tensor<F>, DataError> {
        let mut y = x.clone();
        self.transform_in_place(&mut y)?;
        Ok(y)
    }

    /// Changes transformed data back, as far as the transformation kept what is needed.
    ///
    /// # Errors
    /// As for [`transform_in_place`](Self::transform_in_place); [`DataError::NoInverse`] if there is no way back.
    fn inverse_in_place(&self, y: &mut Tensor<F>) -> Result<(), DataError> {
        let _ = y;
        Err(DataError::NoInverse { operation: self.operation() })
    }

    /// The data that `y` was made of, as a new tensor; see [`inverse_in_place`](Self::inverse_in_place).
    ///
    /// # Errors
    /// As there.
    fn inverse(&self, y: &Tensor<F>) -> Result<Tensor<F>, DataError> {
        let mut x = y.clone();
        self.inverse_in_place(&mut x)?;
        Ok(x)
    }

    /// The names of the columns that come out, given those that go in.
    ///
    /// # Errors
    /// If there are not as many names as columns.
    fn names(&self, names: &[String]) -> Result<Vec<String>, DataError> {
        check_columns(self.operation(), self.columns(), names.len())?;
        Ok(names.to_vec())
    }

    /// The columns that taught nothing, if the fit looked for such.
    fn degenerate(&self) -> Option<&Degenerate> {
        None
    }
}

/// Settings of any kind, for a list of different ones; every [`Fit`] is one.
///
/// ```
/// use evenkeel_data::scale::{MinMax, Quantile};
/// use evenkeel_data::{FitBoxed, Tensor};
///
/// let steps: [Box<dyn FitBoxed<f64>>; 2] = [Box::new(Quantile::default()), Box::new(MinMax::default())];
/// let mut x = Tensor::from([[1.0], [10.0], [100.0]]);
/// for step in &steps {
///     step.fit_boxed(&x)?.transform_in_place(&mut x)?;
/// }
/// assert_eq!(x, Tensor::from([[0.0], [0.5], [1.0]]));
/// # Ok::<(), evenkeel_data::DataError>(())
/// ```
pub trait FitBoxed<F: Float>: Debug + Send + Sync {
    /// As [`Fit::fit`].
    ///
    /// # Errors
    /// As there.
    fn fit_boxed(&self, x: &Tensor<F>) -> Result<Box<dyn Transform<F>>, DataError>;
}

impl<F: Float, S: Fit<F, Fitted: 'static> + Debug + Send + Sync> FitBoxed<F> for S {
    fn fit_boxed(&self, x: &Tensor<F>) -> Result<Box<dyn Transform<F>>, DataError> {
        Ok(Box::new(self.fit(x)?))
    }
}

/// Columns that taught a fit nothing. A transformation of theirs changes at most their offset.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Degenerate {
    /// Columns without spread (as the fit measures it): useless to a network, and often an error upstream.
    pub constant: Vec<usize>,
    /// Columns in which every value is missing; they stay as they are, except that [`Impute`](crate::impute::Impute) leaves them out
    /// unless it is told what to fill them with.
    pub missing: Vec<usize>,
}

impl Degenerate {
    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.constant.is_empty() && self.missing.is_empty()
    }
}

/// A [`Fit::fit`] by way of the states of [`PartialFit`].
pub(crate) fn fit_at_once<F: Float, S: PartialFit<F>>(
    settings: &S,
    operation: &'static str,
    x: &Tensor<F>,
) -> Result<S::Fitted, DataError> {
    let mut state = settings.start(matrix(operation, x)?.1)?;
    settings.observe(&mut state, x)?;
    settings.finish(&state)
}

/// The numbers of rows and columns of `x`.
///
/// # Errors
/// If it is not a matrix.
pub(crate) fn matrix<F: Float>(operation: &'static str, x: &Tensor<F>) -> Result<(usize, usize), DataError> {
    match x.shape()[..] {
        [rows, columns] => Ok((rows, columns)),
        _ => Err(DataError::Shape(ShapeError::new(
            operation,
            "a matrix [samples, columns]",
            x.shape().to_string(),
            "reshape to one row for each sample",
        ))),
    }
}

/// As [`matrix`], of at least one row.
pub(crate) fn filled_matrix<F: Float>(operation: &'static str, x: &Tensor<F>) -> Result<(usize, usize), DataError> {
    let (rows, columns) = matrix(operation, x)?;
    if rows == 0 { Err(no_rows(operation)) } else { Ok((rows, columns)) }
}

/// The error of a fit to nothing.
pub(crate) fn no_rows(operation: &'static str) -> DataError {
    DataError::Empty { operation, cure: "fit to data of at least one row" }
}

/// Refuses another number of columns than in the fit.
pub(crate) fn check_columns(operation: &'static str, fitted: Option<usize>, got: usize) -> Result<(), DataError> {
    match fitted {
        Some(expected) if expected != got => Err(DataError::Table(TableError::Columns { operation, expected, got })),
        _ => Ok(()),
    }
}

/// What every transformation checks first: a matrix, of the columns of the fit, without infinite values. Its rows and columns.
pub(crate) fn check_input<F: Float>(
    operation: &'static str,
    fitted: Option<usize>,
    x: &Tensor<F>,
) -> Result<(usize, usize), DataError> {
    let (rows, columns) = matrix(operation, x)?;
    check_columns(operation, fitted, columns)?;
    check_not_infinite(operation, x.as_slice(), columns)?;
    Ok((rows, columns))
}

/// Refuses infinite values, naming the first; NaN passes.
pub(crate) fn check_not_infinite<F: Float>(operation: &'static str, x: &[F], columns: usize) -> Result<(), DataError> {
    let (expected, cure) = ("a finite value, or NaN for a missing one", "correct it, or mark it as missing");
    match first_infinite(x) {
        Some(at) => Err(refused_value(operation, (x, columns), at, expected, cure)),
        None => Ok(()),
    }
}

/// Where the first infinite value is.
pub(crate) fn first_infinite<F: Float>(x: &[F]) -> Option<usize> {
    // Mostly there is none, which is found out faster than a place.
    let any = parallel::reduce(x.len(), kernel::BLOCK, |r| has_infinite(&x[r]), |a, b| a | b)?;
    if any { x.iter().position(|x| x.abs() == F::INFINITY) } else { None }
}

/// Whether there is an infinite value among these.
pub(crate) fn has_infinite<F: Float>(x: &[F]) -> bool {
    kernel::simd(
        #[inline(always)]
        || x.iter().fold(false, |any, x| any | (x.abs() == F::INFINITY)),
    )
}

/// The error of value number `at` of a matrix, by rows, of so many columns.
pub(crate) fn refused_value<F: Float>(
    operation: &'static str,
    (x, columns): (&[F], usize),
    at: usize,
    expected: &'static str,
    cure: &'static str,
) -> DataError {
    let (row, column, got) = (at / columns, at % columns, x[at].to_f64());
    DataError::Table(TableError::Value { operation, row, column, expected, got, cure })
}
