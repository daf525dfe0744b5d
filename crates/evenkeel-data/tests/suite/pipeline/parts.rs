//! Pipelines fitted to data in parts are those of all rows at once.

use evenkeel_data::encode::{Frequency, OneHot, Ordinal, Target, TargetMean};
use evenkeel_data::feature::{Bins, Cyclic, DatePart, Dates, Elementwise, Polynomial, Splines};
use evenkeel_data::impute::{Impute, ImputeCategories};
use evenkeel_data::pipeline::{Columns, Criterion, Pipeline, Step};
use evenkeel_data::scale::{MaxAbs, MinMax, Power, Quantile, Robust, RowNorm, Standard, Whiten};
use evenkeel_data::select::VarianceAbove;
use evenkeel_data::table::{Categorical, Column, Csv, Kind, Table};
use evenkeel_data::{DataError, FileError, Seed, TableError};
use proptest::prelude::*;

/// Numbers with holes, levels that come in some parts only, moments, and a target.
fn patients(rows: usize) -> Table {
    let number = |k: f64| (0..rows).map(|i| (i as f64 * k).sin()).collect::<Vec<f64>>();
    let levels = |f: &dyn Fn(usize) -> Option<String>| Categorical::from_values((0..rows).map(f));
    // Levels in the order of numbers, and one that is none.
    let ward = |k: usize| if k == 0 { "eleven".to_owned() } else { (11 - k).to_string() };
    let age = number(1.3).into_iter().enumerate().map(|(i, x)| if i % 7 == 3 { f64::NAN } else { 50.0 + 20.0 * x });
    Table::new(vec![
        Column::numeric("age", age.collect()),
        Column::numeric("dose", number(2.9).into_iter().map(|x| 1e-6 * (1.0 + x)).collect()),
        Column::numeric("hour", number(0.7).into_iter().map(|x| 12.0 * (1.0 + x)).collect()),
        Column::categorical("ward", levels(&|i| (i % 5 > 0).then(|| ward(i * i % 11)))),
        Column::categorical("doctor", levels(&|i| Some(format!("dr {}", i / 9)))),
        Column::categorical("town", levels(&|i| Some(["x", "y", "z"][i * 7 % 3].into()))),
        Column::date_time("visit", (0..rows).map(|i| 1.7e9 + 40_000.0 * i as f64).collect()),
        Column::numeric("ill", (0..rows).map(|i| f64::from(u8::from(i % 4 == 0))).collect()),
    ])
    .unwrap()
}

/// The rows between cuts; parts may be empty.
fn parts(table: &Table, cuts: &[usize]) -> Vec<Table> {
    let mut ends: Vec<usize> = cuts.iter().map(|cut| cut % (table.rows() + 1)).chain([table.rows()]).collect();
    ends.sort_unstable();
    let starts = std::iter::once(0).chain(ends.clone());
    starts.zip(&ends).map(|(start, &end)| table.subset(&Vec::from_iter(start..end)).unwrap()).collect()
}

/// Steps that count, compare, or learn nothing.
fn exact() -> Pipeline {
    Pipeline::new()
        .drop("town")
        .step("visit", Dates::of([DatePart::Month, DatePart::Days]).cyclic([DatePart::Weekday]))
        .step("hour", Cyclic::period(24.0))
        .step("dose", Elementwise::Log1p)
        .step("dose", MaxAbs)
        .step("age", Impute::constant(40.0).with_indicators())
        .step(["age", "dose"], Polynomial::degree(2))
        .step(Columns::from(Kind::Numeric).except(["age_missing"]), MinMax::default())
        .step("ward", ImputeCategories::most_frequent().with_indicators())
        .step("ward", OneHot::default().min_share(0.08))
        .step("doctor", Frequency)
        .step(Columns::all(), RowNorm::default())
}

