//! What is written is read.

use evenkeel_data::table::{Categorical, Column, Csv, Kind, Schema, Table};
use proptest::prelude::*;

/// Strings that want to be something else: separators, quotes, line ends, markers, numbers, dates, marks and many scripts.
fn hostile() -> impl Strategy<Value = String> {
    let parts = [
        "",
        ",",
        ";",
        "\"",
        "\"\"",
        "\n",
        "\r",
        "\r\n",
        " ",
        "\t",
        "NA",
        "nan",
        "?",
        "null",
        "1",
        "-0",
        "1e5",
        "inf",
        "007",
        "2024-05-01",
        "\u{feff}",
        "\0",
        "é",
        "日本",
        "a",
        "b",
    ];
    prop_oneof![
        prop::collection::vec(prop::sample::select(parts.to_vec()), 0..4).prop_map(|p| p.concat()),
        any::<String>()
    ]
}

fn number() -> impl Strategy<Value = f64> {
    prop_oneof![
        Just(f64::NAN),
        Just(f64::INFINITY),
        Just(-0.0),
        any::<f64>(),
        any::<i32>().prop_map(f64::from),
        any::<i64>().prop_map(|x| x as f64),
        -1e3..1e3,
    ]
}

/// Moments of all written years, in microseconds.
fn moment() -> impl Strategy<Value = f64> {
    prop_oneof![
        Just(f64::NAN),
        (-62_167_219_200i64..253_402_300_800).prop_map(|x| x as f64),
        (-4e9..4e9).prop_map(|x: f64| (x * 1e6).round() / 1e6),
    ]
}

fn column(rows: usize) -> impl Strategy<Value = Column> {
    let levels = prop::collection::vec(prop::option::of(hostile()), rows);
    prop_oneof![
        prop::collection::vec(number(), rows).prop_map(|x| Column::numeric("", x)),
        prop::collection::vec(moment(), rows).prop_map(|x| Column::date_time("", x)),
        levels.prop_map(|x| Column::categorical("", Categorical::from_values(x))),
    ]
}

fn table() -> impl Strategy<Value = Table> {
    (1usize..6, 1usize..5).prop_flat_map(|(rows, columns)| {
        let names = prop::collection::hash_set(hostile().prop_filter("a name", |name| !name.is_empty()), columns);
        (names, prop::collection::vec(column(rows), columns)).prop_map(|(names, columns)| {
            let named = columns.into_iter().zip(names).map(|(column, name)| column.renamed(name));
            Table::new(named.collect()).unwrap()
        })
    })
}

fn written(csv: &Csv, table: &Table) -> Vec<u8> {
    let mut bytes = Vec::new();
    csv.write_to(&mut bytes, "memory", table).unwrap();
    bytes
}

fn formats() -> impl Strategy<Value = Csv> {
    prop_oneof![
        Just(Csv::new()),
        Just(Csv::new().separator(b';').quote(Some(b'\''))),
        Just(Csv::new().separator(b'\t').trimmed()),
        // What numbers and moments consist of too.
        prop::sample::select(b"15-+.:eifTZ ".to_vec()).prop_map(|separator| Csv::new().separator(separator)),
        prop::sample::select(b"-+.:' ".to_vec())
            .prop_filter("a quote", |quote| *quote != b' ')
            .prop_map(|quote| Csv::new().quote(Some(quote)).trimmed()),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn tables_are_read_as_they_were_written(table in table(), csv in formats()) {
        let bytes = written(&csv, &table);
        let read = csv.clone().schema(&table.schema()).read_from(&bytes[..], "memory").unwrap();
        prop_assert_eq!(&read, &table);
        // To the bit, the sign of zero included.
        for (read, table) in read.columns().iter().zip(table.columns()).filter(|(_, c)| c.kind() == Kind::Numeric) {
            for (a, b) in read.numbers().unwrap().iter().zip(table.numbers().unwrap()) {
                prop_assert!(a.to_bits() == b.to_bits() || (a.is_nan() && b.is_nan()));
            }
        }
    }

    /// Markers may be numbers, moments or texts with quotes: what is not refused is read as it was written.
    #[test]
    fn markers_are_refused_or_read(
        table in table(),
        csv in formats(),
        markers in prop::collection::vec(prop::sample::select(vec!["", "NA", "0", "-0", "inf", "1970-01-01", "\"\"", "\"NA\"", "5"]), 0..4),
        quoted: bool,
    ) {
        let csv = csv.missing(markers);
        let csv = if quoted { csv } else { csv.quote(None) };
        let mut bytes = Vec::new();
        if csv.write_to(&mut bytes, "memory", &table).is_ok() {
            let read = csv.schema(&table.schema()).read_from(&bytes[..], "memory").unwrap();
            prop_assert_eq!(read, table);
        }
    }

    /// What is inferred from a text, written with it, is inferred again.
    #[test]
    fn inference_is_stable(table in table()) {
        let bytes = written(&Csv::new(), &table);
        // Levels that are all integers beyond f64 are refused as numbers.
        if let Ok(first) = Csv::new().read_from(&bytes[..], "memory") {
            let again = Csv::new().schema(&first.schema()).read_from(&written(&Csv::new(), &first)[..], "memory").unwrap();
            prop_assert_eq!(again, first);
        }
    }

    #[test]
    fn chunks_are_parts_of_the_whole(table in table(), rows in 1usize..8) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("t.csv");
        table.write_csv(&path).unwrap();
        let schema: Schema = table.schema();
        let mut at = 0;
        for chunk in Csv::new().schema(&schema).chunks(&path, rows).unwrap() {
            let chunk = chunk.unwrap();
            let expected: Vec<_> = (at..(at + rows).min(table.rows())).collect();
            prop_assert_eq!(&chunk, &table.subset(&expected).unwrap());
            at += rows;
        }
        prop_assert!(at >= table.rows());
    }

    /// Whatever the bytes, there is a table or an error.
    #[test]
    fn no_text_panics(bytes in prop::collection::vec(prop::sample::select(b"\",\r\n a1-.e\xff\xc3\xa9".to_vec()), 0..60)) {
        let _ = Csv::new().read_from(&bytes[..], "memory");
        let _ = Csv::new().quote(None).names(["a", "b"]).read_from(&bytes[..], "memory");
    }
}
