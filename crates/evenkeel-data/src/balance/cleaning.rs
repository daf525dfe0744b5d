//! Leaving out rows that are at odds with their neighbours.

use evenkeel_tensor::{Float, Seed, Tensor};

use super::problem::Problem;
use super::{Resample, Resampled};
use crate::DataError;

/// Leaves out rows in Tomek links: I. Tomek 1976, "Two modifications of CNN", IEEE Trans. SMC 6.
///
/// Two rows of different classes are linked if each is the nearest of all other rows to the other. By default the
/// member of the smallest class (of equal ones the first) stays and the other goes; with
/// [`all_classes`](Self::all_classes) both go. Needs no seed; of equally near rows the first counts.
///
/// ```
/// use evenkeel_data::balance::{Resample, TomekLinks};
/// use evenkeel_data::{Seed, Tensor};
///
/// let x = Tensor::from([[0.0f32], [1.0], [2.0], [2.1], [3.5], [4.0]]);
/// let labels = [0, 0, 0, 1, 1, 0];
/// assert_eq!(TomekLinks::new().links(&x, &labels, 2)?, [(2, 3), (4, 5)]);
/// assert_eq!(TomekLinks::new().resample(&x, &labels, 2, Seed(0))?.rows, [0, 1, 3, 4]);
/// # Ok::<(), evenkeel_data::DataError>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct TomekLinks {
    all_classes: bool,
}

impl TomekLinks {
    /// Spares the smallest class.
    pub fn new() -> Self {
        Self::default()
    }

    /// Leaves out both rows of a link.
    #[must_use]
    pub fn all_classes(self) -> Self {
        Self { all_classes: true }
    }

    /// The links, as pairs of rows that rise.
    ///
    /// # Errors
    /// As [`resample`](Resample::resample).
    pub fn links<F: Float>(
        &self,
        x: &Tensor<F>,
        labels: &[u32],
        classes: usize,
    ) -> Result<Vec<(usize, usize)>, DataError> {
        links(&Problem::new("TomekLinks", x, labels, classes)?)
    }
}

fn links<F: Float>(problem: &Problem<'_, F>) -> Result<Vec<(usize, usize)>, DataError> {
    let all: Vec<_> = (0..problem.labels.len()).collect();
    let nearest = problem.neighbours(&all, 1)?;
    let pairs = all.iter().map(|&row| (row, nearest.row(row)[0]));
    let is_link = |&(a, b): &(usize, usize)| a < b && nearest.row(b)[0] == a && problem.labels[a] != problem.labels[b];
    Ok(pairs.filter(is_link).collect())
}

impl<F: Float> Resample<F> for TomekLinks {
    fn resample(&self, x: &Tensor<F>, labels: &[u32], classes: usize, _seed: Seed) -> Result<Resampled<F>, DataError> {
        let problem = Problem::new("TomekLinks", x, labels, classes)?;
        let spared = (!self.all_classes).then(|| problem.smallest());
        let mut stays = vec![true; labels.len()];
        for row in links(&problem)?.into_iter().flat_map(|(a, b)| [a, b]) {
            stays[row] = spared == Some(labels[row] as usize);
        }
        let rows = (0..labels.len()).filter(|&row| stays[row]).collect();
        Ok(Resampled::of_rows(&problem, rows))
    }
}

/// Leaves out rows whose neighbours disagree with their class: D. L. Wilson 1972, "Asymptotic properties of nearest
/// neighbor rules using edited data", IEEE Trans. SMC 2.
///
/// Each row is held against its k = 3 nearest other rows, all at once. By default the smallest class (of equal ones the
/// first) is spared, and all neighbours have to agree, as in imbalanced-learn; Wilson's own rule is [`Agreement::Mode`]
/// over [`all_classes`](Self::all_classes). Needs no seed.
///
/// ```
/// use evenkeel_data::balance::{Agreement, EditedNearestNeighbours, Resample};
/// use evenkeel_data::{Seed, Tensor};
///
/// let x = Tensor::from([[0.0f32], [1.0], [2.0], [3.0], [4.0], [5.0], [6.0]]);
/// let labels = [0, 0, 0, 0, 1, 1, 0];
/// let strict = EditedNearestNeighbours::default().resample(&x, &labels, 2, Seed(0))?;
/// assert_eq!(strict.rows, [0, 1, 2, 4, 5]);
/// let mode = EditedNearestNeighbours::default().agreement(Agreement::Mode).resample(&x, &labels, 2, Seed(0))?;
/// assert_eq!(mode.rows, [0, 1, 2, 3, 4, 5]);
/// # Ok::<(), evenkeel_data::DataError>(())
/// ```
#[derive(Clone, Debug)]
pub struct EditedNearestNeighbours {
    k: usize,
    agreement: Agreement,
    all_classes: bool,
}

/// How many of a row's neighbours have to be of its class for it to stay.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Agreement {
    /// All of them. The default.
    #[default]
    All,
    /// More than of any other class; of equally frequent classes the first counts.
    Mode,
}

impl EditedNearestNeighbours {
    /// With `k` neighbours.
    pub fn new(k: usize) -> Self {
        Self { k, agreement: Agreement::All, all_classes: false }
    }

    /// How many neighbours have to agree. Default: [`Agreement::All`].
    #[must_use]
    pub fn agreement(self, agreement: Agreement) -> Self {
        Self { agreement, ..self }
    }

    /// Does not spare the smallest class.
    #[must_use]
    pub fn all_classes(self) -> Self {
        Self { all_classes: true, ..self }
    }
}

impl Default for EditedNearestNeighbours {
    /// With 3 neighbours.
    fn default() -> Self {
        Self::new(3)
    }
}

impl<F: Float> Resample<F> for EditedNearestNeighbours {
    fn resample(&self, x: &Tensor<F>, labels: &[u32], classes: usize, _seed: Seed) -> Result<Resampled<F>, DataError> {
        let problem = Problem::new("EditedNearestNeighbours", x, labels, classes)?;
        let spared = (!self.all_classes).then(|| problem.smallest());
        let (held, stay): (Vec<_>, Vec<_>) = (0..labels.len()).partition(|&row| spared != Some(labels[row] as usize));
        let nearest = problem.neighbours(&held, self.k)?;
        let mut votes = vec![0usize; classes];
        let mut agrees = |label: u32, nearest: &[usize]| match self.agreement {
            Agreement::All => nearest.iter().all(|&row| labels[row] == label),
            Agreement::Mode => {
                votes.fill(0);
                nearest.iter().for_each(|&row| votes[labels[row] as usize] += 1);
                let most = votes.iter().max().expect("classes");
                votes.iter().position(|count| count == most) == Some(label as usize)
            }
        };
        let kept = held.iter().zip(nearest.rows()).filter(|(row, nearest)| agrees(labels[**row], nearest));
        let mut rows: Vec<_> = kept.map(|(&row, _)| row).chain(stay).collect();
        rows.sort_unstable();
        Ok(Resampled::of_rows(&problem, rows))
    }
}
