//! The weight of a penalty, by cross-validation.
//!
//! [`LambdaSearch`] trains with each λ of a [`log_range`] on each fold and seed; its [`LambdaReport`] has the mean errors with
//! their standard errors, the best λ, the one-standard-error choice, the place of the [`Minimum`], and charts of the errors and of
//! the weights against λ. How a network is trained and measured is the caller's: see [`LambdaSearch`].
//!
//! Too small a λ leaves a network that overfits, too large a λ one that underfits, so that the validation error is a U.

mod error;
mod lambda;
mod minimum;
mod report;

pub use error::SearchError;
pub use lambda::{Fitted, LambdaSearch, log_range};
pub use minimum::Minimum;
pub use report::{CrossValidated, LambdaPoint, LambdaReport};
