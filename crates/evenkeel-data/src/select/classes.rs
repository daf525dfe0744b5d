//! Labelled and targeted rows, checked.

use std::borrow::Cow;

use evenkeel_tensor::{Float, Tensor};

use super::sums::Rows;
use crate::DataError;
use crate::fit::filled_matrix;

/// The labels of the rows, numbered without gaps.
pub(super) struct Classes<'a> {
    pub(super) codes: Cow<'a, [u32]>,
    /// The members of each class, at least one.
    pub(super) counts: Vec<usize>,
}

impl<'a> Classes<'a> {
    /// Classes without members do not count, so labels may be any numbers.
    ///
    /// # Errors
    /// If `x` is not a matrix with rows and columns, the labels are not as many as rows, or all the same.
    pub(super) fn new<F: Float>(operation: &'static str, x: &Tensor<F>, labels: &'a [u32]) -> Result<Self, DataError> {
        check_rows(operation, x, labels.len())?;
        let mut distinct = labels.to_vec();
        distinct.sort_unstable();
        distinct.dedup();
        if let [class] = distinct[..] {
            return Err(DataError::OneClass { operation, class: class as usize });
        }
        let without_gaps = distinct.last().is_some_and(|&last| last as usize + 1 == distinct.len());
        let codes = if without_gaps {
            Cow::Borrowed(labels)
        } else {
            let code = |label| distinct.binary_search(label).expect("one of the labels") as u32;
            Cow::Owned(labels.iter().map(code).collect())
        };
        let mut counts = vec![0; distinct.len()];
        codes.iter().for_each(|&code| counts[code as usize] += 1);
        Ok(Self { codes, counts })
    }

    pub(super) fn rows(&self) -> Rows<'_> {
        Rows { codes: Some(&self.codes), classes: self.counts.len(), targets: None }
    }
}

/// The numbers of rows and columns, at least one, of a matrix that has as many rows as targets.
pub(super) fn check_rows<F: Float>(
    operation: &'static str,
    x: &Tensor<F>,
    targets: usize,
) -> Result<(usize, usize), DataError> {
    let (rows, columns) = filled_matrix(operation, x)?;
    if columns == 0 {
        return Err(DataError::Empty { operation, cure: "give at least one column" });
    }
    if rows != targets {
        return Err(DataError::Lengths { operation: operation.into(), samples: rows, targets });
    }
    Ok((rows, columns))
}

/// A target of real values, as differences from its mean, and the sum of their squares; 0 if it is constant.
pub(super) fn centred<F: Float>(operation: &'static str, y: &[F]) -> Result<(Vec<f64>, f64), DataError> {
    if let Some(at) = y.iter().position(|y| !y.is_finite()) {
        return Err(DataError::NotFinite { what: format!("{operation}: target of row {at}"), value: y[at].to_f64() });
    }
    let origin = y[0].to_f64();
    let mut y: Vec<f64> = y.iter().map(|y| y.to_f64() - origin).collect();
    let mean = y.iter().sum::<f64>() / y.len() as f64;
    y.iter_mut().for_each(|y| *y -= mean);
    let squares: f64 = y.iter().map(|y| y * y).sum();
    if squares.is_finite() {
        return Ok((y, squares));
    }
    Err(DataError::NotFinite { what: format!("{operation}: sum of the target's squares"), value: squares })
}
