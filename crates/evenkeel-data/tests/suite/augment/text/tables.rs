//! What synonym tables and vocabularies are made of: files of all kinds, and what is refused.

use evenkeel_data::augment::text::{Lines, Synonyms, Table, Vocabulary};
use evenkeel_data::{DataError, FileError};
use proptest::prelude::*;

proptest! {
    #[test]
    fn no_table_makes_the_reader_panic(bytes in prop::collection::vec(any::<u8>(), 0..300), text in "[ab\t\n\r# \u{feff}é]{0,60}") {
        for bytes in [&bytes[..], text.as_bytes()] {
            for lines in [Lines::Headword, Lines::Groups] {
                match Table::from_tsv(bytes, "fuzz", lines) {
                    Ok(table) => prop_assert!(!table.is_empty()),
                    Err(error) => prop_assert!(matches!(error, DataError::File(FileError::Line { .. }) | DataError::File(FileError::NoSynonyms { .. })), "{}", error),
                }
            }
        }
    }
}

#[test]
fn malformed_tables() {
    let long = [b"a\t".to_vec(), vec![b'b'; 1 << 20]].concat();
    let cases: [(&[u8], u64, &str); 6] = [
        (b"a\tb\nhappy glad\n", 2, "a word, a tab and a synonym, got \"happy glad\""),
        (b"a\t\tb\n", 1, "got nothing as word 2 of \"a\\t\\tb\""),
        (b"\tb\n", 1, "got nothing as word 1"),
        (b"a\tb\t\r\n", 1, "got nothing as word 3"),
        (b"# no words\n\na\t\xff\n", 3, "expected UTF-8"),
        (&long, 1, "at most 1 MiB in a line"),
    ];
    for (bytes, number, message) in cases {
        let error = Table::from_tsv(bytes, "words.tsv", Lines::Headword).unwrap_err();
        assert!(matches!(&error, DataError::File(FileError::Line { line, .. }) if *line == number), "{error}");
        assert!(error.to_string().contains(message), "{error}");
    }
    for nothing in ["", "\u{feff}", "# nothing\n\n", "same\tSame\n"] {
        let error = Table::from_tsv(nothing.as_bytes(), "words.tsv", Lines::Headword).unwrap_err();
        assert_eq!(
            error.to_string(),
            "words.tsv: expected lines of a word, a tab and a synonym, got none; check that this is the right file"
        );
    }
    assert!(matches!(
        Table::read_tsv("no/such/file", Lines::Groups),
        Err(DataError::File(FileError::Io { action: "open", .. }))
    ));
}

#[test]
fn words_are_found_in_any_case() {
    // `ǅ` is neither upper nor lower case.
    let table = Table::from_tsv("ǅ\tA\nÄ\tB\n".as_bytes(), "t", Lines::Headword).unwrap();
    for (word, synonym) in [("Ǆ", "A"), ("ǅ", "A"), ("ǆ", "A"), ("ä", "B"), ("Ä", "B")] {
        assert!(table.lookup(word) == [synonym] && table.knows(word), "{word}");
    }
}

#[test]
fn tables_add_up_their_lines() {
    let table = Table::from_tsv("Big\tlarge\nbig\thuge\tLarge\tlarge\n".as_bytes(), "t", Lines::Headword).unwrap();
    assert_eq!(table.lookup("BIG"), ["large", "huge", "Large"]);
    assert_eq!((table.len(), table.lookup("huge").len()), (1, 0));
    // Memory and time are linear in a group's size: this one has 10^10 pairs.
    let group: Vec<String> = (0..100_000).map(|i| i.to_string()).collect();
    let table = Table::from_tsv(group.join("\t").as_bytes(), "t", Lines::Groups).unwrap();
    assert_eq!(table.lookup("7").len(), 99_999);
}

#[test]
fn vocabularies() {
    let vocabulary = Vocabulary::build(["b a B", "c a", "b d"], 2).unwrap();
    assert_eq!(vocabulary.words(), ["b", "a"]);
    assert_eq!((vocabulary.number("A"), vocabulary.number("c")), (Some(1), None));
    let reversed = Vocabulary::build(["b d", "c a", "b a B"], 2).unwrap();
    assert_eq!(vocabulary, reversed);
    let counts = vocabulary.encode::<f64>(&["B b, A c", "", "d"]).unwrap();
    assert_eq!(counts.as_slice(), [2.0, 1.0, 0.0, 0.0, 0.0, 0.0]);
    assert!(matches!(Vocabulary::build(["a"], 0), Err(DataError::Setting { .. })));
    assert!(matches!(Vocabulary::build(["a"], 2), Err(DataError::Empty { .. })));
    assert!(matches!(Vocabulary::build([""; 0], 1), Err(DataError::Empty { .. })));
    assert!(matches!(vocabulary.encode::<f32>(&[""; 0]), Err(DataError::Empty { .. })));
}
