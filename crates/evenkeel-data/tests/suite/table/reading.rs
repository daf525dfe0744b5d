//! What sound files are read as.

use std::io::Write;

use evenkeel_data::table::{Categorical, Csv, Kind, Table};
use flate2::{Compression, write::GzEncoder};

use super::{in_every_pool, read};

fn numbers<'t>(table: &'t Table, name: &str) -> &'t [f64] {
    table.column(name).unwrap().numbers().unwrap()
}

fn levels<'t>(table: &'t Table, name: &str) -> Vec<Option<&'t str>> {
    let values = table.column(name).unwrap().categories().unwrap();
    (0..values.len()).map(|row| values.get(row)).collect()
}

#[test]
fn kinds_are_found() {
    let table = read(concat!(
        "integer,real,day,moment,word,mixed,missing,flag\n",
        "1,-1.5e-3,2024-05-01,2024-05-01T12:00:00Z,b,1,NA,true\n",
        "+20, .5 ,NA,2024-05-01 12:00:00.25,a,x,,false\n",
        "-0,inf,1969-12-31,null,?,2024-05-01,?,true\n",
    ))
    .unwrap();
    use Kind::{Categorical as C, DateTime as D, Numeric as N};
    assert_eq!(table.columns().iter().map(|c| c.kind()).collect::<Vec<_>>(), [N, N, D, D, C, C, N, C]);
    assert_eq!(numbers(&table, "integer"), [1.0, 20.0, 0.0]);
    assert_eq!(numbers(&table, "real"), [-1.5e-3, 0.5, f64::INFINITY]);
    assert_eq!(table.column("day").unwrap().seconds().unwrap()[2], -86_400.0);
    assert_eq!(levels(&table, "word"), [Some("b"), Some("a"), None]);
    assert_eq!(levels(&table, "mixed"), [Some("1"), Some("x"), Some("2024-05-01")]);
    assert_eq!(table.column("missing").unwrap().missing(), 3);
}

#[test]
fn quotes_lines_and_marks_are_understood() {
    let table = read("\u{feff}\"a,\"\"b\"\"\nc\",d\r\n\r\n\"x\ny\",\"1\"\r\n,\"\"\n\"NA\",3").unwrap();
    assert_eq!(table.names(), ["a,\"b\"\nc", "d"]);
    // In quotes a marker is a level of that name, and for numbers quotes make no difference.
    assert_eq!(levels(&table, "a,\"b\"\nc"), [Some("x\ny"), None, Some("NA")]);
    let d = numbers(&table, "d");
    assert!(d[0] == 1.0 && d[1].is_nan() && d[2] == 3.0);
}

#[test]
fn settings_are_followed() {
    let text = "5\" nail; -999; steel \n6\" nail; -999.0; brass\n";
    let csv = Csv::new().separator(b';').quote(None).names(["name", "x", "metal"]).missing(["-999"]).trimmed();
    let table = csv.clone().read_from(text.as_bytes(), "t").unwrap();
    assert_eq!(levels(&table, "name"), [Some("5\" nail"), Some("6\" nail")]);
    assert_eq!(table.column("x").unwrap().missing(), 2);
    assert_eq!(levels(&table, "metal"), [Some("steel"), Some("brass")]);
    let table = csv.kind("x", Kind::Categorical).read_from(text.as_bytes(), "t").unwrap();
    assert_eq!(levels(&table, "x"), [None, Some("-999.0")]);
}

#[test]
fn declared_kinds_keep_what_is_written() {
    let text = "id,zip\n12345678901234567890,007\n12345678901234567891,010\n";
    let csv = Csv::new().kind("id", Kind::Categorical).kind("zip", Kind::Categorical);
    let table = csv.read_from(text.as_bytes(), "t").unwrap();
    assert_eq!(levels(&table, "id")[1], Some("12345678901234567891"));
    assert_eq!(levels(&table, "zip"), [Some("007"), Some("010")]);
    // Integers that an f64 holds are numbers, however long.
    let table = read("x\n9007199254740992\n-9007199254740994\n100000000000000000000\n0009\n").unwrap();
    assert_eq!(numbers(&table, "x"), [9007199254740992.0, -9007199254740994.0, 1e20, 9.0]);
}

#[test]
fn schemas_choose_columns_by_name() {
    let train = read("a,b\n1,x\n2,y\n").unwrap();
    let csv = Csv::new().schema(&train.schema());
    let new = csv.read_from("c,b,a\nq,z,5\nq,y,6\n".as_bytes(), "t").unwrap();
    assert_eq!(new.names(), ["a", "b"]);
    let b = new.column("b").unwrap().categories().unwrap();
    assert_eq!((b.codes(), b.levels()), (&[2, 1][..], &["x", "y", "z"].map(String::from)[..]));
    let error = csv.read_from("A,b\n1,x\n".as_bytes(), "t").unwrap_err().to_string();
    assert_eq!(
        error,
        "t: expected a column \"a\", got the columns A, b; check the names, in the file and in what was declared"
    );
}

#[test]
fn markers_come_before_the_digits_of_numbers() {
    let text = "x\n9223372036854775807\n1\n9007199254740994.0\n9.007199254740993e15\n";
    let table = Csv::new().missing(["9223372036854775807"]).read_from(text.as_bytes(), "t").unwrap();
    let x = numbers(&table, "x");
    assert!(x[0].is_nan());
    assert_eq!(x[1..], [1.0, 9007199254740994.0, 9007199254740992.0]);
    // Its neighbour, which rounds to the same f64, is no marker, and is refused.
    assert!(Csv::new().missing(["9223372036854775806"]).read_from(text.as_bytes(), "t").is_err());
}

