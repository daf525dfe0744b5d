//! A few patients among many, in a table whose columns differ in scale, in shape, and in whether they matter.

use evenkeel_tensor::Seed;
use rand::RngExt;
use rand::rngs::ChaCha8Rng;

use super::gaussian;
use crate::order::shuffle;
use crate::table::{Categorical, Column, Table};
use crate::{DataError, TableError};

/// What a column of [`Patients`] says about who is ill.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Effect {
    /// Nothing: it has the same law for the ill and the healthy.
    None,
    /// The mean of the ill lies so many standard deviations off, for a log-normal column those of its logarithm. So many are also the
    /// log-odds that one standard deviation adds: it is the coefficient of the column.
    Shift(f64),
    /// The standard deviation of the ill is so many times that of the healthy, around the same mean: low and high values are both
    /// suspect, and no difference of means shows it.
    Spread(f64),
    /// The categories have other shares among the ill.
    Shares,
    /// It is a noisy repetition of this column: related to the illness, but of no use beside it.
    Repeats(&'static str),
}

/// How the values of the healthy lie.
#[derive(Clone, Copy)]
enum Law {
    Normal {
        mean: f64,
        deviation: f64,
    },
    /// The logarithm is normal, with the deviation `spread`.
    LogNormal {
        median: f64,
        spread: f64,
    },
    /// Whole numbers from `low` to below `high`.
    Uniform {
        low: f64,
        high: f64,
    },
    /// Those of [`CONTACT`], by their positions there.
    Categories,
}

#[derive(Clone, Copy)]
struct Feature {
    name: &'static str,
    law: Law,
    effect: Effect,
    /// The share of values that are missing, at random.
    missing: f64,
}

const FEATURES: [Feature; 17] = [
    feature("enzyme", log_normal(2e-3, 0.8), Effect::Shift(1.6)),
    feature("enzyme_repeat", log_normal(2.0, 0.8), Effect::Repeats("enzyme")),
    feature("clearance", normal(0.08, 0.02), Effect::Shift(-1.2)).missing(0.05),
    feature("pressure", normal(125.0, 15.0), Effect::Shift(1.0)),
    feature("cells", log_normal(6e4, 0.5), Effect::Shift(1.4)),
    feature("temperature", normal(36.8, 0.4), Effect::Spread(2.5)),
    feature("contact", Law::Categories, Effect::Shares).missing(0.03),
    feature("age", Law::Uniform { low: 18.0, high: 91.0 }, Effect::None),
    feature("height", normal(171.0, 9.0), Effect::None),
    feature("weight", log_normal(72.0, 0.2), Effect::None),
    feature("sodium", normal(140.0, 3.0), Effect::None),
    feature("glucose", log_normal(5.2, 0.2), Effect::None).missing(0.08),
    feature("acidity", normal(7.4, 0.03), Effect::None),
    feature("copper", log_normal(1.1e-3, 0.6), Effect::None),
    feature("income", log_normal(3.5e4, 0.7), Effect::None),
    feature("platelets", normal(2.5e5, 6e4), Effect::None),
    feature("day", Law::Uniform { low: 1.0, high: 366.0 }, Effect::None),
];

/// The categories of `contact`, with their shares among the healthy and among the ill.
const CONTACT: [(&str, [f64; 2]); 3] = [("none", [0.7, 0.3]), ("some", [0.22, 0.3]), ("daily", [0.08, 0.4])];

/// How far a repeated measurement lies from the first, in standard deviations of that.
const REPEAT_NOISE: f64 = 0.5;

