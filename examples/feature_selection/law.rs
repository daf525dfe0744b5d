//! A table of which it is known what matters.

use evenkeel::data::scale::Standard;
use evenkeel::data::{DataError, Fit, Transform};
use evenkeel::prelude::*;
use evenkeel::tensor::random;
use evenkeel_examples::Failure;
use rand::RngExt;
use rand::seq::SliceRandom;

/// A column of the table.
#[derive(Clone, Debug)]
pub(crate) struct Column {
    pub(crate) name: String,
    /// The relevant feature that it tells of, itself or that of which it is a copy; none: it is irrelevant.
    pub(crate) feature: Option<usize>,
}

/// The relevant features: two linear ones, a symmetric one, and a pair.
pub(crate) const RELEVANT: usize = 5;

/// Rows drawn from the law.
pub(crate) struct Draw {
    /// In an order of the seed's own, so that no method finds a column by its place.
    pub(crate) columns: Vec<Column>,
    /// (rows, columns), as they are.
    pub(crate) x: Tensor<f64>,
    /// The same of mean 0 and variance 1.
    pub(crate) z: Tensor<f64>,
    pub(crate) labels: Vec<u32>,
}

/// So many rows: five relevant columns, three copies, and twelve irrelevant ones, of units from 0.01 to 10 000.
///
/// The logit of class 1 is `1.5 a + 1.5 b + 2.5 (|s| - 0.8) + 2 sign(p q)` for standard Gaussian numbers a, b, s, p and q.
pub(crate) fn draw(rows: usize, seed: Seed) -> Result<Draw, Failure> {
    let gaussian = |name: &str| {
        let mut values = vec![0.0f64; rows];
        random::normal(&mut values, 0.0, 1.0, seed.stream(name));
        values
    };
    let [a, b, s, p, q] = ["a", "b", "s", "p", "q"].map(gaussian);
    let mut rng = seed.stream("labels").rng();
    let label = |i: usize| {
        let logit = 1.5 * a[i] + 1.5 * b[i] + 2.5 * (s[i].abs() - 0.8) + 2.0 * (p[i] * q[i]).signum();
        u32::from(rng.random::<f64>() < 1.0 / (1.0 + (-logit).exp()))
    };
    let labels: Vec<u32> = (0..rows).map(label).collect();

    let copy = |of: &[f64], name: &str, noise: f64| -> Vec<f64> {
        of.iter().zip(gaussian(name)).map(|(x, e)| x + noise * e).collect()
    };
    let mut all: Vec<(Column, Vec<f64>)> = Vec::new();
    let mut add = |name: &str, feature: Option<usize>, unit: f64, values: Vec<f64>| {
        let values = values.into_iter().map(|x| unit * x).collect();
        all.push((Column { name: name.to_owned(), feature }, values));
    };
    add("copy of a", Some(0), 50.0, copy(&a, "first copy", 0.1));
    add("rough copy of a", Some(0), 0.1, copy(&a, "second copy", 0.3));
    add("rough copy of b", Some(1), 1.0, copy(&b, "third copy", 0.3));
    add("a", Some(0), 1.0, a);
    add("b", Some(1), 1000.0, b);
    add("s", Some(2), 1.0, s);
    add("p", Some(3), 10.0, p);
    add("q", Some(4), 1.0, q);
    for (i, unit) in [0.01, 1.0, 100.0, 10_000.0].into_iter().enumerate() {
        let noise = gaussian(&format!("noise {i}"));
        add(&format!("Gaussian {unit}"), None, unit, noise);
        let mut rng = seed.stream("other noise").at(i as u64).rng();
        let skewed = (0..rows).map(|_| -(1.0 - rng.random::<f64>()).ln()).collect();
        add(&format!("exponential {unit}"), None, unit, skewed);
        let coins = (0..rows).map(|_| f64::from(u8::from(rng.random::<f64>() < 0.5))).collect();
        add(&format!("coin {unit}"), None, unit, coins);
    }
    all.shuffle(&mut seed.stream("places").rng());

    let (columns, values): (Vec<Column>, Vec<Vec<f64>>) = all.into_iter().unzip();
    let x = Tensor::from_fn([rows, columns.len()], |i| values[i % columns.len()][i / columns.len()]);
    let z = standardized(&x)?;
    Ok(Draw { columns, x, z, labels })
}

fn standardized(x: &Tensor<f64>) -> Result<Tensor<f64>, DataError> {
    Standard::default().fit(x)?.transform(x)
}

/// How well a ranking of the columns finds what matters.
#[derive(Clone, Debug)]
pub(crate) struct Found {
    /// The share of the relevant features that is among as many columns, itself or a copy.
    pub(crate) recall: f64,
    /// The share of these columns that is relevant or a copy.
    pub(crate) precision: f64,
    /// The probability that a relevant feature (the better of itself and its copies) stands before an irrelevant column.
    pub(crate) auc: f64,
    /// Whether each relevant feature is there.
    pub(crate) features: [bool; RELEVANT],
    /// How many columns tell what a column before them told.
    pub(crate) repeats: usize,
}

impl Found {
    /// Of a ranking of all columns, the best first.
    pub(crate) fn of(columns: &[Column], ranking: &[usize]) -> Self {
        let mut features = [false; RELEVANT];
        let (mut repeats, mut relevant) = (0, 0);
        for feature in ranking[..RELEVANT].iter().filter_map(|&column| columns[column].feature) {
            relevant += 1;
            repeats += usize::from(std::mem::replace(&mut features[feature], true));
        }
        let place = |is: &dyn Fn(&Column) -> bool| ranking.iter().position(|&column| is(&columns[column]));
        let best: Vec<usize> = (0..RELEVANT).filter_map(|feature| place(&|c| c.feature == Some(feature))).collect();
        let irrelevant: Vec<usize> =
            (0..ranking.len()).filter(|&place| columns[ranking[place]].feature.is_none()).collect();
        let before: usize = best.iter().map(|best| irrelevant.iter().filter(|place| best < *place).count()).sum();
        Self {
            recall: features.iter().filter(|found| **found).count() as f64 / RELEVANT as f64,
            precision: relevant as f64 / RELEVANT as f64,
            auc: before as f64 / (best.len() * irrelevant.len()) as f64,
            features,
            repeats,
        }
    }
}
