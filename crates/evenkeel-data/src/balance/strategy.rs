//! How many members each class is to have.

use crate::DataError;

/// How many members each class is to have after resampling; imbalanced-learn's `sampling_strategy`.
///
/// Classes without members stay so, unless they are named, which is an error.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Strategy {
    /// Over-sampling brings all classes to the size of the largest, under-sampling to that of the smallest. The
    /// default.
    #[default]
    Auto,
    /// The smallest class over the largest after resampling, above 0 and at most 1. Over-sampling brings every class
    /// below `ratio` times the largest to that number, under-sampling every class above the smallest over `ratio` to
    /// that one, both rounded down. imbalanced-learn has it for two classes only.
    Ratio(f64),
    /// So many members of each of these classes, as (class, members); the others stay as they are.
    Counts(Vec<(usize, usize)>),
}

/// Whether classes may gain or lose members.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Direction {
    Over,
    Under,
}

impl Strategy {
    /// The number of members that each class is brought to.
    pub(super) fn targets(
        &self,
        operation: &'static str,
        counts: &[usize],
        direction: Direction,
    ) -> Result<Vec<usize>, DataError> {
        let check = |class: usize, asked: usize| {
            let members = counts[class];
            let (expected, cure, fits) = match direction {
                Direction::Over => ("at least", "under-sample to have fewer", asked >= members),
                Direction::Under => ("at most", "over-sample to have more", asked <= members),
            };
            let error = DataError::ClassCount { operation, expected, class, members, asked, cure };
            if fits { Ok(()) } else { Err(error) }
        };
        let by_ratio = |ratio: f64| {
            let present = || (0..counts.len()).filter(|&class| counts[class] > 0);
            let smallest = present().min_by_key(|&class| counts[class]).expect("two classes have members");
            let largest = present().max_by_key(|&class| counts[class]).expect("two classes have members");
            let towards = |bound: usize| {
                move |&members: &usize| match direction {
                    Direction::Over => members.max(if members == 0 { 0 } else { bound }),
                    Direction::Under => members.min(bound),
                }
            };
            // The class that the ratio is about must be able to reach its side of it.
            let (class, bound) = match direction {
                Direction::Over => (smallest, ratio * counts[largest] as f64),
                Direction::Under => (largest, counts[smallest] as f64 / ratio),
            };
            check(class, bound as usize)?;
            Ok(counts.iter().map(towards(bound as usize)).collect())
        };
        match *self {
            Self::Auto => by_ratio(1.0),
            Self::Ratio(ratio) if ratio > 0.0 && ratio <= 1.0 => by_ratio(ratio),
            Self::Ratio(got) => Err(DataError::Setting { operation, expected: "a ratio above 0 and at most 1", got }),
            Self::Counts(ref pairs) => {
                let mut targets = counts.to_vec();
                for &(class, asked) in pairs {
                    if counts.get(class).is_none_or(|&members| members == 0) {
                        let cure = "name classes that have members";
                        return Err(DataError::TooFewMembers { operation, class, members: 0, needed: 1, cure });
                    }
                    check(class, asked)?;
                    targets[class] = asked;
                }
                Ok(targets)
            }
        }
    }
}
