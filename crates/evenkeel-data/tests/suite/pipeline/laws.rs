//! Pipelines: their laws, leakage, and data as they should not be.

use evenkeel_data::encode::{Frequency, OneHot, Ordinal, Target, TargetMean, Unseen};
use evenkeel_data::feature::{Bins, Cyclic, DatePart, Dates, Elementwise, Polynomial, Splines};
use evenkeel_data::impute::{Impute, ImputeCategories};
use evenkeel_data::pipeline::{Columns, Criterion, FittedPipeline, Pipeline};
use evenkeel_data::scale::{MaxAbs, MinMax, Power, Quantile, Robust, RowNorm, Standard, Whiten};
use evenkeel_data::select::{MutualInformation, VarianceAbove};
use evenkeel_data::table::{Categorical, Column, Kind, Table};
use evenkeel_data::{DataError, Seed, TableError, Tensor};
use proptest::prelude::*;

const WARDS: [Option<&str>; 4] = [Some("a"), Some("b"), Some("c"), None];

/// Numbers with holes, levels, moments, and a target; of the rows from `first` on.
fn patients(rows: std::ops::Range<usize>) -> Table {
    let number = |i: usize, k: f64| (i as f64 * k).sin();
    let column = |f: &dyn Fn(usize) -> f64| rows.clone().map(f).collect::<Vec<f64>>();
    let levels = |f: &dyn Fn(usize) -> Option<String>| Categorical::from_values(rows.clone().map(f));
    Table::new(vec![
        Column::numeric("age", column(&|i| if i % 7 == 0 { f64::NAN } else { 50.0 + 20.0 * number(i, 1.3) })),
        Column::numeric("dose", column(&|i| 1e-6 * (1.0 + number(i, 2.9)))),
        Column::categorical("ward", levels(&|i| WARDS[(i + i / 4) % 4].map(String::from))),
        Column::categorical("doctor", levels(&|i| Some(format!("dr {}", i * 13 % 17)))),
        Column::date_time("visit", column(&|i| 1.7e9 + 40_000.0 * i as f64)),
        Column::numeric("id", column(&|i| i as f64)),
        Column::numeric("ill", column(&|i| f64::from(u8::from(number(i, 1.3) + number(i, 7.7) > 0.3)))),
    ])
    .unwrap()
}

fn pipeline() -> Pipeline {
    Pipeline::new()
        .drop("id")
        .step("visit", Dates::of([DatePart::Month, DatePart::Days]).cyclic([DatePart::Weekday, DatePart::Hour]))
        .step("age", Impute::median().with_indicators())
        .step("doctor", TargetMean::new(Seed(7)))
        .step("dose", Elementwise::Log1p)
        .step(["age", "dose"], Polynomial::degree(2))
        .step(Columns::from(Kind::Numeric).except(["age_missing"]), Standard::default())
        .step(Kind::Categorical, OneHot::default().unseen(Unseen::Ignore))
        .step(Columns::all(), VarianceAbove(0.0))
        .step(Columns::all(), Criterion::AnovaF.top(10))
}

const TARGET: Target<'static> = Target::ClassColumn("ill");

fn bits(x: &Tensor<f64>) -> Vec<u64> {
    x.as_slice().iter().map(|x| x.to_bits()).collect()
}

#[test]
fn steps_are_what_they_are_by_hand() {
    let (train, test) = (patients(0..80), patients(80..120));
    let steps = Pipeline::new()
        .step("age", Impute::mean())
        .step(["dose", "age"], MinMax::default())
        .step("ward", OneHot::default().unseen(Unseen::Ignore))
        .drop(["doctor", "visit", "id"]);
    let (fitted, x) = steps.fit_transform::<f64>(&train, TARGET).unwrap();
    assert_eq!(fitted.names(), ["age", "dose", "ward=a", "ward=b", "ward=c", "ward=<missing>"]);
    assert_eq!(fitted.inputs().collect::<Vec<_>>(), ["age", "dose", "ward"]);
    for (table, got) in [(&train, x), (&test, fitted.transform(&test).unwrap())] {
        use evenkeel_data::{Fit, Transform};
        let numbers = |table: &Table| table.select(&["age", "dose"]).unwrap().to_tensor::<f64>().unwrap();
        let impute = Impute::mean().fit(&numbers(&train)).unwrap();
        let scale = MinMax::default().fit(&impute.transform(&numbers(&train)).unwrap()).unwrap();
        let numbers = scale.transform(&impute.transform(&numbers(table)).unwrap()).unwrap();
        let encoder = OneHot::default().unseen(Unseen::Ignore).fit(&train.select(&["ward"]).unwrap()).unwrap();
        let levels = encoder.transform::<f64>(table).unwrap();
        for row in 0..table.rows() {
            assert_eq!(got.as_slice()[row * 6..][..2], numbers.as_slice()[row * 2..][..2]);
            assert_eq!(got.as_slice()[row * 6 + 2..][..4], levels.as_slice()[row * 4..][..4]);
        }
    }
}