/// A table of patients of whom few are ill, drawn from a law that is known: columns whose scales differ by powers of ten, of which some
/// matter and others do not.
///
/// | column | among the healthy | among the ill | missing |
/// |---|---|---|---:|
/// | `enzyme` | log-normal around 0.002, deviation of the logarithm 0.8 | 1.6 deviations higher | |
/// | `enzyme_repeat` | the enzyme in another unit, around 2, with half a deviation of noise | the same | |
/// | `clearance` | normal, 0.08 ± 0.02 | 1.2 deviations lower | 5 % |
/// | `pressure` | normal, 125 ± 15 | 1 deviation higher | |
/// | `cells` | log-normal around 60 000, deviation of the logarithm 0.5 | 1.4 deviations higher | |
/// | `temperature` | normal, 36.8 ± 0.4 | 2.5 times the deviation, around the same mean | |
/// | `contact` | `none` 70 %, `some` 22 %, `daily` 8 % | 30 %, 30 %, 40 % | 3 % |
/// | `age`, `height`, `weight`, `sodium`, `glucose`, `acidity`, `copper`, `income`, `platelets`, `day` | around 0.001 to 250 000, some log-normal | the same | `glucose` 8 % |
/// | `ill` | `no` | `yes` | |
///
/// Given whether a patient is ill, columns are independent of each other (but for `enzyme_repeat`) and of what is missing. So the log-odds
/// of being ill are a sum over columns, linear in what is shifted and quadratic in the temperature: [`log_odds`](Self::log_odds). No
/// model ranks patients better. In a population with 18 ill among 1 520, the default, their area under the precision-recall curve
/// (average precision) is 0.76.
///
/// Numbers have four digits. A table is a function of the numbers of patients and the seed.
///
/// ```
/// use evenkeel_data::Seed;
/// use evenkeel_data::metrics::Ranking;
/// use evenkeel_data::synthetic::Patients;
///
/// let patients = Patients::default();
/// let table = patients.draw(Seed(7))?;
/// assert_eq!((table.rows(), table.names().len()), (1520, 18));
///
/// let (ill, _) = table.classes("ill")?;
/// let best = Ranking::new(&ill, &patients.log_odds(&table)?)?;
/// assert_eq!(best.positives(), 18.0);
/// assert!(best.average_precision() > 0.5);                         // chance gives 0.012
/// # Ok::<(), evenkeel_data::DataError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patients {
    ill: usize,
    healthy: usize,
}

/// 18 ill, 1 502 healthy.
impl Default for Patients {
    fn default() -> Self {
        Self { ill: 18, healthy: 1502 }
    }
}

impl Patients {
    /// So many patients that are ill, and so many that are not.
    pub fn new(ill: usize, healthy: usize) -> Self {
        Self { ill, healthy }
    }

    /// What each column but `ill` says, in the order of the table.
    pub fn effects() -> impl Iterator<Item = (&'static str, Effect)> {
        FEATURES.iter().map(|feature| (feature.name, feature.effect))
    }

    /// The table, its patients in random order.
    ///
    /// # Errors
    /// If nobody is ill, or everybody.
    pub fn draw(&self, seed: Seed) -> Result<Table, DataError> {
        self.check("Patients::draw")?;
        let stream = seed.stream("patients");
        let mut order: Vec<usize> = (0..self.ill + self.healthy).collect();
        shuffle(&mut order, stream.stream("order"));
        let is_ill: Vec<bool> = order.iter().map(|&i| i < self.ill).collect();

        let mut drawn: Vec<Vec<f64>> = Vec::with_capacity(FEATURES.len());
        for feature in &FEATURES {
            let mut rng = stream.stream(feature.name).rng();
            let first = feature.repeated();
            let value = |(row, &is_ill): (usize, &bool)| {
                let first = first.map(|at| FEATURES[at].standardized(drawn[at][row]));
                let value = feature.draw(is_ill, first, &mut rng);
                if rng.random::<f64>() < feature.missing { f64::NAN } else { value }
            };
            let values = is_ill.iter().enumerate().map(value).collect();
            drawn.push(values);
        }

        let columns = FEATURES.iter().zip(drawn).map(|(feature, values)| match feature.law {
            Law::Categories => {
                let level = |&at: &f64| (!at.is_nan()).then(|| CONTACT[at as usize].0);
                Column::categorical(feature.name, Categorical::from_values(values.iter().map(level)))
            }
            _ => Column::numeric(feature.name, values),
        });
        let ill = is_ill.iter().map(|&is_ill| Some(if is_ill { "yes" } else { "no" }));
        let ill = Column::categorical("ill", Categorical::from_values(ill));
        Table::new(columns.chain([ill]).collect())
    }

    /// The true log-odds of being ill of each patient of a table with these columns, in any order and of any draw: ln(ill / healthy), and
    /// for each column the logarithm of how much more often its value comes among the ill. A missing value says nothing.
    ///
    /// # Errors
    /// If nobody is ill, or everybody; or a column is not there or of another kind, or has an unknown category or, where numbers
    /// are log-normal, one that is not above 0.
    pub fn log_odds(&self, table: &Table) -> Result<Vec<f64>, DataError> {
        self.check("Patients::log_odds")?;
        let mut odds = vec![(self.ill as f64 / self.healthy as f64).ln(); table.rows()];
        for feature in &FEATURES {
            let column = table.column(feature.name)?;
            let values = match feature.law {
                Law::Categories => positions(column)?,
                Law::LogNormal { .. } => positive(column)?,
                _ => column.numbers()?.to_vec(),
            };
            odds.iter_mut().zip(values).for_each(|(odds, value)| *odds += feature.log_likelihood_ratio(value));
        }
        Ok(odds)
    }

