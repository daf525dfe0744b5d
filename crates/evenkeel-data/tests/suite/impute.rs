//! Missing values filled in: laws, and data as they should not be.

use evenkeel_data::impute::{Impute, ImputeCategories};
use evenkeel_data::table::{Categorical, Column, Table};
use evenkeel_data::{DataError, Fit, PartialFit, TableError, Tensor, Transform};
use proptest::prelude::*;

const NAN: f64 = f64::NAN;

fn every() -> [Impute; 4] {
    [Impute::mean(), Impute::median(), Impute::most_frequent(), Impute::constant(-1.0)]
}

/// Columns beside different offsets, a fifth of the values missing.
fn holes(rows: usize, columns: usize) -> Tensor<f64> {
    Tensor::from_fn([rows, columns], |i| {
        let x = (i as f64 * 12.9898).sin();
        if x.abs() < 0.2 { NAN } else { 1e6 * (i % columns) as f64 + (8.0 * x).round() }
    })
}

fn names(columns: usize) -> Vec<String> {
    (0..columns).map(|j| format!("c{j}")).collect()
}

proptest! {
    #[test]
    fn values_stay_and_holes_are_filled(rows in 1usize..60, columns in 1usize..6) {
        let x = holes(rows, columns);
        for impute in every() {
            let fitted = impute.with_indicators().keeping_empty(7.0).fit(&x).unwrap();
            let y = fitted.transform(&x).unwrap();
            let indicators = fitted.indicators();
            prop_assert_eq!(y.shape(), [rows, columns + indicators.len()].into());
            prop_assert_eq!(Transform::<f64>::names(&fitted, &names(columns)).unwrap().len(), y.shape()[1]);
            for row in 0..rows {
                for column in 0..columns {
                    let (before, after) = (x.get(&[row, column]), y.get(&[row, column]));
                    if before.is_nan() {
                        prop_assert_eq!(after, fitted.values()[column].unwrap());
                    } else {
                        prop_assert_eq!(after.to_bits(), before.to_bits());
                    }
                }
                for (at, &column) in indicators.iter().enumerate() {
                    let missing = f64::from(u8::from(x.get(&[row, column]).is_nan()));
                    prop_assert_eq!(y.get(&[row, columns + at]), missing);
                }
            }
        }
    }

    #[test]
    fn means_of_batches_are_those_of_all(rows in 2usize..200, cut in 0usize..200) {
        let (x, cut) = (holes(rows, 3), cut.min(rows));
        let settings = Impute::mean().with_indicators().keeping_empty(0.0);
        let part = |from: usize, to: usize| x.view().slice(0, from..to).to_tensor();
        let [mut first, mut second] = [(); 2].map(|()| PartialFit::<f64>::start(&settings, 3).unwrap());
        settings.observe(&mut first, &part(0, cut)).unwrap();
        settings.observe(&mut second, &part(cut, rows)).unwrap();
        PartialFit::<f64>::merge(&settings, &mut first, &second).unwrap();
        let (merged, whole) = (PartialFit::<f64>::finish(&settings, &first).unwrap(), settings.fit(&x).unwrap());
        prop_assert_eq!(merged.indicators(), whole.indicators());
        // Means of values around 2e6 are known to 200 additions there.
        for (a, b) in merged.values().into_iter().zip(whole.values()) {
            prop_assert!((a.unwrap() - b.unwrap()).abs() <= 200.0 * 2e6 * f64::EPSILON);
        }
    }
}

#[test]
fn statistics_are_what_they_are_called() {
    let x = Tensor::from([[1.0, 5.0], [2.0, 0.0], [NAN, -0.0], [9.0, 5.0], [4.0, NAN]]);
    let fill = |impute: Impute| impute.fit(&x).unwrap().values();
    assert_eq!(fill(Impute::mean()), [Some(4.0), Some(2.5)]);
    assert_eq!(fill(Impute::median()), [Some(3.0), Some(2.5)]);
    // Of equally frequent values the smallest; -0 is 0.
    assert_eq!(fill(Impute::most_frequent()), [Some(1.0), Some(0.0)]);
    assert_eq!(fill(Impute::constant(8.0)), [Some(8.0), Some(8.0)]);
}

#[test]
fn columns_without_values_are_left_out_or_kept() {
    let x = Tensor::from([[1.0, NAN, NAN], [3.0, NAN, 2.0]]);
    for impute in every() {
        let fitted = impute.with_indicators().fit(&x).unwrap();
        assert_eq!(Transform::<f64>::degenerate(&fitted).unwrap().missing, [1]);
        assert_eq!((fitted.values()[1], fitted.indicators()), (None, vec![2]));
        assert_eq!(Transform::<f64>::names(&fitted, &names(3)).unwrap(), ["c0", "c2", "c2_missing"]);
        assert_eq!(fitted.transform(&Tensor::from([[0.0, 5.0, 2.0]])).unwrap().as_slice(), [0.0, 2.0, 0.0]);
        let kept = impute.keeping_empty(0.5).fit(&x).unwrap();
        assert_eq!(kept.transform(&x).unwrap().as_slice()[..2], [1.0, 0.5]);
        assert_eq!(Transform::<f64>::degenerate(&kept).unwrap().missing, [1]);
    }
    let all = Impute::mean().fit(&Tensor::from([[NAN]])).unwrap();
    assert_eq!(all.transform(&Tensor::from([[1.0], [NAN]])).unwrap().shape(), [2, 0].into());
}

