//! Which columns matter: scores, choices by them, and searches with a model of your own.
//!
//! | | what it looks at | |
//! |---|---|---|
//! | filters | one column and the target | [`variance`], [`pearson`], [`spearman`], [`f_regression`], [`anova_f`], [`chi2`], [`MutualInformation`] |
//! | [`Mrmr`] | a column, the target, and the columns taken before | |
//! | wrappers | a model of some columns, in validation | [`Sequential`], [`Elimination`] |
//! | of one model | what it loses without a column; which weights a penalty leaves | [`PermutationImportance`], [`L1Path`] |
//! | [`Stability`] | how any of these varies with the rows | |
//!
//! Filters give [`Scores`], and a rule chooses by them: so many ([`top`](Scores::top), [`share`](Scores::share)), or by p-values, each by
//! itself ([`p_below`](Scores::p_below)) or with the many columns taken into account
//! ([`false_discovery_rate`](Scores::false_discovery_rate), [`holm`](Scores::holm)). Searches give a [`TradeOff`] of the number of columns
//! against the validated score and the time. All end in a [`Selection`], a [`Transform`](crate::Transform) that keeps columns and their
//! names and says why.
//!
//! Models come as closures, of whatever library; their error is any that [`DataError`](crate::DataError) can become.
//!
//! - **Missing values** are refused, with row and column: impute them first. So are infinite ones.
//! - **Constant columns** score 0, with p = 1.
//! - Results are the same bits at any number of threads.
//! - Conventions are those of scikit-learn, but where an item says otherwise.
//!
//! # Inside the training fold
//!
//! Choose columns on the training part alone: a column chosen with the validation rows in view has seen their labels, and among many
//! irrelevant columns some fit them by chance.
//!
//! ```
//! use evenkeel_data::select::{MutualInformation, anova_f};
//! use evenkeel_data::{Dataset, Seed, Tensor, Transform};
//!
//! let x = Tensor::from_fn([90, 4], |i| (i as f64 * i as f64 * 0.37).sin());
//! let labels: Vec<u32> = (0..90).map(|i| u32::from(x.get(&[i, 1]) + 0.3 * x.get(&[i, 3]) > 0.1)).collect();
//! for (train, validation) in Dataset::classification(x, labels, 2)?.folds_stratified(3, Seed(7))? {
//!     let [train, validation] = [train, validation].map(|part| part.batch::<f64>(&Vec::from_iter(0..part.len())));
//!     let labels = train.targets.classes().unwrap();
//!     let kept = anova_f(&train.inputs, labels)?.false_discovery_rate(0.05)?;
//!     assert_eq!(kept.ranking()[0], 1);
//!     assert_eq!(kept.ranking()[0], MutualInformation::default().scores(&train.inputs, labels)?.ranking()[0]);
//!     assert_eq!(kept.transform(&validation.inputs)?.shape(), [30, kept.indices().len()].into());
//! }
//! # Ok::<(), evenkeel_data::DataError>(())
//! ```

mod anova;
mod chi2;
mod classes;
mod correlation;
mod elimination;
mod groups;
mod mrmr;
mod mutual;
mod neighbours;
mod path;
mod permutation;
mod scores;
mod selection;
mod sequential;
mod special;
mod stability;
#[cfg(feature = "serde")]
mod store;
mod sums;
mod trade_off;
mod validate;

pub use anova::{VarianceAbove, anova_f, variance};
pub use chi2::chi2;
pub use correlation::{f_regression, pearson, spearman};
pub use elimination::Elimination;
pub use mrmr::Mrmr;
pub use mutual::MutualInformation;
pub use path::{L1Path, Path, PathPoint, lambdas};
pub use permutation::{Importances, PermutationImportance};
pub use scores::Scores;
pub use selection::{Selection, Verdict};
pub use sequential::Sequential;
pub use stability::{Frequencies, Stability};
pub use trade_off::{TradeOff, Trial};