/// Steps that sum.
fn rounded() -> Pipeline {
    Pipeline::new()
        .drop(["town", "visit", "doctor"])
        .step("ward", Ordinal::default())
        .step(Kind::Numeric, Impute::mean().with_indicators())
        .step(["age", "dose", "hour"], Standard::default())
        .step(["age", "dose", "hour"], Whiten::zca())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn parts_are_as_good_as_the_whole(rows in 20usize..120, cuts in prop::collection::vec(any::<usize>(), 0..6)) {
        let table = patients(rows);
        let parts = parts(&table, &cuts);
        let open = || Ok(parts.iter().cloned().map(Ok));
        let target = Target::ClassColumn("ill");

        let whole = exact().fit(&table, target).unwrap();
        prop_assert_eq!(&exact().fit_chunks(Target::ClassColumn("ill"), open).unwrap(), &whole);

        let (whole, x) = rounded().fit_transform::<f64>(&table, target).unwrap();
        let merged = rounded().fit_chunks(Target::ClassColumn("ill"), open).unwrap();
        prop_assert_eq!(merged.names(), whole.names());
        let y = merged.transform::<f64>(&table).unwrap();
        for (x, y) in x.as_slice().iter().zip(y.as_slice()) {
            prop_assert!((x - y).abs() < 1e-9 * (1.0 + x.abs()), "{} {}", x, y);
        }
    }
}

#[test]
fn a_file_in_chunks() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("patients.csv");
    Csv::new().write(&path, &patients(100)).unwrap();
    let table = Csv::new().read(&path).unwrap();
    let whole = exact().fit(&table, Target::ClassColumn("ill")).unwrap();
    for csv in [Csv::new(), Csv::new().schema(&Csv::new().infer(&path).unwrap())] {
        for rows in [1, 7, 100, 1000] {
            assert_eq!(
                exact().fit_chunks(Target::ClassColumn("ill"), || csv.chunks(&path, rows)).unwrap(),
                whole,
                "{rows}"
            );
        }
    }
    assert!(matches!(
        exact().fit_chunks(Target::None, || Csv::new().chunks(folder.path().join("none.csv"), 7)),
        Err(DataError::File(FileError::Io { .. }))
    ));
}

/// One short pass, and one for each step that learns.
#[test]
fn passes() {
    let table = patients(30);
    let mut passes = 0;
    let fitted = exact().fit_chunks(Target::ClassColumn("ill"), || {
        passes += 1;
        Ok([Ok(table.clone())])
    });
    fitted.unwrap();
    // MaxAbs, Impute, MinMax, ImputeCategories, OneHot, Frequency.
    assert_eq!(passes, 1 + 6);
}

#[test]
fn steps_that_need_all_rows_are_named() {
    let table = patients(30);
    let numbers: [(&str, Step); 9] = [
        ("Robust", Robust::default().into()),
        ("Quantile", Quantile::default().into()),
        ("Power", Power::yeo_johnson().into()),
        ("Impute", Impute::median().into()),
        ("Impute", Impute::most_frequent().into()),
        ("Bins", Bins::uniform(4).into()),
        ("Splines", Splines::default().into()),
        ("VarianceAbove", VarianceAbove::default().into()),
        ("Select", Criterion::Variance.top(1).into()),
    ];
    let levels = [("TargetMean", Step::from(TargetMean::new(Seed(7))))];
    let cases = numbers.map(|case| ("dose", case)).into_iter().chain(levels.map(|case| ("ward", case)));
    for (column, (name, step)) in cases {
        let pipeline = Pipeline::new().step("dose", Standard::default()).step(column, step);
        let error = pipeline.fit_chunks(Target::ClassColumn("ill"), || Ok([Ok(table.clone())])).unwrap_err();
        assert!(matches!(error, DataError::NoPartialFit { operation, .. } if operation == name), "{error}");
        assert!(error.to_string().starts_with(&format!("{name}: expected a statistic that merges")), "{error}");
    }
}