#[test]
fn columns_are_found_by_name() {
    let train = patients(0..100);
    let (fitted, _) = pipeline().fit_transform::<f64>(&train, TARGET).unwrap();
    let test = patients(100..150);
    let expected = bits(&fitted.transform(&test).unwrap());
    assert_eq!(expected.len(), 50 * fitted.names().len());
    let reordered = test.select(&["visit", "ward", "dose", "age", "doctor"]).unwrap();
    assert_eq!(bits(&fitted.transform(&reordered).unwrap()), expected);
    let more = test.clone().with_column(Column::numeric("room", vec![f64::INFINITY; 50])).unwrap();
    assert_eq!(bits(&fitted.transform(&more).unwrap()), expected);
    // Codes mean nothing by themselves.
    let ward = test.column("ward").unwrap().categories().unwrap();
    let turned = ward.codes().iter().map(|&c| if c == Categorical::MISSING { c } else { (c + 1) % 3 }).collect();
    let mut levels = ward.levels().to_vec();
    levels.rotate_right(1);
    let turned = Column::categorical("ward", Categorical::new(turned, levels).unwrap());
    assert_eq!(bits(&fitted.transform(&test.clone().with_column(turned).unwrap()).unwrap()), expected);
    let single = fitted.transform::<f32>(&test).unwrap();
    assert_eq!(single, fitted.transform::<f64>(&test).unwrap().cast());

    let error = fitted.transform::<f64>(&test.drop(&["dose"]).unwrap()).unwrap_err();
    assert!(
        matches!(&error, DataError::Table(TableError::MissingColumn { column, .. }) if column == "dose"),
        "{error}"
    );
    let renamed = test.drop(&["ward"]).unwrap().with_column(Column::numeric("Wards", vec![0.0; 50])).unwrap();
    let error = fitted.transform::<f64>(&renamed).unwrap_err().to_string();
    assert!(
        error.contains(r#"expected a column "ward", as in the fit, got none (the nearest name is "Wards")"#),
        "{error}"
    );
    let other_kind = test.clone().with_column(Column::numeric("ward", vec![0.0; 50])).unwrap();
    let error = fitted.transform::<f64>(&other_kind).unwrap_err().to_string();
    assert!(error.contains(r#"column "ward": expected a categorical column, as in the fit"#), "{error}");
    // Of a column in which all is missing a reader cannot tell the kind.
    let nothing = test.with_column(Column::numeric("ward", vec![f64::NAN; 50])).unwrap();
    assert!(fitted.transform::<f64>(&nothing).is_ok());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 16, ..ProptestConfig::default() })]

    /// No leakage: whatever else is in the table of which the training fold is a part, what is fitted to it is the same to the bit.
    #[test]
    fn a_fit_sees_nothing_but_its_rows(
        train in 20usize..60,
        others in prop::collection::vec((prop::num::f64::ANY, "[a-d]{0,2}", any::<bool>()), 1..30),
    ) {
        let alone = patients(0..train);
        let joined = Table::new(alone.columns().iter().map(|column| {
            let name = column.name();
            match column.kind() {
                Kind::Categorical => {
                    let x = column.categories().unwrap();
                    let own = (0..train).map(|row| x.get(row).map(String::from));
                    let more = others.iter().map(|(_, level, _)| (!level.is_empty()).then(|| level.clone()));
                    Column::categorical(name, Categorical::from_values(own.chain(more)))
                }
                Kind::DateTime => {
                    Column::date_time(name, column.seconds().unwrap().iter().copied().chain(others.iter().map(|o| o.0)).collect())
                }
                Kind::Numeric => {
                    let other = |o: &(f64, String, bool)| if name == "ill" { 2.0 + f64::from(u8::from(o.2)) } else { o.0 };
                    Column::numeric(name, column.numbers().unwrap().iter().copied().chain(others.iter().map(other)).collect())
                }
            }
        }).collect()).unwrap();
        // The fold's rows in one piece, wherever the others lie.
        let rows: Vec<usize> = (0..train).collect();
        let fold = joined.subset(&rows).unwrap();
        let steps = pipeline().step(Columns::all(), Quantile::default()).step(Columns::all(), Whiten::zca().with_epsilon(0.1));
        let (a, x) = steps.fit_transform::<f64>(&alone, TARGET).unwrap();
        let (b, y) = steps.fit_transform::<f64>(&fold, TARGET).unwrap();
        prop_assert_eq!(&a, &b);
        prop_assert_eq!(bits(&x), bits(&y));
        #[cfg(feature = "serde")]
        prop_assert_eq!(a.to_json(), b.to_json());
    }
}

