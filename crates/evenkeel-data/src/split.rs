//! Splitting rows: in two for training and testing, or into folds for cross-validation.
//!
//! The functions give row numbers, for data of any form; [`Dataset`] and [`Table`] have methods of the same names that give
//! the parts. Every part keeps the order of the rows.
//!
//! ```
//! use evenkeel_data::{Seed, split};
//!
//! let labels = [0, 0, 0, 0, 0, 0, 1, 1, 1];
//! let folds = split::folds_stratified(&labels, 3, Seed(7))?;
//! for (train, validation) in folds {
//!     assert_eq!((train.len(), validation.len()), (6, 3));
//!     assert_eq!(validation.iter().filter(|&&row| labels[row] == 1).count(), 1);
//! }
//! # Ok::<(), evenkeel_data::DataError>(())
//! ```

use std::collections::BTreeMap;

use evenkeel_tensor::Seed;

use crate::order::shuffle;
use crate::scale::sort_descending;
use crate::{DataError, Dataset, Table};

/// Rows in two parts.
pub type Parts = (Vec<usize>, Vec<usize>);

/// The pairs of (training, validation) rows of a cross-validation, made one by one.
#[derive(Clone, Debug)]
pub struct Folds {
    /// All rows, dealt out like cards: consecutive ones go to consecutive folds, so of any stretch of n each fold gets n / k,
    /// rounded down or up.
    order: Vec<usize>,
    folds: usize,
    next: usize,
}

impl Iterator for Folds {
    type Item = Parts;

    fn next(&mut self) -> Option<Parts> {
        if self.next == self.folds {
            return None;
        }
        let validation: Vec<_> = self.order.iter().copied().skip(self.next).step_by(self.folds).collect();
        self.next += 1;
        let (validation, train) = partition(self.order.len(), &validation);
        Some((train, validation))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.folds - self.next, Some(self.folds - self.next))
    }
}

impl ExactSizeIterator for Folds {}

/// `fraction` of the rows at random and the rest, each class in the same proportion.
///
/// The first part gets `fraction * len` rows, rounded to nearest (halves up). Of each class it gets `fraction * count`, rounded
/// down, and one more of the classes with the largest remainders (of equal ones the lower class) until the total is right: so
/// each class's share is within one row of exact.
///
/// A class of a single member cannot be in both parts and is refused; classes without members are no hindrance. A class of
/// few members may still get none in one part, where its exact share is below one row.
///
/// # Errors
/// If a class has a single member, or one part would be empty.
pub fn split_stratified(labels: &[u32], fraction: f64, seed: Seed) -> Result<Parts, DataError> {
    const OPERATION: &str = "split_stratified";
    let total = share(OPERATION, fraction, labels.len())?;
    let mut members = members(OPERATION, labels, 2)?;

    let exact = |at: usize| fraction * members[at].1.len() as f64;
    let mut shares: Vec<_> = (0..members.len()).map(|at| exact(at) as usize).collect();
    let mut by_remainder: Vec<_> = (0..members.len()).collect();
    sort_descending(&mut by_remainder, &|at| exact(at).fract());
    let missing = total - shares.iter().sum::<usize>();
    by_remainder.iter().take(missing).for_each(|&at| shares[at] += 1);

    let stream = seed.stream("split");
    let mut chosen = Vec::with_capacity(total);
    for ((class, members), share) in members.iter_mut().zip(shares) {
        shuffle(members, stream.at(u64::from(*class)));
        chosen.extend_from_slice(&members[..share]);
    }
    Ok(partition(labels.len(), &chosen))
}

/// `fraction` of the rows at random, rounded to nearest (halves up), and the rest.
///
/// # Errors
/// If one part would be empty.
pub fn split_random(rows: usize, fraction: f64, seed: Seed) -> Result<Parts, DataError> {
    let total = share("split_random", fraction, rows)?;
    let mut positions: Vec<_> = (0..rows).collect();
    shuffle(&mut positions, seed.stream("split"));
    Ok(partition(rows, &positions[..total]))
}

/// Cross-validation: `k` pairs of (training, validation) rows, such that each row is in exactly one validation part and in the
/// training parts of all other pairs.
///
/// Validation parts differ in size by at most one. With `k` the number of rows this is leave-one-out. Where there are classes,
/// [`folds_stratified`] gives estimates of less variance (Kohavi 1995).
///
/// # Errors
/// If there are fewer than 2 folds, or more than rows.
pub fn folds(rows: usize, k: usize, seed: Seed) -> Result<Folds, DataError> {
    check_folds("folds", rows, k)?;
    let mut order: Vec<_> = (0..rows).collect();
    shuffle(&mut order, seed.stream("folds"));
    Ok(Folds { order, folds: k, next: 0 })
}

