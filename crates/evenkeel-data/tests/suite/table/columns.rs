//! Columns by name, and what becomes of them.

use evenkeel_data::table::{Categorical, Column, Field, Kind, Schema, Table, Values};
use evenkeel_data::{Tensor, Wdbc};

fn wards() -> Column {
    Column::categorical("ward", Categorical::from_values([Some("b"), None, Some("a")]))
}

fn table() -> Table {
    let x = Column::numeric("x", vec![1.0, f64::NAN, 3.0]);
    Table::new(vec![x, wards(), Column::date_time("seen", vec![0.0, 86_400.5, f64::NAN])]).unwrap()
}

#[test]
fn columns_are_chosen_replaced_and_left_out() {
    let table = table();
    assert_eq!(table.select(&["ward", "x"]).unwrap().names(), ["ward", "x"]);
    assert_eq!(table.drop(&["x"]).unwrap().names(), ["ward", "seen"]);
    assert_eq!(table.names_of(Kind::Categorical), ["ward"]);
    let more = table.clone().with_column(Column::numeric("y", vec![0.0; 3])).unwrap();
    assert_eq!(more.names(), ["x", "ward", "seen", "y"]);
    let other = more.with_column(Column::numeric("ward", vec![0.0; 3])).unwrap();
    assert_eq!((other.names()[1], other.columns()[1].kind()), ("ward", Kind::Numeric));
    assert_eq!(table.columns().iter().map(Column::missing).collect::<Vec<_>>(), [1, 1, 1]);
    assert_eq!(wards().renamed("station").name(), "station");
}

#[test]
fn rows_are_chosen_and_keep_their_codes() {
    let part = table().subset(&[2, 2, 0]).unwrap();
    assert_eq!(part.column("x").unwrap().numbers().unwrap(), [3.0, 3.0, 1.0]);
    let wards = part.column("ward").unwrap().categories().unwrap();
    assert_eq!((wards.codes(), wards.levels().len()), (&[0, 0, 1][..], 2));
    let none = table().subset(&[]).unwrap();
    assert_eq!((none.rows(), none.schema()), (0, table().schema()));
    assert!(table().subset(&[3]).is_err());
}