#[test]
fn training_data_are_encoded_otherwise_than_new_data() {
    let train = patients(0..100);
    let steps = Pipeline::new().step("doctor", TargetMean::new(Seed(7))).step("doctor", Standard::default());
    let steps = steps.drop(["age", "dose", "ward", "visit", "id"]);
    let (fitted, by_folds) = steps.fit_transform::<f64>(&train, TARGET).unwrap();
    assert_ne!(by_folds, fitted.transform(&train).unwrap());
    // The scaler has learnt from what is trained on.
    let mean: f64 = by_folds.as_slice().iter().sum::<f64>() / 100.0;
    let square: f64 = by_folds.as_slice().iter().map(|x| x * x).sum::<f64>() / 100.0;
    assert!(mean.abs() < 1e-12 && (square - 1.0).abs() < 1e-12, "{mean} {square}");
    assert_eq!(fitted, steps.fit(&train, TARGET).unwrap());
}

#[test]
fn every_step_can_be_taken() {
    let train = patients(0..60);
    let numbers: Vec<Pipeline> = vec![
        Pipeline::new().step("dose", MinMax::default()),
        Pipeline::new().step("dose", Standard::default()),
        Pipeline::new().step("dose", Robust::default()),
        Pipeline::new().step("dose", MaxAbs),
        Pipeline::new().step("dose", Power::default()),
        Pipeline::new().step("dose", Quantile::default()),
        Pipeline::new().step(["dose", "age"], Whiten::pca()),
        Pipeline::new().step(["dose", "age"], RowNorm::L2),
        Pipeline::new().step("age", Bins::quantile(4).one_hot()),
        Pipeline::new().step("age", Splines::default()),
        Pipeline::new().step("age", Cyclic::period(10.0)),
        Pipeline::new().step(["age", "dose"], Criterion::Variance.top(1)),
        Pipeline::new().step(["age", "dose"], Criterion::MutualInformation(MutualInformation::default()).share(0.5)),
        Pipeline::new().step(["age", "dose"], Criterion::Chi2.above(-1.0)),
        Pipeline::new().step(["age", "dose"], Criterion::AnovaF.p_below(0.99)),
    ];
    for steps in numbers {
        let mut first = Pipeline::new().step("age", Impute::mean()).drop(["visit", "id", "doctor"]);
        first = first.step("ward", ImputeCategories::most_frequent().with_indicators()).step("ward", Frequency);
        let (fitted, x) = first.then(steps).fit_transform::<f64>(&train, TARGET).unwrap();
        assert_eq!(x.shape(), [60, fitted.names().len()].into(), "{fitted}");
        assert!(x.is_finite());
        assert_eq!(fitted.transform::<f64>(&train).unwrap(), x, "{fitted}");
        round_trip(&fitted, &patients(60..90));
    }
    let values: Vec<f64> = (0..60).map(|i| f64::from(i).sin()).collect();
    for criterion in [Criterion::FRegression, Criterion::Pearson, Criterion::Spearman] {
        let steps = Pipeline::new().step("age", Impute::mean()).drop(["visit", "doctor", "ward", "ill"]);
        let steps = steps.step(Columns::all(), criterion.top(2));
        assert_eq!(steps.fit(&train, Target::Values(&values)).unwrap().names().len(), 2);
    }
    let ordinal = Pipeline::new().step(["ward", "doctor"], Ordinal::default()).drop(["visit", "id"]).keep_missing();
    let (fitted, x) = ordinal.fit_transform::<f32>(&train, TARGET).unwrap();
    assert_eq!(fitted.names(), ["age", "dose", "ward", "doctor"]);
    assert!(x.as_slice()[0].is_nan(), "missing values may stay");
}

