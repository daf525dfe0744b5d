//! Encoders: laws, leakage, and data as they should not be.

use evenkeel_data::encode::{DropLevel, Frequency, OneHot, Ordinal, Target, TargetMean, Unseen, UnseenOrdinal};
use evenkeel_data::table::{Categorical, Column, Table};
use evenkeel_data::{DataError, Seed, TableError, Tensor};
use proptest::prelude::*;
use rand::RngExt;

fn column(name: &str, values: &[Option<&str>]) -> Column {
    Column::categorical(name, Categorical::from_values(values.iter().copied()))
}

fn table(values: &[Option<&str>]) -> Table {
    Table::new(vec![column("ward", values)]).unwrap()
}

fn bits(x: &Tensor<f64>) -> Vec<u64> {
    x.as_slice().iter().map(|x| x.to_bits()).collect()
}

/// Some of six levels, and missing values.
fn some_levels() -> impl Strategy<Value = Vec<Option<&'static str>>> {
    let level = prop::sample::select(vec![Some("a"), Some("b"), Some("c"), Some("10"), Some("9"), None]);
    prop::collection::vec(level, 2..40)
}

proptest! {
    #[test]
    fn a_row_has_one_level(values in some_levels(), least in 0usize..6) {
        let x = table(&values);
        let fitted = OneHot::default().min_count(least).fit(&x).unwrap();
        let y = fitted.transform::<f64>(&x).unwrap();
        prop_assert_eq!(y.shape(), [values.len(), fitted.names().len()].into());
        for row in y.as_slice().chunks(fitted.names().len()) {
            prop_assert_eq!(row.iter().sum::<f64>(), 1.0);
            prop_assert!(row.iter().all(|x| [0.0, 1.0].contains(x)));
        }
    }

    /// Neither the codes nor levels without rows matter: a part of a table keeps the levels of the whole.
    #[test]
    fn only_levels_that_come_count(values in some_levels(), seed: u64) {
        let alone = table(&values);
        let mut levels: Vec<String> = ["zz", "c", "10", "a", "b", "9", "0"].map(String::from).to_vec();
        levels.rotate_left((seed % 7) as usize);
        let code = |value: &Option<&str>| {
            value.map_or(Categorical::MISSING, |value| levels.iter().position(|level| level == value).unwrap() as u32)
        };
        let codes = values.iter().map(code).collect();
        let other = Table::new(vec![Column::categorical("ward", Categorical::new(codes, levels.clone()).unwrap())]).unwrap();
        let y: Vec<f64> = (0..values.len()).map(|row| (row as f64).sin()).collect();
        let target = TargetMean::new(Seed(seed)).with_folds(2);
        prop_assert_eq!(OneHot::default().fit(&alone).unwrap(), OneHot::default().fit(&other).unwrap());
        prop_assert_eq!(Ordinal::default().fit(&alone).unwrap(), Ordinal::default().fit(&other).unwrap());
        prop_assert_eq!(Frequency.fit(&alone).unwrap(), Frequency.fit(&other).unwrap());
        let (a, in_a) = target.fit_transform::<f64>(&alone, Target::Values(&y)).unwrap();
        let (b, in_b) = target.fit_transform::<f64>(&other, Target::Values(&y)).unwrap();
        prop_assert_eq!((&a, bits(&in_a)), (&b, bits(&in_b)));
        prop_assert_eq!(bits(&a.transform(&alone).unwrap()), bits(&a.transform(&other).unwrap()));
    }

    /// What a row of the training data is encoded by is a fit to the rows outside of its fold.
    #[test]
    fn training_rows_are_encoded_by_the_other_folds(values in some_levels(), folds in 2usize..6, kind in 0usize..3, seed: u64) {
        let rows = values.len();
        prop_assume!(rows >= folds.max(4));
        let x = table(&values);
        let y: Vec<f64> = (0..rows).map(|row| (row as f64 * 2.3).sin() + 1e3).collect();
        // Each class in at least two rows, so that it is in every training part.
        let labels: Vec<u32> = (0..rows).map(|row| (row % if kind == 1 || rows < 6 { 2 } else { 3 }) as u32).collect();
        let target = if kind == 0 { Target::Values(&y) } else { Target::Classes(&labels) };
        let encoder = TargetMean::new(Seed(seed)).with_folds(folds);
        let (fitted, encoded) = encoder.fit_transform::<f64>(&x, target).unwrap();
        let fold = encoder.folds_of(&x, target).unwrap();
        let mut compared = 0;
        for of in 0..folds {
            let (inside, outside): (Vec<usize>, Vec<usize>) = (0..rows).partition(|&row| fold[row] == of);
            let pick_labels: Vec<u32> = outside.iter().map(|&row| labels[row]).collect();
            let pick_values: Vec<f64> = outside.iter().map(|&row| y[row]).collect();
            let others = if kind == 0 { Target::Values(&pick_values) } else { Target::Classes(&pick_labels) };
            // Without the fold there may be one class alone.
            let Ok(fitted) = encoder.with_folds(2).fit(&x.subset(&outside).unwrap(), others) else { continue };
            compared += 1;
            let expected = fitted.transform::<f64>(&x.subset(&inside).unwrap()).unwrap();
            let width = expected.shape()[1];
            let row = |&row: &usize| encoded.as_slice()[row * width..][..width].iter().map(|x| x.to_bits());
            let got: Vec<u64> = inside.iter().flat_map(row).collect();
            prop_assert_eq!(got, bits(&expected));
        }
        prop_assert!(compared > 0);
        prop_assert_eq!(encoded.shape()[1], fitted.names().len());
    }

    #[test]
    fn folds_are_even_and_stratified(rows in 4usize..200, folds in 2usize..5, seed: u64) {
        let x = table(&vec![Some("a"); rows]);
        let labels: Vec<u32> = (0..rows).map(|row| u32::from(row % 3 == 0)).collect();
        let encoder = TargetMean::new(Seed(seed)).with_folds(folds);
        let fold = encoder.folds_of(&x, Target::Classes(&labels)).unwrap();
        prop_assert_eq!(&fold, &encoder.folds_of(&x, Target::Classes(&labels)).unwrap());
        for class in [None, Some(0), Some(1)] {
            let count = |of: usize| (0..rows).filter(|&r| fold[r] == of && class.is_none_or(|c| labels[r] == c)).count();
            let counts: Vec<usize> = (0..folds).map(count).collect();
            prop_assert!(counts.iter().max().unwrap() - counts.iter().min().unwrap() <= 1, "{counts:?}");
        }
    }
}

