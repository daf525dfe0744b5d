//! Splitting a data set in two, such as for training and testing.

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
    /// # Errors
    /// If the targets are not classes, or one part would be empty.
    pub fn split_stratified(&self, fraction: f64, seed: Seed) -> Result<(Self, Self), DataError> {
        const OPERATION: &str = "split_stratified";
        let classes = self.classes().ok_or(DataError::NotClasses { operation: OPERATION })?;
        let total = self.share(OPERATION, fraction)?;
        let mut members = vec![Vec::new(); classes];
        for position in 0..self.len() {
            let label = self.label(position).expect("a data set with classes");
            members[label as usize].push(position);
        }

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
