//! The tables follow their law, and the odds are right.

use super::*;
use crate::metrics::Ranking;

fn ill(table: &Table) -> Vec<u32> {
    table.classes("ill").unwrap().0
}

/// Pins what a seed gives: a change here changes every user's results.
#[test]
fn value_stability() {
    let table = Patients::default().draw(Seed(7)).unwrap();
    let first = |name: &str| table.column(name).unwrap().numbers().unwrap()[0];
    assert_eq!(["enzyme", "enzyme_repeat", "cells", "day"].map(first), [2.966e-4, 0.276, 98140.0, 164.0]);
    let sum = |name: &str| table.column(name).unwrap().numbers().unwrap().iter().sum::<f64>();
    assert_eq!((sum("platelets"), ill(&table).iter().position(|&ill| ill == 1)), (380_642_240.0, Some(116)));
    assert_ne!(table, Patients::default().draw(Seed(8)).unwrap());
}

/// Five deviations of a count of k with the share q are 5 sqrt(n q (1 - q)).
#[test]
fn there_are_as_many_as_asked_for_and_some_values_are_missing() {
    let table = Patients::default().draw(Seed(1)).unwrap();
    assert_eq!((table.rows(), ill(&table).iter().sum::<u32>()), (1520, 18));
    for feature in &FEATURES {
        let (missing, n, q) = (table.column(feature.name).unwrap().missing() as f64, 1520.0, feature.missing);
        assert!((missing - n * q).abs() <= 5.0 * f64::sqrt(n * q * (1.0 - q)), "{}: {missing}", feature.name);
    }
    // In random order: the mean place of 18 has the deviation 1520 / sqrt(12 * 18) = 103.
    let places = ill(&table).iter().zip(0..).filter(|(ill, _)| **ill == 1).map(|(_, at)| f64::from(at)).sum::<f64>();
    assert!((places / 18.0 - 759.5).abs() < 5.0 * 103.0);
}

/// Of n = 20 000 in each group a standardised mean has the deviation s / sqrt(n) = 0.0071 s and a deviation s / sqrt(2n) = 0.005 s;
/// five of each are allowed, and 0.01 for four digits, to which temperatures of 36.8 ± 0.4 are rounded, 0.025 deviations apart.
#[test]
fn columns_have_the_stated_laws() {
    let table = Patients::new(20_000, 20_000).draw(Seed(2)).unwrap();
    let labels = ill(&table);
    for feature in FEATURES.iter().filter(|feature| matches!(feature.law, Law::Normal { .. } | Law::LogNormal { .. })) {
        let values = table.column(feature.name).unwrap().numbers().unwrap();
        for group in [0, 1] {
            let of_group = values.iter().zip(&labels).filter(|(x, label)| !x.is_nan() && **label == group);
            let z: Vec<f64> = of_group.map(|(&x, _)| feature.standardized(x)).collect();
            let n = z.len() as f64;
            let mean = z.iter().sum::<f64>() / n;
            let deviation = (z.iter().map(|z| (z - mean).powi(2)).sum::<f64>() / n).sqrt();
            let first = FEATURES[feature.repeated().unwrap_or(0)].effect;
            let (shift, spread) = match (feature.effect, group) {
                (Effect::Shift(shift), 1) => (shift, 1.0),
                (Effect::Spread(spread), 1) => (0.0, spread),
                (Effect::Repeats(_), _) => {
                    let Effect::Shift(shift) = first else { panic!("what is repeated is shifted") };
                    (f64::from(group) * shift, f64::hypot(1.0, REPEAT_NOISE))
                }
                _ => (0.0, 1.0),
            };
            let name = feature.name;
            assert!((mean - shift).abs() < 0.036 * spread + 0.01, "{name} of {group}: mean {mean}, expected {shift}");
            assert!((deviation / spread - 1.0).abs() < 0.035, "{name} of {group}: deviation {deviation}");
        }
    }
}

