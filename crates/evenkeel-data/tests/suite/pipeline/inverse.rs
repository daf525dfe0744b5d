//! A pipeline's inverse gives back what went in, or names the step that cannot.

use evenkeel_data::encode::{DropLevel, Frequency, OneHot, Ordinal, Target, TargetMean, Unseen, UnseenOrdinal};
use evenkeel_data::feature::{Bins, Cyclic, DatePart, Dates, Elementwise, Polynomial, Splines};
use evenkeel_data::impute::{Impute, ImputeCategories};
use evenkeel_data::pipeline::{Columns, Criterion, Pipeline, Step};
use evenkeel_data::scale::{MaxAbs, MinMax, Power, Quantile, Robust, RowNorm, Standard, Whiten};
use evenkeel_data::select::VarianceAbove;
use evenkeel_data::table::{Categorical, Column, Kind, Table, Values};
use evenkeel_data::{DataError, Seed, Tensor};
use proptest::prelude::*;

fn patients(rows: usize, phase: f64) -> Table {
    let number = |k: f64| (0..rows).map(|i| (i as f64 * k + phase).sin()).collect::<Vec<f64>>();
    let levels = |f: &dyn Fn(usize) -> Option<&'static str>| Categorical::from_values((0..rows).map(f));
    let holes = |x: Vec<f64>| x.into_iter().enumerate().map(|(i, x)| if i % 6 == 2 { f64::NAN } else { x }).collect();
    Table::new(vec![
        Column::numeric("age", holes(number(1.3).into_iter().map(|x| 50.0 + 20.0 * x).collect())),
        Column::numeric("dose", number(2.9).into_iter().map(|x| 1e3 * (1.1 + x)).collect()),
        Column::numeric("pulse", number(0.7).into_iter().map(|x| 80.0 + 9.0 * x * x * x).collect()),
        Column::numeric("plain", number(0.2)),
        Column::categorical(
            "ward",
            levels(&|i| (i % 5 > 0).then(|| ["1", "11", "b"][if i % 9 == 1 { 2 } else { i % 2 }])),
        ),
        Column::categorical("town", levels(&|i| Some(["x", "y", "z"][i * 7 % 3]))),
        Column::categorical("smokes", levels(&|i| Some(["no", "yes"][usize::from(i % 3 == 0)]))),
    ])
    .unwrap()
}

/// The values, levels by their names.
#[track_caller]
fn assert_close(back: &Table, table: &Table) {
    for column in back.columns() {
        let was = table.column(column.name()).unwrap();
        match (column.values(), was.values()) {
            (Values::Categorical(x), Values::Categorical(y)) => {
                assert!((0..y.len()).all(|row| x.get(row) == y.get(row)), "{}", column.name());
            }
            _ => {
                for (x, y) in column.numbers().unwrap().iter().zip(was.numbers().unwrap()) {
                    let is_close = (x - y).abs() < 1e-8 * (1.0 + y.abs()) || (x.is_nan() && y.is_nan());
                    assert!(is_close, "{}: {x} {y}", column.name());
                }
            }
        }
    }
}

fn invertible() -> Pipeline {
    Pipeline::new()
        .step("dose", Elementwise::Log1p)
        .step("pulse", Power::yeo_johnson())
        .step("age", Impute::mean().with_indicators())
        .step("town", Ordinal::default())
        .step("ward", ImputeCategories::level("none").with_indicators())
        .step(["ward", "smokes"], OneHot::default().drop_level(DropLevel::IfBinary))
        .step(["age", "dose", "pulse"], Robust::default())
        .step(["age", "dose", "pulse"], Whiten::zca())
        .step("plain", Quantile::default())
        .step("dose", MaxAbs::default())
        // Indicators and codes are scaled too.
        .step(Kind::Numeric, Standard::default())
        .step(Kind::Numeric, MinMax::default())
        .step(Columns::all(), VarianceAbove::default())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn transform_and_back(rows in 30usize..90, phase in 0.0..6.0f64) {
        let table = patients(rows, phase);
        let (fitted, y) = invertible().fit_transform::<f64>(&table, Target::None).unwrap();
        let back = fitted.inverse(&y).unwrap();
        prop_assert_eq!(back.names(), table.names());
        assert_close(&back, &table);
        for name in table.names() {
            let one = fitted.inverse_of(&[name], &y).unwrap();
            prop_assert_eq!(one.names(), [name]);
            assert_close(&one, &table);
        }
    }
}

