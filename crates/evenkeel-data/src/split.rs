//! Splitting a data set: in two for training and testing, or into folds for cross-validation.

use evenkeel_tensor::Seed;

use crate::order::shuffle;
use crate::{DataError, Dataset};

impl Dataset {
    /// Splits at random into `fraction` of the samples and the rest, each class in the same proportion.
    ///
    /// The first part gets `fraction * len` samples, rounded to nearest (halves up). Of each class it
    /// gets `fraction * count`, rounded down, and one more of the classes with the largest remainders (of equal
    /// ones the lower class) until the total is right: so each class's share is within one sample of
    /// exact. Both parts keep the order of the samples, and share them.
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
    /// A class of a single member cannot be in both parts and is refused; classes without members are no hindrance. A class of
    /// few members may still get none in one part, where its exact share is below one sample.
    ///
    /// # Errors
    /// If the targets are not classes, a class has a single member, or one part would be empty.
    pub fn split_stratified(&self, fraction: f64, seed: Seed) -> Result<(Self, Self), DataError> {
        const OPERATION: &str = "split_stratified";
        let total = self.share(OPERATION, fraction)?;
        let mut members = self.members(OPERATION, 2)?;
        let classes = members.len();

        let exact = |class: usize| fraction * members[class].len() as f64;
        let mut shares: Vec<_> = (0..classes).map(|class| exact(class) as usize).collect();
        let mut by_remainder: Vec<_> = (0..classes).collect();
        by_remainder.sort_by(|&a, &b| exact(b).fract().total_cmp(&exact(a).fract()));
        let missing = total - shares.iter().sum::<usize>();
        by_remainder.iter().take(missing).for_each(|&class| shares[class] += 1);

        let stream = seed.stream("split");
        let mut chosen = Vec::with_capacity(total);
        for (class, (members, share)) in members.iter_mut().zip(shares).enumerate() {
            shuffle(members, stream.at(class as u64));
            chosen.extend_from_slice(&members[..share]);
        }
        self.partition(&chosen)
    }

    /// Splits at random into `fraction` of the samples, rounded to nearest (halves up), and the rest. Both
    /// parts keep the order of the samples, and share them.
    ///
    /// # Errors
    /// If one part would be empty.
    pub fn split_random(&self, fraction: f64, seed: Seed) -> Result<(Self, Self), DataError> {
        let total = self.share("split_random", fraction)?;
        let mut positions: Vec<_> = (0..self.len()).collect();
        shuffle(&mut positions, seed.stream("split"));
        self.partition(&positions[..total])
    }

    /// Cross-validation: `k` pairs of (training, validation) data, such that each sample is in exactly one validation part and
    /// in the training parts of all other pairs.
    ///
    /// Validation parts differ in size by at most one. All parts keep the order of the samples, and share them. With `k` the
    /// number of samples this is leave-one-out. Where the targets are classes,
    /// [`folds_stratified`](Self::folds_stratified) gives estimates of less variance (Kohavi 1995).
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
    /// If there are fewer than 2 folds, or more than samples.
    pub fn folds(&self, k: usize, seed: Seed) -> Result<Vec<(Self, Self)>, DataError> {
        self.check_folds("folds", k)?;
        let mut positions: Vec<_> = (0..self.len()).collect();
        shuffle(&mut positions, seed.stream("folds"));
        self.deal(&positions, k)
    }

    /// As [`folds`](Self::folds), with each class in the same proportion: of a class of n members each validation part has n / k,
    /// rounded down or up, and the parts' sizes still differ by at most one.
    ///
    /// Classes without members are no hindrance.
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
    /// If the targets are not classes, there are fewer than 2 folds or more than samples, or a class has members, but fewer than
    /// folds.
    pub fn folds_stratified(&self, k: usize, seed: Seed) -> Result<Vec<(Self, Self)>, DataError> {
        const OPERATION: &str = "folds_stratified";
        self.check_folds(OPERATION, k)?;
        let mut members = self.members(OPERATION, k)?;
        let stream = seed.stream("folds");
        for (class, members) in members.iter_mut().enumerate() {
            shuffle(members, stream.at(class as u64));
        }
        self.deal(&members.concat(), k)
    }

    fn check_folds(&self, operation: &'static str, folds: usize) -> Result<(), DataError> {
        if (2..=self.len()).contains(&folds) {
            return Ok(());
        }
        Err(DataError::Folds { operation, folds, samples: self.len() })
    }

    /// Deals the positions out like cards: consecutive ones go to consecutive folds, so of any stretch of n each fold gets n / k,
    /// rounded down or up.
    fn deal(&self, positions: &[usize], k: usize) -> Result<Vec<(Self, Self)>, DataError> {
        let fold = |first: usize| {
            let validation: Vec<_> = positions.iter().copied().skip(first).step_by(k).collect();
            self.partition(&validation).map(|(validation, train)| (train, validation))
        };
        (0..k).map(fold).collect()
    }

    /// The positions of each class's samples, at least `needed` where there is one.
    fn members(&self, operation: &'static str, needed: usize) -> Result<Vec<Vec<usize>>, DataError> {
        let cure = "use `split_random` or `folds`";
        let classes = self.classes().ok_or(DataError::NotClasses { operation, cure })?;
        let mut members = vec![Vec::new(); classes];
        for position in 0..self.len() {
            let label = self.label(position).expect("a data set with classes");
            members[label as usize].push(position);
        }
        match members.iter().position(|members| (1..needed).contains(&members.len())) {
            Some(class) => Err(DataError::ClassTooSmall { operation, class, members: members[class].len(), needed }),
            None => Ok(members),
        }
    }

    /// The number of samples in the first part.
    fn share(&self, operation: &'static str, fraction: f64) -> Result<usize, DataError> {
        let share = (fraction * self.len() as f64).round();
        // A NaN fails the comparison too.
        if share >= 1.0 && share < self.len() as f64 {
            return Ok(share as usize);
        }
        Err(DataError::Fraction { operation, fraction, samples: self.len() })
    }

    /// The samples at `chosen`, and the others.
    fn partition(&self, chosen: &[usize]) -> Result<(Self, Self), DataError> {
        let mut first = vec![false; self.len()];
        chosen.iter().for_each(|&p| first[p] = true);
        let (a, b): (Vec<_>, Vec<_>) = (0..self.len()).partition(|&p| first[p]);
        Ok((self.subset(&a)?, self.subset(&b)?))
    }
}
