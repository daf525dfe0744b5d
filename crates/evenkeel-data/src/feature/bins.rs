//! Intervals in place of numbers.

use evenkeel_tensor::{Float, Tensor};

use super::edges::{Spacing, k_means, points};
use super::rows::{MOST_COLUMNS, check_width, map_rows};
use crate::fit::{Degenerate, check_columns, check_input, filled_matrix};
use crate::scale::for_each_column;
use crate::{DataError, Fit, Transform};

const NAME: &str = "Bins";

/// Each column to the number of the interval that its value lies in: 0, 1, 2, ..., or, [`one_hot`](Self::one_hot), to a column
/// of 0 and 1 for each interval.
///
/// | edges | |
/// |---|---|
/// | [`uniform`](Self::uniform) | at equal distances between the extremes |
/// | [`quantile`](Self::quantile) | with equally many values between them |
/// | [`k_means`](Self::k_means) | in the middle between the centres of groups of values, found from uniform bins |
/// | [`at`](Self::at) | given, the same for each column |
///
/// - **An interval** holds its lower edge and not its upper one. The first and the last have no other end: new data beyond the
///   extremes belong to them.
/// - **Fewer bins** than asked for arise where edges coincide, since many values are equal. Constant columns have one bin.
/// - **Missing values** stay missing, in all columns that are made of theirs.
/// - **Names**: the column's, or `age [20, 30)` for each bin.
///
/// As scikit-learn's `KBinsDiscretizer` (with `quantile_method="linear"`, `subsample=None`), which merges quantile bins
/// narrower than 1e-8 too.
///
/// ```
/// use evenkeel_data::{Fit, Tensor, Transform, feature::Bins};
///
/// let ages = Tensor::from([[12.0], [30.0], [64.0], [90.0]]);
/// let bins = Bins::at([18.0, 65.0]).one_hot().fit(&ages)?;
/// assert_eq!(bins.transform(&Tensor::from([[18.0], [99.0]]))?, Tensor::from([[0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]));
/// assert_eq!(Transform::<f64>::names(&bins, &["age".into()])?, ["age (-inf, 18)", "age [18, 65)", "age [65, inf)"]);
/// assert_eq!(Bins::quantile(2).fit(&ages)?.edges(), [[47.0]]);
/// # Ok::<(), evenkeel_data::DataError>(())
/// ```
///
/// # Errors
/// The fit refuses fewer than 2 bins or more than 2²⁰, edges that are not finite and rising, and columns whose extremes are
/// farther apart than `f64` holds.
#[derive(Clone, Debug, PartialEq)]
pub struct Bins {
    by: Edges,
    one_hot: bool,
}

#[derive(Clone, Debug, PartialEq)]
enum Edges {
    Spaced(Spacing, usize),
    Groups(usize),
    Given(Vec<f64>),
}

impl Bins {
    /// So many bins of equal width.
    pub fn uniform(bins: usize) -> Self {
        Self { by: Edges::Spaced(Spacing::Uniform, bins), one_hot: false }
    }

    /// So many bins of equally many values.
    pub fn quantile(bins: usize) -> Self {
        Self { by: Edges::Spaced(Spacing::Quantile, bins), one_hot: false }
    }

    /// So many bins, each around the mean of its values.
    pub fn k_means(bins: usize) -> Self {
        Self { by: Edges::Groups(bins), one_hot: false }
    }

    /// These edges between the bins: one bin more than edges.
    pub fn at(edges: impl Into<Vec<f64>>) -> Self {
        Self { by: Edges::Given(edges.into()), one_hot: false }
    }

    /// A column for each bin.
    #[must_use]
    pub fn one_hot(self) -> Self {
        Self { one_hot: true, ..self }
    }

    fn check(&self) -> Result<(), DataError> {
        let refuse = |expected, got| Err(DataError::Setting { operation: NAME, expected, got });
        match &self.by {
            Edges::Spaced(_, bins) | Edges::Groups(bins) if !(2..=MOST_COLUMNS).contains(bins) => {
                refuse("2 to 1048576 bins", *bins as f64)
            }
            Edges::Given(edges) => {
                if let Some(&got) = edges.iter().find(|edge| !edge.is_finite()) {
                    return refuse("finite edges", got);
                }
                match edges.windows(2).find(|pair| pair[0] >= pair[1]) {
                    Some(pair) => refuse("edges that rise", pair[1]),
                    None => Ok(()),
                }
            }
            _ => Ok(()),
        }
    }

