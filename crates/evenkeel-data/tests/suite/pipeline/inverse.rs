//! A pipeline's inverse gives back what went in, or names the step that cannot.

use evenkeel_data::encode::{DropLevel, Frequency, OneHot, Ordinal, Target, TargetMean, Unseen, UnseenOrdinal};
use evenkeel_data::feature::{Bins, Cyclic, DatePart, Dates, Elementwise, Polynomial, Splines};
use evenkeel_data::impute::{Impute, ImputeCategories};
use evenkeel_data::pipeline::{Columns, Criterion, Pipeline, Step};
use evenkeel_data::scale::{MaxAbs, MinMax, Power, Quantile, Robust, RowNorm, Standard, Whiten};
use evenkeel_data::select::VarianceAbove;
use evenkeel_data::table::{Categorical, Column, Kind, Table, Values};
use evenkeel_data::{DataError, Seed, TableError, Tensor};
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
        Column::numeric("visits", (0..rows).map(|i| (i * i % 7) as f64).collect()),
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
    assert_within(back, table, 1e-8);
}

#[track_caller]
fn assert_within(back: &Table, table: &Table, tolerance: f64) {
    for column in back.columns() {
        let was = table.column(column.name()).unwrap();
        match (column.values(), was.values()) {
            (Values::Categorical(x), Values::Categorical(y)) => {
                assert!((0..y.len()).all(|row| x.get(row) == y.get(row)), "{}", column.name());
            }
            _ => {
                for (x, y) in column.numbers().unwrap().iter().zip(was.numbers().unwrap()) {
                    let is_close = (x - y).abs() < tolerance * (1.0 + y.abs()) || (x.is_nan() && y.is_nan());
                    assert!(is_close, "{}: {x} {y}", column.name());
                }
            }
        }
    }
}

fn invertible() -> Pipeline {
    Pipeline::new()
        .step("dose", Elementwise::Log1p)
        // With zeros, which rounding makes -1e-16 on the way back.
        .step("visits", Elementwise::Sqrt)
        .step("pulse", Power::yeo_johnson())
        .step("age", Impute::mean().with_indicators())
        .step("town", Ordinal::default())
        .step("ward", ImputeCategories::level("none").with_indicators())
        .step(["ward", "smokes"], OneHot::default().drop_level(DropLevel::IfBinary))
        .step(["age", "dose", "pulse"], Robust::default())
        .step(["age", "dose", "pulse"], Whiten::zca())
        .step("plain", Quantile::default())
        .step("dose", MaxAbs)
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
        let (fitted, y) = invertible().fit_transform::<f32>(&table, Target::None).unwrap();
        assert_within(&fitted.inverse(&y).unwrap(), &table, 1e-4);
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
            .drop(["ward", "smokes", "age", "town", "visits"])
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
        let lossy = Pipeline::new().drop(["ward", "smokes", "age", "visits"]).step("town", step);
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
    assert!(matches!(fitted.inverse_of(&["plain"], &y), Err(DataError::Table(TableError::UnknownColumn { .. }))));
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
    let missing = |back: Table| back.columns().iter().map(Column::missing).sum::<usize>();
    assert_eq!(missing(inverse([3.0, f64::NAN, 0.5, f64::NAN]).unwrap()), 2);
    let refused = |row: [f64; 4], by: &str, name: &str| {
        let error = inverse(row).unwrap_err();
        let is_right = matches!(&error, DataError::Table(TableError::Cell { operation, row: 0, column, .. }) if *operation == by && **column == *name);
        assert!(is_right, "{error}");
    };
    for infinite in [f64::INFINITY, f64::NEG_INFINITY] {
        refused([infinite, 0.0, 1.0, 0.0], "Pipeline", "dose");
        refused([1.0, infinite, 1.0, 0.0], "Pipeline", "town");
        refused([1.0, 0.0, 1.0, infinite], "Pipeline", "smokes=yes");
    }
    refused([1e200, 0.0, 1.0, 0.0], "Elementwise", "dose");
    let error = fitted.inverse_of(&[""; 0], &Tensor::<f64>::zeros([1, 4])).unwrap_err().to_string();
    let expected =
        "FittedPipeline::inverse_of: expected at least one column to keep, got none; name at least one of the inputs";
    assert_eq!(error, expected);
    assert!(matches!(
        fitted.inverse(&Tensor::<f64>::zeros([2, 3])),
        Err(DataError::Table(TableError::Columns { expected: 4, got: 3, .. }))
    ));
    assert!(matches!(fitted.inverse(&Tensor::<f64>::zeros([4])), Err(DataError::Shape(_))));
    assert!(fitted.inverse_of(&["dose", "dose"], &Tensor::<f64>::zeros([1, 4])).is_err());
    assert!(matches!(
        fitted.inverse_of(&["smokes=no"], &Tensor::<f64>::zeros([1, 4])),
        Err(DataError::Table(TableError::UnknownColumn { .. }))
    ));
    assert_eq!(fitted.inverse(&Tensor::<f32>::zeros([0, 4])).unwrap().rows(), 0);
}

