//! Labelled rows, checked.

use evenkeel_tensor::{Float, ShapeError, Tensor};

use super::strategy::Direction;
use super::{Nearest, Neighbours, Strategy};
use crate::DataError;

/// Rows with labels of which at least two classes have members.
pub(super) struct Problem<'a, F: Float> {
    pub(super) operation: &'static str,
    pub(super) x: &'a Tensor<F>,
    pub(super) width: usize,
    pub(super) labels: &'a [u32],
    /// The rows of each class.
    pub(super) members: Vec<Vec<usize>>,
}

impl<'a, F: Float> Problem<'a, F> {
    pub(super) fn new(
        operation: &'static str,
        x: &'a Tensor<F>,
        labels: &'a [u32],
        classes: usize,
    ) -> Result<Self, DataError> {
        let [rows, width] = x.shape()[..] else {
            let (expected, cure) = ("rows of features (N, D)", "reshape each sample to one axis");
            return Err(ShapeError::new(operation, expected, x.shape().to_string(), cure).into());
        };
        if rows != labels.len() {
            return Err(DataError::Lengths { operation: operation.into(), samples: rows, targets: labels.len() });
        }
        if rows * width == 0 {
            return Err(DataError::Empty { operation, cure: "give rows of at least one feature" });
        }
        check_finite(x)?;
        let mut members = vec![Vec::new(); classes];
        for (sample, &label) in labels.iter().enumerate() {
            members.get_mut(label as usize).ok_or(DataError::Label { sample, label, classes })?.push(sample);
        }
        if members[labels[0] as usize].len() == rows {
            return Err(DataError::OneClass { operation, class: labels[0] as usize });
        }
        Ok(Self { operation, x, width, labels, members })
    }

    pub(super) fn row(&self, row: usize) -> &'a [F] {
        &self.x.as_slice()[row * self.width..][..self.width]
    }

    /// The smallest class, of equal ones the first; classes without members do not count.
    pub(super) fn smallest(&self) -> usize {
        let present = (0..self.members.len()).filter(|&class| !self.members[class].is_empty());
        present.min_by_key(|&class| self.members[class].len()).expect("two classes have members")
    }

    /// The number of members that each class is brought to.
    pub(super) fn targets(&self, strategy: &Strategy, direction: Direction) -> Result<Vec<usize>, DataError> {
        let counts: Vec<_> = self.members.iter().map(Vec::len).collect();
        strategy.targets(self.operation, &counts, direction)
    }

    /// The classes that miss members, and how many.
    pub(super) fn missing(&self, strategy: &Strategy) -> Result<Vec<(usize, usize)>, DataError> {
        let targets = self.targets(strategy, Direction::Over)?;
        let missing = targets.iter().zip(&self.members).map(|(target, members)| target - members.len());
        Ok(missing.enumerate().filter(|&(_, missing)| missing > 0).collect())
    }

    /// The `k` nearest of the other members of a class for each of them, counted within the class.
    pub(super) fn neighbours_in_class(&self, class: usize, k: usize) -> Result<Nearest, DataError> {
        self.check_members(class, k)?;
        let rows = self.x.index_select(0, &self.members[class]);
        Neighbours::among(&rows)?.of_points(&Vec::from_iter(0..self.members[class].len()), k)
    }

    /// The `k` nearest of all other rows of each of `rows`.
    pub(super) fn neighbours(&self, rows: &[usize], k: usize) -> Result<Nearest, DataError> {
        self.check_k(k)?;
        if k >= self.labels.len() {
            let expected = "fewer neighbours than rows";
            return Err(DataError::Setting { operation: self.operation, expected, got: k as f64 });
        }
        Neighbours::among(self.x)?.of_points(rows, k)
    }

    /// Refuses a class that has no `k` other members for each of them.
    pub(super) fn check_members(&self, class: usize, k: usize) -> Result<(), DataError> {
        self.check_k(k)?;
        let (operation, members) = (self.operation, self.members[class].len());
        if members > k {
            return Ok(());
        }
        let cure = "take fewer neighbours, get more members, or copy them with `RandomOver`";
        Err(DataError::TooFewMembers { operation, class, members, needed: k.saturating_add(1), cure })
    }

    /// Room for `count` more values, if there is.
    pub(super) fn reserve<T>(&self, values: &mut Vec<T>, count: usize) -> Result<(), DataError> {
        let (operation, expected) = (self.operation, "no more rows than fit in memory");
        values.try_reserve_exact(count).map_err(|_| DataError::Setting { operation, expected, got: count as f64 })
    }

    fn check_k(&self, k: usize) -> Result<(), DataError> {
        if k > 0 {
            return Ok(());
        }
        Err(DataError::Setting { operation: self.operation, expected: "at least 1 neighbour", got: 0.0 })
    }
}

/// Refuses values that are not finite, by row and column.
pub(super) fn check_finite<F: Float>(x: &Tensor<F>) -> Result<(), DataError> {
    if x.is_finite() {
        return Ok(());
    }
    let width = x.shape()[1..].iter().product::<usize>();
    match x.as_slice().iter().position(|x| !x.is_finite()) {
        Some(at) => {
            let what = format!("column {} of row {}", at % width, at / width);
            Err(DataError::NotFinite { what, value: x.as_slice()[at].to_f64() })
        }
        None => Ok(()),
    }
}
