//! Against pandas: tests/reference/table.py.

use evenkeel_data::table::{Kind, Values};
use serde_json::Value;

use super::read;

#[test]
fn files_are_read_as_pandas_reads_them() {
    let reference: Value = serde_json::from_str(include_str!("../../reference/table.json")).unwrap();
    for case in reference["cases"].as_array().unwrap() {
        let table = read(case["text"].as_str().unwrap()).unwrap();
        let expected = case["columns"].as_array().unwrap();
        assert_eq!(table.columns().len(), expected.len());
        for (column, expected) in table.columns().iter().zip(expected) {
            assert_eq!(column.name(), expected["name"].as_str().unwrap());
            let kind = match expected["kind"].as_str().unwrap() {
                "Numeric" => Kind::Numeric,
                "DateTime" => Kind::DateTime,
                _ => Kind::Categorical,
            };
            assert_eq!(column.kind(), kind, "{}", column.name());
            let values = expected["values"].as_array().unwrap();
            assert_eq!(column.len(), values.len());
            for (row, expected) in values.iter().enumerate() {
                let place = format!("{}, row {row}", column.name());
                match column.values() {
                    Values::Categorical(x) => assert_eq!(x.get(row), expected.as_str(), "{place}"),
                    Values::Numeric(x) | Values::DateTime(x) => {
                        let same = expected.as_f64().map_or(x[row].is_nan(), |e| e.to_bits() == x[row].to_bits());
                        assert!(same, "{place}: {} instead of {expected}", x[row]);
                    }
                }
            }
        }
    }
}