fn correlation(x: &[f64], y: &[f64]) -> f64 {
    let mean = |x: &[f64]| x.iter().sum::<f64>() / x.len() as f64;
    let (mx, my) = (mean(x), mean(y));
    let sum = |f: &dyn Fn(f64, f64) -> f64| x.iter().zip(y).map(|(x, y)| f(x - mx, y - my)).sum::<f64>();
    sum(&|x, y| x * y) / (sum(&|x, _| x * x) * sum(&|_, y| y * y)).sqrt()
}

/// 2 000 rows of 400 levels, 5 rows each, and a target that has nothing to do with them.
///
/// The mean of a level holds the row's own target as one of 5, so the naive encoding correlates by √(1/5) = 0.45 with it. Without that
/// row the two are independent: the correlation has mean 0 and deviation √(2/n) = 0.032 (√(1/n), and twice that variance, since each
/// pair of a level's rows counts for both). The bounds are 5 deviations away.
#[test]
fn noise_of_many_levels_tells_nothing_about_the_target() {
    let rows = 2000;
    let names: Vec<String> = (0..rows).map(|row| (row % 400).to_string()).collect();
    let x = table(&names.iter().map(|name| Some(name.as_str())).collect::<Vec<_>>());
    let mut rng = Seed(3).rng();
    let labels: Vec<u32> = (0..rows).map(|_| rng.random_range(0..2)).collect();
    let y: Vec<f64> = labels.iter().map(|&label| f64::from(label)).collect();
    for encoder in
        [TargetMean::new(Seed(7)), TargetMean::new(Seed(7)).m_estimate(0.0), TargetMean::new(Seed(8)).m_estimate(10.0)]
    {
        let (fitted, by_folds) = encoder.fit_transform::<f64>(&x, Target::Classes(&labels)).unwrap();
        let naive = fitted.transform::<f64>(&x).unwrap();
        let (naive, by_folds) = (correlation(naive.as_slice(), &y), correlation(by_folds.as_slice(), &y));
        assert!(naive > 0.45 - 0.16, "{naive}");
        assert!(by_folds.abs() < 0.16, "{by_folds}");
    }
}

