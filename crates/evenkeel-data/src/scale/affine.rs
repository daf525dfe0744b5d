//! Columns shifted and divided: what most scalers come to.

use evenkeel_tensor::{Float, Tensor};

use super::columns::{change_blocks, change_blocks_anew, map_columns};
use crate::fit::{Degenerate, check_input};
use crate::{DataError, TableError};

/// y = (x - center) / scale, column by column.
#[derive(Clone, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub(super) struct Affine {
    // One vector, so that what was read from a file cannot have more centers than scales.
    columns: Vec<Column>,
    degenerate: Degenerate,
}

#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
struct Column {
    center: f64,
    scale: f64,
}

impl Affine {
    /// Of the center and spread of each column, `None` for a column without values. A spread of 0 counts as a constant column.
    ///
    /// # Errors
    /// If a spread is not finite; `expected` says what should have been.
    pub(super) fn new(
        operation: &'static str,
        expected: &'static str,
        columns: impl Iterator<Item = Option<(f64, f64)>>,
    ) -> Result<Self, DataError> {
        let mut affine = Self::default();
        for (column, center_and_spread) in columns.enumerate() {
            let (center, spread) = center_and_spread.unwrap_or((0.0, 1.0));
            if center_and_spread.is_none() {
                affine.degenerate.missing.push(column);
            }
            if !(center.is_finite() && spread.is_finite()) {
                let cure = "divide the column by a power of ten first";
                return Err(DataError::Table(TableError::Spread { operation, column, expected, got: spread, cure }));
            }
            if spread == 0.0 {
                affine.degenerate.constant.push(column);
            }
            affine.columns.push(Column { center, scale: if spread == 0.0 { 1.0 } else { spread } });
        }
        Ok(affine)
    }

    /// The same with `f(column, (center, scale))` as the center and scale of each column.
    pub(super) fn with_each(mut self, f: impl Fn(usize, (f64, f64)) -> (f64, f64)) -> Self {
        for (j, column) in self.columns.iter_mut().enumerate() {
            (column.center, column.scale) = f(j, (column.center, column.scale));
        }
        self
    }

    pub(super) fn len(&self) -> usize {
        self.columns.len()
    }

    pub(super) fn centers(&self) -> Vec<f64> {
        self.columns.iter().map(|column| column.center).collect()
    }

    pub(super) fn scales(&self) -> Vec<f64> {
        self.columns.iter().map(|column| column.scale).collect()
    }

    pub(super) fn degenerate(&self) -> &Degenerate {
        &self.degenerate
    }

    pub(super) fn transform<F: Float>(&self, operation: &'static str, x: &mut Tensor<F>) -> Result<(), DataError> {
        check_input(operation, Some(self.len()), x)?;
        change_blocks(x, self.standardize());
        Ok(())
    }

    pub(super) fn transform_anew<F: Float>(
        &self,
        operation: &'static str,
        x: &Tensor<F>,
    ) -> Result<Tensor<F>, DataError> {
        change_blocks_anew(operation, Some(self.len()), x, self.standardize())
    }

    fn standardize<F: Float>(&self) -> impl Fn(&mut [F]) + Sync + use<F> {
        let (centers, scales) = (self.centers(), self.scales());
        move |block| {
            map_columns(
                block,
                [&centers, &scales],
                #[inline(always)]
                |x, [center, scale]| (x - center) / scale,
            );
        }
    }

    pub(super) fn inverse<F: Float>(&self, operation: &'static str, y: &mut Tensor<F>) -> Result<(), DataError> {
        check_input(operation, Some(self.len()), y)?;
        let (centers, scales) = (self.centers(), self.scales());
        change_blocks(y, |block| {
            map_columns(
                block,
                [&centers, &scales],
                #[inline(always)]
                |y, [center, scale]| y * scale + center,
            );
        });
        Ok(())
    }
}

/// A fitted scaler whose `columns` are an [`Affine`] is a transformation by it.
macro_rules! transforms_as_affine {
    ($fitted:ty, $name:expr) => {
        impl<F: evenkeel_tensor::Float> crate::Transform<F> for $fitted {
            fn operation(&self) -> &'static str {
                $name
            }

            fn columns(&self) -> Option<usize> {
                Some(self.columns.len())
            }

            fn transform_in_place(&self, x: &mut evenkeel_tensor::Tensor<F>) -> Result<(), crate::DataError> {
                self.columns.transform($name, x)
            }

            fn transform(
                &self,
                x: &evenkeel_tensor::Tensor<F>,
            ) -> Result<evenkeel_tensor::Tensor<F>, crate::DataError> {
                self.columns.transform_anew($name, x)
            }

            fn inverse_in_place(&self, y: &mut evenkeel_tensor::Tensor<F>) -> Result<(), crate::DataError> {
                self.columns.inverse($name, y)
            }

            fn degenerate(&self) -> Option<&crate::Degenerate> {
                Some(self.columns.degenerate())
            }
        }
    };
}
pub(super) use transforms_as_affine;
