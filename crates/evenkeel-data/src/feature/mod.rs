//! Columns made of columns.
//!
//! | | a column becomes | learnt | names |
//! |---|---|---|---|
//! | [`Polynomial`] | its powers, and products with the others | | `a^2`, `a b` |
//! | [`Bins`] | the number of its bin, or a column of 0 and 1 for each | edges | `a`, or `a [1, 2)` |
//! | [`Splines`] | a smooth bump for each knot | knots | `a_sp_0` |
//! | [`Cyclic`] | sine and cosine of its share of a period | | `a_sin`, `a_cos` |
//! | [`Dates`] | years, months, weekdays, hours | | `a_year` |
//! | [`Elementwise`] | its logarithm or root | | `a` |
//!
//! All are fitted and applied as scalers are, see [`Fit`](crate::Fit) and [`Transform`](crate::Transform): missing values stay
//! missing in whatever is made of them, infinite values are refused, also those that arise. Names go through
//! [`Transform::names`](crate::Transform::names). Nothing is made that would have more than 2²⁰ columns.
//!
//! ```
//! use evenkeel_data::feature::{Cyclic, Polynomial};
//! use evenkeel_data::{Fit, Tensor, Transform};
//!
//! let x = Tensor::from([[2.0, 3.0], [4.0, 5.0]]);
//! let squares = Polynomial::degree(2).fit(&x)?;
//! assert_eq!(squares.transform(&x)?, Tensor::from([[2.0, 3.0, 4.0, 6.0, 9.0], [4.0, 5.0, 16.0, 20.0, 25.0]]));
//! assert_eq!(Transform::<f64>::names(&squares, &["a".into(), "b".into()])?, ["a", "b", "a^2", "a b", "b^2"]);
//!
//! // 23:30 is as near to 0:30 as 1:30 is.
//! let hours = Cyclic::period(24.0);
//! let [late, early, later] = [23.5, 0.5, 1.5].map(|hour: f64| hours.transform(&Tensor::from([[hour]])).unwrap());
//! assert!(((&late - &early).norm() - (&later - &early).norm()).abs() < 1e-12);
//! # Ok::<(), evenkeel_data::DataError>(())
//! ```

mod bins;
mod cyclic;
mod dates;
mod edges;
mod elementwise;
mod polynomial;
pub(crate) mod rows;
mod spline_basis;
mod splines;

pub use bins::{Bins, FittedBins};
pub use cyclic::Cyclic;
pub use dates::{DatePart, Dates};
pub use elementwise::Elementwise;
pub use polynomial::{FittedPolynomial, Polynomial};
pub use splines::{Extrapolation, FittedSplines, Splines};