/// The log-odds are right if among those with a probability near p a share p is ill. A sum of (ill - p) over patients who are ill with
/// their probabilities p has the variance Σ p (1 - p).
#[test]
fn log_odds_are_those_of_the_law() {
    let patients = Patients::new(10_000, 30_000);
    let table = patients.draw(Seed(3)).unwrap();
    let mut scored: Vec<(f64, u32)> = patients.log_odds(&table).unwrap().into_iter().zip(ill(&table)).collect();
    scored.sort_by(|a, b| a.0.total_cmp(&b.0));
    for tenth in scored.chunks(4000) {
        let p = tenth.iter().map(|(odds, _)| 1.0 / (1.0 + (-odds).exp()));
        let (sum, variance) = p.fold((0.0, 0.0), |(sum, variance), p| (sum + p, variance + p * (1.0 - p)));
        let ill = tenth.iter().map(|(_, ill)| f64::from(*ill)).sum::<f64>();
        // Rounded temperatures change the odds by less than a hundredth.
        assert!((ill - sum).abs() < 5.0 * variance.sqrt() + 0.01 * sum + 1.0, "{ill} ill, {sum} expected");
    }
    assert!(scored[35_999].0 > 2.0 && scored[4000].0 < -4.0);
}

/// The average precision of 18 ill has a deviation of 0.083, measured on 200 draws; of 720, of 0.013. Five of those.
#[test]
fn the_best_average_precision_is_as_stated() {
    let patients = Patients::new(720, 60_080);
    let table = patients.draw(Seed(4)).unwrap();
    let best = Ranking::new(&ill(&table), &patients.log_odds(&table).unwrap()).unwrap().average_precision();
    assert!((best - 0.757).abs() < 0.066, "{best}");
}

#[test]
fn odds_follow_the_names_and_what_is_unknown_is_refused() {
    let patients = Patients::default();
    let table = patients.draw(Seed(5)).unwrap();
    let odds = patients.log_odds(&table).unwrap();
    let mut names = table.names();
    names.reverse();
    assert_eq!(patients.log_odds(&table.select(&names).unwrap()).unwrap(), odds);
    assert_eq!(patients.log_odds(&table.subset(&[9, 3]).unwrap()).unwrap(), [odds[9], odds[3]]);
    let prior = Patients::new(1, 1).log_odds(&table).unwrap();
    assert!(odds.iter().zip(prior).all(|(odds, even)| (even - odds - f64::ln(1502.0 / 18.0)).abs() < 1e-12));

    assert!(matches!(
        patients.log_odds(&table.drop(&["cells"]).unwrap()),
        Err(DataError::Table(TableError::UnknownColumn { .. }))
    ));
    let levels = Categorical::from_values((0..1520).map(|i| Some(if i == 5 { "weekly" } else { "none" })));
    let other = table.with_column(Column::categorical("contact", levels)).unwrap();
    let error = patients.log_odds(&other).unwrap_err().to_string();
    assert!(error.contains("row 5") && error.contains("weekly"), "{error}");
    for nobody in [Patients::new(0, 10), Patients::new(10, 0)] {
        assert!(matches!(nobody.draw(Seed(0)), Err(DataError::Empty { .. })));
        assert!(nobody.log_odds(&other).is_err());
    }
    assert_eq!(Patients::new(1, 1).draw(Seed(0)).unwrap().rows(), 2);
}

#[test]
fn an_enzyme_is_above_zero() {
    let patients = Patients::new(3, 7);
    let table = patients.draw(Seed(7)).unwrap();
    for wrong in [0.0, -1.0] {
        let mut numbers = table.column("enzyme").unwrap().numbers().unwrap().to_vec();
        numbers[4] = wrong;
        let error =
            patients.log_odds(&table.clone().with_column(Column::numeric("enzyme", numbers)).unwrap()).unwrap_err();
        assert!(
            matches!(&error, DataError::Table(TableError::Cell { row: 4, column, .. }) if &**column == "enzyme"),
            "{error}"
        );
    }
}
