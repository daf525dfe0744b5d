//! A history keeps what it is given, finds it, and survives its files.

use std::fmt::Write as _;

use evenkeel_train::history::{Evaluation, History, ReadHistoryError, Step};
use proptest::prelude::*;

/// What a history holds, with NaN equal to NaN and 0 not to -0.
fn bits(history: &History) -> String {
    let mut text = String::new();
    for log in [history.steps(), history.evaluations()] {
        write!(text, "{} {:?} {:?};", log.len(), log.last_step(), log.last_epoch()).expect("a string takes all");
        for name in log.names() {
            let values = log.curve(name).map(|(step, value)| (step, if value.is_nan() { 1 } else { value.to_bits() }));
            write!(text, "{name:?} {:?};", values.collect::<Vec<_>>()).expect("a string takes all");
        }
    }
    text
}

fn json(history: &History) -> String {
    let mut text = Vec::new();
    history.write_json_lines(&mut text).expect("memory takes all");
    String::from_utf8(text).expect("JSON is UTF-8")
}

fn number() -> impl Strategy<Value = f64> {
    prop_oneof![any::<f64>(), Just(f64::NAN), Just(f64::NEG_INFINITY), Just(-0.0), Just(5e-324), 0.0..1.0]
}

type Row = (u64, u64, f64, f64, Vec<(String, f64)>);

fn rows() -> impl Strategy<Value = Vec<Row>> {
    let name = prop_oneof![Just("accuracy".to_owned()), Just("a,\"b\"\r\n".to_owned()), "\\PC{0,3}"];
    let metrics = proptest::collection::btree_map(name, number(), 0..4).prop_map(|map| map.into_iter().collect());
    proptest::collection::vec((0..1000_u64, any::<u64>(), number(), number(), metrics), 0..12)
}

fn history_of(steps: &[Row], evaluations: &[Row]) -> History {
    fn borrowed(metrics: &[(String, f64)]) -> Vec<(&str, f64)> {
        metrics.iter().map(|(name, value)| (name.as_str(), *value)).collect()
    }
    let mut history = History::new();
    let mut step = 0;
    for (by, epoch, loss, learning_rate, metrics) in steps {
        step += by + 1;
        let (epoch, loss, learning_rate) = (*epoch, *loss, *learning_rate);
        history.record_step(Step { step, epoch, loss, learning_rate, metrics: &borrowed(metrics) });
    }
    step = 0;
    for (by, epoch, seconds, _, metrics) in evaluations {
        step += by;
        history.record_evaluation(Evaluation { step, epoch: *epoch, seconds: *seconds, metrics: &borrowed(metrics) });
    }
    history
}

proptest! {
    #[test]
    fn json_lines_keep_every_bit(steps in rows(), evaluations in rows()) {
        let history = history_of(&steps, &evaluations);
        let text = json(&history);
        prop_assert_eq!(text.lines().count(), steps.len() + evaluations.len());
        let same = History::read_json_lines(text.as_bytes()).expect("what was written can be read");
        prop_assert_eq!(bits(&same), bits(&history));
        prop_assert_eq!(json(&same), text);
    }

    #[test]
    fn csv_has_a_field_for_every_column_in_every_row(steps in rows()) {
        let history = history_of(&steps, &[]);
        let mut csv = Vec::new();
        history.steps().write_csv(&mut csv).expect("memory takes all");
        let records = parse_csv(&String::from_utf8(csv).expect("CSV is UTF-8"));
        let names: Vec<&str> = ["step", "epoch"].into_iter().chain(history.steps().names()).collect();
        prop_assert_eq!(&records[0], &names);
        prop_assert_eq!(records.len(), steps.len() + 1);
        for (i, name) in names.iter().enumerate().skip(2) {
            let read = records[1..].iter().filter(|record| !record[i].is_empty());
            let read: Vec<u64> = read.map(|record| canonical(record[i].parse().expect("a number"))).collect();
            let kept: Vec<u64> = history.steps().curve(name).map(|(_, value)| canonical(value)).collect();
            prop_assert_eq!(read, kept);
        }
    }

    #[test]
    fn no_text_makes_the_reader_panic(text in "\\PC{0,40}", start in 0..3_usize) {
        let start = ["{\"kind\":\"step\",\"step\":", "{\"kind\":\"evaluation\",\"step\":0,\"epoch\":", ""][start];
        let _ = History::read_json_lines(format!("{start}{text}").as_bytes());
    }
}

fn canonical(value: f64) -> u64 {
    if value.is_nan() { f64::NAN.to_bits() } else { value.to_bits() }
}