/// A step that cannot be undone matters to the columns that went through it, and is named.
#[test]
fn the_step_without_a_way_back_is_named() {
    let table = patients(40, 0.3);
    let numbers: [(&str, Step); 6] = [
        ("RowNorm", RowNorm::default().into()),
        ("Polynomial", Polynomial::degree(2).into()),
        ("Bins", Bins::uniform(4).into()),
        ("Splines", Splines::default().into()),
        ("Cyclic", Cyclic::period(24.0).into()),
        ("Select", Criterion::Variance.top(1).into()),
    ];
    for (name, step) in numbers {
        // After a scaler that the two columns share, and before another.
        let lossy = Pipeline::new()
            .drop(["ward", "smokes", "age", "town"])
            .step(["plain", "pulse", "dose"], Standard::default())
            .step(["plain", "dose"], step)
            .step(Columns::all(), MinMax::default());
        let (fitted, y) = lossy.fit_transform::<f64>(&table, Target::None).unwrap();
        let error = fitted.inverse(&y).unwrap_err();
        assert!(matches!(error, DataError::NoInverse { operation } if operation == name), "{error}");
        assert_close(&fitted.inverse_of(&["pulse"], &y).unwrap(), &table);
    }
    let encoders: [(&str, Step); 2] =
        [("Frequency", Frequency.into()), ("TargetMean", TargetMean::new(Seed(7)).into())];
    for (name, step) in encoders {
        let lossy = Pipeline::new().drop(["ward", "smokes", "age"]).step("town", step);
        let (fitted, y) = lossy.fit_transform::<f64>(&table, Target::ValueColumn("dose")).unwrap();
        let error = fitted.inverse_of(&["town"], &y).unwrap_err();
        assert!(matches!(error, DataError::NoInverse { operation } if operation == name), "{error}");
        assert_close(&fitted.inverse_of(&["pulse", "plain"], &y).unwrap(), &table);
    }
    let moments = Table::new(vec![Column::date_time("visit", vec![1.7e9, 1.8e9])]).unwrap();
    let dates = Pipeline::new().step("visit", Dates::of([DatePart::Month]));
    let (fitted, y) = dates.fit_transform::<f64>(&moments, Target::None).unwrap();
    assert!(matches!(fitted.inverse(&y), Err(DataError::NoInverse { operation: "Dates" })));
    // A column that was looked at and then dropped, and one that nothing has looked at.
    let dropping =
        Pipeline::new().drop(["ward", "smokes", "town"]).step(["age", "dose"], Impute::mean()).drop(["age", "plain"]);
    let (fitted, y) = dropping.fit_transform::<f64>(&table, Target::None).unwrap();
    assert!(matches!(fitted.inverse(&y), Err(DataError::NoInverse { operation: "Drop" })));
    assert!(matches!(fitted.inverse_of(&["plain"], &y), Err(DataError::UnknownColumn { .. })));
    assert_close(&fitted.inverse_of(&["pulse", "dose"], &y).unwrap(), &table);
    // A column without a value is left out.
    let empty = table.clone().with_column(Column::numeric("age", vec![f64::NAN; 40])).unwrap();
    let imputing = Pipeline::new().drop(["ward", "smokes", "town"]).step("age", Impute::mean());
    let (fitted, y) = imputing.fit_transform::<f64>(&empty, Target::None).unwrap();
    assert!(matches!(fitted.inverse_of(&["age"], &y), Err(DataError::NoInverse { operation: "Impute" })));
}

