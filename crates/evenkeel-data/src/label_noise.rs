//! Labels that are wrong on purpose.

use evenkeel_tensor::{Seed, Tensor};
use rand::RngExt;

use crate::order::shuffle;
use crate::{DataError, Dataset, Targets};

impl Dataset {
    /// The same samples, a `share` of them with a wrong label: exactly `share * len`, rounded to nearest (halves up), drawn
    /// without replacement, each with one of the other classes, all of which are equally likely. Shares the inputs.
    ///
    /// The labels wronged at a share are among those wronged, in the same way, at a larger share of the same seed. To wrong the
    /// training part alone, split first.
    ///
    /// ```
    /// use evenkeel_data::{Digits, Seed};
    ///
    /// let digits = Digits::embedded();
    /// let noisy = digits.with_label_noise(0.2, Seed(7))?;
    /// let wrong = (0..digits.len()).filter(|&i| noisy.label(i) != digits.label(i)).count();
    /// assert_eq!(wrong, 359);                                        // of 1 797
    /// # Ok::<(), evenkeel_data::DataError>(())
    /// ```
    ///
    /// # Errors
    /// If the share is not from 0 to 1, the targets are not classes or there is only one, or a sample is there twice (add the
    /// noise before resampling, so that both copies are wrong).
    pub fn with_label_noise(&self, share: f64, seed: Seed) -> Result<Self, DataError> {
        const OPERATION: &str = "with_label_noise";
        let setting = |expected, got| Err(DataError::Setting { operation: OPERATION, expected, got });
        if !(0.0..=1.0).contains(&share) {
            return setting("a share of wrong labels from 0 to 1", share);
        }
        let (Targets::Classes(labels), Some(classes)) = (&self.targets, self.classes()) else {
            return Err(DataError::NotClasses { operation: OPERATION, cure: "add noise to the values themselves" });
        };
        if classes < 2 {
            return setting("at least 2 classes", classes as f64);
        }
        let mut is_seen = vec![false; labels.shape()[0]];
        if let Some(position) = (0..self.len()).find(|&i| std::mem::replace(&mut is_seen[self.row(i)], true)) {
            return setting("each sample once; add label noise before resampling", position as f64);
        }
        let mut order: Vec<_> = (0..self.len()).collect();
        let stream = seed.stream("label noise");
        shuffle(&mut order, stream);
        let wrong = (share * self.len() as f64).round() as usize;
        let mut labels = labels.as_slice().to_vec();
        for &position in &order[..wrong] {
            let label = &mut labels[self.row(position)];
            // One of the others: those from the label on move up by one.
            let other = stream.at(position as u64).rng().random_range(0..classes as u32 - 1);
            *label = other + u32::from(other >= *label);
        }
        let mut noisy = self.clone();
        noisy.targets = Targets::Classes(Tensor::from_vec([labels.len()], labels)?);
        Ok(noisy)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn dataset(labels: Vec<u32>, classes: usize) -> Dataset {
        Dataset::classification(Tensor::from_fn([labels.len(), 1], |i| i as f32), labels, classes).unwrap()
    }

    fn labels(data: &Dataset) -> Vec<u32> {
        (0..data.len()).filter_map(|i| data.label(i)).collect()
    }

    proptest! {
        #[test]
        fn so_many_labels_are_wrong(
            (given, classes) in (2usize..6).prop_flat_map(|c| (prop::collection::vec(0..c as u32, 2..120), Just(c))),
            share in 0.0f64..=1.0, seed: u64, every in 1usize..4,
        ) {
            let whole = dataset(given, classes);
            let part = whole.subset(&Vec::from_iter((0..whole.len()).rev().step_by(every))).unwrap();
            let noisy = part.with_label_noise(share, Seed(seed)).unwrap();
            let (right, got) = (labels(&part), labels(&noisy));
            let wrong = |got: &[u32]| right.iter().zip(got).filter(|(a, b)| a != b).count();
            prop_assert_eq!(wrong(&got), (share * part.len() as f64).round() as usize);
            prop_assert!(got.iter().all(|&c| (c as usize) < classes));
            let at = |data: &Dataset| data.batch::<f64>(&Vec::from_iter(0..data.len())).inputs;
            prop_assert_eq!(at(&noisy), at(&part));
            // A larger share wrongs these, and more.
            let more = labels(&part.with_label_noise((2.0 * share).min(1.0), Seed(seed)).unwrap());
            prop_assert!((0..part.len()).all(|i| got[i] == right[i] || got[i] == more[i]));
            prop_assert_eq!(labels(&part), right);
        }
    }

    /// Of 30 000 wrong labels 10 000 go to each of the three others: five deviations are 5 sqrt(30 000 · 1/3 · 2/3) = 408.
    #[test]
    fn the_other_classes_are_equally_likely() {
        let noisy = dataset(vec![2; 30_000], 4).with_label_noise(1.0, Seed(1)).unwrap();
        let counts = noisy.class_counts().unwrap();
        assert_eq!(counts[2], 0);
        assert!([0, 1, 3].iter().all(|&c| counts[c].abs_diff(10_000) < 408), "{counts:?}");
    }

    #[test]
    fn what_cannot_be_wronged_is_refused() {
        let data = dataset(vec![0, 1, 1], 2);
        for share in [-0.1, 1.1, f64::NAN] {
            assert!(matches!(data.with_label_noise(share, Seed(0)), Err(DataError::Setting { .. })));
        }
        assert!(matches!(
            dataset(vec![0, 0], 1).with_label_noise(0.5, Seed(0)),
            Err(DataError::Setting { got: 1.0, .. })
        ));
        let twice = data.subset(&[0, 1, 0]).unwrap().with_label_noise(0.5, Seed(0)).unwrap_err();
        assert!(twice.to_string().contains("each sample once"), "{twice}");
        let values = Dataset::regression(Tensor::<f32>::ones([3, 1]), Tensor::<f32>::ones([3, 1])).unwrap();
        assert!(matches!(values.with_label_noise(0.5, Seed(0)), Err(DataError::NotClasses { .. })));
    }

    /// Pins what a seed gives: a change here changes every user's results.
    #[test]
    fn value_stability() {
        let noisy = dataset(vec![0; 10], 4).with_label_noise(0.5, Seed(7)).unwrap();
        assert_eq!(labels(&noisy), [1, 1, 0, 2, 0, 3, 2, 0, 0, 0]);
    }
}
