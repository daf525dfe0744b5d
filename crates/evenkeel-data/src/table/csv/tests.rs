//! What is read does not depend on the pieces in which it is read.

use std::cell::Cell;

use proptest::prelude::*;

use super::source::Pieces;
use super::*;

/// The same settings with pieces of a few bytes.
fn in_pieces(csv: &Csv, group: usize, block: usize) -> Csv {
    Csv { pieces: Pieces { group, block }, ..csv.clone() }
}

/// What is read of a text in the usual pieces, which must be so in small ones; `None` if it is refused.
fn read(csv: &Csv, text: &[u8]) -> Option<Table> {
    let whole = csv.read_from(text, "t");
    for (group, block) in [(16, 16), (64, 16), (1 << 20, 1), (1 << 20, 16)] {
        let parts = in_pieces(csv, group, block).read_from(text, "t");
        match (&whole, &parts) {
            (Ok(whole), Ok(parts)) => assert_eq!(parts, whole, "{:?}", String::from_utf8_lossy(text)),
            (Err(_), Err(_)) => {}
            _ => panic!("{:?}\n{whole:?}\n{parts:?}", String::from_utf8_lossy(text)),
        }
    }
    whole.ok()
}

#[test]
fn markers_are_levels_or_missing_wherever_they_are() {
    let filling = |field: &str| format!("{field}\n").repeat(9);
    for (odd, end, missing) in [
        ("\"NA\"", "x", 0),
        (" NA ", "x", 0),
        ("NAN", "x", 0),
        ("NA", "x", 9),
        ("NAN", "2024-05-01", 0),
        (" NA ", "2024-05-01", 9),
        ("\"NA\"", "1", 9),
        ("NAN", "1", 9),
    ] {
        for text in [format!("a\n{}{end}\n", filling(odd)), format!("a\n{end}\n{}", filling(odd))] {
            let table = read(&Csv::new(), text.as_bytes()).unwrap();
            assert_eq!(table.columns()[0].missing(), missing, "{text:?}");
        }
    }
    let csv = Csv::new().missing(["-999"]);
    assert_eq!(read(&csv, format!("a\n{}x\n", filling("-999.0")).as_bytes()).unwrap().columns()[0].missing(), 0);
    for marker in ["0", "-0", "0.0"] {
        let table = read(&Csv::new().missing([marker]), b"a\n0\n-0\n0.00\n1\n").unwrap();
        assert_eq!(table.columns()[0].missing(), 3);
    }
    // A header behind more empty lines than a group holds.
    assert_eq!(read(&Csv::new(), format!("{}a\n1\n", "\n".repeat(99)).as_bytes()).unwrap().rows(), 1);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn pieces_make_no_difference(
        fields in prop::collection::vec(prop::sample::select(vec![
            "", "1", "2.5", "-0", "NA", " NA ", "\"NA\"", "NAN", "+nan", "inf", "9007199254740993", "-999.0", "2024-05-01", " 2024-05-01 ",
            "\"1\"", "x", "\"x\"", " x", "\" x\" ", "\"a\n\"\"b,\"", "é", "x\r",
        ]), 2..60),
        few in 1usize..4,
        columns in 1usize..3,
        trimmed: bool,
        marked: bool,
    ) {
        // Long runs of few kinds of fields, and then others.
        let mut text = String::from(if columns == 1 { "a\n" } else { "a,b\n" });
        let fields: Vec<_> = fields.iter().enumerate().map(|(i, f)| if i < 40 { fields[i % few] } else { f }).collect();
        for record in fields.chunks_exact(columns) {
            text += &format!("{}\n", record.join(","));
        }
        let csv = if trimmed { Csv::new().trimmed() } else { Csv::new() };
        let csv = if marked { csv.missing(["", "NA", "-999", "9007199254740993"]) } else { csv };
        read(&csv, text.as_bytes());
    }
}

/// Fields of numbers, missing values among them, as a file may have them.
fn number() -> impl Strategy<Value = String> {
    prop_oneof![
        8 => "-?[0-9]{1,7}\\.[0-9]{1,17}",
        4 => "-?[0-9]{0,4}\\.?[0-9]{1,11}",
        2 => "[-+]?[0-9]{1,3}(\\.[0-9]{0,20})?[eE][-+]?[0-9]{1,2}",
        1 => "\"-?[0-9]{1,9}\\.[0-9]{1,9}\"",
        1 => " ?-?[0-9]{1,9}\\.[0-9]{1,9} ?",
        1 => Just("NA".into()),
        1 => Just(String::new()),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn numbers_are_those_of_the_standard_library_wherever_they_are(
        fields in prop::collection::vec(number(), 40..1500),
        columns in 1usize..40,
        level in prop::sample::select(vec!["", "x", "é", "a,b", "e"]),
        end in prop::sample::select(vec!["\n", "\r\n"]),
        block in prop::sample::select(vec![64, 3000, 1 << 20]),
    ) {
        // A column of levels before them, so that there are letters in between.
        let names: Vec<_> = (0..=columns).map(|column| format!("c{column}")).collect();
        let mut text = names.join(",") + end;
        for record in fields.chunks_exact(columns) {
            text += &format!("\"{level}\",{}{end}", record.join(","));
        }
        let kinds = names[1..].iter().fold(Csv::new().kind("c0", Kind::Categorical), |csv, name| csv.kind(name, Kind::Numeric));
        let table = in_pieces(&kinds, 1 << 20, block).read_from(text.as_bytes(), "t").unwrap();
        prop_assert_eq!(table.rows(), fields.len() / columns);
        for (column, numbers) in table.columns()[1..].iter().enumerate() {
            for (field, x) in fields.chunks_exact(columns).map(|record| &record[column]).zip(numbers.numbers().unwrap()) {
                let plain = field.trim_matches(['"', ' ']);
                let expected = if plain.is_empty() || plain == "NA" { f64::NAN } else { plain.parse().unwrap() };
                prop_assert_eq!(x.to_bits(), expected.to_bits(), "{}", field);
            }
        }
    }
}

#[test]
fn a_text_that_changes_between_passes_is_refused() {
    let csv = in_pieces(&Csv::new(), 16, 16);
    let first = format!("a\n{}x\n", "1\n".repeat(20));
    let second = format!("b\n{}x\n", "1\n".repeat(20));
    let calls = Cell::new(0);
    let open = || {
        let text = if calls.replace(calls.get() + 1) == 0 { &first } else { &second };
        Source::new(text.as_bytes(), None, Path::new("t"), &csv)
    };
    let error = csv.columns(&open, true).unwrap_err().to_string();
    assert!(error.contains("it changed while it was read") && calls.get() == 2, "{error}");
}
