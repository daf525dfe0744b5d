//! Imbalanced classes: weights for a loss, balanced batches, and resampled training data.
//!
//! Ways to make a rare class count, from the least to the most that is changed:
//!
//! | | what changes | |
//! |---|---|---|
//! | weights | the loss | [`ClassWeights`], [`pos_weight`] |
//! | prior | the output biases that training starts from | [`log_prior`] |
//! | sampling | how often a row comes into a batch | [`Sampling`](crate::Sampling): balanced, or weighted |
//! | resampling | the training rows | the methods of [`Resample`] |
//!
//! | method | |
//! |---|---|
//! | [`RandomOver`], [`RandomUnder`] | copies members of small classes, or leaves out members of large ones |
//! | [`Smote`] | makes members between neighbours of a class |
//! | [`BorderlineSmote`] | as SMOTE, from members beside other classes |
//! | [`SmoteNc`] | as SMOTE, where some columns are categories |
//! | [`Adasyn`] | as SMOTE, the more from a member the more of its neighbours are of other classes |
//! | [`TomekLinks`], [`EditedNearestNeighbours`] | leave out rows at odds with their neighbours |
//! | [`SmoteTomek`], [`SmoteEnn`] | SMOTE, then one of these |
//!
//! Distances are Euclidean over all columns, so scale the columns first.
//!
//! # Inside the training fold
//!
//! Resample the training part after splitting, never before: a synthetic row made from a row that is later validated,
//! or a copy of it, makes the estimate too good. Validation and test data keep the shares of the real world. So a data set
//! that [`Dataset::resample`] gives cannot be split any more: that is an error, and so is a search over folds of it.
//!
//! ```
//! use evenkeel_data::balance::Smote;
//! use evenkeel_data::{Dataset, Seed, Tensor};
//!
//! let inputs = Tensor::from_fn([300, 2], |i| (0.7 * i as f64).sin());
//! let labels: Vec<u32> = (0..300).map(|i| u32::from(i % 10 == 0)).collect();
//! let patients = Dataset::classification(inputs, labels, 2)?;
//! for (train, validation) in patients.folds_stratified(5, Seed(7))? {
//!     let train = train.resample(&Smote::default(), Seed(7))?;
//!     assert_eq!(train.class_counts(), Some(vec![216, 216]));
//!     assert_eq!(validation.class_counts(), Some(vec![54, 6]));
//! }
//! let too_early = patients.resample(&Smote::default(), Seed(7))?;
//! assert!(too_early.folds_stratified(5, Seed(7)).is_err_and(|e| e.to_string().contains("split first")));
//! # Ok::<(), evenkeel_data::DataError>(())
//! ```

mod adasyn;
mod alias;
mod borderline;
mod cleaning;
mod combined;
mod kd_tree;
mod neighbours;
mod problem;
mod products;
mod random;
mod resampled;
mod smote;
mod smote_nc;
mod strategy;
mod weights;

pub use adasyn::Adasyn;
pub(crate) use alias::Alias;
pub use borderline::{Border, BorderlineSmote};
pub use cleaning::{Agreement, EditedNearestNeighbours, TomekLinks};
pub use combined::{SmoteEnn, SmoteTomek};
pub use neighbours::{Nearest, Neighbours};
pub use random::{RandomOver, RandomUnder};
pub use resampled::{Parents, Resampled};
pub use smote::Smote;
pub use smote_nc::SmoteNc;
pub use strategy::Strategy;
pub use weights::{ClassWeights, log_prior, pos_weight};

use evenkeel_tensor::{Float, Seed, Tensor};

use crate::{DataError, Dataset, Inputs};

/// A method that changes how many rows of each class there are: an open set.
///
/// What comes out depends on the data and the seed alone, not on the number of threads. The data given are not changed.
///
/// ```
/// use evenkeel_data::balance::{Resample, Smote};
/// use evenkeel_data::{Seed, Tensor};
///
/// let x = Tensor::from([[0.0f32, 0.0], [9.0, 9.0], [1.0, 0.0], [9.0, 8.0], [8.0, 9.0], [7.0, 9.0]]);
/// let resampled = Smote::new(1).resample(&x, &[1, 0, 1, 0, 0, 0], 2, Seed(7))?;
/// assert_eq!(resampled.labels, [1, 0, 1, 0, 0, 0, 1, 1]);
/// assert_eq!(resampled.rows, [0, 1, 2, 3, 4, 5]);                  // the given rows, then two between rows 0 and 2
/// assert!(resampled.made.iter().all(|parents| parents.row + parents.neighbour == 2));
/// # Ok::<(), evenkeel_data::DataError>(())
/// ```
pub trait Resample<F: Float = f32> {
    /// Resamples the rows of `x` (N, D), of which row i has class `labels[i]`, one of `classes`.
    ///
    /// # Errors
    /// If a setting is out of its range; `x` is not a matrix with rows and columns or has a value that is not finite;
    /// the labels are not as many as rows, or one is not below `classes`; only one class has members; or a class has
    /// too few for the method.
    fn resample(&self, x: &Tensor<F>, labels: &[u32], classes: usize, seed: Seed) -> Result<Resampled<F>, DataError>;
}

impl Dataset {
    /// The samples resampled by `method`: see [`balance`](crate::balance), and do so after splitting, with the training
    /// part only. The result, and what is taken of it, refuses to be split.
    ///
    /// Each sample counts as one row of all its values. Where the method makes none, the result shares the samples;
    /// otherwise it is a new data set, in double precision where this is, and in single precision where this is of that
    /// or of bytes. For which rows are new, call [`Resample::resample`] itself.
    ///
    /// # Errors
    /// If the targets are not classes, or the method refuses the data.
    pub fn resample(&self, method: &(impl Resample<f32> + Resample<f64>), seed: Seed) -> Result<Self, DataError> {
        if matches!(self.inputs(), Inputs::F64(_)) {
            self.resample_in::<f64>(method, seed)
        } else {
            self.resample_in::<f32>(method, seed)
        }
    }

    fn resample_in<F: Float>(&self, method: &impl Resample<F>, seed: Seed) -> Result<Self, DataError>
    where
        Inputs: From<Tensor<F>>,
    {
        let cure = "bin the values into classes";
        let classes = self.classes().ok_or(DataError::NotClasses { operation: "Dataset::resample", cure })?;
        let all = self.batch::<F>(&Vec::from_iter(0..self.len()));
        let labels = all.targets.classes().expect("a data set with classes");
        let rows = all.inputs.reshape([self.len(), self.sample_shape().numel()]);
        let resampled = method.resample(&rows, labels, classes, seed)?;
        if resampled.made.is_empty() {
            return Ok(self.subset(&resampled.rows)?.marked_resampled());
        }
        let made = Self::classification(resampled.inputs, resampled.labels, classes)?;
        Ok(made.reshape_samples(self.sample_shape())?.marked_resampled())
    }
}
