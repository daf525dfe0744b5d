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