#[test]
fn parts_that_cannot_be() {
    let table = patients(30);
    let scaled = || Pipeline::new().step("dose", Standard::default()).drop(Columns::all().except(["dose"]));
    let given = |target, parts: &[Table]| {
        scaled().fit_chunks(target, || Ok(parts.iter().cloned().map(Ok).collect::<Vec<_>>())).unwrap_err()
    };
    assert!(matches!(given(Target::None, &[]), DataError::Empty { .. }));
    assert!(matches!(given(Target::None, &[table.subset(&[]).unwrap()]), DataError::Empty { .. }));
    assert!(matches!(
        given(Target::ValueColumn("sick"), std::slice::from_ref(&table)),
        DataError::Table(TableError::UnknownColumn { .. })
    ));
    let renamed = table.drop(&["dose"]).unwrap().with_column(Column::numeric("dosis", vec![1.0; 30])).unwrap();
    let error = given(Target::None, &[table.clone(), renamed]).to_string();
    let expected = "Pipeline: column \"dose\": expected the same columns in all parts, such as this one of part 0, \
                    got none of this name in part 1; give all parts the same columns";
    assert_eq!(error, expected);
    let mut infinite = vec![1.0; 30];
    infinite[4] = f64::INFINITY;
    let infinite = table.clone().with_column(Column::numeric("dose", infinite)).unwrap();
    assert!(matches!(
        given(Target::None, &[table.clone(), infinite]),
        DataError::Table(TableError::Cell { row: 34, column, .. }) if *column == *"dose"
    ));
    // A level that the given order does not have.
    let pipeline = Pipeline::new().step("town", Ordinal::default().with_order("town", ["x", "y"]));
    let error = pipeline.fit_chunks(Target::None, || Ok([Ok(table.clone())])).unwrap_err();
    assert!(matches!(&error, DataError::Table(TableError::Cell { column, .. }) if &**column == "town"), "{error}");
    // An error of the source, at once or within.
    let broken = || DataError::Empty { operation: "source", cure: "mend it" };
    let error = scaled().fit_chunks(Target::None, || Err::<Vec<_>, _>(broken())).unwrap_err();
    assert!(matches!(error, DataError::Empty { operation: "source", .. }));
    let error = scaled().fit_chunks(Target::None, || Ok([Ok(table.clone()), Err(broken())])).unwrap_err();
    assert!(matches!(error, DataError::Empty { operation: "source", .. }));
}

/// Columns that come in some parts only are refused, in whichever order the parts are, and with the part's number.
#[test]
fn parts_of_other_columns() {
    let table = patients(30);
    let more = table.clone().with_column(Column::numeric("late", vec![1.0; 30])).unwrap();
    let none = table.subset(&[]).unwrap();
    let pipeline = Pipeline::new().drop(["ward", "doctor", "town", "visit"]).step(Kind::Numeric, Impute::mean());
    for (parts, with, without) in
        [([none.clone(), table.clone(), more.clone()], 2, 1), ([more.clone(), none.clone(), table.clone()], 0, 2)]
    {
        let error = pipeline.fit_chunks(Target::None, || Ok(parts.clone().map(Ok))).unwrap_err().to_string();
        assert!(error.contains(&format!(
            "column \"late\": expected the same columns in all parts, such as this one of part {with}"
        )));
        assert!(error.contains(&format!("got none of this name in part {without}")), "{error}");
    }
    let coded = table.clone().with_column(Column::numeric("ward", vec![1.0; 30])).unwrap();
    for (parts, was, is) in [([&table, &coded], "categorical", "numeric"), ([&coded, &table], "numeric", "categorical")]
    {
        let error =
            pipeline.fit_chunks(Target::None, || Ok(parts.map(|part| Ok(part.clone())))).unwrap_err().to_string();
        let expected = format!(
            "Pipeline: column \"ward\": expected a {was} column, as in part 0, got a {is} one in part 1; \
             declare the column's kind where it is read"
        );
        assert_eq!(error, expected);
    }
}