/// As [`folds`], with each class in the same proportion: of a class of n members each validation part has n / k, rounded down
/// or up, and the parts' sizes still differ by at most one. Classes without members are no hindrance.
///
/// # Errors
/// If there are fewer than 2 folds or more than rows, or a class has members, but fewer than folds.
pub fn folds_stratified(labels: &[u32], k: usize, seed: Seed) -> Result<Folds, DataError> {
    const OPERATION: &str = "folds_stratified";
    check_folds(OPERATION, labels.len(), k)?;
    let mut members = members(OPERATION, labels, k)?;
    let stream = seed.stream("folds");
    let mut order = Vec::with_capacity(labels.len());
    for (class, members) in &mut members {
        shuffle(members, stream.at(u64::from(*class)));
        order.append(members);
    }
    Ok(Folds { order, folds: k, next: 0 })
}

impl Dataset {
    /// Splits at random into `fraction` of the samples and the rest, each class in the same proportion: see [`split_stratified`].
    /// Both parts share the samples.
    ///
    /// ```
    /// use evenkeel_data::{Digits, Seed};
    ///
    /// let (train, test) = Digits::embedded().split_stratified(0.8, Seed(7))?;
    /// assert_eq!((train.len(), test.len()), (1438, 359));
    /// assert_eq!(test.class_counts().unwrap(), [36, 36, 35, 37, 36, 36, 36, 36, 35, 36]);
    /// # Ok::<(), evenkeel_data::DataError>(())
    /// ```
    ///
    /// # Errors
    /// As there; if the targets are not classes, or the data are [resampled](Dataset::resample).
    pub fn split_stratified(&self, fraction: f64, seed: Seed) -> Result<(Self, Self), DataError> {
        self.parts(split_stratified(&self.labels("split_stratified")?, fraction, seed)?)
    }

    /// Splits at random into `fraction` of the samples, rounded to nearest (halves up), and the rest. Both parts share the samples.
    ///
    /// # Errors
    /// If one part would be empty, or the data are [resampled](Dataset::resample).
    pub fn split_random(&self, fraction: f64, seed: Seed) -> Result<(Self, Self), DataError> {
        self.check_not_resampled("split_random")?;
        self.parts(split_random(self.len(), fraction, seed)?)
    }

    /// Cross-validation: `k` pairs of (training, validation) data, see [`folds`]. All parts share the samples.
    ///
    /// ```
    /// use evenkeel_data::{Digits, Seed};
    ///
    /// let folds = Digits::embedded().take(103)?.folds(5, Seed(7))?;
    /// let sizes: Vec<_> = folds.iter().map(|(train, validation)| (train.len(), validation.len())).collect();
    /// assert_eq!(sizes, [(82, 21), (82, 21), (82, 21), (83, 20), (83, 20)]);
    /// # Ok::<(), evenkeel_data::DataError>(())
    /// ```
    ///
    /// # Errors
    /// If there are fewer than 2 folds, or more than samples, or the data are [resampled](Dataset::resample).
    pub fn folds(&self, k: usize, seed: Seed) -> Result<Vec<(Self, Self)>, DataError> {
        self.check_not_resampled("folds")?;
        folds(self.len(), k, seed)?.map(|parts| self.parts(parts)).collect()
    }

    /// As [`folds`](Self::folds), with each class in the same proportion: see [`folds_stratified`].
    ///
    /// ```
    /// use evenkeel_data::{Digits, Seed};
    ///
    /// let folds = Digits::embedded().folds_stratified(10, Seed(7))?;
    /// for (train, validation) in &folds {
    ///     assert_eq!(train.len() + validation.len(), 1797);
    ///     assert!(validation.class_counts().unwrap().iter().all(|n| (17..=19).contains(n)));
    /// }
    /// # Ok::<(), evenkeel_data::DataError>(())
    /// ```
    ///
    /// # Errors
    /// As there; if the targets are not classes, or the data are [resampled](Dataset::resample).
    pub fn folds_stratified(&self, k: usize, seed: Seed) -> Result<Vec<(Self, Self)>, DataError> {
        let folds = folds_stratified(&self.labels("folds_stratified")?, k, seed)?;
        folds.map(|parts| self.parts(parts)).collect()
    }