/// RFC 4180, written from the RFC.
fn parse_csv(text: &str) -> Vec<Vec<String>> {
    let (mut records, mut record, mut field, mut quoted) = (Vec::new(), Vec::new(), String::new(), false);
    let mut letters = text.chars().peekable();
    while let Some(c) = letters.next() {
        match c {
            '"' if quoted && letters.next_if_eq(&'"').is_some() => field.push('"'),
            '"' => quoted = !quoted,
            ',' if !quoted => record.push(std::mem::take(&mut field)),
            '\r' if !quoted && letters.next_if_eq(&'\n').is_some() => {
                record.push(std::mem::take(&mut field));
                records.push(std::mem::take(&mut record));
            }
            _ => field.push(c),
        }
    }
    assert!(record.is_empty() && field.is_empty(), "the last record ends in a line end");
    records
}

#[test]
fn queries_know_which_way_is_better_and_pass_over_nan() {
    let mut history = History::new();
    let rows = [(0, f64::NAN, 0.1), (10, 0.7, 0.9), (20, 0.4, 0.95), (30, 0.6, 0.95), (30, 0.4, f64::NAN)];
    for (step, loss, accuracy) in rows {
        let metrics = [("test_loss", loss), ("test_accuracy", accuracy)];
        history.record_evaluation(Evaluation { step, epoch: 0, seconds: step as f64, metrics: &metrics });
    }
    assert_eq!(history.best("test_loss"), Some((20, 0.4)));
    assert_eq!(history.best("test_accuracy"), Some((20, 0.95)));
    assert_eq!(history.steps_to("test_accuracy", 0.9), Some(10));
    assert_eq!(history.steps_to("test_loss", 0.5), Some(20));
    assert_eq!(history.steps_to("test_accuracy", 0.99), None);
    assert!(history.last("test_accuracy").is_some_and(f64::is_nan));
    assert_eq!(history.curve("seconds").len(), 5);
    assert_eq!((history.last("loss"), history.best("none"), history.curve("none")), (None, None, Vec::new()));
}

#[test]
fn a_malformed_line_is_named() {
    let good = r#"{"kind":"step","step":5,"epoch":0,"loss":1,"learning_rate":0.1,"accuracy":"NaN"}"#;
    let cases = [
        ("[1]", "a JSON object"),
        (&good[..30], "a JSON object"),
        (r#"{"step":6}"#, "\"kind\":\"step\""),
        (good, "`step` to be an integer from 6, got `5`"),
        (&good.replace('5', "-5"), "`step` to be an integer"),
        (&good.replace('5', "6").replace("\"loss\":1", "\"loss\":\"low\""), "`loss` to be a number"),
        (&good.replace('5', "6").replace("\"loss\":1,", ""), "got nothing"),
        (&good.replace('5', "6").replace("accuracy", "seconds"), "no field `seconds` in a record of kind `step`"),
        (&good.replace('5', "6").replace("\"NaN\"", "null"), "`accuracy` to be a number"),
        (&"[".repeat(100_000), "a JSON object"),
    ];
    for (line, expected) in cases {
        let text = format!("{good}\n\n{line}\n");
        let error = History::read_json_lines(text.as_bytes()).expect_err(line);
        assert!(matches!(error, ReadHistoryError::Line { line: 3, .. }), "{error:?}");
        assert!(error.to_string().contains(expected) && error.to_string().len() < 400, "{error}");
    }
    let error = History::read_json_lines(&b"\xff\xfe"[..]).expect_err("not UTF-8");
    assert!(matches!(error, ReadHistoryError::Io { line: 1, .. }), "{error:?}");
}

#[test]
#[should_panic(expected = "expected a step from 8, got 7")]
fn steps_only_go_forward() {
    let mut history = History::new();
    for step in [7, 7] {
        history.record_step(Step { step, epoch: 0, loss: 1.0, learning_rate: 0.1, metrics: &[] });
    }
}

#[test]
#[should_panic(expected = "cannot be named `loss`")]
fn a_metric_cannot_take_the_name_of_a_field() {
    History::new().record_evaluation(Evaluation { step: 1, epoch: 0, seconds: 0.0, metrics: &[("loss", 1.0)] });
}

#[test]
fn files_are_whole_or_untouched() {
    let folder = tempfile::tempdir().expect("a folder for the test");
    let history = history_of(&[(0, 0, 1.0, 0.1, Vec::new())], &[]);
    let path = folder.path().join("steps.csv");
    history.steps().save_csv(&path).expect("the folder can be written to");
    history.save_json_lines(&path).expect("an old file is replaced");
    assert_eq!(std::fs::read_to_string(&path).expect("it was written"), json(&history));
    let error = history.save_json_lines(folder.path().join("none").join("x")).expect_err("no such folder");
    assert!(error.to_string().contains("check that its folder exists"), "{error}");
    assert_eq!(std::fs::read_dir(folder.path()).expect("it exists").count(), 1, "nothing else is left behind");
}