/// A column's kind is that of the first part in which it has a value; without one in any it is as it was read.
#[test]
fn columns_without_values_in_some_parts() {
    let table = patients(40);
    let parts = parts(&table, &[10, 30]);
    let pipeline = Pipeline::new()
        .drop(["dose", "hour", "doctor", "town", "visit", "ill"])
        .step("age", Impute::mean())
        .step("ward", OneHot::default());
    // As a reader infers it.
    let empty =
        |part: &Table, name| part.clone().with_column(Column::numeric(name, vec![f64::NAN; part.rows()])).unwrap();
    let no_ward = [empty(&parts[0], "ward"), parts[1].clone(), empty(&parts[2], "ward")];
    let missing = Categorical::from_values((0..40).map(|row| {
        let ward = table.column("ward").unwrap().categories().unwrap();
        (10..30).contains(&row).then(|| ward.get(row)).flatten()
    }));
    let whole = table.clone().with_column(Column::categorical("ward", missing)).unwrap();
    let expected = pipeline.fit(&whole, Target::None).unwrap();
    for order in [[0, 1, 2], [2, 0, 1], [1, 2, 0]] {
        let fitted = pipeline.fit_chunks(Target::None, || Ok(order.map(|at| Ok(no_ward[at].clone())))).unwrap();
        assert_eq!(fitted.names(), expected.names());
        let (x, y) = (fitted.transform::<f32>(&whole).unwrap(), expected.transform::<f32>(&whole).unwrap());
        assert!((x - &y).norm() < 1e-4);
    }
    // Nowhere a value.
    let imputed = Pipeline::new().drop(Columns::all().except(["age", "dose"])).step("age", Impute::mean());
    let parts: Vec<Table> = parts.iter().map(|part| empty(part, "age")).collect();
    let fitted = imputed.fit_chunks(Target::None, || Ok(parts.iter().cloned().map(Ok))).unwrap();
    assert_eq!(fitted, imputed.fit(&empty(&table, "age"), Target::None).unwrap());
    assert_eq!(fitted.names(), ["dose"]);
}

/// What a step that learns nothing is fitted to does not depend on which part comes first.
#[test]
fn values_that_no_step_learns_from() {
    let part = |dose| Ok(Table::new(vec![Column::numeric("dose", vec![dose; 3])]).unwrap());
    let logs = Pipeline::new().step("dose", Elementwise::Log1p);
    for doses in [[1.0, -2.0], [-2.0, 1.0]] {
        assert_eq!(logs.fit_chunks(Target::None, || Ok(doses.map(part))).unwrap().names(), ["dose"]);
    }
    // One that learns meets them, in rows of all parts.
    let scaled = logs.step("dose", Standard::default());
    for (doses, at) in [([1.0, -2.0], 3), ([-2.0, 1.0], 0)] {
        let error = scaled.fit_chunks(Target::None, || Ok(doses.map(part))).unwrap_err();
        assert!(
            matches!(error, DataError::Table(TableError::Cell { operation: "Elementwise", row, .. }) if row == at),
            "{error}"
        );
    }
}

#[test]
fn parts_that_come_only_once() {
    let table = patients(30);
    let pipeline = Pipeline::new().step("dose", Standard::default()).drop(Columns::all().except(["dose"]));
    let mut parts = vec![Ok(table.clone())].into_iter();
    let error = pipeline.fit_chunks(Target::None, || Ok(parts.by_ref().collect::<Vec<_>>())).unwrap_err().to_string();
    assert!(
        error.starts_with("Pipeline: ") && error.ends_with("`open` must begin the parts anew each time"),
        "{error}"
    );

    for target in [Target::Classes(&[0; 30]), Target::Values(&[0.0; 30])] {
        let error = pipeline.fit_chunks(target, || Ok([Ok(table.clone())])).unwrap_err();
        assert!(matches!(error, DataError::TargetsBeside { targets: 30, .. }), "{error}");
    }
}
