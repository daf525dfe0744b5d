//! What files are refused for, and where.

use std::io::Read;

use evenkeel_data::table::{Categorical, Column, Csv, Kind, Table};
use evenkeel_data::{DataError, FileError};

use super::{in_every_pool, read, refusal};

#[test]
fn faults_name_file_line_row_and_column() {
    let csv = Csv::new();
    for (text, expected) in [
        ("", "t.csv: expected a header and rows, got an empty file"),
        ("\n\r\n\n", "t.csv: expected a header and rows, got an empty file"),
        ("a,b\n", "t.csv: expected rows after the header, got none"),
        ("a,a\n1,2\n", "t.csv: expected different names in the header, got \"a\" twice"),
        ("a,\n1,2\n", "t.csv: expected a name for each column in the header, got none for column 1"),
        ("a,b\n1,2\n3\n", "t.csv, line 3 (row 1): expected 2 fields, got 1 field"),
        ("a,b\n1,2\n\n3,4,5\n", "t.csv, line 4 (row 1): expected 2 fields, got 3 fields"),
        ("a,b\n\"x\ny\",2\n3\n", "t.csv, line 4 (row 1): expected 2 fields, got 1 field"),
        (
            "a,b\n1,2\"\n",
            "t.csv, line 2 (row 0): expected a quote only around a whole field, got one inside of a field",
        ),
        (
            "a,b\n1,\"2\" \n",
            "t.csv, line 2 (row 0): expected a separator or a line end after a closing quote, got more",
        ),
        (
            "a,b\n1,2\n3,\"4\n5,6\n",
            "t.csv, line 3 (row 1): expected a quote at the end of a quoted field, got the end of",
        ),
        ("\"a,b\n1,2\n", "t.csv, line 1: expected a quote at the end of a quoted field, got the end of the file"),
        (
            "id,b\n1,2\n9007199254740993,3\n",
            "t.csv, line 3 (row 1), column \"id\": expected a number that an f64 holds without losing digits, got \"9007199254740993\"",
        ),
        (
            "x\n9007199254740993.0\n",
            "t.csv, line 2 (row 0), column \"x\": expected a number that an f64 holds without losing digits",
        ),
        (
            "x\n1e999\n",
            "t.csv, line 2 (row 0), column \"x\": expected a number that an f64 holds without losing digits",
        ),
    ] {
        let got = refusal(&csv, text);
        assert!(got.starts_with(expected), "{text:?}\n{got}\n{expected}");
    }
}

#[test]
fn text_that_is_not_utf8_is_refused_where_it_is() {
    let got = refusal(&Csv::new(), b"a,b\n1,x\n2,caf\xe9\n");
    let expected = "t.csv, line 3 (row 1), column \"b\": expected text in UTF-8, got \"caf\u{fffd}\"";
    assert!(got.starts_with(expected), "{got}");
    let got = refusal(&Csv::new(), b"\xff\xfea\0\n\0");
    assert!(got.starts_with("t.csv: expected a header in UTF-8, got the byte ff"), "{got}");
}

#[test]
fn values_that_do_not_fit_their_declared_kind_are_refused() {
    let text = "x,t\n1,2024-05-01\nx,today\n";
    let got = refusal(&Csv::new().kind("x", Kind::Numeric), text);
    assert!(
        got.starts_with("t.csv, line 3 (row 1), column \"x\": expected a number or a missing value, got \"x\""),
        "{got}"
    );
    let got = refusal(&Csv::new().kind("t", Kind::DateTime), text);
    assert!(got.starts_with("t.csv, line 3 (row 1), column \"t\": expected a date such as"), "{got}");
    let got = refusal(&Csv::new().kind("id", Kind::Numeric), "id\n12345678901234567891\n");
    assert!(got.contains("losing digits"), "{got}");
    let got = refusal(&Csv::new().kind("y", Kind::Numeric), text);
    assert!(got.starts_with("t.csv: expected a column \"y\", got the columns x, t"), "{got}");
}

#[test]
fn settings_that_make_no_sense_are_refused() {
    let text = "a\n1\n";
    for (csv, part) in [
        (Csv::new().separator(b'\n'), "a separator"),
        (Csv::new().separator(0xe9), "a separator"),
        (Csv::new().quote(Some(b',')), "a quote"),
        (Csv::new().quote(Some(b'\r')), "a quote"),
        (Csv::new().quote(Some(b'1')), "a quote"),
        (Csv::new().quote(Some(b'n')), "a quote"),
        (Csv::new().quote(Some(b' ')), "a quote"),
        (Csv::new().schema(&read(text).unwrap().schema()).kind("a", Kind::Categorical), "as in the schema"),
        (Csv::new().record_limit(0), "a limit"),
        (Csv::new().names(Vec::<String>::new()), "at least one column"),
        (Csv::new().names(["a", "a"]), "different names"),
    ] {
        let got = refusal(&csv, text);
        assert!(got.contains(part), "{got}");
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("t.csv");
    std::fs::write(&path, text).unwrap();
    assert!(Csv::new().chunks(&path, 0).is_err());
    assert!(matches!(
        Csv::new().read(folder.path().join("none.csv")),
        Err(DataError::File(FileError::Io { action: "open", .. }))
    ));
    assert!(matches!(Csv::new().read(folder.path()), Err(DataError::File(FileError::Io { .. }))));
}

/// Gives one byte for ever, and fails the test if that is read beyond a bound.
struct Endless(u8, usize);

impl Read for Endless {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        buffer.fill(self.0);
        self.1 = self.1.checked_sub(buffer.len()).expect("no more than the bound is read");
        Ok(buffer.len())
    }
}