    /// The edges between the bins of each column, and the columns that have no need of any.
    fn edges<F: Float>(&self, x: &Tensor<F>) -> Result<(Vec<Vec<f64>>, Degenerate), DataError> {
        let columns = x.shape()[1];
        let (spacing, count) = match self.by {
            Edges::Given(ref edges) => return Ok((vec![edges.clone(); columns], Degenerate::default())),
            Edges::Spaced(spacing, bins) => (spacing, bins + 1),
            Edges::Groups(_) => (Spacing::Uniform, 2),
        };
        let mut edges = points(NAME, x, count, spacing)?;
        let mut degenerate = Degenerate::default();
        for (column, edges) in edges.iter_mut().enumerate() {
            edges.dedup();
            match edges.len() {
                0 => degenerate.missing.push(column),
                1 => degenerate.constant.push(column),
                _ => {}
            }
            // The extremes are no edges between bins.
            edges.pop();
            edges.drain(..edges.len().min(1));
        }
        if let Edges::Groups(bins) = self.by {
            edges = for_each_column(x.as_slice(), columns, |x| x, |values| k_means(values, bins));
        }
        Ok((edges, degenerate))
    }
}

impl<F: Float> Fit<F> for Bins {
    type Fitted = FittedBins;

    fn fit(&self, x: &Tensor<F>) -> Result<FittedBins, DataError> {
        self.check()?;
        filled_matrix(NAME, x)?;
        check_input(NAME, None, x)?;
        let (edges, degenerate) = self.edges(x)?;
        let fitted = FittedBins { edges, one_hot: self.one_hot, degenerate };
        check_width(NAME, fitted.width() as f64)?;
        Ok(fitted)
    }
}

/// The edges of each column, as [`Bins`] has learnt them.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct FittedBins {
    edges: Vec<Vec<f64>>,
    one_hot: bool,
    degenerate: Degenerate,
}

impl FittedBins {
    /// The edges between the bins of each column: one fewer than bins.
    pub fn edges(&self) -> &[Vec<f64>] {
        &self.edges
    }

    fn width(&self) -> usize {
        if self.one_hot { self.edges.iter().map(|edges| edges.len() + 1).sum() } else { self.edges.len() }
    }
}

impl<F: Float> Transform<F> for FittedBins {
    fn operation(&self) -> &'static str {
        NAME
    }

    fn columns(&self) -> Option<usize> {
        Some(self.edges.len())
    }

    fn transform_in_place(&self, x: &mut Tensor<F>) -> Result<(), DataError> {
        check_input(NAME, Some(self.edges.len()), x)?;
        *x = map_rows(
            NAME,
            x,
            self.width(),
            #[inline(always)]
            |row, out| {
                let mut first = 0;
                for (edges, x) in self.edges.iter().zip(row) {
                    let width = if self.one_hot { edges.len() + 1 } else { 1 };
                    let out = &mut out[first..first + width];
                    first += width;
                    let bin = edges.partition_point(|&edge| edge <= x.to_f64());
                    if x.is_nan() {
                        out.fill(F::NAN);
                    } else if self.one_hot {
                        out[bin] = F::ONE;
                    } else {
                        out[0] = F::from_usize(bin);
                    }
                }
            },
        )?;
        Ok(())
    }

    fn names(&self, names: &[String]) -> Result<Vec<String>, DataError> {
        check_columns(NAME, Some(self.edges.len()), names.len())?;
        if !self.one_hot {
            return Ok(names.to_vec());
        }
        let of_column = |(name, edges): (&String, &Vec<f64>)| -> Vec<String> {
            let edge = |i: usize| edges.get(i).map_or("inf)".to_owned(), |edge| format!("{edge})"));
            let from = |i: usize| if i == 0 { "(-inf".to_owned() } else { format!("[{}", edges[i - 1]) };
            (0..=edges.len()).map(|i| format!("{name} {}, {}", from(i), edge(i))).collect()
        };
        Ok(names.iter().zip(&self.edges).flat_map(of_column).collect())
    }

    fn degenerate(&self) -> Option<&Degenerate> {
        Some(&self.degenerate)
    }
}
