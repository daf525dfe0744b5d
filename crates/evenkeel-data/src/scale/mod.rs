//! Scaling of columns (and of rows), so that no feature outweighs another by its unit.
//!
//! | scaler | a column becomes | its inverse | fits in batches |
//! | --- | --- | --- | --- |
//! | [`MinMax`] | (x - min) / (max - min), in a range of choice | yes | yes, to the bit |
//! | [`Standard`] | (x - mean) / standard deviation | yes | yes |
//! | [`Robust`] | (x - median) / interquartile range | yes | no |
//! | [`MaxAbs`] | x / max abs(x); 0 stays 0 | yes | yes, to the bit |
//! | [`Power`] | nearly Gaussian, by Yeo-Johnson's or Box and Cox's family | yes | no |
//! | [`Quantile`] | uniform or Gaussian, by its own distribution function | between the extremes | no |
//! | [`Whiten`] | uncorrelated with all others, of variance 1 | yes, if all components are kept | yes |
//! | [`RowNorm`] | (rows, not columns) of norm 1 | no | there is nothing to fit |
//!
//! What all share is said at [`Fit`](crate::Fit) and [`Transform`](crate::Transform): missing values are NaN and stay NaN,
//! infinite values are refused, sums are in `f64`. Defaults and conventions are those of scikit-learn, but where a scaler's page
//! says otherwise. The same data give the same bits at any number of threads.
//!
//! **Constant columns** have no spread to divide by: they are only shifted (divided by 1), as in scikit-learn, and
//! [`Transform::degenerate`](crate::Transform::degenerate) lists them, and those in which everything is missing, which are left
//! as they are. Constant means exactly that; scikit-learn also takes columns as constant whose spread is within the rounding of
//! its sums, which are rougher.
//!
//! ```
//! use evenkeel_data::scale::{MinMax, Standard};
//! use evenkeel_data::{Fit, Tensor, Transform};
//!
//! // Areas and numbers of rooms: a thousand times apart.
//! let train = Tensor::from([[1000.0, 10.0], [0.0, 5.0], [500.0, 0.0]]);
//! let test = Tensor::from([[250.0, 20.0]]);
//! let scaler = MinMax::default().fit(&train)?;
//! assert_eq!(scaler.transform(&train)?, Tensor::from([[1.0, 1.0], [0.0, 0.5], [0.5, 0.0]]));
//! assert_eq!(scaler.transform(&test)?, Tensor::from([[0.25, 2.0]]));
//! assert_eq!(scaler.inverse(&scaler.transform(&test)?)?, test);
//!
//! let with_a_constant = Standard::default().fit(&Tensor::from([[1.0, 7.0], [2.0, 7.0]]))?;
//! assert_eq!(with_a_constant.transform(&Tensor::from([[1.0, 7.0]]))?, Tensor::from([[-1.0, 0.0]]));
//! assert_eq!(Transform::<f64>::degenerate(&with_a_constant).unwrap().constant, [1]);
//! # Ok::<(), evenkeel_data::DataError>(())
//! ```

mod affine;
mod brent;
mod columns;
mod eigen;
mod max_abs;
mod min_max;
mod moments;
mod normal;
mod order;
mod power;
mod quantile;
mod robust;
mod row_norm;
mod standard;
mod whiten;

pub use columns::Extremes;
pub(crate) use columns::block_rows;
pub use max_abs::{FittedMaxAbs, MaxAbs};
pub use min_max::{FittedMinMax, MinMax};
pub use moments::Moments;
pub(crate) use order::{for_each_column, key, quantiles, sort_descending};
pub use power::{Family, FittedPower, Power};
pub use quantile::{FittedQuantile, Quantile, Target};
pub use robust::{FittedRobust, Robust};
pub use row_norm::RowNorm;
pub use standard::{FittedStandard, Standard};
pub use whiten::{CoMoments, FittedWhiten, Whiten};

use std::ops::RangeInclusive;

use crate::DataError;

/// Refuses a range that does not rise, or is not inside of `limits`.
fn check_rising(
    operation: &'static str,
    expected: &'static str,
    range: &RangeInclusive<f64>,
    limits: RangeInclusive<f64>,
) -> Result<(), DataError> {
    let (start, end) = (*range.start(), *range.end());
    match [start, end].into_iter().find(|end| !limits.contains(end)) {
        Some(got) => Err(DataError::Setting { operation, expected, got }),
        None if start >= end => Err(DataError::Setting { operation, expected, got: end }),
        None => Ok(()),
    }
}