    /// The labels to split by.
    fn labels(&self, operation: &'static str) -> Result<Vec<u32>, DataError> {
        self.check_not_resampled(operation)?;
        let labels = (0..self.len()).map(|position| self.label(position)).collect::<Option<Vec<_>>>();
        labels.ok_or(DataError::NotClasses { operation, cure: "use `split_random` or `folds`" })
    }

    fn parts(&self, (first, second): Parts) -> Result<(Self, Self), DataError> {
        Ok((self.subset(&first)?, self.subset(&second)?))
    }
}

impl Table {
    /// Splits at random into `fraction` of the rows and the rest, each class of the column `target` in the same proportion: see
    /// [`split_stratified`].
    ///
    /// ```
    /// use evenkeel_data::{Seed, Wdbc};
    ///
    /// let (train, test) = Wdbc::embedded().split_stratified("diagnosis", 0.8, Seed(7))?;
    /// assert_eq!((train.rows(), test.rows()), (455, 114));
    /// assert_eq!(test.column("diagnosis")?.categories()?.counts(), [71, 43]);
    /// # Ok::<(), evenkeel_data::DataError>(())
    /// ```
    ///
    /// # Errors
    /// As there; if there is no such column, or it cannot be [classes](Self::classes).
    pub fn split_stratified(&self, target: &str, fraction: f64, seed: Seed) -> Result<(Self, Self), DataError> {
        self.parts(split_stratified(&self.classes(target)?.0, fraction, seed)?)
    }

    /// Splits at random into `fraction` of the rows, rounded to nearest (halves up), and the rest.
    ///
    /// # Errors
    /// If one part would be empty.
    pub fn split_random(&self, fraction: f64, seed: Seed) -> Result<(Self, Self), DataError> {
        self.parts(split_random(self.rows(), fraction, seed)?)
    }

    /// Cross-validation: `k` pairs of (training, validation) tables, see [`folds`]. They are copied one pair at a time.
    ///
    /// # Errors
    /// If there are fewer than 2 folds, or more than rows.
    pub fn folds(
        &self,
        k: usize,
        seed: Seed,
    ) -> Result<impl ExactSizeIterator<Item = (Self, Self)> + use<'_>, DataError> {
        Ok(folds(self.rows(), k, seed)?.map(|parts| self.parts(parts).expect("rows of the table")))
    }

    /// As [`folds`](Self::folds), with each class of the column `target` in the same proportion: see [`folds_stratified`].
    ///
    /// # Errors
    /// As there; if there is no such column, or it cannot be [classes](Self::classes).
    pub fn folds_stratified(
        &self,
        target: &str,
        k: usize,
        seed: Seed,
    ) -> Result<impl ExactSizeIterator<Item = (Self, Self)> + use<'_>, DataError> {
        let folds = folds_stratified(&self.classes(target)?.0, k, seed)?;
        Ok(folds.map(|parts| self.parts(parts).expect("rows of the table")))
    }

    fn parts(&self, (first, second): Parts) -> Result<(Self, Self), DataError> {
        Ok((self.subset(&first)?, self.subset(&second)?))
    }
}

fn check_folds(operation: &'static str, samples: usize, folds: usize) -> Result<(), DataError> {
    if (2..=samples).contains(&folds) { Ok(()) } else { Err(DataError::Folds { operation, folds, samples }) }
}

/// The classes that come, in ascending order, each with its rows: at least `needed`.
fn members(operation: &'static str, labels: &[u32], needed: usize) -> Result<Vec<(u32, Vec<usize>)>, DataError> {
    let mut members: BTreeMap<u32, Vec<usize>> = BTreeMap::new();
    for (row, &label) in labels.iter().enumerate() {
        members.entry(label).or_default().push(row);
    }
    match members.iter().find(|(_, members)| members.len() < needed) {
        Some((&class, members)) => {
            Err(DataError::ClassTooSmall { operation, class: class as usize, members: members.len(), needed })
        }
        None => Ok(members.into_iter().collect()),
    }
}

/// The number of rows in the first part.
fn share(operation: &'static str, fraction: f64, samples: usize) -> Result<usize, DataError> {
    let share = (fraction * samples as f64).round();
    // A NaN fails the comparison too.
    if share >= 1.0 && share < samples as f64 {
        return Ok(share as usize);
    }
    Err(DataError::Fraction { operation, fraction, samples })
}

/// The rows that are chosen, and the others.
fn partition(rows: usize, chosen: &[usize]) -> Parts {
    let mut first = vec![false; rows];
    chosen.iter().for_each(|&row| first[row] = true);
    (0..rows).partition(|&row| first[row])
}