#[test]
fn blanks_do_not_count_when_trimmed() {
    let text = "  a , \"b \" ,\tc\t\n \"x, y\" ,\" z\"\t, \"1\" \r\n u , \" \"\"q\"\" \" , 2\n";
    let table = Csv::new().trimmed().read_from(text.as_bytes(), "t").unwrap();
    assert_eq!(table.names(), ["a", "b ", "c"]);
    assert_eq!(levels(&table, "a"), [Some("x, y"), Some("u")]);
    assert_eq!(levels(&table, "b "), [Some(" z"), Some(" \"q\" ")]);
    assert_eq!(numbers(&table, "c"), [1.0, 2.0]);
    assert!(read(text).is_err());
    // A separator is no blank.
    let table = Csv::new().separator(b'\t').trimmed().read_from("a\tb\n\t \"x\" \n".as_bytes(), "t").unwrap();
    assert_eq!((levels(&table, "b"), table.column("a").unwrap().missing()), (vec![Some("x")], 1));
}

#[cfg(unix)]
#[test]
fn pipes_are_read_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("pipe");
    assert!(std::process::Command::new("mkfifo").arg(&path).status().unwrap().success());
    // Numbers, and in another block words: read twice if it were a file.
    let text = format!("a\n{}x\n", "1.5\n".repeat(200_000));
    let expected = read(&text).unwrap();
    let with_writer = |test: &dyn Fn()| {
        std::thread::scope(|scope| {
            scope.spawn(|| std::fs::write(&path, &text).unwrap());
            test();
        });
    };
    with_writer(&|| assert_eq!(Csv::new().read(&path).unwrap(), expected));
    with_writer(&|| assert_eq!(Csv::new().infer(&path).unwrap(), expected.schema()));
    with_writer(&|| {
        let chunks = Csv::new().schema(&expected.schema()).chunks(&path, 150_000).unwrap();
        assert_eq!(chunks.map(|table| table.unwrap().rows()).collect::<Vec<_>>(), [150_000, 50_001]);
    });
    let refused = Csv::new().chunks(&path, 10).unwrap_err().to_string();
    assert!(refused.contains("got a pipe or device; give a schema"), "{refused}");
}

/// A text of more than one group, whose columns show their kinds late: numbers become words in the last row.
fn long() -> String {
    let mut text = String::from("n,late,missing,word,note\n");
    let filling = "x\n".repeat(250);
    for row in 0..40_000u64 {
        let word = row * 7919 % 13;
        text += &format!("{}.5,{row},,w{word},\"a \"\"quoted\"\" note,\n{row}{filling}\"\n", row % 1000);
    }
    text + "1,end,2024-05-01,w0,x\n"
}

#[test]
fn long_files_are_the_same_at_any_number_of_threads_and_in_chunks() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("long.csv.gz");
    let text = long();
    assert!(text.len() > 20 << 20, "{} bytes are one group", text.len());
    let mut encoder = GzEncoder::new(std::fs::File::create(&path).unwrap(), Compression::fast());
    encoder.write_all(text.as_bytes()).unwrap();
    encoder.finish().unwrap();

    let whole = in_every_pool(|| Csv::new().read(&path).unwrap());
    assert_eq!(whole, read(&text).unwrap());
    assert_eq!(whole.rows(), 40_001);
    assert_eq!(numbers(&whole, "n")[39_999], 999.5);
    // Read as numbers until the last row, and yet nothing of what was written is lost.
    assert_eq!(whole.column("late").unwrap().categories().unwrap().get(70), Some("70"));
    assert_eq!(whole.column("missing").unwrap().missing(), 40_000);
    assert_eq!(whole.column("missing").unwrap().seconds().unwrap()[40_000], 1_714_521_600.0);
    assert_eq!(
        whole.column("note").unwrap().categories().unwrap().get(1),
        Some(&*format!("a \"quoted\" note,\n1{}", "x\n".repeat(250)))
    );
    assert_eq!(Csv::new().infer(&path).unwrap(), whole.schema());

    for rows in [15_000, 1 << 40] {
        let mut at = 0;
        for chunk in Csv::new().chunks(&path, rows).unwrap() {
            let chunk = chunk.unwrap();
            assert!(chunk.rows() == rows || at + chunk.rows() == whole.rows());
            let expected: Vec<_> = (at..at + chunk.rows()).collect();
            assert!(chunk == whole.subset(&expected).unwrap());
            at += chunk.rows();
        }
        assert_eq!(at, whole.rows());
    }
}

#[test]
fn levels_are_in_order_as_numbers_or_as_text() {
    let csv = Csv::new().kind("x", Kind::Categorical);
    let table = csv.read_from("x\n10\n9\nb\n-1\na\n1e1\n".as_bytes(), "t").unwrap();
    assert_eq!(table.column("x").unwrap().categories().unwrap().levels(), ["-1", "9", "10", "1e1", "a", "b"]);
    assert_eq!(Categorical::from_numbers(&[2.0, -0.0, 0.0, f64::NAN]).codes(), [1, 0, 0, Categorical::MISSING]);
}
