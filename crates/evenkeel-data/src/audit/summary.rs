//! What a column holds, in a few numbers.

use crate::scale::{key, quantiles};
use crate::table::{Column, Kind, Values};

/// What a column holds, in a few numbers.
#[derive(Clone, Debug, PartialEq)]
pub struct Summary {
    /// The column's name.
    pub name: String,
    /// What its values are.
    pub kind: Kind,
    /// Rows without a value.
    pub missing: usize,
    /// Rows whose value is infinite; they are left out of the other numbers.
    pub infinite: usize,
    /// Different values.
    pub distinct: usize,
    /// How often the most frequent value comes.
    pub most_frequent: usize,
    /// Of numbers and moments, if there are any.
    pub numbers: Option<Numbers>,
}

/// The distribution of a column's numbers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Numbers {
    /// The smallest.
    pub min: f64,
    /// The three quartiles.
    pub quartiles: [f64; 3],
    /// The largest.
    pub max: f64,
    /// The mean.
    pub mean: f64,
    /// √(Σ (x - mean)² / n).
    pub deviation: f64,
    /// Σ (x - mean)³ / n / deviation³; 0 of a constant.
    pub skewness: f64,
}

impl Summary {
    pub(super) fn of(column: &Column) -> Self {
        let rows = column.len();
        let summary = |missing, infinite, counts: &mut dyn Iterator<Item = usize>, numbers| {
            let (distinct, most_frequent) = counts.fold((0, 0), |(n, most): (usize, usize), c| (n + 1, most.max(c)));
            let (name, kind) = (column.name().to_owned(), column.kind());
            Self { name, kind, missing, infinite, distinct, most_frequent, numbers }
        };
        match column.values() {
            Values::Categorical(levels) => {
                let counts = levels.counts();
                let known: usize = counts.iter().sum();
                summary(rows - known, 0, &mut counts.into_iter().filter(|&count| count > 0), None)
            }
            Values::Numeric(x) | Values::DateTime(x) => {
                let missing = x.iter().filter(|x| x.is_nan()).count();
                let mut keys: Vec<i64> = x.iter().filter(|x| x.is_finite()).map(|&x| key(x)).collect();
                keys.sort_unstable();
                let numbers = Numbers::of(x.iter().copied().filter(|x| x.is_finite()), &mut keys);
                let mut counts = keys.chunk_by(|a, b| a == b).map(<[i64]>::len);
                summary(missing, rows - missing - keys.len(), &mut counts, numbers)
            }
        }
    }

    /// Rows with a finite value, of so many.
    pub(super) fn known(&self, rows: usize) -> usize {
        rows - self.missing - self.infinite
    }
}

impl Numbers {
    /// Of finite values, and the same as keys.
    fn of(x: impl Iterator<Item = f64> + Clone, keys: &mut [i64]) -> Option<Self> {
        let quantiles = quantiles(keys, &[0.0, 0.25, 0.5, 0.75, 1.0]);
        let [min, lower, median, upper, max] = quantiles[..] else { return None };
        let n = keys.len() as f64;
        if min == max {
            return Some(Self { min, quartiles: [min; 3], max, mean: min, deviation: 0.0, skewness: 0.0 });
        }
        // In units of half the range, so that nothing overflows; a range that cannot be halved is the smallest there is.
        let half = 0.5 * max - 0.5 * min;
        let unit = if half > 0.0 { half } else { max - min };
        let middle = 0.5 * max + 0.5 * min;
        let scaled = x.map(|x| (x - middle) / unit);
        let mean = scaled.clone().sum::<f64>() / n;
        let moment = |power: i32| scaled.clone().map(|x| (x - mean).powi(power)).sum::<f64>() / n;
        let (second, third) = (moment(2), moment(3));
        Some(Self {
            min,
            quartiles: [lower, median, upper],
            max,
            mean: middle + mean * unit,
            deviation: second.sqrt() * unit,
            skewness: third / (second * second.sqrt()),
        })
    }
}