#[test]
fn unseen_levels_follow_the_policy() {
    let train = table(&[Some("a"), Some("b"), Some("a"), Some("c")]);
    let new = table(&[Some("b"), Some("z"), None]);
    let one_hot = |encoder: OneHot| encoder.fit(&train).unwrap().transform::<f64>(&new);
    let error = one_hot(OneHot::default()).unwrap_err().to_string();
    let expected = r#"OneHot: row 1, column "ward": expected a level of the training data, got "z"; choose what becomes of such with `unseen`, or fit again"#;
    assert_eq!(error, expected);
    assert_eq!(
        one_hot(OneHot::default().unseen(Unseen::Ignore)).unwrap().as_slice(),
        [0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]
    );
    // Without rare levels there is no column for others.
    let other = OneHot::default().unseen(Unseen::Other);
    assert_eq!(one_hot(other).unwrap(), one_hot(OneHot::default().unseen(Unseen::Ignore)).unwrap());
    let rare = other.min_count(2).fit(&train).unwrap();
    assert_eq!(rare.names(), ["ward=a", "ward=<other>"]);
    assert_eq!(rare.transform::<f64>(&new).unwrap().as_slice(), [0.0, 1.0, 0.0, 1.0, 0.0, 1.0]);
    let none_left = other.min_count(9).drop_level(DropLevel::First).fit(&train).unwrap();
    assert_eq!(none_left.transform::<f64>(&new).unwrap().shape(), [3, 0].into());

    let ordinal = |unseen| Ordinal::default().unseen(unseen).fit(&train).unwrap().transform::<f64>(&new);
    assert!(ordinal(UnseenOrdinal::Error).unwrap_err().to_string().starts_with(r#"Ordinal: row 1, column "ward""#));
    let y = ordinal(UnseenOrdinal::Value(-1.0)).unwrap();
    assert!(y.as_slice()[..2] == [1.0, -1.0] && y.as_slice()[2].is_nan(), "a missing level stays missing");
    assert!(ordinal(UnseenOrdinal::Missing).unwrap().as_slice()[1].is_nan());
    assert_eq!(Frequency.fit(&train).unwrap().transform::<f64>(&new).unwrap().as_slice(), [0.25, 0.0, 0.0]);
    let y = [1.0, 2.0, 3.0, 6.0];
    let means = TargetMean::new(Seed(7)).with_folds(2).m_estimate(0.0).fit(&train, Target::Values(&y)).unwrap();
    assert_eq!(means.transform::<f64>(&new).unwrap().as_slice(), [2.0, 3.0, 3.0]);
}

#[test]
fn levels_are_in_order_and_can_be_ordered() {
    let x = table(&[Some("10"), Some("b"), Some("9"), Some("a"), None]);
    let names = ["ward=9", "ward=10", "ward=a", "ward=b", "ward=<missing>"];
    assert_eq!(OneHot::default().fit(&x).unwrap().names(), names);
    assert_eq!(Ordinal::default().fit(&x).unwrap().levels().next().unwrap().1, ["9", "10", "a", "b"]);
    let order = Ordinal::default().with_order("ward", ["a", "9", "b"]).fit(&x).unwrap_err().to_string();
    assert!(order.contains(r#"got "10"; add it to the column's order"#), "{order}");
    assert!(matches!(
        Ordinal::default().with_order("bed", ["a"]).fit(&x),
        Err(DataError::Table(TableError::MissingColumn { .. }))
    ));
    assert!(matches!(
        Ordinal::default().with_order("ward", ["a", "a"]).fit(&x),
        Err(DataError::Table(TableError::Level { .. }))
    ));
}

/// A level may be named as the column of missing or of rare ones, if there is no such column.
#[test]
fn levels_that_are_named_as_shared_columns() {
    let clash = table(&[Some("<missing>"), Some("a"), None]);
    let error = OneHot::default().fit(&clash).unwrap_err().to_string();
    let expected = "OneHot: column \"ward\": expected no level \"<missing>\", which names the column for missing values, got \
                    such a level and missing values; rename the level, or impute the column first";
    assert_eq!(error, expected);
    let clash = table(&[Some("<other>"), Some("<other>"), Some("a")]);
    let error = OneHot::default().min_count(2).fit(&clash).unwrap_err().to_string();
    assert!(error.contains("expected no level \"<other>\", which names the column for rare levels"), "{error}");
    let names = ["ward=<missing>", "ward=<other>"];
    assert_eq!(OneHot::default().fit(&table(&names.map(|name| Some(&name[5..])))).unwrap().names(), names);
}

#[test]
fn targets_as_they_should_not_be() {
    let x = Table::new(vec![
        column("ward", &[Some("a"), Some("b"), Some("a"), Some("b")]),
        Column::numeric("stay", vec![1.0, f64::NAN, 3.0, 4.0]),
        column("ill", &[Some("no"), None, Some("no"), Some("yes")]),
    ])
    .unwrap();
    let wards = x.select(&["ward"]).unwrap();
    let encoder = TargetMean::new(Seed(7)).with_folds(2);
    let fit = |target: Target<'_>| encoder.fit(&wards, target);
    assert!(matches!(fit(Target::None), Err(DataError::Empty { .. })));
    assert!(matches!(fit(Target::Values(&[1.0, 2.0])), Err(DataError::Lengths { samples: 4, targets: 2, .. })));
    assert!(matches!(fit(Target::Classes(&[0; 5])), Err(DataError::Lengths { .. })));
    assert!(matches!(fit(Target::Classes(&[3; 4])), Err(DataError::OneClass { .. })));
    assert!(matches!(fit(Target::ValueColumn("stay")), Err(DataError::Table(TableError::UnknownColumn { .. }))));
    for value in [f64::NAN, f64::INFINITY] {
        assert!(matches!(
            fit(Target::Values(&[1.0, value, 1.0, 1.0])),
            Err(DataError::Table(TableError::Cell { row: 1, .. }))
        ));
    }
    let huge = fit(Target::Values(&[1e300, -1e300, 0.0, 1.0])).unwrap_err();
    assert!(matches!(huge, DataError::NotFinite { .. }), "{huge}");
    let both = x.select(&["ward", "stay"]).unwrap();
    assert!(
        matches!(encoder.fit(&both, Target::Classes(&[0, 1, 0, 1])), Err(DataError::Table(TableError::Column { .. }))),
        "not categorical"
    );
    for m in [-1.0, f64::NAN, f64::INFINITY] {
        assert!(matches!(
            encoder.m_estimate(m).fit(&wards, Target::Classes(&[0, 1, 0, 1])),
            Err(DataError::Setting { .. })
        ));
    }
    for folds in [0, 1, 5, usize::MAX] {
        let error = encoder.with_folds(folds).fit(&wards, Target::Classes(&[0, 1, 0, 1])).unwrap_err();
        assert!(matches!(error, DataError::Folds { .. }), "{error}");
    }
    // Nothing varies: 0/0 of empirical Bayes.
    let constant = fit(Target::Values(&[5.0; 4])).unwrap().transform::<f64>(&wards).unwrap();
    assert_eq!(constant.as_slice(), [5.0; 4]);
    // Means beside a large offset keep their digits.
    let offset = [1e9 + 1.0, 1e9 + 2.0, 1e9 + 3.0, 1e9 + 6.0];
    let means = encoder.m_estimate(0.0).fit(&wards, Target::Values(&offset)).unwrap();
    assert_eq!(means.transform::<f64>(&wards).unwrap().as_slice()[..2], [1e9 + 2.0, 1e9 + 4.0]);
}

#[test]
fn tables_as_they_should_not_be() {
    let numbers = Table::new(vec![Column::numeric("ward", vec![1.0, 2.0])]).unwrap();
    let empty = table(&[]);
    assert!(matches!(OneHot::default().fit(&numbers), Err(DataError::Table(TableError::Column { .. }))));
    assert!(matches!(Ordinal::default().fit(&empty), Err(DataError::Empty { .. })));
    assert!(matches!(Frequency.fit(&empty), Err(DataError::Empty { .. })));
    assert!(matches!(OneHot::default().fit(&empty), Err(DataError::Empty { .. })));
    assert!(matches!(
        TargetMean::new(Seed(1)).fit(&empty, Target::Classes(&[])),
        Err(DataError::Empty { .. } | DataError::Folds { .. })
    ));
    for share in [-0.1, 1.5, f64::NAN] {
        assert!(matches!(OneHot::default().min_share(share).fit(&table(&[Some("a")])), Err(DataError::Setting { .. })));
    }
    assert!(Ordinal::default().unseen(UnseenOrdinal::Value(f64::NAN)).fit(&table(&[Some("a")])).is_err());
    // Constant, one row, all missing.
    let one = table(&[None]);
    assert_eq!(OneHot::default().fit(&one).unwrap().names(), ["ward=<missing>"]);
    assert_eq!(Frequency.fit(&one).unwrap().transform::<f32>(&one).unwrap().as_slice(), [1.0]);
    assert!(Ordinal::default().fit(&one).unwrap().transform::<f32>(&one).unwrap().as_slice()[0].is_nan());
    // More levels than columns that are made: an error, before memory is asked for.
    let levels: Vec<String> = (0..=1 << 20).map(|level| level.to_string()).collect();
    let many = Categorical::new((0..levels.len() as u32).collect(), levels).unwrap();
    let many = Table::new(vec![Column::categorical("id", many)]).unwrap();
    assert!(matches!(OneHot::default().fit(&many), Err(DataError::Setting { .. })));
    assert_eq!(OneHot::default().min_count(2).fit(&many).unwrap().names(), ["id=<other>"]);
}

/// Pins what a seed gives: a change here changes every user's results.
#[test]
fn value_stability() {
    let x = table(&[Some("a"); 10]);
    let folds = TargetMean::new(Seed(7)).folds_of(&x, Target::Values(&[0.0; 10])).unwrap();
    assert_eq!(folds, [2, 4, 1, 0, 1, 3, 4, 2, 0, 3]);
}

/// The target is no input: encoded by its own means it would be the answer.
#[test]
fn the_target_is_not_encoded() {
    let wards = column("ward", &[Some("a"), Some("b"), Some("a"), Some("b")]);
    let ill = column("ill", &[Some("no"), Some("yes"), Some("yes"), Some("no")]);
    let x = Table::new(vec![wards, ill]).unwrap();
    let encoder = TargetMean::new(Seed(7)).with_folds(2);
    let (fitted, encoded) = encoder.fit_transform::<f64>(&x, Target::ClassColumn("ill")).unwrap();
    assert_eq!(fitted.names(), ["ward"]);
    assert_eq!(encoded.shape(), [4, 1].into());
    assert_eq!(encoder.fit(&x, Target::ClassColumn("ill")).unwrap(), fitted);
    let stay = x.with_column(Column::numeric("stay", vec![1.0, 2.0, 3.0, 4.0])).unwrap();
    assert_eq!(encoder.fit(&stay, Target::ValueColumn("stay")).unwrap().names(), ["ward", "ill"]);
    let alone = stay.select(&["ill"]).unwrap();
    assert!(encoder.fit(&alone, Target::ClassColumn("ill")).is_err(), "nothing is left to encode");
}

/// Real values taken for classes would be a column of shares each.
#[test]
fn almost_as_many_classes_as_rows_are_refused() {
    let encoder = TargetMean::new(Seed(7)).with_folds(2);
    let fit = |rows: u32, classes: u32| {
        let labels: Vec<u32> = (0..rows).map(|row| row % classes).collect();
        encoder.fit(&table(&vec![Some("a"); rows as usize]), Target::Classes(&labels))
    };
    assert!(fit(20, 20).is_ok() && fit(42, 21).is_ok());
    for (rows, classes) in [(41, 21), (5000, 5000)] {
        let error = fit(rows, classes).unwrap_err().to_string();
        assert!(error.contains("(give real values as `Target::Values`"), "{error}");
    }
}

#[test]
fn unseen_levels_cannot_be_a_level() {
    let fit = |value| Ordinal::default().unseen(UnseenOrdinal::Value(value)).fit(&table(&[Some("a"), Some("b")]));
    for used in [0.0, -0.0, 1.0] {
        assert!(matches!(fit(used), Err(DataError::Setting { .. })), "{used}");
    }
    for free in [-1.0, 0.5, 2.0, 1e300] {
        assert!(fit(free).is_ok(), "{free}");
    }
}