#[test]
fn tables_that_cannot_be_are_refused() {
    let x = |n| Column::numeric("x", vec![0.0; n]);
    let y = |n| Column::numeric("y", vec![0.0; n]);
    for (columns, part) in [
        (vec![], "expected at least one column"),
        (vec![x(1), x(1)], r#"column "x": expected different names, got this one twice"#),
        (vec![x(1), x(1).renamed("")], "got none for column 1"),
        (vec![x(2), y(1)], r#"column "y": expected 2 rows, as in column "x", got 1 rows"#),
    ] {
        let error = Table::new(columns).unwrap_err().to_string();
        assert!(error.contains(part), "{error}");
    }
    assert!(table().drop(&["x", "ward", "seen"]).is_err());
    assert!(table().select(&["X"]).unwrap_err().to_string().contains("x, ward, seen"));
    assert!(table().with_column(Column::numeric("y", vec![])).is_err());
    assert!(table().to_tensor::<f64>().unwrap_err().to_string().contains(r#"column "ward""#));
    assert!(Categorical::new(vec![1], vec!["a".into()]).is_err());
    assert!(Categorical::new(vec![], vec!["a".into(), "a".into()]).is_err());
}

#[test]
fn numbers_go_to_tensors_and_back() {
    // More rows than one block.
    let x = Tensor::from_fn([300, 3], |i| i as f64);
    let names = ["a", "b", "c"];
    let table = Table::from_tensor(&names, &x).unwrap();
    assert_eq!(table.column("b").unwrap().numbers().unwrap()[299], 898.0);
    assert_eq!(super::in_every_pool(|| table.to_tensor::<f64>().unwrap()), x);
    assert_eq!(table.to_tensor::<f32>().unwrap(), x.cast());
    assert!(Table::from_tensor(&names[..2], &x).is_err());
    assert!(Table::from_tensor(&names, &Tensor::<f64>::zeros([3])).is_err());
    assert_eq!(Table::from_tensor(&names, &Tensor::<f64>::zeros([0, 3])).unwrap().rows(), 0);
}

#[cfg(feature = "nalgebra")]
#[test]
fn numbers_go_to_matrices_and_back() {
    let matrix = nalgebra::DMatrix::from_row_slice(2, 3, &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
    let table = Table::from_matrix(&["a", "b", "c"], &matrix).unwrap();
    assert_eq!(table.column("c").unwrap().numbers().unwrap(), [3.0, 6.0]);
    assert_eq!(table.to_matrix::<f64>().unwrap(), matrix);
    assert!(Table::from_matrix(&["a"], &matrix).is_err());
}

#[test]
fn labels_are_levels_or_numbers_and_never_missing() {
    let with =
        |column: Column| Table::new(vec![column.renamed("y"), Column::numeric("x", vec![1.0, 2.0, 3.0])]).unwrap();
    let numbers = with(Column::numeric("", vec![10.0, -0.0, 2.5]));
    assert_eq!(numbers.classes("y").unwrap(), (vec![2, 0, 1], ["0", "2.5", "10"].map(String::from).to_vec()));
    let (data, classes) = numbers.classification::<f32>("y").unwrap();
    assert_eq!((data.label(0), data.sample_shape(), classes.len()), (Some(2), [1].into(), 3));
    assert_eq!(numbers.regression::<f64>("y").unwrap().values(0), Some(&[10.0][..]));

    for column in [wards(), Column::numeric("", vec![0.0, f64::NAN, 1.0])] {
        let error = with(column).classes("y").unwrap_err().to_string();
        assert!(
            error.starts_with(r#"Table::classes: row 1, column "y": expected a value, got a missing one"#),
            "{error}"
        );
    }
    assert!(with(Column::date_time("", vec![0.0; 3])).classes("y").is_err());
    assert!(numbers.classes("z").is_err());
    // Missing and infinite inputs are refused too.
    let inputs = |x: f64| numbers.clone().with_column(Column::numeric("x", vec![1.0, x, 3.0])).unwrap();
    assert!(inputs(f64::NAN).classification::<f32>("y").unwrap_err().to_string().contains(r#"row 1, column "x""#));
    assert!(inputs(f64::INFINITY).classification::<f32>("y").is_err());
    assert!(numbers.subset(&[]).unwrap().classes("y").is_err());
    assert!(numbers.drop(&["x"]).unwrap().classification::<f32>("y").is_err());
}

#[test]
fn schemas_reorder_and_keep_codes() {
    let train = table();
    let ward = Categorical::from_values([Some("c"), Some("b")]);
    let new = Table::new(vec![
        Column::date_time("seen", vec![1.0, 2.0]),
        Column::numeric("more", vec![0.0; 2]),
        Column::categorical("ward", ward),
        Column::numeric("x", vec![5.0, 6.0]),
    ]);
    let new = train.schema().check(&new.unwrap()).unwrap();
    assert_eq!(new.names(), train.names());
    let wards = new.column("ward").unwrap().categories().unwrap();
    assert_eq!((wards.levels(), wards.codes()), (&["a", "b", "c"].map(String::from)[..], &[2, 1][..]));

    let error = train.schema().check(&train.clone().with_column(wards_as_numbers()).unwrap()).unwrap_err();
    assert!(error.to_string().contains("expected a categorical column, got a numeric one"), "{error}");
    let field = |name: &str, kind, levels: &[&str]| Field {
        name: name.into(),
        kind,
        levels: levels.iter().map(|&level| level.into()).collect(),
    };
    for fields in [
        vec![],
        vec![field("", Kind::Numeric, &[])],
        vec![field("x", Kind::Numeric, &[]), field("x", Kind::Numeric, &[])],
        vec![field("x", Kind::Numeric, &["a"])],
        vec![field("x", Kind::Categorical, &["a", "a"])],
    ] {
        assert!(Schema::new(fields).is_err());
    }
}

fn wards_as_numbers() -> Column {
    Column::numeric("ward", vec![0.0; 3])
}

#[cfg(feature = "serde")]
#[test]
fn schemas_are_saved() {
    let schema = table().schema();
    let text = serde_json::to_string(&schema).unwrap();
    assert_eq!(serde_json::from_str::<Schema>(&text).unwrap(), schema);
    let damaged = text.replace("ward", "x");
    assert!(serde_json::from_str::<Schema>(&damaged).unwrap_err().to_string().contains("different names"));
}

#[test]
fn the_head_is_shown() {
    let shown = table().to_string();
    let lines: Vec<_> = shown.lines().collect();
    assert_eq!(lines[0], "3 rows, 3 columns");
    assert_eq!(lines[1].split_whitespace().collect::<Vec<_>>(), ["x", "ward", "seen"]);
    assert_eq!(lines[2].split_whitespace().collect::<Vec<_>>(), ["numeric", "categorical", "date-time"]);
    assert_eq!(lines[4].split_whitespace().collect::<Vec<_>>(), ["-", "-", "1970-01-02T00:00:00.5Z"]);
    assert!(lines.iter().skip(1).all(|line| line.chars().count() == lines[1].chars().count()));
    let wide = Table::new(vec![Column::categorical("a\nb", Categorical::from_values([Some("x".repeat(99))]))]).unwrap();
    assert!(wide.to_string().lines().all(|line| line.chars().count() <= 24));
    assert!(Wdbc::embedded().to_string().ends_with("...\n"));
}

/// Counts, and the columns' means as scikit-learn's table has them.
#[test]
fn the_embedded_table_is_that_of_the_source() {
    let table = Wdbc::embedded();
    assert_eq!((table.rows(), table.columns().len(), table.columns()[30].name()), (569, 31, "diagnosis"));
    let diagnosis = table.column("diagnosis").unwrap().categories().unwrap();
    assert_eq!((diagnosis.levels()[1].as_str(), diagnosis.counts()), ("malignant", vec![357, 212]));
    let mean = |name| table.column(name).unwrap().numbers().unwrap().iter().sum::<f64>() / 569.0;
    for (name, expected) in
        [("mean radius", 14.127_291_7), ("worst area", 880.583_128_3), ("fractal dimension error", 0.003_794_9)]
    {
        assert!((mean(name) - expected).abs() < 1e-7, "{name}: {}", mean(name));
    }
    assert!(table.columns().iter().all(|column| column.missing() == 0));
    assert!(matches!(table.columns()[0].values(), Values::Numeric(_)));
}