#[test]
fn records_are_bounded_whatever_they_hold() {
    let long = |n| format!("a,b\n1,2\n{},4\n", "9".repeat(n));
    let got = refusal(&Csv::new().record_limit(1000), long(1000));
    assert!(
        got.starts_with("t.csv, line 3 (row 1): expected a record of at most 1000 bytes, got a longer one"),
        "{got}"
    );
    let csv = Csv::new().record_limit(1000).kind("a", Kind::Categorical);
    assert_eq!(csv.read_from(long(990).as_bytes(), "t").unwrap().rows(), 2);

    // From a file of which the end never comes; 10 GB are not read.
    #[cfg(target_os = "linux")]
    {
        let got = Csv::new().read("/dev/zero").unwrap_err().to_string();
        assert!(got.contains("line 1: expected a record of at most 16777216 bytes"), "{got}");
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("bomb.csv.gz");
    let mut encoder = flate2::write::GzEncoder::new(std::fs::File::create(&path).unwrap(), flate2::Compression::fast());
    std::io::copy(&mut Endless(b'"', 1 << 27).take(1 << 26), &mut encoder).unwrap();
    encoder.finish().unwrap();
    // Quotes and nothing else: 64 MiB of them in a small file.
    let got = Csv::new().read(&path).unwrap_err().to_string();
    assert!(got.contains("expected a record of at most 16777216 bytes"), "{got}");
}

#[test]
fn damaged_gzip_is_an_error() {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    std::io::Write::write_all(&mut encoder, b"a,b\n1,2\n").unwrap();
    let bytes = encoder.finish().unwrap();
    let cut = Csv::new().read_from(&bytes[..bytes.len() - 4], "t.gz").unwrap_err();
    assert!(matches!(cut, DataError::File(FileError::Corrupt { .. })), "{cut}");
}

#[test]
fn the_first_fault_counts_at_any_number_of_threads() {
    let mut text = String::from("a,b\n");
    for row in 0..200_000 {
        text += &format!("{row},{row}\n");
    }
    let broken = text.replace("\n150000,150000\n", "\n150000\n").replace("\n190000,190000\n", "\n1\"\n");
    let got = in_every_pool(|| refusal(&Csv::new(), &broken));
    assert!(got.starts_with("t.csv, line 150002 (row 150000): expected 2 fields"), "{got}");
    let broken = text.replace("\n150000,150000\n", "\n150000,x\n");
    let csv = Csv::new().kind("b", Kind::Numeric);
    let got = in_every_pool(|| refusal(&csv, &broken));
    assert!(got.starts_with("t.csv, line 150002 (row 150000), column \"b\""), "{got}");
}

#[test]
fn chunks_end_with_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("t.csv");
    std::fs::write(&path, "a\n1\n2\n3\n").unwrap();
    let schema = Csv::new().infer(&path).unwrap();
    std::fs::write(&path, "a\n1\nx\n3\n").unwrap();
    let mut chunks = Csv::new().schema(&schema).chunks(&path, 1).unwrap();
    assert!(chunks.next().unwrap().is_err());
    assert!(chunks.next().is_none());
}

#[test]
fn what_cannot_be_written_is_refused_and_leaves_no_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("t.csv");
    let level =
        |text: &str| Table::new(vec![Column::categorical("a", Categorical::from_values([Some(text)]))]).unwrap();
    for (csv, table) in [
        (Csv::new().quote(None), level("x,y")),
        (Csv::new().quote(None), level("NA")),
        (Csv::new().quote(None), level("x").with_column(Column::numeric("b,", vec![1.0])).unwrap()),
        (Csv::new().names(["b"]), level("x")),
        (Csv::new(), Table::new(vec![Column::date_time("t", vec![1e18])]).unwrap()),
        (Csv::new().missing(["?"]), Table::new(vec![Column::numeric("x", vec![f64::NAN])]).unwrap()),
        (Csv::new().separator(b'N'), Table::new(vec![Column::numeric("x", vec![f64::NAN])]).unwrap()),
        (Csv::new().separator(b'5').quote(None), Table::new(vec![Column::numeric("x", vec![1.0])]).unwrap()),
        (Csv::new().separator(b':').quote(None), Table::new(vec![Column::date_time("t", vec![1.0])]).unwrap()),
        (Csv::new().missing(["-1e0"]), Table::new(vec![Column::numeric("x", vec![-1.0])]).unwrap()),
        (Csv::new().missing(["1970-01-01"]), Table::new(vec![Column::date_time("t", vec![0.0])]).unwrap()),
        (Csv::new().missing(["\"NA\"", "NA"]), level("NA")),
    ] {
        assert!(csv.write(&path, &table).is_err());
        assert!(!path.exists());
    }
}