#[cfg(not(feature = "serde"))]
fn round_trip(_: &FittedPipeline, _: &Table) {}

#[cfg(feature = "serde")]
fn round_trip(fitted: &FittedPipeline, test: &Table) {
    let json = fitted.to_json();
    let read = FittedPipeline::from_json(&json).unwrap();
    assert_eq!(&read, fitted);
    assert_eq!(read.to_json(), json);
    assert_eq!(bits(&read.transform(test).unwrap()), bits(&fitted.transform(test).unwrap()));
}

#[cfg(feature = "serde")]
#[test]
fn saved_pipelines_give_the_same_bits() {
    let (fitted, test) = (pipeline().fit(&patients(0..100), TARGET).unwrap(), patients(100..150));
    round_trip(&fitted, &test);
    let folder = tempfile::tempdir().unwrap();
    for name in ["pipeline.json", "pipeline.json.gz"] {
        let path = folder.path().join(name);
        fitted.save(&path).unwrap();
        let read = FittedPipeline::load(&path).unwrap();
        assert_eq!(bits(&read.transform(&test).unwrap()), bits(&fitted.transform(&test).unwrap()));
    }
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2, "no file is left behind");
    let nowhere = folder.path().join("no such folder/pipeline.json");
    assert!(matches!(
        fitted.save(&nowhere),
        Err(DataError::File(evenkeel_data::FileError::Io { action: "write", .. }))
    ));
    assert!(matches!(
        FittedPipeline::load(&nowhere),
        Err(DataError::File(evenkeel_data::FileError::Io { action: "read", .. }))
    ));
    let damaged = folder.path().join("pipeline.json");
    std::fs::write(&damaged, &fitted.to_json()[..500]).unwrap();
    let error = FittedPipeline::load(&damaged).unwrap_err().to_string();
    assert!(error.contains("pipeline.json: expected a fitted pipeline as it was saved, got an error"), "{error}");
}

/// A file is not to be trusted: whatever is changed in it, there is an error or a pipeline, and no panic.
#[cfg(feature = "serde")]
#[test]
fn damaged_pipelines_are_errors() {
    let fitted = Pipeline::new()
        .step("age", Impute::mean())
        .step("age", Splines::default().with_knots(3))
        .step("dose", Bins::quantile(3).one_hot())
        .step("ward", OneHot::default().min_count(2))
        .step("doctor", TargetMean::new(Seed(7)))
        .step("visit", Dates::of([DatePart::Year]))
        .step(["id", "visit_year"], Power::default())
        .fit(&patients(0..40), TARGET)
        .unwrap();
    let (json, test) = (fitted.to_json(), patients(0..10));
    for wrong in [
        String::new(),
        "null".into(),
        "{}".into(),
        json.replace("evenkeel pipeline", "other"),
        json.replace("\"version\":1", "\"version\":2"),
        json.replace("\"columns\":[\"doctor\"]", "\"columns\":[\"nurse\"]"),
        json.replace("\"columns\":[\"age\"]", "\"columns\":[\"age\",\"dose\"]"),
        json.replace("\"kind\":\"Categorical\"", "\"kind\":\"Numeric\""),
        json.replace("\"knots\":3", "\"knots\":4"),
        json.replace("\"degree\":3", "\"degree\":3000000000"),
    ] {
        assert!(matches!(FittedPipeline::from_json(&wrong), Err(DataError::Stored { .. })), "{wrong}");
    }
    assert!(changes_that_are_read(&json, &test) > 50, "such as those of a digit");
}

/// In how many ways one character of the text can be changed and a pipeline is still read, which does what pipelines do.
#[cfg(feature = "serde")]
fn changes_that_are_read(json: &str, test: &Table) -> usize {
    let bytes = json.as_bytes();
    let mut read = 0;
    for i in 0..bytes.len() {
        let mut changed = bytes.to_vec();
        match i % 3 {
            0 => changed[i] = b"0123456789-e,[]{}\"a"[i / 3 % 19],
            1 => drop(changed.remove(i)),
            _ => changed.insert(i, bytes[(i * 7) % bytes.len()]),
        }
        let Ok(changed) = String::from_utf8(changed) else { continue };
        if let Ok(pipeline) = FittedPipeline::from_json(&changed) {
            read += 1;
            let _ = (pipeline.transform::<f32>(test), pipeline.to_string(), pipeline.degenerate());
        }
    }
    read
}