#[test]
fn data_as_they_should_not_be() {
    for impute in every() {
        assert!(matches!(impute.fit(&Tensor::<f64>::zeros([0, 2])), Err(DataError::Empty { .. })));
        assert!(matches!(impute.fit(&Tensor::<f64>::zeros([2])), Err(DataError::Shape(_))));
        let infinite = Tensor::from([[1.0, 2.0], [1.0, f64::INFINITY]]);
        assert!(matches!(impute.fit(&infinite), Err(DataError::Table(TableError::Value { row: 1, column: 1, .. }))));
        let fitted = impute.fit(&Tensor::from([[1.0, 1e30], [1.0, 1e30]])).unwrap();
        assert!(matches!(
            fitted.transform(&infinite),
            Err(DataError::Table(TableError::Value { row: 1, column: 1, .. }))
        ));
        assert!(matches!(
            fitted.transform(&Tensor::<f64>::zeros([1, 3])),
            Err(DataError::Table(TableError::Columns { .. }))
        ));
        assert_eq!(fitted.transform(&Tensor::<f64>::zeros([0, 2])).unwrap().shape(), [0, 2].into());
    }
    for bad in [NAN, f64::INFINITY] {
        assert!(matches!(Impute::constant(bad).fit(&holes(3, 1)), Err(DataError::Setting { .. })));
        assert!(matches!(Impute::mean().keeping_empty(bad).fit(&holes(3, 1)), Err(DataError::Setting { .. })));
        assert!(matches!(Impute::median().keeping_empty(bad).fit(&holes(3, 1)), Err(DataError::Setting { .. })));
    }
    // What an f64 holds and an f32 does not.
    assert!(Impute::constant(1e300).fit(&holes(3, 1)).is_ok());
    assert!(Impute::constant(1e300).fit(&holes(3, 1).cast::<f32>()).is_err());
    let double = Impute::constant(1e300).fit(&holes(3, 1)).unwrap();
    assert!(matches!(double.transform(&Tensor::from([[f32::NAN]])), Err(DataError::Setting { .. })));
    for (impute, what) in [(Impute::median(), "the median"), (Impute::most_frequent(), "the most frequent value")] {
        let error = PartialFit::<f64>::start(&impute, 2).unwrap_err().to_string();
        assert!(
            error.starts_with("Impute: expected a statistic that merges over batches, got ") && error.contains(what)
        );
    }
}

fn levels(values: &[Option<&str>]) -> Table {
    Table::new(vec![Column::categorical("ward", Categorical::from_values(values.iter().copied()))]).unwrap()
}

fn read(table: &Table) -> Vec<Option<&str>> {
    let x = table.column("ward").unwrap().categories().unwrap();
    (0..x.len()).map(|row| x.get(row)).collect()
}

#[test]
fn levels_are_filled_by_the_most_frequent_or_one_of_their_own() {
    let train = levels(&[Some("b"), None, Some("a"), Some("b"), Some("a"), Some("c")]);
    let frequent = ImputeCategories::most_frequent().with_indicators().fit(&train).unwrap();
    // Of equally frequent ones the first.
    assert_eq!(frequent.levels().collect::<Vec<_>>(), [("ward", Some("a"))]);
    let new = levels(&[None, Some("z")]);
    let filled = frequent.transform(&new).unwrap();
    assert_eq!(filled.names(), ["ward", "ward_missing"]);
    assert_eq!(read(&filled), [Some("a"), Some("z")]);
    assert_eq!(filled.column("ward_missing").unwrap().numbers().unwrap(), [1.0, 0.0]);
    let own = ImputeCategories::level("none").fit(&train).unwrap().transform(&new).unwrap();
    assert_eq!(read(&own), [Some("none"), Some("z")]);

    let nothing = levels(&[None, None]);
    let left_out = ImputeCategories::most_frequent().fit(&nothing).unwrap();
    assert_eq!(left_out.levels().collect::<Vec<_>>(), [("ward", None)]);
    assert!(matches!(left_out.transform(&new), Err(DataError::Table(TableError::NoColumnsLeft { .. }))));
    assert_eq!(
        read(&ImputeCategories::level("none").fit(&nothing).unwrap().transform(&nothing).unwrap()),
        [Some("none"); 2]
    );
}

#[test]
fn levels_of_other_tables() {
    let fitted = ImputeCategories::most_frequent().fit(&levels(&[Some("a")])).unwrap();
    let other = Table::new(vec![Column::numeric("Ward", vec![1.0])]).unwrap();
    let error = fitted.transform(&other).unwrap_err().to_string();
    let expected = r#"ImputeCategories: expected a column "ward", as in the fit, got none (the nearest name is "Ward"); rename the column, or fit again"#;
    assert_eq!(error, expected);
    assert!(matches!(ImputeCategories::level("x").fit(&other), Err(DataError::Table(TableError::Column { .. }))));
    assert!(matches!(ImputeCategories::level("x").fit(&levels(&[])), Err(DataError::Empty { .. })));
}
