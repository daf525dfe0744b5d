//! SMOTE where some columns are categories.

use evenkeel_tensor::{Float, Seed, Tensor};
use rand::RngExt;

use super::problem::Problem;
use super::resampled::Synthesis;
use super::{Nearest, Neighbours, Resample, Resampled, Strategy};
use crate::DataError;

/// SMOTE-NC, for nominal and continuous columns: N. V. Chawla et al. 2002, section 6.1.
///
/// Categories are numbers in columns of their own, as from ordinal encoding, where only equal or not counts. In the
/// squared distance each that differs counts the square of the median of the continuous columns' standard deviations in
/// the class (divided by n), a typical difference. A made row lies between its parents in the continuous columns, as by
/// [`Smote`](super::Smote), and has in each categorical column the most frequent category of the k neighbours of its
/// first parent; of equally frequent ones the nearest neighbour's (imbalanced-learn draws one). Where the median is 0,
/// categories do not count in the distance.
///
/// ```
/// use evenkeel_data::balance::{Resample, SmoteNc};
/// use evenkeel_data::{Seed, Tensor};
///
/// // Age, income, and a district from 0 to 3.
/// let x = Tensor::from_fn([60, 3], |i| if i % 3 == 2 { (i / 3 % 4) as f64 } else { (1.7 * i as f64).sin() });
/// let labels: Vec<u32> = (0..60).map(|i| u32::from(i % 5 == 0)).collect();
/// let resampled = SmoteNc::new([2]).resample(&x, &labels, 2, Seed(7))?;
/// assert_eq!(resampled.labels.iter().filter(|&&label| label == 1).count(), 48);
/// assert!((60..96).all(|row| [0.0, 1.0, 2.0, 3.0].contains(&resampled.inputs.get(&[row, 2]))));
/// # Ok::<(), evenkeel_data::DataError>(())
/// ```
#[derive(Clone, Debug)]
pub struct SmoteNc {
    categorical: Vec<usize>,
    k: usize,
    strategy: Strategy,
}

impl SmoteNc {
    /// With 5 neighbours; `categorical` are the columns that hold categories.
    pub fn new(categorical: impl Into<Vec<usize>>) -> Self {
        Self { categorical: categorical.into(), k: 5, strategy: Strategy::Auto }
    }

    /// k, the neighbours to interpolate to. Default: 5.
    #[must_use]
    pub fn neighbours(self, k: usize) -> Self {
        Self { k, ..self }
    }

    /// How many members each class is to have. Default: [`Strategy::Auto`].
    #[must_use]
    pub fn strategy(self, strategy: Strategy) -> Self {
        Self { strategy, ..self }
    }

    /// Which columns hold categories: some, but not all.
    fn mask<F: Float>(&self, problem: &Problem<'_, F>) -> Result<Vec<bool>, DataError> {
        let setting = |expected, got| Err(DataError::Setting { operation: problem.operation, expected, got });
        let mut mask = vec![false; problem.width];
        for &column in &self.categorical {
            match mask.get_mut(column) {
                Some(is_categorical) => *is_categorical = true,
                None => return setting("categorical columns that are there, counted from 0", column as f64),
            }
        }
        match mask.iter().filter(|&&is_categorical| is_categorical).count() {
            0 => setting("at least one categorical column; without, use `Smote`", 0.0),
            n if n == mask.len() => setting("at least one column that is not categorical", n as f64),
            _ => Ok(mask),
        }
    }