/// The same for steps that index columns or landmarks, where a file could name one that is not there.
#[cfg(feature = "serde")]
#[test]
fn damaged_steps_are_errors() {
    use evenkeel_data::pipeline::Step;

    let (train, test) = (patients(0..40), patients(0..10));
    let steps: Vec<Step> = vec![
        Criterion::AnovaF.top(1).into(),
        VarianceAbove(0.0).into(),
        Whiten::pca().into(),
        Quantile::default().into(),
        Polynomial::degree(2).into(),
        Bins::quantile(4).one_hot().into(),
        Splines::default().into(),
    ];
    for step in steps {
        let first = Pipeline::new().step("age", Impute::mean()).drop(["ward", "doctor", "visit", "id"]);
        let fitted = first.step(["age", "dose"], step).fit(&train, TARGET).unwrap();
        let json = fitted.to_json();
        assert!(changes_that_are_read(&json, &test) > 5, "{fitted}");
        // A list with nothing in it may be read, and then gives nothing or an error.
        for list in ["\"directions\":[", "\"tables\":[", "\"edges\":[", "\"verdicts\":["] {
            let Some(first) = json.find(list).map(|at| at + list.len()) else { continue };
            let mut depth = 1;
            let is_end = |c: char| {
                depth += i32::from("[{".contains(c)) - i32::from("]}".contains(c));
                depth == 0
            };
            let end = first + json[first..].find(is_end).unwrap();
            let _ = FittedPipeline::from_json(&(json[..first].to_owned() + &json[end..]))
                .map(|read| read.transform::<f32>(&test));
        }
        for (from, to) in [
            ("\"indices\":[", "\"indices\":[7,"),
            ("\"ranking\":[", "\"ranking\":[7,"),
            ("\"degree\":2", "\"degree\":100000"),
            ("\"knots\":5", "\"knots\":1048577"),
        ] {
            let wrong = json.replacen(from, to, 1);
            if wrong != json {
                assert!(matches!(FittedPipeline::from_json(&wrong), Err(DataError::Stored { .. })), "{wrong}");
            }
        }
    }
}