/// Finite numbers beyond what a step makes are its nearest end, or missing beyond an asymptote.
#[test]
fn numbers_beyond_a_range() {
    let table = Table::new(vec![
        Column::numeric("root", vec![0.0, 4.0, 9.0]),
        Column::numeric("share", vec![10.0, 20.0, 40.0]),
        Column::numeric("power", vec![1.0, 10.0, 80.0]),
        Column::categorical("town", Categorical::from_values(["x", "y", "z"].map(Some))),
        Column::numeric("plain", vec![1.0, 2.0, 3.0]),
    ])
    .unwrap();
    let pipeline = Pipeline::new()
        .step("root", Elementwise::Sqrt)
        .step("share", Quantile::default())
        .step("power", Power::box_cox())
        .step("town", Ordinal::default());
    let fitted = pipeline.fit(&table, Target::None).unwrap();
    let back = |x: [f64; 5]| fitted.inverse(&Tensor::from([x])).unwrap();
    let number = |back: &Table, name: &str| back.column(name).unwrap().numbers().unwrap()[0];
    let low = back([-0.5, -1.0, 0.0, -0.6, -7.0]);
    assert_eq!(["root", "share", "plain"].map(|name| number(&low, name)), [0.0, 10.0, -7.0]);
    assert_eq!(low.column("town").unwrap().categories().unwrap().get(0), Some("x"));
    for town in [2.6, 3.0, 1e30] {
        let high = back([1.0, 2.0, 0.0, town, 0.0]);
        assert_eq!(number(&high, "share"), 40.0);
        assert_eq!(high.column("town").unwrap().categories().unwrap().get(0), Some("z"));
    }
    // One side of a power other than 0 has an asymptote.
    let ends = [-1e6, 1e6].map(|power| number(&back([1.0, 0.5, power, 0.0, 0.0]), "power").is_nan());
    assert_eq!(ends.into_iter().filter(|is_missing| *is_missing).count(), 1);
    let error = fitted.inverse(&Tensor::from([[1.0, 0.5, 0.0, 0.0, f64::INFINITY]])).unwrap_err();
    assert!(
        matches!(&error, DataError::Table(TableError::Cell { operation: "Pipeline", column, .. }) if &**column == "plain"),
        "{error}"
    );
}

/// The number for unseen levels comes back as missing, and a position as its level, whatever rounding there is between.
#[test]
fn unseen_levels_through_rounding() {
    let towns = |levels: usize, unseen: bool| {
        let names = (0..levels).map(|i| Some(format!("{i}"))).chain(unseen.then(|| Some("elsewhere".into())));
        Table::new(vec![Column::categorical("town", Categorical::from_values(names))]).unwrap()
    };
    for (value, levels) in [(-999.9, 3), (1e10, 3), (0.5, 1000), (-1.0, 1000)] {
        let ordinal = Ordinal::default().unseen(UnseenOrdinal::Value(value));
        let plain = Pipeline::new().step("town", ordinal);
        for pipeline in [plain.clone(), plain.step("town", Standard::default())] {
            let fitted = pipeline.fit(&towns(levels, false), Target::None).unwrap();
            let new = towns(levels, true);
            let back = fitted.inverse(&fitted.transform::<f32>(&new).unwrap()).unwrap();
            let back = back.column("town").unwrap().categories().unwrap();
            for row in 0..levels {
                assert_eq!(back.get(row), Some(row.to_string().as_str()), "{value}");
            }
            assert_eq!(back.get(levels), None, "{value}");
        }
    }
}

/// Which rows a one-hot code has no 1 in, and what they come back as.
#[test]
fn codes_of_all_zeros() {
    let table = |levels: &[Option<&str>]| {
        Table::new(vec![Column::categorical("town", Categorical::from_values(levels.iter().copied()))]).unwrap()
    };
    let back = |encoder: OneHot, row: &[f64]| {
        let fitted =
            Pipeline::new().step("town", encoder).fit(&table(&["x", "y", "z"].map(Some)), Target::None).unwrap();
        let back = fitted.inverse(&Tensor::from_vec([1, row.len()], row.to_vec()).unwrap()).unwrap();
        back.column("town").unwrap().categories().unwrap().get(0).map(String::from)
    };
    let (one_hot, ignoring) = (OneHot::default(), OneHot::default().unseen(Unseen::Ignore));
    assert_eq!(back(one_hot, &[0.4, 0.35, 0.25]).as_deref(), Some("x"));
    assert_eq!(back(one_hot, &[0.2, 0.4, 0.4]).as_deref(), Some("y"));
    assert_eq!(back(ignoring, &[0.4, 0.35, 0.25]), None);
    assert_eq!(back(ignoring, &[0.4, 0.35, 0.55]).as_deref(), Some("z"));
    assert_eq!(back(one_hot.drop_level(DropLevel::First), &[0.3, 0.4]).as_deref(), Some("x"));

    // Unseen and missing levels come back as the dropped one.
    let fitted = Pipeline::new()
        .step("town", ignoring.drop_level(DropLevel::First))
        .fit(&table(&["x", "y", "z"].map(Some)), Target::None)
        .unwrap();
    let new = table(&[Some("elsewhere"), None, Some("y")]);
    let back = fitted.inverse(&fitted.transform::<f32>(&new).unwrap()).unwrap();
    let back = back.column("town").unwrap().categories().unwrap();
    assert_eq!([0, 1, 2].map(|row| back.get(row)), [Some("x"), Some("x"), Some("y")]);
}

/// A zero whose root was scaled is -1e-16 or so after the scaling is undone.
#[test]
fn zeros_through_a_root() {
    let pipeline = Pipeline::new().step("dose", Elementwise::Sqrt).step("dose", Standard::default());
    for rows in 30..100 {
        let doses = (0..rows).map(|i| f64::from(i * i % 7) * 0.37).collect();
        let table = Table::new(vec![Column::numeric("dose", doses)]).unwrap();
        let (fitted, y) = pipeline.fit_transform::<f64>(&table, Target::None).unwrap();
        assert_close(&fitted.inverse(&y).unwrap(), &table);
        let (fitted, y) = pipeline.fit_transform::<f32>(&table, Target::None).unwrap();
        assert_within(&fitted.inverse(&y).unwrap(), &table, 1e-5);
    }
}