    /// The neighbours of the members of a class, counted within the class.
    fn neighbours_in_class<F: Float>(
        &self,
        problem: &Problem<'_, F>,
        class: usize,
        mask: &[bool],
    ) -> Result<Nearest, DataError> {
        problem.check_members(class, self.k)?;
        let members = &problem.members[class];
        let column = |c: usize| members.iter().map(move |&row| problem.row(row)[c]).collect::<Vec<F>>();
        let (mut numbers, mut deviations, mut categories) = (Vec::new(), Vec::new(), Vec::new());
        for (c, &is_categorical) in mask.iter().enumerate() {
            if is_categorical {
                let mut values = column(c);
                values.sort_unstable_by(order);
                values.dedup();
                categories.push((c, values));
            } else {
                numbers.push(c);
                deviations.push(deviation(&column(c)));
            }
        }
        // Two different categories differ in two columns of ones and zeros: scaled so that this makes the median.
        let one = F::from_f64(median(&mut deviations) / std::f64::consts::SQRT_2);
        let width = numbers.len() + categories.iter().map(|(_, values)| values.len()).sum::<usize>();
        let mut encoded = Vec::new();
        problem.reserve(&mut encoded, members.len().saturating_mul(width))?;
        for &member in members {
            let row = problem.row(member);
            encoded.extend(numbers.iter().map(|&c| row[c]));
            for (c, values) in &categories {
                encoded.extend(values.iter().map(|&value| if value == row[*c] { one } else { F::ZERO }));
            }
        }
        let encoded = Tensor::from_vec([members.len(), width], encoded)?;
        Neighbours::among(&encoded)?.of_points(&Vec::from_iter(0..members.len()), self.k)
    }
}

impl<F: Float> Resample<F> for SmoteNc {
    fn resample(&self, x: &Tensor<F>, labels: &[u32], classes: usize, seed: Seed) -> Result<Resampled<F>, DataError> {
        let problem = Problem::new("SmoteNc", x, labels, classes)?;
        let mask = self.mask(&problem)?;
        let mut synthesis = Synthesis::default();
        // The neighbours of each member, by its row; empty for classes that need none.
        let mut around = vec![Vec::new(); labels.len()];
        for (class, count) in problem.missing(&self.strategy)? {
            let members = &problem.members[class];
            let nearest = self.neighbours_in_class(&problem, class, &mask)?;
            for (&row, nearest) in members.iter().zip(nearest.rows()) {
                around[row] = nearest.iter().map(|&member| members[member]).collect();
            }
            synthesis.add(&problem, (class, count), seed, |_, rng| {
                let row = members[rng.random_range(0..members.len())];
                (row, around[row][rng.random_range(0..self.k)], 1.0)
            })?;
        }
        synthesis.finish(&problem, |parents, out| {
            let neighbours = &around[parents.row];
            for (c, out) in out.iter_mut().enumerate().filter(|&(c, _)| mask[c]) {
                *out = most_frequent(neighbours.iter().map(|&row| problem.row(row)[c]));
            }
        })
    }
}

/// Values are finite here, so they have an order.
fn order<F: Float>(a: &F, b: &F) -> std::cmp::Ordering {
    a.partial_cmp(b).expect("finite values")
}

/// √(Σ (x - mean)² / n), in units of the largest deviation, so that no square leaves the range of `f64`.
fn deviation<F: Float>(values: &[F]) -> f64 {
    let n = values.len() as f64;
    let mean = values.iter().map(|x| x.to_f64() / n).sum::<f64>();
    let deviations = || values.iter().map(|x| x.to_f64() - mean);
    let largest = deviations().fold(0.0, |m: f64, x| m.max(x.abs()));
    if largest == 0.0 {
        return 0.0;
    }
    (deviations().map(|x| (x / largest).powi(2)).sum::<f64>() / n).sqrt() * largest
}

/// The mean of the two in the middle, where they are two.
fn median(values: &mut [f64]) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    0.5 * (values[(values.len() - 1) / 2] + values[values.len() / 2])
}

/// Of equally frequent values the first.
fn most_frequent<F: Float>(values: impl Iterator<Item = F> + Clone) -> F {
    let count = |value: F| values.clone().filter(|&other| other == value).count();
    // The last of the greatest, so from the end.
    let all: Vec<_> = values.clone().collect();
    all.into_iter().rev().max_by_key(|&value| count(value)).expect("at least one neighbour")
}