#[test]
fn fits_that_cannot_be() {
    let train = patients(0..40);
    let fit = |pipeline: Pipeline| pipeline.fit(&train, TARGET).unwrap_err();
    let error = fit(Pipeline::new().step("Age", Standard::default())).to_string();
    assert!(error.starts_with(r#"Pipeline: expected a column "Age", got the columns age, dose, ward"#), "{error}");
    assert!(matches!(
        fit(Pipeline::new().drop(Columns::all().except(["ages"]))),
        DataError::Table(TableError::UnknownColumn { .. })
    ));
    assert!(
        matches!(
            fit(Pipeline::new().step("ill", Standard::default())),
            DataError::Table(TableError::UnknownColumn { .. })
        ),
        "the target"
    );
    let error = fit(Pipeline::new().step("ward", Standard::default())).to_string();
    assert!(error.contains(r#"Standard: column "ward": expected a numeric column, got a categorical one"#), "{error}");
    assert!(matches!(fit(Pipeline::new().step("age", OneHot::default())), DataError::Table(TableError::Column { .. })));
    assert!(matches!(
        fit(Pipeline::new().step("age", Dates::of([DatePart::Year]))),
        DataError::Table(TableError::Column { .. })
    ));
    assert!(matches!(
        fit(Pipeline::new().step(["age", "age"], Standard::default())),
        DataError::Table(TableError::Column { .. })
    ));
    let error = fit(Pipeline::new().drop(["ward", "doctor", "visit"])).to_string();
    assert!(error.contains(r#"row 0, column "age": expected a finite value at the end, got a missing one"#), "{error}");
    let error = fit(Pipeline::new().step("age", Impute::mean())).to_string();
    assert!(error.contains(r#"column "ward": expected a numeric column at the end, got a categorical one"#), "{error}");
    assert!(matches!(fit(Pipeline::new().drop(Columns::all())), DataError::Table(TableError::NoColumnsLeft { .. })));
    // Names of columns in place of their positions.
    let error = fit(Pipeline::new().step(["dose", "age"], Criterion::AnovaF.top(1))).to_string();
    assert!(error.contains(r#"column "age""#), "{error}");
    let huge = train.clone().with_column(Column::numeric("dose", vec![1e200; 40])).unwrap();
    let error = Pipeline::new().step(["id", "dose"], Polynomial::degree(2)).fit(&huge, TARGET).unwrap_err().to_string();
    assert!(error.contains(r#"column "dose^2": expected a finite value, got inf; scale the columns first"#), "{error}");
    // A result with the name of another column.
    let clash = train.clone().with_column(Column::numeric("age_missing", vec![0.0; 40])).unwrap();
    let error =
        Pipeline::new().step("age", Impute::mean().with_indicators()).fit(&clash, TARGET).unwrap_err().to_string();
    assert!(error.contains(r#"column "age_missing": expected different names"#), "{error}");
    assert!(matches!(pipeline().fit(&train.subset(&[]).unwrap(), Target::None), Err(DataError::Empty { .. })));
    assert!(matches!(pipeline().fit(&train, Target::None), Err(DataError::Empty { operation: "TargetMean", .. })));
    let classes = Pipeline::new().step("dose", Criterion::FRegression.top(1)).fit(&train, TARGET);
    assert!(matches!(classes, Err(DataError::NotValues { .. })));
    let values = Pipeline::new().step("dose", Criterion::AnovaF.top(1)).fit(&train, Target::ValueColumn("ill"));
    assert!(matches!(values, Err(DataError::NotClasses { .. })));
    let mut labels = train.column("ill").unwrap().numbers().unwrap().to_vec();
    labels[3] = f64::NAN;
    let holes = train.with_column(Column::numeric("ill", labels)).unwrap();
    assert!(matches!(pipeline().fit(&holes, TARGET), Err(DataError::Table(TableError::Cell { row: 3, .. }))));
}

#[test]
fn new_data_that_cannot_be() {
    let train = patients(0..40);
    let steps = Pipeline::new().drop(["visit", "id", "doctor"]).step("ward", OneHot::default());
    let fitted = steps.step("age", Impute::mean()).step("dose", MinMax::default()).fit(&train, TARGET).unwrap();
    let with = |column| fitted.transform::<f32>(&patients(0..3).with_column(column).unwrap()).unwrap_err().to_string();
    let unseen = with(Column::categorical("ward", Categorical::from_values([Some("a"), Some("z"), None])));
    assert!(
        unseen.starts_with(r#"OneHot: row 1, column "ward": expected a level of the training data, got "z""#),
        "{unseen}"
    );
    let infinite = with(Column::numeric("age", vec![1.0, f64::INFINITY, 2.0]));
    assert!(infinite.starts_with(r#"Impute: row 1, column "age": expected a finite value"#), "{infinite}");
    let missing = with(Column::numeric("dose", vec![1.0, 1.0, f64::NAN]));
    assert!(
        missing.contains(r#"row 2, column "dose": expected a finite value at the end, got a missing one"#),
        "{missing}"
    );
    let beyond = with(Column::numeric("age", vec![1.0, 1e300, 2.0]));
    assert!(beyond.contains(r#"row 1, column "age": expected a finite value, got inf"#), "{beyond}");
    assert_eq!(fitted.transform::<f32>(&patients(0..0)).unwrap().shape(), [0, 6].into());
}

#[test]
fn what_taught_nothing_is_said() {
    let table = Table::new(vec![
        Column::numeric("age", vec![1.0, 2.0]),
        Column::numeric("day", vec![3.0, 3.0]),
        Column::numeric("room", vec![f64::NAN; 2]),
    ])
    .unwrap();
    let steps = Pipeline::new().step(Kind::Numeric, Impute::mean()).step(Kind::Numeric, Standard::default());
    let fitted = steps.fit(&table, Target::None).unwrap();
    assert_eq!(fitted.degenerate(), [("Impute", "room"), ("Standard", "day")]);
    let expected = "3 columns to 2\nImpute           age, day, room; without values: room\nStandard         age, day; constant: day\n";
    assert_eq!(fitted.to_string(), expected);
    // No column of a kind: the step is left out.
    assert_eq!(steps.step(Kind::Categorical, OneHot::default()).fit(&table, Target::None).unwrap(), fitted);
}

#[test]
fn one_row_is_enough_for_what_needs_no_more() {
    let one = patients(1..2);
    let steps = Pipeline::new().drop(["doctor", "id"]).step("visit", Dates::of([DatePart::Hour]));
    let steps = steps.step("ward", OneHot::default()).step(Columns::all(), Standard::default());
    let (fitted, x) = steps.fit_transform::<f32>(&one, TARGET).unwrap();
    assert_eq!(x, Tensor::zeros([1, fitted.names().len()]));
}