/// What an imputer without indicators has filled in stays; levels that share numbers are missing.
#[test]
fn what_is_not_kept() {
    let table = patients(40, 0.3);
    let pipeline = Pipeline::new()
        .drop(["dose", "pulse", "plain"])
        .step("age", Impute::constant(7.0))
        .step("ward", OneHot::default().unseen(Unseen::Ignore).min_count(9))
        .step("smokes", OneHot::default().drop_level(DropLevel::First))
        .step("town", Ordinal::default().unseen(UnseenOrdinal::Value(-1.0)));
    let fitted = pipeline.fit(&table, Target::None).unwrap();
    let counts = |name: &str| {
        let x = table.column(name).unwrap().categories().unwrap();
        x.levels().iter().cloned().zip(x.counts()).collect::<Vec<_>>()
    };
    let rare: Vec<String> = counts("ward").into_iter().filter(|(_, n)| *n < 9).map(|(level, _)| level).collect();
    assert!(!rare.is_empty());
    let back = fitted.inverse(&fitted.transform::<f64>(&table).unwrap()).unwrap();
    let (ages, were) =
        (back.column("age").unwrap().numbers().unwrap(), table.column("age").unwrap().numbers().unwrap());
    assert!(ages.iter().zip(were).all(|(x, y)| x == y || (*x == 7.0 && y.is_nan())));
    let (ward, was) = (back.column("ward").unwrap(), table.column("ward").unwrap().categories().unwrap());
    for row in 0..40 {
        let expected = was.get(row).filter(|level| !rare.iter().any(|rare| rare == level));
        assert_eq!(ward.categories().unwrap().get(row), expected);
    }
    assert_close(&back.select(&["town", "smokes"]).unwrap(), &table);

    let unseen = Categorical::from_values(vec![Some("elsewhere"); 40]);
    let new = table.clone().with_column(Column::categorical("town", unseen)).unwrap();
    let back = fitted.inverse_of(&["town"], &fitted.transform::<f64>(&new).unwrap()).unwrap();
    assert_eq!(back.column("town").unwrap().missing(), 40);
}

#[test]
fn matrices_that_cannot_be() {
    let table = patients(40, 0.3).select(&["dose", "town", "smokes"]).unwrap();
    let pipeline = Pipeline::new()
        .step("dose", Elementwise::Sqrt)
        .step("town", Ordinal::default())
        .step("smokes", OneHot::default());
    let fitted = pipeline.fit(&table, Target::None).unwrap();
    assert_eq!(fitted.names(), ["dose", "town", "smokes=no", "smokes=yes"]);
    let inverse = |row: [f64; 4]| fitted.inverse(&Tensor::from([row]));
    let back = inverse([3.0, 1.2, 0.4, 0.6]).unwrap();
    assert_eq!(back.column("dose").unwrap().numbers().unwrap(), [9.0]);
    assert_eq!(back.column("town").unwrap().categories().unwrap().get(0), Some("y"));
    assert_eq!(back.column("smokes").unwrap().categories().unwrap().get(0), Some("yes"));
    assert_eq!(inverse([3.0, f64::NAN, 0.5, 0.5]).unwrap().columns().iter().map(Column::missing).sum::<usize>(), 2);
    for town in [3.0, -1.0, 1e30, -1e30, f64::INFINITY, f64::NEG_INFINITY] {
        let error = inverse([1.0, town, 1.0, 0.0]).unwrap_err();
        assert!(
            matches!(&error, DataError::Cell { operation: "Ordinal", row: 0, column, .. } if column == "town"),
            "{error}"
        );
    }
    let error = inverse([-1.0, 0.0, 1.0, 0.0]).unwrap_err();
    assert!(matches!(&error, DataError::Cell { operation: "Elementwise", column, .. } if column == "dose"), "{error}");
    assert!(matches!(inverse([f64::INFINITY, 0.0, 1.0, 0.0]), Err(DataError::Cell { .. })));
    assert!(matches!(
        fitted.inverse(&Tensor::<f64>::zeros([2, 3])),
        Err(DataError::Columns { expected: 4, got: 3, .. })
    ));
    assert!(matches!(fitted.inverse(&Tensor::<f64>::zeros([4])), Err(DataError::Shape(_))));
    assert!(fitted.inverse_of(&["dose", "dose"], &Tensor::<f64>::zeros([1, 4])).is_err());
    assert!(matches!(
        fitted.inverse_of(&["smokes=no"], &Tensor::<f64>::zeros([1, 4])),
        Err(DataError::UnknownColumn { .. })
    ));
    assert_eq!(fitted.inverse(&Tensor::<f32>::zeros([0, 4])).unwrap().rows(), 0);
}