    fn check(&self, operation: &'static str) -> Result<(), DataError> {
        if self.ill > 0 && self.healthy > 0 {
            return Ok(());
        }
        Err(DataError::Empty { operation, cure: "take at least one patient who is ill and one who is not" })
    }
}

const fn feature(name: &'static str, law: Law, effect: Effect) -> Feature {
    Feature { name, law, effect, missing: 0.0 }
}

const fn normal(mean: f64, deviation: f64) -> Law {
    Law::Normal { mean, deviation }
}

const fn log_normal(median: f64, spread: f64) -> Law {
    Law::LogNormal { median, spread }
}

impl Feature {
    const fn missing(self, missing: f64) -> Self {
        Self { missing, ..self }
    }

    /// The position of the feature that this one repeats.
    fn repeated(&self) -> Option<usize> {
        match self.effect {
            Effect::Repeats(first) => FEATURES.iter().position(|feature| feature.name == first),
            _ => None,
        }
    }

    /// A value of a patient; `first` is what the patient has in the column that this one repeats, [standardized](Self::standardized).
    fn draw(&self, is_ill: bool, first: Option<f64>, rng: &mut ChaCha8Rng) -> f64 {
        let [z, noise] = gaussian(rng);
        let z = match (self.effect, first) {
            (_, Some(first)) => first + REPEAT_NOISE * noise,
            (Effect::Shift(shift), _) if is_ill => z + shift,
            (Effect::Spread(spread), _) if is_ill => z * spread,
            _ => z,
        };
        match self.law {
            Law::Normal { mean, deviation } => four_digits(mean + deviation * z),
            Law::LogNormal { median, spread } => four_digits(median * (spread * z).exp()),
            Law::Uniform { low, high } => (low + (high - low) * rng.random::<f64>()).floor(),
            Law::Categories => {
                let mut left = rng.random::<f64>();
                let is_it = |(_, shares): &(&str, [f64; 2])| {
                    left -= shares[usize::from(is_ill)];
                    left < 0.0
                };
                CONTACT.iter().position(is_it).unwrap_or(CONTACT.len() - 1) as f64
            }
        }
    }

    /// How many deviations a number lies above the mean of the healthy.
    fn standardized(&self, value: f64) -> f64 {
        match self.law {
            Law::Normal { mean, deviation } => (value - mean) / deviation,
            Law::LogNormal { median, spread } => (value / median).ln() / spread,
            Law::Uniform { .. } | Law::Categories => 0.0,
        }
    }

    /// ln(p(value | ill) / p(value | healthy)).
    fn log_likelihood_ratio(&self, value: f64) -> f64 {
        if value.is_nan() {
            return 0.0;
        }
        let z = self.standardized(value);
        match self.effect {
            Effect::None | Effect::Repeats(_) => 0.0,
            Effect::Shift(shift) => shift * (z - 0.5 * shift),
            Effect::Spread(spread) => 0.5 * z * z * (1.0 - 1.0 / (spread * spread)) - spread.ln(),
            Effect::Shares => {
                let [healthy, ill] = CONTACT[value as usize].1;
                (ill / healthy).ln()
            }
        }
    }
}

/// The positions in [`CONTACT`] of a column's categories, NaN where one is missing.
fn positions(column: &Column) -> Result<Vec<f64>, DataError> {
    let categories = column.categories()?;
    let position = |row| {
        let Some(level) = categories.get(row) else { return Ok(f64::NAN) };
        let at = CONTACT.iter().position(|(name, _)| *name == level);
        at.map(|at| at as f64).ok_or_else(|| {
            DataError::Table(TableError::Cell {
                operation: "Patients::log_odds",
                row,
                column: column.name().into(),
                expected: "one of none, some, daily",
                got: format!("{level:?}"),
                cure: "give a table that Patients::draw has drawn",
            })
        })
    };
    (0..categories.len()).map(position).collect()
}

/// The numbers of a column of which logarithms are taken.
fn positive(column: &Column) -> Result<Vec<f64>, DataError> {
    let numbers = column.numbers()?;
    match numbers.iter().position(|&number| number <= 0.0) {
        None => Ok(numbers.to_vec()),
        Some(row) => Err(DataError::Table(TableError::Cell {
            operation: "Patients::log_odds",
            row,
            column: column.name().into(),
            expected: "a number above 0",
            got: numbers[row].to_string(),
            cure: "give a table that Patients::draw has drawn",
        })),
    }
}

/// As a laboratory reports it. It also leaves out the last bits, in which mathematical libraries differ.
fn four_digits(value: f64) -> f64 {
    format!("{value:.3e}").parse().expect("a number as it was written")
}

#[cfg(test)]
mod tests;
